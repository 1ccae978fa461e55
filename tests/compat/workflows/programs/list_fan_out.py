"""A returned list fans out; a list parameter gathers what came of it, in the order of completion, without the drops."""

import asyncio

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Task(Event):
    number: int


class Result(Event):
    number: int


class MapReduce(Workflow):
    @step
    async def split(self, ev: StartEvent) -> list[Task]:
        return [Task(number=number) for number in range(ev.count)]

    @step(num_workers=8)
    async def work(self, ev: Task) -> Result | None:
        if ev.number == 2:
            return None
        await asyncio.sleep(0 if ev.number == 4 else 0.1)
        return Result(number=ev.number)

    @step
    async def join(self, results: list[Result]) -> StopEvent:
        return StopEvent(result=[result.number for result in results])


class Empty(MapReduce):
    @step
    async def split(self, ctx: Context, ev: StartEvent) -> list[Task]:
        return []


async def main():
    first, *others = await MapReduce().run(count=5)
    return {"first": first, "others": sorted(others), "empty": await Empty().run()}
