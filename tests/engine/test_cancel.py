"""Cancelling: real, recursive, at once for those who wait."""

import asyncio
import threading

import pytest

import ipyflow as fl
from ipyflow.errors import TaskCancelled
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, eventually


@fl.task
def stand(gate: Gate) -> str:
    gate.stand()
    return "stood"


def test_a_queued_task_never_starts() -> None:
    gate, started = Gate(), []
    with engine(threads=1) as lab:

        @fl.task
        def late() -> None:
            started.append(1)

        blocker = stand.submit(gate)
        gate.reached()
        future = late.submit()
        assert future.state == "queued"
        assert future.cancel() is True
        assert future.state == "cancelled"
        assert future.cancelled()
        assert future.done()
        gate.open()
        assert blocker.result() == "stood"
        lab.settled()
        assert started == []


def test_a_waiting_task_never_starts(clocked: Lab) -> None:
    started = []

    @fl.task(delay=5)
    def late() -> None:
        started.append(1)

    future = late.submit()
    assert future.state == "waiting"
    assert future.cancel()
    clocked.clock.advance(10)
    assert started == []
    assert future.state == "cancelled"


def test_an_async_body_gets_cancelled_error_and_may_clean_up(lab: Lab) -> None:
    events, inside = [], threading.Event()

    @fl.task
    async def work() -> None:
        inside.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            events.append("cancelled")
            raise
        finally:
            events.append("clean")

    future = work.submit()
    assert inside.wait(SOON)
    assert future.cancel()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    eventually(lambda: future.state == "cancelled")
    assert events == ["cancelled", "clean"]


def test_a_body_on_a_thread_sees_it_and_its_waiters_hear_at_once(lab: Lab) -> None:
    inside, seen, leave = threading.Event(), [], threading.Event()

    @fl.task
    def work() -> str:
        inside.set()
        me = fl.current()
        while not me.cancelled:
            leave.wait(0.001)
        seen.append("cancelled")
        leave.wait(SOON)
        me.check()
        return "never"

    future = work.submit()
    assert inside.wait(SOON)
    assert future.cancel()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    eventually(lambda: seen)
    assert future.state == "cancelling"
    assert future.cancelled()
    assert future.running()
    leave.set()
    eventually(lambda: future.state == "cancelled")


def test_a_body_that_ignores_it_is_shown_as_cancelling_and_its_value_is_dropped(lab: Lab) -> None:
    gate = Gate()
    future = stand.submit(gate)
    gate.reached()
    assert future.cancel()
    assert future.state == "cancelling"
    with pytest.raises(TaskCancelled):
        future.result()
    gate.open()
    eventually(lambda: future.state == "cancelled")
    with pytest.raises(TaskCancelled):
        future.result()
    states = [span.state for span in future.run.snapshot().tasks[future.id].spans]
    assert states == ["queued", "running", "cancelling", "cancelled"]


def test_a_slot_that_a_cancelled_body_holds_counts_as_free() -> None:
    gate = Gate()
    with engine(threads=1) as lab:
        stuck = stand.submit(gate)
        gate.reached()
        stuck.cancel()

        @fl.task
        def quick() -> int:
            return 1

        assert quick.submit().result(SOON) == 1
        gate.open()
        lab.settled()


def test_a_body_blocked_in_a_wait_wakes_with_task_cancelled(lab: Lab) -> None:
    gate, caught, over = Gate(), [], threading.Event()

    @fl.task
    def other() -> None:
        gate.stand()

    pending = other.submit()
    gate.reached()

    @fl.task
    def work(how: str) -> None:
        try:
            if how == "result":
                pending.result()
            elif how == "wait":
                fl.wait([pending])
            elif how == "select":
                fl.select([pending])
            else:
                list(fl.as_completed([pending]))
        except TaskCancelled as error:
            caught.append(str(error))
            raise
        finally:
            over.set()

    for how in ("result", "wait", "select", "as_completed"):
        over.clear()
        future = work.submit(how)
        eventually(lambda future=future: future.state == "blocked")
        future.cancel()
        assert over.wait(SOON), how
        eventually(lambda future=future: future.state == "cancelled")
    assert len(caught) == 4
    assert not pending.cancelled()
    gate.open()


