"""A run in one line, for lists of runs."""

from __future__ import annotations

from typing import Any

from ipyflow.model.run import RunState
from ipyflow.views.prompts import asking
from ipyflow.views.words import clean, clip, instant, total


def listed(state: RunState, now: float | None = None) -> dict[str, Any]:
    """Say what a list of runs shows of one.

    Args:
        state: the run.
        now: the engine's clock, for a run that goes on; by default the time of its last record.

    Example:
        >>> listed(RunState())["total"]
        0
    """
    elapsed = round(instant(state, now) - state.opened, 6)
    return {**summary(state), "elapsed": elapsed, "closed": state.closed is not None, **asking(state)}


def summary(state: RunState) -> dict[str, Any]:
    """Say what every form of a run begins with: what it is, where it stands, and its tasks by state.

    Args:
        state: the run.

    Example:
        >>> summary(RunState())["counts"]
        {}
    """
    return {
        "id": state.id,
        "key": state.key,
        "name": clean(clip(state.name, 200)),
        "kind": state.kind,
        "state": str(state.state),
        "wall": state.wall,
        "total": total(state),
        "counts": {str(name): number for name, number in state.counts.items() if number},
    }
