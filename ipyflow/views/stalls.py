"""In words: what in a workflow waits, and for what; what waited when it ended; what no step takes.

Whether what is missing can still come is for :mod:`ipyflow.views.prospects` to say, what is awaited from outside for
:mod:`ipyflow.views.answers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ipyflow.model.events import EventState, JoinState, WorkflowState
from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import State
from ipyflow.views.answers import awaiting, from_outside, had_waited
from ipyflow.views.edges import ended_by
from ipyflow.views.flow_state import OUTSIDE, has_stalled, is_over
from ipyflow.views.prospects import able, busy, from_which, outside, runs, upstream
from ipyflow.views.step_words import described, far, held, missing, named, wanting
from ipyflow.views.tallies import StepTally, joins, tally, unhandled
from ipyflow.views.words import counted, duration, shown

NAMED = 5
"""Sentences of one kind; the rest are counted."""


def waits(state: RunState, flow: WorkflowState, until: float, told: str = "", *, whole: bool = False) -> list[str]:
    """Say what in a workflow does not move, or did not when it ended: a sentence for each, the most telling first.

    Args:
        state: the run.
        flow: a workflow of it.
        until: the end of the time axis, on the engine's clock.
        told: what the reader has read already, such as the words of the exception: what it names is not said again.
        whole: say of each join what it had, all the same, also where the workflow ended well.

    Example:
        >>> waits(RunState(), WorkflowState(1), 0.0)
        []
    """
    task = state.tasks.get(flow.id)
    steps = tally(state, [flow])[flow.id]
    found = [join for join in joins(flow) if join.events]
    said: list[list[str]] = []
    if task is not None and not is_over(state, flow):
        said.append([from_outside(state, flow, until)] if task.reason == OUTSIDE else [])
        said.append([awaiting(state, flow, id_, until) for id_ in flow.awaited if id_ in state.tasks])
        said.append([of_join(state, flow, join, until, steps) for join in found])
        said.append([_for_worker(name, step) for name, step in steps.items() if step.waiting])
    elif task is not None and task.state is not State.SUCCEEDED:
        said.append(had_waited(state, flow, until))
        said.append([of_join(state, flow, join, until, steps) for join in found if whole or join.step not in told])
        said.append([_left(name, step) for name, step in steps.items() if step.waiting and name not in told])
    elif whole:
        said.append([_left_over(flow, join) for join in found])
    said.append([words for name, words in _lost(state, flow) if name not in told])
    out = []
    for part in said:
        out += part[:NAMED]
        out += [f"{len(part) - NAMED:,} more like this."] if len(part) > NAMED else []
    return out


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
    if is_over(state, flow):
        return _of_ended(state, flow, join, steps)
    step, since = shown(join.step, 60), f"the last {duration(until - join.last)} ago"
    if not join.needs:
        words = f"{step} waits for the rest of a list ({_types(flow, join)} arrived, {since})"
        kinds = {f"event:{type_}" for type_ in _there(flow, join)}
        found = [name for name in busy(steps) if f"step:{name}" in upstream(flow, kinds)]
        return f"{words}; {named(found)}, which {runs(found)}, may give more of it." if found else f"{words}."
    words = f"{step} waits for {wanting(join, _there(flow, join))} ({far(join)} arrived, {since})"
    prospects = []
    for name, _ in join.needs:
        prospect = next(filter(None, (able(flow, one, steps) for one in name.split(" | "))), "")
        prospects.append(prospect or "nothing that runs can give it" + outside(flow, name))
    return f"{words}; {' and '.join(dict.fromkeys(prospects))}."


def _of_ended(state: RunState, flow: WorkflowState, join: JoinState, steps: Mapping[str, StepTally]) -> str:
    """Say what a join had when its workflow ended, what it lacked, and who might have given that."""
    step = shown(join.step, 60)
    had = described([flow.events[id_] for id_ in join.events if id_ in flow.events])
    if not join.needs:
        return f"{step} waited for the rest of a list: {_types(flow, join)} had arrived ({had})."
    words = f"{step} waited for {wanting(join, _there(flow, join))}: {far(join)} had arrived ({had})"
    task = state.tasks.get(flow.id)
    if task is None or not has_stalled(task):
        return f"{words} when the workflow ended."
    could = "them" if missing(join) > 1 else "it"
    sources = from_which(flow, [one for name, _ in join.needs for one in name.split(" | ")], steps)
    return f"{words}; no running step could have produced {could}. {' '.join(sources)}"


def _left_over(flow: WorkflowState, join: JoinState) -> str:
    """Say what a join has kept where the workflow ended well."""
    waited = f", which waited for {wanting(join, _there(flow, join))}" if join.needs else ""
    return f"{shown(join.step, 60)} had {_types(flow, join)} left{waited}."


def lost(state: RunState, flow: WorkflowState) -> list[str]:
    """Say which events no step takes."""
    return [words for _, words in _lost(state, flow)]


def _lost(state: RunState, flow: WorkflowState) -> Iterable[tuple[str, str]]:
    for name, found in unhandled(flow).items():
        givers = dict.fromkeys(_giver(state, event) for event in found)
        times = f"{len(found):,} {shown(name, 60)} {'event was' if len(found) == 1 else 'events were'} sent"
        yield name, f"{times} {named(list(givers))} and no step takes {'it' if len(found) == 1 else 'them'}."


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
    parts = [f"It was given {described(given)}"] if given else []
    if gave:
        parts.append(f"{'it' if parts else 'It'} gave {described(gave)}")
    if task.id == ended_by(flow):
        _, _, type_, text = flow.published[-1]
        parts.append(f"{'it' if parts else 'It'} ended the workflow with {held(type_, text)}")
    said = [f"{named(parts)}."] if parts else []
    ours = {event.id for event in given if task.name in event.held_in}
    said += [
        of_join(state, flow, join, until)
        for join in joins(flow)
        if join.step == task.name and not ours.isdisjoint(join.events)
    ]
    return said + (lost(state, _only(flow, {event.id for event in gave})) if gave else [])


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


def _left(name: str, step: StepTally) -> str:
    were = "was" if step.waiting == 1 else "were"
    return f"{counted(step.waiting, 'event')} {were} left waiting for a worker of {shown(name, 60)}."


def _giver(state: RunState, event: EventState) -> str:
    if not event.by:
        return "from outside"
    task = state.tasks.get(event.by)
    return "by a step" if task is None else f"by {shown(task.name, 60)}"


def _there(flow: WorkflowState, join: JoinState) -> dict[str, int]:
    """How many events of each type a join holds."""
    counts: dict[str, int] = {}
    for id_ in join.events:
        if id_ in flow.events:
            type_ = flow.events[id_].type
            counts[type_] = counts.get(type_, 0) + 1
    return counts


def _types(flow: WorkflowState, join: JoinState) -> str:
    """Name what a join holds: ``24 Summary``."""
    return named([f"{count:,} {shown(name, 60)}" for name, count in _there(flow, join).items()])
