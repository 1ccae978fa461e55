"""W11: ``import ipyflow`` in a fresh process, beside ``import asyncio``, and its time beyond bare Python."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

from benchmarks.report import Plan, Row
from benchmarks.timing import Pairs, timed

MILLI = 1000


def measure(plan: Plan) -> list[Row]:
    times: dict[str, list[float]] = {"import ipyflow": [], "import asyncio": [], "pass": []}
    for number in range(plan.processes + 1):
        for code, seconds in times.items():
            taken = fresh(code)
            if number:
                seconds.append(taken)
    ours, reference, bare = times.values()
    pairs = Pairs(tuple(ours), tuple(reference))
    beyond = [(mine - none) * MILLI for mine, none in zip(ours, bare, strict=True)]
    told = ", ".join(
        f"{code} {min(seconds) * MILLI:.0f}/{statistics.median(seconds) * MILLI:.0f}" for code, seconds in times.items()
    )
    return [
        Row(
            "W11", "a process that imports ipyflow, over one that imports asyncio", pairs.ratio, 1.5, "x",
            min(pairs.ratios), max(pairs.ratios), note=f"min/median ms: {told}",
        ),
        Row(
            "W11", "milliseconds beyond bare Python", statistics.median(beyond), 80, "ms", min(beyond), max(beyond),
            note=f"of the minima: {(min(ours) - min(bare)) * MILLI:.0f} ms",
        ),
    ]  # fmt: skip


def fresh(code: str) -> float:
    """Seconds of a new interpreter that runs ``code``, compiled files in place as in an installed package."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return timed(lambda: subprocess.run([sys.executable, "-c", code], env=env, check=True))[0]
