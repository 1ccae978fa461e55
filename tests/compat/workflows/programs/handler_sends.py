"""Events are sent with the handler itself, and the context is used for it too."""

from workflows import Context, Workflow, step
from workflows.events import Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent


class Number(HumanResponseEvent):
    value: int


class Adder(Workflow):
    @step
    async def begin(self, ev: StartEvent) -> InputRequiredEvent:
        return InputRequiredEvent()

    @step(num_workers=1)
    async def add(self, ctx: Context, ev: Number) -> StopEvent | None:
        numbers = ctx.collect_events(ev, [Number] * 3)
        return StopEvent(result=sum(number.value for number in numbers)) if numbers else None


async def main():
    handler = Adder().run()
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            await handler.send_event(Number(value=1))
            await handler.send_event(Number(value=2), step="add")
            handler.ctx.send_event(Number(value=3))
        assert isinstance(event, Event)
    return await handler
