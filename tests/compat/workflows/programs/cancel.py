"""A run is cancelled; its steps are told, listeners too."""

import asyncio

from workflows import Context, Workflow, step
from workflows.errors import WorkflowCancelledByUser
from workflows.events import Event, StartEvent, StopEvent, WorkflowCancelledEvent


class Begun(Event):
    pass


class Long(Workflow):
    @step
    async def wait(self, ctx: Context, ev: StartEvent) -> StopEvent:
        ctx.write_event_to_stream(Begun())
        await asyncio.sleep(30)
        return StopEvent(result="too late")


async def main():
    handler = Long(timeout=20).run()
    seen = []
    async for event in handler.stream_events():
        seen.append(type(event).__name__)
        if isinstance(event, Begun):
            await handler.cancel_run()
    try:
        await handler
        raised = None
    except WorkflowCancelledByUser:
        raised = "WorkflowCancelledByUser"
    return {"seen": seen, "raised": raised, "done": handler.is_done(), "known": WorkflowCancelledEvent.__name__ in seen}
