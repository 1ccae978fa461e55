"""A workflow under test: its result, and the events that it told of."""

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StepStateChanged, StopEvent
from workflows.testing import WorkflowTestRunner


class Progress(Event):
    done: int


class Begin(StartEvent):
    count: int = 2


class Counting(Workflow):
    @step
    async def count(self, ctx: Context, ev: Begin) -> StopEvent:
        for done in range(ev.count):
            ctx.write_event_to_stream(Progress(done=done))
        await ctx.store.set("done", ev.count)
        return StopEvent(result=ev.count)


async def main():
    runner = WorkflowTestRunner(Counting())
    outcome = await runner.run(start_event=Begin(count=3), expose_internal=False)
    counts = {kind.__name__: count for kind, count in outcome.event_types.items()}
    inner = await runner.run(start_event=Begin(), exclude_events=[Progress])
    kinds = {type(event).__name__ for event in inner.collected}
    return {
        "result": outcome.result,
        "counts": counts,
        "collected": [event.done for event in outcome.collected if isinstance(event, Progress)],
        "store": await outcome.ctx.store.get("done"),
        "inner": [StepStateChanged.__name__ in kinds, "Progress" in kinds, inner.event_types.get(Progress, 0)],
    }
