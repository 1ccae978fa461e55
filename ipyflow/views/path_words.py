"""The critical path in one line of words."""

from __future__ import annotations

from ipyflow.model.run import RunState
from ipyflow.views.containers import contains
from ipyflow.views.critical import critical
from ipyflow.views.words import counted, duration, label

NAMED = 5
"""Tasks that are named; of more the longest."""
_QUIET = 0.05
"""The part of a run from which on it is said for how long no task of the path ran."""


def path_words(state: RunState) -> str:
    """Say which tasks decided how long a run took, and for how long; nothing of a run that goes on, or of one task.

    Args:
        state: the run.

    Example:
        >>> path_words(RunState())
        ''
    """
    found = critical(state)
    path = found.path
    if not path or sum(not contains(task) for task in state.tasks.values()) < 2:
        return ""
    lengths: dict[int, float] = dict.fromkeys(path, 0.0)
    worked = 0.0
    for stretch in found.stretches:
        worked += stretch.end - stretch.begin
        if stretch.task in lengths:
            lengths[stretch.task] += stretch.end - stretch.begin
    longest = sorted(path, key=lambda id_: -lengths[id_])[:NAMED]
    told = " → ".join(f"{label(state.tasks[id_])} {duration(lengths[id_])}" for id_ in path if id_ in longest)
    if len(path) > NAMED:
        told = f"{counted(len(path), 'task')} in {duration(sum(lengths.values()))}, the longest of them {told}"
    whole = (state.closed or state.last) - state.opened
    quiet = whole - worked
    return told + (f"; {duration(quiet)} of waiting for workers, limits or delays" if quiet > _QUIET * whole else "")
