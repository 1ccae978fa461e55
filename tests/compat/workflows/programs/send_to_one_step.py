"""An event goes to all steps that take it, or to the one that is named."""

from workflows import Context, Workflow, step
from workflows.errors import WorkflowRuntimeError
from workflows.events import Event, StartEvent, StopEvent


class News(Event):
    text: str


class Heard(Event):
    who: str
    text: str


class Town(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> News:
        ctx.send_event(News(text="for all"))
        ctx.send_event(News(text="for bob"), step="bob")
        wrong = []
        for name in ("carl", "end"):
            try:
                ctx.send_event(News(text="for nobody"), step=name)
            except WorkflowRuntimeError:
                wrong.append(name)
        await ctx.store.set("wrong", wrong)

    @step
    async def ann(self, ev: News) -> Heard:
        return Heard(who="ann", text=ev.text)

    @step
    async def bob(self, ev: News) -> Heard:
        return Heard(who="bob", text=ev.text)

    @step
    async def end(self, ctx: Context, ev: Heard) -> StopEvent | None:
        heard = ctx.collect_events(ev, [Heard] * 3)
        if heard is None:
            return None
        return StopEvent(result=[sorted([h.who, h.text] for h in heard), await ctx.store.get("wrong")])


async def main():
    return await Town().run()
