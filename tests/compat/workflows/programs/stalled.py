"""A collector that waits for more than will come."""

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Vote(Event):
    by: str


class Election(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Vote:
        for by in ("ann", "bob"):
            ctx.send_event(Vote(by=by))

    @step
    async def count(self, ctx: Context, ev: Vote) -> StopEvent | None:
        votes = ctx.collect_events(ev, [Vote] * 3)
        return StopEvent(result=len(votes)) if votes else None


async def main():
    try:
        await Election(timeout=0.3).run()
    except Exception as error:
        return type(error).__name__
