"""A person is asked in the middle of a step."""

from workflows import Context, Workflow, step
from workflows.events import Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent


class Confirmed(Event):
    answer: str


class Delete(Workflow):
    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> Confirmed:
        response = await ctx.wait_for_event(
            HumanResponseEvent,
            waiter_event=InputRequiredEvent(prefix="Delete all? "),
            waiter_id="delete?",
            requirements={"user": "ann"},
        )
        return Confirmed(answer=response.response)

    @step
    async def end(self, ev: Confirmed) -> StopEvent:
        return StopEvent(result="deleted" if ev.answer == "yes" else "kept")


async def ask(answers):
    handler = Delete().run()
    asked = []
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            asked.append(event.prefix)
            for user, answer in answers:
                handler.ctx.send_event(HumanResponseEvent(response=answer, user=user))
    return [asked, await handler]


async def main():
    return [await ask([("ann", "yes")]), await ask([("bob", "yes"), ("ann", "no")])]
