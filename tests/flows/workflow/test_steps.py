# ruff: noqa: F821
"""``@step`` and ``@catch_error``: forms, options, and annotations that are text."""

from __future__ import annotations

import random
import textwrap
import types
from collections.abc import Callable
from typing import Any

import pytest
import tenacity

import ipyflow as fl
from ipyflow.engine.options import Retry
from ipyflow.errors import WorkflowValidationError
from ipyflow.flows.options import retries
from ipyflow.flows.workflow.events import Event, StartEvent, StepFailedEvent, StopEvent
from ipyflow.flows.workflow.step_options import Handler
from ipyflow.flows.workflow.steps import Step, catch_error, step
from ipyflow.flows.workflow.workflow import Workflow
from ipyflow.testing import Lab


class A(Event):
    pass


def step_of(fn: Any) -> Step:
    found = fn._step
    assert isinstance(found, Step)
    return found


# Forms.


def test_all_forms_leave_the_function_as_it_is() -> None:
    def bare(self: Any, ev: StartEvent) -> StopEvent:
        return StopEvent(result=ev.n + 1)

    for made in (step(bare), step()(bare), step(num_workers=2)(bare)):
        assert made is bare
        assert made(None, StartEvent(n=1)).result == 2
    assert step_of(bare).fn is bare
    assert step_of(bare).name == "bare"
    assert step_of(bare).num_workers == 2


def test_coroutine_functions_run_on_the_loop() -> None:
    @step
    async def one(self: Any, ev: A) -> None: ...

    @step
    def two(self: Any, ev: A) -> None: ...

    assert step_of(one).is_async
    assert not step_of(two).is_async


def test_static_methods_need_no_self() -> None:
    class W(Workflow):
        @staticmethod
        @step
        async def outside(ev: StartEvent) -> A: ...

        @step
        @staticmethod
        async def inside(ev: A) -> StopEvent: ...

    assert [one.takes_self for one in W.table.steps.values()] == [False, False]


def test_what_is_no_function() -> None:
    for wrong in (3, "name", len, print, A):
        with pytest.raises(WorkflowValidationError, match="@step goes on a method or a function"):
            step(wrong)
    with pytest.raises(WorkflowValidationError, match="@catch_error goes on a method"):
        catch_error()(3)


def test_steps_do_not_yield() -> None:
    with pytest.raises(WorkflowValidationError, match="it yields: return the events as a list"):

        @step
        async def one(self: Any, ev: A) -> Any:
            yield ev

    with pytest.raises(WorkflowValidationError, match="it yields"):

        @step
        def two(self: Any, ev: A) -> Any:
            yield ev


# Options.


def test_the_defaults() -> None:
    @step
    async def one(self: Any, ev: A) -> None: ...

    found = step_of(one)
    assert (found.num_workers, found.retries, found.timeout, found.handles) == (4, None, None, None)
    assert (found.skip_graph_checks, found.accept_event_subclasses) == (frozenset(), False)


def test_all_options() -> None:
    policy = Retry(2)

    @step(
        num_workers=2, retry_policy=policy, timeout=1.5, skip_graph_checks=["reachability", "dead_end"],
        accept_event_subclasses=True,
    )  # fmt: skip
    async def one(self: Any, ev: A) -> None: ...

    found = step_of(one)
    assert (found.num_workers, found.retries, found.timeout) == (2, policy, 1.5)
    assert (found.skip_graph_checks, found.accept_event_subclasses) == ({"reachability", "dead_end"}, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_workers": 0}, "num_workers=0: give a whole number of 1 or more"),
        ({"num_workers": True}, "num_workers=True: give a whole number"),
        ({"num_workers": 1.5}, "num_workers=1.5"),
        ({"retry_policy": "often"}, "retry_policy='often': give a number, True, Retry"),
        ({"retry_policy": Retry}, "retry_policy=<class"),
        ({"retry_policy": -1}, "give a whole number of retries"),
        ({"timeout": 0}, "timeout=0: give more than 0 seconds"),
        ({"timeout": "1s"}, "timeout='1s': give seconds"),
        ({"skip_graph_checks": ["terminal_event"]}, "there is no check 'terminal_event'; there are reachability, dead"),
        ({"accept_event_subclasses": 1}, "accept_event_subclasses=1: give True or False"),
        ({"workers": 3}, "@step has no option workers=: there are workflow, num_workers"),
    ],
)
def test_options_are_checked_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(WorkflowValidationError, match=message.replace("(", r"\(")):
        step(**options)


def test_names_of_one_check_may_be_text() -> None:
    @step(skip_graph_checks="dead_end")
    async def one(self: Any, ev: A) -> None: ...

    assert step_of(one).skip_graph_checks == {"dead_end"}


