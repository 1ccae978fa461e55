"""The engine with the interpreter switching threads all the time."""

import random
import sys
import threading
from collections.abc import Iterator

import pytest

import ipyflow as fl
from ipyflow.errors import TaskCancelled
from ipyflow.testing import Lab, engine
from tests.engine.gates import eventually

LONG = 50


@pytest.fixture(params=[1e-6, 1e-4])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(request.param)
    try:
        with engine(threads=4) as lab:
            yield lab
            lab.settled(LONG)
            eventually(lambda: not lab.engine.unfinished())
    finally:
        sys.setswitchinterval(before)


def test_many_small_tasks_from_many_threads(lab: Lab) -> None:
    @fl.task
    def work(x: int) -> int:
        return x

    sums: list[int] = []
    threads = [threading.Thread(target=lambda: sums.append(sum(work.map(range(400)).results(LONG)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [79800] * 6


def test_fib_by_blocking_waits(lab: Lab) -> None:
    @fl.task
    def fib(n: int) -> int:
        if n < 2:
            return n
        a, b = fib.submit(n - 1), fib.submit(n - 2)
        return a.result() + b.result()

    assert fib.submit(13).result(LONG) == 233


def test_cancels_retries_and_limits_in_between(lab: Lab) -> None:
    rng, lock = random.Random(3), threading.Lock()

    @fl.task(limit=3, retries=2)
    def work(x: int) -> int:
        with lock:
            unlucky = rng.random() < 0.3
        if unlucky:
            raise OSError
        return x

    @fl.task
    def parent(n: int) -> int:
        futures = [work.submit(i) for i in range(n)]
        for future in futures[::3]:
            future.cancel()
        return len(fl.wait(futures).done)

    parents = [parent.submit(12) for _ in range(40)]
    for future in parents[::5]:
        future.cancel()
    for future in parents:
        try:
            assert future.result(LONG) == 12
        except TaskCancelled:
            pass
    eventually(lambda: not lab.engine.unfinished())
    assert all(limit.used == 0 for limit in lab.engine.limits.values())


def test_waiters_of_every_kind(lab: Lab) -> None:
    @fl.task
    def work(x: int) -> int:
        return x

    @fl.task
    async def coroutine(x: int) -> int:
        return await work.submit(x)

    for _ in range(40):
        futures = [work.submit(1), coroutine.submit(2), work.submit(3), coroutine.submit(4)]
        assert len(list(fl.as_completed(futures, LONG))) == 4
        futures = [work.submit(1), coroutine.submit(2)]
        winner, rest = fl.select(futures, LONG)
        assert winner.done()
        assert fl.wait(rest, LONG).not_done == set()


def test_runs_that_close_and_open_again(lab: Lab) -> None:
    calls: dict[int, int] = {}

    @fl.flow
    def flaky(i: int) -> int:
        calls[i] = calls.get(i, 0) + 1
        if calls[i] < 4:
            raise OSError
        return i

    for i in range(60):
        future = flaky.submit(i)
        for _ in range(3):
            assert isinstance(future.exception(LONG), OSError)
            future.retry()
        assert future.result(LONG) == i
        assert future.run.wait(LONG)
        assert future.run.state == "succeeded"


def test_starting_and_stopping_engines(lab: Lab) -> None:
    for _ in range(20):
        with engine(threads=3) as other:

            @fl.task
            def work(x: int) -> int:
                return x

            assert sum(work.map(range(30)).results(LONG)) == 435
            other.settled()
