"""The workers of a run: of which kinds there were, how many of each were at work, how long handing over took."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence

from ipyflow.model.run import TaskState
from ipyflow.model.status import State
from ipyflow.views.containers import contains

WITHOUT = frozenset({"loop", "inline", "pipeline", ""})
"""Where any number of bodies run at once, or none."""
RACE = 0.0005
"""Seconds: a body that goes on since so long may have had no worker yet when the next one was given away."""
LATE = 0.005
"""Seconds: a worker elsewhere begins with its next task before the word of the end of the last one is here."""
_AT_WORK = frozenset({State.RUNNING, State.CANCELLING})
_HAD = frozenset({State.RUNNING, State.BLOCKED})
"""States of a body that had begun before it was told to stop."""
_ENDS, _BEGINS, _GOES_ON = range(3)
"""In this order where they come in one instant."""


def pool_of(task: TaskState) -> str:
    """The kind of worker that runs the body of a task: its executor, or nothing where it needs none."""
    return "" if task.executor in WITHOUT or contains(task) else task.executor


class Pools:
    """What the log says of the workers.

    Args:
        tasks: those that have ended.

    Attributes:
        peaks: by kind, how many were at work at once when one more began. A pool in which a task ever waited for a
            worker was full then, so this is its size; in any other pool more would not have been used.
        handing: by kind, the seconds that a free worker usually needs to begin with a task that is ready; and those
            that one needs for its first, which may have to be started.
        work: seconds of all bodies together.
        busiest: the kind with the most work.
    """

    def __init__(self, tasks: Sequence[TaskState]) -> None:
        stretches: list[tuple[str, str, float, float, float | None]] = []
        changes: dict[str, list[tuple[float, int]]] = defaultdict(list)
        ends: dict[str, list[float]] = defaultdict(list)
        begins: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
        work: dict[str, float] = defaultdict(float)
        for task in tasks:
            if contains(task):
                continue
            pool = pool_of(task)
            spans, worker = task.spans, ""
            for i, span in enumerate(spans[:-1]):
                until = spans[i + 1].time
                if span.state not in _AT_WORK:
                    continue
                before = spans[i - 1] if i else None
                if span.state is State.CANCELLING and (before is None or before.state not in _HAD):
                    continue
                if task.executor != "inline":  # its time is a part of that of the body that submitted it
                    work[pool] += until - span.time
                if not pool:
                    continue
                worker = span.note if span.state is State.RUNNING else worker
                fresh = before is not None and before.state is State.QUEUED
                stretches.append((pool, worker, span.time, until, before.time if fresh and before else None))
        for pool, worker, begin, until, queued in _in_turn(stretches):
            changes[pool] += [(begin + RACE, _GOES_ON) if queued is None else (begin, _BEGINS), (until, _ENDS)]
            ends[worker].append(until)
            if queued is not None:
                begins[pool].append((begin, queued, worker))
        for found in ends.values():
            found.sort()
        self.handing = {pool: _handing(found, ends) for pool, found in begins.items()}
        self.peaks = {pool: _peak(found) for pool, found in changes.items()}
        self.work = sum(work.values())
        self.busiest = max(self.peaks, key=lambda pool: work[pool], default="")


def _in_turn(
    stretches: list[tuple[str, str, float, float, float | None]],
) -> Iterator[tuple[str, str, float, float, float | None]]:
    """The same with ends that are a little later than the worker's next beginning put where that begins."""
    by_worker: dict[str, list[float]] = defaultdict(list)
    for _, worker, begin, _, _ in stretches:
        by_worker[worker].append(begin)
    for found in by_worker.values():
        found.sort()
    for pool, worker, begin, until, queued in stretches:
        begins = by_worker[worker]
        place = bisect_right(begins, begin)
        following = begins[place] if place < len(begins) else until
        yield pool, worker, begin, following if following < until <= following + LATE else until, queued


def _peak(changes: list[tuple[float, int]]) -> int:
    """How many at once, looked at where one begins: a body that goes on after a wait may be one too many."""
    changes.sort()
    active = peak = 0
    for _, change in changes:
        active += -1 if change == _ENDS else 1
        if change == _BEGINS:
            peak = max(peak, active)
    return max(peak, 1)


def _handing(begins: list[tuple[float, float, str]], ends: dict[str, list[float]]) -> tuple[float, float]:
    """Seconds from when a task was ready and its worker free to its beginning, as most took at least."""
    later: list[float] = []
    first: list[float] = []
    for begin, queued, worker in begins:
        before = ends[worker]
        place = bisect_right(before, begin)
        if place:
            later.append(begin - max(queued, before[place - 1]))
        else:
            first.append(begin - queued)
    usual = _quarter(later or first)
    return usual, max(_quarter(first), usual)


def _quarter(took: list[float]) -> float:
    took.sort()
    return max(took[len(took) // 4], 0.0) if took else 0.0
