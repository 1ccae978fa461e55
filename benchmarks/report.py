"""What was measured, as rows: for people as a table, for machines as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from benchmarks.timing import Pairs

MICRO = 1e6


@dataclass(frozen=True)
class Plan:
    """How much to measure.

    Attributes:
        pairs: pairs of work and reference that count.
        sizes: numbers of tasks, where a workload is measured at several.
        memory_tasks: tasks whose memory is measured.
        processes: fresh processes for each import.
    """

    pairs: int = 7
    sizes: tuple[int, ...] = (1_000, 10_000)
    memory_tasks: int = 100_000
    processes: int = 15


FULL = Plan(sizes=(1_000, 10_000, 100_000))
QUICK = Plan(pairs=3, processes=5)


@dataclass(frozen=True)
class Row:
    """One figure and what it should be.

    Attributes:
        id: the workload's.
        work: what is done.
        ours: the figure; ``None`` for a workload that is not there yet.
        target: the most it may be; ``None`` where there is none.
        unit: ``x`` for a ratio to the reference.
        low: the smallest of the pairs.
        high: the largest of the pairs.
        micros: our microseconds for each task, for reading.
        note: what else a reader wants to know.
    """

    id: str
    work: str
    ours: float | None = None
    target: float | None = None
    unit: str = "x"
    low: float | None = None
    high: float | None = None
    micros: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.ours is None:
            return "later"
        if self.target is None:
            return ""
        return "ok" if self.ours <= self.target else "OVER"


def compared(id: str, work: str, pairs: Pairs, target: float | None, note: str = "") -> Row:
    """The row of a ratio; costs are seconds for each task."""
    ratios = pairs.ratios
    told = f"reference {pairs.reference_cost * MICRO:.4g} us" + (f"; {note}" if note else "")
    return Row(id, work, pairs.ratio, target, "x", min(ratios), max(ratios), pairs.cost * MICRO, told)


def table(rows: Iterable[Row]) -> str:
    """The rows as text."""
    lines = [("id", "work", "ours", "min–max", "us/task", "target", "", "note")]
    lines += [
        (
            row.id,
            row.work,
            _figure(row.ours, row.unit),
            f"{row.low:.2f}–{row.high:.2f}" if row.low is not None and row.high is not None else "",
            f"{row.micros:.4g}" if row.micros is not None else "",
            f"≤ {row.target:g}" if row.target is not None else "",
            row.verdict,
            row.note,
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(7)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[7]]).rstrip()
        for line in lines
    )


def as_json(rows: Iterable[Row]) -> str:
    """The rows as JSON."""
    return json.dumps([{**asdict(row), "verdict": row.verdict} for row in rows], indent=1)


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}x" if unit == "x" else f"{value:.0f} {unit}"
