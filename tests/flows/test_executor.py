"""`ipyflow.Executor`: the engine where a library wants a `concurrent.futures.Executor`."""

import asyncio
import concurrent.futures
import functools
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import TaskCancelled, UnobservedFailureWarning
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, Together, eventually


@pytest.fixture
def lab() -> Iterator[Lab]:
    with engine(threads=4) as lab:
        yield lab
        lab.settled()


def double(x: int) -> int:
    return 2 * x


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def add(self, n: int, times: int = 1) -> int:
        self.count += n * times
        return self.count

    def __call__(self, x: int) -> int:
        return x + self.count


def test_it_is_an_executor_of_the_standard_library(lab: Lab) -> None:
    with fl.Executor() as executor:
        assert isinstance(executor, concurrent.futures.Executor)
        future = executor.submit(double, 21)
        assert isinstance(future, fl.Future)
        assert future.result(SOON) == 42
        futures = [executor.submit(double, x) for x in range(5)]
        assert sorted(f.result() for f in concurrent.futures.as_completed(futures, SOON)) == [0, 2, 4, 6, 8]
        assert concurrent.futures.wait(futures, SOON).not_done == set()


@pytest.mark.parametrize("place", ["threads", "inline"])
def test_any_callable_with_any_arguments(lab: Lab, place: str) -> None:
    counter = Counter()
    with fl.Executor(place) as executor:
        assert executor.submit(lambda: 5).result(SOON) == 5
        assert executor.submit(functools.partial(pow, 2), 5).result(SOON) == 32
        assert executor.submit(counter.add, 3, times=2).result(SOON) == 6
        assert executor.submit(counter, 1).result(SOON) == 7
        assert executor.submit(len, [1, 2]).result(SOON) == 2
        assert executor.submit(dict, fn=1, self=2).result(SOON) == {"fn": 1, "self": 2}
        assert executor.submit(fl.task(double), 4).result(SOON) == 8
    tasks = [task.name for task in executor.run.snapshot().tasks.values()]
    assert tasks[:6] == ["<lambda>", "pow", "add", "Counter", "len", "dict"]
    with fl.Executor() as executor, pytest.raises(TypeError, match="give a function"):
        executor.submit(5)


def test_coroutine_functions_run_on_the_loop(lab: Lab) -> None:
    async def work(x: int) -> int:
        await asyncio.sleep(0)
        return x

    with fl.Executor(retries=2) as executor:
        assert executor.submit(work, 3).result(SOON) == 3
        assert list(executor.map(work, range(6), chunksize=2)) == [0, 1, 2, 3, 4, 5]


# Its run.


def test_its_run_lasts_as_long_as_it_does(lab: Lab) -> None:
    executor = fl.Executor(name="numbers")
    run = executor.run
    assert (run.kind, run.name, run.state) == ("executor", "numbers", "running")
    future = executor.submit(double, 1)
    future.result(SOON)
    assert future.run is run
    assert future.parent_id == 0
    assert run.wait(SOON)
    assert not run.closed
    assert run in lab.runs
    assert run._repr_mimebundle_().keys() == executor._repr_mimebundle_().keys()
    assert "numbers" in executor._repr_mimebundle_()["text/plain"]
    assert "numbers" in repr(executor)
    executor.shutdown()
    eventually(lambda: run.closed)
    assert run.state == "succeeded"
    assert "shut down" in repr(executor)


def test_its_run_can_be_cancelled(lab: Lab) -> None:
    gate = Gate()
    with fl.Executor(max_workers=1) as executor:
        futures = [executor.submit(gate.stand) for _ in range(5)]
        gate.reached()
        assert executor.run.cancel()
        for future in futures:
            with pytest.raises(TaskCancelled):
                future.result(SOON)
        gate.open()
    eventually(lambda: executor.run.closed)


def test_a_failure_that_nobody_looked_at_is_told(lab: Lab) -> None:
    def fails() -> None:
        raise ValueError("unseen")

    with pytest.warns(UnobservedFailureWarning, match="unseen"):
        with fl.Executor() as executor:
            executor.submit(fails)
        eventually(lambda: executor.run.closed)


