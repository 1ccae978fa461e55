"""An extraction that is checked and asked for again with the error, until it fits."""

import json

from pydantic import BaseModel, ValidationError
from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Car(BaseModel):
    brand: str
    power: int


class ExtractionDone(Event):
    output: str
    passage: str


class ValidationFailed(Event):
    error: str
    wrong: str
    passage: str


class Extract(Workflow):
    max_retries: int = 3
    answers = ('{"brand": "Fiat"', '{"brand": "Fiat"}', '{"brand": "Fiat", "power": 69}')

    @step
    async def extract(self, ctx: Context, ev: StartEvent | ValidationFailed) -> StopEvent | ExtractionDone:
        tries = await ctx.store.get("tries", default=0)
        if tries >= self.max_retries:
            return StopEvent(result="too many tries")
        await ctx.store.set("tries", tries + 1)
        return ExtractionDone(output=self.answers[tries], passage=ev.passage)

    @step
    async def validate_output(self, ev: ExtractionDone) -> StopEvent | ValidationFailed:
        try:
            car = Car(**json.loads(ev.output))
        except (ValueError, ValidationError) as error:
            return ValidationFailed(error=type(error).__name__, wrong=ev.output, passage=ev.passage)
        return StopEvent(result=car.model_dump())


class Impatient(Extract):
    max_retries = 2


async def main():
    return [await Extract(timeout=5).run(passage="a Fiat of 69 hp"), await Impatient().run(passage="x")]
