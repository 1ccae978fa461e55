"""Everything about one task: what the pane beside the views shows."""

from __future__ import annotations

from typing import Any

from ipyflow.model.events import EventState, WorkflowState
from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import State
from ipyflow.views.payload import reused
from ipyflow.views.prompts import question_of
from ipyflow.views.revisions import revisions
from ipyflow.views.words import arguments, clean, passed_state, remarked

OUTPUT_LINES = 1000
"""Pieces of output that are sent, the latest ones."""
EVENTS = 200
"""Events that a step was given, or gave, that are sent."""
ATTEMPTS = 100
"""Attempts that are sent, the latest ones: a recurrent task may have any number."""
OUTPUT_SIZE = 200_000
"""Characters of output that are sent, the latest ones."""


def detail(state: RunState, task_id: int) -> dict[str, Any]:
    """Make the answer to ``detail`` (see ``docs/protocol.md``).

    Values never enter the log, so ``result`` is the value's short text and ``html`` is ``None``: whoever holds the
    future may fill in better ones.

    Args:
        state: the run.
        task_id: which task.

    Raises:
        KeyError: the run has no such task.
    """
    task = state.tasks[task_id]
    zero = state.opened
    ended_well = task.state in (State.SUCCEEDED, State.CACHED)
    attempts = [
        {
            "number": attempt.number,
            "worker": clean(attempt.worker),
            "started": round(attempt.started - zero, 6),
            "ended": None if attempt.ended is None else round(attempt.ended - zero, 6),
            "type": clean(attempt.type),
            "text": clean(attempt.text),
            "traceback": None if attempt.traceback is None else clean(attempt.traceback),
        }
        for attempt in task.attempts[-ATTEMPTS:]
    ]
    on = [state.tasks[id_] for id_ in task.waiting_on if id_ in state.tasks]
    flow = state.workflows.get(task.parent) if task.role == "step" else None
    handed, place = passed_state(task), _branch(state, task)
    return {
        "id": task.id,
        "name": clean(task.name),
        "role": task.role,
        "branch": None if place is None else clean(place),
        "args": clean(arguments(state, task)),
        "result": clean(task.text) if ended_well else None,
        "html": None,
        "type": clean(task.type),
        "text": clean(task.text),
        "traceback": None if task.traceback is None else clean(task.traceback),
        "attempts": attempts,
        "output": _output(state, task_id),
        "reason": clean(task.reason),
        "on": [[other.id, clean(other.name), str(other.state)] for other in on],
        "passed_state": None if handed is None else clean(handed),
        "question": question_of(task),
        "notes": [[kind, clean(text)] for kind, text in remarked(task)],
        "given": [_event(flow.events[id_]) for id_ in task.takes[:EVENTS] if id_ in flow.events] if flow else [],
        "gave": [_event(event) for event in _gave(flow, task_id)] if flow else [],
        "revisions": revisions(state, task),
        "reused": reused(task),
        "again": False,
    }


def _event(event: EventState) -> list[Any]:
    return [event.id, clean(event.type), clean(event.text)]


def _gave(flow: WorkflowState, task_id: int) -> list[EventState]:
    return [event for event in flow.events.values() if event.by == task_id][:EVENTS]


def _branch(state: RunState, task: TaskState) -> str | None:
    """The place of a task's branch; places count from 0, as in the list of results."""
    group = state.tasks.get(task.parent)
    if task.branch is None or group is None:
        return None
    return f"branch {task.branch} of {group.name}#{group.id}"


def _output(state: RunState, task_id: int) -> list[list[Any]]:
    pieces: list[list[Any]] = []
    left = OUTPUT_SIZE
    for time, task, stream, text in reversed(state.output):
        if task != task_id:
            continue
        if len(pieces) == OUTPUT_LINES or left <= 0:
            pieces.append([round(time - state.opened, 6), "log", "… earlier output left out\n"])
            break
        pieces.append([round(time - state.opened, 6), stream, clean(text[-left:])])
        left -= len(text)
    return pieces[::-1]
