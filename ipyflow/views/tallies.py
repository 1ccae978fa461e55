"""A workflow in numbers: what its steps are at, what waits for a worker, what waits in a join, what nobody takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ipyflow.model.events import EventState, JoinState, WorkflowState
from ipyflow.model.run import RunState
from ipyflow.model.status import State

MOST = 8
"""Workflows of a run that are shown."""


@dataclass(slots=True)
class StepTally:
    """What one step is at.

    ``running`` are the workers in use, ``waiting`` the events that wait for one, ``retrying`` the runs that wait for
    another attempt; the rest are runs in that state.
    """

    workers: int = 1
    running: int = 0
    blocked: int = 0
    retrying: int = 0
    waiting: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def busy(self) -> int:
        """Workers that are not free."""
        return self.running + self.blocked


_COLUMN: dict[State, str] = {
    State.QUEUED: "running",
    State.RUNNING: "running",
    State.CANCELLING: "running",
    State.WAITING: "retrying",
    State.BLOCKED: "blocked",
    State.SUCCEEDED: "succeeded",
    State.CACHED: "succeeded",
    State.FAILED: "failed",
    State.TIMED_OUT: "failed",
    State.CANCELLED: "cancelled",
    State.SKIPPED: "cancelled",
}


def shown_flows(state: RunState, most: int = MOST) -> list[WorkflowState]:
    """The workflows of a run whose routes are known, in the order of their tasks.

    Of too many, those that no other workflow stands above or that have not succeeded come first.

    Args:
        state: the run.
        most: how many at most.

    Example:
        >>> shown_flows(RunState())
        []
    """
    found = [id_ for id_, flow in state.workflows.items() if flow.steps and id_ in state.tasks]

    def rank(id_: int) -> tuple[bool, int]:
        task = state.tasks[id_]
        return task.state is State.SUCCEEDED and task.parent != 0, id_

    return [state.workflows[id_] for id_ in sorted(sorted(found, key=rank)[:most])]


def tally(state: RunState, flows: list[WorkflowState]) -> dict[int, dict[str, StepTally]]:
    """Count what the steps of workflows are at, by workflow and step, in one pass over the tasks.

    Args:
        state: the run.
        flows: workflows of it.
    """
    out = {flow.id: {name: StepTally(workers) for name, workers, _ in flow.steps} for flow in flows}
    if not out:
        return out
    for task in state.tasks.values():
        steps = out.get(task.parent)
        column = None if steps is None else _COLUMN.get(task.state)
        if steps is not None and column is not None and task.role == "step":
            step = steps.get(task.name)
            if step is None:
                step = steps[task.name] = StepTally()
            setattr(step, column, getattr(step, column) + 1)
    for flow in flows:
        for name, step in out[flow.id].items():
            step.waiting = max(flow.waiting[name], 0)
    return out


def went(state: RunState, flow: WorkflowState) -> Counter[tuple[str, str]]:
    """How many events went along each line of the picture.

    A question to a person and the end count as given where they were only published: no step takes them.

    Args:
        state: the run.
        flow: a workflow of it.
    """
    out = flow.went + flow.given
    for (source, target), number in _published(state, flow).items():
        out[source, target] = max(out[source, target], number)
    return out


def sent(state: RunState, flow: WorkflowState) -> Counter[str]:
    """How many events of each type there were, with the questions and the end that were only published."""
    out = Counter(flow.sent)
    asked: Counter[str] = Counter()
    for (_, target), number in _published(state, flow).items():
        asked[target.removeprefix("event:")] += number
    return out | asked


def _published(state: RunState, flow: WorkflowState) -> Counter[tuple[str, str]]:
    asks = {name for name, kind in flow.kinds if kind in ("ask", "stop")}
    out: Counter[tuple[str, str]] = Counter()
    for _, by, type_, _ in flow.published if asks else ():
        if type_ in asks and by in state.tasks:
            out[f"step:{state.tasks[by].name}", f"event:{type_}"] += 1
    return out


def unhandled(flow: WorkflowState) -> dict[str, list[EventState]]:
    """The events that no step takes, by type; the end of a run and a question to a person are meant for others.

    Args:
        flow: the workflow.

    Example:
        >>> unhandled(WorkflowState(1))
        {}
    """
    meant = {name for name, kind in flow.kinds if kind in ("stop", "ask")}
    out: dict[str, list[EventState]] = {}
    for id_ in flow.unhandled:
        event = flow.events[id_]
        if event.type not in meant:
            out.setdefault(event.type, []).append(event)
    return out


def joins(flow: WorkflowState) -> list[JoinState]:
    """The joins in which events wait, or went on together before, in the order in which they came up."""
    return [join for join in flow.joins.values() if join.events or join.filled]
