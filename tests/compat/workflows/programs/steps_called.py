"""Steps are methods like others: a test may call them."""

from workflows import Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Half(Event):
    number: float


class Math(Workflow):
    @step
    async def half(self, ev: StartEvent) -> Half:
        return Half(number=ev.number / 2)

    @step
    def end(self, ev: Half) -> StopEvent:
        return StopEvent(result=ev.number)


async def main():
    math = Math()
    half = await math.half(StartEvent(number=5))
    return [half.number, math.end(half).result, await math.run(number=7), Math.half.__name__]
