"""A step that waits several times, and one that gives up."""

import asyncio

from workflows import Context, Workflow, step
from workflows.events import HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent


class Answer(HumanResponseEvent):
    question: str
    text: str


class Form(Workflow):
    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        answers = {}
        for question in ("name", "town"):
            answer = await ctx.wait_for_event(
                Answer,
                waiter_event=InputRequiredEvent(question=question),
                waiter_id=question,
                requirements={"question": question},
            )
            answers[question] = answer.text
        return StopEvent(result=answers)


class Quiet(Workflow):
    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        try:
            await ctx.wait_for_event(Answer, timeout=0.05)
            return StopEvent(result="answered")
        except asyncio.TimeoutError:  # noqa: UP041
            return StopEvent(result="nobody answered")


async def main():
    handler = Form().run()
    asked = []
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            asked.append(event.question)
            handler.ctx.send_event(Answer(question=event.question, text=event.question.upper()))
    return {"asked": asked, "form": await handler, "quiet": await Quiet().run()}
