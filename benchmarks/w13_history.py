"""W13: W1 with the history on, beside W1 without; a history of a million tasks; the memory of keeping it.

Run as a program it is a process whose memory is measured: ``python -m benchmarks.w13_history on 100000`` prints bytes.
"""

from __future__ import annotations

import gc
import importlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

import ipyflow as fl
from benchmarks import stage
from benchmarks.report import Plan, Row, compared
from benchmarks.timing import paired
from benchmarks.w01_submit import submit_all

RUN = 1_000
"""Tasks of each run of the history."""
LOG_LIMIT = 10_000


def measure(plan: Plan) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "history.sqlite"
        rows = [_beside(10_000, 4 * plan.pairs, 1.05, place), _beside(100_000, plan.pairs, None, place)]
        place = Path(folder) / "large.sqlite"
        rows += _of_a_large_one(place, 10 * plan.memory_tasks)
    tasks = 10 * plan.memory_tasks
    off, on = (_in_process(which, tasks) / 1e6 for which in ("off", "on"))
    what = f"growth of a process over {tasks:,} tasks, log_limit={LOG_LIMIT:,}, history on"
    return [*rows, Row("W13", what, on, 64, "MB", note=f"without the history {off:.0f} MB")]


def _beside(n: int, count: int, target: float | None, place: Path) -> Row:
    pairs = paired(lambda: work(n, place), lambda: work(n, None), count)
    return compared("W13", f"submit {n:,} tasks with the history on, over without", pairs, target)


def work(n: int, place: Path | None) -> float:
    """As W1, with a history that is open, or with none."""
    fl.shutdown()
    with fl.configure(threads=stage.THREADS, database=place):
        fl.wait([task.submit(0) for task in (stage.same, stage.same_async) for _ in range(200)])
        if place is not None:
            _store().flush()
        return submit_all(n)


@fl.flow
def many(n: int) -> None:
    fl.wait(stage.same.map(range(n)))


def _of_a_large_one(place: Path, tasks: int) -> list[Row]:
    """Listing and opening, in a history of so many tasks of which a tenth are one run."""
    fl.shutdown()
    with fl.configure(threads=stage.THREADS, database=place):
        largest = many.submit(tasks // 10).run
        for _ in range(tasks // RUN * 9 // 10):
            many(RUN)
        largest.wait()
        _store().flush()
        key = largest.key
        fl.shutdown()
        listed = [_timed(lambda: fl.history()) for _ in range(9)]
        searched = [_timed(lambda: fl.history(text="ame")) for _ in range(9)]
        opened = [_timed(lambda: fl.history().open(key).snapshot()) for _ in range(3)]
        size = _store().disk()["file"] / tasks
        fl.shutdown()
    n = f"{tasks:,} tasks"
    return [
        Row("W13", f"list the newest 100 runs of {n}", 1_000 * statistics.median(listed), 100, "ms"),
        Row("W13", "the same, with a text", 1_000 * statistics.median(searched), 100, "ms"),
        Row("W13", f"open a run of {tasks // 10:,} tasks", 1_000 * statistics.median(opened), 2_000, "ms"),
        Row("W13", "a task on the disk", size, None, "B"),
    ]


def _timed(body: Callable[[], object]) -> float:
    gc.collect()
    begin = time.perf_counter()
    body()
    return time.perf_counter() - begin


def _store() -> Any:
    return importlib.import_module("ipyflow.session")._session.store()


def _in_process(which: str, tasks: int) -> float:
    command = [sys.executable, "-m", "benchmarks.w13_history", which, str(tasks)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _grown(place: Path | None, tasks: int) -> float:
    """Bytes by which the process grew."""
    with fl.configure(threads=stage.THREADS, log_limit=LOG_LIMIT, database=place):
        for _ in range(20):
            fl.wait([stage.same.submit(i) for i in range(RUN)])
        gc.collect()
        before = psutil.Process().memory_info().rss
        for _ in range(tasks // RUN):
            fl.wait([stage.same.submit(i) for i in range(RUN)])
        if place is not None:
            _store().flush()
        gc.collect()
        return float(psutil.Process().memory_info().rss - before)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(_grown(Path(folder) / "history.sqlite" if sys.argv[1] == "on" else None, int(sys.argv[2])))
        fl.shutdown()
