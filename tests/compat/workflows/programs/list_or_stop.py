"""A step that fans out or ends at once, and one that goes round with lists until all is done."""

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Visit(Event):
    page: str


class Links(Event):
    page: str
    links: list[str]


class Round(Event):
    pages: list[str]


SITE = {"index": ["about", "news"], "about": ["index"], "news": ["old"], "old": []}


class Crawler(Workflow):
    @step
    async def begin(self, ev: StartEvent) -> Round:
        return Round(pages=[ev.page] if ev.page else [])

    @step
    async def plan(self, ctx: Context, ev: Round) -> list[Visit] | StopEvent:
        seen = await ctx.store.get("seen", default=[])
        new = [page for page in ev.pages if page not in seen]
        if not new:
            return StopEvent(result=sorted(seen))
        await ctx.store.set("seen", seen + new)
        return [Visit(page=page) for page in new]

    @step
    async def visit(self, ev: Visit) -> Links:
        return Links(page=ev.page, links=SITE[ev.page])

    @step
    async def gather(self, found: list[Links]) -> Round:
        return Round(pages=sorted({link for page in found for link in page.links}))


async def main():
    return [await Crawler().run(page=page) for page in ("index", "old", "")]
