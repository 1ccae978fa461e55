"""The first stop event ends the run; what still works is cancelled."""

import asyncio

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Race(Event):
    runner: str


class Racing(Workflow):
    def __init__(self, **options):
        super().__init__(**options)
        self.cancelled = []

    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Race:
        for runner in ("tortoise", "hare", "snail"):
            ctx.send_event(Race(runner=runner))

    @step
    async def race(self, ev: Race) -> StopEvent:
        try:
            await asyncio.sleep(0.05 if ev.runner == "hare" else 30)
        except asyncio.CancelledError:
            self.cancelled.append(ev.runner)
            raise
        return StopEvent(result=ev.runner)


async def main():
    racing = Racing(timeout=20)
    winner = await racing.run()
    for _ in range(200):
        if len(racing.cancelled) == 2:
            break
        await asyncio.sleep(0.01)
    return {"winner": winner, "cancelled": sorted(racing.cancelled)}
