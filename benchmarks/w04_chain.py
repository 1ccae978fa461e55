"""W4: a chain in which each task takes the value of the one before; beside callbacks that submit to a bare pool.

Said in the two ways there are: as a pipeline (W4), and as futures that are arguments of each other (W4f). Putting the
chain together is part of the time in both.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import ipyflow as fl
from benchmarks import stage
from benchmarks.report import Plan, Row, compared
from benchmarks.timing import growth, sweep, timed


@fl.task(resolve=True)
def inc(x: int) -> int:
    return x + 1


@fl.task
def plain_inc(x: int) -> int:
    return x + 1


def measure(plan: Plan) -> list[Row]:
    return [
        *_measure(plan, "W4", pipeline, "pipeline of {:,} entries"),
        *_measure(plan, "W4f", work, "chain of {:,} futures"),
    ]


def _measure(plan: Plan, id: str, work: Callable[[int], float], text: str) -> list[Row]:
    at = sweep(work, reference, (100, *plan.sizes[:2]), plan.pairs)
    rows = [compared(id, text.format(n), pairs, 1.0) for n, pairs in at.items()]
    return [*rows, compared(id, "cost of a link at 10,000 over 1,000", growth(at, 1_000, 10_000), 1.4)]


def pipeline(n: int) -> float:
    with stage.engine():

        def body() -> Any:
            chain = plain_inc.send(0)
            for _ in range(n - 1):
                chain = chain.continue_with(plain_inc)
            return chain()

        seconds, value = timed(body)
    assert value == n
    return seconds / n


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
