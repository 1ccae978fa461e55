"""Work whose amount is known only at run time: the number is kept in the store, the collector asks for it."""

import asyncio

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Page(Event):
    number: int


class Read(Event):
    number: int
    words: int


class Book(Workflow):
    @step
    async def open(self, ctx: Context, ev: StartEvent) -> Page | None:
        await ctx.store.set("pages", ev.pages)
        for number in range(ev.pages):
            ctx.send_event(Page(number=number))

    @step(num_workers=3)
    async def read(self, ctx: Context, ev: Page) -> Read:
        await asyncio.sleep(0.001 * (ev.number % 3))
        return Read(number=ev.number, words=10 * ev.number)

    @step
    async def count(self, ctx: Context, ev: Read) -> StopEvent | None:
        pages = await ctx.store.get("pages")
        read = ctx.collect_events(ev, [Read] * pages)
        if read is None:
            return None
        return StopEvent(result={"words": sum(page.words for page in read), "pages": sorted(p.number for p in read)})


async def main():
    return [await Book().run(pages=pages) for pages in (1, 7, 40)]
