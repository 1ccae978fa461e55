"""W4: a chain in which each task takes the value of the one before; beside callbacks that submit to a bare pool."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import ipyflow as fl
from benchmarks import stage
from benchmarks.report import Plan, Row, compared
from benchmarks.timing import growth, sweep, timed


@fl.task(resolve=True)
def inc(x: int) -> int:
    return x + 1


def measure(plan: Plan) -> list[Row]:
    sizes = (100, *plan.sizes[:2])
    at = sweep(work, reference, sizes, plan.pairs)
    rows = [compared("W4", f"chain of {n:,} continuations", pairs, 1.0) for n, pairs in at.items()]
    return [*rows, compared("W4", "cost of a link at 10,000 over 1,000", growth(at, 1_000, 10_000), 1.4)]


def work(n: int) -> float:
    with stage.engine():

        def body() -> int:
            last = inc.submit(0)
            for _ in range(n - 1):
                last = inc.submit(last)  # type: ignore[arg-type]  # resolve= passes its value
            return last.result()

        seconds, value = timed(body)
    assert value == n
    return seconds / n


def reference(n: int) -> float:
    with stage.pool() as pool:
        seconds, value = timed(lambda: _Callbacks(pool, n).run())
    assert value == n
    return seconds / n


class _Callbacks:
    """Each result's callback submits the next link."""

    def __init__(self, pool: ThreadPoolExecutor, links: int) -> None:
        self.pool, self.links = pool, links
        self.value = 0
        self.ended = threading.Event()

    def run(self) -> int:
        self.submit(0)
        self.ended.wait()
        return self.value

    def submit(self, value: int) -> None:
        self.pool.submit(inc.fn, value).add_done_callback(self.go_on)

    def go_on(self, future: Future[int]) -> None:
        value = future.result()
        if value < self.links:
            self.submit(value)
        else:
            self.value = value
            self.ended.set()
