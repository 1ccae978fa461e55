"""A step that has failed for good, or was cancelled by itself: what becomes of its run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ipyflow.engine import endings
from ipyflow.engine.call import Call
from ipyflow.errors import TaskCancelled
from ipyflow.flows.workflow.events import StepFailedEvent
from ipyflow.flows.workflow.reviving import revive

if TYPE_CHECKING:
    from ipyflow.flows.workflow.invocation import Invocation
    from ipyflow.flows.workflow.run import WorkflowRun


def step_failed(run: WorkflowRun, invocation: Invocation, turn: int, error: BaseException) -> Call | None:
    """Hand the failure to its handler, or let it end the run. A step that was cancelled by itself gives nothing.

    Returns:
        A call to be run next by this thread.
    """
    future = invocation.current
    assert future is not None
    if isinstance(error, TaskCancelled) and (future.cancelled() or not future._settled):
        with run.lock:
            if run.node.stopped and not run.over and run.ends(invocation, turn):
                run.closing.ahead.append(invocation)  # the run was told to stop, and is about to hear of it
                return None
        return None if _is_retried(run, invocation, turn) else run.step_ended(invocation, turn, None, None)
    delivery, step = invocation.delivery, invocation.step
    handler = run.table.handler_for(step.name)
    if handler is not None and handler.handles is not None and isinstance(error, Exception):
        so_far = delivery.recoveries.get(handler.name, 0)
        if so_far < handler.handles.max_recoveries:
            recoveries = {**delivery.recoveries, handler.name: so_far + 1}
            return run.handle(invocation, turn, handler, _failure(run, invocation, error), recoveries)
    began = invocation.delivery.handled or invocation  # a retry begins where it began: with what the handler gave up on
    if _is_retried(run, began, turn) and began is invocation:
        return None
    return run.both(run.closing.fail(error, invocation, turn), run.closing.end_if_due())


def _is_retried(run: WorkflowRun, invocation: Invocation, turn: int) -> bool:
    """Have the run go on when the step is retried; True when somebody just did, so that what it gave counts no more."""
    future = invocation.current
    assert future is not None
    endings.waits_for_retry(future, lambda: revive(run, invocation))
    if future._settled:
        return False
    invocation.listen(turn)
    return True


def _failure(run: WorkflowRun, invocation: Invocation, error: Exception) -> StepFailedEvent:
    call = invocation.current._call if invocation.current is not None else None
    now, sents = run.engine.now(), invocation.delivery.sents
    began = call.began if call is not None and call.began is not None else now
    return StepFailedEvent(
        step_name=invocation.step.name, input_event=sents[0].event if sents else None, exception=error,
        attempts=call.attempt if call is not None else 1, elapsed_seconds=now - began, failed_at=datetime.now(UTC),
    )  # fmt: skip
