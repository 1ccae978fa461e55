"""`map(..., batch=)`: one task runs many items, and each item has its future all the same."""

import asyncio
import concurrent.futures
import pickle
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ipyflow as fl
from ipyflow.errors import (
    BatchError,
    DependencyError,
    GroupError,
    RemoteTraceback,
    TaskCancelled,
    TaskTimeout,
    UnobservedFailureWarning,
)
from ipyflow.flows.batches import BatchTask, Each, auto_sizes
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, eventually


@pytest.fixture
def lab() -> Iterator[Lab]:
    with engine(threads=4) as lab:
        yield lab
        lab.settled()


@pytest.fixture
def workers() -> Iterator[Lab]:
    with engine(threads=2, processes=2) as lab:
        yield lab
        lab.settled()


@fl.task
def double(x: int) -> int:
    return 2 * x


@fl.task
def odd_only(x: int) -> int:
    if x % 2 == 0:
        raise ValueError(f"{x} is even")
    return x


def names(lab: Lab) -> list[str]:
    return [task.name for run in lab.runs for task in run.snapshot().tasks.values()]


@pytest.mark.parametrize("size", [1, 3, 10, 100])
def test_one_task_runs_many_items(lab: Lab, size: int) -> None:
    futures = double.map(range(10), batch=size)
    assert len(futures) == 10
    assert futures.results(SOON) == [2 * x for x in range(10)]
    assert len(names(lab)) == -(-10 // size)
    assert all(name.startswith("double ×") for name in names(lab))
    assert futures.progress == (10, 10)
    assert repr(futures) == "<FutureList 10 of 10 done>"


@pytest.mark.parametrize("kind", [list, tuple, iter, set, lambda r: r, np.array, lambda r: (x for x in r)])
def test_items_from_anything_that_can_be_iterated(lab: Lab, kind: Callable[[Any], Any]) -> None:
    assert double.map(kind(range(7)), batch=3).results(SOON) == [0, 2, 4, 6, 8, 10, 12]


def test_several_iterables_are_paired_and_the_shortest_ends_it(lab: Lab) -> None:
    @fl.task
    def add(x: int, y: int, z: int) -> int:
        return x + y + z

    assert add.map(range(10), [1] * 5, iter(range(7)), batch=2).results(SOON) == [1, 3, 5, 7, 9]
    assert add.map(range(10), [1] * 5, (2,) * 6, batch=2).results(SOON) == [3, 4, 5, 6, 7]
    assert add.map([], range(3), range(3), batch=2).results(SOON) == []


def test_an_array_is_cut_and_not_shared(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def total(row: Any) -> int:
        gate.opened_wait()
        return int(row.sum())

    table = np.ones((4, 3), dtype=int)
    futures = total.map(table, batch=2)
    table[:] = 7
    gate.open()
    assert futures.results(SOON) == [3, 3, 3, 3]


def test_without_order_they_come_as_batches_finish(lab: Lab) -> None:
    assert sorted(double.map(range(10), batch=3, ordered=False).results(SOON)) == [2 * x for x in range(10)]


def test_methods_in_batches(lab: Lab) -> None:
    class Account:
        def __init__(self, rate: int) -> None:
            self.rate = rate

        @fl.task
        def times(self, x: int) -> int:
            return self.rate * x

    assert Account(3).times.map([1, 2, 3], batch=2).results(SOON) == [3, 6, 9]


# Failures.


def test_an_item_that_raises_stops_nobody(lab: Lab) -> None:
    futures = odd_only.map(range(10), batch=5)
    assert [f.exception(SOON) is None for f in futures] == [False, True] * 5
    assert [f.result() for f in futures if f.exception() is None] == [1, 3, 5, 7, 9]
    assert [f.state for f in futures] == ["failed", "succeeded"] * 5
    with pytest.raises(ValueError, match="0 is even") as caught:
        futures.results()
    assert any("in item 0 of odd_only.map" in note for note in caught.value.__notes__)
    frames = traceback.extract_tb(futures[6]._tb)
    assert [frame.name for frame in frames] == ["odd_only"]
    assert "6 is even" in futures[6].traceback
    assert "in odd_only" in futures[6].traceback
    assert futures[1].traceback is None


def test_a_batch_with_failures_fails_with_a_group_that_has_everything(lab: Lab) -> None:
    futures = odd_only.map([1, 2, 3, 4], batch=4)
    futures.wait(SOON)
    batch = futures[0].batch.future
    error = batch.exception()
    assert isinstance(error, GroupError)
    assert error.values == [1, None, 3, None]
    assert {place: str(one) for place, one in error.failures.items()} == {1: "2 is even", 3: "4 is even"}
    assert str(error).startswith("2 of 4 items of odd_only failed: [1] ValueError: 2 is even; [3] ValueError")
    assert batch.state == "failed"
    assert "in item 1 of odd_only.map: ValueError: 2 is even" in batch.traceback
    assert isinstance(error.split(ValueError)[0], GroupError)


def test_raising_again_and_again_does_not_lengthen_the_traceback(lab: Lab) -> None:
    future = odd_only.map([2], batch=1)[0]
    lengths = set()
    for _ in range(3):
        with pytest.raises(ValueError, match="even") as caught:
            future.result(SOON)
        lengths.add(len(caught.traceback))
    assert len(lengths) == 1


@pytest.mark.parametrize("error", [StopIteration, SystemExit, KeyboardInterrupt, GeneratorExit, StopAsyncIteration])
def test_exits_and_odd_errors_are_of_that_item_only(lab: Lab, error: type[BaseException]) -> None:
    @fl.task
    def work(x: int) -> int:
        if x == 1:
            raise error("from the body")
        return x

    futures = work.map(range(4), batch=4)
    assert [futures[place].result(SOON) for place in (0, 2, 3)] == [0, 2, 3]
    assert type(futures[1].exception()) is error


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps])
def test_the_error_of_a_batch_can_be_pickled_whatever_is_in_it(dumps: Callable[[Any], bytes]) -> None:
    class Odd(Exception):
        def __init__(self, one: int, two: int) -> None:
            super().__init__(f"odd {one} {two}")

    def work(x: int) -> Any:
        if x == 1:
            raise Odd(1, 2)
        if x == 2:
            raise ValueError(threading.Lock())
        if x == 3:
            raise KeyError("three")
        return threading.Lock() if x == 4 else x

    with pytest.raises(BatchError) as caught:
        Each(work, "work")(range(6), first=10)
    caught.value.add_note("a note")
    error = pickle.loads(dumps(caught.value))
    assert type(error) is BatchError
    assert error.values == [0, None, None, None, None, 5]
    assert list(error.failures) == [1, 2, 3, 4]
    assert "Odd: odd 1 2" in str(error.failures[1])
    assert "lock" in str(error.failures[2])
    assert type(error.failures[3]) is KeyError
    assert "cannot be sent back" in str(error.failures[4])
    assert isinstance(error.failures[3].__cause__, RemoteTraceback)
    assert "in work" in str(error.failures[3].__cause__)
    assert "in item 13 of work.map" in error.failures[3].__notes__
    assert error.__notes__ == ["a note"]
    assert error.message == caught.value.message


