"""The critical path in the static timeline: a line around the work that all else had to wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ipyflow.model.run import RunState
from ipyflow.views.axis_svg import Axis
from ipyflow.views.critical import critical
from ipyflow.views.critical_walk import Stretch
from ipyflow.views.svg import num, text

MOST = 20_000
"""Tasks of a run whose path is looked for: the rows of a larger one are bands."""
TALL = 16


def path_of(state: RunState) -> Mapping[int, Sequence[Stretch]]:
    """Give the stretches of the critical path by task; none of a run that goes on, or where one task is all there is.

    Args:
        state: the run.

    Example:
        >>> path_of(RunState())
        {}
    """
    if len(state.tasks) > MOST:
        return {}
    found = critical(state)
    named = set(found.path)
    if len(named) < 2:
        return {}
    out: dict[int, list[Stretch]] = {}
    for stretch in found.stretches:
        if stretch.task in named:
            out.setdefault(stretch.task, []).append(stretch)
    return out


def path_lines(stretches: Sequence[Stretch], axis: Axis, middle: float) -> str:
    """Draw the line around a task's stretches.

    Args:
        stretches: those of one task.
        axis: the axis of time.
        middle: the middle of its row.
    """
    out = []
    for stretch in stretches:
        x, end = axis.x(stretch.begin), axis.x(stretch.end)
        if end - x >= 2:
            out.append(_around(x, middle, end - x))
    return "".join(out)


def path_legend(x: float, y: float) -> str:
    """Say what the line is.

    Args:
        x: where to.
        y: the base line of the words.
    """
    return _around(x + 2, y - 3.5, 12, 11) + text(x + 21, y, "critical path", 11, faint=0.75)


def _around(x: float, middle: float, wide: float, tall: int = TALL) -> str:
    return (
        f'<rect x="{num(x - 1.75)}" y="{num(middle - tall / 2)}" width="{num(wide + 3.5)}" height="{tall}" rx="3" '
        'fill="none" stroke="currentColor" stroke-width="1.2" opacity=".75"/>'
    )
