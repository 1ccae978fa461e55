"""How a run of a workflow ends.

Owns: what ends it, what it has left undone. Called by: the run, its timer, whoever cancels. Guarantees: the
run ends once, until it is retried; the last event in its stream says how; its future is settled after the rest was
told to stop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ipyflow.engine import endings, leaks
from ipyflow.engine.call import Call
from ipyflow.engine.describe import message, traceback_text
from ipyflow.engine.nodes import end_badly, end_stopped, end_well, failure_in
from ipyflow.errors import UnhandledEventWarning, WorkflowStalled, WorkflowTimeoutError
from ipyflow.flows.workflow.events import (
    StopEvent,
    WorkflowCancelledEvent,
    WorkflowFailedEvent,
    WorkflowTimedOutEvent,
)
from ipyflow.flows.workflow.graph import WAITS_FOR
from ipyflow.flows.workflow.inside import OUTSIDE
from ipyflow.flows.workflow.routing import Delivery
from ipyflow.flows.workflow.stalls import can_come, starved_joins, why_stalled
from ipyflow.flows.workflow.texts import shown_event
from ipyflow.model import records as r
from ipyflow.model.status import State

if TYPE_CHECKING:
    from ipyflow.flows.workflow.invocation import Invocation
    from ipyflow.flows.workflow.run import WorkflowRun
    from ipyflow.model.ports import Timer

_NAMED = 5
End = Callable[[], Call | None]


class Closing:
    """The end of a run; see the module."""

    def __init__(self, run: WorkflowRun) -> None:
        self._run = run
        self._timer: Timer | None = None
        self._error: BaseException | None = None
        self._due: End | None = None
        """Ends the run's future once no step is just being started."""
        self._stopping_others = False
        """True while what is below it is being stopped."""
        self._stopping = False
        """True when it was told to stop: then it ends once its steps have."""
        self.stopped_by: StopEvent | None = None
        """The event that has ended it well."""
        self.failed: Invocation | None = None
        """The step whose failure has ended it."""
        self.interrupted: list[Invocation] = []
        """The steps that had not ended, and the one that has failed."""
        self.ahead: list[Invocation] = []
        """Steps that were stopped a moment before the run heard that it is to stop."""
        self.queued: list[Delivery] = []
        """What waited for a worker."""
        self.stalled = False
        self.begun = False
        """True once its turn has come."""
        self.ended: Callable[[], object] = lambda: None
        """Called when it has ended: the workflow may have another run that waits for its turn."""

    # Ways to end.

    def stop(self, event: StopEvent, by: Invocation | None, turn: int = 0) -> Call | None:
        """A stop event, that a step has returned or that was sent: the run has its value."""
        node = self._run.node
        value = event.result if type(event) is StopEvent else event
        return self._close(event, lambda: end_well(node, value), "the workflow has its result", by, turn)

    def fail(self, error: BaseException, by: Invocation, turn: int) -> Call | None:
        """A step has failed for good."""
        run = self._run
        if not isinstance(error, Exception):
            error = failure_in(error, f"in step {by.step.name}")
        call = by.current._call if by.current is not None else None
        began = call.began if call is not None and call.began is not None else run.engine.now()
        last = WorkflowFailedEvent(
            step_name=by.step.name, exception_type=type(error).__name__, exception_message=message(error),
            traceback=traceback_text(error), attempts=call.attempt if call is not None else 1,
            elapsed_seconds=run.engine.now() - began, exception=error,
        )  # fmt: skip
        return self._close(last, lambda: end_badly(run.node, error), f"step {by.step.name} failed", by, turn, error)

    def timed_out(self) -> None:
        """The run is over its time."""
        run = self._run
        timeout = run.setup.timeout or 0.0
        with run.lock:
            names = [invocation.step.name for invocation in run.active]
            counts = [f"{name} ({n} times)" if (n := names.count(name)) > 1 else name for name in dict.fromkeys(names)]
            waits = [f"{len(line.queue)} for {name}" for name, line in run.lines.items() if line.queue]
        label = run.node.future.label
        at_work = f"at work: {', '.join(counts)}" if counts else "no step was at work"
        queued = f"; events that waited for a worker: {', '.join(waits)}" if waits else ""
        error = WorkflowTimeoutError(f"{label} ran over its timeout of {timeout:g} s; {at_work}{queued}")
        last = WorkflowTimedOutEvent(timeout=timeout, active_steps=list(dict.fromkeys(names)))

        def end() -> Call | None:
            return endings.try_end(run.engine, run.node, State.TIMED_OUT, error)[1]

        run.engine.dispatch(self._close(last, end, f"{label} ran over its timeout", None, 0, error))

    def look_whether_idle(self) -> None:
        """Nothing may be on its way any more: then it waits for an event from outside, or has stalled."""
        run = self._run
        future = run.node.future
        if not self._is_idle():
            return
        below = [child for child in endings.descendants(future) if not child._settled]
        for child in below:  # a task that a step has left behind may still send something
            child.when_settled(lambda _: self.look_whether_idle())
        if below:
            return
        with run.lock:
            if not self._is_idle():
                return
            outside = can_come(run)
            why = "" if outside else why_stalled(run)
        if outside:
            self._waits_for(OUTSIDE)
            return
        error = WorkflowStalled(why)
        last = WorkflowFailedEvent(
            step_name="", exception_type="WorkflowStalled", exception_message=why, traceback="", attempts=0,
            elapsed_seconds=0.0, exception=error,
        )  # fmt: skip

        def end() -> Call | None:
            return end_badly(run.node, error)

        run.engine.dispatch(self._close(last, end, "the workflow stalled", None, 0, error))

    def _is_idle(self) -> bool:
        return not self._run.over and self._run.routing.idle

    def goes_on(self) -> None:
        """An event has come from outside."""
        self._waits_for(WAITS_FOR)

    def _waits_for(self, reason: str) -> None:
        node = self._run.node
        if node.reason != reason:
            node.reason = reason
            node.tell_paused(not node.future.run.paused.isdisjoint((r.NO_TASK, node.future.id)))

    def told_to_stop(self) -> None:
        """The run was cancelled; its steps will be, right after."""
        run = self._run
        with run.lock:
            if run.over:
                return
            self.is_cancelled()
        run.engine.dispatch(self.say_cancelled())

    def is_cancelled(self) -> None:
        """Under the lock: the run is over, because it was told to stop."""
        run = self._run
        run.over = self._stopping = self._stopping_others = True
        self._due = lambda: end_stopped(run.node)
        self._keep_left()

    def say_cancelled(self) -> Call | None:
        """Tell it, and end the run once its steps have."""
        self._stop_timer()
        self._run.publish(WorkflowCancelledEvent(), r.NO_TASK, last=True)
        return self._stop_others(None, f"{self._run.node.future.label} was cancelled")

    # Ending.

    def _close(
        self, last: Any, end: End, why: str, by: Invocation | None, turn: int, error: BaseException | None = None
    ) -> Call | None:
        """End the run, unless something has ended it before: then a failure is noted at that one."""
        run = self._run
        with run.lock:
            counts = by is None or run.ends(by, turn)
            first = counts and not run.over
            if first:
                with run.engine.changing:
                    cancelled = run.node.stopped
                    run.node.ending = not cancelled
            if first and cancelled:
                self.is_cancelled()
                self.interrupted += [by] if by is not None else []
            elif first:
                run.over = self._stopping_others = True
                self._error, self._due = error, end
                self.stopped_by = last if error is None else None
                self.stalled = isinstance(error, WorkflowStalled)
                self._keep_left()
                if error is not None and by is not None:
                    self.failed = by.delivery.handled or by
                    self.interrupted.insert(0, self.failed)
                    # The failed handler's place is that of the step whose failure it was to handle.
                    by.delivery.under_way, self.failed.delivery.under_way = False, True
        if not first:
            if counts:
                self._note(by, error)
            return None
        if cancelled:
            return self.say_cancelled()
        self._stop_timer()
        run.publish(last, by.id if by is not None else r.NO_TASK, last=True)
        return self._stop_others(by, why)

    def _stop_others(self, by: Invocation | None, why: str) -> Call | None:
        """Stop what is below. The run does not end before, or a retry might come in between and be stopped too."""
        run = self._run
        for child in endings.descendants(run.node.future):
            if by is None or child is not by.current:
                endings.cancel_one(run.engine, child, why)
        with run.lock:
            self._stopping_others = False
        return self.end_if_due()

    def _keep_left(self) -> None:
        run = self._run
        self.failed, self.interrupted, self.ahead = None, [*run.active, *self.ahead], []
        self.queued = [delivery for line in run.lines.values() for delivery in line.queue]
        for line in run.lines.values():
            line.queue.clear()

    def _note(self, by: Invocation | None, error: BaseException | None) -> None:
        first = self._error
        if error is None or first is None or by is None or error is first:
            return
        label = by.current.label if by.current is not None else by.step.name
        text = f"{label} failed too: {type(error).__name__}: {message(error)}"
        endings.add_note(first, text)
        future = self._run.node.future
        future.run.append(r.Noted(self._run.engine.now(), future.id, "failed too", text))

    def end_if_due(self) -> Call | None:
        """Settle the run's future if it is over and nothing stands in the way."""
        run = self._run
        with run.lock:
            if self._due is None or self._stopping_others or run.entering or (self._stopping and run.active):
                return None
            end, self._due = self._due, None
        if run.tell.unhandled or (run.routing.starved and not self.stalled):
            self._warn()
        ended, self.ended = self.ended, lambda: None
        ended()
        return end()

    def _warn(self) -> None:
        lost, label = self._run.tell.unhandled, self._run.node.future.label
        said = []
        if lost:
            many = "events were" if len(lost) > 1 else "event was"
            named = ", ".join(shown_event(sent.event) for sent in lost[:_NAMED])
            more = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
            said.append(
                f"{len(lost)} {many} sent that no step takes: {named}{more}; "
                "give a step a parameter of that type, or publish it with ctx.write_event_to_stream(...)"
            )
        left = [] if self.stalled else starved_joins(self._run)
        if left:
            said.append(f"nothing came any more for {'; '.join(left[:_NAMED])}")
        leaks.warn(UnhandledEventWarning(f"{label}: {'. '.join(said)}"))

    @property
    def is_ending(self) -> bool:
        """True while it is over, and its future not settled yet."""
        return self._due is not None

    def undo(self) -> None:
        """Under the lock: the run goes on, as if nothing had ended it."""
        self._run.over = self._run.node.ending = self.stalled = self._stopping = False
        self._error = self.failed = None
        self.interrupted, self.queued = [], []

    # Time.

    def start_timer(self) -> None:
        """The run's time begins."""
        timeout = self._run.setup.timeout
        if timeout is not None:
            self._timer = self._run.engine.clock.call_later(timeout, self.timed_out)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    # Going on: see reviving.

    def undone(self) -> list[Delivery]:
        """Under the lock: what it has left undone, where it has ended badly."""
        return [*[invocation.delivery for invocation in self.interrupted], *self.queued]
