"""W9: processes. Python code on all cores, a large array to many tasks, many small tasks; beside the standard pool.

Both pools have their four workers running before the clock starts.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

import ipyflow as fl
from benchmarks import pool_bodies as bodies
from benchmarks.report import Plan, Row, compared
from benchmarks.timing import Pairs, paired, timed

WORKERS = 4
TASKS, SECONDS = 64, 0.1
ARRAYS = 16
SMALL = 10_000
CHUNKS = (25, 100, 400, 1_000, 2_500)

spin = fl.task(executor="processes")(bodies.spin)
look = fl.task(executor="processes")(bodies.look)
same = fl.task(executor="processes")(bodies.same)


def measure(plan: Plan) -> list[Row]:
    with engine(), pool() as bare:
        chunk = min(CHUNKS, key=lambda chunk: statistics.median(small_bare(bare, chunk) for _ in range(3)))
        cpu = paired(cpu_work, lambda: cpu_bare(bare), min(plan.pairs, 5))
        array = paired(array_work, lambda: array_bare(bare), plan.pairs)
        small = paired(small_work, lambda: small_bare(bare, chunk), plan.pairs)
    ideal = TASKS * SECONDS / min(WORKERS, os.cpu_count() or 1) / TASKS
    lone = Pairs(cpu.ours, tuple(ideal for _ in cpu.ours))
    theirs = statistics.median(cpu.reference) / ideal
    return [
        compared("W9c", f"{TASKS} x {SECONDS * 1000:.0f} ms of Python", cpu, 1.05),
        compared("W9c", "the same beside the ideal", lone, 1.15, f"pool {theirs:.2f}x"),
        compared("W9a", f"an array of {bodies.MEGABYTES} MB to {ARRAYS} tasks", array, 0.05),
        compared("W9b", f'{SMALL:,} trivial tasks, map(batch="auto")', small, 1.2, f"its chunksize={chunk}"),
    ]


@contextmanager
def engine() -> Iterator[None]:
    """An engine with its processes running."""
    fl.shutdown()
    with fl.configure(processes=WORKERS):
        fl.wait([spin.submit(SECONDS) for _ in range(4 * WORKERS)])
        yield
    fl.shutdown()


@contextmanager
def pool() -> Iterator[ProcessPoolExecutor]:
    """The pool of the standard library, running; it forks no process that has threads."""
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn")) as made:
        list(made.map(bodies.spin, [SECONDS] * (4 * WORKERS)))
        yield made


def cpu_work() -> float:
    seconds, values = timed(lambda: spin.map([SECONDS] * TASKS).results())
    assert values == [True] * TASKS
    return seconds / TASKS


def cpu_bare(pool: ProcessPoolExecutor) -> float:
    seconds, values = timed(lambda: list(pool.map(bodies.spin, [SECONDS] * TASKS)))
    assert values == [True] * TASKS
    return seconds / TASKS


def array_work() -> float:
    array = bodies.array()
    seconds, values = timed(lambda: [f.result() for f in [look.submit(array) for _ in range(ARRAYS)]])
    assert values == [2.0] * ARRAYS
    return seconds / ARRAYS


def array_bare(pool: ProcessPoolExecutor) -> float:
    array = bodies.array()
    seconds, values = timed(lambda: [f.result() for f in [pool.submit(bodies.look, array) for _ in range(ARRAYS)]])
    assert values == [2.0] * ARRAYS
    return seconds / ARRAYS


def small_work() -> float:
    seconds, values = timed(lambda: same.map(range(SMALL), batch="auto").results())
    assert values == list(range(SMALL))
    return seconds / SMALL


def small_bare(pool: ProcessPoolExecutor, chunk: int) -> float:
    seconds, values = timed(lambda: list(pool.map(bodies.same, range(SMALL), chunksize=chunk)))
    assert values == list(range(SMALL))
    return seconds / SMALL