def test_what_happens_to_the_batch_happens_to_all_its_items(lab: Lab) -> None:
    gate = Gate()

    @fl.task(timeout=0.02)
    def work(x: int) -> None:
        gate.opened_wait()

    futures = work.map(range(3), batch=3)
    for future in futures:
        with pytest.raises(TaskTimeout):
            future.result(SOON)
        assert future.state == "timed_out"
    gate.open()


def test_a_failure_that_nobody_looked_at_is_told(lab: Lab) -> None:
    @fl.flow(on_leak="ignore")
    def work(all_of_them: bool) -> None:
        futures = odd_only.map([1, 2, 4], batch=3)
        futures[0].result()
        futures[1].exception()
        if all_of_them:
            futures[2].exception()

    assert work(True) is None
    with pytest.warns(UnobservedFailureWarning, match="odd_only ×3"):
        work.submit(False).run.wait(SOON)


def test_a_map_of_which_items_are_not_read_is_a_leak(lab: Lab) -> None:
    @fl.flow
    def work(count: int) -> None:
        futures = double.map(range(3), batch=3)
        for future in futures[:count]:
            future.result()

    assert work(3) is None
    with pytest.warns(fl.errors.LeakedFutureWarning, match="double ×3"):
        work.submit(2).run.wait(SOON)


