"""A step fails: the run ends with its error, the others are noted; a handler may go on instead."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import WorkflowRuntimeError
from ipyflow.model import records as r
from ipyflow.testing import Lab
from ipyflow.workflows import (
    Context,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Workflow,
    WorkflowFailedEvent,
    catch_error,
    step,
)
from tests.engine.gates import SOON, Gate, eventually
from tests.flows.workflow.common import A, B, Boom, C, notes, of, sent, states, steps
from tests.flows.workflow.reading import check_log
from tests.flows.workflow.test_retries import held_up


class Failing(Workflow):
    @step
    def begin(self, ev: StartEvent) -> A:
        return A(n=5)

    @step
    def work(self, ev: A) -> StopEvent:
        raise Boom("it broke")


def test_waiters_get_the_very_error_with_its_own_lines(lab: Lab) -> None:
    error = Boom("mine")

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            raise error

    future = W().run()
    with pytest.raises(Boom) as raised:
        future.result(SOON)
    assert raised.value is error
    lines = [entry.name for entry in raised.traceback]
    assert lines[-1] == "begin"
    assert future.exception() is error


def test_the_error_is_noted_with_step_event_and_run(lab: Lab) -> None:
    future = Failing().run()
    with pytest.raises(Boom) as raised:
        future.result(SOON)
    told = notes(raised.value)
    assert "work" in told
    assert "A(n=5)" in told
    assert f"run {future.run.id}" in told


def test_the_rest_is_stopped(lab: Lab) -> None:
    at_work, cancelled = threading.Event(), threading.Event()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A | B]:
            return [A(), B()]

        @step
        def fails(self, ev: A) -> C:
            assert at_work.wait(SOON)
            raise Boom

        @step
        def slow(self, ev: B) -> C:
            at_work.set()
            eventually(lambda: fl.current().cancelled)
            cancelled.set()
            return C()

        @step
        def end(self, evs: list[C]) -> StopEvent:
            return StopEvent()

    future = W().run()
    with pytest.raises(Boom):
        future.result(SOON)
    assert cancelled.wait(SOON)
    lab.settled()
    assert (states(future, "fails"), states(future, "slow"), states(future, "end")) == (["failed"], ["cancelled"], [])
    assert future.state == "failed"
    check_log(future.run)


def test_other_failures_are_notes_on_the_first(lab: Lab) -> None:
    """They come while the run is being ended; none is lost."""

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=0), A(n=1)]

        @step
        def work(self, ev: A) -> B:
            both_run.wait(SOON)
            if ev.n:
                assert stands.wait(SOON)
            raise Boom(f"number {ev.n}")

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent()

    both_run = threading.Barrier(3)
    future = W().run()
    stands, go = held_up(future._workflow_run.closing, "fail", lambda error, *_: error.args == ("number 0",))
    both_run.wait(SOON)
    with pytest.raises(Boom, match="number 1") as raised:
        future.result(SOON)
    go.set()
    lab.settled()
    (noted,) = [record.text for record in of(future, r.Noted) if record.kind == "failed too"]
    assert "work" in noted
    assert "Boom: number 0" in noted
    assert noted in notes(raised.value)
    assert states(future, "work") == ["failed", "failed"]


def test_the_last_event_of_the_stream_tells_of_it(timed: Lab) -> None:
    class W(Workflow):
        @step(retry_policy=fl.Retry(2, backoff=(3, 3)))
        def begin(self, ev: StartEvent) -> StopEvent:
            raise Boom("each time")

    future = W(timeout=None).run()
    for _ in range(2):
        eventually(lambda: timed.clock.planned)
        timed.clock.advance(3)
    (last,) = list(future.stream_events())
    assert type(last) is WorkflowFailedEvent
    assert (last.step_name, last.exception_type, last.exception_message) == ("begin", "Boom", "each time")
    assert (last.attempts, last.elapsed_seconds) == (3, 6.0)
    assert "raise Boom" in last.traceback
    assert last.exception is future.exception(SOON)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_exits_and_interrupts_in_a_step_fail_the_run_only(kind: type[BaseException], lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            raise kind("leaving")

    future = W().run()
    error = future.exception(SOON)
    assert kind.__name__ in f"{type(error).__name__} {error}"
    assert "leaving" in str(error)
    assert states(future, "begin") == ["failed"]


@pytest.mark.parametrize("value", [3, "text", object, {"a": 1}, A, b"x"])
def test_a_step_that_returns_what_is_no_event(value: Any, lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            return value

    with pytest.raises(WorkflowRuntimeError) as raised:
        W().run().result(SOON)
    told = str(raised.value)
    assert "step begin returned" in told
    assert type(value).__name__ in told
    assert "instead of an Event" in told


def test_a_wrong_type_is_tried_again_and_handled_like_any_failure(lab: Lab) -> None:
    class W(Workflow):
        runs = 0

        @step(retry_policy=1)
        def begin(self, ev: StartEvent) -> A:
            W.runs += 1
            return 3  # type: ignore[return-value]

        @catch_error
        def handler(self, ev: StepFailedEvent) -> A:
            assert isinstance(ev.exception, WorkflowRuntimeError)
            return A(n=ev.attempts)

        @step
        def end(self, ev: A) -> StopEvent:
            return StopEvent(result=ev.n)

    assert W().run().result(SOON) == 2
    assert W.runs == 2


def test_an_event_that_is_not_in_the_annotation_is_sent_all_the_same(lab: Lab) -> None:
    """As in the system that it comes from: annotations are for the check before the run."""

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A | B:
            return A()

        @step
        def middle(self, ev: A) -> A | StopEvent:
            return B(n=3)  # type: ignore[return-value]

        @step
        def end(self, ev: B) -> StopEvent:
            return StopEvent(result=ev.n)

    assert W().run().result(SOON) == 3


# Handlers.


class Handled(Workflow):
    @step
    def begin(self, ev: StartEvent) -> A:
        return A(n=7)

    @step(retry_policy=1)
    def work(self, ev: A) -> B:
        raise Boom("broken")

    @step
    def end(self, ev: B) -> StopEvent:
        return StopEvent(result=ev.n)


def test_a_handler_is_told_all_of_the_failure(lab: Lab) -> None:
    got: list[StepFailedEvent] = []

    class W(Handled):
        @catch_error
        def handler(self, ev: StepFailedEvent) -> B:
            got.append(ev)
            return B(n=1)

    future = W().run()
    assert future.result(SOON) == 1
    (failed,) = got
    assert failed.step_name == "work"
    assert failed.input_event.n == 7  # type: ignore[union-attr]
    assert isinstance(failed.exception, Boom)
    assert failed.attempts == 2
    assert failed.elapsed_seconds >= 0
    assert (datetime.now(UTC) - failed.failed_at).total_seconds() < 3600
    assert states(future, "work") == ["failed"]
    assert sent(future)[2] == ("StepFailedEvent", ("handler",))
    handler = steps(future, "handler")[0]
    assert handler.refs == (steps(future, "work")[0].id,)
    lab.settled()


def test_a_failure_that_was_handled_is_no_failure_that_nobody_looked_at(lab: Lab) -> None:
    class W(Handled):
        @catch_error
        async def handler(self, ctx: Context, ev: StepFailedEvent) -> B:
            return B(n=2)

    future = W().run()
    assert future.result(SOON) == 2
    lab.settled()
    assert [record for record in of(future, r.Noted) if record.kind == "unobserved"] == []


def test_a_handler_that_names_the_step_comes_before_the_one_for_all(lab: Lab) -> None:
    class W(Handled):
        @catch_error
        def any(self, ev: StepFailedEvent) -> B:
            return B(n=1)

        @catch_error(for_steps=["work"])
        def named(self, ev: StepFailedEvent) -> B:
            return B(n=2)

    assert W().run().result(SOON) == 2


def test_a_handler_for_other_steps_does_not_handle_it(lab: Lab) -> None:
    class W(Handled):
        @catch_error(for_steps=["begin", "end"])
        def named(self, ev: StepFailedEvent) -> B:
            return B(n=2)

    with pytest.raises(Boom):
        W().run().result(SOON)


def test_a_handler_may_give_nothing_or_end_the_run(lab: Lab) -> None:
    class Stops(Handled):
        @catch_error
        def handler(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent(result=f"gave up: {ev.exception}")

    assert Stops().run().result(SOON) == "gave up: broken"

    class Nothing(Handled):
        @catch_error
        def handler(self, ev: StepFailedEvent) -> None: ...

    with pytest.raises(fl.errors.WorkflowStalled):
        Nothing().run().result(SOON)


def test_what_a_handler_raises_ends_the_run(lab: Lab) -> None:
    class W(Handled):
        @catch_error
        def handler(self, ev: StepFailedEvent) -> B:
            raise ValueError("no way") from ev.exception

    with pytest.raises(ValueError, match="no way") as raised:
        W().run().result(SOON)
    assert isinstance(raised.value.__cause__, Boom)


def test_a_handler_may_raise_the_error_again(lab: Lab) -> None:
    class W(Handled):
        @catch_error
        def handler(self, ev: StepFailedEvent) -> B:
            raise ev.exception

    with pytest.raises(Boom):
        W().run().result(SOON)


@pytest.mark.parametrize("most", [1, 2, 5])
def test_so_many_recoveries_on_the_way_of_one_event(most: int, lab: Lab) -> None:
    class W(Workflow):
        runs = 0

        @step
        def begin(self, ev: StartEvent) -> A:
            return A()

        @step
        def work(self, ev: A) -> B:
            W.runs += 1
            raise Boom

        @catch_error(max_recoveries=most)
        def handler(self, ev: StepFailedEvent) -> A:
            return A()

        @step
        def end(self, ev: B) -> StopEvent:
            return StopEvent()

    with pytest.raises(Boom):
        W().run().result(SOON)
    assert W.runs == most + 1


def test_each_event_has_recoveries_of_its_own(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(20)]

        @step
        def work(self, ev: A) -> B:
            if ev.n < 100:
                raise Boom
            return B(n=ev.n)

        @catch_error(max_recoveries=1)
        def handler(self, ev: StepFailedEvent) -> A:
            return A(n=100 + ev.input_event.n)  # type: ignore[union-attr]

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    assert W().run().result(SOON) == [100 + n for n in range(20)]


def test_events_that_go_on_together_have_the_most_recoveries_of_them(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A | B:
            ctx.send_event(A())
            return B()

        @step
        def work(self, ev: A) -> C:
            raise Boom("first")

        @catch_error(max_recoveries=1)
        def handler(self, ev: StepFailedEvent) -> C:
            return C()

        @step
        def both(self, c: C, b: B) -> StopEvent:
            raise Boom("second")

    with pytest.raises(Boom, match="second"):
        W().run().result(SOON)


def test_what_is_sent_from_a_handler_counts_as_its_recovery(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A:
            return A()

        @step
        def work(self, ev: A) -> B:
            raise Boom(ev.n)

        @catch_error(max_recoveries=2)
        def handler(self, ctx: Context, ev: StepFailedEvent) -> A | None:
            ctx.send_event(A(n=ev.input_event.n + 1))  # type: ignore[union-attr]
            return None

        @step
        def end(self, ev: B) -> StopEvent:
            return StopEvent()

    with pytest.raises(Boom, match="2"):
        W().run().result(SOON)


def test_failures_of_handlers_are_not_handled(lab: Lab) -> None:
    class W(Handled):
        @catch_error(for_steps=["work"])
        def first(self, ev: StepFailedEvent) -> B:
            raise ValueError("handler")

        @catch_error
        def second(self, ev: StepFailedEvent) -> B:
            raise AssertionError("handlers have no handler")

    with pytest.raises(ValueError, match="handler"):
        W().run().result(SOON)


def test_a_failing_join_and_a_failing_list_are_handled(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=1), A(n=2)]

        @step
        def gather(self, evs: list[A]) -> B | C:
            raise Boom("list")

        @step
        def pair(self, b: B, c: C) -> StopEvent:
            raise Boom("pair")

        @catch_error(max_recoveries=3)
        def handler(self, ctx: Context, ev: StepFailedEvent) -> B | C | StopEvent | None:
            seen.append((ev.step_name, type(ev.input_event).__name__))
            if ev.step_name == "pair":
                return StopEvent(result=seen)
            ctx.send_event(B())
            return C()

    seen: list[tuple[str, str]] = []
    assert W().run().result(SOON) == [("gather", "A"), ("pair", "B")]


def test_a_list_join_of_nothing_that_fails_is_handled(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return []

        @step
        def gather(self, evs: list[A]) -> StopEvent:
            raise Boom

        @catch_error
        def handler(self, ev: StepFailedEvent) -> StopEvent:
            return StopEvent(result=ev.input_event)

    assert W().run().result(SOON) is None


def test_a_failure_after_a_stop_event_was_sent_changes_nothing(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.send_event(StopEvent(result="sent"))
            gate.stand()
            raise Boom

    future = W().run()
    assert future.result(SOON) == "sent"
    gate.open()
    lab.settled()
    assert future.result() == "sent"
