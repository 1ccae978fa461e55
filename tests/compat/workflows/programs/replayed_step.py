"""What stands before a wait in a step: how often does it run?"""

from workflows import Context, Workflow, step
from workflows.events import HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent

begun = []


class Once(Workflow):
    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        begun.append("ask")
        answer = await ctx.wait_for_event(HumanResponseEvent, waiter_event=InputRequiredEvent())
        return StopEvent(result=answer.response)


async def main():
    handler = Once().run()
    asked = 0
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            asked += 1
            handler.ctx.send_event(HumanResponseEvent(response=42))
    return {"result": await handler, "asked": asked, "begun": len(begun)}
