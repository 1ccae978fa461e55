"""A run as a tree of few lines: tasks under their parents, equal siblings folded into one line where there are many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ipyflow.model.run import RunState

_NEVER = 1 << 60


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
    if len(state.tasks) <= most:
        return _told(state, children, _NEVER, most)
    told = None
    for few in (8, 3, 2):
        told = _told(state, children, few, most)
        if not told.left_out:
            break
    assert told is not None
    return told


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
    groups: dict[tuple[str, str, str | None], list[int]] = {}
    folded: list[list[int]] = []
    for id_ in tasks:
        task = state.tasks[id_]
        key = (task.name, task.module, task.group)
        if key in groups:
            groups[key].append(id_)
        else:
            groups[key] = [id_]
            folded.append(groups[key])
    told = [part for group in folded for part in ([group] if len(group) >= few else [[id_] for id_ in group])]
    if any(len(part) < 2 for part in told):
        told.sort(key=lambda part: part[0])
    return [Line(part, len(above), (*above, i > 0)) for i, part in enumerate(reversed(told))]
