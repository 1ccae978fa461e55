"""The rows that the table of a large run shows: filtered, sorted, a page of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from ipyflow.model.run import RunState, TaskState
from ipyflow.views.palette import ORDER, ROLES
from ipyflow.views.payload import row
from ipyflow.views.words import instant

MOST = 500
"""Rows in one answer."""
_RANK = {state: rank for rank, state in enumerate(ORDER)}

_Key = Callable[[TaskState, float], Any]

COLUMNS: dict[str, _Key] = {
    "id": lambda task, until: task.id,
    "name": lambda task, until: task.name,
    "state": lambda task, until: _RANK[task.state],
    "args": lambda task, until: task.args,
    "value": lambda task, until: (task.type, task.text),
    "attempts": lambda task, until: len(task.attempts),
    "worker": lambda task, until: task.worker,
    "waited": lambda task, until: _or(task.started, task.ended, until) - task.submitted,
    "ran": lambda task, until: 0.0 if task.started is None else _or(task.ended, until) - task.started,
}
"""What each column of the table sorts by. States sort by how much they want to be looked at."""


def _or(*times: float | None) -> float:
    return next(time for time in times if time is not None)


def rows(
    state: RunState,
    offset: int = 0,
    limit: int = 100,
    *,
    sort: tuple[str, bool] = ("id", True),
    states: Collection[str] | None = None,
    text: str = "",
    now: float | None = None,
) -> dict[str, Any]:
    """Make the answer to ``rows`` (see ``docs/protocol.md``), but for the question's number.

    Args:
        state: the run.
        offset: how many rows to pass over.
        limit: how many rows to give, :data:`MOST` at most.
        sort: a name of :data:`COLUMNS` and whether small comes first; an unknown name sorts by id.
        states: only tasks in one of these states; ``None`` for all.
        text: only tasks whose name, arguments, value, worker, reason, group or role hold this, small or capital.
        now: the engine's clock, for how long the unfinished have run.
    """
    until = instant(state, now)
    wanted = text.casefold()
    found = [
        task
        for task in state.tasks.values()
        if (states is None or task.state.value in states) and (not wanted or _has(task, wanted))
    ]
    column, ascending = sort
    key = COLUMNS.get(column, COLUMNS["id"])
    found.sort(key=lambda task: key(task, until), reverse=not ascending)
    offset, limit = max(offset, 0), min(max(limit, 0), MOST)
    return {
        "type": "rows",
        "total": len(found),
        "offset": offset,
        "tasks": [row(task, state) for task in found[offset : offset + limit]],
    }


def _has(task: TaskState, wanted: str) -> bool:
    role = ROLES[task.role].word if task.role in ROLES else ""
    where = (
        f"{task.name}#{task.id}",
        task.args,
        task.type,
        task.text,
        task.worker,
        task.reason,
        task.group or "",
        role,
    )
    return any(wanted in piece.casefold() for piece in where)
