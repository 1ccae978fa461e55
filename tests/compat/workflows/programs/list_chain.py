"""Plain steps between the fan-out and the fan-in, several types in one list, and two fan-outs after each other."""

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Photo(Event):
    name: str


class Film(Event):
    name: str
    minutes: int


class Small(Event):
    name: str


class Named(Event):
    name: str


class Album(Event):
    names: list[str]


class Printed(Event):
    name: str


class Lab(Workflow):
    @step
    async def sort(self, ev: StartEvent) -> list[Photo | Film]:
        return [Photo(name="sea"), Film(name="wedding", minutes=90), Photo(name="hill")]

    @step
    async def shrink(self, ev: Photo) -> Small:
        return Small(name=ev.name)

    @step
    async def label(self, ev: Small) -> Named:
        return Named(name=ev.name + ".jpg")

    @step
    async def cut(self, ev: Film) -> Named:
        return Named(name=ev.name + ".avi")

    @step
    async def bind(self, ctx: Context, events: list[Named]) -> list[Printed]:
        await ctx.store.set("bound", sorted(event.name for event in events))
        return [Printed(name=event.name.upper()) for event in events]

    @step
    async def end(self, ctx: Context, printed: list[Printed]) -> StopEvent:
        return StopEvent(result=[await ctx.store.get("bound"), sorted(event.name for event in printed)])


async def main():
    return await Lab().run()
