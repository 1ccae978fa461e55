"""The seed page's second example: wait for all slow queries, then go on with their results together."""

import asyncio
from types import SimpleNamespace

from llama_index.core.workflow import Context, Event, StartEvent, StopEvent, Workflow, step

seconds = iter([0.1, 0, 0.2])
random = SimpleNamespace(randint=lambda low, high: next(seconds))  # shorter waits, and known ones


# fmt: off
class StepTwoEvent(Event):
    query: str


class StepThreeEvent(Event):
    result: str


class ConcurrentFlow(Workflow):
    @step
    async def start(self, ctx: Context, ev: StartEvent) -> StepTwoEvent:
        ctx.send_event(StepTwoEvent(query="Query 1"))
        ctx.send_event(StepTwoEvent(query="Query 2"))
        ctx.send_event(StepTwoEvent(query="Query 3"))

    @step(num_workers=4)
    async def step_two(self, ctx: Context, ev: StepTwoEvent) -> StepThreeEvent:
        print("Running query ", ev.query)
        await asyncio.sleep(random.randint(1, 5))
        return StepThreeEvent(result=ev.query)

    @step
    async def step_three(self, ctx: Context, ev: StepThreeEvent) -> StopEvent:
        # wait until we receive 3 events
        result = ctx.collect_events(ev, [StepThreeEvent] * 3)
        if result is None:
            return None

        # do something with all 3 results together
        print(result)
        return StopEvent(result="Done")


async def main():
    return await ConcurrentFlow(timeout=20).run()
