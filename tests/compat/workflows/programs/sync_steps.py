"""Steps that are plain functions run in threads, beside each other and beside coroutines."""

import threading
from contextvars import ContextVar

from workflows import Workflow, step
from workflows.events import Event, StartEvent, StopEvent

who = ContextVar("who", default="nobody")


class Block(Event):
    number: int


class Hashed(Event):
    number: int
    own_thread: bool
    who: str


class Hashing(Workflow):
    def __init__(self, **options):
        super().__init__(**options)
        self.together = threading.Barrier(3)

    @step
    def begin(self, ev: StartEvent) -> list[Block]:
        return [Block(number=number) for number in range(3)]

    @step(num_workers=3)
    def work(self, ev: Block) -> Hashed:
        self.together.wait(10)
        own_thread = threading.current_thread() is not threading.main_thread()
        return Hashed(number=ev.number, own_thread=own_thread, who=who.get())

    @step
    async def end(self, done: list[Hashed]) -> StopEvent:
        return StopEvent(result=sorted([event.number, event.own_thread, event.who] for event in done))


async def main():
    who.set("ann")
    return await Hashing().run()
