"""Progress is written to the stream while the run goes on; the stop event is the last."""

import asyncio

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Progress(Event):
    done: float


class Token(Event):
    text: str


class Next(Event):
    number: int


class Writer(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Next:
        ctx.write_event_to_stream(Progress(done=0))
        return Next(number=1)

    @step
    async def write(self, ctx: Context, ev: Next) -> Next | StopEvent:
        for word in f"this is page {ev.number}".split():
            ctx.write_event_to_stream(Token(text=word))
            await asyncio.sleep(0)
        ctx.write_event_to_stream(Progress(done=ev.number / 2))
        return StopEvent(result="written") if ev.number == 2 else Next(number=ev.number + 1)


async def main():
    handler = Writer().run()
    seen = []
    async for event in handler.stream_events():
        if isinstance(event, Progress):
            seen.append(event.done)
        elif isinstance(event, Token):
            seen.append(event.text)
        else:
            seen.append([type(event).__name__, event.result])
    late = Writer().run()
    result = await late
    return {"seen": seen, "result": await handler, "late": [result, len([e async for e in late.stream_events()])]}
