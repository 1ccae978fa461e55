"""Events on their way into a run: checked, and either routed, or the end of the run.

Called by: the context and the future of a run, from any thread. Guarantees: what cannot be sent raises and changes
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipyflow.engine.context import current_call
from ipyflow.errors import WorkflowRuntimeError
from ipyflow.flows.workflow.events import Event, StopEvent
from ipyflow.flows.workflow.invocation import running
from ipyflow.flows.workflow.steps import Step
from ipyflow.model import records as r

if TYPE_CHECKING:
    from ipyflow.flows.workflow.run import WorkflowRun


def send(run: WorkflowRun, event: Any, step: str | None = None) -> None:
    """``ctx.send_event``: from the body of a step or from a task below it; from elsewhere it comes from outside."""
    call, by = current_call(), running(run)
    if call is not None and call.stopped:
        return  # it was told to stop, and gives nothing
    if by is None:
        send_from_outside(run, event, step)
        return
    to = _checked(run, event, step)
    if isinstance(event, StopEvent):
        run.engine.dispatch(run.closing.stop(event, by))
    else:
        delivery = by.delivery
        run.engine.dispatch(run.post(event, delivery.fan, by.id, delivery.recoveries, to, by))


def send_from_outside(run: WorkflowRun, event: Any, step: str | None = None) -> None:
    """``future.send_event``."""
    to = _checked(run, event, step)
    if run.over:
        raise WorkflowRuntimeError(
            f"{run.node.future.label} has ended and takes no {type(event).__name__}: run the workflow again"
        )
    if isinstance(event, StopEvent):
        run.engine.dispatch(run.closing.stop(event, None))
        return
    run.closing.goes_on()
    run.engine.dispatch(run.post(event, run.routing.root, r.NO_TASK, {}, to))
    run.closing.look_whether_idle()


def _checked(run: WorkflowRun, event: Any, step: str | None) -> Step | None:
    """The step that the event is for, if it is for one."""
    if not isinstance(event, Event):
        raise WorkflowRuntimeError(
            f"send_event takes an event, not {type(event).__name__}: make a subclass of Event for it"
        )
    if step is None:
        return None
    found = run.table.steps.get(step)
    if found is None:
        names = ", ".join(run.table.steps)
        raise WorkflowRuntimeError(f"there is no step {step!r} in {run.setup.name}: its steps are {names}")
    if not any(taker is found for taker, _ in run.table.takers(type(event))):
        kinds = " | ".join(kind.__name__ for one in found.takes for kind in one.types)
        raise WorkflowRuntimeError(f"step {step} does not take {type(event).__name__}: it takes {kinds}")
    return found
