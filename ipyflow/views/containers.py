"""What is below a pipeline, a group of branches or a workflow: the entries or runs of steps by state, and how many
branches have ended.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FINAL_STATES, State
from ipyflow.views.words import counted

CONTAINERS = frozenset({"pipeline", "group", "workflow"})
"""Roles of tasks that have no body and end as what is below them ends."""

PAUSED = "paused"
"""Why a pipeline waits that was told to start no more entries."""


def contains(task: TaskState) -> bool:
    """Whether a task is a pipeline, a group or a workflow: it does no work of its own."""
    return task.role in CONTAINERS


@dataclass(slots=True)
class Below:
    """The entries below a container by state, those of groups in it counted instead of the groups themselves."""

    counts: Counter[State] = field(default_factory=Counter)
    done: int = 0
    branches: int = 0


def below(state: RunState) -> dict[int, Below]:
    """Count what is below each container of a run, in one pass.

    What the body of an entry submits is the entry's own business and not counted.

    Args:
        state: the run.

    Example:
        >>> below(RunState())
        {}
    """
    states: dict[int, list[State]] = {id_: [] for id_, task in state.tasks.items() if task.role in CONTAINERS}
    out = {id_: Below() for id_ in states}
    if not out:
        return out
    planned: dict[int, set[int | None]] = {id_: set() for id_ in states if state.tasks[id_].progress is None}
    for id_, task in reversed(state.tasks.items()):  # parents come before their children
        own = out.get(id_)
        if own is not None:
            own.counts.update(Counter(states[id_]))
            if task.parent in out:
                out[task.parent].counts.update(own.counts)
        elif task.parent in states:
            states[task.parent].append(task.state)
        if task.parent in planned and task.branch is not None:
            planned[task.parent].add(task.branch)
    for id_, found in out.items():
        progress = state.tasks[id_].progress
        found.done, found.branches = (0, len(planned[id_])) if progress is None else (progress[0], progress[1] or 0)
    return out


def branches(done: int, total: int) -> str:
    """Say how far a group is: ``12 branches`` of which none has ended, or ``5 of 12 branches``.

    Example:
        >>> branches(0, 1), branches(5, 12)
        ('1 branch', '5 of 12 branches')
    """
    return f"{done:,} of {counted(total, 'branch')}" if done else counted(total, "branch")


def entries(counts: Counter[State]) -> str:
    """Say how far a pipeline is. What is to come is known only of a plan.

    Example:
        >>> entries(Counter({State.SUCCEEDED: 2, State.PLANNED: 3}))
        '2 of 5 entries'
        >>> entries(Counter({State.SUCCEEDED: 2, State.RUNNING: 1}))
        '3 entries so far'
    """
    total = counts.total()
    ended = sum(number for state, number in counts.items() if state in FINAL_STATES)
    if counts[State.PLANNED]:
        return f"{ended:,} of {total:,} entries"
    return counted(total, "entry") + ("" if ended == total else " so far")


def together(parts: list[Below]) -> Below:
    """Add up what is below several containers that are drawn as one.

    Example:
        >>> together([Below(done=1, branches=2), Below(done=2, branches=2)]).done
        3
    """
    counts: Counter[State] = Counter()
    for part in parts:
        counts.update(part.counts)
    return Below(counts, sum(part.done for part in parts), sum(part.branches for part in parts))
