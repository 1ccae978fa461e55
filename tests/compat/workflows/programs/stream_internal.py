"""The inner events of a run: which step began and ended, with what."""

from workflows import Workflow, step
from workflows.events import Event, StartEvent, StepState, StepStateChanged, StopEvent


class Middle(Event):
    pass


class Two(Workflow):
    @step
    async def first(self, ev: StartEvent) -> Middle:
        return Middle()

    @step
    async def second(self, ev: Middle) -> StopEvent:
        return StopEvent(result=1)


def last_name(text):
    return str(text).replace("'>", "").split(".")[-1] if text else None


async def main():
    handler = Two().run()
    seen = []
    async for event in handler.stream_events(expose_internal=True):
        if isinstance(event, StepStateChanged) and event.step_state != StepState.PREPARING:
            output = last_name(event.output_event_name)
            seen.append([event.name, event.step_state.value, last_name(event.input_event_name), output])
    await handler
    plain = Two().run()
    return {"internal": seen, "plain": [type(event).__name__ async for event in plain.stream_events()]}
