"""In words: why a task does not move, or how it came to its end; and the same for a whole run."""

from __future__ import annotations

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FAILURE_STATES, FINAL_STATES, State
from ipyflow.views.again import again_words, stand_in
from ipyflow.views.answers import awaiting
from ipyflow.views.containers import PAUSED, contains
from ipyflow.views.flow_state import is_awaiting
from ipyflow.views.palette import LOOKS
from ipyflow.views.prompts import waits_for_answer
from ipyflow.views.reuse import reuse_story
from ipyflow.views.revisions import code_words
from ipyflow.views.stalls import stories, waits
from ipyflow.views.standing import NAMED, listed, progress, where
from ipyflow.views.tallies import shown_flows
from ipyflow.views.waits import (
    IS_PAUSED,
    SLOT,
    awaited,
    container_waits,
    for_slots,
    handlers,
    holders,
    is_held,
    planned,
)
from ipyflow.views.words import (
    counted,
    counts_in_words,
    duration,
    instant,
    label,
    passed_state,
    remarked,
    remarks,
    shown,
    total,
)

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
    said += holders(state, task, until)
    said += again_words(state, task)
    said += _causes(state, task)
    said += code_words(task)
    said += _way_on(state, task)
    said += _of_workflow(state, task, until)
    said += [] if task.state in FINAL_STATES else _chain(state, task, until)
    if (handed := passed_state(task)) is not None:
        said.append(f"It handed on the state {shown(handed, 300)}.")
    said += [f"Note: {kind}: {shown(text, 300)}." for kind, text in remarked(task)[:3]]
    return "\n".join(dict.fromkeys(said))


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
    handled = handlers(state) if roots else {}
    for task in roots[:NAMED]:
        by = "".join(f" {label(one)} handled it." for one in handled.get(task.id, ()))
        said.append(f"{_sentence(state, task, until)}{by and '.' + by}")
    if len(roots) > NAMED:
        said.append(f"{len(roots) - NAMED:,} more failed.")
    moving = [t for t in state.tasks.values() if t.state in (State.RUNNING, State.CANCELLING)]
    held = [t for t in state.tasks.values() if t.state in (State.WAITING, State.QUEUED, State.BLOCKED)]
    if moving:
        said.append(f"Running now: {listed(state, [t.id for t in moving], until)}.")
    if held and not moving:
        said.append("Nothing runs.")
    flows = [words for flow in shown_flows(state) for words in waits(state, flow, until, state.tasks[flow.id].text)]
    held = [task for task in held if is_awaiting(state, task) is None]
    waiting = [task for task in held if not contains(task) and not any(id_ in state.tasks for id_ in task.waiting_on)]
    pausing = [task for task in held if contains(task) and task.reason == PAUSED]
    said += [_sentence(state, task, until) for task in pausing[:NAMED]]
    said += [words for task in held if task.role == "group" and (words := for_slots(state, task))][:NAMED]
    told = {f"{label(task)} {IS_PAUSED}" for task in pausing} | {
        f"the run {IS_PAUSED}" for task in pausing if not task.parent
    }
    waiting = [task for task in waiting if not task.reason.startswith(SLOT) and task.reason not in told]
    said += [_sentence(state, task, until) for task in waiting[:NAMED]]
    if not waiting and not pausing and held and not moving:
        said += [_sentence(state, task, until) for task in held[:NAMED]]
    said += flows
    said += [f"Note: {kind}: {shown(text, 300)}." for _, kind, text in remarks(state, 3)]
    return "\n".join(dict.fromkeys(said))


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
    """List, for each task, the failed tasks whose outcome it read; pipelines and groups take that of what they hold."""
    took: dict[int, list[int]] = {}
    for task in state.tasks.values():
        if task.state in FAILURE_STATES:
            for reader in task.read_by:
                took.setdefault(reader, []).append(task.id)
            above = state.tasks.get(task.parent)
            if above is not None and contains(above):
                took.setdefault(above.id, []).append(task.id)
    return took


def _same_failure(source: TaskState, task: TaskState) -> bool:
    """Whether ``task`` may have failed because ``source`` did: before it, and with the same words or as a dependant."""
    if source.state not in FAILURE_STATES or source.ended is None or task.ended is None or source.ended > task.ended:
        return False
    return source.text == task.text or task.type.endswith(("DependencyError", "GroupError")) or source.text in task.text


