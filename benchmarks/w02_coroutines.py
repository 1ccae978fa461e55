"""W2: submit trivial coroutines from a plain thread and wait for all; beside ``create_task`` inside a loop."""

from __future__ import annotations

import asyncio

from benchmarks import stage
from benchmarks.report import Plan, Row, compared
from benchmarks.timing import growth, sweep, timed
from benchmarks.w01_submit import submit_all


def measure(plan: Plan) -> list[Row]:
    at = sweep(work, reference, plan.sizes[:2], plan.pairs)
    rows = [compared("W2", f"{n:,} trivial coroutines from a plain thread", pairs, 2.0) for n, pairs in at.items()]
    return [*rows, compared("W2", "cost of a coroutine at 10,000 over 1,000", growth(at, 1_000, 10_000), 1.4)]


def work(n: int) -> float:
    with stage.engine():
        return submit_all(n, stage.same_async)


def reference(n: int) -> float:
    async def body() -> list[asyncio.Task[int]]:
        tasks = [asyncio.create_task(stage.bare_same_async(i)) for i in range(n)]
        await asyncio.wait(tasks)
        return tasks

    with asyncio.Runner() as runner:
        runner.run(asyncio.sleep(0))
        seconds, tasks = timed(lambda: runner.run(body()))
    assert [t.result() for t in tasks] == list(range(n))
    return seconds / n
