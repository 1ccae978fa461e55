"""Retries: those of a step's own policy, and those that somebody asks for when a run has ended badly."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import Any

import pytest
import tenacity

import ipyflow as fl
from ipyflow.errors import WorkflowCancelled, WorkflowStalled, WorkflowTimeoutError
from ipyflow.model import records as r
from ipyflow.testing import Lab
from ipyflow.workflows import (
    Context,
    Event,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Workflow,
    catch_error,
    step,
)
from tests.engine.gates import SOON, Gate, eventually
from tests.flows.workflow.common import (
    A,
    Answer,
    B,
    Boom,
    C,
    Question,
    of,
    sent,
    states,
    step_named,
    steps,
    until_it_waits,
)


class Failing(Workflow):
    """Fails as often as ``fails`` says."""

    fails = 1
    runs: list[str]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.runs = []

    def note(self, name: str) -> int:
        self.runs.append(name)
        return self.runs.count(name)


# Asked for.


def test_a_retry_goes_on_with_the_step_that_failed(lab: Lab) -> None:
    class W(Failing):
        @step
        def first(self, ev: StartEvent) -> A:
            self.note("first")
            return A(n=1)

        @step
        def second(self, ev: A) -> StopEvent:
            if self.note("second") == 1:
                raise Boom
            return StopEvent(result=ev.n)

    w = W()
    future = w.run()
    with pytest.raises(Boom):
        future.result(SOON)
    assert future.retry() is future
    assert future.result(SOON) == 1
    assert w.runs == ["first", "second", "second"]
    assert states(future, "second") == ["succeeded"]
    assert [one.number for one in steps(future, "second")[0].attempts] == [1, 2]


def test_a_retry_of_the_failed_step_alone_lets_the_run_go_on(lab: Lab) -> None:
    class W(Failing):
        @step
        def first(self, ev: StartEvent) -> A | StopEvent:
            if self.note("first") == 1:
                raise Boom
            return StopEvent(result="done")

        @step
        def other(self, ev: A) -> None: ...

    w = W(skip_graph_checks=["dead_end"])
    future = w.run()
    with pytest.raises(Boom):
        future.result(SOON)
    step_named(future, "first").retry()
    assert future.result(SOON) == "done"


def test_what_was_interrupted_is_run_again_for_the_same_event_once(lab: Lab) -> None:
    class W(Failing):
        def __init__(self) -> None:
            super().__init__()
            self.slow_runs = threading.Event()

        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=1), A(n=2)]

        @step
        async def work(self, ev: A) -> B:
            times = self.note(f"work {ev.n}")
            if ev.n == 1 and times == 1:
                self.slow_runs.set()
                await asyncio.Event().wait()
            if ev.n == 2 and times == 1:
                await asyncio.get_running_loop().run_in_executor(None, self.slow_runs.wait, SOON)
                raise Boom
            return B(n=ev.n)

        @step
        def gather(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    w = W()
    future = w.run()
    with pytest.raises(Boom):
        future.result(SOON)
    future.retry()
    assert future.result(SOON) == [1, 2]
    assert Counter(w.runs) == {"work 1": 2, "work 2": 2}
    assert [kind for kind, _ in sent(future)] == ["StartEvent", "A", "A", "B", "B"]


def test_a_retry_of_the_whole_run_runs_nothing_twice(lab: Lab) -> None:
    """``run.retry()`` retries all that failed or was cancelled: what runs again by itself is not run twice."""

    class W(Failing):
        def __init__(self) -> None:
            super().__init__()
            self.slow_runs = threading.Event()

        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=1), A(n=2)]

        @step
        async def work(self, ev: A) -> B:
            times = self.note(f"work {ev.n}")
            if ev.n == 1 and times == 1:
                self.slow_runs.set()
                await asyncio.Event().wait()
            if ev.n == 2 and times == 1:
                await asyncio.get_running_loop().run_in_executor(None, self.slow_runs.wait, SOON)
                raise Boom
            return B(n=ev.n)

        @step
        def gather(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    w = W()
    future = w.run()
    with pytest.raises(Boom):
        future.result(SOON)
    assert future.run.wait(SOON)
    future.run.retry()
    assert future.result(SOON) == [1, 2]
    assert future.run.wait(SOON)
    assert Counter(w.runs) == {"work 1": 2, "work 2": 2}
    assert [kind for kind, _ in sent(future)] == ["StartEvent", "A", "A", "B", "B"]


def test_an_interrupted_step_whose_event_was_handled_since_is_not_run_for_it_once_more(lab: Lab) -> None:
    class W(Failing):
        def __init__(self) -> None:
            super().__init__()
            self.stands, self.go = threading.Event(), Gate()

        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=1), A(n=2)]

        @step
        async def work(self, ev: A) -> B:
            times = self.note(f"work {ev.n}")
            if ev.n == 1 and times == 1:
                self.stands.set()
                await asyncio.Event().wait()
            if ev.n == 2 and times == 1:
                await asyncio.get_running_loop().run_in_executor(None, self.stands.wait, SOON)
                raise Boom
            return B(n=ev.n)

        @step
        def gather(self, evs: list[B]) -> C:
            return C(n=len(evs))

        @step
        def last(self, ev: C) -> StopEvent:
            self.go.stand()
            return StopEvent(result=ev.n)

    w = W()
    future = w.run()
    with pytest.raises(Boom):
        future.result(SOON)
    eventually(lambda: any(one.state == "cancelled" for one in future.run.failed.values()))
    interrupted = next(one for one in future.run.failed.values() if one.state == "cancelled")
    future.retry()
    w.go.reached()
    try:
        interrupted.retry()
    except RuntimeError:
        pass  # to refuse is as good
    w.go.open()
    assert future.result(SOON) == 2
    lab.settled()
    assert Counter(w.runs)["work 1"] == 2
    assert [kind for kind, _ in sent(future)].count("B") == 2


class Two(Failing):
    """Two events of one list; the step of the first fails once the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.both_run, self.may_fail = threading.Barrier(3), threading.Event()

    @step
    def begin(self, ev: StartEvent) -> list[A]:
        return [A(n=1), A(n=2)]

    @step
    def work(self, ev: A) -> B | StopEvent:
        times = self.note(f"work {ev.n}")
        if times == 1:
            self.both_run.wait(SOON)
        if times == ev.n == 1:
            assert self.may_fail.wait(SOON)
        if (ev.n == 1 and times == 1) or (ev.n == 2 and times <= self.fails):
            raise Boom(ev.n)
        return self.gift(ev)

    def gift(self, ev: A) -> B | StopEvent:
        return B(n=ev.n)

    @step
    def gather(self, evs: list[B]) -> StopEvent:
        return StopEvent(result=sorted(one.n for one in evs))


