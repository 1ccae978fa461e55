"""Large runs at a glance: for each task name, how many of its tasks ran, stood blocked or failed, over time.

Ended tasks are added once and kept as sums, so a page that watches 100,000 tasks pays for those that changed since
it last looked, and for those that are running.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FAILURE_STATES, State
from ipyflow.views.series import FINE, Marks, Series
from ipyflow.views.words import clean, clip, home, instant

BINS = 120
MOST = 60
"""Lanes of a page; of more names those with the fewest tasks share the last."""
_SHORTEST_BIN = 1e-6
_RUNNING, _PLANNED = State.RUNNING, State.PLANNED
"""Looked up once: to ask an enumeration for a member takes longer than all else that is done for most tasks."""
_SERIES = {State.RUNNING: 0, State.CANCELLING: 0, State.BLOCKED: 1}

_Open = dict[int, TaskState]


@dataclass(slots=True)
class _Lane:
    name: str
    module: str
    role: str | None
    oldest: int
    tasks: int = 0
    first: float = float("inf")
    last: float = 0.0
    counts: Counter[State] = field(default_factory=Counter)
    lengths: list[float] = field(default_factory=list)
    running: Series = field(default_factory=Series)
    blocked: Series = field(default_factory=Series)
    failed: Marks = field(default_factory=Marks)
    open: _Open = field(default_factory=dict)


def stretches(task: TaskState, until: float) -> list[tuple[int, float, float]]:
    """The times in which a task ran (0) or stood blocked (1); stretches of one kind that meet are one."""
    spans = task.spans
    if len(spans) == 3 and task.ended is not None and spans[1].state is _RUNNING:  # nearly all are like that
        return [(0, spans[1].time, spans[2].time)]
    out = []
    kind: int | None = None
    begin = 0.0
    for span in spans:
        following = _SERIES.get(span.state)
        if following != kind:
            if kind is not None:
                out.append((kind, begin, span.time))
            kind, begin = following, span.time
    if kind is not None:
        out.append((kind, begin, until))
    return out


class Lanes:
    """The lanes of one run, kept up to date by the tasks that changed.

    Example:
        >>> lanes = Lanes()
        >>> lanes.update(RunState(), [])
        >>> lanes.view(RunState())
        []
    """

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._states: dict[int, State] = {}
        self._ends: dict[int, float] = {}
        self._bin = _SHORTEST_BIN

    def update(self, state: RunState, changed: Iterable[int]) -> None:
        """Take in the tasks that changed since the last call; at the first, give all."""
        tasks, ends = state.tasks, self._ends
        changed = list(changed)
        if ends:
            for id_ in changed:
                if id_ in ends and ends[id_] != tasks[id_].ended:
                    # A retry on request takes back an end that is in the sums: rare enough to begin anew.
                    self._clear()
                    changed = list(tasks)
                    break
        self._grow(state, state.last)
        for id_ in changed:
            self._take(state, tasks[id_])

    def _grow(self, state: RunState, until: float) -> None:
        while FINE * self._bin < until - state.opened:
            self._bin *= 2
            for lane in self._lanes.values():
                lane.running.halve()
                lane.blocked.halve()
                lane.failed.halve()

    def _take(self, state: RunState, task: TaskState) -> None:
        id_, now, ended = task.id, task.state, task.ended
        lane = self._lanes.get((task.name, task.module))
        if lane is None:
            lane = self._lanes[task.name, task.module] = _Lane(task.name, task.module, task.role, id_)
        if (time := task.spans[-1].time) > lane.last:
            lane.last = time
        before = self._states.get(id_)
        if before is now:
            return
        self._states[id_] = now
        if before is None:
            lane.tasks += 1
            if id_ < lane.oldest:
                lane.oldest = id_
        else:
            lane.counts[before] -= 1
        lane.counts[now] += 1
        if task.submitted < lane.first and now is not _PLANNED:  # what is only planned has not begun
            lane.first = task.submitted
        if task.role != lane.role:
            lane.role = None
        if ended is None:
            if task.started is not None:
                lane.open[id_] = task
            return
        self._ends[id_] = ended
        lane.open.pop(id_, None)
        if task.started is not None:
            lane.lengths.append(ended - task.started)
            self._draw(state, task, ended, (lane.running, lane.blocked))
        if now in FAILURE_STATES:
            lane.failed.mark((ended - state.opened) / self._bin)

    def _draw(self, state: RunState, task: TaskState, until: float, series: tuple[Series, Series]) -> None:
        opened, scale = state.opened, 1 / self._bin
        spans = task.spans
        if len(spans) == 3 and task.ended is not None and spans[1].state is _RUNNING:  # nearly all are like that
            series[0].stretch((spans[1].time - opened) * scale, (spans[2].time - opened) * scale)
            return
        for kind, begin, end in stretches(task, until):
            series[kind].stretch((begin - opened) * scale, (end - opened) * scale)

    def view(self, state: RunState, now: float | None = None, most: int = MOST) -> list[dict[str, Any]]:
        """Make the payload's ``lanes``, in the order of their first tasks.

        Args:
            state: the run that :meth:`update` was given.
            now: the end of the time axis on the engine's clock; by default the last record's time.
            most: the number of lanes; of more names those with the fewest tasks share the last lane.
        """
        self._grow(state, instant(state, now))
        by_size = sorted(self._lanes.values(), key=lambda lane: (-lane.tasks, lane.first, lane.oldest))
        alone, rest = (by_size, []) if len(by_size) <= most else (by_size[: most - 1], by_size[most - 1 :])
        views = [self._view(state, [lane], now) for lane in sorted(alone, key=lambda lane: (lane.first, lane.oldest))]
        if rest:
            views.append({**self._view(state, rest, now), "name": others(len(rest)), "module": "", "role": None})
        return views

    def _view(self, state: RunState, lanes: Sequence[_Lane], now: float | None) -> dict[str, Any]:
        until = instant(state, now)
        running, blocked, failed = Series(), Series(), Marks()
        counts: Counter[State] = Counter()
        lengths: list[float] = []
        for lane in lanes:
            running.add(lane.running)
            blocked.add(lane.blocked)
            failed.add(lane.failed)
            counts += lane.counts
            lane.lengths.sort()
            lengths += lane.lengths
            for task in lane.open.values():
                self._draw(state, task, until, (running, blocked))
        if len(lanes) > 1:
            lengths.sort()
        first = min(lane.first for lane in lanes)
        end = (until - state.opened) / self._bin
        bins = zip(running.means(end, BINS), blocked.means(end, BINS), failed.sums(end, BINS), strict=True)
        return {
            "name": clean(clip(lanes[0].name, 200)),
            "module": home(lanes[0].module),
            "role": lanes[0].role,
            "count": sum(lane.tasks for lane in lanes),
            "counts": {str(name): number for name, number in counts.items() if number},
            "first": None if first == float("inf") else round(first - state.opened, 6),
            "last": round(max(lane.last for lane in lanes) - state.opened, 6),
            "shortest": round(lengths[0], 6) if lengths else None,
            "median": round(lengths[len(lengths) // 2], 6) if lengths else None,
            "longest": round(lengths[-1], 6) if lengths else None,
            "bins": [[short(ran), short(stood), ended] for ran, stood, ended in bins],
        }


def others(number: int) -> str:
    """Name the lane of all the names that have none of their own.

    Example:
        >>> others(1200)
        '(1,200 other names)'
    """
    return f"({number:,} other names)"


def short(mean: float) -> float:
    """Two decimals are more than a picture shows; whole numbers are shorter still in JSON."""
    value = round(max(mean, 0.0), 2)
    return int(value) if value.is_integer() else value


def lanes(state: RunState, now: float | None = None, most: int = MOST) -> list[dict[str, Any]]:
    """Make the payload's ``lanes`` at once, for a picture or a page that just came. See :meth:`Lanes.view`."""
    fresh = Lanes()
    fresh.update(state, state.tasks)
    return fresh.view(state, now, most)
