"""A body that returns a future continues as it."""

import concurrent.futures

import pytest

import ipyflow as fl
from ipyflow.errors import DependencyError
from ipyflow.testing import Lab
from tests.engine.gates import SOON, Gate, eventually


@fl.task
def value(x: object) -> object:
    return x


def test_its_own_future_has_that_value_in_the_end(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def inner() -> int:
        gate.stand()
        return 5

    @fl.flow
    def outer() -> fl.Future:
        return inner.submit()

    future = outer.submit()
    gate.reached()
    eventually(lambda: future.state == "waiting")
    task = future.run.snapshot().tasks[future.id]
    assert task.reason == "the future it returned"
    assert task.into == task.waiting_on[0] == future.children[0].id
    gate.open()
    assert future.result(SOON) == 5


async def test_async_bodies_too(lab: Lab) -> None:
    @fl.flow
    async def outer() -> fl.Future:
        return value.submit(5)

    assert await outer.submit() == 5


def test_the_worker_is_free_meanwhile(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def inner() -> int:
        gate.stand()
        return 1

    first = inner.submit()

    @fl.task
    def outer() -> fl.Future:
        return first

    futures = [outer.submit() for _ in range(40)]
    eventually(lambda: all(f.state == "waiting" for f in futures))
    assert value(3) == 3
    gate.open()
    assert [f.result(SOON) for f in futures] == [1] * 40


@pytest.mark.parametrize("is_async", [False, True], ids=["thread", "async"])
def test_ten_thousand_deep(lab: Lab, is_async: bool) -> None:
    if is_async:

        @fl.task
        async def down(n: int) -> object:
            return down.submit(n - 1) if n else "bottom"
    else:

        @fl.task
        def down(n: int) -> object:
            return down.submit(n - 1) if n else "bottom"

    assert down.submit(10_000).result(30) == "bottom"


def test_a_failure_of_the_returned_one_is_its_failure(lab: Lab) -> None:
    @fl.task
    def inner() -> None:
        raise ValueError("boom")

    @fl.flow
    def outer() -> fl.Future:
        return inner.submit()

    future = outer.submit()
    with pytest.raises(ValueError, match="boom"):
        future.result(SOON)
    assert future.state == "failed"
    assert future.run.wait(SOON)


def test_a_cancelled_one_is_a_dependency_error(lab: Lab) -> None:
    held = []

    @fl.flow
    def outer() -> fl.Future:
        held.append(value.with_options(delay=60).submit(1))
        return held[0]

    future = outer.submit()
    eventually(lambda: future.state == "waiting")
    held[0].cancel()
    with pytest.raises(DependencyError):
        future.result(SOON)


def test_cancelling_it_cancels_the_child_it_continues_as(lab: Lab) -> None:
    held = []

    @fl.flow
    def outer() -> fl.Future:
        held.append(value.with_options(delay=60).submit(1))
        return held[0]

    future = outer.submit()
    eventually(lambda: future.state == "waiting")
    assert future.cancel()
    assert future.state == "cancelled"
    assert held[0].cancelled()


def test_its_own_future_is_refused(lab: Lab) -> None:
    @fl.task
    def selfish() -> fl.Future:
        return fl.current().future

    with pytest.raises(RuntimeError, match="its own future"):
        selfish.submit().result(SOON)


def test_futures_inside_a_returned_container_stay_futures(lab: Lab) -> None:
    @fl.flow
    def outer() -> list:
        return [value.submit(1), {"a": value.submit(2)}]

    first, second = outer.submit().result(SOON)
    assert first.result() == 1
    assert second["a"].result() == 2


def test_a_foreign_future_is_a_value_as_any_other(lab: Lab) -> None:
    promise: concurrent.futures.Future[int] = concurrent.futures.Future()
    assert value.submit(promise).result(SOON) is promise


def test_a_retry_of_the_returned_one_does_not_leave_the_outer_behind(lab: Lab) -> None:
    calls = []

    @fl.task
    def inner() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise OSError
        return 7

    @fl.flow
    def outer() -> fl.Future:
        return inner.submit()

    future = outer.submit()
    assert isinstance(future.exception(SOON), OSError)
    future.retry()
    assert future.result(SOON) == 7
