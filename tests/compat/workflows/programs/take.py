"""The first answers are enough."""

import asyncio
from typing import Annotated

from workflows import Workflow, step
from workflows.collect import Collect, Take
from workflows.events import Event, StartEvent, StopEvent


class Ask(Event):
    mirror: int


class Answer(Event):
    mirror: int


class Fastest(Workflow):
    def __init__(self, **options):
        super().__init__(**options)
        self.both = asyncio.Event()
        self.answered = []

    @step
    async def begin(self, ev: StartEvent) -> list[Ask]:
        return [Ask(mirror=mirror) for mirror in range(4)]

    @step
    async def ask(self, ev: Ask) -> Answer | None:
        if ev.mirror in (0, 2):
            await self.both.wait()
        self.answered.append(ev.mirror)
        return Answer(mirror=ev.mirror)

    @step
    async def choose(self, answers: Annotated[list[Answer], Collect(Take(2))]) -> StopEvent:
        return StopEvent(result=sorted(answer.mirror for answer in answers))


class Few(Workflow):
    @step
    async def begin(self, ev: StartEvent) -> list[Ask]:
        return [Ask(mirror=mirror) for mirror in range(3)]

    @step
    async def ask(self, ev: Ask) -> Answer | None:
        return Answer(mirror=ev.mirror) if ev.mirror == 1 else None

    @step
    async def choose(self, answers: Annotated[list[Answer], Collect(Take(2))]) -> StopEvent:
        return StopEvent(result=sorted(answer.mirror for answer in answers))


async def main():
    return [await Fastest().run(), await Few().run()]
