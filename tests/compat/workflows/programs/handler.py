"""What the handler of a run tells."""

import asyncio

from workflows import Context, Workflow, step
from workflows.events import StartEvent, StopEvent
from workflows.handler import WorkflowHandler


class Finish(StopEvent):
    text: str


class Plain(Workflow):
    @step
    async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
        if ev.get("fail"):
            raise OSError("no")
        await asyncio.sleep(0.01)
        return StopEvent(result="value")


class Custom(Workflow):
    @step
    async def go(self, ev: StartEvent) -> Finish:
        return Finish(text="end")


async def main():
    handler = Plain().run()
    before = [handler.is_done(), handler.get_stop_event() is None, isinstance(handler, WorkflowHandler)]
    result = await handler
    again = await handler
    event = await handler.stop_event_result()
    custom = Custom().run()
    stop = await custom.stop_event_result()
    failed = Plain().run(fail=True)
    try:
        await failed
    except OSError:
        pass
    return {
        "before": before,
        "result": [result, again],
        "after": [handler.is_done(), handler.done(), handler.cancelled(), handler.exception() is None],
        "stop": [type(handler.get_stop_event()).__name__, handler.get_stop_event().result, event.result],
        "custom": [type(stop).__name__, stop.text, type(await custom).__name__],
        "failed": [failed.is_done(), type(failed.exception()).__name__],
        "context": isinstance(handler.ctx, Context),
    }
