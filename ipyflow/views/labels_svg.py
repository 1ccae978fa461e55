"""The names before the rows of a timeline: as a tree, with the mark of what a task is in its pipeline."""

from __future__ import annotations

from collections.abc import Sequence

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import State
from ipyflow.views.outline import Line
from ipyflow.views.palette import ROLES
from ipyflow.views.svg import MONO_LETTER, num, role_mark, text
from ipyflow.views.words import arguments, clip, shown

INDENT = 14
ROLE = 15
"""Room for the mark of a role."""
WIDTH = (110, 250)
"""Narrowest and widest column of names."""


def label_width(state: RunState, lines: Sequence[Line]) -> int:
    """How wide the column of names is, in pixels."""
    widest = max((14 + INDENT * line.depth + _wide(state, line) for line in lines), default=0)
    return round(min(max(widest, WIDTH[0]), WIDTH[1]))


def _wide(state: RunState, line: Line) -> float:
    task = state.tasks[line.tasks[0]]
    letters, args = float(len(shown(task.name, WIDTH[1]))), len(shown(arguments(state, task), 16))
    if len(line.tasks) > 1:
        letters += len(f" ×{len(line.tasks):,}")
    elif args:
        letters += 0.85 * (args + 2)
    return 12 * MONO_LETTER * letters + (ROLE if task.role in ROLES else 0)


def stem(line: Line, y: float, tall: float, row: float) -> str:
    """Draw the lines that lead from a parent's name to its children's.

    Args:
        line: a line of the outline.
        y: the upper edge of its row.
        tall: the height of its row.
        row: the height of a row of one task: the name stands in the middle of that.
    """
    path = ""
    for depth in range(1, line.depth + 1):
        x = 10 + INDENT * (depth - 1) + 3.5
        if depth == line.depth:
            path += f"M{num(x)} {num(y)}v{num(row / 2)}h6"
            path += f"M{num(x)} {num(y + row / 2)}V{num(y + tall)}" if line.open[depth] else ""
        elif line.open[depth]:
            path += f"M{num(x)} {num(y)}v{num(tall)}"
    return f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity=".25"/>' if path else ""


def name(state: RunState, task: TaskState, number: int, x: float, y: float, column: int) -> str:
    """Draw the name and what arguments there is room for, faint for a task that has no story.

    Args:
        state: the run.
        task: the task, or the first of many.
        number: how many tasks the row stands for.
        x: the left edge.
        y: the base line.
        column: the width of the column of names.
    """
    out = ""
    faint = 0.5 if number == 1 and task.state in (State.PLANNED, State.SKIPPED) else 1.0
    if task.role is not None and task.role in ROLES:
        out += role_mark(task.role, x, y, faint=min(faint, 0.7))
        x += ROLE
    room = int((column - x) / (12 * MONO_LETTER))
    times = f" ×{number:,}" if number > 1 else ""
    words, args = clip(shown(task.name), max(room - len(times), 4)) + times, shown(arguments(state, task))
    out += text(x, y, words, mono=True, faint=faint)
    left = int((room - len(words)) / 0.85) - 2
    if number == 1 and args and left >= min(3, len(args)):
        x += 12 * MONO_LETTER * len(words) + 1
        out += text(x, y, f"({clip(args, left)})", 10, faint=min(faint, 0.55), mono=True)
    return out
