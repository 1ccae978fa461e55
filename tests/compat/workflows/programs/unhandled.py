"""An event that no step takes, from inside and from outside."""

from workflows import Context, Workflow, step
from workflows.events import Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent, UnhandledEvent


class Nobodys(Event):
    text: str


class Careless(Workflow):
    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> InputRequiredEvent:
        ctx.send_event(Nobodys(text="inside"))
        return InputRequiredEvent(prefix="?")

    @step
    async def end(self, ev: HumanResponseEvent) -> StopEvent:
        return StopEvent(result=ev.response)


async def main():
    handler = Careless().run()
    seen = []
    async for event in handler.stream_events(expose_internal=True):
        if isinstance(event, UnhandledEvent):
            seen.append(event.event_type)
        if isinstance(event, InputRequiredEvent):
            handler.ctx.send_event(Nobodys(text="outside"))
            handler.ctx.send_event(HumanResponseEvent(response="yes"))
    return {"unhandled": seen, "result": await handler}
