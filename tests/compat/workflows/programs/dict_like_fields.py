"""Events as dictionaries: do their declared fields count?"""

from workflows import Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Found(Event):
    page: str


class Reader(Workflow):
    @step
    async def look(self, ev: StartEvent) -> Found:
        return Found(page="index", rank=1)

    @step
    async def end(self, ev: Found) -> StopEvent:
        try:
            page = ev["page"]
        except KeyError:
            page = "KeyError"
        return StopEvent(result=[sorted(ev.keys()), "page" in ev, ev.get("page", "default"), page, len(ev)])


async def main():
    return await Reader().run()
