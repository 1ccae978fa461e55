"""`timeout=`: per attempt; the waiter hears at once, children are cancelled, a thread is abandoned and said to be."""

import asyncio
import threading
from datetime import timedelta

import pytest

import ipyflow as fl
from ipyflow.errors import TaskCancelled, TaskTimeout
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, eventually


def notes(future: fl.Future) -> list[str]:
    return [kind for kind, _ in future.run.snapshot().tasks[future.id].notes]


def test_a_thread_is_abandoned_and_said_to_be(clocked: Lab) -> None:
    gate, seen = Gate(), []

    @fl.task(timeout=5)
    def slow() -> str:
        gate.stand()
        seen.append(fl.current().cancelled)
        return "late"

    future = slow.submit()
    gate.reached()
    clocked.clock.advance(4.9)
    assert future.state == "running"
    clocked.clock.advance(0.2)
    with pytest.raises(TaskTimeout, match=r"slow#1 ran over its timeout of 5 s"):
        future.result(SOON)
    assert isinstance(future.exception(), TimeoutError)
    assert future.state == "timed_out"
    assert notes(future) == ["abandoned"]
    gate.open()
    eventually(lambda: seen == [True])
    assert future.state == "timed_out"


def test_an_async_body_is_cancelled(clocked: Lab) -> None:
    gate, over = threading.Event(), threading.Event()

    @fl.task(timeout=timedelta(seconds=2))
    async def slow() -> None:
        gate.set()
        try:
            await asyncio.Event().wait()
        finally:
            over.set()

    future = slow.submit()
    assert gate.wait(SOON)
    eventually(lambda: clocked.clock.planned)
    clocked.clock.advance(2.1)
    with pytest.raises(TaskTimeout):
        future.result(SOON)
    assert over.wait(SOON)
    assert notes(future) == []


def test_children_are_cancelled(clocked: Lab) -> None:
    gate, held = Gate(), []

    @fl.task
    def child() -> None:
        gate.stand()

    @fl.task(timeout=1)
    def parent() -> None:
        held.append(child.submit())
        held[0].result()

    future = parent.submit()
    gate.reached()
    eventually(lambda: held)
    clocked.clock.advance(2)
    assert isinstance(future.exception(SOON), TaskTimeout)
    assert held[0].cancelled()
    gate.open()


def test_it_counts_from_the_start_not_from_the_submit(clocked: Lab) -> None:
    gate = Gate()

    @fl.task(timeout=1, delay=10)
    def work() -> int:
        gate.stand()
        return 1

    future = work.submit()
    clocked.clock.advance(10)
    gate.reached()
    gate.open()
    assert future.result(SOON) == 1


def test_a_retry_after_a_timeout_has_its_own_window(clocked: Lab) -> None:
    gates = [Gate(), Gate()]

    @fl.task(timeout=5, retries=1)
    def work() -> int:
        attempt = fl.current().attempt
        gates[attempt - 1].stand()
        return attempt

    future = work.submit()
    gates[0].reached()
    clocked.clock.advance(6)
    gates[1].reached()
    clocked.clock.advance(3.5)
    gates[1].open()
    assert future.result(SOON) == 2
    gates[0].open()
    task = future.run.snapshot().tasks[future.id]
    assert [a.type for a in task.attempts] == ["TaskTimeout", ""]


def test_an_abandoned_body_does_not_hold_a_slot() -> None:
    gate = Gate()
    with engine(threads=1, manual=True) as lab:

        @fl.task(timeout=1)
        def slow() -> None:
            gate.stand()

        @fl.task
        def quick() -> int:
            return 1

        stuck = slow.submit()
        gate.reached()
        lab.clock.advance(2)
        assert isinstance(stuck.exception(SOON), TaskTimeout)
        assert quick.submit().result(SOON) == 1
        gate.open()
        lab.settled()


def test_a_body_that_is_in_time_has_its_timer_called_off(clocked: Lab) -> None:
    @fl.task(timeout=5)
    def quick() -> int:
        return 1

    future = quick.submit()
    assert future.result() == 1
    eventually(lambda: clocked.clock.planned == 0)
    clocked.clock.advance(10)
    assert future.state == "succeeded"


def test_a_cancelled_body_does_not_time_out_as_well(clocked: Lab) -> None:
    gate = Gate()

    @fl.task(timeout=5)
    def slow() -> None:
        gate.stand()

    future = slow.submit()
    gate.reached()
    future.cancel()
    clocked.clock.advance(10)
    assert future.state == "cancelling"
    with pytest.raises(TaskCancelled):
        future.result()
    gate.open()
    eventually(lambda: future.state == "cancelled")


def test_real_time_works_too(lab: Lab) -> None:
    gate = Gate()

    @fl.task(timeout=0.01)
    def slow() -> None:
        gate.stand()

    with pytest.raises(TaskTimeout):
        slow.submit().result(SOON)
    gate.open()


@pytest.mark.parametrize(("value", "error"), [(0, ValueError), (-1, ValueError), ("5", TypeError), (True, TypeError)])
def test_impossible_timeouts_are_refused(value: object, error: type) -> None:
    with pytest.raises(error, match="timeout"):
        fl.task(timeout=value)(lambda: None)
