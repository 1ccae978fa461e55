"""A stretch of time of a large run, closer than its lanes: counts in finer bins, and the tasks where they are few.

A run that submits everything at once has tasks that wait nearly all the time, and all of them are there in nearly every
stretch. So tasks that did nothing but wait in it are sent only where there is room for them too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FAILURE_STATES, State
from ipyflow.views.containers import contains
from ipyflow.views.lanes import MOST, others, short, stretches
from ipyflow.views.payload import row
from ipyflow.views.words import clean, clip, home, instant

BINS_MOST = 2000
"""Bins in one answer."""
ROWS_MOST = 2000
"""Tasks that are sent whole."""
SHORTEST = 1e-6
"""Seconds of the shortest stretch there is: times on the link have no more digits."""


@dataclass(slots=True)
class _Name:
    """The tasks of one name: those of the whole run as numbers, those of the stretch one by one."""

    name: str
    module: str
    first: float
    oldest: int
    tasks: int = 0
    there: list[TaskState] = field(default_factory=list)
    waited: list[TaskState] = field(default_factory=list)


def window(
    state: RunState, begin: float, end: float, bins: int = 240, *, now: float | None = None, most: int = ROWS_MOST
) -> dict[str, Any]:
    """Make the answer to the question ``window`` (see ``docs/protocol.md``).

    The lanes are those of the payload, in the same order; their bins are exact, however short the stretch is.

    Args:
        state: the run.
        begin: where the stretch begins, in seconds since the run opened.
        end: where it ends.
        bins: in how many equal parts to cut it.
        now: the engine's clock, for a run that goes on; by default the time of its last record.
        most: send this many tasks at most, or none of them.

    Example:
        >>> window(RunState(), 0, 1)["lanes"]
        []
    """
    until = instant(state, now)
    length = max(until - state.opened, 0.0)
    bins = min(max(bins, 1), BINS_MOST)
    begin = min(max(begin, 0.0), max(length - SHORTEST, 0.0))
    end = max(min(end, length), begin + SHORTEST)
    found = _named(state, state.opened + begin, state.opened + end)
    by_size = sorted(found.values(), key=lambda name: (-name.tasks, name.first, name.oldest))
    alone, rest = (by_size, []) if len(by_size) <= MOST else (by_size[: MOST - 1], by_size[MOST - 1 :])
    lanes = []
    for one in sorted(alone, key=lambda name: (name.first, name.oldest)):
        drawn = _bins(one.there, state.opened + begin, end - begin, bins, until)
        lanes.append({"name": clean(clip(one.name, 200)), "module": home(one.module), "bins": drawn})
    if rest:
        drawn = _bins([task for one in rest for task in one.there], state.opened + begin, end - begin, bins, until)
        lanes.append({"name": others(len(rest)), "module": "", "bins": drawn})
    there = [task for one in by_size for task in one.there]
    waited = [task for one in by_size for task in one.waited]
    sent = [] if len(there) > most else there if len(there) + len(waited) > most else there + waited
    sent.sort(key=lambda task: task.id)
    return {
        "from": round(begin, 6),
        "to": round(end, 6),
        "lanes": lanes,
        "tasks": [row(task, state) for task in sent] if len(there) <= most else None,
        "waiting": len(waited),
    }


def _named(state: RunState, begin: float, end: float) -> dict[tuple[str, str], _Name]:
    """Sort the tasks by name, and keep those that were there between two instants."""
    found: dict[tuple[str, str], _Name] = {}
    planned = State.PLANNED
    for task in state.tasks.values():
        key = task.name, task.module
        one = found.get(key)
        if one is None:
            one = found[key] = _Name(task.name, task.module, float("inf"), task.id)
        one.tasks += 1
        if task.state is planned:  # it has not begun
            continue
        if task.submitted < one.first:
            one.first = task.submitted
        ended = task.ended
        if task.submitted > end or (ended is not None and ended < begin):
            continue
        begun = task.started
        if begun is None:
            begun = task.submitted if contains(task) else ended
        (one.waited if begun is None or begun > end else one.there).append(task)
    return found


def _bins(tasks: list[TaskState], begin: float, length: float, bins: int, until: float) -> list[list[float]]:
    """Average how many of the tasks ran and stood blocked in each bin, and count how many failed there.

    As in :class:`ipyflow.views.series.Series` a stretch adds by its two ends alone.
    """
    scale, top = bins / length, float(bins)
    levels = [0.0] * (bins + 1), [0.0] * (bins + 1)
    parts = [0.0] * (bins + 1), [0.0] * (bins + 1)
    failed = [0] * (bins + 1)
    running = State.RUNNING
    for task in tasks:
        spans, ended = task.spans, task.ended
        if len(spans) == 3 and ended is not None and spans[1].state is running:  # nearly all are like that
            found: Iterable[tuple[int, float, float]] = ((0, spans[1].time, ended),)
        else:
            found = stretches(task, until)
        for kind, one, two in found:
            if (at := (one - begin) * scale) >= top or (to := (two - begin) * scale) <= 0.0:
                continue
            if at < 0.0:
                at = 0.0
            if to > top:
                to = top
            level, part = levels[kind], parts[kind]
            i, j = int(at), int(to)
            level[i] += 1.0
            part[i] -= at - i
            level[j] -= 1.0
            part[j] += to - j
        if ended is not None and task.state in FAILURE_STATES and 0.0 <= (at := (ended - begin) * scale) <= top:
            failed[min(int(at), bins - 1)] += 1
    means = [
        [a + b for a, b in zip(accumulate(level), part, strict=True)] for level, part in zip(levels, parts, strict=True)
    ]
    return [[short(ran), short(stood), n] for ran, stood, n in zip(*means, failed, strict=True)][:bins]
