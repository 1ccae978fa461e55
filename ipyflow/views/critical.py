"""The critical path: the tasks that decided how long a run took.

It is found by walking back from the end, always to what let a task go on just then: a body that was blocked went on
when what it waited for ended, a task that waited for its arguments began when the last of them was there, an entry of
a pipeline behind the entry before it, a step of a workflow when its event was sent, and any other task when the body of
its parent submitted it. A container ended with the last of what is below it. Waiting for a worker, a limit or a slot is
nobody's doing: there the path has a gap, and goes on with what the task itself did before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ipyflow.model.run import RunState
from ipyflow.views.critical_walk import Stretch, critical_stretches

MOST = 500
"""Tasks on a path at most: of more the longest."""
FAINT = 0.01
"""Bodies that only waited for what they submitted are left out while all of them ran for a smaller part of the run."""


@dataclass(frozen=True, slots=True)
class Critical:
    """The critical path of a run: the tasks on it, and when it was their turn, in order."""

    path: list[int]
    stretches: list[Stretch]


def critical_path(state: RunState, most: int = MOST) -> list[int]:
    """Give the ids of the tasks that decided how long a run took, first to last; none while it goes on.

    Args:
        state: the run.
        most: how many at most: of more the longest.

    Example:
        >>> critical_path(RunState())
        []
    """
    return critical(state, most).path


def critical(state: RunState, most: int = MOST) -> Critical:
    """The same with the stretches of time that the path is made of, those of bodies that only waited too.

    Args:
        state: the run.
        most: how many tasks at most: of more the longest.
    """
    if state.closed is None:
        return Critical([], [])
    stretches = critical_stretches(state)
    own: dict[int, float] = {}
    for stretch in stretches:
        own[stretch.task] = own.get(stretch.task, 0.0) + stretch.end - stretch.begin
    left = FAINT * (state.closed - state.opened)
    for id_ in sorted(_above(state, own) & own.keys(), key=lambda id_: own[id_]):
        left -= own[id_]
        if left < 0:
            break
        del own[id_]
    if len(own) > most:
        kept = set(sorted(own, key=lambda id_: -own[id_])[:most])
        return Critical([id_ for id_ in own if id_ in kept], stretches)
    return Critical(list(own), stretches)


def _above(state: RunState, ids: Iterable[int]) -> set[int]:
    """The tasks below which some of these were submitted."""
    found: set[int] = set()
    for id_ in ids:
        parent = state.tasks[id_].parent
        while parent in state.tasks and parent not in found:
            found.add(parent)
            parent = state.tasks[parent].parent
    return found