def test_it_is_recursive(lab: Lab) -> None:
    gate, started = Gate(), threading.Barrier(3)

    @fl.task
    def leaf(i: int) -> None:
        if i < 2:
            started.wait(SOON)
        gate.stand()

    @fl.flow
    def middle() -> None:
        fl.wait([leaf.submit(0), leaf.submit(1)])

    @fl.flow
    def top() -> None:
        middle.submit().result()

    root = top.submit()
    started.wait(SOON)
    everything = root.run.futures
    assert len(everything) == 4
    assert root.cancel()
    assert all(f.cancelled() for f in everything)
    gate.open()
    eventually(lambda: root.run.state == "cancelled")


def test_what_a_body_submits_after_it_was_cancelled_is_cancelled_too(lab: Lab) -> None:
    gate, ran, children = Gate(), [], []

    @fl.task
    def child() -> None:
        ran.append(1)

    @fl.task
    def parent() -> None:
        gate.stand()
        children.append(child.submit())
        children.append(child.with_options(delay=0.001).submit())

    future = parent.submit()
    gate.reached()
    future.cancel()
    gate.open()
    eventually(lambda: future.state == "cancelled")
    assert [c.state for c in children] == ["cancelled", "cancelled"]
    assert ran == []


def test_cancel_of_what_has_ended_is_false(lab: Lab) -> None:
    gate = Gate()
    gate.open()
    future = stand.submit(gate)
    future.result()
    assert future.cancel() is False
    assert future.state == "succeeded"
    assert future.result() == "stood"


def test_cancel_of_what_is_being_cancelled_is_true(lab: Lab) -> None:
    gate = Gate()
    future = stand.submit(gate)
    gate.reached()
    assert future.cancel() is True
    assert future.cancel() is True
    gate.open()
    eventually(lambda: future.state == "cancelled")
    assert future.cancel() is False


def test_a_task_may_cancel_itself(lab: Lab) -> None:
    @fl.task
    def work() -> None:
        fl.current().future.cancel()
        fl.current().check()

    future = work.submit()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    eventually(lambda: future.state == "cancelled")


def test_a_task_that_meets_a_cancelled_child_fails_as_with_any_exception(lab: Lab) -> None:
    gate = Gate()
    child = stand.submit(gate)
    gate.reached()

    @fl.task
    def sync_parent() -> None:
        child.result()

    @fl.task
    async def async_parent() -> None:
        await child

    parents = [sync_parent.submit(), async_parent.submit()]
    eventually(lambda: all(p.state == "blocked" for p in parents))
    child.cancel()
    for parent in parents:
        assert isinstance(parent.exception(SOON), TaskCancelled)
        assert parent.state == "failed"
        assert not parent.cancelled()
    gate.open()


def test_an_async_body_that_raises_cancelled_error_of_its_own_counts_as_cancelled(lab: Lab) -> None:
    @fl.task
    async def work() -> None:
        raise asyncio.CancelledError

    future = work.submit()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    eventually(lambda: future.state == "cancelled")


def test_an_async_body_that_swallows_it_is_cancelled_all_the_same(lab: Lab) -> None:
    inside = threading.Event()

    @fl.task
    async def work() -> str:
        inside.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "value"

    future = work.submit()
    assert inside.wait(SOON)
    future.cancel()
    eventually(lambda: future.state == "cancelled")
    with pytest.raises(TaskCancelled):
        future.result()


def test_racing_cancels_and_ends_leave_each_task_ended_once(lab: Lab) -> None:
    @fl.task
    def quick(i: int) -> int:
        return i

    for _ in range(30):
        futures = [quick.submit(i) for i in range(20)]
        threads = [threading.Thread(target=lambda f=f: f.cancel()) for f in futures[::2]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for i, future in enumerate(futures):
            try:
                assert future.result(SOON) == i
            except TaskCancelled:
                assert i % 2 == 0
    lab.settled()
    assert not lab.engine.unfinished()


def test_waiters_that_come_in_the_middle_of_a_cancel_hear_of_it(lab: Lab) -> None:
    gate = Gate()
    for _ in range(50):
        future = stand.with_options(delay=60).submit(gate)
        heard: list[object] = []
        waiter = threading.Thread(target=lambda: heard.append(fl.wait([future], SOON)))
        waiter.start()
        future.cancel()
        waiter.join(SOON)
        assert heard[0].done == {future}


def test_the_whole_run_can_be_cancelled(lab: Lab) -> None:
    gate = Gate()

    @fl.flow
    def top() -> None:
        stand.submit(gate).result()

    future = top.submit()
    gate.reached()
    assert future.run.cancel() is True
    assert future.cancelled()
    gate.open()
    eventually(lambda: future.run.state == "cancelled")
    assert future.run.cancel() is False
