"""`Future`: asking, waiting, being taken for a `concurrent.futures.Future` by everyone who takes one."""

import asyncio
import concurrent.futures
import pickle
import sys
import threading
import traceback

import pytest

import ipyflow as fl
from ipyflow.errors import TaskCancelled, WouldDeadlock
from ipyflow.testing import Lab
from tests.engine.gates import SOON, Gate, eventually


@fl.task
def double(x: int) -> int:
    return 2 * x


@fl.task
def fail(text: str = "boom") -> None:
    raise ValueError(text)


def test_submit_returns_at_once_and_result_waits(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def work(x: int, *, y: int) -> int:
        gate.stand()
        return x + y

    future = work.submit(1, y=2)
    gate.reached()
    assert not future.done()
    assert future.running()
    gate.open()
    assert future.result() == 3
    assert future.done()
    assert not future.running()


def test_a_call_is_submit_and_result(lab: Lab) -> None:
    assert double(4) == 8
    with pytest.raises(ValueError, match="boom"):
        fail()


def test_it_knows_its_id_task_run_state_parent_and_children(lab: Lab) -> None:
    @fl.task
    def child() -> int:
        return fl.current().future.parent.id

    held = []

    @fl.flow
    def parent() -> int:
        held.append(child.submit())
        return held[0].result()

    future = parent.submit()
    assert future.result() == future.id == held[0].parent.id
    assert future.task is parent
    assert future.run.root is future
    assert future.state == "succeeded"
    assert future.children == held
    assert future.parent is None


def test_parent_and_children_are_there_only_while_somebody_holds_them(lab: Lab) -> None:
    @fl.flow
    def parent() -> int:
        return double.submit(1).result()

    future = parent.submit()
    future.result()
    lab.settled()
    eventually(lambda: future.children == [])


@pytest.mark.parametrize(
    "make", [lambda: double.submit(10**30), lambda: fail.submit("x" * 1000), lambda: double.submit("a" * 500)]
)
def test_its_repr_fits_on_a_line(lab: Lab, make: object) -> None:
    future = make()
    fl.wait([future])
    assert "\n" not in repr(future)
    assert len(repr(future)) < 100


def test_exception_gives_the_exception_or_none(lab: Lab) -> None:
    assert double.submit(1).exception() is None
    assert isinstance(fail.submit().exception(), ValueError)


def test_a_result_that_is_late_raises_timeout_and_the_task_goes_on(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def work() -> int:
        gate.stand()
        return 1

    future = work.submit()
    with pytest.raises(TimeoutError, match="goes on"):
        future.result(timeout=0.01)
    with pytest.raises(TimeoutError):
        future.exception(timeout=0)
    gate.open()
    assert future.result() == 1


def test_poll_gives_the_default_until_there_is_a_value(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def work() -> int:
        gate.stand()
        return 1

    future = work.submit()
    assert future.poll() is None
    assert future.poll(default="none yet") == "none yet"
    assert future.poll(0.01, default=0) == 0
    gate.open()
    assert future.poll(SOON) == 1
    with pytest.raises(ValueError, match="boom"):
        fail.submit().poll(SOON)


def test_the_original_exception_comes_with_its_own_traceback_and_a_note(lab: Lab) -> None:
    future = fail.submit("thing")
    for _ in range(3):
        with pytest.raises(ValueError, match="thing") as caught:
            future.result()
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert frames[-1].name == "fail"
    assert sum("ipyflow/engine" in f.filename for f in frames) <= 2
    (note,) = caught.value.__notes__
    assert f"fail#{future.id}('thing')" in note
    assert f"run {future.run.id}" in note


def test_the_note_names_every_task_an_exception_passed_through(lab: Lab) -> None:
    @fl.flow
    def outer(x: int) -> None:
        fail.submit().result()

    with pytest.raises(ValueError, match="boom") as caught:
        outer(7)
    assert [note.split("#")[0] for note in caught.value.__notes__] == ["in task fail", "in task outer"]
    assert "outer#" in caught.value.__notes__[1]
    assert "(7)" in caught.value.__notes__[1]


def test_traceback_is_text_for_a_failure_and_none_else(lab: Lab) -> None:
    good, bad = double.submit(1), fail.submit()
    fl.wait([good, bad])
    assert good.traceback is None
    assert bad.traceback.startswith("Traceback")
    assert "ValueError: boom" in bad.traceback
    assert "raise ValueError(text)" in bad.traceback
    assert "ipyflow/engine" not in bad.traceback


def test_post_mortem_of_what_has_not_failed_says_so(lab: Lab) -> None:
    future = double.submit(1)
    future.result()
    with pytest.raises(RuntimeError, match="succeeded"):
        future.post_mortem()


def test_post_mortem_opens_the_debugger_in_the_tasks_own_frame(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr("pdb.post_mortem", opened.append)
    future = fail.submit()
    fl.wait([future])
    future.post_mortem()
    assert opened[0].tb_frame.f_code.co_name == "fail"


def test_explain_is_a_sentence(lab: Lab) -> None:
    future = double.submit(1)
    future.result()
    assert isinstance(future.explain(), str)


# Taken for a future of the standard library.


def test_it_is_a_future_of_the_standard_library(lab: Lab) -> None:
    assert isinstance(double.submit(1), concurrent.futures.Future)


def test_the_standard_librarys_wait_takes_it(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def late() -> None:
        gate.stand()

    quick, bad, slow = double.submit(1), fail.submit(), late.submit()
    done, not_done = concurrent.futures.wait([quick, bad], SOON)
    assert done == {quick, bad}
    assert not not_done
    done, not_done = concurrent.futures.wait([slow, quick], SOON, concurrent.futures.FIRST_COMPLETED)
    assert (done, not_done) == ({quick}, {slow})
    done, not_done = concurrent.futures.wait([slow, bad], SOON, concurrent.futures.FIRST_EXCEPTION)
    assert (done, not_done) == ({bad}, {slow})
    assert concurrent.futures.wait([slow], 0.01).not_done == {slow}
    gate.open()
    assert concurrent.futures.wait([slow], SOON).done == {slow}


def test_the_standard_library_sees_futures_end_one_by_one_while_it_looks_at_all(lab: Lab) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for turn in range(100):
            futures = [double.submit(x) for x in range(30)]
            if turn % 2:
                assert len(list(concurrent.futures.as_completed(futures, SOON))) == 30
            else:
                assert concurrent.futures.wait(futures, SOON).not_done == set()
    finally:
        sys.setswitchinterval(before)


def test_the_standard_librarys_waiters_are_told_once_though_a_future_is_retried(lab: Lab) -> None:
    gate, calls = Gate(), []

    @fl.task
    def again() -> None:
        calls.append(1)
        if len(calls) < 3:
            raise ValueError("not yet")

    last = fl.task(gate.stand).submit()
    futures = [again.submit(), last]
    completed = concurrent.futures.as_completed(futures, SOON)
    assert next(completed) is futures[0]
    for _ in range(2):
        futures[0].retry()
        futures[0].exception(SOON)
    timer = threading.Timer(0.01, gate.open)
    timer.start()
    assert list(completed) == [last]
    timer.join()


def test_the_standard_librarys_waiters_are_told_once_though_callbacks_come_late(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def late() -> None:
        gate.stand()

    futures = [late.submit() for _ in range(4)]
    completed = concurrent.futures.as_completed(futures, SOON)
    timer = threading.Timer(0.01, gate.open)
    timer.start()
    first = next(completed)
    timer.join()
    for future in futures:
        future.exception(SOON)
        future.add_done_callback(lambda f: None)
    assert {first, *completed} == set(futures)


def test_the_standard_librarys_as_completed_takes_it_and_foreign_ones_beside_it(lab: Lab) -> None:
    gates = [Gate() for _ in range(3)]

    @fl.task
    def late(i: int) -> int:
        gates[i].stand()
        return i

    foreign: concurrent.futures.Future[int] = concurrent.futures.Future()
    futures = [late.submit(i) for i in range(3)]
    seen = []
    for future in concurrent.futures.as_completed([*futures, foreign, double.submit(5)], SOON):
        seen.append(future.result())
        if len(seen) == 1:
            gates[2].open()
        elif len(seen) == 2:
            foreign.set_result("foreign")
        elif len(seen) == 3:
            gates[0].open()
        elif len(seen) == 4:
            gates[1].open()
    assert seen == [10, 2, "foreign", 0, 1]


def test_the_standard_library_sees_a_cancelled_one_as_cancelled(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def late() -> None:
        gate.stand()

    future = late.submit()
    gate.reached()
    waiting = threading.Thread(target=lambda: concurrent.futures.wait([future], SOON))
    waiting.start()
    future.cancel()
    waiting.join(SOON)
    assert not waiting.is_alive()
    assert future.cancelled()
    with pytest.raises(concurrent.futures.CancelledError):
        future.result()
    gate.open()


def test_callbacks_run_once_whether_added_before_or_after_the_end(lab: Lab) -> None:
    gate, called, over = Gate(), [], threading.Event()

    @fl.task
    def late() -> None:
        gate.stand()

    future = late.submit()
    future.add_done_callback(lambda f: called.append(("before", f)))
    gate.open()
    future.result()
    future.add_done_callback(lambda f: (called.append(("after", f)), over.set()))
    assert over.wait(SOON)
    eventually(lambda: len(called) == 2)
    assert sorted(called, key=str) == [("after", future), ("before", future)]


def test_an_error_in_a_callback_is_logged_and_harms_nobody(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    gate, called = Gate(), threading.Event()

    @fl.task
    def late() -> int:
        gate.stand()
        return 1

    def broken(_: object) -> None:
        raise RuntimeError("in the callback")

    future = late.submit()
    future.add_done_callback(broken)
    future.add_done_callback(lambda _: called.set())
    gate.open()
    assert future.result() == 1
    assert called.wait(SOON)
    assert "exception calling callback" in caplog.text


def test_a_callback_that_exits_does_not_take_the_worker_with_it(lab: Lab) -> None:
    gate, called = Gate(), threading.Event()

    @fl.task
    def late() -> int:
        gate.stand()
        return 1

    def leave(_: object) -> None:
        raise SystemExit

    future = late.submit()
    future.add_done_callback(leave)
    future.add_done_callback(lambda _: called.set())
    gate.open()
    assert future.result() == 1
    assert called.wait(SOON)
    assert double.map(range(20)).results() == [2 * i for i in range(20)]


def test_its_outcome_cannot_be_set_from_outside(lab: Lab) -> None:
    future = double.submit(1)
    for set_it in (
        lambda: future.set_result(1),
        lambda: future.set_exception(None),
        future.set_running_or_notify_cancel,
    ):
        with pytest.raises(RuntimeError):
            set_it()
    future.result()


def test_it_cannot_be_pickled_and_says_what_to_pass_instead(lab: Lab) -> None:
    future = double.submit(1)
    future.result()
    with pytest.raises(TypeError, match=r"pass its \.result\(\)"):
        pickle.dumps(future)


# Awaiting.


async def test_it_is_awaitable_from_any_loop(lab: Lab) -> None:
    assert await double.submit(3) == 6
    with pytest.raises(ValueError, match="boom"):
        await fail.submit()
    assert await asyncio.gather(double.submit(1), double.submit(2)) == [2, 4]
    done = double.submit(4)
    done.result()
    assert await done == 8


async def test_awaiting_before_the_end_wakes_on_a_foreign_loop(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def late() -> int:
        gate.stand()
        return 1

    future = late.submit()
    waiter = asyncio.ensure_future(asyncio.wait_for(future, SOON))
    await asyncio.sleep(0)
    assert not waiter.done()
    gate.open()
    assert await waiter == 1


async def test_wrap_future_takes_it(lab: Lab) -> None:
    assert await asyncio.wrap_future(double.submit(3)) == 6
    with pytest.raises(ValueError, match="boom"):
        await asyncio.wrap_future(fail.submit())


async def test_cancelling_the_wrapped_future_cancels_the_task(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def late() -> None:
        gate.stand()

    future = late.submit()
    gate.reached()
    wrapped = asyncio.wrap_future(future)
    wrapped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await wrapped
    for _ in range(3):
        await asyncio.sleep(0)
    assert future.cancelled()
    gate.open()


async def test_a_cancelled_one_raises_when_awaited(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def late() -> None:
        gate.stand()

    future = late.submit()
    waiter = asyncio.ensure_future(asyncio.wait_for(future, SOON))
    gate.reached()
    await asyncio.sleep(0)
    future.cancel()
    with pytest.raises(TaskCancelled):
        await waiter
    gate.open()


async def test_giving_up_an_await_leaves_the_task_running(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def late() -> int:
        gate.stand()
        return 1

    future = late.submit()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(future, 0.01)
    gate.open()
    assert await future == 1


def test_many_waiters_of_every_kind_hear_of_one_end(lab: Lab) -> None:
    gate, heard = Gate(), []

    @fl.task
    def late() -> int:
        gate.stand()
        return 1

    future = late.submit()
    threads = [threading.Thread(target=lambda: heard.append(future.result(SOON))) for _ in range(8)]
    threads += [
        threading.Thread(target=lambda: heard.append(asyncio.run(asyncio.wait_for(future, SOON)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    future.add_done_callback(lambda f: heard.append(f.result()))
    gate.reached()
    gate.open()
    for thread in threads:
        thread.join(SOON)
    eventually(lambda: heard == [1] * 13)


# On the engine's own loop.


def test_result_on_the_loop_raises_and_names_await(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def late() -> None:
        gate.stand()

    future = late.submit()

    @fl.task
    async def blocks(how: str) -> str:
        with pytest.raises(WouldDeadlock, match="await") as caught:
            if how == "result":
                future.result()
            elif how == "timeout":
                future.result(timeout=1)
            elif how == "exception":
                future.exception()
            elif how == "poll":
                future.poll(1)
            elif how == "call":
                late()
            elif how == "wait":
                fl.wait([future])
            elif how == "select":
                fl.select([future])
            elif how == "as_completed":
                list(fl.as_completed([future]))
            elif how == "run":
                future.run.wait()
        return str(caught.value)

    for how in ("result", "timeout", "exception", "poll", "call", "wait", "select", "as_completed", "run"):
        assert "await" in blocks.submit(how).result(SOON)
    gate.open()
    lab.settled()


def test_result_of_a_finished_one_is_fine_on_the_loop(lab: Lab) -> None:
    future = double.submit(2)
    future.result()

    @fl.task
    async def reads() -> int:
        return future.result()

    assert reads() == 4


def test_a_task_that_waits_for_itself_is_told_so(lab: Lab) -> None:
    @fl.task
    def selfish() -> None:
        fl.current().future.result()

    with pytest.raises(WouldDeadlock):
        selfish.submit().result(SOON)


# A call, a submit and an await work everywhere.


def test_all_three_work_in_a_thread_in_asyncio_run_and_in_tasks(lab: Lab) -> None:
    @fl.task
    def on_a_thread() -> list[int]:
        return [double(1), double.submit(2).result(), asyncio.run(main())]

    @fl.task
    async def on_the_loop() -> list[int]:
        return [await double.submit(1), await asyncio.to_thread(double, 2)]

    async def main() -> int:
        return double(1) + double.submit(2).result() + await double.submit(3)

    got: list[object] = []
    thread = threading.Thread(target=lambda: got.append([double(1), double.submit(2).result()]))
    thread.start()
    thread.join(SOON)
    assert got == [[2, 4]]
    assert asyncio.run(main()) == 12
    assert on_a_thread.submit().result(SOON) == [2, 4, 12]
    assert on_the_loop.submit().result(SOON) == [2, 4]
