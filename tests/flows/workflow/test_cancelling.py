"""A run is cancelled, or one of its steps: what stops, what waiters get, what is in the stream, what goes on."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import TaskCancelled, WorkflowCancelled, WorkflowError
from ipyflow.model import records as r
from ipyflow.testing import Lab, engine
from ipyflow.workflows import (
    Context,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Workflow,
    WorkflowCancelledEvent,
    WorkflowFuture,
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
from tests.flows.workflow.reading import check_log, most_running
from tests.flows.workflow.test_retries import held_up


class Standing(Workflow):
    """Two steps that stand, one on the loop and one on a thread."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.loop_stands, self.thread, self.seen = threading.Event(), Gate(), []

    @step
    def begin(self, ev: StartEvent) -> list[A | B]:
        return [A(), B()]

    @step
    async def on_loop(self, ev: A) -> C:
        self.loop_stands.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.seen.append("CancelledError")
            raise
        return C()

    @step
    def on_thread(self, ev: B) -> C:
        self.thread.stand()
        self.seen.append(f"cancelled {fl.current().cancelled}")
        return C()

    @step
    def end(self, evs: list[C]) -> StopEvent:
        return StopEvent(result=len(evs))


def standing(**options: Any) -> tuple[Standing, WorkflowFuture[Any]]:
    w = Standing(**options)
    future = w.run()
    assert w.loop_stands.wait(SOON)
    w.thread.reached()
    return w, future


def test_all_of_it_stops(lab: Lab) -> None:
    w, future = standing()
    assert future.cancel()
    eventually(lambda: "CancelledError" in w.seen)
    w.thread.open()
    with pytest.raises(WorkflowCancelled):
        future.result(SOON)
    lab.settled()
    assert sorted(w.seen) == ["CancelledError", "cancelled True"]
    assert states(future, "on_loop") == states(future, "on_thread") == ["cancelled"]
    assert steps(future, "end") == []
    assert future.cancelled()
    assert future.state == "cancelled"
    check_log(future.run)


def test_what_waiters_get_is_a_workflow_error_and_a_cancelling(lab: Lab) -> None:
    w, future = standing()
    future.cancel()
    w.thread.open()
    with pytest.raises(WorkflowCancelled) as raised:
        future.result(SOON)
    assert isinstance(raised.value, WorkflowError)
    assert isinstance(raised.value, TaskCancelled)
    assert isinstance(raised.value, concurrent.futures.CancelledError)
    assert "Standing" in str(raised.value)
    with pytest.raises(WorkflowCancelled):
        future.exception()


def test_cancelling_what_has_ended_changes_nothing(lab: Lab) -> None:
    w, future = standing()
    assert future.cancel()
    w.thread.open()
    fl.wait([future], SOON)
    lab.settled()
    assert not future.cancel()

    class Done(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=1)

    done = Done().run()
    assert done.result(SOON) == 1
    assert not done.cancel()
    assert done.result() == 1


def test_the_last_event_of_the_stream_says_so(lab: Lab) -> None:
    w, future = standing()
    future.cancel()
    w.thread.open()
    assert [type(event) for event in future.stream_events()] == [WorkflowCancelledEvent]


def test_a_reader_of_the_stream_is_woken(lab: Lab) -> None:
    w, future = standing()
    read: list[Any] = []
    reader = threading.Thread(target=lambda: read.extend(future.stream_events()))
    reader.start()
    future.cancel()
    w.thread.open()
    reader.join(SOON)
    assert [type(event) for event in read] == [WorkflowCancelledEvent]


