"""In words: why a task does not move, or how it came to its end; and the same for a whole run."""

from __future__ import annotations

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FAILURE_STATES, FINAL_STATES, State
from ipyflow.views.palette import LOOKS
from ipyflow.views.words import counted, counts_in_words, duration, instant, label, remarks, shown, total

NAMED = 5
"""Tasks that a sentence names; the rest are counted."""
DEEP = 12
"""Links of a chain of waits that are told."""


def explain(state: RunState, task_id: int, *, now: float | None = None) -> str:
    """Say why a task does not move, following what it waits for to the cause, or how it ended.

    Args:
        state: the run.
        task_id: which task.
        now: the engine's clock, for "how long"; by default the time of the run's last record.

    Raises:
        KeyError: the run has no such task.
    """
    task = state.tasks[task_id]
    until = instant(state, now)
    said = [_sentence(state, task, until)]
    said += _causes(state, task) if task.state in FINAL_STATES else _chain(state, task, until)
    said += [f"Note: {kind}: {shown(text, 300)}." for kind, text in task.notes[:3]]
    return "\n".join(said)


def explain_run(state: RunState, *, now: float | None = None) -> str:
    """Say how a run stands: what runs, what everything else waits for, what failed and where it began.

    Args:
        state: the run.
        now: the engine's clock, for "how long"; by default the time of the run's last record.

    Example:
        >>> explain_run(RunState(name="empty"))
        'empty has run for 0 µs: no tasks.'
    """
    until = instant(state, now)
    elapsed = duration(until - state.opened)
    name = shown(state.name, 80)
    done = f"{name} {LOOKS[state.state].word} after {elapsed}" if state.closed is not None else ""
    counts = f"{counted(total(state), 'task')}: {counts_in_words(state.counts)}" if total(state) else "no tasks"
    said = [f"{done or f'{name} has run for {elapsed}'}: {counts}."]
    took = taken(state)
    failed = [task for task in state.tasks.values() if task.state in FAILURE_STATES]
    roots = [task for task in failed if origin(state, task, took) is task]
    said += [_sentence(state, task, until) for task in roots[:NAMED]]
    if len(roots) > NAMED:
        said.append(f"{len(roots) - NAMED:,} more failed.")
    moving = [t for t in state.tasks.values() if t.state in (State.RUNNING, State.CANCELLING)]
    held = [t for t in state.tasks.values() if t.state in (State.WAITING, State.QUEUED, State.BLOCKED)]
    if moving:
        said.append(f"Running now: {_list(state, [t.id for t in moving], until)}.")
    if held and not moving:
        said.append("Nothing runs.")
    waiting = [task for task in held if not any(id_ in state.tasks for id_ in task.waiting_on)]
    said += [_sentence(state, task, until) for task in waiting[:NAMED]]
    if not waiting and held and not moving:
        said += [_sentence(state, task, until) for task in held[:NAMED]]
    said += [f"Note: {kind}: {shown(text, 300)}." for _, kind, text in remarks(state, 3)]
    return "\n".join(said)


def origin(state: RunState, task: TaskState, took: dict[int, list[int]] | None = None) -> TaskState:
    """Find the task in which a failure began: the earliest failed one whose outcome this one took, and so on.

    Args:
        state: the run.
        task: a failed task.
        took: which failed tasks each task read, where it is at hand.
    """
    took = taken(state) if took is None else took
    seen = {task.id}
    while True:
        sources = {*task.refs, task.into, *took.get(task.id, ())} - seen
        failed = [state.tasks[id_] for id_ in sources if id_ in state.tasks]
        failed = [source for source in failed if _same_failure(source, task)]
        if not failed:
            return task
        task = min(failed, key=lambda t: (t.ended or 0.0, t.id))
        seen.add(task.id)


def taken(state: RunState) -> dict[int, list[int]]:
    """List, for each task, the failed tasks whose outcome it read."""
    took: dict[int, list[int]] = {}
    for task in state.tasks.values():
        if task.state in FAILURE_STATES:
            for reader in task.read_by:
                took.setdefault(reader, []).append(task.id)
    return took


def _same_failure(source: TaskState, task: TaskState) -> bool:
    """Whether ``task`` may have failed because ``source`` did: before it, and with the same words or as a dependant."""
    if source.state not in FAILURE_STATES or source.ended is None or task.ended is None or source.ended > task.ended:
        return False
    return source.text == task.text or task.type.endswith(("DependencyError", "GroupError")) or source.text in task.text


