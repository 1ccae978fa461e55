"""What cannot be given to a workflow or to its run is refused with these errors."""

from workflows import Context, Workflow, step
from workflows.errors import ContextStateError, WorkflowValidationError
from workflows.events import Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent


class Small(Workflow):
    @step
    async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
        return StopEvent(result=ev.get("value", 0))


class Busy(Workflow):
    @step
    async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
        await ctx.wait_for_event(HumanResponseEvent, waiter_event=InputRequiredEvent())
        return StopEvent(result=0)


async def refused(call):
    try:
        return ["taken", await call()]
    except Exception as error:
        return [
            kind.__name__
            for kind in (WorkflowValidationError, ContextStateError, ValueError, TypeError)
            if isinstance(error, kind)
        ]


async def main():
    handler = Busy().run()
    out = {
        "runs_0": await refused(lambda: Small(num_concurrent_runs=0)),
        "runs_text": await refused(lambda: Small(num_concurrent_runs="2")),
        "no_start_event": await refused(lambda: Small().run(start_event={"value": 1})),
        "context_busy": await refused(lambda: Busy().run(ctx=handler.ctx)),
        "collect_outside": await refused(lambda: handler.ctx.collect_events(Event(), [Event])),
        "wait_outside": await refused(lambda: handler.ctx.wait_for_event(Event)),
        "context_by_place": await refused(lambda: Small().run(Context(Small()), value=3)),
    }
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            handler.ctx.send_event(HumanResponseEvent())
    await handler
    return out
