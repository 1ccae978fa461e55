"""Checks of the graph, each switched off for a step or for a whole workflow."""

from workflows import Context, Workflow, step
from workflows.errors import WorkflowValidationError
from workflows.events import Event, StartEvent, StopEvent


class Ping(Event):
    pass


class Pong(Event):
    pass


class Loop(Workflow):
    """Once ping has begun, there is no way to the end."""

    @step
    async def go(self, ctx: Context, ev: StartEvent) -> Ping | StopEvent:
        return StopEvent(result="ended")

    @step
    async def ping(self, ev: Ping) -> Pong:
        return Pong()

    @step
    async def pong(self, ev: Pong) -> Ping:
        return Ping()


class Island(Workflow):
    """Nothing leads to ping and pong."""

    @step
    async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
        return StopEvent(result="ended")

    @step
    async def ping(self, ev: Ping) -> Pong | StopEvent:
        return Pong()

    @step
    async def pong(self, ev: Pong) -> Ping:
        return Ping()


class Allowed(Loop):
    @step(skip_graph_checks=["dead_end"])
    async def ping(self, ev: Ping) -> Pong:
        return Pong()

    @step(skip_graph_checks=["dead_end"])
    async def pong(self, ev: Pong) -> Ping:
        return Ping()


async def outcome(kind, **options):
    try:
        return await kind(**options).run()
    except WorkflowValidationError:
        return "WorkflowValidationError"


async def main():
    return [
        await outcome(Loop),
        await outcome(Allowed),
        await outcome(Loop, skip_graph_checks={"dead_end"}),
        await outcome(Loop, skip_graph_checks={"reachability"}),
        await outcome(Island),
        await outcome(Island, skip_graph_checks={"reachability"}),
        await outcome(Island, skip_graph_checks={"terminal_event"}),
        await outcome(Island, disable_validation=True),
    ]
