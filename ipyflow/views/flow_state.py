"""Where a workflow stands: whether it has ended, and because nothing went on; whether it waits for somebody outside."""

from __future__ import annotations

from ipyflow.model.events import WorkflowState
from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FINAL_STATES, State

STEPS, OUTSIDE = "its steps", "an event from outside"
"""What a workflow waits for, as its record says: while steps are at work, and when only an answer lets it go on."""


def is_over(state: RunState, flow: WorkflowState) -> bool:
    """Whether a workflow has ended, however that went."""
    task = state.tasks.get(flow.id)
    return task is None or task.state in FINAL_STATES


def is_stuck(state: RunState, flow: WorkflowState) -> bool:
    """Whether a workflow ended because something did not come: then what its joins lack is a warning."""
    task = state.tasks.get(flow.id)
    return task is not None and (task.state is State.TIMED_OUT or has_stalled(task))


def has_stalled(task: TaskState) -> bool:
    """Whether a workflow ended because nothing in it could go on."""
    return task.state is State.FAILED and task.type.rsplit(".", 1)[-1] == "WorkflowStalled"


def awaited(state: RunState, flow: WorkflowState) -> dict[str, str]:
    """Which event from outside a workflow waits for, by step: in its body, or to be run for it at all.

    Example:
        >>> awaited(RunState(), WorkflowState(1))
        {}
    """
    if is_over(state, flow):
        return {}
    out = takers(flow) if state.tasks[flow.id].reason == OUTSIDE else {}
    return out | {state.tasks[id_].name: type_ for id_, (_, type_, _) in flow.awaited.items() if id_ in state.tasks}


def takers(flow: WorkflowState) -> dict[str, str]:
    """The steps that take an event from outside, and which.

    Example:
        >>> takers(WorkflowState(1, kinds=(("Yes", "answer"),), edges=(("event:Yes", "step:go", ""),)))
        {'go': 'Yes'}
    """
    answers = {f"event:{name}" for name, kind in flow.kinds if kind == "answer"}
    found: dict[str, list[str]] = {}
    for source, target, _ in flow.edges:
        if source in answers:
            found.setdefault(target.removeprefix("step:"), []).append(source.removeprefix("event:"))
    return {step: " or ".join(types) for step, types in found.items()}


def is_awaiting(state: RunState, task: TaskState) -> WorkflowState | None:
    """The workflow of a step whose body waits for an event; ``None`` for any other task."""
    flow = state.workflows.get(task.parent)
    return flow if flow is not None and task.id in flow.awaited and task.state is State.BLOCKED else None
