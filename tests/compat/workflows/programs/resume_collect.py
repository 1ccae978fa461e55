"""A collector that has some of its events already is kept and gets the rest in another run."""

import json

from workflows import Context, Workflow, step
from workflows.events import Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent


class Part(Event):
    number: int


class Collected(InputRequiredEvent):
    pass


class Puzzle(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Part | None:
        ctx.send_event(Part(number=1))
        ctx.send_event(Part(number=2))

    @step
    async def more(self, ev: HumanResponseEvent) -> Part:
        return Part(number=ev.number)

    @step(num_workers=1)
    async def end(self, ctx: Context, ev: Part) -> StopEvent | Collected | None:
        parts = ctx.collect_events(ev, [Part] * 3)
        if parts:
            return StopEvent(result=[part.number for part in parts])
        return Collected() if ev.number == 2 else None


async def main():
    workflow = Puzzle()
    handler = workflow.run()
    async for event in handler.stream_events():
        if isinstance(event, Collected):
            kept = json.dumps(handler.ctx.to_dict())
            await handler.cancel_run()
            break
    handler = workflow.run(ctx=Context.from_dict(workflow, json.loads(kept)))
    handler.ctx.send_event(HumanResponseEvent(number=3))
    return await handler