class Asked:
    """As a policy for retries of the field: asked with what was, it gives seconds or nothing."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, int, str]] = []

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        self.asked.append((elapsed_time, attempts, str(error)))
        return 2 if attempts < 3 else None


@pytest.mark.parametrize(
    ("given", "pauses"),
    [
        (2, [0.0, 0.0, None]),
        (True, [1, 1, 1]),
        (tenacity.stop_after_attempt(2), [0.0, None, None]),
        (tenacity.wait_fixed(3), [3.0, 3.0, 3.0]),
        (Asked(), [2.0, 2.0, None]),
    ],
)
def test_policies_for_retries(given: Any, pauses: list[float | None]) -> None:
    policy = retries(given)
    assert policy is not None

    class Low(random.Random):
        def random(self) -> float:
            return 0.0

    assert [policy.pause(n, OSError("x"), Low(), 5.0) for n in (1, 2, 3)] == pauses


def test_no_retries() -> None:
    assert [retries(given) for given in (None, 0, False)] == [None, None, None]


def test_a_policy_with_next_is_asked_with_the_time_gone_by(inline: Lab) -> None:
    policy = Asked()

    @fl.task(retries=policy)
    def fails() -> None:
        raise OSError("disk full")

    future = fails.submit()
    for _ in range(2):
        inline.clock.advance(2)
    assert isinstance(future.exception(), OSError)
    assert policy.asked == [(0.0, 1, "disk full"), (2.0, 2, "disk full"), (4.0, 3, "disk full")]


# Handlers.


def test_handlers() -> None:
    @catch_error
    async def every(self: Any, ev: StepFailedEvent) -> StopEvent: ...

    @catch_error()
    async def too(self: Any, ctx: Any, ev: StepFailedEvent) -> None: ...

    @catch_error(for_steps=["fetch", "load"], max_recoveries=3)
    async def some(self: Any, ev: StepFailedEvent) -> A | StopEvent: ...

    @catch_error(for_steps="fetch")
    def one(self: Any, ev: StepFailedEvent) -> None: ...

    assert step_of(every).handles == Handler(None, 1)
    assert step_of(some).handles == Handler(("fetch", "load"), 3)
    assert step_of(one).handles == Handler(("fetch",), 1)
    assert step_of(every).num_workers == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"for_steps": 3}, "for_steps=3: give a list of names of steps, as in for_steps="),
        ({"for_steps": [A]}, "give a list of names of steps"),
        ({"max_recoveries": 0}, "max_recoveries=0: give a whole number of 1 or more"),
        ({"num_workers": 2}, "@catch_error has no option num_workers=: there are for_steps, max_recoveries"),
    ],
)
def test_options_of_handlers_are_checked_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(WorkflowValidationError, match=message):
        catch_error(**options)


def test_handlers_take_failures_only() -> None:
    def other(self: Any, ev: A) -> None: ...
    def more(self: Any, ev: StepFailedEvent | A) -> None: ...
    def two(self: Any, ev: StepFailedEvent, a: A) -> None: ...

    for fn in (other, more, two):
        with pytest.raises(WorkflowValidationError, match="a handler takes a StepFailedEvent and nothing else"):
            catch_error(fn)


# Annotations as text, which all are in this module.


def test_classes_of_a_function() -> None:
    class Local(Event):
        pass

    @step
    async def one(self: Any, ev: Local) -> list[Local] | None: ...

    assert step_of(one).takes[0].types == (Local,) == step_of(one).gives_lists


def test_classes_of_functions_around_a_class() -> None:
    class Outer(Event):
        pass

    def inner() -> type[Workflow]:
        class Inner(Event):
            pass

        class W(Workflow):
            class Own(Event):
                pass

            @step
            async def start(self, ev: StartEvent) -> Outer | Inner | Own: ...

        return W

    assert [kind.__name__ for kind in inner().table.steps["start"].gives] == ["Outer", "Inner", "Own"]


def test_the_innermost_class_of_a_name_is_meant() -> None:
    class A(Event):
        pass

    class W(Workflow):
        @step
        async def start(self, ev: StartEvent) -> A: ...

    assert W.table.steps["start"].gives == (A,)


def test_a_decorator_of_ones_own_between() -> None:
    def busy(fn: Callable[..., Any]) -> Callable[..., Any]:
        A = "in the way"
        assert A
        return step(num_workers=9)(fn)

    class Local(Event):
        pass

    class W(Workflow):
        @busy
        async def start(self, ev: StartEvent) -> Local | A: ...

    assert W.table.steps["start"].gives == (Local, A)


def test_steps_that_call_super() -> None:
    class Local(Event):
        pass

    class Base(Workflow):
        @step
        async def start(self, ev: StartEvent) -> Local: ...

    class W(Base):
        @step
        async def start(self, ev: StartEvent) -> Local:
            return await super().start(ev)

    assert W.table.steps["start"].fn is W.start


def test_code_that_is_run_in_a_function() -> None:
    code = """
class Local(Event):
    pass
class W(Workflow):
    @step
    async def start(self, ev: "StartEvent") -> "Local": ...
"""
    names: dict[str, Any] = {}
    exec(compile(code, "<code>", "exec", dont_inherit=True), globals(), names)
    assert names["W"].table.steps["start"].gives == (names["Local"],)


def test_cells_of_a_notebook() -> None:
    cell = textwrap.dedent(
        """
        from __future__ import annotations
        from ipyflow.workflows import *
        class Found(Event):
            page: str
        class Search(Workflow):
            @step
            async def start(self, ctx: Context, ev: StartEvent) -> list[Found]: ...
            @step
            async def join(self, ev: Annotated[list[Found], Collect(Take(2))]) -> StopEvent | None: ...
        """
    ).replace("*", "*\nfrom typing import Annotated", 1)
    main = types.ModuleType("__main__")
    exec(compile(cell, "<cell>", "exec", dont_inherit=True), main.__dict__)
    assert main.Search.table.list_joins("start") == ("join",)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(WorkflowValidationError, match=r"step test_a_name.*one: the return annotation cannot be read"):

        @step
        async def one(self: Any, ev: A) -> Later: ...
