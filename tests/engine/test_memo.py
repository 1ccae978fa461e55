"""`memo=True`: an equal call in the same run is the same future."""

import threading

import pytest

import ipyflow as fl
from ipyflow.testing import Lab
from tests.engine.gates import SOON, Gate


def test_equal_calls_in_one_run_are_one(lab: Lab) -> None:
    calls = []

    @fl.task(memo=True)
    def work(x: int, *, y: int = 0) -> int:
        calls.append((x, y))
        return x + y

    @fl.flow
    def top() -> list:
        first, second, other = work.submit(1, y=2), work.submit(1, y=2), work.submit(2, y=2)
        assert first is second
        return [first.result(), other.result(), work(1, y=2)]

    assert top() == [3, 4, 3]
    assert sorted(calls) == [(1, 2), (2, 2)]
    assert top() == [3, 4, 3]
    assert len(calls) == 4


def test_calls_in_flight_are_linked(lab: Lab) -> None:
    gate, calls = Gate(), []

    @fl.task(memo=True)
    def work() -> int:
        calls.append(1)
        gate.stand()
        return 1

    futures: list[fl.Future] = []
    threads = [threading.Thread(target=lambda: futures.append(work.submit())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert len(set(futures)) == 1
    gate.open()
    assert futures[0].result(SOON) == 1
    assert calls == [1]


def test_a_failure_is_not_remembered(lab: Lab) -> None:
    calls = []

    @fl.task(memo=True)
    def work() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise OSError
        return len(calls)

    assert isinstance(work.submit().exception(SOON), OSError)
    assert work.submit().result(SOON) == 2


def test_an_argument_that_cannot_be_hashed_raises_at_submit(lab: Lab) -> None:
    @fl.task(memo=True)
    def work(xs: list) -> int:
        return sum(xs)

    with pytest.raises(TypeError, match="tuples for lists"):
        work.submit([1, 2])
    assert not lab.engine.unfinished()


def test_different_functions_do_not_share(lab: Lab) -> None:
    @fl.task(memo=True, name="same")
    def one(x: int) -> int:
        return x + 1

    @fl.task(memo=True, name="same")
    def two(x: int) -> int:
        return x + 2

    assert (one(1), two(1)) == (2, 3)


def test_inline_bodies_that_submit_memoised_calls_from_other_threads_do_not_deadlock(lab: Lab) -> None:
    @fl.task(memo=True)
    def leaf(x: int) -> int:
        return x

    @fl.task
    def on_a_thread(x: int) -> int:
        return leaf.submit(x).result()

    @fl.task(memo=True, executor="inline")
    def inline(x: int) -> int:
        return on_a_thread.submit(x).result(SOON / 2)

    assert inline.submit(3).result(SOON) == 3


def test_memo_takes_only_true_or_false() -> None:
    with pytest.raises(TypeError, match="memo"):
        fl.task(memo=["x"])(lambda x: None)
