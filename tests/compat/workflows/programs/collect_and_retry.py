"""A collector that fails after it got its events gets the same ones when it is tried again."""

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent
from workflows.retry_policy import retry_policy, stop_after_attempt, wait_none


class Part(Event):
    number: int


class Gather(Workflow):
    def __init__(self, **options):
        super().__init__(**options)
        self.tries = 0

    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Part:
        for number in range(3):
            ctx.send_event(Part(number=number))

    @step(num_workers=1, retry_policy=retry_policy(wait=wait_none(), stop=stop_after_attempt(5)))
    async def end(self, ctx: Context, ev: Part) -> StopEvent | None:
        parts = ctx.collect_events(ev, [Part] * 3)
        if parts is None:
            return None
        self.tries += 1
        if self.tries < 3:
            raise OSError
        return StopEvent(result=[self.tries, [part.number for part in parts]])


async def main():
    return await Gather().run()
