"""A collector starts again after each full round."""

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Item(Event):
    number: int


class Batch(Event):
    numbers: list[int]


class Batches(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Item | None:
        for number in range(6):
            ctx.send_event(Item(number=number))

    @step(num_workers=1)
    async def pack(self, ctx: Context, ev: Item) -> Batch | None:
        items = ctx.collect_events(ev, [Item] * 3)
        return Batch(numbers=[item.number for item in items]) if items is not None else None

    @step
    async def end(self, ctx: Context, ev: Batch) -> StopEvent | None:
        batches = ctx.collect_events(ev, [Batch] * 2)
        return StopEvent(result=[batch.numbers for batch in batches]) if batches else None


class Nothing(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> StopEvent:
        return StopEvent(result=ctx.collect_events(ev, []))


async def main():
    return [await Batches().run(), await Nothing().run()]
