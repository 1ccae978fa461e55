"""Waiting never starves the pool, and the number of threads stays bounded."""

import asyncio
import threading

import pytest

import ipyflow as fl
from ipyflow.executors.threads import SPARE
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, eventually

LONG = 40


class Census:
    """The most worker threads there were at once."""

    def __init__(self) -> None:
        self.most = 0

    def take(self) -> None:
        self.most = max(self.most, sum(t.name.startswith("ipyflow-thread") for t in threading.enumerate()))


@pytest.fixture
def before() -> int:
    eventually(lambda: not any(t.name.startswith("ipyflow-thread") for t in threading.enumerate()))
    return 0


def test_parents_blocking_on_children_a_thousand_deep(lab: Lab, before: int) -> None:
    census = Census()

    @fl.task
    def down(n: int) -> int:
        if n % 50 == 0:
            census.take()
        return 0 if n == 0 else 1 + down.submit(n - 1).result()

    assert down.submit(1000).result(LONG) == 1000
    assert census.most <= 4 + SPARE


def test_fib_18_by_blocking_waits(lab: Lab, before: int) -> None:
    census, count = Census(), 0

    @fl.task
    def fib(n: int) -> int:
        nonlocal count
        count += 1
        if count % 100 == 0:
            census.take()
        if n < 2:
            return n
        a, b = fib.submit(n - 1), fib.submit(n - 2)
        return a.result() + b.result()

    assert fib.submit(18).result(LONG) == 2584
    assert census.most <= 4 + SPARE


@pytest.mark.parametrize("threads", [1, 2])
def test_on_very_small_pools(threads: int) -> None:
    with engine(threads=threads) as lab:

        @fl.task
        def fib(n: int) -> int:
            return (
                n
                if n < 2
                else sum(fl.wait([fib.submit(n - 1), fib.submit(n - 2)]).done and [0])
                + fib.submit(n - 1).result()
                + fib.submit(n - 2).result()
            )

        @fl.task
        def down(n: int) -> int:
            return 0 if n == 0 else 1 + down.submit(n - 1).result()

        assert fib.submit(6).result(LONG) == 8
        assert down.submit(200).result(LONG) == 200
        lab.settled()


def test_two_hundred_parents_that_each_wait_for_a_delayed_child(lab: Lab, before: int) -> None:
    census = Census()

    @fl.task(delay=0.05)
    def child(i: int) -> int:
        return i

    @fl.task
    def parent(i: int) -> int:
        census.take()
        return child.submit(i).result()

    assert parent.map(range(200)).results(LONG) == list(range(200))
    # Every parent stands in a wait of ours for something that is not queued: the pool grows by as many as that takes.
    assert census.most <= 200 + 4 + SPARE


def test_wait_dependencies_behind_full_pools(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def source(i: int) -> int:
        gate.opened_wait()
        return i

    @fl.task(wait=True)
    def after(x: fl.Future) -> int:
        return x.result()

    sources = [source.submit(i) for i in range(40)]
    dependants = [after.submit(s) for s in sources]
    last = [after.submit(d) for d in dependants]
    gate.open()
    assert [f.result(LONG) for f in last] == list(range(40))


def test_everybody_waits_for_a_future_that_is_behind_them_in_the_queue() -> None:
    gate = Gate()
    with engine(threads=2) as lab:
        late: list[fl.Future] = []

        @fl.task
        def waits() -> int:
            gate.opened_wait()
            return late[0].result()

        @fl.task
        def last() -> int:
            return 7

        waiting = [waits.submit() for _ in range(80)]
        late.append(last.submit())
        gate.open()
        assert [f.result(LONG) for f in waiting] == [7] * 80
        lab.settled()


def test_an_async_task_awaits_thread_tasks_and_the_other_way_round(lab: Lab) -> None:
    @fl.task
    def on_thread(n: int) -> int:
        return 0 if n == 0 else 1 + on_loop.submit(n - 1).result()

    @fl.task
    async def on_loop(n: int) -> int:
        return 0 if n == 0 else 1 + await on_thread.submit(n - 1)

    assert on_thread.submit(100).result(LONG) == 100
    assert on_loop.submit(101).result(LONG) == 101


def test_bodies_that_run_a_loop_of_their_own_and_await_in_it(lab: Lab) -> None:
    @fl.task
    def down(n: int) -> int:
        async def main() -> int:
            return sum(await asyncio.gather(down.submit(n - 1)))

        return 0 if n == 0 else 1 + asyncio.run(main())

    assert down.submit(25).result(LONG) == 25
    assert [f.result(LONG) for f in [down.submit(3) for _ in range(20)]] == [3] * 20


def test_waiting_for_a_run_in_a_task_does_not_hold_a_slot(lab: Lab) -> None:
    @fl.task
    def leaf() -> int:
        return 1

    @fl.flow
    def other() -> int:
        return leaf.submit().result()

    runs = [other.submit().run for _ in range(3)]

    @fl.task
    def waits() -> bool:
        return all(run.wait(SOON) for run in runs)

    assert [f.result(LONG) for f in [waits.submit() for _ in range(20)]] == [True] * 20


def test_limits_of_parents_and_children_at_once(lab: Lab) -> None:
    @fl.task(limit=2)
    def child(i: int) -> int:
        return i

    @fl.task(limit=3)
    def parent(i: int) -> int:
        return sum(child.map(range(i)).results())

    assert parent.map(range(30)).results(LONG) == [sum(range(i)) for i in range(30)]


def test_bodies_blocked_outside_our_waits_do_keep_their_slot(lab: Lab, before: int) -> None:
    gate, census = Gate(), Census()

    @fl.task
    def blocks() -> None:
        census.take()
        gate.opened_wait()

    futures = [blocks.submit() for _ in range(30)]
    gate.open()
    fl.wait(futures, LONG)
    assert census.most <= 4


def test_inline_bodies_on_a_worker_that_wait_do_not_hold_its_slot() -> None:
    with engine(threads=1) as lab:

        @fl.task
        def leaf(i: int) -> int:
            return i

        @fl.task(executor="inline")
        def inline(i: int) -> int:
            return leaf.submit(i).result()

        @fl.task
        def parent(i: int) -> int:
            return inline.submit(i).result()

        assert parent.map(range(10)).results(SOON) == list(range(10))
        assert [
            f.result(SOON) for f in [inline.with_options(resolve=True).submit(leaf.submit(i)) for i in range(10)]
        ] == list(range(10))
        lab.settled()
