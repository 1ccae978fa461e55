"""W3 and W3a: submit one task, or one coroutine, and wait for it; the median of many."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Callable

from benchmarks import stage
from benchmarks.report import Plan, Row, compared
from benchmarks.timing import paired

TIMES = 1_000


def measure(plan: Plan) -> list[Row]:
    return [
        compared("W3", "submit one task and wait", paired(work, reference, plan.pairs), 0.7),
        compared("W3a", "submit one coroutine and wait", paired(work_async, reference_async, plan.pairs), 1.0),
    ]


def work() -> float:
    with stage.engine():
        return _median(lambda: stage.same.submit(7).result())


def work_async() -> float:
    with stage.engine():
        return _median(lambda: stage.same_async.submit(7).result())


def reference() -> float:
    with stage.pool() as pool:
        return _median(lambda: pool.submit(stage.bare_same, 7).result())


def reference_async() -> float:
    with stage.loop() as loop:
        return _median(lambda: asyncio.run_coroutine_threadsafe(stage.bare_same_async(7), loop).result())


def _median(trip: Callable[[], int]) -> float:
    gc.collect()
    now, times = time.perf_counter, []
    for _ in range(TIMES):
        begin = now()
        value = trip()
        times.append(now() - begin)
        assert value == 7
    return statistics.median(times)
