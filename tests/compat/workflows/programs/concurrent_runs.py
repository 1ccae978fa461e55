"""No more runs of one workflow at once than it allows; the others wait for their turn."""

import asyncio

from workflows import Workflow, step
from workflows.events import StartEvent, StopEvent


class Busy(Workflow):
    def __init__(self, **options):
        super().__init__(**options)
        self.now, self.most = 0, 0

    @step
    async def work(self, ev: StartEvent) -> StopEvent:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01)
        self.now -= 1
        return StopEvent(result=ev.number)


async def main():
    limited, free = Busy(num_concurrent_runs=2), Busy()
    results = await asyncio.gather(*(limited.run(number=number) for number in range(6)))
    others = await asyncio.gather(*(free.run(number=number) for number in range(6)))
    return {"results": results, "others": others, "most": limited.most, "more": free.most > 2}
