"""Start and stop events of one's own, and the ways to start."""

from pydantic import BaseModel
from workflows import Workflow, step
from workflows.errors import WorkflowRuntimeError
from workflows.events import StartEvent, StopEvent


class Options(BaseModel):
    loud: bool = False


class Greet(StartEvent):
    name: str
    options: Options = Options()


class Greeted(StopEvent):
    text: str
    length: int


class Greeter(Workflow):
    @step
    async def greet(self, ev: Greet) -> Greeted:
        text = f"hello {ev.name}"
        text = text.upper() if ev.options.loud else text
        return Greeted(text=text, length=len(text))


class Plain(Workflow):
    @step
    async def end(self, ev: StartEvent) -> StopEvent:
        return StopEvent() if ev.get("empty") else StopEvent(result=ev.get("value"))


async def main():
    greeter = Greeter()
    said = await greeter.run(name="ann")
    handler = greeter.run(start_event=Greet(name="bob", options=Options(loud=True)))
    loud = await handler
    wrong = []
    for given in ({}, {"name": {}}):
        try:
            await greeter.run(**given)
        except WorkflowRuntimeError:
            wrong.append("WorkflowRuntimeError")
    return {
        "said": [said.text, said.length, type(said).__name__],
        "loud": [loud.text, isinstance(handler.get_stop_event(), Greeted)],
        "wrong": wrong,
        "plain": [await Plain().run(value=3), await Plain().run(empty=True), await Plain().run()],
        "classes": [greeter.start_event_class.__name__, greeter.stop_event_class.__name__],
    }
