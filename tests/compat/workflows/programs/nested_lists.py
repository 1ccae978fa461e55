"""A list for each element of a list: the inner ones are joined first, each by itself."""

from workflows import Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Chapter(Event):
    name: str


class Paragraph(Event):
    chapter: str
    number: int


class Checked(Event):
    chapter: str
    number: int


class ChapterDone(Event):
    chapter: str
    count: int


class Reader(Workflow):
    @step
    async def open(self, ev: StartEvent) -> list[Chapter]:
        return [Chapter(name=name) for name in ("one", "two", "none")]

    @step
    async def split(self, ev: Chapter) -> list[Paragraph]:
        return [Paragraph(chapter=ev.name, number=number) for number in range({"one": 1, "two": 2}.get(ev.name, 0))]

    @step
    async def check(self, ev: Paragraph) -> Checked:
        return Checked(chapter=ev.chapter, number=ev.number)

    @step
    async def close_chapter(self, paragraphs: list[Checked]) -> ChapterDone:
        names = {event.chapter for event in paragraphs}
        return ChapterDone(chapter="+".join(sorted(names)), count=len(paragraphs))

    @step
    async def close(self, chapters: list[ChapterDone]) -> StopEvent:
        return StopEvent(result=sorted([event.chapter, event.count] for event in chapters))


async def main():
    return await Reader().run()
