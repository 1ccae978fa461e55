"""Which attempts of a run lie on which track, so that slices of one track hold each other or follow each other.

Programs that draw traces take what lies within a slice for what was called by it. That is so where a thread runs a
task while the body on it stands blocked; what a worker runs side by side gets tracks of its own.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import State
from ipyflow.views.containers import contains
from ipyflow.views.workers import SINGLE, natural, outcome

_BODY = frozenset({State.RUNNING, State.BLOCKED, State.CANCELLING})


@dataclass(slots=True)
class Slice:
    """An attempt of a task at a worker; times in whole nanoseconds since the run was opened."""

    task: TaskState
    worker: str
    attempt: int
    """1 for the first."""
    begin: int
    end: int
    state: State
    """What it ended in, or ``running``."""
    blocked: list[tuple[int, int]] = field(default_factory=list)
    track: int = 0
    """Of its worker, from 0."""
    depth: int = 0
    """In how many others it lies."""


def slices(task: TaskState, opened: float, until: float) -> list[Slice]:
    """The attempts of a task, in order.

    Args:
        task: any task; pipelines, groups and workflows have no body and give none.
        opened: when its run was opened, on the engine's clock.
        until: the end of the time axis, on the engine's clock.
    """
    out: list[Slice] = []
    if contains(task):
        return out
    spans = task.spans
    inside = False
    for i, span in enumerate(spans):
        if span.state not in _BODY:
            inside = False
            continue
        begin = _ns(span.time - opened)
        end = _ns((spans[i + 1].time if i + 1 < len(spans) else until) - opened)
        if not inside:
            worker = span.note if span.state is State.RUNNING else task.worker
            out.append(Slice(task, worker, len(out) + 1, begin, begin + 1, outcome(task, i)))
            inside = True
        out[-1].end = max(end, out[-1].begin + 1)
        if span.state is State.BLOCKED and end > begin:
            out[-1].blocked.append((begin, end))
    return out


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)


def on_tracks(state: RunState, until: float) -> dict[str, list[Slice]]:
    """The attempts of a run by worker, sorted by their begin, each on a track.

    Example:
        >>> on_tracks(RunState(), 0)
        {}
    """
    found: dict[str, list[Slice]] = {}
    for task in state.tasks.values():
        for one in slices(task, state.opened, until):
            found.setdefault(one.worker, []).append(one)
    for of_worker in found.values():
        of_worker.sort(key=lambda s: (s.begin, -s.end))
        _spread(of_worker)
    return {worker: found[worker] for worker in sorted(found, key=natural)}


def _spread(found: list[Slice]) -> None:
    """Give each slice of a worker the first track that is free, or that of the body that waits for it."""
    above: list[Slice] = []  # those that hold what comes next, the innermost last
    free: list[tuple[int, int]] = []  # when each track is free again, and the track
    last: dict[int, Slice] = {}
    inside: dict[int, int] = {}  # when what lies in the last slice of a track has ended
    for one in found:
        while above and above[-1].end <= one.begin:
            above.pop()
        if above and _waits(above[-1], one):
            one.track, one.depth = above[-1].track, len(above)
            inside[one.track] = max(inside[one.track], one.end)
            above.append(one)
            continue
        if free and free[0][0] > one.begin and one.task.executor in SINGLE:
            _cut(last[free[0][1]], one.begin, inside[free[0][1]], free)
        one.track = heapq.heappop(free)[1] if free and free[0][0] <= one.begin else len(free)
        heapq.heappush(free, (one.end, one.track))
        last[one.track], inside[one.track] = one, 0
        above = [one] if one.task.executor != "loop" else []


def _waits(outer: Slice, inner: Slice) -> bool:
    return any(begin <= inner.begin and inner.end <= end for begin, end in outer.blocked)


def _cut(before: Slice, begin: int, inside: int, free: list[tuple[int, int]]) -> None:
    """Where a worker runs one body at a time, and the end of one was heard after the next began: it ended just before.

    Not in the same instant: programs that add begin and length in floats would find one slice begin inside the other.
    """
    end = begin - 1
    if max(before.begin, inside) < end and before.end - end < end - before.begin:
        before.end = end
        before.blocked = [(b, min(e, end)) for b, e in before.blocked if b < end]
        heapq.heapreplace(free, (end, before.track))


def nested(found: list[Slice]) -> list[tuple[int, int, bool, Slice]]:
    """The slices of one worker, each before what lies in it: ``(begin, end, whether it stands blocked, slice)``."""
    out = [(one.begin, one.end, False, one) for one in found]
    out += [(begin, min(end, one.end), True, one) for one in found for begin, end in one.blocked]
    out.sort(key=lambda part: (part[0], -part[1], part[3].depth, part[2]))
    return out
