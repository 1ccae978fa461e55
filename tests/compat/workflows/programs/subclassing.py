"""A workflow made of another: steps are inherited, replaced and added; both keep working."""

from workflows import Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Question(Event):
    text: str


class Answer(Event):
    text: str


class Checked(Event):
    text: str


class Assistant(Workflow):
    greeting = "Hello"

    def __init__(self, model="small", **options):
        super().__init__(**options)
        self.model = model

    def complete(self, text):
        return f"{self.model} says {text}"

    @step
    async def ask(self, ev: StartEvent) -> Question:
        return Question(text=f"{self.greeting}, {ev.text}")

    @step
    async def answer(self, ev: Question) -> Answer:
        return Answer(text=self.complete(ev.text))

    @step
    async def end(self, ev: Answer) -> StopEvent:
        return StopEvent(result=ev.text)


class Polite(Assistant):
    greeting = "Good evening"

    @step
    async def answer(self, ev: Question) -> Answer:
        before = await super().answer(ev)
        return Answer(text=before.text + ", please")


class Careful(Polite):
    @step
    async def answer(self, ev: Question) -> Checked:
        return Checked(text=self.complete(ev.text))

    @step
    async def check(self, ev: Checked) -> Answer:
        return Answer(text=ev.text + " (checked)")


class Mixin:
    def complete(self, text):
        return text.upper()


class Loud(Mixin, Assistant):
    pass


async def main():
    kinds = [Assistant(), Polite(model="large"), Careful(timeout=5), Loud()]
    return [await kind.run(text="rain?") for kind in kinds]
