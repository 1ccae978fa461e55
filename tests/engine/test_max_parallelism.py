"""`max_parallelism=` of a flow: never more run below it, whatever starts them; and never a deadlock by it."""

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ipyflow as fl
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, Together


def work(together: Together) -> None:
    with together.inside():
        threading.Event().wait(0.001)


def test_never_more_run_below_it_children_of_children_included(lab: Lab) -> None:
    together = Together(3)

    @fl.task
    def leaf(i: int) -> int:
        work(together)
        return i

    @fl.task
    async def on_the_loop(i: int) -> int:
        with together.inside():
            await asyncio.sleep(0.001)
        return i

    @fl.flow
    def branch(i: int) -> int:
        work(together)
        return sum(leaf.map(range(i)).results()) + on_the_loop(i)

    @fl.flow(max_parallelism=3)
    def whole() -> int:
        return sum(branch.map(range(8)).results()) + leaf(1)

    assert whole() == sum(sum(range(i)) + i for i in range(8)) + 1
    assert together.most == 3


def test_what_waits_says_why(lab: Lab) -> None:
    gate, submitted = Gate(), threading.Event()

    @fl.task
    def leaf() -> None:
        gate.stand()

    @fl.flow(max_parallelism=1)
    def whole() -> None:
        both = [leaf.submit(), leaf.submit()]
        submitted.set()
        fl.wait(both)

    future = whole.submit()
    gate.reached()
    assert submitted.wait(SOON)
    second = future.children[1]
    assert second.run.snapshot().tasks[second.id].reason == f"limit {future.label} (1 at once)"
    gate.open()
    future.result(SOON)


def test_one_at_once_is_no_deadlock_for_tasks_that_wait_for_tasks(lab: Lab) -> None:
    @fl.task
    def fibonacci(n: int) -> int:
        return n if n < 2 else sum(fl.FutureList([fibonacci.submit(n - 1), fibonacci.submit(n - 2)]).results())

    @fl.flow(max_parallelism=1)
    def whole() -> int:
        return fibonacci.submit(9).result()

    assert whole.submit().result(SOON) == 34


def test_pipelines_below_it_count(lab: Lab) -> None:
    together = Together(2)

    @fl.task
    def leaf(i: int) -> int:
        work(together)
        return i

    @fl.flow(max_parallelism=2)
    def whole() -> object:
        return fl.in_parallel([leaf.send(i).continue_with(leaf) for i in range(10)])

    assert whole() == list(range(10))
    assert together.most == 2


def test_as_an_entry_of_a_pipeline_it_keeps_its_limit(lab: Lab) -> None:
    rooms = [both := Together(), alone := Together(2)]

    @fl.task
    def leaf(room: int, i: int) -> int:
        work(rooms[room])
        return i

    @fl.flow(max_parallelism=2)
    def whole(room: int, n: int) -> int:
        return sum(leaf.map([room] * n, range(n)).results())

    assert fl.in_parallel([whole.send(0, 8), whole.send(0, 8)], max_parallelism=3)() == [28, 28]
    assert both.most <= 3
    assert whole.send(1, 8)() == 28
    assert alone.most == 2


def test_an_attempt_more_has_the_same_limit(lab: Lab) -> None:
    together, attempts = Together(2), []

    @fl.task
    def leaf() -> None:
        work(together)

    @fl.flow(max_parallelism=2, retries=1, on_leak="ignore")
    def whole() -> None:
        futures = [leaf.submit() for _ in range(10)]
        attempts.append(futures)
        if len(attempts) == 1:
            raise ValueError("once more")
        fl.wait(futures)

    future = whole.submit()
    future.result(SOON)
    future.run.wait(SOON)
    assert together.most == 2


@given(st.integers(1, 4), st.integers(1, 4), st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_limits_inside_of_limits_hold(outer: int, inner: int, sizes: list[int]) -> None:
    everywhere, within = Together(), [Together() for _ in sizes]

    with engine(threads=6):

        @fl.task
        def leaf(place: int, i: int) -> int:
            with everywhere.inside(), within[place].inside():
                pass
            return i

        @fl.flow(max_parallelism=inner)
        def part(place: int, n: int) -> int:
            return sum(leaf.map([place] * n, range(n)).results())

        @fl.flow(max_parallelism=outer)
        def whole() -> int:
            return sum(part.map(range(len(sizes)), sizes).results())

        assert whole.submit().result(SOON) == sum(sum(range(n)) for n in sizes)
    assert everywhere.most <= outer
    assert max(one.most for one in within) <= inner


def test_without_limit_and_what_cannot_be() -> None:
    @fl.flow(max_parallelism=0)
    def free() -> None: ...

    assert free.options.max_parallelism is None
    for wrong in (-1, True, 1.5, "many"):
        with pytest.raises((TypeError, ValueError), match=r"max_parallelism="):
            fl.flow(max_parallelism=wrong)(free.fn)
