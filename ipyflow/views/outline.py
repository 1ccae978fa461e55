"""A run as a tree of few lines: tasks under their parents, equal siblings folded into one line where there are many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.views.containers import contains

_NEVER = 1 << 60
ORDERED = 1000
"""The entries of a pipeline or a group are put in order where they are no more than this; more are folded anyway."""


@dataclass(slots=True)
class Line:
    """One line of the tree: a task, or several equal siblings.

    ``depth`` is 0 for a task without a parent; ``open`` tells, for each depth down to this one, whether more lines
    follow there (what a drawing of the branches needs).
    """

    tasks: list[int]
    depth: int
    open: tuple[bool, ...]


@dataclass(slots=True)
class Outline:
    """The lines, in the order of a walk from parent to child, and how many tasks did not fit in at all."""

    lines: list[Line]
    left_out: int


def outline(state: RunState, most: int = 40) -> Outline:
    """Tell a run in at most ``most`` lines.

    All tasks get a line of their own if they fit; if not, siblings of one name are folded, first where they are
    eight or more, then three, then two. Folded lines fold their children too. What still does not fit is counted.

    Args:
        state: the run.
        most: lines to give at most.

    Example:
        >>> outline(RunState()).lines
        []
    """
    children: dict[int, list[int]] = {}
    for id_ in sorted(state.tasks):
        parent = state.tasks[id_].parent
        children.setdefault(parent if parent in state.tasks else 0, []).append(id_)
    for parent, ids in children.items():
        if parent in state.tasks and contains(state.tasks[parent]) and len(ids) <= ORDERED:
            children[parent] = in_order(state, ids)
    if len(state.tasks) <= most:
        return _told(state, children, _NEVER, most)
    told = None
    for few in (8, 3, 2):
        told = _told(state, children, few, most)
        if not told.left_out:
            break
    assert told is not None
    return told


def in_order(state: RunState, ids: Sequence[int]) -> list[int]:
    """Sort the entries of a pipeline or a group: branch by branch, each behind what handed it its outcome.

    Numbers do not tell: the entries of a pipeline that a task returned are younger than the plan that goes on behind.

    Args:
        state: the run.
        ids: entries of one pipeline or group.
    """

    def rank(id_: int) -> tuple[bool, bool, int, bool, int]:
        task = state.tasks[id_]
        return task.role == "finally", task.branch is None, task.branch or 0, task.state is State.PLANNED, id_

    inside = set(ids)
    out: list[int] = []
    opened: set[int] = set()
    left: set[int] = set()
    for first in sorted(ids, key=rank):
        stack = [first]
        while stack:
            me = stack[-1]
            if me in opened:
                stack.pop()
                if me not in left:
                    left.add(me)
                    out.append(me)
                continue
            opened.add(me)
            stack += [source for source in reversed(state.tasks[me].refs) if source in inside and source not in opened]
    return out


def _told(state: RunState, children: dict[int, list[int]], few: int, most: int) -> Outline:
    lines: list[Line] = []
    seen = 0
    stack = _branches(state, children.get(0, ()), few, ())
    while stack and len(lines) < most:
        line = stack.pop()
        lines.append(line)
        seen += len(line.tasks)
        below = [child for id_ in line.tasks for child in children.get(id_, ())]
        stack += _branches(state, below, few, line.open)
    return Outline(lines, len(state.tasks) - seen)


def _branches(state: RunState, tasks: Sequence[int], few: int, above: tuple[bool, ...]) -> list[Line]:
    """The lines for sibling tasks, the last one first: they are taken from the end."""
    groups: dict[tuple[str, str, str | None, str | None], list[int]] = {}
    folded: list[list[int]] = []
    for id_ in tasks:
        task = state.tasks[id_]
        key = (task.name, task.module, task.group, task.role)
        if key in groups:
            groups[key].append(id_)
        else:
            groups[key] = [id_]
            folded.append(groups[key])
    told = [part for group in folded for part in ([group] if len(group) >= few else [[id_] for id_ in group])]
    if any(len(part) < 2 for part in told):
        place = {id_: i for i, id_ in enumerate(tasks)}
        told.sort(key=lambda part: place[part[0]])
    return [Line(part, len(above), (*above, i > 0)) for i, part in enumerate(reversed(told))]
