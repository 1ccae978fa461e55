"""A reader of the stream beside whoever waits for the result; handlers in asyncio's own waits."""

import asyncio

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Line(Event):
    text: str


class Printer(Workflow):
    @step
    async def print(self, ctx: Context, ev: StartEvent) -> StopEvent:
        for number in range(3):
            ctx.write_event_to_stream(Line(text=f"{ev.name} {number}"))
            await asyncio.sleep(0.001)
        return StopEvent(result=ev.name)


async def read(handler, lines):
    async for event in handler.stream_events():
        if isinstance(event, Line):
            lines.append(event.text)


async def main():
    lines = []
    handler = Printer().run(name="a")
    reader = asyncio.create_task(read(handler, lines))
    result = await asyncio.wait_for(handler, 10)
    await reader
    others = await asyncio.gather(Printer().run(name="b"), Printer().run(name="c"))
    first, _ = await asyncio.wait([asyncio.ensure_future(wrap(Printer().run(name="d")))], timeout=10)
    return {"lines": lines, "result": result, "others": others, "first": [task.result() for task in first]}


async def wrap(handler):
    return await handler