def held_up(owner: Any, name: str, wanted: Any) -> tuple[threading.Event, threading.Event]:
    """The call of a method for which ``wanted`` is true stands until the second event is set; then the first is."""
    stands, go = threading.Event(), threading.Event()
    method = getattr(owner, name)

    def held(*args: Any, **named: Any) -> Any:
        if not stands.is_set() and wanted(*args):
            stands.set()
            assert go.wait(SOON)
        return method(*args, **named)

    setattr(owner, name, held)
    return stands, go


@pytest.mark.parametrize("late", ["before the retry", "after the retry", "after its end"])
def test_two_steps_that_fail_at_once_are_both_run_again(late: str, lab: Lab) -> None:
    w = Two()
    future = w.run()
    stands, go = held_up(future._workflow_run.closing, "fail", lambda error, by, turn: error.args == (2,))
    w.both_run.wait(SOON)
    assert stands.wait(SOON)
    w.may_fail.set()
    with pytest.raises(Boom, match="1"):
        future.result(SOON)
    if late == "before the retry":
        go.set()
        assert future.run.wait(SOON)
    future.retry()
    if late == "after its end":
        fl.wait([future], SOON)
    go.set()
    fl.wait([future], SOON)
    if future.exception() is not None:
        future.retry()
    assert future.result(SOON) == [1, 2]
    assert future.run.wait(SOON)
    assert [kind for kind, _ in sent(future)].count("B") == 2


