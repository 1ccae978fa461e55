"""Deep and wide pipelines: constant stack, bounded memory, right results."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator

import pytest

import ipyflow as fl
from ipyflow.testing import Lab, engine
from tests.engine.gates import Together
from tests.flows.pipelines.common import Boom, add, heal, value, words

LONG = 50


@pytest.fixture(params=["threads", "inline"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with engine(threads=4, inline=request.param == "inline", log_limit=None) as lab:
        yield lab
        lab.settled(LONG)


def counter(to: int, kind: str = "def") -> fl.Task:
    """The seed page's recursive counter."""

    @fl.task
    def count(x: int) -> fl.Pipeline:
        return add.send(x, 1).continue_with(check)

    @fl.task
    def check(x: int) -> object:
        return x if x >= to else count.send(x)

    return count


@pytest.mark.stress
def test_a_counter_that_calls_itself_ten_thousand_times(lab: Lab) -> None:
    assert counter(10_000).send(0).submit().result(LONG) == 10_000


@pytest.mark.stress
def test_a_coroutine_that_calls_itself_ten_thousand_times(lab: Lab) -> None:
    @fl.task
    async def count(x: int) -> object:
        return x if x >= 10_000 else count.send(x + 1)

    assert count.send(0).submit().result(LONG) == 10_000


@pytest.mark.stress
def test_a_level_of_recursion_keeps_nothing_but_its_records() -> None:
    """Where the log forgets its past, ten times the levels take no more memory."""
    peak = {}
    for levels in (3_000, 15_000):
        with engine(threads=2, log_limit=4096) as lab:
            gc.collect()
            tracemalloc.start()
            assert counter(levels).send(0).submit().result(LONG) == levels
            lab.settled(LONG)
            peak[levels] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    assert peak[15_000] - peak[3_000] < 12_000 * 100, peak


@pytest.mark.stress
def test_a_chain_of_ten_thousand_continuations(lab: Lab) -> None:
    chain = add.send(0, 1)
    for _ in range(9_999):
        chain = chain.continue_with(add, 1)
    assert chain.submit().result(LONG) == 10_000


@pytest.mark.stress
def test_an_error_skips_ten_thousand_entries(lab: Lab) -> None:
    @fl.task
    def fails() -> None:
        raise Boom("x")

    chain = fails.send()
    for _ in range(10_000):
        chain = chain.continue_with(add, 1)
    assert chain.exceptionally(heal).submit().result(LONG) == "healed Boom(x)"


@pytest.mark.stress
@pytest.mark.parametrize("stages", [None, 10])
def test_a_group_of_a_hundred_thousand_with_fifty_at_once(stages: int | None) -> None:
    inside = Together()

    @fl.task
    def work(x: int) -> int:
        with inside.inside():
            return x + 1

    with engine(threads=4) as lab:
        group = fl.in_parallel((work.send(i) for i in range(100_000)), max_parallelism=50, num_stages=stages)
        assert group.submit().result(LONG) == list(range(1, 100_001))
        assert inside.most <= 50
        lab.settled(LONG)


@pytest.mark.stress
def test_branches_that_wait_for_a_slot_cost_next_to_nothing() -> None:
    """Of a large group only those in flight are futures: memory beside the log does not grow with each branch."""
    kept = {}
    for branches in (2_000, 20_000):
        with engine(threads=2) as lab:
            pipeline = fl.in_parallel([value.send(i) for i in range(branches)], max_parallelism=10, num_stages=5)
            gc.collect()
            tracemalloc.start()
            assert len(pipeline.submit().result(LONG)) == branches
            lab.settled(LONG)
            gc.collect()
            kept[branches] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    per_branch = (kept[20_000] - kept[2_000]) / 18_000
    assert per_branch < 2_500, kept


@pytest.mark.stress
def test_recursion_through_groups_two_thousand_levels_deep(lab: Lab) -> None:
    @fl.task
    def down(n: int) -> object:
        return fl.in_parallel([down.send(n - 1)]) if n else "bottom"

    found = down.send(2_000).submit().result(LONG)
    levels = 0
    while isinstance(found, list):
        (found,) = found
        levels += 1
    assert (levels, found) == (2_000, "bottom")


@pytest.mark.stress
def test_a_failure_a_thousand_groups_deep(lab: Lab) -> None:
    @fl.task
    def down(n: int) -> object:
        if not n:
            raise Boom("bottom")
        return fl.in_parallel([down.send(n - 1)])

    error = down.send(1_000).submit().exception(LONG)
    levels = 0
    while isinstance(error, ExceptionGroup):
        (error,) = error.exceptions
        levels += 1
    assert (levels, words(error)) == (1_000, "Boom(bottom)")


@pytest.mark.stress
def test_groups_built_a_thousand_levels_deep(lab: Lab) -> None:
    pipeline = value.send(1)
    for _ in range(1_000):
        pipeline = fl.in_parallel([pipeline])
    found = pipeline.submit().result(LONG)
    for _ in range(1_000):
        (found,) = found
    assert found == 1


@pytest.mark.stress
def test_ten_thousand_branches_that_fail_are_all_there(lab: Lab) -> None:
    @fl.task
    def fails(i: int) -> None:
        raise Boom(i)

    group = fl.in_parallel([fails.send(i) for i in range(10_000)], num_stages=4)
    error = group.submit().exception(LONG)
    assert [e.args[0] for e in error.exceptions] == list(range(10_000))
