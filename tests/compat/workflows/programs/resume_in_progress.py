"""A step was at work when its run was kept: it begins anew where the run goes on; the store is as it was."""

import asyncio
import json

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Begun(Event):
    pass


class Work(Event):
    amount: int


class Long(Workflow):
    @step
    async def begin(self, ev: StartEvent) -> Work:
        return Work(amount=ev.amount)

    @step
    async def work(self, ctx: Context, ev: Work) -> StopEvent:
        tries = await ctx.store.get("tries", default=0)
        await ctx.store.set("tries", tries + 1)
        ctx.write_event_to_stream(Begun())
        if tries == 0:
            await asyncio.sleep(30)
        return StopEvent(result=[ev.amount, tries])


async def main():
    workflow = Long()
    handler = workflow.run(amount=7)
    async for event in handler.stream_events():
        if isinstance(event, Begun):
            kept = json.dumps(handler.ctx.to_dict())
            await handler.cancel_run()
            break
    handler = workflow.run(ctx=Context.from_dict(workflow, json.loads(kept)))
    return await handler
