"""A step with several event parameters runs once one of each is there, and again for the next ones."""

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Frame(Event):
    number: int


class Wheel(Event):
    number: int


class Bike(Event):
    text: str


class Works(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Frame | Wheel:
        for number in range(2):
            ctx.send_event(Frame(number=number))
        for number in range(4):
            ctx.send_event(Wheel(number=number))

    @step(num_workers=1)
    async def build(self, ctx: Context, frame: Frame, front: Wheel, back: Wheel) -> Bike:
        return Bike(text=f"{frame.number}:{front.number}-{back.number}")

    @step
    async def end(self, ctx: Context, ev: Bike) -> StopEvent | None:
        bikes = ctx.collect_events(ev, [Bike] * 2)
        return StopEvent(result=sorted(bike.text for bike in bikes)) if bikes else None


async def main():
    return await Works().run()
