"""The steps that are at work now."""

import asyncio

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Begun(Event):
    pass


class Free(Event):
    pass


class Work(Event):
    pass


class Waiting(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Work:
        return Work()

    @step
    async def hold(self, ctx: Context, ev: Work) -> StopEvent:
        ctx.write_event_to_stream(Begun())
        while not await ctx.store.get("free", default=False):
            await asyncio.sleep(0.001)
        return StopEvent(result="free")

    @step
    async def release(self, ctx: Context, ev: Free) -> None:
        await ctx.store.set("free", True)


async def main():
    handler = Waiting(disable_validation=True).run()
    steps = running = None
    async for event in handler.stream_events():
        if isinstance(event, Begun):
            steps = await handler.ctx.running_steps()
            running = handler.ctx.is_running
            handler.ctx.send_event(Free())
    return {"steps": steps, "running": running, "result": await handler, "after": handler.ctx.is_running}
