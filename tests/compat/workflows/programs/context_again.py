"""One context for several runs: what was kept is still there."""

from workflows import Context, Workflow, step
from workflows.events import StartEvent, StopEvent


class Counter(Workflow):
    @step
    async def count(self, ctx: Context, ev: StartEvent) -> StopEvent:
        runs = await ctx.store.get("runs", default=0) + 1
        await ctx.store.set("runs", runs)
        return StopEvent(result=[runs, ev.get("word", "")])


async def main():
    counter = Counter()
    context = Context(counter)
    first = await counter.run(ctx=context, word="a")
    second = await counter.run(ctx=context, word="b")
    handler = counter.run(word="c")
    third = await handler
    fourth = await counter.run(ctx=handler.ctx)
    return [first, second, third, fourth, await context.store.get("runs")]
