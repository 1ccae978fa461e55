"""A run over its time fails and names the steps that were at work."""

import asyncio

from workflows import Workflow, step
from workflows.errors import WorkflowTimeoutError
from workflows.events import Event, StartEvent, StopEvent, WorkflowTimedOutEvent


class Go(Event):
    pass


class Slow(Workflow):
    @step
    async def begin(self, ev: StartEvent) -> Go:
        return Go()

    @step
    async def sleep(self, ev: Go) -> StopEvent:
        await asyncio.sleep(30)
        return StopEvent()


class Quick(Workflow):
    @step
    async def begin(self, ev: StartEvent) -> StopEvent:
        await asyncio.sleep(0.01)
        return StopEvent(result="in time")


async def main():
    handler = Slow(timeout=0.1).run()
    seen = [
        [event.timeout, event.active_steps]
        async for event in handler.stream_events()
        if isinstance(event, WorkflowTimedOutEvent)
    ]
    try:
        await handler
        raised = None
    except WorkflowTimeoutError as error:
        raised = ["WorkflowTimeoutError", "sleep" in str(error)]
    return {"seen": seen, "raised": raised, "none": await Quick(timeout=None).run()}
