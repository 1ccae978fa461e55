"""The seed page's first example: three slow queries at once; the first to end stops the run."""

import asyncio
from types import SimpleNamespace

from llama_index.core.workflow import Context, Event, StartEvent, StopEvent, Workflow, step

seconds = iter([0.2, 0, 0.4])
random = SimpleNamespace(randint=lambda low, high: next(seconds))  # shorter waits, and known ones


# fmt: off
class StepTwoEvent(Event):
    query: str


class ParallelFlow(Workflow):
    @step
    async def start(self, ctx: Context, ev: StartEvent) -> StepTwoEvent:
        ctx.send_event(StepTwoEvent(query="Query 1"))
        ctx.send_event(StepTwoEvent(query="Query 2"))
        ctx.send_event(StepTwoEvent(query="Query 3"))

    @step(num_workers=4)
    async def step_two(self, ctx: Context, ev: StepTwoEvent) -> StopEvent:
        print("Running slow query ", ev.query)
        await asyncio.sleep(random.randint(1, 5))

        return StopEvent(result=ev.query)


async def main():
    return await ParallelFlow(timeout=20).run()