def test_futures_nobody_reads_are_no_leaks_and_are_not_kept(lab: Lab) -> None:
    with fl.Executor() as executor:
        for x in range(100):
            executor.submit(double, x)
    eventually(lambda: executor.run.closed)
    assert executor.run.leaks == []
    assert executor._unfinished == {}


def test_inside_a_task_it_submits_children(lab: Lab) -> None:
    outside = fl.Executor(name="outside")

    @fl.flow
    def work() -> tuple:
        with fl.Executor(name="inside") as executor:
            one, two = executor.submit(double, 1), outside.submit(double, 2)
            assert executor.run is fl.current().run
            return one, two, one.result() + two.result()

    future = work.submit()
    one, two, total = future.result(SOON)
    assert total == 6
    assert one.parent is future
    assert two.parent is future
    assert one.run is two.run is future.run
    outside.shutdown()
    assert [run.name for run in lab.runs] == ["outside", "work"]


def test_made_in_a_task_and_used_from_elsewhere(lab: Lab) -> None:
    @fl.task
    def work() -> fl.Executor:
        return fl.Executor(name="taken out")

    executor = work()
    future = executor.submit(double, 1)
    assert future.result(SOON) == 2
    assert future.run is executor.run
    assert executor.run.name == "taken out"
    executor.shutdown()


def test_a_task_that_uses_it_does_not_starve_the_pool(lab: Lab) -> None:
    def down(n: int) -> int:
        return 1 + executor.submit(down, n - 1).result() if n else 0

    def closes(n: int) -> int:
        with fl.Executor() as inner:
            futures = [inner.submit(closes, n - 1) for _ in range(2)] if n else []
        return 1 + sum(f.result() for f in futures)

    with fl.Executor() as executor:
        assert executor.submit(down, 100).result(SOON) == 100
        assert executor.submit(closes, 5).result(SOON) == 63


# map.


@pytest.mark.parametrize("chunksize", [1, 2, 7, 1000])
def test_map(lab: Lab, chunksize: int) -> None:
    with fl.Executor() as executor:
        assert list(executor.map(double, range(20), chunksize=chunksize)) == [2 * x for x in range(20)]
        assert list(executor.map(pow, [2, 3], iter([5, 2, 1]), chunksize=chunksize)) == [32, 9]
        assert list(executor.map(double, [], chunksize=chunksize)) == []
        assert list(executor.map(double, chunksize=chunksize)) == []


@pytest.mark.parametrize("chunksize", [1, 2, 7, 1000])
def test_map_gives_what_comes_before_a_failure(lab: Lab, chunksize: int) -> None:
    def work(x: int) -> int:
        if x == 5:
            raise ValueError("five")
        return x

    got = []
    with fl.Executor() as executor, pytest.raises(ValueError, match="five"):
        got.extend(executor.map(work, range(20), chunksize=chunksize))
    assert got == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("chunksize", [1, 2])
def test_map_in_time(lab: Lab, chunksize: int) -> None:
    gate = Gate()
    with fl.Executor(max_workers=1) as executor:
        with pytest.raises(TimeoutError):
            list(executor.map(lambda x: gate.opened_wait(), range(4), timeout=0.01, chunksize=chunksize))
        gate.open()
    tasks = executor.run.snapshot().tasks.values()
    assert sum(task.state in ("cancelled", "cancelling") for task in tasks) == 4 / chunksize


@pytest.mark.parametrize("chunksize", [0, -1, True, 2.0])
def test_chunksizes_that_cannot_be(lab: Lab, chunksize: Any) -> None:
    with fl.Executor() as executor, pytest.raises(ValueError, match="1 or more"):
        executor.map(double, [1], chunksize=chunksize)


# Limits and options.


@pytest.mark.parametrize("most", [1, 2])
def test_max_workers(lab: Lab, most: int) -> None:
    together = Together()

    def work(x: int) -> int:
        with together.inside():
            threading.Event().wait(0.002)
        return x

    with fl.Executor(max_workers=most) as executor:
        assert list(executor.map(work, range(20))) == list(range(20))
    assert together.most <= most


