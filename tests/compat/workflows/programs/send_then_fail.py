"""What a step has sent before it failed is on its way; its next try sends again."""

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent
from workflows.retry_policy import ConstantDelayRetryPolicy


class Sent(Event):
    attempt: int


class Postman(Workflow):
    def __init__(self, **options):
        super().__init__(**options)
        self.attempt = 0

    @step(retry_policy=ConstantDelayRetryPolicy(maximum_attempts=3, delay=0.01))
    async def begin(self, ctx: Context, ev: StartEvent) -> Sent | None:
        self.attempt += 1
        ctx.send_event(Sent(attempt=self.attempt))
        if self.attempt < 3:
            raise OSError("rain")

    @step(num_workers=1)
    async def end(self, ctx: Context, ev: Sent) -> StopEvent | None:
        got = ctx.collect_events(ev, [Sent] * 3)
        return StopEvent(result=[event.attempt for event in got]) if got else None


async def main():
    return await Postman().run()