def _sentence(state: RunState, task: TaskState, until: float) -> str:
    """One sentence on where a task stands."""
    name, since = label(task), duration(until - task.spans[-1].time)
    on = _list(state, task.waiting_on, until)
    if task.state is State.WAITING:
        what = shown(task.reason, 200) or "something that was not recorded"
        return f"{name} waits for {what}{f': {on}' if on else f' (for {since})'}."
    if task.state is State.BLOCKED:
        return f"{name} has been blocked for {since} in a wait for {on or 'something outside this run'}."
    if task.state is State.QUEUED:
        return f"{name} is ready and waits for a worker of {shown(task.executor, 40)!r} (for {since})."
    if task.state is State.RUNNING:
        return f"{name} has been running {_where(task)}for {since}{_progress(task)}."
    if task.state is State.CANCELLING:
        why = f" ({shown(task.reason, 200)})" if task.reason else ""
        return f"{name} was told to stop {since} ago{why}; its body has not returned yet."
    if task.state is State.PLANNED:
        return f"{name} is part of a plan that has not been started."
    return _ended(task)


def _ended(task: TaskState) -> str:
    name = label(task)
    ran = f" after {duration(task.ended - task.started)}" if task.ended is not None and task.started is not None else ""
    where = f" {_where(task).strip()}" if task.worker else ""
    tries = f", at attempt {task.attempts[-1].number}" if len(task.attempts) > 1 else ""
    error = f": {shown(task.type, 80)}: {shown(task.text, 400)}" if task.type else ""
    if task.state is State.SUCCEEDED:
        return f"{name} succeeded{ran}{where}{tries}."
    if task.state is State.CACHED:
        return f"{name} did not run: an equal call had already given its value."
    if task.state is State.SKIPPED:
        return f"{name} was passed over: the pipeline took another way."
    if task.state is State.FAILED:
        return f"{name} failed{ran or ' before it ran'}{where}{tries}{error}"
    return f"{name} {'ran over its timeout' if task.state is State.TIMED_OUT else 'was cancelled'}{ran}{tries}{error}"


def _causes(state: RunState, task: TaskState) -> list[str]:
    if task.state not in FAILURE_STATES:
        return []
    said = [
        f"Attempt {a.number} failed too: {shown(a.type, 80)}: {shown(a.text, 200)}" for a in task.attempts[:-1][:NAMED]
    ]
    first = origin(state, task)
    return [*said, f"It began here: {_ended(first)}"] if first is not task else said


def _chain(state: RunState, task: TaskState, until: float) -> list[str]:
    """Follow what a task waits for, one task at each step, to the one that does not wait for another."""
    said: list[str] = []
    seen = {task.id}
    while len(said) < DEEP:
        pending = [
            state.tasks[id_]
            for id_ in task.waiting_on
            if id_ in state.tasks and state.tasks[id_].state not in FINAL_STATES
        ]
        if not pending:
            break
        # The one that waits itself is the one with more to tell.
        task = next((t for t in pending if t.state in (State.BLOCKED, State.WAITING)), pending[0])
        if task.id in seen:
            said.append(f"That closes a circle: {label(task)} is waited for by what it waits for.")
            break
        seen.add(task.id)
        if len(pending) > 1 or task.state in (State.BLOCKED, State.WAITING, State.CANCELLING):
            said.append(_sentence(state, task, until))
    return said


def _list(state: RunState, ids: tuple[int, ...] | list[int], until: float) -> str:
    """Name tasks with where they stand, the unfinished first: what is done already holds nobody up."""
    tasks = [state.tasks[id_] for id_ in ids if id_ in state.tasks]
    tasks.sort(key=lambda t: t.state in FINAL_STATES)
    named = [f"{label(t)} ({_standing(t, until)})" for t in tasks[:NAMED]]
    return ", ".join(named) + (f" and {len(tasks) - NAMED:,} more" if len(tasks) > NAMED else "")


def _standing(task: TaskState, until: float) -> str:
    if task.state is State.RUNNING:
        where = f" on {shown(task.worker, 40)}" if task.worker else ""
        return f"running for {duration(until - task.spans[-1].time)}{where}{_progress(task)}"
    if task.state is State.WAITING and task.reason:
        return f"waiting: {shown(task.reason, 80)}"
    return LOOKS[task.state].word


def _where(task: TaskState) -> str:
    return f"on {shown(task.worker, 40)} " if task.worker else ""


def _progress(task: TaskState) -> str:
    if task.progress is None:
        return ""
    done, total, what = task.progress
    return f", {done:,}{f' of {total:,}' if total else ''} {shown(what, 40)}".rstrip()
