"""A run that waits inside a step is kept, ended, and goes on later: that step begins again."""

import json

from workflows import Context, Workflow, step
from workflows.events import HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent


class Delete(Workflow):
    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        answer = await ctx.wait_for_event(
            HumanResponseEvent, waiter_event=InputRequiredEvent(prefix=f"Delete {ev.name}? "), waiter_id="sure"
        )
        return StopEvent(result=[ev.name, answer.response])


async def main():
    workflow = Delete()
    handler = workflow.run(name="notes")
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            kept = json.dumps(handler.ctx.to_dict())
            await handler.cancel_run()
            break
    workflow = Delete()
    handler = workflow.run(ctx=Context.from_dict(workflow, json.loads(kept)))
    handler.ctx.send_event(HumanResponseEvent(response="yes"))
    return await handler
