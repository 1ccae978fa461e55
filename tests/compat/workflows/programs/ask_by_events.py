"""A person is asked by an event in the stream and answers with another."""

from workflows import Context, Workflow, step
from workflows.events import HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent


class NameWanted(InputRequiredEvent):
    prefix: str


class Interview(Workflow):
    @step
    async def ask(self, ev: StartEvent) -> InputRequiredEvent:
        return InputRequiredEvent(prefix="Your age? ")

    @step
    async def age(self, ctx: Context, ev: HumanResponseEvent) -> NameWanted | StopEvent:
        if "age" in ev:
            await ctx.store.set("age", ev.age)
            return NameWanted(prefix="Your name? ")
        return StopEvent(result=[await ctx.store.get("age"), ev.response])


async def main():
    handler = Interview().run()
    asked = []
    async for event in handler.stream_events():
        if isinstance(event, NameWanted):
            asked.append(event.prefix)
            handler.ctx.send_event(HumanResponseEvent(response="ann"))
        elif isinstance(event, InputRequiredEvent):
            asked.append(event.prefix)
            handler.ctx.send_event(HumanResponseEvent(age=33))
    return {"asked": asked, "result": await handler}
