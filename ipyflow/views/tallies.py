"""A workflow in numbers: what its steps are at, what waits for a worker, what waits in a join, what nobody takes."""

from __future__ import annotations

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
            step.waiting = max(flow.waiting[name] - _untaken(state, flow, name), 0)
    return out


def _untaken(state: RunState, flow: WorkflowState, step: str) -> int:
    """How many events wait in a join of a step that was not run for them: they need others, not a worker."""
    held = [id_ for (name, _), join in flow.joins.items() if name == step for id_ in join.events]
    if not held:
        return 0
    tasks = state.tasks
    count = 0
    for id_ in set(held):
        event = flow.events.get(id_)
        if event is not None and not any(t not in tasks or tasks[t].name == step for t in event.taken_by):
            count += 1
    return count


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


def wanting(join: JoinState) -> str:
    """Say what a join lacks.

    Example:
        >>> wanting(JoinState("report", "", [1], (("Page", 2), ("Settings", 1))))
        '2 Page, 1 Settings'
    """
    return ", ".join(f"{count:,} {name}" for name, count in join.needs)