@pytest.mark.parametrize("late", ["before the retry", "after the retry", "after its end"])
@pytest.mark.parametrize("gives", ["an event", "a stop event"])
def test_a_step_that_ends_at_the_moment_of_a_failure_counts_once(gives: str, late: str, lab: Lab) -> None:
    class W(Two):
        fails = 0

        def gift(self, ev: A) -> B | StopEvent:
            return StopEvent(result=[1, 2]) if gives == "a stop event" and ev.n == 2 else B(n=ev.n)

    w = W()
    future = w.run()
    run = future._workflow_run
    if gives == "a stop event":
        stands, go = held_up(run.closing, "stop", lambda event, by, turn: True)
    else:
        stands, go = held_up(run, "step_ended", lambda by, turn, value, error: by.step.name == "work" and error is None)
    w.both_run.wait(SOON)
    assert stands.wait(SOON)
    w.may_fail.set()
    with pytest.raises(Boom):
        future.result(SOON)
    if late == "before the retry":
        go.set()
        lab.settled()
    future.retry()
    if late == "after its end":
        fl.wait([future], SOON)
    go.set()
    assert future.result(SOON) == [1, 2]
    lab.settled()
    if gives == "an event":
        assert [kind for kind, _ in sent(future)].count("B") == 2


@pytest.mark.parametrize("first", ["the run", "the step"])
@pytest.mark.parametrize("second", ["the run", "the step", "all of the run"])
def test_two_retries_at_once_run_each_step_once(first: str, second: str, lab: Lab) -> None:
    """The first has begun to run the failed step again, and the second comes before the run goes on."""

    class W(Failing):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=1)]

        @step
        def work(self, ev: A) -> B:
            if self.note("work") == 1:
                raise Boom
            both_asked.stand()
            return B(n=ev.n)

        @step
        def gather(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=[one.n for one in evs])

    both_asked = Gate()
    w = W()
    future = w.run()
    with pytest.raises(Boom):
        future.result(SOON)
    assert future.run.wait(SOON)
    failed = step_named(future, "work")
    acts = {"the run": future.retry, "the step": failed.retry, "all of the run": future.run.retry}
    (go_on,) = future.run.dependants[failed.id]
    stands, go = threading.Event(), threading.Event()

    def held() -> None:
        stands.set()
        assert go.wait(SOON)
        go_on()

    future.run.dependants[failed.id] = [held]
    one = threading.Thread(target=acts[first])
    one.start()
    assert stands.wait(SOON)
    two = threading.Thread(target=retried, args=(acts[second],))
    two.start()
    two.join(0.1)  # it may wait for the first
    go.set()
    one.join(SOON)
    two.join(SOON)
    both_asked.reached()
    both_asked.open()
    assert future.result(SOON) == [1]
    lab.settled()
    assert w.runs == ["work", "work"]
    assert [kind for kind, _ in sent(future)] == ["StartEvent", "A", "B"]


def retried(act: Any) -> None:
    try:
        act()
    except RuntimeError as error:
        assert "cannot be retried" in str(error)  # noqa: PT017 - to be refused is as good


