"""A step fails: the run does, with the very exception; listeners are told first."""

import asyncio

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent, WorkflowFailedEvent


class Go(Event):
    bad: bool


class OwnError(Exception):
    def __init__(self, code):
        super().__init__(f"code {code}")
        self.code = code


class Fails(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Go:
        ctx.send_event(Go(bad=False))
        ctx.send_event(Go(bad=True))

    @step
    async def work(self, ev: Go) -> StopEvent:
        if ev.bad:
            raise OwnError(7)
        await asyncio.sleep(30)
        return StopEvent()


class Text(Workflow):
    @step
    async def begin(self, ev: StartEvent) -> StopEvent:
        return "text"


async def main():
    handler = Fails(timeout=20).run()
    seen = []
    async for event in handler.stream_events():
        seen.append(type(event).__name__)
        if isinstance(event, WorkflowFailedEvent):
            seen.append([event.step_name, event.attempts, str(event.exception)])
    try:
        await handler
        raised = None
    except OwnError as error:
        raised = ["OwnError", error.code]
    try:
        await Text().run()
        wrong = None
    except Exception as error:
        wrong = type(error).__name__
    outcome = {"seen": seen, "raised": raised, "done": handler.is_done(), "error": str(handler.exception())}
    return outcome | {"text": wrong}
