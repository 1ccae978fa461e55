"""W8: events through a step with 4 or 50 workers, all collected by another; beside two queues of asyncio.

Each item is two events: one goes through the step with the workers, the other waits in ``collect_events`` until all are
there. The reference passes each item through two queues, with as many workers between them.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import ipyflow as fl
from benchmarks import stage
from benchmarks.report import Plan, Row, compared
from benchmarks.timing import growth, sweep

TARGET = 15.0
SIZES = (100, 1_000, 10_000)


class Begin(fl.StartEvent):
    n: int


class Item(fl.Event):
    n: int


class Done(fl.Event):
    n: int


def _flow(workers: int) -> Any:
    class Collecting(fl.Workflow):
        @fl.step
        async def start(self, ctx: fl.Context[Any], ev: Begin) -> Item | None:
            self.expected = [Done] * ev.n
            for i in range(ev.n):
                ctx.send_event(Item(n=i))
            return None

        @fl.step(num_workers=workers)
        async def work(self, ev: Item) -> Done:
            return Done(n=ev.n)

        @fl.step(num_workers=workers)
        async def collect(self, ctx: fl.Context[Any], ev: Done) -> fl.StopEvent | None:
            found = ctx.collect_events(ev, self.expected)
            return None if found is None else fl.StopEvent(result=len(found))

    return Collecting


FEW, MANY = _flow(4), _flow(50)


def measure(plan: Plan) -> list[Row]:
    rows: list[Row] = []
    for workers, flow in ((4, FEW), (50, MANY)):

        def work(n: int, flow: Any = flow) -> float:
            return through_steps(flow, n)

        def reference(n: int, workers: int = workers) -> float:
            return asyncio.run(through_queues(n, workers))

        at = sweep(work, reference, SIZES, plan.pairs)
        name = f"events through a step with {workers} workers, all collected"
        rows += [compared("W8", f"{n:,} {name}", pairs, TARGET) for n, pairs in at.items()]
        rows.append(compared("W8", f"cost at 10,000 over 1,000, {workers} workers", growth(at, 1_000, 10_000), 1.5))
    return rows


def through_steps(flow: Any, n: int) -> float:
    with stage.engine():
        flow(timeout=None).run(n=10).result()
        workflow = flow(timeout=None)
        begin = time.perf_counter()
        assert workflow.run(n=n).result() == n
        return (time.perf_counter() - begin) / n


async def through_queues(n: int, workers: int) -> float:
    items: asyncio.Queue[int] = asyncio.Queue()
    done: asyncio.Queue[int] = asyncio.Queue()

    async def work() -> None:
        while True:
            done.put_nowait(await items.get())

    tasks = [asyncio.create_task(work()) for _ in range(workers)]
    await asyncio.sleep(0)
    begin = time.perf_counter()
    for i in range(n):
        items.put_nowait(i)
    found = [await done.get() for _ in range(n)]
    seconds = time.perf_counter() - begin
    for task in tasks:
        task.cancel()
    assert len(found) == n
    return seconds / n
