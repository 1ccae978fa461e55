"""Steps one after the other, run by keywords; the workflow is used twice."""

from workflows import Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Drafted(Event):
    text: str


class Edited(Event):
    text: str
    changes: int = 0


class Letter(Workflow):
    @step
    async def draft(self, ev: StartEvent) -> Drafted:
        return Drafted(text=f"dear {ev.name}, {ev.get('wish', 'hello')}")

    @step
    async def edit(self, ev: Drafted) -> Edited:
        return Edited(text=ev.text.capitalize(), changes=1)

    @step
    async def sign(self, ev: Edited) -> StopEvent:
        return StopEvent(result={"text": ev.text + ". Yours.", "changes": ev.changes})


async def main():
    letter = Letter(timeout=10, verbose=False)
    return [await letter.run(name="ann"), await letter.run(name="bob", wish="come soon")]
