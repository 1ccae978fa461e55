"""W14: a task with ``cache=``: what finding a kept value costs, and what it costs that there was none to find."""

from __future__ import annotations

import itertools
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ipyflow as fl
from benchmarks import stage
from benchmarks.report import Plan, Row, compared
from benchmarks.timing import paired, timed

TIMES = 300
MANY = 1_000
kept = fl.task(cache=True)(stage.bare_same)
_fresh = itertools.count(1_000_000)


def measure(plan: Plan) -> list[Row]:
    return [
        compared("W14", "a kept value is found, and waited for", paired(hit, plain, plan.pairs), None),
        compared("W14", "none is found: run, and kept", paired(miss, plain, plan.pairs), None),
        compared("W14", f"{MANY:,} kept values at once", paired(hits, plain_at_once, plan.pairs), None),
    ]


@contextmanager
def engine() -> Iterator[None]:
    """An engine with a database of its own, in which one value is kept."""
    folder = Path(tempfile.mkdtemp())
    try:
        with fl.configure(database=folder / "history.sqlite"), stage.engine():
            assert kept(7) == 7
            yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def hit() -> float:
    with engine():
        return _median([7] * TIMES, "cached")


def miss() -> float:
    with engine():
        return _median([next(_fresh) for _ in range(TIMES)], "succeeded")


def plain() -> float:
    with engine():
        times = []
        for _ in range(TIMES):
            begin = time.perf_counter()
            stage.same.submit(7).result()
            times.append(time.perf_counter() - begin)
        return statistics.median(times)


def _median(values: list[int], state: str) -> float:
    times = []
    for value in values:
        begin = time.perf_counter()
        future = kept.submit(value)
        assert future.result() == value
        times.append(time.perf_counter() - begin)
        assert future.state == state
    return statistics.median(times)


def hits() -> float:
    with engine():
        fl.wait([kept.submit(n) for n in range(MANY)])
        took, values = timed(lambda: [f.result() for f in [kept.submit(n) for n in range(MANY)]])
        assert values == list(range(MANY))
        return took / MANY


def plain_at_once() -> float:
    with engine():
        took, values = timed(lambda: [f.result() for f in [stage.same.submit(n) for n in range(MANY)]])
        assert values == list(range(MANY))
        return took / MANY
