"""In words: what in a workflow waits, for what, and whether that can still come.

Whether it can still come is for :mod:`ipyflow.views.prospects` to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ipyflow.model.events import EventState, JoinState, WorkflowState
from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FINAL_STATES, State
from ipyflow.views.edges import ended_by
from ipyflow.views.prospects import able, busy, named, outside, runs, upstream
from ipyflow.views.tallies import StepTally, joins, missing, tally, unhandled, wanting
from ipyflow.views.words import counted, duration, label, shown

NAMED = 5
"""Sentences of one kind; the rest are counted."""


def waits(state: RunState, flow: WorkflowState, until: float) -> list[str]:
    """Say what in a workflow does not move, a sentence for each thing, the most telling first.

    Args:
        state: the run.
        flow: a workflow of it.
        until: the end of the time axis, on the engine's clock.

    Example:
        >>> waits(RunState(), WorkflowState(1), 0.0)
        []
    """
    task = state.tasks.get(flow.id)
    over = task is None or task.state in FINAL_STATES
    steps = tally(state, [flow])[flow.id]
    said: list[list[str]] = []
    if not over:
        said.append([awaiting(state, flow, id_, until) for id_ in flow.awaited if id_ in state.tasks])
        said.append([of_join(state, flow, join, until, steps) for join in joins(flow) if join.events])
        said.append([_for_worker(name, step) for name, step in steps.items() if step.waiting])
    elif task is not None and task.state is not State.SUCCEEDED:
        told = [join for join in joins(flow) if join.events and join.step not in task.text]
        said.append([of_join(state, flow, join, until, steps) for join in told])
    said.append(list(lost(state, flow)))
    out = []
    for part in said:
        out += part[:NAMED]
        out += [f"{len(part) - NAMED:,} more like this."] if len(part) > NAMED else []
    return out


def awaiting(state: RunState, flow: WorkflowState, id_: int, until: float) -> str:
    """Say what the body of a step waits for, and how it gets it.

    Args:
        state: the run.
        flow: the workflow of the step.
        id_: the step's task, one of ``flow.awaited``.
        until: the end of the time axis, on the engine's clock.
    """
    since, type_, text = flow.awaited[id_]
    name = shown(type_, 60)
    held = f" with {shown(text, 80)}" if text else ""
    words = f"{label(state.tasks[id_])} waits for {a(name)}{held} (for {duration(until - since)})"
    prospect = able(flow, type_, tally(state, [flow])[flow.id])
    if prospect:
        return f"{words}; {prospect}."
    return f"{words}: answer with future.send_event({name}(...))."


def of_join(
    state: RunState, flow: WorkflowState, join: JoinState, until: float, steps: dict[str, StepTally] | None = None
) -> str:
    """Say what a join waits for, and whether it can still come.

    Args:
        state: the run.
        flow: its workflow.
        join: a join of it that holds events.
        until: the end of the time axis, on the engine's clock.
        steps: what its steps are at, where it is known.
    """
    steps = tally(state, [flow])[flow.id] if steps is None else steps
    task = state.tasks.get(flow.id)
    over = task is None or task.state in FINAL_STATES
    step, have = shown(join.step, 60), len(join.events)
    since = f"the last {duration(until - join.last)} ago"
    if not join.needs:
        types = _types(flow, join)
        if over:
            return f"{step} was not run for the {types} that it held."
        words = f"{step} waits for the rest of a list ({types} arrived, {since})"
        kinds = {f"event:{flow.events[id_].type}" for id_ in join.events if id_ in flow.events}
        found = [name for name in busy(steps) if f"step:{name}" in upstream(flow, kinds)]
        return f"{words}; {named(found)}, which {runs(found)}, may give more of it." if found else f"{words}."
    whole = f"{have:,} of {have + missing(join):,}"
    if over:
        return f"{step} waited for {wanting(join, 'more ')}: {whole} had arrived when the workflow ended."
    words = f"{step} waits for {wanting(join, 'more ')} ({whole} arrived, {since})"
    prospects = []
    for name, _ in join.needs:
        prospect = next(filter(None, (able(flow, one, steps) for one in name.split(" | "))), "")
        prospects.append(prospect or "nothing that runs can give it" + outside(flow, name))
    return f"{words}; {' and '.join(dict.fromkeys(prospects))}."


def lost(state: RunState, flow: WorkflowState) -> Iterable[str]:
    """Say which events no step takes."""
    for name, found in unhandled(flow).items():
        givers = dict.fromkeys(_giver(state, event) for event in found)
        times = f"{len(found):,} {shown(name, 60)} {'event was' if len(found) == 1 else 'events were'} sent"
        yield f"{times} {named(list(givers))} and no step takes {'it' if len(found) == 1 else 'them'}."


def stories(state: RunState, flow: WorkflowState, task: TaskState, until: float) -> list[str]:
    """Say of one run of a step what it was given, what it gave, and where that has gone.

    Args:
        state: the run.
        flow: the step's workflow.
        task: the step's task.
        until: the end of the time axis, on the engine's clock.
    """
    given = [flow.events[id_] for id_ in task.takes if id_ in flow.events]
    gave = [event for event in flow.events.values() if event.by == task.id]
    parts = [f"It was given {_events(given)}"] if given else []
    if gave:
        parts.append(f"{'it' if parts else 'It'} gave {_events(gave)}")
    if task.id == ended_by(flow):
        _, _, type_, text = flow.published[-1]
        parts.append(f"{'it' if parts else 'It'} ended the workflow with {shown(type_, 60)}({shown(text, 80)})")
    said = [f"{named(parts)}."] if parts else []
    held = {id_ for event in given for id_ in (event.id,) if task.name in event.held_in}
    said += [
        of_join(state, flow, join, until)
        for join in joins(flow)
        if join.step == task.name and not held.isdisjoint(join.events)
    ]
    ours = {event.id for event in gave}
    said += list(lost(state, _only(flow, ours))) if ours else []
    return said


def _only(flow: WorkflowState, ids: set[int]) -> WorkflowState:
    """A workflow with some of its unhandled events."""
    kept = [id_ for id_ in flow.unhandled if id_ in ids]
    return WorkflowState(flow.id, kinds=flow.kinds, events=flow.events, unhandled=kept)


# Words.


def _for_worker(name: str, step: StepTally) -> str:
    many = step.waiting != 1
    at_work = "all at work" if step.busy >= step.workers else f"{step.busy:,} at work"
    once = f"{step.workers:,} at once"
    return (
        f"{counted(step.waiting, 'event')} {'wait' if many else 'waits'} for a worker of {shown(name, 60)}"
        f" ({once}, {at_work})."
    )


def _giver(state: RunState, event: EventState) -> str:
    if not event.by:
        return "from outside"
    task = state.tasks.get(event.by)
    return "by a step" if task is None else f"by {shown(task.name, 60)}"


def _types(flow: WorkflowState, join: JoinState) -> str:
    """Name what a join holds: ``24 Summary``."""
    counts: dict[str, int] = {}
    for id_ in join.events:
        event = flow.events.get(id_)
        name = "event" if event is None else event.type
        counts[name] = counts.get(name, 0) + 1
    return named([f"{count:,} {shown(name, 60)}" for name, count in counts.items()])


def _events(events: Sequence[EventState]) -> str:
    words = [f"{shown(event.type, 60)}({shown(event.text, 80)})" for event in events[:3]]
    return named([*words, f"{len(events) - 3:,} more"] if len(events) > 3 else words)


def a(name: str) -> str:
    """Put the article before the name of a type.

    Example:
        >>> a("Event"), a("HumanResponseEvent")
        ('an Event', 'a HumanResponseEvent')
    """
    return f"{'an' if name[:1] in 'AEIOaeio' else 'a'} {name}"


def is_awaiting(state: RunState, task: TaskState) -> WorkflowState | None:
    """The workflow of a step whose body waits for an event; ``None`` for any other task."""
    flow = state.workflows.get(task.parent)
    return flow if flow is not None and task.id in flow.awaited and task.state is State.BLOCKED else None
