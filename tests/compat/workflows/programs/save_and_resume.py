"""A run that waits for a person is kept as JSON, ended, and goes on in another one."""

import json

from workflows import Context, Workflow, step
from workflows.context import JsonSerializer
from workflows.events import Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent


class Draft(Event):
    text: str


class Ask(InputRequiredEvent):
    draft: str


class Review(Workflow):
    @step
    async def write(self, ctx: Context, ev: StartEvent) -> Draft:
        await ctx.store.set("author", ev.author)
        return Draft(text=f"by {ev.author}")

    @step
    async def ask(self, ev: Draft) -> Ask:
        return Ask(draft=ev.text)

    @step
    async def end(self, ctx: Context, ev: HumanResponseEvent) -> StopEvent:
        return StopEvent(result=[await ctx.store.get("author"), ev.response])


async def main():
    workflow = Review()
    handler = workflow.run(author="ann")
    kept = None
    async for event in handler.stream_events():
        if isinstance(event, Ask):
            kept = json.dumps(handler.ctx.to_dict(serializer=JsonSerializer()))
            await handler.cancel_run()
            break

    again = Review()
    context = Context.from_dict(again, json.loads(kept), serializer=JsonSerializer())
    handler = again.run(ctx=context)
    handler.ctx.send_event(HumanResponseEvent(response="fine"))
    result = await handler
    after = json.dumps(handler.ctx.to_dict())
    later = Context.from_dict(again, json.loads(after))
    return {"result": result, "author": await later.store.get("author"), "is_running": later.is_running}
