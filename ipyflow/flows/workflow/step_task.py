"""A step as a task of the engine: its function, bound to its workflow, and the attempts that check what it returns."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ipyflow.engine.call import Call
from ipyflow.engine.describe import short
from ipyflow.engine.entries import AsyncEntryCall, EntryCall
from ipyflow.engine.options import Definition, Options
from ipyflow.errors import WorkflowRuntimeError
from ipyflow.flows.workflow.events import Event
from ipyflow.flows.workflow.routing import Delivery, is_list
from ipyflow.flows.workflow.steps import Step

if TYPE_CHECKING:
    from ipyflow.flows.workflow.run import WorkflowRun


class StepTask:
    """A step of one workflow, in the place of the task that the engine asks for.

    Args:
        run: the run of the workflow whose method it is.
        step: the step.
    """

    is_flow = is_local = False

    def __init__(self, run: WorkflowRun, step: Step) -> None:
        self._run, self.step = run, step
        self.own_limit: Any = None
        self.role: str | None = None
        """How many of it run at once; its line says."""
        self.name = step.name
        self.module: str = getattr(step.fn, "__module__", None) or "__main__"
        self.is_async = step.is_async
        self.executor_name = "loop" if step.is_async else "threads"
        self.options = Options(executor=self.executor_name, retries=step.retries, timeout=step.timeout)
        self.simple = step.timeout is None and step.retries is None
        bound: Callable[..., Any] = types.MethodType(step.fn, run.workflow) if step.takes_self else step.fn
        self.fn = self._with_resources(bound) if step.resources else bound
        # By place where the event comes first or second, as nearly always: a call by name costs twice as much.
        self._by_place = step.by_place and not step.resources and len(step.takes) == 1 and len(step.order) <= 2
        self._event_first = step.order[0] != step.context if step.order else True

    def arguments(self, context: Any, delivery: Delivery) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What the function is called with."""
        step, sents = self.step, delivery.sents
        event: Any = [sent.event for sent in sents] if is_list(step) else sents[0].event
        if self._by_place:
            if step.context is None:
                return (event,), _NOTHING
            return ((event, context) if self._event_first else (context, event)), _NOTHING
        given = {step.takes[0].name: event}
        if len(step.takes) > 1:
            given = {one.name: sent.event for one, sent in zip(step.takes, sents, strict=True)}
        if step.context is not None:
            given[step.context] = context
        return _NO_PLACES, given

    def _with_resources(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        manager, wanted, loop = self._run.resources, self.step.resources, self._run.engine.loop

        async def resolved_soon(**given: Any) -> Any:
            return await fn(**given, **await manager.aresolve(wanted))

        def resolved(**given: Any) -> Any:
            loop.post(_nothing)  # it runs once somebody has needed it
            return fn(**given, **manager.resolve(wanted, loop.loop))

        return resolved_soon if self.is_async else resolved

    def latest(self) -> Definition:
        """The step of this name in the newest class of the workflow's name."""
        new = self._run.workflow.latest_step(self.name)
        if new is None or new.fn is self.step.fn:
            return self
        made = StepTask(self._run, new)
        made.own_limit = self.own_limit
        return made

    def waits_for(self, args: tuple[Any, ...], kwargs: dict[str, Any], names: bool | frozenset[str]) -> Any:
        """Events are there when it is run."""
        return ()

    def changed(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], names: bool | frozenset[str], by: Callable[[Any], Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Nothing in them is replaced."""
        return args, kwargs

    def __repr__(self) -> str:
        return f"<step {self.name} of {self._run.setup.name}>"


_NO_PLACES: tuple[Any, ...] = ()
_NOTHING: dict[str, Any] = {}
"""Shared by all calls: nobody writes into the arguments of a call."""


def _nothing() -> None:
    """Posted to start the loop."""


class StepCall(EntryCall):
    """An attempt of a step: what it returns must be what steps may return."""

    __slots__ = ()

    def succeed(self, value: Any) -> Call | None:
        """Look at what was returned before it counts."""
        return _succeed(self, value)

    def kind_for(self, task: Definition) -> type[Call]:
        """The same for the next attempt."""
        return kind_for(task)


class AsyncStepCall(AsyncEntryCall):
    """The same, of an ``async def``."""

    __slots__ = ()

    def succeed(self, value: Any) -> Call | None:
        """Look at what was returned before it counts."""
        return _succeed(self, value)

    def kind_for(self, task: Definition) -> type[Call]:
        """The same for the next attempt."""
        return kind_for(task)


def _succeed(call: Any, value: Any) -> Call | None:
    """End well, and leave the place to the next only then: what comes of one step is sent before the next is run."""
    if value is not None:
        _check(call, value)
    with call.engine.changing:
        permits, call.permits = call.permits, ()
    try:
        return Call.succeed(call, value)
    finally:
        for permit in permits:
            permit.leave()


def kind_for(task: Definition) -> type[Call]:
    """The class of the calls of a step."""
    return AsyncStepCall if task.is_async else StepCall


def _check(call: Any, value: Any) -> None:
    """Raise ``WorkflowRuntimeError`` for a value that is no event, nor a list of events where lists may be returned."""
    if isinstance(value, Event):
        step: Step = call.task.step
        kind = type(value)
        if step.gives_lists and kind in step.gives_lists and kind not in step.gives:
            raise WorkflowRuntimeError(
                f"step {call.task.name} returned one {kind.__name__}, and its annotation says "
                f"list[{kind.__name__}]: return a list, or write `-> list[{kind.__name__}] | {kind.__name__}`"
            )
        return
    if call.stopped or call.future._call is not call:
        return  # it was given up: nobody looks at what it returns
    if isinstance(value, (list, tuple)):
        strange = [one for one in value if not isinstance(one, Event)]
        if strange:
            raise WorkflowRuntimeError(
                f"step {call.task.name} returned a list with {short(strange[0])} in it: all of it must be events"
            )
        if call.task.step.gives_lists:
            return
        kinds = " | ".join(dict.fromkeys(type(one).__name__ for one in value)) or "SomeEvent"
        raise WorkflowRuntimeError(
            f"step {call.task.name} returned a list of events, and its annotation does not say so: "
            f"write `-> list[{kinds}]`, or send each with ctx.send_event(...)"
        )
    raise WorkflowRuntimeError(
        f"step {call.task.name} returned {type(value).__name__} ({short(value)}) instead of an Event: return an event, "
        "a list of events where the annotation says list[...], or None"
    )
