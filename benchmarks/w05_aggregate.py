"""W5: many multiplies and one task that adds up their values; beside a bare pool.

Said in the two ways there are: as a pipeline with a group (W5), and as futures that are arguments of one task (W5f).
"""

from __future__ import annotations

from collections.abc import Callable

import ipyflow as fl
from benchmarks import stage
from benchmarks.report import Plan, Row, compared
from benchmarks.timing import growth, sweep, timed


@fl.task
def double(x: int) -> int:
    return 2 * x


@fl.task(resolve=True)
def total(values: list[int]) -> int:
    return sum(values)


@fl.task
def add_up(values: list[int]) -> int:
    return sum(values)


def measure(plan: Plan) -> list[Row]:
    return [
        *_measure(plan, "W5", pipeline, "{:,} multiplies in_parallel, one aggregate"),
        *_measure(plan, "W5f", work, "{:,} multiplies as futures, one aggregate"),
    ]


def _measure(plan: Plan, id: str, work: Callable[[int], float], text: str) -> list[Row]:
    at = sweep(work, reference, plan.sizes[:2], plan.pairs)
    rows = [compared(id, text.format(n), pairs, 0.4) for n, pairs in at.items()]
    return [*rows, compared(id, "cost of a multiply at 10,000 over 1,000", growth(at, 1_000, 10_000), 1.4)]


def pipeline(n: int) -> float:
    with stage.engine():
        seconds, value = timed(lambda: fl.in_parallel([double.send(i) for i in range(n)]).continue_with(add_up)())
    assert value == n * (n - 1)
    return seconds / n


def work(n: int) -> float:
    with stage.engine():
        # resolve= passes the values of the futures.
        seconds, value = timed(lambda: total.submit([double.submit(i) for i in range(n)]).result())  # type: ignore[misc]
    assert value == n * (n - 1)
    return seconds / n


def reference(n: int) -> float:
    with stage.pool() as pool:

        def body() -> int:
            futures = [pool.submit(double.fn, i) for i in range(n)]
            return pool.submit(total.fn, [f.result() for f in futures]).result()

        seconds, value = timed(body)
    assert value == n * (n - 1)
    return seconds / n
