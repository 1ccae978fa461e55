"""Functions become steps of a workflow that was written before them."""

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Weighed(Event):
    gram: int


class Packed(Event):
    gram: int


class Post(Workflow):
    rate = 3

    @step
    async def begin(self, ev: StartEvent) -> Weighed:
        return Weighed(gram=ev.gram)


@step(workflow=Post)
async def pack(ev: Weighed) -> Packed:
    return Packed(gram=ev.gram + 50)


@step(workflow=Post, num_workers=2)
async def send(ctx: Context, ev: Packed) -> StopEvent:
    await ctx.store.set("gram", ev.gram)
    return StopEvent(result=ev.gram * Post.rate)


async def main():
    handler = Post().run(gram=100)
    return [await handler, await handler.ctx.store.get("gram"), (await pack(Weighed(gram=1))).gram]
