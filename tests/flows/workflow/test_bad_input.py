"""What cannot be: each is refused where it is written, names what was given, and says what to write."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import pytest
from pydantic import field_validator

from ipyflow.errors import (
    ContextStateError,
    UnhandledEventWarning,
    WorkflowConfigurationError,
    WorkflowRuntimeError,
    WorkflowStalled,
    WorkflowValidationError,
)
from ipyflow.testing import Lab
from ipyflow.workflows import (
    Context,
    Event,
    Resource,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Workflow,
    catch_error,
    step,
)
from tests.engine.gates import SOON, Gate
from tests.flows.workflow.common import A, B, Boom, sent, states, steps


class Plain(Workflow):
    @step
    def begin(self, ev: StartEvent) -> A:
        return A(n=ev.get("n", 0))

    @step
    def end(self, ev: A) -> StopEvent:
        return StopEvent(result=ev.n)


# What run() is given.


class Own(StartEvent):
    topic: str
    depth: int = 1


class Needs(Workflow):
    @step
    def begin(self, ev: Own) -> StopEvent:
        return StopEvent(result=ev.topic * ev.depth)


def test_values_that_make_no_start_event(lab: Lab) -> None:
    with pytest.raises(WorkflowRuntimeError) as raised:
        Needs().run()
    told = str(raised.value)
    assert "topic" in told
    assert "run(topic=..., depth=...)" in told
    with pytest.raises(WorkflowRuntimeError, match="depth"):
        Needs().run(topic="x", depth="much")
    assert not lab.runs


def test_two_start_events(lab: Lab) -> None:
    with pytest.raises(WorkflowRuntimeError, match="one start event; put depth into it"):
        Needs().run(start_event=Own(topic="x"), depth=3)
    assert not lab.runs


@pytest.mark.parametrize("wrong", [StartEvent(), A(), "text", 3])
def test_a_start_event_of_another_kind(wrong: Any, lab: Lab) -> None:
    with pytest.raises(WorkflowRuntimeError, match=f"begins with a Own, not with {type(wrong).__name__}"):
        Needs().run(start_event=wrong)
    assert not lab.runs


def test_two_kinds_of_start_events(lab: Lab) -> None:
    class Two(Workflow):
        @step
        def one(self, ev: StartEvent) -> StopEvent:
            return StopEvent()

        @step
        def two(self, ev: Own) -> StopEvent:
            return StopEvent()

    with pytest.raises(WorkflowConfigurationError, match="StartEvent") as raised:
        Two().run()
    assert "Own" in str(raised.value)
    assert not lab.runs


def test_what_does_not_fit_together_is_said_by_run_and_starts_nothing(lab: Lab) -> None:
    class Broken(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A | StopEvent:
            return A()

        @step
        def waits(self, ev: B) -> None: ...

    with pytest.raises(WorkflowValidationError) as raised:
        Broken().run()
    told = str(raised.value)
    assert "begin gives A" in told
    assert "waits takes B" in told
    assert not lab.runs


def test_a_second_start_event_on_the_way_is_an_event_like_any_other(lab: Lab) -> None:
    class Again(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StartEvent | StopEvent:
            return StopEvent(result="end") if ev.get("n") else StartEvent(n=1)

    assert Again().run().result(SOON) == "end"


# What is sent.


@pytest.fixture
def standing(lab: Lab) -> Any:
    """A run whose first step stands."""
    gate = Gate()

    class W(Plain):
        @step
        def begin(self, ev: StartEvent) -> A:
            gate.stand()
            return A(n=1)

    future = W().run()
    gate.reached()
    yield future
    gate.open()
    assert future.result(SOON) == 1


@pytest.mark.parametrize("wrong", ["text", None, 3, A, {"n": 1}, [A()]])
def test_sending_what_is_no_event(wrong: Any, standing: Any) -> None:
    with pytest.raises(WorkflowRuntimeError, match=f"takes an event, not {type(wrong).__name__}"):
        standing.send_event(wrong)


def test_sending_to_a_step_that_is_not_there(standing: Any) -> None:
    with pytest.raises(WorkflowRuntimeError, match=r"there is no step 'finish' in W: its steps are begin, end"):
        standing.send_event(A(), step="finish")


def test_sending_to_a_step_that_does_not_take_it(standing: Any) -> None:
    with pytest.raises(WorkflowRuntimeError, match="step end does not take B: it takes A"):
        standing.send_event(B(), step="end")


def test_the_same_inside_a_step_fails_the_step(lab: Lab) -> None:
    class W(Plain):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A:
            for wrong in (lambda: ctx.send_event("text"), lambda: ctx.send_event(A(), step="nowhere")):
                with pytest.raises(WorkflowRuntimeError):
                    wrong()
            ctx.send_event(B(), step="end")
            return A()

    future = W().run()
    with pytest.raises(WorkflowRuntimeError, match="does not take B"):
        future.result(SOON)
    assert [kind for kind, _ in sent(future)] == ["StartEvent"], "a refused event was recorded"


def test_a_handler_of_failures_is_sent_nothing_by_hand(lab: Lab) -> None:
    class W(Plain):
        @catch_error(for_steps=["end"])
        def handler(self, ev: StepFailedEvent) -> A:
            return A()

        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A:
            ctx.send_event(A(), step="handler")
            return A()

    with pytest.raises(WorkflowRuntimeError, match="step handler does not take A"):
        W(disable_validation=True).run().result(SOON)


# Events that fail their own validation.


class Checked(Event):
    n: int

    @field_validator("n")
    @classmethod
    def positive(cls, n: int) -> int:
        if n < 0:
            raise ValueError("n must be positive")
        return n


@pytest.mark.parametrize("values", [{}, {"n": "many"}, {"n": -1}])
def test_an_event_that_fails_its_own_validation_fails_the_step_that_makes_it(values: Any, lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> Checked:
            return Checked(**values)

        @step
        def end(self, ev: Checked) -> StopEvent:
            return StopEvent(result=ev.n)

    future = W().run()
    with pytest.raises(ValueError, match="Checked"):
        future.result(SOON)
    assert states(future, "begin") == ["failed"]
    assert steps(future, "end") == []


def test_an_event_that_is_changed_on_the_way_is_what_it_is(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> Checked:
            event = Checked(n=1)
            event.n = -5
            return event

        @step
        def end(self, ev: Checked) -> StopEvent:
            return StopEvent(result=ev.n)

    assert W().run().result(SOON) == -5


def test_an_event_that_cannot_be_shown(lab: Lab) -> None:
    class Odd(Event):
        def __repr__(self) -> str:
            raise Boom

        __str__ = __repr__

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> Odd:
            return Odd(x=1)

        @step
        def end(self, ev: Odd) -> StopEvent:
            return StopEvent(result=ev.x)

    assert W(verbose=False).run().result(SOON) == 1


def test_an_event_that_compares_to_nothing(lab: Lab) -> None:
    class Odd(Event):
        def __eq__(self, other: object) -> bool:
            raise Boom

        __hash__ = None  # type: ignore[assignment]

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[Odd]:
            return [Odd(), Odd()]

        @step
        def more(self, ctx: Context, ev: Odd) -> B | None:
            return B() if ctx.collect_events(ev, [Odd, Odd]) else None

        @step
        def end(self, evs: list[Odd | B]) -> StopEvent:
            return StopEvent(result=len(evs))

    assert W().run().result(SOON) == 3


# Resources.


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize("factory_is_async", [True, False])
def test_a_factory_that_raises_fails_the_step(is_async: bool, factory_is_async: bool, lab: Lab) -> None:
    def broken() -> int:
        raise Boom("no connection")

    async def broken_soon() -> int:
        await asyncio.sleep(0)
        raise Boom("no connection")

    factory = broken_soon if factory_is_async else broken

    class Thread(Workflow):
        @step
        def begin(self, ev: StartEvent, db: Annotated[int, Resource(factory)]) -> StopEvent:
            raise AssertionError("it was run without its resource")

    class Loop(Workflow):
        @step
        async def begin(self, ev: StartEvent, db: Annotated[int, Resource(factory)]) -> StopEvent:
            raise AssertionError("it was run without its resource")

    future = (Loop if is_async else Thread)().run()
    with pytest.raises(Boom, match="no connection"):
        future.result(SOON)
    assert states(future, "begin") == ["failed"]


def test_a_factory_that_raises_is_tried_again_and_handled_like_any_failure(lab: Lab) -> None:
    made: list[int] = []

    def shaky() -> int:
        made.append(1)
        if len(made) < 3:
            raise Boom
        return len(made)

    class W(Workflow):
        @step(retry_policy=1)
        def begin(self, ev: StartEvent, db: Annotated[int, Resource(shaky)]) -> A:
            return A(n=db)

        @catch_error
        def handler(self, ev: StepFailedEvent, db: Annotated[int, Resource(shaky)]) -> A:
            return A(n=100 * ev.attempts + db)

        @step
        def end(self, ev: A) -> StopEvent:
            return StopEvent(result=ev.n)

    assert W().run().result(SOON) == 203


def test_a_resource_that_depends_on_itself_is_found_before_the_run(lab: Lab) -> None:
    def one(two: Any) -> int:
        return 1

    def two(one: Annotated[int, Resource(one)]) -> int:
        return 2

    one.__annotations__["two"] = Annotated[int, Resource(two)]

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent, db: Annotated[int, Resource(one)]) -> StopEvent:
            return StopEvent(result=db)

    with pytest.raises(WorkflowValidationError) as raised:
        W().run()
    told = str(raised.value)
    assert "one" in told
    assert "two" in told
    assert not lab.runs


# The context.


def test_a_context_without_a_run() -> None:
    context = Context(Plain())
    for act in (
        lambda: context.send_event(A()),
        lambda: context.collect_events(A(), [A]),
        lambda: context.write_event_to_stream(A()),
        lambda: context.wait_for_event(A),
        context.retry_info,
    ):
        with pytest.raises(ContextStateError, match=r"workflow\.run\(ctx=\.\.\.\)"):
            act()
    assert not context.is_running
    assert context.running_steps() == []


def test_asking_for_retries_outside_of_a_step(standing: Any) -> None:
    with pytest.raises(ContextStateError, match="for the body of a step"):
        standing.ctx.retry_info()


def test_a_run_without_validation_still_needs_a_beginning_and_an_end(lab: Lab) -> None:
    class NoEnd(Workflow):
        @step
        def begin(self, ev: StartEvent) -> None: ...

    class NoBeginning(Workflow):
        @step
        def end(self, ev: A) -> StopEvent:
            return StopEvent()

    class Nothing(Workflow): ...

    for kind in (NoEnd, NoBeginning, Nothing):
        with pytest.raises(WorkflowConfigurationError):
            kind(disable_validation=True).run()
    assert not lab.runs


def test_a_start_event_that_nobody_takes_as_it_is(lab: Lab) -> None:
    """A subclass of the start event goes to who takes exactly that, as any event does: to nobody here."""

    class Special(StartEvent): ...

    with pytest.warns(UnhandledEventWarning, match="Special"):
        future = Plain(timeout=None).run(start_event=Special())
        with pytest.raises(WorkflowStalled, match="Special"):
            future.result(SOON)
        lab.settled()
