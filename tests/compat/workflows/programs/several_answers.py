"""One question that several people answer, each after the answer before has been heard."""

import asyncio

from workflows import Context, Workflow, step
from workflows.events import Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent


class Vote(HumanResponseEvent):
    by: str


class Heard(Event):
    by: str


class Poll(Workflow):
    @step
    async def begin(self, ev: StartEvent) -> InputRequiredEvent:
        return InputRequiredEvent()

    @step(num_workers=1)
    async def count(self, ctx: Context, ev: Vote) -> StopEvent | None:
        ctx.write_event_to_stream(Heard(by=ev.by))
        votes = ctx.collect_events(ev, [Vote] * 3)
        return StopEvent(result=[vote.by for vote in votes]) if votes else None


async def main():
    handler = Poll().run()
    voters = iter(["ann", "bob", "carl"])
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent) or (isinstance(event, Heard) and event.by != "carl"):
            await asyncio.sleep(0.05)
            handler.ctx.send_event(Vote(by=next(voters)))
    return await handler
