"""One step that waits for two different sets of events, without names for its buffers."""

from workflows import Context, Workflow, step
from workflows.errors import WorkflowTimeoutError
from workflows.events import Event, StartEvent, StopEvent


class Word(Event):
    text: str


class Number(Event):
    value: int


class Found(Event):
    what: str


class Sorter(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Word | Number:
        for event in (Word(text="a"), Number(value=1), Word(text="b"), Number(value=2)):
            ctx.send_event(event)

    @step(num_workers=1)
    async def sort(self, ctx: Context, ev: Word | Number) -> Found | None:
        got = ctx.collect_events(ev, [Word] * 2 if isinstance(ev, Word) else [Number] * 2)
        return Found(what=type(ev).__name__ + str(len(got))) if got else None

    @step(num_workers=1)
    async def end(self, ctx: Context, ev: Found) -> StopEvent | None:
        got = ctx.collect_events(ev, [Found] * 2)
        return StopEvent(result=[found.what for found in got]) if got else None


async def main():
    try:
        return await Sorter(timeout=0.5).run()
    except WorkflowTimeoutError:
        return "timeout"
