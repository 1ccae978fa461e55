"""More events of one type than a round needs, while another is missing."""

from workflows import Context, Workflow, step
from workflows.errors import WorkflowTimeoutError
from workflows.events import Event, StartEvent, StopEvent


class Left(Event):
    number: int


class Right(Event):
    number: int


class Pair(Event):
    numbers: list[int]


class Shoes(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Left | Right:
        for event in (Left(number=0), Left(number=1), Left(number=2), Right(number=100), Right(number=101)):
            ctx.send_event(event)

    @step(num_workers=1)
    async def pair(self, ctx: Context, ev: Left | Right) -> Pair | None:
        got = ctx.collect_events(ev, [Left, Right])
        if got is None:
            return None
        ctx.write_event_to_stream(Pair(numbers=[event.number for event in got]))
        return Pair(numbers=[event.number for event in got])

    @step(num_workers=1)
    async def end(self, ctx: Context, ev: Pair) -> StopEvent | None:
        got = ctx.collect_events(ev, [Pair] * 2)
        return StopEvent(result=[pair.numbers for pair in got]) if got else None


async def main():
    handler = Shoes(timeout=0.5).run()
    seen = [event.numbers async for event in handler.stream_events() if isinstance(event, Pair)]
    try:
        return {"seen": seen, "result": await handler}
    except WorkflowTimeoutError:
        return {"seen": seen, "result": "timeout"}
