"""No more of one step at once than its workers, in each run; other steps go on beside it."""

import asyncio

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Job(Event):
    number: int


class Done(Event):
    number: int


class Busy(Workflow):
    def __init__(self, **options):
        super().__init__(**options)
        self.now = 0
        self.most = 0

    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Job:
        for number in range(9):
            ctx.send_event(Job(number=number))
        return None

    @step(num_workers=2)
    async def work(self, ev: Job) -> Done:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.005)
        self.now -= 1
        return Done(number=ev.number)

    @step(num_workers=1)
    async def end(self, ctx: Context, ev: Done) -> StopEvent | None:
        done = ctx.collect_events(ev, [Done] * 9)
        return StopEvent(result=sorted(event.number for event in done)) if done else None


class Default(Busy):
    @step
    async def work(self, ev: Job) -> Done:
        return await Busy.work(self, ev)


async def main():
    narrow, usual = Busy(), Default()
    return {"done": await narrow.run(), "most": narrow.most, "usual": [await usual.run(), usual.most]}