# Futures of items.


def test_the_future_of_an_item_is_a_future_like_any_other(lab: Lab) -> None:
    futures = double.map(range(6), batch=2)
    first = futures[0]
    assert isinstance(first, fl.Future)
    assert futures[0] is first
    assert futures[1] is not first
    assert first.result(SOON) == 0
    assert first.done()
    assert not first.cancelled()
    assert not first.running()
    assert first.poll() == 0
    assert repr(first) == f"<Future double#{first.id}[0] succeeded>"
    assert first.run is futures[5].run
    assert first.task.name == "double ×2"
    seen = []
    futures[3].add_done_callback(seen.append)
    eventually(lambda: seen == [futures[3]])
    assert fl.wait(futures).done == set(futures)
    assert fl.select(futures)[0] in futures
    assert {f.result() for f in fl.as_completed(futures)} == {0, 2, 4, 6, 8, 10}
    assert {f.result() for f in concurrent.futures.as_completed(futures)} == {0, 2, 4, 6, 8, 10}
    assert concurrent.futures.wait(futures).done == set(futures)


def test_waiting_for_items_before_they_are_there(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def work(x: int) -> int:
        gate.stand()
        return x

    futures = work.map(range(4), batch=2)
    gate.reached()
    seen: list[int] = []
    futures[2].add_done_callback(lambda f: seen.append(f.result()))
    assert fl.wait(futures, timeout=0.001).not_done == set(futures)
    assert concurrent.futures.wait(futures, timeout=0.001).not_done == set(futures)
    assert futures.progress == (0, 4)
    with pytest.raises(TimeoutError, match="4 futures"):
        futures.results(0.001)
    with pytest.raises(TimeoutError):
        futures[0].result(0.001)
    later = threading.Timer(0.01, gate.open)
    later.start()
    assert sorted(f.result() for f in concurrent.futures.as_completed(futures, SOON)) == [0, 1, 2, 3]
    eventually(lambda: seen == [2])
    later.join()


async def test_items_can_be_awaited(lab: Lab) -> None:
    futures = double.map(range(5), batch=2)
    assert await asyncio.gather(*futures) == [0, 2, 4, 6, 8]
    assert await futures[3] == 6
    assert await asyncio.wrap_future(double.map([4], batch=1)[0]) == 8


def test_items_as_arguments(lab: Lab) -> None:
    @fl.task(resolve=True)
    def total(values: list) -> int:
        return sum(values)

    @fl.task
    def look(futures: list) -> int:
        return sum(f.result() for f in futures)

    futures = double.map(range(5), batch=2)
    assert total.submit(list(futures)).result(SOON) == 20
    assert total.submit(futures).result(SOON) == 20
    assert look.submit(futures).result(SOON) == 20

    @fl.task
    def goes_on(x: int) -> Any:
        return double.map(range(x), batch=x)[-1]

    assert goes_on.submit(4).result(SOON) == 6


def test_a_list_in_every_way(lab: Lab) -> None:
    def made() -> fl.FutureList:
        return double.map(range(4), batch=2)

    def values(futures: Any) -> list:
        return [f.result(SOON) for f in futures]

    futures = made()
    assert values([*made()]) == values(list(made())) == values(made()[:]) == values(made().copy()) == [0, 2, 4, 6]
    assert values(reversed(made())) == [6, 4, 2, 0]
    assert values(made() + made()) == values([] + made() + list(made())) == [0, 2, 4, 6] * 2  # noqa: RUF005
    plain: list = []
    same = plain
    plain += made()
    assert same is plain
    assert values(plain) == [0, 2, 4, 6]
    assert futures.index(futures[2]) == 2
    assert futures[3] in futures
    assert futures == list(futures)
    assert bool(made())
    assert not double.map([], batch=2)
    changed = made()
    changed.append(double.submit(50))
    assert len(changed) == 5
    assert changed.results(SOON) == [0, 2, 4, 6, 100]
    assert changed.pop().result() == 100
    assert changed.progress == (4, 4)
    del changed[0]
    assert changed.results() == [2, 4, 6]


def test_children_go_on_in_batches(lab: Lab) -> None:
    @fl.flow
    def work() -> int:
        return sum(double.map(range(1000), batch=100).results())

    future = work.submit()
    assert future.result(SOON) == 999_000
    assert len(future.children) <= 10
    assert len(future.run.snapshot().tasks) == 11


def test_items_that_return_futures_and_pipelines_go_on_as_these(lab: Lab) -> None:
    @fl.task
    def work(x: int) -> Any:
        return [x, double.submit(x), double.send(x).continue_with(double), odd_only.submit(x)][x % 4]

    futures = work.map(range(4), batch=4)
    assert [f.result(SOON) for f in futures] == [0, 2, 8, 3]
    futures = work.map([4, 6, 15, 1], batch=2)
    assert futures.results(SOON) == [4, 24, 15, 2]


@pytest.mark.parametrize("place", ["threads", "processes", "loop"])
def test_a_batch_that_takes_a_while_shows_how_far_it_is(workers: Lab, place: str, tmp_path: Path) -> None:
    opened = tmp_path / "opened"

    def body(x: int) -> int:
        if x == 0:
            time.sleep(0.15)
        while x == 2 and not opened.exists():
            time.sleep(0.002)
        return x

    async def coroutine(x: int) -> int:
        return body(x)

    task = fl.task(coroutine) if place == "loop" else fl.task(executor=place)(body)
    futures = task.map(range(3), batch=3)
    eventually(lambda: futures.progress[0] >= 1)
    assert futures.progress[0] < 3
    assert not futures[0].done()
    opened.touch()
    assert futures.results(SOON) == [0, 1, 2]
    eventually(lambda: futures[0].run.snapshot().tasks[futures[0].id].progress == (3, 3, "items"))
    assert futures.progress == (3, 3)


def test_a_quick_batch_shows_nothing(lab: Lab) -> None:
    futures = double.map(range(1000), batch=1000)
    futures.results(SOON)
    assert futures[0].run.snapshot().tasks[futures[0].id].progress is None


# Stopping.


def test_cancelling_the_list_stops_the_batches(lab: Lab) -> None:
    gate = Gate()

    @fl.task(limit=1)
    def work(x: int) -> int:
        gate.stand()
        return x

    futures = work.map(range(10), batch=5)
    gate.reached()
    assert futures.cancel() == 10
    assert futures.cancel() == 0
    for future in futures:
        with pytest.raises(TaskCancelled):
            future.result(0)
        assert future.cancelled()
    with pytest.raises(TaskCancelled):
        futures.results()
    gate.open()


def test_a_batch_on_a_thread_stops_between_items(lab: Lab) -> None:
    gate, seen = Gate(), []

    @fl.task
    def work(x: int) -> None:
        seen.append(x)
        if x == 0:
            gate.stand()

    futures = work.map(range(100_000), batch=100_000)
    gate.reached()
    assert futures.cancel() == 100_000
    gate.open()
    eventually(lambda: futures[0].batch.future.state == "cancelled")
    assert len(seen) < 10


def test_cancelling_an_item_drops_its_value_only(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def work(x: int) -> int:
        gate.stand()
        return x

    futures = work.map(range(3), batch=3)
    gate.reached()
    seen: list[fl.Future] = []
    futures[1].add_done_callback(seen.append)
    assert futures[1].cancel()
    assert not futures[1].cancel()
    assert seen == [futures[1]]
    assert futures[1].cancelled()
    assert futures[1].state == "cancelled"
    assert futures.progress == (1, 3)
    assert concurrent.futures.wait(futures, 0).done == {futures[1]}
    gate.open()
    assert futures[0].result(SOON) == 0
    assert futures[2].result(SOON) == 2
    with pytest.raises(TaskCancelled, match=r"work#\d+\[1\] was cancelled"):
        futures[1].result()
    with pytest.raises(TaskCancelled):
        futures.results()


def test_a_batch_of_which_nobody_wants_an_item_is_stopped(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def work(x: int) -> None:
        gate.stand()

    futures = work.map(range(3), batch=3)
    gate.reached()
    assert fl.cancel(futures) == 3
    assert futures[0].batch.future.cancelled()
    gate.open()


# Retries.


def test_retries_are_of_the_batch_and_ask_the_policy_of_the_items(lab: Lab) -> None:
    calls: list[int] = []

    @fl.task(retries=fl.Retry(2, backoff=(0, 0), when=OSError))
    def work(x: int) -> int:
        calls.append(x)
        if x == 1 and len(calls) < 4:
            raise OSError("not yet")
        return x

    assert work.map(range(3), batch=3).results(SOON) == [0, 1, 2]
    assert calls == [0, 1, 2, 0, 1, 2]
    calls.clear()

    @fl.task(retries=fl.Retry(2, backoff=(0, 0), when=OSError))
    def other(x: int) -> int:
        calls.append(x)
        raise ValueError(x)

    assert isinstance(other.map([1, 2], batch=2)[1].exception(SOON), ValueError)
    assert calls == [1, 2]


def test_retrying_an_item_runs_its_batch_again(lab: Lab) -> None:
    heal = False

    @fl.task
    def work(x: int) -> int:
        if x == 1 and not heal:
            raise ValueError(x)
        return x

    futures = work.map(range(4), batch=2)
    assert [f.exception(SOON) is None for f in futures] == [True, False, True, True]
    heal = True
    futures[1].retry()
    assert futures.results(SOON) == [0, 1, 2, 3]
    with pytest.raises(RuntimeError, match="cannot be retried"):
        futures[2].retry()


# Options.


@pytest.mark.parametrize(
    ("batch", "error"),
    [(0, ValueError), (-1, ValueError), (True, TypeError), (2.5, TypeError), ("many", TypeError), ([], TypeError)],
)
def test_what_batch_may_be(lab: Lab, batch: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="give a number of items, 'auto', or None"):
        double.map(range(3), batch=batch)
    assert names(lab) == []


@pytest.mark.parametrize("option", [{"memo": True}, {"rate": "5/s"}])
def test_options_of_single_calls_are_refused(lab: Lab, option: dict) -> None:
    task = double.with_options(**option)
    with pytest.raises(ValueError, match="a batch is one call"):
        task.map(range(3), batch=2)
    assert task.map(range(3), batch="auto").results(SOON) == [0, 2, 4]


def test_a_coroutine_function_awaits_its_items_in_turn(lab: Lab) -> None:
    steps: list[str] = []

    @fl.task
    async def work(x: int) -> int:
        steps.append(f"in {x}")
        await asyncio.sleep(0)
        steps.append(f"out {x}")
        if x == 1:
            raise ValueError("one")
        return await double.submit(x) if x == 2 else x

    futures = work.map(range(3), batch=3)
    assert [futures[0].result(SOON), futures[2].result(SOON)] == [0, 4]
    assert steps == ["in 0", "out 0", "in 1", "out 1", "in 2", "out 2"]
    assert isinstance(futures[1].exception(), ValueError)
    assert len(names(lab)) == 2


def test_a_batch_of_coroutines_is_cancelled_at_once(lab: Lab) -> None:
    began = threading.Event()

    @fl.task
    async def work(x: int) -> None:
        began.set()
        await asyncio.sleep(1000)

    futures = work.map(range(3), batch=3)
    assert began.wait(SOON)
    assert futures.cancel() == 3
    eventually(lambda: futures[0].batch.future.state == "cancelled")


@pytest.mark.parametrize("names", [True, "x"])
def test_futures_among_the_items_are_resolved(lab: Lab, names: Any) -> None:
    @fl.task(resolve=names)
    def add(x: int, y: Any) -> Any:
        return x + (y if isinstance(y, int) else y.result())

    futures = double.map(range(4))
    assert add.map(futures, futures, batch=3).results(SOON) == [0, 4, 8, 12]
    assert add.map(list(futures), range(4), batch=3).results(SOON) == [0, 3, 6, 9]
    bad = add.map([odd_only.submit(2), 5], [1, 1], batch=2)
    assert all(isinstance(f.exception(SOON), DependencyError) for f in bad)


def test_waiting_for_futures_among_the_items(lab: Lab) -> None:
    @fl.task(wait="x")
    def is_done(x: fl.Future) -> bool:
        return x.done()

    assert is_done.map(double.map(range(4)), batch=4).results(SOON) == [True] * 4


def test_items_know_where_they_run(lab: Lab) -> None:
    @fl.task
    def work(x: int) -> int:
        print("item", x)
        return fl.current().id

    futures = work.map(range(3), batch=3)
    assert futures.results(SOON) == [futures[0].id] * 3
    assert futures[1].logs == "item 0\nitem 1\nitem 2\n"


def test_the_size_is_seen_in_a_retry_with_new_code() -> None:
    batch = BatchTask(double, 3)
    assert batch.latest() is batch
    assert batch.name == "double ×3"
    assert "double" in repr(batch)


# In worker processes.


def test_batches_in_processes(workers: Lab) -> None:
    def work(x: int) -> int:
        print("item", x)
        if x % 4 == 3:
            raise ValueError(f"not {x}")
        return 2 * x

    futures = fl.task(executor="processes")(work).map(range(8), batch=4)
    assert [f.result(SOON) for f in futures if f.exception(SOON) is None] == [0, 2, 4, 8, 10, 12]
    error = futures[7].exception()
    assert type(error) is ValueError
    assert "in item 7 of work.map" in error.__notes__
    assert "in work" in str(error.__cause__)
    assert "in work" in futures[7].traceback
    assert futures[0].logs == "item 0\nitem 1\nitem 2\nitem 3\n"
    with pytest.raises(ValueError, match="not 3"):
        futures.results()
    assert fl.task(executor="processes")(abs).map(range(-500, 0), batch="auto").results(SOON)[0] == 500


def test_batches_are_made_and_handed_about_in_processes(workers: Lab) -> None:
    plain = fl.task(executor="processes")(lambda x: 2 * x)

    @fl.task(executor="processes")
    def inside(futures: list) -> tuple:
        more = plain.map(range(100), batch=30)
        few = plain.map(range(5), batch="auto")
        return [f.result() for f in futures], sum(more.results()), few.results(), more[77], list(more)[:2], len(more)

    futures = plain.map(range(6), batch=2)
    got, total, few, one, two, count = inside.submit([futures[1], futures[2], futures[5]]).result(SOON)
    assert (got, total, few, count) == ([2, 4, 10], 9900, [0, 2, 4, 6, 8], 100)
    assert one.result(SOON) == 154
    assert [f.result(SOON) for f in two] == [0, 2]
    for future in workers.runs[0].futures:
        future.detach()


# Sizes by themselves.


@given(st.integers(0, 50_000), st.integers(1, 200), st.integers(0, 10**7))
def test_sizes_that_are_chosen(count: int, workers: int, weight: int) -> None:
    sizes = auto_sizes(count, workers, weight)
    if count <= 8 * workers:
        assert sizes == []
    if sizes:
        assert sum(sizes) == count
        assert min(sizes) >= 1
        assert max(sizes) <= max(1, 2 * count // (3 * workers) + 1)
        assert max(sizes) * weight <= max(8_000_000, weight)
        assert sizes == sorted(sizes, reverse=True)


def test_auto_leaves_few_items_alone_and_puts_many_together(lab: Lab) -> None:
    assert double.map(range(16), batch="auto").results(SOON) == [2 * x for x in range(16)]
    assert names(lab) == ["double"] * 16
    futures = double.map(range(1000), batch="auto")
    assert futures.results(SOON) == [2 * x for x in range(1000)]
    assert len(names(lab)) - 16 <= 40


@pytest.mark.parametrize("option", [{"timeout": 60}, {"memo": True}, {"rate": "100000/s"}])
def test_auto_makes_no_batches_where_an_option_is_of_single_calls(lab: Lab, option: dict) -> None:
    assert double.with_options(**option).map(range(100), batch="auto").results(SOON) == [2 * x for x in range(100)]
    assert names(lab) == ["double"] * 100


def test_auto_leaves_coroutines_and_flows_alone(lab: Lab) -> None:
    @fl.task
    async def coroutine(x: int) -> int:
        return x

    @fl.flow
    def flow(x: int) -> int:
        return x

    assert coroutine.map(range(100), batch="auto").results(SOON) == list(range(100))
    assert flow.map(range(100), batch="auto").results(SOON) == list(range(100))
    assert not any("×" in name for name in names(lab))


def test_auto_makes_smaller_batches_of_heavy_items(lab: Lab) -> None:
    @fl.task
    def size(x: bytes) -> int:
        return len(x)

    assert size.map([bytes(1_000_000)] * 100, batch="auto").results(SOON) == [1_000_000] * 100
    assert max(int(name.partition("×")[2] or 1) for name in names(lab)) <= 8


# Equal to the plain map.


@given(
    items=st.lists(st.integers(0, 9), max_size=40),
    batch=st.one_of(st.integers(1, 50), st.just("auto")),
    bad=st.sets(st.integers(0, 9)),
    ordered=st.booleans(),
    inline=st.booleans(),
    as_coroutine=st.booleans(),
)
def test_batches_equal_the_plain_map(
    items: list[int], batch: Any, bad: set[int], ordered: bool, inline: bool, as_coroutine: bool
) -> None:
    def body(x: int, y: int) -> int:
        if x in bad:
            raise (ValueError, KeyError, SystemExit)[x % 3](x)
        return x + y

    async def coroutine(x: int, y: int) -> int:
        return body(x, y)

    def outcome(future: fl.Future) -> Any:
        error = future.exception(SOON)
        return (type(error), error.args) if error is not None else future.result()

    with engine(threads=2, inline=inline and not as_coroutine):
        task = fl.task(coroutine if as_coroutine else body)
        plain = task.map(items, range(1000))
        expected = [outcome(future) for future in plain]
        futures = task.map(items, range(1000), ordered=ordered, batch=batch)
        if any(isinstance(one, tuple) for one in expected):
            with pytest.raises((ValueError, KeyError, SystemExit)) as caught:
                futures.results(SOON)
            if ordered:
                first = next(one for one in expected if isinstance(one, tuple))
                assert (caught.type, caught.value.args) == first
        else:
            values = futures.results(SOON)
            assert (values if ordered else sorted(values)) == (expected if ordered else sorted(expected))
        assert [outcome(future) for future in futures] == expected
        assert [future.state for future in futures] == [future.state for future in plain]
        assert futures.progress == (len(items), len(items))