def test_a_cancel_in_the_middle_of_a_retry(lab: Lab) -> None:
    """Three steps were interrupted, and one of them runs again when the run is cancelled."""

    class W(Failing):
        def __init__(self) -> None:
            super().__init__()
            self.all_run = threading.Barrier(4)

        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(3)]

        @step
        async def work(self, ev: A) -> B:
            if self.note(f"work {ev.n}") == 1:
                await asyncio.get_running_loop().run_in_executor(None, self.all_run.wait, SOON)
                await asyncio.Event().wait()
            return B(n=ev.n)

        @step
        def gather(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    w = W()
    future = w.run()
    w.all_run.wait(SOON)
    future.cancel()
    fl.wait([future], SOON)
    assert future.run.wait(SOON)
    first = min(steps(future, "work"), key=lambda task: task.id).id
    (go_on,) = future.run.dependants[first]
    future.run.dependants[first] = [lambda: (go_on(), future.cancel())]
    future.retry()
    fl.wait([future], SOON)
    assert future.run.wait(SOON)
    while future.cancelled():
        future.retry()
        fl.wait([future], SOON)
        assert future.run.wait(SOON)
    assert future.result(SOON) == [0, 1, 2]
    assert [kind for kind, _ in sent(future)].count("B") == 3


def test_a_step_that_is_retried_while_its_run_is_ending(lab: Lab) -> None:
    """It is not run for nothing: what it would have collected is not lost."""

    class W(Failing):
        def __init__(self) -> None:
            super().__init__()
            self.stands, self.second = threading.Event(), threading.Event()

        @step
        def begin(self, ev: StartEvent) -> list[A | B]:
            return [A(n=0), A(n=1), B()]

        @step
        async def collects(self, ctx: Context, ev: A) -> StopEvent | None:
            if ev.n == 0 and self.note("collects") == 1:
                self.stands.set()
                await asyncio.Event().wait()
            got = ctx.collect_events(ev, [A, A])
            self.second.set()
            return None if got is None else StopEvent(result=[one.n for one in got])

        @step
        def fails(self, ev: B) -> None:
            if self.note("fails") == 1:
                assert self.stands.wait(SOON)
                assert self.second.wait(SOON)
                raise Boom

    w = W()
    future = w.run()
    stands, go = held_up(future._workflow_run.closing, "end_if_due", lambda: future._workflow_run.over)
    assert stands.wait(SOON)
    interrupted = future.run.failed[steps(future, "collects")[0].id]
    eventually(lambda: interrupted.state == "cancelled")
    retried(interrupted.retry)
    eventually(lambda: interrupted.is_final())
    go.set()
    with pytest.raises(Boom):
        future.result(SOON)
    assert future.run.wait(SOON)
    future.retry()
    assert future.result(SOON) == [1, 0]


def test_a_retry_keeps_what_waits_in_joins_and_the_store(lab: Lab) -> None:
    class W(Failing):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> A | B:
            await ctx.store.set("seen", 5)
            ctx.send_event(A(n=1))
            ctx.send_event(A(n=2))
            return B()

        @step(num_workers=1)
        async def gather(self, ctx: Context, ev: A | C) -> StopEvent | None:
            got = ctx.collect_events(ev, [A, A, C])
            if got is None:
                return None
            return StopEvent(result=[[one.n for one in got], await ctx.store.get("seen")])

        @step
        async def fails(self, ctx: Context, ev: B) -> C:
            if self.note("fails") == 1:
                run = fl.current().run  # the future may not be there yet
                while sum(isinstance(record, r.EventHeld) for record in run.log) < 2:
                    await asyncio.sleep(0)
                raise Boom
            return C(n=3)

    future = W().run()
    with pytest.raises(Boom):
        future.result(SOON)
    future.retry()
    assert future.result(SOON) == [[1, 2, 3], 5]


def test_a_stalled_run_begins_anew(lab: Lab) -> None:
    class W(Failing):
        @step
        def begin(self, ev: StartEvent) -> A | B | StopEvent:
            return A() if self.note("begin") == 1 else StopEvent(result="this time")

        @step
        def join(self, a: A, b: B) -> None: ...

    future = W().run()
    with pytest.raises(WorkflowStalled):
        future.result(SOON)
    future.retry()
    assert future.result(SOON) == "this time"
    state = future.run.snapshot().workflows[future.id]
    assert not [join.events for join in state.joins.values() if join.events], "what had waited is shown as waiting yet"


def test_events_of_a_run_that_begins_anew_have_numbers_of_their_own(lab: Lab) -> None:
    class W(Failing):
        @step
        def begin(self, ev: StartEvent) -> A | B | StopEvent:
            return A() if self.note("begin") == 1 else StopEvent(result="this time")

        @step
        def join(self, a: A, b: B) -> None: ...

    future = W().run()
    with pytest.raises(WorkflowStalled):
        future.result(SOON)
    future.retry()
    assert future.result(SOON) == "this time"
    assert [record.event for record in of(future, r.EventSent)] == [1, 2, 3]


@pytest.mark.parametrize("how", ["cancelled", "timed out"])
def test_a_run_that_waited_for_an_answer_waits_for_it_again(how: str, timed: Lab) -> None:
    class W(Failing):
        @step
        def begin(self, ev: StartEvent) -> Question:
            self.note("begin")
            return Question()

        @step
        def end(self, ev: Answer) -> StopEvent:
            return StopEvent(result=ev.text)

    w = W(timeout=10)
    future = w.run()
    until_it_waits(future)
    if how == "cancelled":
        future.cancel()
        with pytest.raises(WorkflowCancelled):
            future.result(SOON)
    else:
        timed.clock.advance(10)
        with pytest.raises(WorkflowTimeoutError):
            future.result(SOON)
    future.retry()
    until_it_waits(future)
    future.send_event(Answer(text="late"))
    assert future.result(SOON) == "late"
    assert [kind for kind, _ in sent(future)] == ["StartEvent", "Question", "Answer"]


def test_a_cancelled_run_goes_on_where_it_was(lab: Lab) -> None:
    class W(Failing):
        def __init__(self) -> None:
            super().__init__()
            self.stands = threading.Event()

        @step
        def begin(self, ev: StartEvent) -> A:
            self.note("begin")
            return A(n=7)

        @step
        async def work(self, ev: A) -> StopEvent:
            if self.note("work") == 1:
                self.stands.set()
                await asyncio.Event().wait()
            return StopEvent(result=ev.n)

    w = W()
    future = w.run()
    assert w.stands.wait(SOON)
    assert future.cancel()
    with pytest.raises(WorkflowCancelled):
        future.result(SOON)
    assert future.run.wait(SOON)
    future.retry()
    assert future.result(SOON) == 7
    assert w.runs == ["begin", "work", "work"]


def test_a_run_that_succeeded_cannot_be_retried(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent()

    future = W().run()
    future.result(SOON)
    with pytest.raises(RuntimeError, match="cannot be retried"):
        future.retry()


def test_a_run_that_goes_on_cannot_be_retried(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            gate.stand()
            return StopEvent()

    future = W().run()
    gate.reached()
    with pytest.raises(RuntimeError, match="has not ended"):
        future.retry()
    gate.open()
    future.result(SOON)


def test_a_step_that_was_cancelled_by_itself_can_be_retried_while_the_run_goes_on(lab: Lab) -> None:
    gate = Gate()

    class W(Failing):
        def __init__(self) -> None:
            super().__init__()
            self.stands = threading.Event()

        @step
        def begin(self, ev: StartEvent) -> A | B:
            return A()

        @step
        async def work(self, ctx: Context, ev: A) -> B:
            if self.note("work") == 1:
                self.stands.set()
                await asyncio.Event().wait()
            return B(n=4)

        @step
        def other(self, ev: StartEvent) -> None:
            gate.stand()

        @step
        def end(self, ev: B) -> StopEvent:
            return StopEvent(result=ev.n)

    w = W()
    future = w.run()
    assert w.stands.wait(SOON)
    one = step_named(future, "work")
    assert one.cancel()
    eventually(lambda: one.state == "cancelled")
    assert not future.done()
    one.retry()
    assert future.result(SOON) == 4
    gate.open()


def test_a_member_of_a_list_that_is_run_again_when_the_list_has_ended_counts_outside(lab: Lab) -> None:
    """Its list went on without it. What it gives now belongs to the level above; other lists keep their counts."""

    class W(Failing):
        def __init__(self) -> None:
            super().__init__()
            self.stands, self.last = threading.Event(), Gate()

        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=1), A(n=2)]

        @step
        async def work(self, ev: A) -> B:
            if self.note(f"work {ev.n}") == 1 and ev.n == 1:
                self.stands.set()
                await asyncio.Event().wait()
            return B(n=ev.n)

        @step
        def gather(self, evs: list[B]) -> C:
            return C(n=self.note("gather"))

        @step
        def end(self, ev: C) -> StopEvent:
            self.last.stand()
            return StopEvent(result=ev.n)

    w = W()
    future = w.run()
    assert w.stands.wait(SOON)
    eventually(lambda: "succeeded" in states(future, "work"))
    one = step_named(future, "work")
    one.cancel()
    w.last.reached()
    routing = future._workflow_run.routing
    assert routing.root.live == 1
    eventually(lambda: one.state == "cancelled")
    one.retry()
    eventually(lambda: states(future, "work") == ["succeeded", "succeeded"])
    eventually(lambda: [kind for kind, _ in sent(future)].count("B") == 2)
    assert routing.root.live == 1, "the count of what is on its way outside of the list has changed"
    w.last.open()
    assert future.result(SOON) == 1
    assert w.runs.count("gather") == 1


def test_a_failure_that_was_handled_is_let_be(lab: Lab) -> None:
    class W(Failing):
        @step
        def begin(self, ev: StartEvent) -> A:
            if self.note("begin") == 1:
                raise Boom
            return A()

        @catch_error
        def handler(self, ev: StepFailedEvent) -> A:
            return A()

        @step
        def work(self, ev: A) -> StopEvent:
            if self.note("work") == 1:
                raise Boom
            return StopEvent(result=self.runs.count("begin"))

        @catch_error(for_steps=["work"])
        def no_handler(self, ev: StepFailedEvent) -> A:
            raise ev.exception

    w = W()
    future = w.run()
    with pytest.raises(Boom):
        future.result(SOON)
    assert future.run.wait(SOON)
    future.run.retry()
    future.result(SOON)
    lab.settled()
    again = {record.task for record in of(future, r.Reset)}
    assert steps(future, "begin")[0].id not in again


# The policy of a step.


@pytest.mark.parametrize(
    "policy",
    [
        2,
        True,
        fl.Retry(2, backoff=(0, 0)),
        tenacity.stop_after_attempt(3),
        tenacity.retry_if_exception_type(Boom),
    ],
    ids=["number", "true", "Retry", "tenacity stop", "tenacity retry"],
)
def test_a_step_is_tried_again_by_its_policy(policy: object, timed: Lab) -> None:
    class W(Failing):
        @step(retry_policy=policy)
        def begin(self, ev: StartEvent) -> StopEvent:
            if self.note("begin") < 3:
                raise Boom
            return StopEvent(result="third time")

    future = W(timeout=None).run()
    for _ in range(500):
        if future.done():
            break
        eventually(lambda: future.done() or timed.clock.planned)
        timed.clock.advance(60)
    assert future.result(SOON) == "third time"
    assert len(of(future, r.AttemptFailed)) == 2
    assert states(future, "begin") == ["succeeded"]


def test_a_policy_may_be_any_object_with_next(timed: Lab) -> None:
    asked: list[tuple[float, int, str]] = []

    class Policy:
        def next(self, elapsed: float, attempts: int, error: Exception) -> float | None:
            asked.append((elapsed, attempts, str(error)))
            return 5.0 if attempts < 3 else None

    class W(Failing):
        @step(retry_policy=Policy())
        def begin(self, ev: StartEvent) -> StopEvent:
            raise Boom(self.note("begin"))

    future = W(timeout=None).run()
    for _ in range(2):
        eventually(lambda: timed.clock.planned)
        timed.clock.advance(5)
    with pytest.raises(Boom, match="3"):
        future.result(SOON)
    assert asked == [(0.0, 1, "1"), (5.0, 2, "2"), (10.0, 3, "3")]


def test_retry_info_tells_a_step_how_often_it_was_tried(timed: Lab) -> None:
    told: list[tuple[int, float, str]] = []

    class W(Failing):
        @step(retry_policy=fl.Retry(2, backoff=(1, 1)))
        async def begin(self, ctx: Context, ev: StartEvent) -> StopEvent:
            info = ctx.retry_info()
            told.append((info.retry_number, info.elapsed_seconds, repr(info.last_exception)))
            if info.retry_number < 2:
                raise Boom(info.retry_number)
            return StopEvent(result=info.retry_number)

    future = W(timeout=None).run()
    for _ in range(2):
        eventually(lambda: timed.clock.planned)
        timed.clock.advance(1)
    assert future.result(SOON) == 2
    assert told == [(0, 0.0, "None"), (1, 1.0, "Boom(0)"), (2, 2.0, "Boom(1)")]


def test_what_a_failed_attempt_has_sent_is_sent(lab: Lab) -> None:
    class W(Failing):
        @step(retry_policy=1)
        def begin(self, ctx: Context, ev: StartEvent) -> A | None:
            ctx.send_event(A(n=self.note("begin")))
            if len(self.runs) == 1:
                raise Boom
            return None

        @step
        def end(self, ctx: Context, ev: A) -> StopEvent | None:
            got = ctx.collect_events(ev, [A, A])
            return None if got is None else StopEvent(result=[one.n for one in got])

    assert W().run().result(SOON) == [1, 2]


def test_a_pause_before_a_retry_is_no_stall_and_frees_the_worker(timed: Lab) -> None:
    class W(Failing):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=1), A(n=2)]

        @step(num_workers=1, retry_policy=fl.Retry(1, backoff=(5, 5)))
        def work(self, ev: A) -> B:
            if self.note(f"work {ev.n}") == 1 and ev.n == 1:
                raise Boom
            return B(n=ev.n)

        @step
        def gather(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=[one.n for one in evs])

    w = W(timeout=None)
    future = w.run()
    eventually(lambda: states(future, "work") == ["waiting", "succeeded"] and timed.clock.planned)
    assert not future.done()
    timed.clock.advance(5)
    assert future.result(SOON) == [2, 1]


