"""Events of a subclass reach only steps that ask for exactly them, or that say that subclasses will do."""

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Animal(Event):
    name: str


class Dog(Animal):
    pass


class Seen(Event):
    by: str
    name: str


class Zoo(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Animal | Dog:
        ctx.send_event(Animal(name="cat"))
        ctx.send_event(Dog(name="rex"))

    @step
    async def exact(self, ev: Animal) -> Seen:
        return Seen(by="exact", name=ev.name)

    @step(accept_event_subclasses=True)
    async def any_animal(self, ev: Animal) -> Seen:
        return Seen(by="any", name=ev.name)

    @step
    async def dogs(self, ev: Dog) -> Seen:
        return Seen(by="dogs", name=ev.name)

    @step(num_workers=1)
    async def end(self, ctx: Context, ev: Seen) -> StopEvent | None:
        seen = ctx.collect_events(ev, [Seen] * 4)
        return StopEvent(result=sorted([event.by, event.name] for event in seen)) if seen else None


async def main():
    return await Zoo().run()