def test_in_the_middle_of_a_join(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A | B | C:
            ctx.send_event(A(n=1))
            ctx.send_event(A(n=2))
            gate.stand()
            return B(n=3)

        @step
        def pair(self, a: A, b: B) -> C:
            raise AssertionError("it was cancelled before")

        @step
        def gather(self, ctx: Context, ev: A | B) -> None:
            assert ctx.collect_events(ev, [A, A, B]) is None

        @step
        def end(self, ev: C) -> StopEvent:
            return StopEvent()

    gate = Gate()
    future = W(skip_graph_checks=["dead_end"]).run()
    gate.reached()
    eventually(lambda: len(of(future, r.EventHeld)) == 4)
    future.cancel()
    gate.open()
    with pytest.raises(WorkflowCancelled):
        future.result(SOON)
    lab.settled()
    assert steps(future, "pair") == []
    check_log(future.run)
    joins = future.run.snapshot().workflows[future.id].joins
    assert {key: len(join.events) for key, join in joins.items()} == {("pair", "A + B"): 2, ("gather", ""): 2}


def test_while_a_list_is_open(lab: Lab) -> None:
    w, future = standing()
    future.cancel()
    w.thread.open()
    fl.wait([future], SOON)
    lab.settled()
    assert of(future, r.JoinFilled) == []


def test_while_it_waits_for_an_answer(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> Question:
            return Question()

        @step
        def end(self, ev: Answer) -> StopEvent:
            return StopEvent()

    future = W(timeout=None).run()
    until_it_waits(future)
    future.cancel()
    with pytest.raises(WorkflowCancelled):
        future.result(SOON)


def test_before_its_first_step_has_begun(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def blocks() -> None:
        gate.stand()

    with engine(threads=1) as small:
        blocker = blocks.submit()
        gate.reached()
        future = Standing().run()
        assert future.cancel()
        with pytest.raises(WorkflowCancelled):
            future.result(SOON)
        gate.open()
        blocker.result(SOON)
        small.settled()
        assert states(future, "begin") == ["cancelled"]


def test_events_that_wait_for_a_worker_are_not_taken(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A() for _ in range(50)]

        @step(num_workers=2)
        def work(self, ev: A) -> B | None:
            gate.stand()
            return None

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent()

    future = W().run()
    eventually(lambda: len(steps(future, "work")) == 2)
    gate.reached()
    future.cancel()
    gate.open()
    fl.wait([future], SOON)
    lab.settled()
    assert len(steps(future, "work")) == 2


def test_tasks_below_its_steps_stop_too(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def below() -> None:
        gate.stand()
        fl.current().check()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            below()
            return StopEvent()

    future = W().run()
    gate.reached()
    future.cancel()
    gate.open()
    with pytest.raises(WorkflowCancelled):
        future.result(SOON)
    lab.settled()
    assert {task.name: str(task.state) for task in future.run.snapshot().tasks.values()} == {
        "W": "cancelled", "begin": "cancelled", "below": "cancelled",
    }  # fmt: skip


def test_handlers_of_failures_do_not_handle_it(lab: Lab) -> None:
    handled: list[Any] = []

    class W(Standing):
        @catch_error
        def handler(self, ev: StepFailedEvent) -> C:
            handled.append(ev)
            return C()

    w = W()
    future = w.run()
    assert w.loop_stands.wait(SOON)
    w.thread.reached()
    future.cancel()
    w.thread.open()
    with pytest.raises(WorkflowCancelled):
        future.result(SOON)
    lab.settled()
    assert handled == []


def test_a_retry_policy_does_not_try_it_again(lab: Lab) -> None:
    stands = threading.Event()

    class W(Workflow):
        runs = 0

        @step(retry_policy=True)
        async def begin(self, ev: StartEvent) -> StopEvent:
            W.runs += 1
            stands.set()
            await asyncio.Event().wait()
            return StopEvent()

    future = W().run()
    assert stands.wait(SOON)
    future.cancel()
    with pytest.raises(WorkflowCancelled):
        future.result(SOON)
    lab.settled()
    assert W.runs == 1


def test_it_may_be_cancelled_by_its_run_and_from_inside(lab: Lab) -> None:
    w, future = standing()
    assert future.run.cancel()
    w.thread.open()
    with pytest.raises(WorkflowCancelled):
        future.result(SOON)

    class Inside(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            gate.stand()
            found[0].cancel()
            return StopEvent(result="too late")

    gate, found = Gate(), []
    found.append(Inside().run())
    gate.open()
    with pytest.raises(WorkflowCancelled):
        found[0].result(SOON)


def test_an_awaiting_loop_of_the_users_is_told(lab: Lab) -> None:
    async def main() -> None:
        w, future = await asyncio.get_running_loop().run_in_executor(None, standing)
        future.cancel()
        w.thread.open()
        with pytest.raises(WorkflowCancelled):
            await future

    asyncio.run(main())


# One step alone.


def test_a_step_that_is_cancelled_by_itself_gives_nothing_and_the_run_goes_on(lab: Lab) -> None:
    w, future = standing()
    assert step_named(future, "on_loop").cancel()
    w.thread.open()
    assert future.result(SOON) == 1
    eventually(lambda: states(future, "on_loop") == ["cancelled"])


def test_a_step_on_a_thread_that_is_cancelled_by_itself_gives_nothing(lab: Lab) -> None:
    w, future = standing()
    assert step_named(future, "on_thread").cancel()
    step_named(future, "on_loop").cancel()
    assert future.result(SOON) == 0
    w.thread.open()
    lab.settled()
    assert [kind for kind, _ in sent(future)] == ["StartEvent", "A", "B"], "what it returned late was sent"


def test_a_worker_is_free_when_the_body_that_was_cancelled_has_returned(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=1), A(n=2)]

        @step(num_workers=1)
        def work(self, ev: A) -> B:
            if ev.n == 1:
                gate.stand()
            return B(n=ev.n)

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=[one.n for one in evs])

    gate = Gate()
    future = W().run()
    gate.reached()
    step_named(future, "work").cancel()
    eventually(lambda: states(future, "work") == ["cancelling"])
    gate.open()
    assert future.result(SOON) == [2]
    assert most_running(future)["work"] == 1


def test_a_step_that_is_cancelled_while_it_waits_for_its_retry(timed: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=1), A(n=2)]

        @step(retry_policy=fl.Retry(3, backoff=(60, 60)))
        def work(self, ev: A) -> B:
            if ev.n == 1:
                raise Boom
            return B(n=ev.n)

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=[one.n for one in evs])

    future = W(timeout=None).run()
    eventually(lambda: timed.clock.planned and "waiting" in states(future, "work"))
    eventually(lambda: "succeeded" in states(future, "work"))
    step_named(future, "work").cancel()
    assert future.result(SOON) == [2]


def test_a_step_that_is_cancelled_while_it_waits_for_an_event(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=1), A(n=2)]

        @step
        async def ask(self, ctx: Context, ev: A) -> B:
            if ev.n == 1:
                await ctx.wait_for_event(Answer)
            return B(n=ev.n)

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=[one.n for one in evs])

    future = W(timeout=None).run()
    eventually(lambda: of(future, r.EventAwaited))
    eventually(lambda: "succeeded" in states(future, "ask"))
    step_named(future, "ask").cancel()
    assert future.result(SOON) == [2]
    assert not future.run.snapshot().workflows[future.id].awaited