def test_max_workers_holds_for_children_too(lab: Lab) -> None:
    together = Together()

    def leaf() -> None:
        with together.inside():
            threading.Event().wait(0.002)

    with fl.Executor(max_workers=2) as executor:

        @fl.flow
        def work() -> None:
            for future in [executor.submit(leaf) for _ in range(10)]:
                future.result()

        for future in [work.submit() for _ in range(3)]:
            future.result(SOON)
    assert together.most <= 2


def test_options_are_those_of_tasks(lab: Lab) -> None:
    calls = []

    def work() -> int:
        calls.append(1)
        if len(calls) < 3:
            raise OSError
        return len(calls)

    with fl.Executor(retries=2) as executor:
        assert executor.submit(work).result(SOON) == 3
    with fl.Executor(resolve=True) as executor:
        assert executor.submit(double, executor.submit(double, 1)).result(SOON) == 4


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"limit": 3}, TypeError, "max_workers="),
        ({"memo": True}, TypeError, "no option of an Executor"),
        ({"retry": 3}, TypeError, "did you mean retries="),
        ({"executor": "cloud"}, ValueError, "cloud"),
        ({"name": ""}, TypeError, "give a name"),
        ({"max_workers": 0}, ValueError, "at least 1"),
        ({"max_workers": 2.5}, TypeError, "whole number"),
        ({"resolve": "x"}, TypeError, "give True or False"),
    ],
)
def test_options_that_cannot_be(lab: Lab, options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        fl.Executor(**options)
    assert lab.runs == []


# The end.


def test_nothing_is_taken_after_the_end(lab: Lab) -> None:
    executor = fl.Executor()
    executor.shutdown()
    executor.shutdown()
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        executor.submit(double, 1)
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        list(executor.map(double, [1, 2], chunksize=2))


def test_it_ends_with_the_engine() -> None:
    with engine(threads=1):
        executor = fl.Executor()
    with pytest.raises(RuntimeError, match="ipyflow itself was shut down"):
        executor.submit(double, 1)
    executor.shutdown()


def test_the_end_waits_for_what_was_taken(lab: Lab) -> None:
    gate, done = Gate(), []
    executor = fl.Executor(max_workers=1)
    for x in range(3):
        executor.submit(lambda x=x: (gate.opened_wait(), done.append(x)))
    executor.shutdown(wait=False)
    assert done == []
    gate.open()
    executor.shutdown()
    assert done == [0, 1, 2]


def test_the_end_may_cancel_what_has_not_started(lab: Lab) -> None:
    gate = Gate()
    executor = fl.Executor(max_workers=1)
    first, *others = [executor.submit(gate.stand) for _ in range(4)]
    gate.reached()
    executor.shutdown(wait=False, cancel_futures=True)
    assert all(future.cancelled() for future in others)
    assert not first.done()
    gate.open()
    assert first.result(SOON) is None


def test_ipyflow_can_be_shut_down_while_an_executor_is_open() -> None:
    fl.shutdown()
    executor = fl.Executor()
    assert executor.submit(double, 4).result(SOON) == 8
    run = executor.run
    fl.shutdown()
    assert run.state == "succeeded"
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(double, 1)
    executor.shutdown()


# With libraries that take an executor.


async def test_with_asyncio(lab: Lab) -> None:
    loop = asyncio.get_running_loop()
    with fl.Executor() as executor:
        assert await loop.run_in_executor(executor, double, 4) == 8
        assert await asyncio.gather(*[loop.run_in_executor(executor, double, x) for x in range(5)]) == [0, 2, 4, 6, 8]

        def fails() -> None:
            raise KeyError("missing")

        with pytest.raises(KeyError, match="missing"):
            await loop.run_in_executor(executor, fails)
        gate = Gate()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(loop.run_in_executor(executor, gate.stand), 0.01)
        gate.open()


def test_with_dask(lab: Lab) -> None:
    dask = pytest.importorskip("dask")
    with fl.Executor(name="dask's threads", max_workers=2) as executor:
        parts = [dask.delayed(double)(x) for x in range(10)]
        assert dask.delayed(sum)(parts).compute(scheduler=executor) == 90
    assert len(executor.run.snapshot().tasks) >= 10
