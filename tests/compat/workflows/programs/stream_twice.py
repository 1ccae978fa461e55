"""Two readers of one stream, one after the other."""

from workflows import Context, Workflow, step
from workflows.errors import WorkflowRuntimeError
from workflows.events import Event, StartEvent, StopEvent


class Progress(Event):
    done: int


class Writer(Workflow):
    @step
    async def write(self, ctx: Context, ev: StartEvent) -> StopEvent:
        for done in range(3):
            ctx.write_event_to_stream(Progress(done=done))
        return StopEvent(result="written")


async def main():
    handler = Writer().run()
    counts = []
    for _ in range(2):
        try:
            counts.append(len([event async for event in handler.stream_events()]))
        except WorkflowRuntimeError:
            counts.append("WorkflowRuntimeError")
    return [await handler, counts]
