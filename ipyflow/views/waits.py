"""What tasks of a pipeline wait for. The records do not name it; it follows from what stands beside and below them.

What waits in a workflow is told by :mod:`ipyflow.views.stalls`.
"""

from __future__ import annotations

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FINAL_STATES, State
from ipyflow.views.answers import from_outside
from ipyflow.views.containers import PAUSED, contains
from ipyflow.views.flow_state import OUTSIDE, STEPS
from ipyflow.views.standing import NAMED, listed, named
from ipyflow.views.words import counted, duration, label, shown

SLOT = "branch slot"
"""How the reason begins for which the first entry of a branch waits while the group may run no more branches."""
IS_PAUSED = "is paused"
"""How the reason ends of a task that is held back by a pause; before it stands what is paused."""


def awaited(state: RunState, task: TaskState) -> list[TaskState]:
    """List the unfinished tasks that a task waits for.

    Args:
        state: the run.
        task: any task of it; a container waits for what has begun below it, a planned task for what it
            will be handed.
    """
    if contains(task) and task.state is State.WAITING and task.reason == PAUSED:
        return [entry for entry in _begun_below(state, task) if not is_held(entry)]
    if contains(task) and task.state is State.WAITING:
        found = [child for child in _children(state, task) if child.state is not State.PLANNED]
        return [child for child in found if child.state not in FINAL_STATES and not child.reason.startswith(SLOT)]
    ids = task.refs if task.state is State.PLANNED else task.waiting_on
    return [state.tasks[id_] for id_ in ids if id_ in state.tasks and state.tasks[id_].state not in FINAL_STATES]


def container_waits(state: RunState, task: TaskState, until: float) -> str:
    """Say what a pipeline, a group or a workflow waits for, one sentence or two.

    Args:
        state: the run.
        task: a pipeline, a group or a workflow that waits.
        until: the end of the time axis, on the engine's clock.
    """
    name = label(task)
    if task.reason == PAUSED:
        return _paused(state, task, until)
    at_work = listed(state, [child.id for child in awaited(state, task)], until)
    if task.role == "group":
        far = f" ({task.progress[0]:,} of {task.progress[1]:,} have ended)" if task.progress else ""
        words = f"{name} waits for its branches{far}{f': {at_work}' if at_work else ''}."
        return " ".join(part for part in (words, for_slots(state, task)) if part)
    if task.role == "workflow":
        if task.reason == OUTSIDE and task.id in state.workflows:
            return from_outside(state, state.workflows[task.id], until)
        since = duration(until - task.spans[-1].time)
        if is_held(task):
            return f"{name} waits (for {since}): {shown(task.reason, 200)}, until .resume() is called on it."
        if task.reason not in ("", STEPS):
            return f"{name} waits for its turn (for {since}): {shown(task.reason, 200)}."
        return f"{name} waits for its steps{f': {at_work}' if at_work else ''}."
    to_come = sum(1 for child in _children(state, task) if child.state is State.PLANNED)
    words = f"{name} waits for its entries{f': {at_work}' if at_work else ''}"
    return f"{words}; {counted(to_come, 'entry')} to come." if to_come else f"{words}."


def _paused(state: RunState, task: TaskState, until: float) -> str:
    """Say of a paused pipeline or group what is still at work below it, and what would go on if it were not paused."""
    held = [entry for entry in _begun_below(state, task) if is_held(entry)]
    at_work = listed(state, [entry.id for entry in awaited(state, task)], until)
    of, since = "its branches" if task.role == "group" else "it", duration(until - task.spans[-1].time)
    what = "step" if task.role == "workflow" else "entry"
    said = [f"{label(task)} is paused (for {since}): no {what} of {of} starts until .resume() is called."]
    said += [f"Still at work: {at_work}."] if at_work else []
    said += [f"Held back: {named(held)}."] if held else []
    if not at_work and not held:
        said += ["Nothing of it is at work."]
    return " ".join(said)


def is_held(task: TaskState) -> bool:
    """Whether a task waits only because it, one above it or its run is paused."""
    return task.state is State.WAITING and task.reason.endswith(IS_PAUSED)


def for_slots(state: RunState, group: TaskState) -> str:
    """Say how many branches of a group wait for a branch slot; nothing where none does."""
    seen: set[int | None] = set()
    held: dict[int | None, str] = {}
    for child in _children(state, group):
        seen.add(child.branch)
        if child.state is State.WAITING and child.reason.startswith(SLOT):
            held[child.branch] = child.reason
    seen.discard(None)
    total = (group.progress[1] or 0) if group.progress else 0
    number = len(held) + max(total - len(seen), 0)  # a large group records a branch when it begins
    if not number:
        return ""
    return f"{counted(number, 'branch')} {'waits' if number == 1 else 'wait'} for a branch slot of {label(group)}."


def holders(state: RunState, task: TaskState, until: float) -> list[str]:
    """Name the branches for which the first entry of another has to wait; nothing where it does not."""
    if task.state is not State.WAITING or not task.reason.startswith(SLOT):
        return []
    group = state.tasks.get(task.parent)
    found = [] if group is None else [child for child in _begun(state, group) if child.branch != task.branch]
    return [f"The slots are held by {listed(state, [child.id for child in found], until)}."] if found else []


def planned(state: RunState, task: TaskState, until: float) -> str:
    """Say when a planned task will run."""
    before = [id_ for id_ in task.refs if id_ in state.tasks]
    if task.role == "finally":
        words = "is planned: it runs when everything before it has ended, however that went."
    elif not before:
        words = "is part of a plan that has not been started."
    elif task.role == "exceptionally":
        words = f"is planned: it runs only if {listed(state, before, until)} fails."
    else:
        words = f"is planned: it comes after {listed(state, before, until)}."
    above = state.tasks.get(task.parent)
    paused = "" if above is None or above.reason != PAUSED else f" But {label(above)} is paused, until .resume()."
    return f"{label(task)} {words}{paused}"


def handlers(state: RunState) -> dict[int, list[TaskState]]:
    """List, for each failed task, the handlers that were given its exception and gave something instead."""
    out: dict[int, list[TaskState]] = {}
    failures = {flow.id: {name for name, kind in flow.kinds if kind == "failed"} for flow in state.workflows.values()}
    for task in state.tasks.values():
        if task.state not in (State.SUCCEEDED, State.CACHED):
            continue
        if task.role == "exceptionally":
            for source in task.refs:
                out.setdefault(source, []).append(task)
        elif failures.get(task.parent):
            events = state.workflows[task.parent].events
            for given in [events[id_] for id_ in task.takes if id_ in events]:
                if given.type in failures[task.parent]:
                    out.setdefault(given.by, []).append(task)
    return out


def _children(state: RunState, container: TaskState) -> list[TaskState]:
    return [task for task in state.tasks.values() if task.parent == container.id]


def _begun_below(state: RunState, container: TaskState) -> list[TaskState]:
    """The unfinished entries that a container has come to, those of groups in it instead of the groups."""
    inside = {container.id}
    found = []
    for id_, task in state.tasks.items():  # parents come before their children
        if task.parent in inside and contains(task):
            inside.add(id_)
        elif task.parent in inside and task.state not in FINAL_STATES and task.state is not State.PLANNED:
            found.append(task)
    return [task for task in found if not task.reason.startswith(SLOT)]


def _begun(state: RunState, group: TaskState) -> list[TaskState]:
    return awaited(state, group)[: NAMED * 4]
