"""``num_workers`` counts exactly, ``num_concurrent_runs`` queues, the timeout of a run and of a step."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import TaskTimeout, WorkflowCancelled, WorkflowError, WorkflowTimeoutError
from ipyflow.model import records as r
from ipyflow.testing import Lab, engine
from ipyflow.workflows import (
    Context,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Workflow,
    WorkflowTimedOutEvent,
    catch_error,
    step,
)
from tests.engine.gates import SOON, Gate, Together, eventually
from tests.flows.workflow.common import A, Answer, B, Boom, of, sent, states, steps, until_it_waits
from tests.flows.workflow.reading import most_running

# num_workers.


@pytest.mark.parametrize("workers", [1, 2, 4, 7])
@pytest.mark.parametrize("is_async", [True, False])
def test_never_more_bodies_run_at_once_and_as_many_do(workers: int, is_async: bool, lab: Lab) -> None:
    together, full = Together(), threading.Barrier(workers)

    class Loop(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(workers * 3)]

        @step(num_workers=workers)
        async def work(self, ev: A) -> B:
            with together.inside():
                await asyncio.get_running_loop().run_in_executor(None, full.wait, SOON)
            return B()

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=len(evs))

    class Thread(Loop):
        @step(num_workers=workers)
        def work(self, ev: A) -> B:  # type: ignore[override]
            with together.inside():
                full.wait(SOON)
            return B()

    future = (Loop if is_async else Thread)(timeout=None).run()
    assert future.result(SOON) == workers * 3
    assert together.most == workers
    assert most_running(future)["work"] == workers


def test_four_is_what_is_meant_without_a_word(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A() for _ in range(10)]

        @step
        def work(self, ev: A) -> B:
            gate.stand()
            return B()

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=len(evs))

    future = W(timeout=None).run()
    eventually(lambda: states(future, "work") == ["running"] * 4)
    assert future.run.snapshot().workflows[future.id].waiting["work"] == 6
    assert "6" in future.explain()
    gate.open()
    assert future.result(SOON) == 10


def test_workers_are_counted_for_each_step_and_each_run(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A:
            ctx.send_event(A())
            ctx.send_event(A())

        @step(num_workers=1)
        def one(self, ev: A) -> B:
            gate.stand()
            return B()

        @step(num_workers=1)
        def two(self, ev: A) -> B:
            gate.stand()
            return B()

        @step
        def end(self, ctx: Context, ev: B) -> StopEvent | None:
            return StopEvent() if ctx.collect_events(ev, [B] * 4) else None

    w = W(timeout=None)
    futures = [w.run(), w.run()]
    for future in futures:
        eventually(lambda: states(future, "one") == states(future, "two") == ["running"])
    gate.open()
    for future in futures:
        future.result(SOON)


def test_events_are_taken_in_the_order_in_which_they_were_sent(lab: Lab) -> None:
    seen: list[int] = []

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(200)]

        @step(num_workers=1)
        def work(self, ev: A) -> B:
            seen.append(ev.n)
            return B()

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent()

    W(timeout=None).run().result(SOON)
    assert seen == list(range(200))


@pytest.mark.parametrize("is_async", [True, False])
def test_a_step_with_one_worker_gives_its_events_in_order(is_async: bool, lab: Lab) -> None:
    class Thread(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(300)]

        @step(num_workers=1)
        def work(self, ev: A) -> B:
            return B(n=ev.n)

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=[one.n for one in evs])

    class Loop(Thread):
        @step(num_workers=1)
        async def work(self, ev: A) -> B:  # type: ignore[override]
            return B(n=ev.n)

    assert (Loop if is_async else Thread)(timeout=None).run().result(SOON) == list(range(300))


@pytest.mark.parametrize("is_async", [True, False])
def test_a_body_that_waits_for_another_task_lends_its_place(is_async: bool, lab: Lab) -> None:
    all_wait, together = threading.Barrier(3), Together()

    @fl.task
    def child() -> None:
        all_wait.wait(SOON)

    class Thread(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A() for _ in range(3)]

        @step(num_workers=1)
        def work(self, ev: A) -> B:
            child.submit().result()
            with together.inside():
                return B()

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=len(evs))

    class Loop(Thread):
        @step(num_workers=1)
        async def work(self, ev: A) -> B:  # type: ignore[override]
            await child.submit()
            with together.inside():
                return B()

    assert (Loop if is_async else Thread)(timeout=None).run().result(SOON) == 3
    assert together.most == 1


@pytest.mark.parametrize("is_async", [True, False])
def test_tasks_below_a_step_are_no_workers_of_it(is_async: bool, lab: Lab) -> None:
    together = threading.Barrier(3)

    @fl.task
    def child() -> int:
        return together.wait(SOON)

    class Thread(Workflow):
        @step(num_workers=1)
        def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=sorted(future.result() for future in some()))

    def some() -> list[fl.Future[int]]:
        return [child.submit() for _ in range(3)]

    class Loop(Workflow):
        @step(num_workers=1)
        async def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=sorted([await future for future in some()]))

    assert (Loop if is_async else Thread)(timeout=None).run().result(SOON) == [0, 1, 2]


def test_a_body_that_fails_frees_its_place(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(20)]

        @step(num_workers=1)
        def work(self, ev: A) -> B:
            if ev.n % 3 == 0:
                raise Boom
            return B()

        @catch_error
        def handler(self, ev: StepFailedEvent) -> None: ...

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=len(evs))

    assert W(timeout=None).run().result(SOON) == 13


def test_more_workers_than_threads(lab: Lab) -> None:
    with engine(threads=1) as small:

        class W(Workflow):
            @step
            def begin(self, ev: StartEvent) -> list[A]:
                return [A() for _ in range(20)]

            @step(num_workers=10)
            def work(self, ev: A) -> B:
                return B()

            @step
            def end(self, evs: list[B]) -> StopEvent:
                return StopEvent(result=len(evs))

        assert W(timeout=None).run().result(SOON) == 20
        small.settled()


def test_permits_are_all_back_at_the_end(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(30)]

        @step(num_workers=2, retry_policy=1)
        def work(self, ctx: Context, ev: A) -> B:
            if ev.n % 3 == 0 and not ctx.retry_info().retry_number:
                raise Boom
            return B()

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=len(evs))

    future = W(timeout=None).run()
    assert future.result(SOON) == 30
    lab.settled()
    used = {name: line.limit.used for name, line in future._workflow_run.lines.items()}
    assert set(used.values()) == {0}, used


# num_concurrent_runs.


def test_so_many_runs_at_once_and_the_others_wait_their_turn(lab: Lab) -> None:
    together, gate = Together(), Gate()
    order: list[int] = []

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            with together.inside():
                order.append(ev.n)
                if ev.n < 2:
                    gate.stand()
            return StopEvent(result=ev.n)

    w = W(num_concurrent_runs=2, timeout=None)
    futures = [w.run(n=n) for n in range(6)]
    eventually(lambda: len(order) == 2)
    assert [future.state for future in futures] == ["waiting"] * 6
    reasons = [future.run.snapshot().tasks[future.id].reason for future in futures]
    assert reasons[:2] == ["its steps"] * 2
    assert all("num_concurrent_runs" in reason and "2" in reason for reason in reasons[2:])
    assert "num_concurrent_runs" in futures[5].explain()
    gate.open()
    assert [future.result(SOON) for future in futures] == list(range(6))
    assert together.most <= 2


def test_waiting_runs_have_their_turn_in_the_order_in_which_they_were_asked_for(lab: Lab) -> None:
    gate = Gate()
    order: list[int] = []

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            order.append(ev.n)
            gate.stand()
            return StopEvent(result=ev.n)

    w = W(num_concurrent_runs=1, timeout=None)
    futures = [w.run(n=n) for n in range(6)]
    gate.reached()
    gate.open()
    assert [future.result(SOON) for future in futures] == order == list(range(6))


def test_other_workflows_of_the_class_are_not_counted(lab: Lab) -> None:
    together = threading.Barrier(2)

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=together.wait(SOON))

    futures = [W(num_concurrent_runs=1).run() for _ in range(2)]
    assert sorted(future.result(SOON) for future in futures) == [0, 1]


@pytest.mark.parametrize("how", ["fails", "is cancelled", "stalls", "runs over its time"])
def test_a_run_that_ends_badly_gives_its_place_to_the_next(how: str, timed: Lab) -> None:
    stands = threading.Event()

    class W(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> StopEvent | None:
            if not ev.first:
                return StopEvent(result="next")
            if how == "fails":
                raise Boom
            if how == "stalls":
                return None
            stands.set()
            await asyncio.Event().wait()
            return None

    w = W(num_concurrent_runs=1, timeout=10)
    first, second = w.run(first=True), w.run(first=False)
    if how in ("is cancelled", "runs over its time"):
        assert stands.wait(SOON)
        if how == "is cancelled":
            first.cancel()
        else:
            timed.clock.advance(10)
    assert second.result(SOON) == "next"
    assert first.exception(SOON) is not None if how != "is cancelled" else first.cancelled()


def test_a_run_that_is_cancelled_while_it_waits_for_its_turn_never_begins(lab: Lab) -> None:
    gate = Gate()
    ran: list[int] = []

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            ran.append(ev.n)
            gate.stand()
            return StopEvent()

    w = W(num_concurrent_runs=1, timeout=None)
    first, second, third = [w.run(n=n) for n in range(3)]
    gate.reached()
    assert second.cancel()
    with pytest.raises(WorkflowCancelled):
        second.result(SOON)
    gate.open()
    first.result(SOON)
    third.result(SOON)
    assert ran == [0, 2]
    assert [kind for kind, _ in sent(second)] == []


def test_a_run_that_was_cancelled_before_its_turn_and_is_retried(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            if not ev.n:
                gate.stand()
            return StopEvent(result=ev.n)

    w = W(num_concurrent_runs=1, timeout=None)
    first, second = w.run(n=0), w.run(n=1)
    gate.reached()
    second.cancel()
    fl.wait([second], SOON)
    assert second.run.wait(SOON)
    gate.open()
    first.result(SOON)
    second.retry()
    assert second.result(SOON) == 1


def test_the_time_of_a_run_begins_with_its_turn(timed: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            if not ev.n:
                gate.stand()
            return StopEvent(result=ev.n)

    w = W(num_concurrent_runs=1, timeout=10)
    first, second = w.run(n=0), w.run(n=1)
    gate.reached()
    timed.clock.advance(9)
    gate.open()
    assert first.result(SOON) == 0
    timed.clock.advance(9)
    assert second.result(SOON) == 1


# The timeout of a run.


class Slow(Workflow):
    stands: threading.Event

    @step
    def begin(self, ev: StartEvent) -> list[A]:
        return [A(n=n) for n in range(5)]

    @step(num_workers=2)
    async def work(self, ev: A) -> B:
        self.stands.set()
        await asyncio.Event().wait()
        return B()

    @step
    def end(self, evs: list[B]) -> StopEvent:
        return StopEvent()


@pytest.mark.parametrize("timeout", [7, 7.0, timedelta(seconds=7)])
def test_a_run_ends_when_its_time_is_over(timeout: Any, timed: Lab) -> None:
    w = Slow(timeout=timeout)
    w.stands = threading.Event()
    future = w.run()
    eventually(lambda: states(future, "work") == ["running"] * 2)
    timed.clock.advance(6.9)
    assert not future.done()
    timed.clock.advance(0.1)
    with pytest.raises(WorkflowTimeoutError) as raised:
        future.result(SOON)
    assert isinstance(raised.value, WorkflowError)
    assert isinstance(raised.value, TimeoutError)
    told = str(raised.value)
    assert "7 s" in told
    assert "work (2 times)" in told
    assert "3 for work" in told
    timed.settled()
    assert future.state == "timed_out"
    assert states(future, "work") == ["cancelled"] * 2
    last = list(future.stream_events())[-1]
    assert type(last) is WorkflowTimedOutEvent
    assert (last.timeout, last.active_steps) == (7.0, ["work"])


def test_forty_five_seconds_are_meant_without_a_word(timed: Lab) -> None:
    w = Slow()
    w.stands = threading.Event()
    future = w.run()
    assert w.stands.wait(SOON)
    timed.clock.advance(44.9)
    assert not future.done()
    timed.clock.advance(0.2)
    with pytest.raises(WorkflowTimeoutError):
        future.result(SOON)


def test_without_a_timeout_there_is_no_timer(timed: Lab) -> None:
    w = Slow(timeout=None)
    w.stands = threading.Event()
    future = w.run()
    assert w.stands.wait(SOON)
    assert timed.clock.planned == 0
    future.cancel()


def test_a_timer_is_gone_when_the_run_has_ended(timed: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent()

    future = W(timeout=10).run()
    future.result(SOON)
    assert timed.clock.planned == 0
    timed.clock.advance(100)
    assert future.state == "succeeded"


def test_a_run_that_waits_for_an_answer_runs_over_its_time_too(timed: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> None: ...

        @step
        def end(self, ev: Answer) -> StopEvent:
            return StopEvent()

    future = W(timeout=10, skip_graph_checks=["reachability"]).run()
    until_it_waits(future)
    timed.clock.advance(10)
    with pytest.raises(WorkflowTimeoutError, match="no step was at work"):
        future.result(SOON)


def test_handlers_of_failures_do_not_handle_it(timed: Lab) -> None:
    handled: list[Any] = []

    class W(Slow):
        @catch_error
        def handler(self, ev: StepFailedEvent) -> B:
            handled.append(ev)
            return B()

    w = W(timeout=5)
    w.stands = threading.Event()
    future = w.run()
    assert w.stands.wait(SOON)
    timed.clock.advance(5)
    with pytest.raises(WorkflowTimeoutError):
        future.result(SOON)
    timed.settled()
    assert handled == []


def test_a_retry_has_all_of_the_time_again(timed: Lab) -> None:
    class W(Workflow):
        runs = 0

        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            W.runs += 1
            stands.set()
            await asyncio.get_running_loop().run_in_executor(None, gates[W.runs - 1].stand)
            return StopEvent(result=W.runs)

    stands, gates = threading.Event(), [Gate(), Gate()]
    future = W(timeout=10).run()
    gates[0].reached()
    timed.clock.advance(10)
    with pytest.raises(WorkflowTimeoutError):
        future.result(SOON)
    assert future.run.wait(SOON)
    future.retry()
    gates[1].reached()
    timed.clock.advance(9)
    gates[1].open()
    assert future.result(SOON) == 2
    gates[0].open()


# The timeout of a step.


@pytest.mark.parametrize("is_async", [True, False])
def test_a_step_that_runs_over_its_time_fails(is_async: bool, timed: Lab) -> None:
    gate = Gate()

    class Thread(Workflow):
        @step(timeout=3)
        def begin(self, ev: StartEvent) -> StopEvent:
            gate.stand()
            return StopEvent()

    class Loop(Workflow):
        @step(timeout=3)
        async def begin(self, ev: StartEvent) -> StopEvent:
            await asyncio.get_running_loop().run_in_executor(None, gate.stand)
            return StopEvent()

    future = (Loop if is_async else Thread)(timeout=None).run()
    gate.reached()
    timed.clock.advance(3)
    with pytest.raises(TaskTimeout, match="3 s"):
        future.result(SOON)
    gate.open()
    timed.settled()


def test_a_step_that_runs_over_its_time_can_be_handled(timed: Lab) -> None:
    stands = threading.Event()

    class W(Workflow):
        @step(timeout=3)
        async def begin(self, ev: StartEvent) -> A:
            stands.set()
            await asyncio.Event().wait()
            return A()

        @catch_error
        def handler(self, ev: StepFailedEvent) -> A:
            assert isinstance(ev.exception, TaskTimeout)
            return A(n=ev.attempts)

        @step
        def end(self, ev: A) -> StopEvent:
            return StopEvent(result=ev.n)

    future = W(timeout=None).run()
    assert stands.wait(SOON)
    timed.clock.advance(3)
    assert future.result(SOON) == 1


def test_limits_of_tasks_and_of_pipelines_hold_below_a_step(lab: Lab) -> None:
    together = Together()

    @fl.task
    def branch() -> None:
        with together.inside():
            pass

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            fl.in_parallel([branch.send() for _ in range(20)], max_parallelism=2)()
            return StopEvent()

    W(timeout=None).run().result(SOON)
    assert together.most <= 2


def test_a_workflow_below_a_group_counts_under_its_limit(lab: Lab) -> None:
    """The steps of a workflow that a branch runs are tasks below the group."""
    together = Together()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A() for _ in range(6)]

        @step
        def work(self, ev: A) -> B:
            with together.inside():
                return B()

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=len(evs))

    @fl.task
    def branch() -> Any:
        return W(timeout=None).run().result()

    assert fl.in_parallel([branch.send() for _ in range(4)], max_parallelism=2)() == [6] * 4
    assert together.most <= 2


def test_what_waits_for_a_worker_is_in_the_state_of_the_run(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A() for _ in range(5)]

        @step(num_workers=2)
        def work(self, ev: A) -> B:
            gate.stand()
            return B()

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent()

    future = W(timeout=None).run()
    eventually(lambda: states(future, "work") == ["running"] * 2)
    assert future.run.snapshot().workflows[future.id].waiting == Counter(work=3)
    gate.open()
    future.result(SOON)
    assert not +future.run.snapshot().workflows[future.id].waiting
    assert len(of(future, r.EventsTaken)) == len(steps(future))
