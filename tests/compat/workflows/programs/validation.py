"""Workflows that cannot work are refused, before anything runs."""

from workflows import Context, Workflow, step
from workflows.errors import WorkflowConfigurationError, WorkflowValidationError
from workflows.events import Event, StartEvent, StopEvent


class Lost(Event):
    pass


class Other(Event):
    pass


class OtherStart(StartEvent):
    pass


class Empty(Workflow):
    pass


class NoStart(Workflow):
    @step
    async def go(self, ev: Lost) -> StopEvent:
        return StopEvent()


class NoStop(Workflow):
    @step
    async def go(self, ev: StartEvent) -> Lost:
        return Lost()

    @step
    async def on(self, ev: Lost) -> None:
        return None


class TwoStarts(Workflow):
    @step
    async def one(self, ev: StartEvent) -> StopEvent:
        return StopEvent()

    @step
    async def two(self, ev: OtherStart) -> StopEvent:
        return StopEvent()


class NeverProduced(Workflow):
    @step
    async def go(self, ev: StartEvent) -> StopEvent:
        return StopEvent()

    @step
    async def wait(self, ev: Lost) -> StopEvent:
        return StopEvent()


class NeverConsumed(Workflow):
    @step
    async def go(self, ev: StartEvent) -> Lost | StopEvent:
        return StopEvent()


class TakesStop(Workflow):
    @step
    async def go(self, ev: StartEvent) -> StopEvent:
        return StopEvent()

    @step
    async def after(self, ev: StopEvent) -> None:
        return None


class Unannounced(Workflow):
    @step
    async def go(self, ctx: Context, ev: StartEvent) -> None:
        ctx.send_event(Lost())

    @step
    async def end(self, ev: Lost) -> StopEvent:
        return StopEvent(result="reached")


def no_event():
    class NoEvent(Workflow):
        @step
        async def go(self, ctx: Context) -> StopEvent:
            return StopEvent()


def no_return():
    class NoReturn(Workflow):
        @step
        async def go(self, ev: StartEvent):
            return StopEvent()


def no_workers():
    class NoWorkers(Workflow):
        @step(num_workers=0)
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent()


async def refused(make):
    try:
        made = make()
        if made is not None:
            await made.run()
    except WorkflowConfigurationError:
        return "WorkflowConfigurationError"
    except WorkflowValidationError as error:
        return ["WorkflowValidationError", "Lost" in str(error)]
    return "taken"


async def main():
    kinds = [Empty, NoStart, NoStop, TwoStarts, NeverProduced, NeverConsumed, TakesStop, Unannounced]
    out = {kind.__name__: await refused(kind) for kind in kinds}
    out |= {make.__name__: await refused(make) for make in (no_event, no_return, no_workers)}
    out["disabled"] = await Unannounced(disable_validation=True).run()
    out["unknown_skip"] = await refused(lambda: NeverProduced(skip_graph_checks={"everything"}))
    out["valid"] = Valid().validate()
    return out


class Valid(Workflow):
    @step
    async def go(self, ev: StartEvent) -> StopEvent:
        return StopEvent()
