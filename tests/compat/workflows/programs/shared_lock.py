"""Steps share a semaphore and a queue of asyncio's, made by the workflow or as a resource."""

import asyncio
from typing import Annotated

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent
from workflows.resource import Resource


def get_queue() -> asyncio.Queue:
    return asyncio.Queue()


class Job(Event):
    number: int


class Ready(Event):
    pass


class Polite(Workflow):
    def __init__(self, **options):
        super().__init__(**options)
        self.door = asyncio.Semaphore(2)
        self.inside = self.most = 0

    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> list[Job]:
        return [Job(number=number) for number in range(6)]

    @step(num_workers=6)
    async def work(self, ev: Job, queue: Annotated[asyncio.Queue, Resource(get_queue)]) -> Ready:
        async with self.door:
            self.inside += 1
            self.most = max(self.most, self.inside)
            await asyncio.sleep(0.002)
            self.inside -= 1
        await queue.put(ev.number)
        return Ready()

    @step
    async def end(self, ready: list[Ready], queue: Annotated[asyncio.Queue, Resource(get_queue)]) -> StopEvent:
        numbers = sorted([await queue.get() for _ in ready])
        return StopEvent(result=[numbers, self.most])


async def main():
    return await Polite().run()
