"""Events from outside feed a run that lives as long as somebody talks to it."""

from workflows import Context, Workflow, step
from workflows.events import Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent


class Said(HumanResponseEvent):
    text: str


class Reply(Event):
    text: str


class Chat(Workflow):
    @step
    async def begin(self, ev: StartEvent) -> InputRequiredEvent:
        return InputRequiredEvent()

    @step(num_workers=1)
    async def hear(self, ctx: Context, ev: Said) -> StopEvent | InputRequiredEvent:
        heard = await ctx.store.get("heard", default=[])
        await ctx.store.set("heard", [*heard, ev.text])
        if ev.text == "bye":
            return StopEvent(result=[*heard, ev.text])
        ctx.write_event_to_stream(Reply(text=f"you said {ev.text}"))
        return InputRequiredEvent()


async def main():
    handler = Chat().run()
    lines = iter(["hello", "rain again", "bye"])
    replies = []
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            handler.ctx.send_event(Said(text=next(lines)))
        elif isinstance(event, Reply):
            replies.append(event.text)
    return {"result": await handler, "replies": replies}
