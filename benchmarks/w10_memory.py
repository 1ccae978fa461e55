"""W10: resident bytes of a finished task, in a fresh process; a bare pool for reading.

Run as a program it is that process: ``python -m benchmarks.w10_memory ours kept 100000`` prints the bytes.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from concurrent.futures import wait
from typing import Any

import psutil  # type: ignore[import-untyped]

import ipyflow as fl
from benchmarks import stage
from benchmarks.report import Plan, Row

WAVE = 1_000
"""Dropped futures are submitted and waited for so many at a time."""
LOG_LIMIT = 10_000


def measure(plan: Plan) -> list[Row]:
    kept, dropped = (_in_process("pool", way, plan) for way in ("kept", "dropped"))
    n = f"{plan.memory_tasks:,}"
    return [
        _row(f"memory of a task of {n}, futures kept", _in_process("ours", "kept", plan), 1_200, kept),
        _row(f"memory of a task of {n}, futures dropped", _in_process("ours", "dropped", plan), 300, dropped),
        _row(f"the same, log_limit={LOG_LIMIT:,}", _in_process("bounded", "dropped", plan), 60, dropped),
    ]


def _row(text: str, ours: float, target: float, pool: float) -> Row:
    return Row("W10", text, ours, target, "B", note=f"pool {pool:.0f} B")


def _in_process(who: str, way: str, plan: Plan) -> float:
    command = [sys.executable, "-m", "benchmarks.w10_memory", who, way, str(plan.memory_tasks)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def work(way: str, n: int, log_limit: int | None) -> float:
    with stage.engine(log_limit=log_limit):
        return _grown(lambda i: stage.same.submit(i), fl.wait, way, n)


def reference(way: str, n: int) -> float:
    with stage.pool() as pool:
        return _grown(lambda i: pool.submit(stage.bare_same, i), wait, way, n)


def _grown(submit: Any, wait_for: Any, way: str, n: int) -> float:
    """Bytes by which the process grew for each task."""
    wait_for([submit(i) for i in range(WAVE)])
    gc.collect()
    before = psutil.Process().memory_info().rss
    kept = []
    if way == "kept":
        kept = [submit(i) for i in range(n)]
        wait_for(kept)
    else:
        for _ in range(n // WAVE):
            wait_for([submit(i) for i in range(WAVE)])
    gc.collect()
    after = psutil.Process().memory_info().rss
    assert [f.result() for f in kept] == list(range(len(kept)))
    return float(after - before) / n


if __name__ == "__main__":
    who, way, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    print(reference(way, count) if who == "pool" else work(way, count, LOG_LIMIT if who == "bounded" else None))
