"""Retrieve, rank and answer; a sub-question for each part, joined in the end; a cache as a resource."""

from typing import Annotated

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent
from workflows.resource import Resource

DOCUMENTS = {"rain": "wet", "sun": "dry and warm", "wind": "loud"}


class Sub(Event):
    question: str


class Nodes(Event):
    question: str
    found: list[str]


class SubAnswer(Event):
    question: str
    answer: str


def get_cache() -> dict:
    return {}


class Engine(Workflow):
    @step
    async def split(self, ctx: Context, ev: StartEvent) -> list[Sub]:
        await ctx.store.set("query", ev.query)
        return [Sub(question=part.strip()) for part in ev.query.split("and")]

    @step(num_workers=2)
    async def retrieve(self, ev: Sub, cache: Annotated[dict, Resource(get_cache)]) -> Nodes | SubAnswer | None:
        if ev.question in cache:
            return SubAnswer(question=ev.question, answer=cache[ev.question] + " (again)")
        found = [text for word, text in DOCUMENTS.items() if word in ev.question]
        return Nodes(question=ev.question, found=found) if found else None

    @step
    def answer(self, ev: Nodes, cache: Annotated[dict, Resource(get_cache)]) -> SubAnswer:
        cache[ev.question] = " ".join(ev.found)
        return SubAnswer(question=ev.question, answer=cache[ev.question])

    @step
    async def join(self, ctx: Context, answers: list[SubAnswer]) -> StopEvent:
        texts = {answer.question: answer.answer for answer in answers}
        return StopEvent(result={"query": await ctx.store.get("query"), "answers": dict(sorted(texts.items()))})


async def main():
    engine = Engine(timeout=10)
    return [await engine.run(query=query) for query in ("rain and sun and snow", "sun and wind")]
