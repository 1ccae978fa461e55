"""When each task was at work in two runs, each from its own beginning: rows of one timeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FAILURE_STATES, FINAL_STATES, State
from ipyflow.views.compare.changes import KINDS, Change
from ipyflow.views.containers import contains
from ipyflow.views.workers import outcome

SINGLE = 24
"""Pairs that have a row each; of more those of one name share one."""
MOST = 24
"""Rows at most."""
STRETCHES = 100
"""Stretches of a row at most: of more, those that are nearest to each other become one."""

Stretch = tuple[float, float, str]
"""From when to when, in seconds since the run began, in which state: what came of a body that ran, or ``blocked``,
``waiting``, ``queued``; of what waits for what is below it ``"around"``."""

_AROUND = "around"


@dataclass(frozen=True)
class Lane:
    """A row: a task, or all of one name, in both runs. ``kind`` is the change, the worst of several."""

    name: str
    args: str
    role: str | None
    tasks: int
    kind: str
    before: list[Stretch]
    after: list[Stretch]


@dataclass(frozen=True)
class Lanes:
    """All rows, in the order in which they began; ``left_out`` names have none."""

    rows: list[Lane]
    left_out: int


def lanes(found: Sequence[Change], before: RunState, after: RunState, end_before: float, end_after: float) -> Lanes:
    """Make the rows.

    Args:
        found: the changes.
        before: the first run.
        after: the second.
        end_before: the end of its time axis, on the engine's clock.
        end_after: the same of the second.
    """
    groups: dict[object, list[Change]] = {}
    for one in found:
        task = one.pair.any
        if (one.pair.before and _shows(one.pair.before)) or (one.pair.after and _shows(one.pair.after)):
            single = len(found) <= SINGLE
            groups.setdefault(id(one) if single else (task.name, task.role), []).append(one)
    made = sorted(((_began(group, before, after), i, group) for i, group in enumerate(groups.values())))
    rows = [_lane(group, (before.opened, end_before), (after.opened, end_after)) for _, _, group in made[:MOST]]
    return Lanes(rows, max(len(made) - MOST, 0))


def _shows(task: TaskState) -> bool:
    """Whether there is anything to draw: what was only planned, or passed over, has no story."""
    return task.state not in (State.PLANNED, State.SKIPPED)


def _began(group: list[Change], before: RunState, after: RunState) -> float:
    """When the first of them came, in the later run if one is there."""
    news = [one.pair.after.submitted - after.opened for one in group if one.pair.after is not None]
    olds = [one.pair.before.submitted - before.opened for one in group if one.pair.before is not None]
    return min(news or olds)


def _lane(group: list[Change], before: tuple[float, float], after: tuple[float, float]) -> Lane:
    task = group[0].pair.any
    olds = [one.pair.before for one in group if one.pair.before is not None and _shows(one.pair.before)]
    news = [one.pair.after for one in group if one.pair.after is not None and _shows(one.pair.after)]
    kind = min((one.kind for one in group), key=list(KINDS).index)
    args = group[0].args if len(group) == 1 else ""
    return Lane(task.name, args, task.role, len(group), kind, _stretches(olds, *before), _stretches(news, *after))


def _stretches(tasks: Sequence[TaskState], opened: float, until: float) -> list[Stretch]:
    if not tasks:
        return []
    if len(tasks) == 1:
        return _near([(begin - opened, end - opened, look) for begin, end, look in _story(tasks[0], until)])
    worked = [each for task in tasks for each in _story(task, until) if each[2] not in ("waiting", "queued", "blocked")]
    bad = {str(state) for state in FAILURE_STATES}
    well = _union(each for each in worked if each[2] not in bad)
    ill = _union(each for each in worked if each[2] in bad)
    return _near([(begin - opened, end - opened, look) for begin, end, look in [*well, *ill]])


def _story(task: TaskState, until: float) -> list[Stretch]:
    """What a task did, on the engine's clock."""
    end = until if task.ended is None else task.ended
    if contains(task):
        return [(task.submitted, end, _AROUND)]
    found: list[Stretch] = []
    for i, span in enumerate(task.spans):
        if span.state in FINAL_STATES or span.state is State.PLANNED:
            continue
        to = task.spans[i + 1].time if i + 1 < len(task.spans) else end
        look = outcome(task, i) if span.state is State.RUNNING else span.state
        found.append((span.time, to, str(look)))
    if task.ended is not None and task.started is None:  # it has not run: a tick where it ended
        found.append((task.ended, task.ended, str(task.state)))
    return found


def _union(stretches: Iterable[Stretch]) -> list[Stretch]:
    """When any of them was there."""
    found: list[Stretch] = []
    for begin, end, look in sorted(stretches):
        if found and begin <= found[-1][1] and look == found[-1][2]:
            found[-1] = (found[-1][0], max(end, found[-1][1]), look)
        else:
            found.append((begin, end, look))
    return found


def _near(stretches: list[Stretch]) -> list[Stretch]:
    """Few enough to draw: equal neighbours become one where there are too many, then any that follow at once."""
    while len(stretches) > STRETCHES:
        merged: list[Stretch] = []
        for i, one in enumerate(stretches):
            if i % 2 and merged[-1][2] == one[2]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], one[1]), one[2])
            else:
                merged.append(one)
        if len(merged) == len(stretches):
            merged = _by_twos(stretches)
        if len(merged) == len(stretches):
            return stretches[:STRETCHES]
        stretches = merged
    return stretches


def _by_twos(stretches: list[Stretch]) -> list[Stretch]:
    """Of two that follow at once the longer says what both were, or a failure; so waits and work that take turns."""
    found: list[Stretch] = []
    for i, one in enumerate(stretches):
        if i % 2 and one[0] <= found[-1][1]:
            other = found[-1]
            telling = max(other, one, key=lambda each: (each[2] in FAILURE_STATES, each[1] - each[0]))
            found[-1] = (other[0], max(other[1], one[1]), telling[2])
        else:
            found.append(one)
    return found
