"""Several types are given in the order asked for, whatever came first; some of them more than once."""

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Flour(Event):
    gram: int


class Egg(Event):
    number: int


class Milk(Event):
    litre: float


class Dough(Workflow):
    @step
    async def shop(self, ctx: Context, ev: StartEvent) -> Flour | Egg | Milk:
        ctx.send_event(Milk(litre=0.5))
        ctx.send_event(Egg(number=1))
        ctx.send_event(Egg(number=2))
        return Flour(gram=400)

    @step(num_workers=1)
    async def mix(self, ctx: Context, ev: Flour | Egg | Milk) -> StopEvent | None:
        got = ctx.collect_events(ev, [Flour, Egg, Milk, Egg])
        if got is None:
            return None
        flour, first, milk, second = got
        return StopEvent(result=[flour.gram, first.number, milk.litre, second.number])


async def main():
    return await Dough().run()
