"""W5: many multiplies and one task that adds up their values; beside a bare pool."""

from __future__ import annotations

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


def measure(plan: Plan) -> list[Row]:
    at = sweep(work, reference, plan.sizes[:2], plan.pairs)
    rows = [compared("W5", f"{n:,} multiplies, one aggregate", pairs, 0.4) for n, pairs in at.items()]
    return [*rows, compared("W5", "cost of a multiply at 10,000 over 1,000", growth(at, 1_000, 10_000), 1.4)]


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
