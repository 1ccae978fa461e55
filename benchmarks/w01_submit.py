"""W1: submit trivial tasks and wait for all; beside a bare pool of as many threads."""

from __future__ import annotations

from concurrent.futures import Future, wait

import ipyflow as fl
from benchmarks import stage
from benchmarks.report import Plan, Row, compared
from benchmarks.timing import growth, sweep, timed


def measure(plan: Plan) -> list[Row]:
    at = sweep(work, reference, plan.sizes, plan.pairs)
    rows = [compared("W1", f"submit {n:,} trivial tasks, wait for all", pairs, 0.4) for n, pairs in at.items()]
    return [*rows, compared("W1", "cost of a task at 10,000 over 1,000", growth(at, 1_000, 10_000), 1.4)]


def work(n: int) -> float:
    with stage.engine():
        return submit_all(n)


def submit_all(n: int, task: fl.Task[[int], int] = stage.same) -> float:
    """Seconds a task on the engine there is."""

    def body() -> list[fl.Future[int]]:
        futures = [task.submit(i) for i in range(n)]
        fl.wait(futures)
        return futures

    seconds, futures = timed(body)
    assert [f.result() for f in futures] == list(range(n))
    return seconds / n


def reference(n: int) -> float:
    with stage.pool() as pool:

        def body() -> list[Future[int]]:
            futures = [pool.submit(stage.bare_same, i) for i in range(n)]
            wait(futures)
            return futures

        seconds, futures = timed(body)
        assert [f.result() for f in futures] == list(range(n))
        return seconds / n
