"""A workflow awaited in a step of another; what the inner one tells is passed on."""

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Note(Event):
    text: str


class Reflected(Event):
    query: str


class Reflection(Workflow):
    @step
    async def think(self, ctx: Context, ev: StartEvent) -> StopEvent:
        ctx.write_event_to_stream(Note(text=f"thinking about {ev.query}"))
        return StopEvent(result=ev.query + "?")


class Main(Workflow):
    def __init__(self, reflection, **options):
        super().__init__(**options)
        self.reflection = reflection

    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Reflected:
        handler = self.reflection.run(query=ev.query)
        async for event in handler.stream_events():
            if isinstance(event, Note):
                ctx.write_event_to_stream(event)
        return Reflected(query=await handler)

    @step
    async def answer(self, ctx: Context, ev: Reflected) -> StopEvent:
        return StopEvent(result=[ev.query, await Reflection().run(query="in the end")])


async def main():
    handler = Main(Reflection(), timeout=10).run(query="rain")
    notes = [event.text async for event in handler.stream_events() if isinstance(event, Note)]
    return {"notes": notes, "result": await handler}
