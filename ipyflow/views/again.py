"""Calls that are made more than once, in words: one that a newer one has taken the place of, one that recurs."""

from __future__ import annotations

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FINAL_STATES
from ipyflow.views.words import label


def stand_in(state: RunState, task: TaskState) -> TaskState | None:
    """The call that is run in the place of one with ``defer=``; ``None`` for any that stands for itself."""
    found = None
    while task.into in state.tasks and task.started is None:
        found = task = state.tasks[task.into]
    return found


def again_words(state: RunState, task: TaskState) -> list[str]:
    """Whether another call is run in its place, and how often it has given nothing yet."""
    said = []
    instead = stand_in(state, task)
    if instead is not None and task.state in FINAL_STATES:
        said.append(f"It was not run itself: {label(instead)}, a newer call, took its place.")
    elif task.into and task.started is None and task.into not in state.tasks:
        said.append(f"A newer call in another run, #{task.into}, took its place.")
    times = sum(attempt.type == "NoneType" for attempt in task.attempts)
    if times:
        said.append(f"It gave None {'once' if times == 1 else f'{times:,} times'}, and was run again.")
    return said
