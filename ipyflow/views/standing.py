"""Where a task stands, in a few words: what sentences about other tasks name it by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FINAL_STATES, State
from ipyflow.views.flow_state import is_awaiting
from ipyflow.views.palette import LOOKS
from ipyflow.views.step_words import a
from ipyflow.views.words import duration, label, shown

NAMED = 5
"""Tasks that a sentence names; the rest are counted."""


def listed(state: RunState, ids: Sequence[int], until: float) -> str:
    """Name tasks with where they stand, the unfinished first: what is done already holds nobody up."""
    tasks = [state.tasks[id_] for id_ in ids if id_ in state.tasks]
    tasks.sort(key=lambda t: t.state in FINAL_STATES)
    return _some([f"{label(t)} ({_standing(state, t, until)})" for t in tasks[:NAMED]], len(tasks))


def named(tasks: Sequence[TaskState]) -> str:
    """Name tasks that all stand where the sentence says."""
    return _some([label(task) for task in tasks[:NAMED]], len(tasks))


def _some(names: Iterable[str], number: int) -> str:
    return ", ".join(names) + (f" and {number - NAMED:,} more" if number > NAMED else "")


def _standing(state: RunState, task: TaskState, until: float) -> str:
    flow = is_awaiting(state, task)
    return standing(task, until) if flow is None else f"waits for {a(shown(flow.awaited[task.id][1], 60))}"


def standing(task: TaskState, until: float) -> str:
    """Say where a task stands: ``running for 1.20 s on thread-3``."""
    if task.state is State.RUNNING:
        on = f" on {shown(task.worker, 40)}" if task.worker else ""
        return f"running for {duration(until - task.spans[-1].time)}{on}{progress(task)}"
    if task.state is State.WAITING and task.reason:
        return f"waiting: {shown(task.reason, 80)}"
    return LOOKS[task.state].word


def where(task: TaskState) -> str:
    """Say on which worker a task runs, with a blank behind it; nothing where that is not known."""
    return f"on {shown(task.worker, 40)} " if task.worker else ""


def progress(task: TaskState) -> str:
    """Say how far a task says it is, with a comma before it; nothing where it did not say."""
    if task.progress is None:
        return ""
    done, total, what = task.progress
    return f", {done:,}{f' of {total:,}' if total else ''} {shown(what, 40)}".rstrip()