def _sentence(state: RunState, task: TaskState, until: float) -> str:
    """One sentence on where a task stands."""
    name, since = label(task), duration(until - task.spans[-1].time)
    on = listed(state, task.waiting_on, until)
    if contains(task) and task.state is State.WAITING:
        return container_waits(state, task, until)
    if is_held(task):
        return f"{name} waits (for {since}): {shown(task.reason, 200)}, until .resume() is called on it."
    if task.state is State.WAITING and task.id in state.asked:
        return waits_for_answer(task, until)
    if task.state is State.WAITING:
        what = shown(task.reason, 200) or "something that was not recorded"
        what = f"a {what}" if task.reason.startswith(SLOT) else what
        newest = stand_in(state, task)
        on = on if newest is None else listed(state, (newest.id,), until)
        return f"{name} waits for {what}{f': {on}' if on else f' (for {since})'}."
    if (flow := is_awaiting(state, task)) is not None:
        return awaiting(state, flow, task.id, until)
    if task.state is State.BLOCKED:
        return f"{name} has been blocked for {since} in a wait for {on or 'something outside this run'}."
    if task.state is State.QUEUED:
        return f"{name} is ready and waits for a worker of {shown(task.executor, 40)!r} (for {since})."
    if task.state is State.RUNNING:
        return f"{name} has been running {where(task)}for {since}{progress(task)}."
    if task.state is State.CANCELLING:
        why = f" ({shown(task.reason, 200)})" if task.reason else ""
        return f"{name} was told to stop {since} ago{why}; its body has not returned yet."
    if task.state is State.PLANNED:
        return planned(state, task, until)
    return reuse_story(state, task) if task.state is State.CACHED else _ended(task)


def _of_workflow(state: RunState, task: TaskState, until: float) -> list[str]:
    """Of a workflow what in it waits for what; of a step what it was given, what it gave, and what became of that."""
    if task.role == "workflow" and task.id in state.workflows:
        return waits(state, state.workflows[task.id], until, task.text, whole=True)
    if task.role == "step" and task.parent in state.workflows:
        return stories(state, state.workflows[task.parent], task, until)
    return []


def _ended(task: TaskState) -> str:
    name = label(task)
    begun = task.submitted if contains(task) else task.started
    ran = f" after {duration(task.ended - begun)}" if task.ended is not None and begun is not None else ""
    at = f" {where(task).strip()}" if task.worker else ""
    tries = f", at attempt {task.attempts[-1].number}" if len(task.attempts) > 1 else ""
    error = f": {shown(task.type, 80)}: {shown(task.text, 1000)}" if task.type else ""
    if task.state is State.SUCCEEDED:
        return f"{name} succeeded{ran}{at}{tries}."
    if task.state is State.SKIPPED:
        return f"{name} was passed over: {shown(task.text, 200) or 'the pipeline took another way'}."
    if task.state is State.FAILED:
        return f"{name} failed{ran or ' before it ran'}{at}{tries}{error}"
    return f"{name} {'ran over its timeout' if task.state is State.TIMED_OUT else 'was cancelled'}{ran}{tries}{error}"


def _causes(state: RunState, task: TaskState) -> list[str]:
    if task.state not in FAILURE_STATES:
        return []
    said = [
        f"Attempt {a.number} failed too: {shown(a.type, 80)}: {shown(a.text, 200)}"
        for a in [a for a in task.attempts[:-1] if a.failed][:NAMED]
    ]
    first = origin(state, task)
    said += [f"It began here: {_ended(first)}"] if first is not task else []
    return said + [f"{label(by)} handled it." for by in handlers(state).get(task.id, ())]


def _way_on(state: RunState, task: TaskState) -> list[str]:
    """Of a flow that failed because of a task below it: how it goes on once that is mended."""
    if task.state not in FAILURE_STATES or contains(task) or (first := origin(state, task)) is task:
        return []
    if task.into:  # its own code has done its part
        return [f"To go on, mend {label(first)} and retry the run: {label(task)} goes on with what comes of it."]
    below = [one.state for one in state.tasks.values() if one.parent == task.id]
    done = sum(one in (State.SUCCEEDED, State.CACHED) for one in below)
    if not below:
        return []
    finds = (
        f" and finds the results of {counted(done, 'task')} that {'is' if done == 1 else 'are'} done" if done else ""
    )
    return [f"To go on, mend {label(first)} and retry the run: the code of {label(task)} is run again{finds}."]


def _chain(state: RunState, task: TaskState, until: float) -> list[str]:
    """Follow what a task waits for, one task at each step, to the one that does not wait for another."""
    said: list[str] = []
    seen = {task.id}
    while len(said) < DEEP:
        pending = awaited(state, task)
        if not pending:
            break
        # The one that waits itself is the one with more to tell.
        task = next((t for t in pending if t.state in (State.BLOCKED, State.WAITING)), pending[0])
        task = stand_in(state, task) or task
        if task.id in seen:
            said.append(f"That closes a circle: {label(task)} is waited for by what it waits for.")
            break
        seen.add(task.id)
        if len(pending) > 1 or task.state in (State.BLOCKED, State.WAITING, State.CANCELLING):
            said.append(_sentence(state, task, until))
    return said
