"""The question is written to the stream by a step that goes on; the answer comes to another."""

from workflows import Context, Workflow, step
from workflows.events import Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent


class Ready(Event):
    text: str


class Ask(Workflow):
    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> Ready:
        ctx.write_event_to_stream(InputRequiredEvent(prefix="go on? "))
        return Ready(text="prepared")

    @step(num_workers=1)
    async def answer(self, ctx: Context, ev: Ready | HumanResponseEvent) -> StopEvent | None:
        both = ctx.collect_events(ev, [Ready, HumanResponseEvent])
        return StopEvent(result=[both[0].text, both[1].response]) if both else None


async def main():
    handler = Ask().run()
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            handler.ctx.send_event(HumanResponseEvent(response="yes"))
    return await handler
