"""A step that sends its events back until enough has been done."""

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Attempt(Event):
    number: int
    left: int


class Halving(Workflow):
    @step
    async def begin(self, ev: StartEvent | Attempt) -> Attempt | StopEvent:
        if isinstance(ev, StartEvent):
            return Attempt(number=0, left=ev.amount)
        if ev.left <= 1:
            return StopEvent(result=ev.number)
        return Attempt(number=ev.number + 1, left=ev.left // 2)


class Countdown(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Attempt:
        await ctx.store.set("seen", [])
        return Attempt(number=0, left=3)

    @step
    async def count(self, ctx: Context, ev: Attempt) -> Attempt | StopEvent:
        seen = await ctx.store.get("seen")
        seen.append(ev.left)
        await ctx.store.set("seen", seen)
        if ev.left == 0:
            return StopEvent(result=seen)
        return Attempt(number=ev.number + 1, left=ev.left - 1)


async def main():
    return {"halvings": await Halving().run(amount=100), "countdown": await Countdown().run()}
