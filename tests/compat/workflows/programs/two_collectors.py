"""Two steps that collect the same events, each in its own way; and one step with two buffers."""

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Score(Event):
    points: int
    team: str = "red"


class Pairs(Event):
    points: list[int]


class Triples(Event):
    points: list[int]


class Table(Workflow):
    @step
    async def play(self, ctx: Context, ev: StartEvent) -> Score:
        for points in (5, 6, 7):
            ctx.send_event(Score(points=points))

    @step(num_workers=1)
    async def pairs(self, ctx: Context, ev: Score) -> Pairs | None:
        got = ctx.collect_events(ev, [Score] * 2)
        return Pairs(points=[event.points for event in got]) if got else None

    @step(num_workers=1)
    async def triples(self, ctx: Context, ev: Score) -> Triples | None:
        got = ctx.collect_events(ev, [Score] * 3)
        return Triples(points=[event.points for event in got]) if got else None

    @step
    async def end(self, ctx: Context, ev: Pairs | Triples) -> StopEvent | None:
        got = ctx.collect_events(ev, [Pairs, Triples])
        return StopEvent(result=[event.points for event in got]) if got else None


class Teams(Workflow):
    @step
    async def play(self, ctx: Context, ev: StartEvent) -> Score | None:
        for points, team in ((1, "red"), (2, "blue"), (3, "blue"), (4, "red")):
            ctx.send_event(Score(points=points, team=team))

    @step(num_workers=1)
    async def sort(self, ctx: Context, ev: Score) -> Pairs | None:
        got = ctx.collect_events(ev, [Score] * 2, buffer_id=ev.team)
        return Pairs(points=[event.points for event in got]) if got else None

    @step(num_workers=1)
    async def end(self, ctx: Context, ev: Pairs) -> StopEvent | None:
        got = ctx.collect_events(ev, [Pairs] * 2)
        return StopEvent(result=[event.points for event in got]) if got else None


async def main():
    return [await Table().run(), await Teams().run()]