def test_waiters_wait_through_the_retries_of_a_step_and_of_the_run(lab: Lab) -> None:
    class W(Failing):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            if self.note("begin") == 1:
                raise Boom
            return StopEvent(result=1)

    future = W().run()
    with pytest.raises(Boom):
        future.result(SOON)
    future.retry()
    assert [one.result(SOON) for one in fl.as_completed([future])] == [1]


def test_the_code_of_now_is_run_by_a_retry(lab: Lab) -> None:
    names: dict[str, Any] = {one.__name__: one for one in (Workflow, step, StartEvent, StopEvent, A, Boom)}
    names["__name__"] = "cell"
    text = """
class Edited(Workflow):
    @step
    def begin(self, ev: StartEvent) -> A:
        return A(n=2)

    @step
    def work(self, ev: A) -> StopEvent:
        {}
"""
    exec(text.format("raise Boom"), names)
    future = names["Edited"]().run()
    with pytest.raises(Boom):
        future.result(SOON)
    exec(text.format("return StopEvent(result=f'new {ev.n}')"), names)
    future.retry()
    assert future.result(SOON) == "new 2"


def test_a_timeout_of_a_step_counts_as_a_failure_for_its_retries(timed: Lab) -> None:
    class W(Failing):
        @step(timeout=3, retry_policy=1)
        async def begin(self, ev: StartEvent) -> StopEvent:
            if self.note("begin") == 1:
                await asyncio.Event().wait()
            return StopEvent(result="second")

    w = W(timeout=None)
    future = w.run()
    eventually(lambda: w.runs == ["begin"] and timed.clock.planned)
    timed.clock.advance(3)
    assert future.result(SOON) == "second"


def test_an_event_of_a_pydantic_kind_survives_a_retry_unchanged(lab: Lab) -> None:
    class Own(Event):
        names: list[str]

    seen: list[Any] = []

    class W(Failing):
        @step
        def begin(self, ev: StartEvent) -> Own:
            return Own(names=["a"])

        @step
        def work(self, ev: Own) -> StopEvent:
            seen.append(ev)
            if len(seen) == 1:
                raise Boom
            return StopEvent(result=ev.names)

    future = W().run()
    with pytest.raises(Boom):
        future.result(SOON)
    future.retry()
    assert future.result(SOON) == ["a"]
    assert seen[0] is seen[1]
