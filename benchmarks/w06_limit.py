"""W6s and W6a: a thousand sleeps of 5 ms, 50 at once, over the ideal of 100 ms; a pool and asyncio for reading.

Held back by ``limit=`` on the task, and by ``max_parallelism=`` on a group.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from concurrent.futures import wait
from typing import Any

import ipyflow as fl
from benchmarks import stage
from benchmarks.report import MICRO, Plan, Row
from benchmarks.timing import paired, timed

SLEEPS, SECONDS, AT_ONCE = 1_000, 0.005, 50
IDEAL = SLEEPS * SECONDS / AT_ONCE
NAP = f"{SLEEPS:,} sleeps of {SECONDS * 1000:g} ms, {AT_ONCE} at once, by"


@fl.task(limit=AT_ONCE)
def nap(x: int) -> int:
    time.sleep(SECONDS)
    return x


async def _nap_async(x: int) -> int:
    await asyncio.sleep(SECONDS)
    return x


nap_async: Any = fl.task(limit=AT_ONCE)(_nap_async)
free_nap: Any = fl.task(nap.fn)
free_nap_async: Any = fl.task(_nap_async)


def measure(plan: Plan) -> list[Row]:
    return [
        _row("W6s", f"{NAP} limit=, threads", work, reference, 1.25, plan),
        _row("W6s", f"{NAP} max_parallelism=, threads", grouped, reference, 1.25, plan),
        _row("W6a", f"{NAP} limit=, coroutines", work_async, reference_async, 1.45, plan),
        _row("W6a", f"{NAP} max_parallelism=, coroutines", grouped_async, reference_async, 1.45, plan),
    ]


def _row(id: str, text: str, work: Callable[[], float], bare: Callable[[], float], target: float, plan: Plan) -> Row:
    pairs = paired(work, bare, plan.pairs)
    ratios = [cost / IDEAL for cost in pairs.ours]
    note = f"the ideal is 1; reference {pairs.reference_cost / IDEAL:.2f}x"
    low, high, micros = min(ratios), max(ratios), pairs.cost / SLEEPS * MICRO
    return Row(id, text, statistics.median(ratios), target, "x", low, high, micros, note)


def work() -> float:
    # More threads than the limit allows, so that it is the limit that holds them back.
    with stage.engine(threads=AT_ONCE + 14):
        fl.wait([nap.submit(i) for i in range(AT_ONCE)])
        return _ours(nap)


def work_async() -> float:
    with stage.engine():
        return _ours(nap_async)


def grouped() -> float:
    with stage.engine(threads=AT_ONCE + 14):
        fl.wait([free_nap.submit(i) for i in range(AT_ONCE)])
        return _grouped(free_nap)


def grouped_async() -> float:
    with stage.engine():
        return _grouped(free_nap_async)


def _grouped(task: Any) -> float:
    pipeline = fl.in_parallel([task.send(i) for i in range(SLEEPS)], max_parallelism=AT_ONCE)
    seconds, values = timed(pipeline)
    assert values == list(range(SLEEPS))
    return seconds


def _ours(task: fl.Task[[int], int]) -> float:
    def body() -> list[int]:
        futures = [task.submit(i) for i in range(SLEEPS)]
        return [f.result() for f in futures]

    seconds, values = timed(body)
    assert values == list(range(SLEEPS))
    return seconds


def reference() -> float:
    with stage.pool(AT_ONCE) as pool:
        wait([pool.submit(nap.fn, i) for i in range(AT_ONCE)])
        seconds, values = timed(lambda: list(pool.map(nap.fn, range(SLEEPS))))
    assert values == list(range(SLEEPS))
    return seconds


def reference_async() -> float:
    async def body() -> list[int]:
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(x: int) -> int:
            async with slots:
                await asyncio.sleep(SECONDS)
                return x

        return await asyncio.gather(*(one(i) for i in range(SLEEPS)))

    with asyncio.Runner() as runner:
        runner.run(asyncio.sleep(0))
        seconds, values = timed(lambda: runner.run(body()))
    assert values == list(range(SLEEPS))
    return seconds
