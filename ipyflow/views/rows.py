"""The rows that the table of a large run shows: filtered, sorted, a page of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import State
from ipyflow.views.containers import contains
from ipyflow.views.palette import LOOKS, ORDER, ROLES
from ipyflow.views.payload import row
from ipyflow.views.words import arguments, instant, run_time
from ipyflow.views.workers import is_elsewhere

MOST = 500
"""Rows in one answer."""
_RANK = {state: rank for rank, state in enumerate(ORDER)}

_Key = Callable[[TaskState, float], Any]


def waited(task: TaskState, until: float) -> float:
    """Seconds from submission to the first start.

    What is planned or was passed over has not waited, and a pipeline and a group wait for nothing but what they are.

    Args:
        task: any task.
        until: the end of the time axis, on the engine's clock.
    """
    if contains(task) or task.state is State.PLANNED or (task.state is State.SKIPPED and task.started is None):
        return 0.0
    return max(_or(task.started, task.ended, until) - task.submitted, 0.0)


def ran(task: TaskState, until: float) -> float:
    """Seconds in which the body ran, over all attempts; of a pipeline and a group all the time from end to end.

    Args:
        task: any task.
        until: the end of the time axis, on the engine's clock.
    """
    if not contains(task):
        spans, ended = task.spans, task.ended
        if ended is not None and len(spans) == 3 and spans[1].state is State.RUNNING:  # nearly all are like that
            return ended - spans[1].time
        return run_time(task, until) or 0.0
    if task.state in (State.PLANNED, State.SKIPPED):
        return 0.0
    return max(_or(task.ended, until) - task.submitted, 0.0)


COLUMNS: dict[str, _Key] = {
    "id": lambda task, until: task.id,
    "name": lambda task, until: task.name,
    "state": lambda task, until: _RANK[task.state],
    "args": lambda task, until: task.args,
    "value": lambda task, until: (task.type, task.text),
    "attempts": lambda task, until: len(task.attempts),
    "worker": lambda task, until: task.worker,
    "waited": waited,
    "ran": ran,
}
"""What each column of the table sorts by. States sort by how much they want to be looked at; the page does the same."""


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
        text: only tasks that have each of these words, small or capital, in their name, group, role, branch,
            state, arguments, value, worker or reason.
        now: the engine's clock, for how long the unfinished have run.
    """
    until = instant(state, now)
    wanted = text.casefold().split()
    found = [
        task
        for task in state.tasks.values()
        if (states is None or task.state.value in states) and _has(state, task, wanted)
    ]
    column, ascending = sort
    key = COLUMNS.get(column, COLUMNS["id"])
    if column == "args" and state.workflows:
        found.sort(key=lambda task: arguments(state, task), reverse=not ascending)
    else:
        found.sort(key=lambda task: key(task, until), reverse=not ascending)
    offset, limit = max(offset, 0), min(max(limit, 0), MOST)
    return {
        "type": "rows",
        "total": len(found),
        "offset": offset,
        "tasks": [row(task, state) for task in found[offset : offset + limit]],
    }


def _has(state: RunState, task: TaskState, wanted: list[str]) -> bool:
    if not wanted:
        return True
    where = (
        f"{task.name}#{task.id}",
        task.group or "",
        ROLES[task.role].word if task.role in ROLES else "",
        "" if task.branch is None else f"branch {task.branch}",
        LOOKS[task.state].word,
        arguments(state, task),
        task.worker,
        task.executor if is_elsewhere(task) else "",
        task.type,
        task.text,
        task.reason,
    )
    text = "\n".join(where).casefold()
    return all(word in text for word in wanted)