def test_the_last_step_that_is_cancelled_by_itself_lets_the_run_stall(lab: Lab) -> None:
    stands = threading.Event()

    class W(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            stands.set()
            await asyncio.Event().wait()
            return StopEvent()

    future = W(timeout=None).run()
    assert stands.wait(SOON)
    step_named(future, "begin").cancel()
    with pytest.raises(fl.errors.WorkflowStalled):
        future.result(SOON)


# At the same moment as something else.


def test_a_cancel_at_the_moment_of_the_stop_event(lab: Lab) -> None:
    """One of them counts, for the future, for the stream and for a retry."""

    class W(Workflow):
        runs = 0

        @step
        def begin(self, ev: StartEvent) -> A:
            gate.stand()
            return A()

        @step
        def end(self, ev: A) -> StopEvent:
            W.runs += 1
            return StopEvent(result="end")

    gate = Gate()
    future = W(timeout=None).run()
    gate.reached()
    stands, go = held_up(future._workflow_run.closing, "end_if_due", lambda: future._workflow_run.over)
    gate.open()
    assert stands.wait(SOON)
    cancelled = future.cancel()
    go.set()
    fl.wait([future], SOON)
    lab.settled()
    last = list(future.stream_events())[-1]
    assert future.cancelled() is cancelled
    if cancelled:
        assert type(last) is WorkflowCancelledEvent
        future.retry()
        assert future.result(SOON) == "end"
        assert list(future.stream_events())[-1].result == "end"
    else:
        assert future.result(SOON) == "end"
        assert last.result == "end"


def test_a_cancel_at_the_moment_of_a_failure(lab: Lab) -> None:
    class W(Workflow):
        runs = 0

        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            W.runs += 1
            if W.runs == 1:
                gate.stand()
                raise Boom
            return StopEvent(result="end")

    gate = Gate()
    future = W(timeout=None).run()
    gate.reached()
    stands, go = held_up(future._workflow_run.closing, "end_if_due", lambda: future._workflow_run.over)
    gate.open()
    assert stands.wait(SOON)
    future.cancel()
    go.set()
    fl.wait([future], SOON)
    lab.settled()
    assert isinstance(future._error, (Boom, WorkflowCancelled))
    future.retry()
    assert future.result(SOON) == "end"


@pytest.mark.parametrize("held", ["publish", "end_if_due"])
def test_events_from_outside_at_the_moment_of_a_cancel(held: str, lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> Question:
            return Question()

        @step
        def end(self, ev: Answer) -> StopEvent:
            return StopEvent(result=ev.text)

    future = W(timeout=None).run()
    until_it_waits(future)
    run = future._workflow_run
    owner = run if held == "publish" else run.closing
    stands, go = held_up(owner, held, lambda *_: run.over)
    canceller = threading.Thread(target=future.cancel)
    canceller.start()
    assert stands.wait(SOON)
    with pytest.raises(fl.errors.WorkflowRuntimeError, match="has ended"):
        future.send_event(Answer(text="late"))
    go.set()
    canceller.join(SOON)
    with pytest.raises(WorkflowCancelled):
        future.result(SOON)


def test_a_step_that_is_begun_at_the_moment_of_a_cancel_is_run_after_a_retry(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A:
            gate.stand()
            return A(n=3)

        @step
        def end(self, ev: A) -> StopEvent:
            return StopEvent(result=ev.n)

    gate = Gate()
    future = W(timeout=None).run()
    gate.reached()
    stands, go = held_up(future._workflow_run, "told_to_stop", lambda: True)
    canceller = threading.Thread(target=future.cancel)
    canceller.start()
    assert stands.wait(SOON)
    gate.open()
    eventually(lambda: states(future, "end") == ["cancelled"])
    go.set()
    canceller.join(SOON)
    with pytest.raises(WorkflowCancelled):
        future.result(SOON)
    assert future.run.wait(SOON)
    future.retry()
    assert future.result(SOON) == 3


def test_cancelling_from_many_threads(lab: Lab) -> None:
    for _ in range(20):
        w, future = standing()
        together = threading.Barrier(5)

        def cancel(future: Any = future, together: Any = together) -> None:
            together.wait(SOON)
            future.cancel()

        threads = [threading.Thread(target=cancel) for _ in range(4)]
        for thread in threads:
            thread.start()
        together.wait(SOON)
        w.thread.open()
        for thread in threads:
            thread.join(SOON)
        with pytest.raises(WorkflowCancelled):
            future.result(SOON)
        assert future.run.wait(SOON)
        check_log(future.run)
