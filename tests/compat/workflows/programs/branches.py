"""A choice between two branches that meet again, and annotations that are strings."""

from __future__ import annotations

from typing import Union

from workflows import Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Cheap(Event):
    price: int


class Dear(Event):
    price: int


class Quoted(Event):
    text: str


class Quote(Workflow):
    @step
    async def sort(self, ev: StartEvent) -> Union[Cheap, Dear]:  # noqa: UP007
        return Cheap(price=ev.price) if ev.price < 100 else Dear(price=ev.price)

    @step
    async def cheap(self, ev: Cheap) -> Quoted:
        return Quoted(text=f"{ev.price} at once")

    @step
    async def dear(self, ev: Dear) -> Quoted:
        return Quoted(text=f"{ev.price // 2} now and {ev.price - ev.price // 2} later")

    @step
    async def print(self, ev: Quoted) -> StopEvent:
        return StopEvent(result=ev.text)


async def main():
    def local():
        class Asked(Event):
            pass

        class Local(Workflow):
            @step
            async def ask(self, ev: StartEvent) -> Asked | None:
                return Asked()

            @step
            async def end(self, ev: Asked) -> StopEvent:
                return StopEvent(result="local")

        return Local()

    quote = Quote()
    return [await quote.run(price=price) for price in (30, 101)] + [await local().run()]
