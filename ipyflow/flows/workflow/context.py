"""The context of a run: what a step asks of its workflow besides its event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from ipyflow.errors import ContextStateError, WorkflowRuntimeError
from ipyflow.flows import options
from ipyflow.flows.workflow.collecting import collect
from ipyflow.flows.workflow.events import Event
from ipyflow.flows.workflow.invocation import Invocation, running
from ipyflow.flows.workflow.sending import send
from ipyflow.flows.workflow.serializers import JsonSerializer
from ipyflow.flows.workflow.snapshot import restored, taken
from ipyflow.flows.workflow.store import Store
from ipyflow.flows.workflow.waiting import Waiter, wait_in

if TYPE_CHECKING:
    from ipyflow.flows.workflow.run import WorkflowRun
    from ipyflow.flows.workflow.workflow import Workflow

S = TypeVar("S", bound=BaseModel)


class RetryInfo:
    """How often the running step was tried.

    Attributes:
        retry_number: 0 at the first attempt.
        elapsed_seconds: since the first attempt began.
        last_exception: what the attempt before has ended with.
        last_failed_at: when that was, in UTC.
    """

    def __init__(
        self, retry_number: int, elapsed_seconds: float, last_exception: BaseException | None,
        last_failed_at: datetime | None,
    ) -> None:  # fmt: skip
        self.retry_number, self.elapsed_seconds = retry_number, elapsed_seconds
        self.last_exception, self.last_failed_at = last_exception, last_failed_at

    def __repr__(self) -> str:
        return f"<retry {self.retry_number}, {self.elapsed_seconds:.3g} s>"


class Context(Generic[S]):
    """What belongs to one run: its events, its store, its stream. Steps get it by a parameter annotated ``Context``.

    ``Context[MyState]`` says what the store holds, a pydantic model with defaults. All methods but
    :meth:`wait_for_event` and those of the store are plain calls, from ``async def`` and ``def`` alike.

    Args:
        workflow: the workflow it is for; ``workflow.run(ctx=...)`` uses it.

    Attributes:
        store: the state that the steps of the run share; kept when another run is given this context.
    """

    _is_workflow_context = True

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._run: WorkflowRun | None = None
        self._left: Any = None
        """What a run before has left undone, from :meth:`from_dict`."""
        self.start_event: Any = None
        """The event that the run began with."""
        self._store: Store[S] | None = None

    @property
    def store(self) -> Store[S]:
        """The state that the steps of the run share."""
        if self._store is None:
            self._store = Store(_state_type(self._workflow))
        return self._store

    # Events.

    def send_event(self, event: Event, step: str | None = None) -> None:
        """Send an event: to every step that takes its type, or to one.

        Args:
            event: the event.
            step: the name of the one step it is for.

        Raises:
            WorkflowRuntimeError: no event; no such step, or one that does not take it; the run has ended.
        """
        send(self._running_run("send_event"), event, step)

    def collect_events(
        self, ev: Event, expected: Sequence[type[Event]], buffer_id: str | None = None
    ) -> list[Any] | None:
        """Keep an event until others have come; the last one gets them all.

        The body of a step that collects runs once for each event. What is left over of one type waits for the next
        round. Two sets of types that a step asks for are collected apart, and an event counts for each.

        Args:
            ev: the event that the step was run for.
            expected: the types, as often as each is wanted.
            buffer_id: a name of its own for what is collected, where one step collects one set of types twice.

        Returns:
            The events in the order of ``expected``, those of one type in order of arrival; ``None`` before all are
            there.
        """
        run = self._running_run("collect_events")
        if not isinstance(ev, Event):
            raise WorkflowRuntimeError(f"collect_events takes the event that the step was run for, not {ev!r}")
        if not expected:
            return []
        return collect(run, self._step("collect_events"), ev, expected, buffer_id)

    def wait_for_event(
        self, event_type: type[Event], waiter_event: Event | None = None, waiter_id: str | None = None,
        requirements: dict[str, Any] | None = None, timeout: float | timedelta | None = 2000,
    ) -> Waiter:  # fmt: skip
        """Wait in the middle of a step for an event, mostly from outside: ``await ctx.wait_for_event(...)``.

        The body goes on behind this line; it is not run again. In a step that is ``def`` write ``.result()`` for
        ``await``. Of several waits of one step the oldest that fits gets the event.

        Args:
            event_type: the type that is waited for.
            waiter_event: is published first, as a question; once in a run for each ``waiter_id``, each time without.
            waiter_id: a name for this wait.
            requirements: names, and the values that the event must have there.
            timeout: seconds to wait at most; ``None`` is without end.

        Raises:
            TimeoutError: it did not come in time.
        """
        run = self._running_run("wait_for_event")
        seconds = options.seconds("timeout", timeout)
        asked_for: object = event_type
        if not isinstance(asked_for, type) or not issubclass(asked_for, Event):
            raise WorkflowRuntimeError(f"wait_for_event takes a class of events, not {event_type!r}")
        found = self._step("wait_for_event")
        return wait_in(run, found, event_type, waiter_event, waiter_id, requirements or {}, seconds)

    def write_event_to_stream(self, ev: Event | None) -> None:
        """Publish an event: ``future.stream_events()`` gives it to whoever listens. No step gets it."""
        if ev is None:
            return
        if not isinstance(ev, Event):
            raise WorkflowRuntimeError(f"write_event_to_stream takes an event, not {type(ev).__name__}")
        run = self._running_run("write_event_to_stream")
        by = running(run)
        run.publish(ev, by.id if by is not None else 0)

    # Looking.

    @property
    def is_running(self) -> bool:
        """True while a run with this context goes on."""
        return self._run is not None and not self._run.over

    def running_steps(self) -> list[str]:
        """The names of the steps that run now, each once, in the order in which they were started."""
        run = self._run
        if run is None:
            return []
        with run.lock:
            return list(dict.fromkeys(invocation.step.name for invocation in run.active))

    def retry_info(self) -> RetryInfo:
        """How often the step that asks was tried already."""
        invocation = self._step("retry_info")
        future = invocation.current
        call = future._call if future is not None else None
        if future is None or call is None or call.began is None:
            return RetryInfo(0, 0.0, None, None)
        state = future.run.snapshot()
        ended = [one.ended for one in state.tasks[future.id].attempts if one.ended is not None]
        failed_at = datetime.fromtimestamp(state.wall + ended[-1] - state.opened, UTC) if ended else None
        return RetryInfo(call.attempt - 1, call.engine.now() - call.began, call.last, failed_at)

    # Stopping, and going on another day.

    def to_dict(self, serializer: Any = None) -> dict[str, Any]:
        """The run as it stands, to be kept: its store, and the events that are under way or wait.

        A step that runs at this moment is run again from its beginning when the run goes on.

        Args:
            serializer: :class:`JsonSerializer` by default.
        """
        return taken(self, serializer or JsonSerializer())

    @classmethod
    def from_dict(cls, workflow: Workflow, data: dict[str, Any], serializer: Any = None) -> Context[Any]:
        """A context that goes on where :meth:`to_dict` was called: ``workflow.run(ctx=context)``.

        Raises:
            ContextStateError: ``data`` is no such state, or of a workflow with other steps.
        """
        return restored(cls, workflow, data, serializer or JsonSerializer())

    def _running_run(self, what: str) -> WorkflowRun:
        run = self._run
        if run is None:
            raise ContextStateError(f"ctx.{what} is for a run: pass the context to workflow.run(ctx=...) first")
        return run

    def _step(self, what: str) -> Invocation:
        run = self._running_run(what)
        found = running(run)
        if found is None:
            raise ContextStateError(f"ctx.{what} is for the body of a step, and no step of {run.setup.name} runs here")
        return found

    def __repr__(self) -> str:
        return f"<Context of {self._run.node.future.label if self._run is not None else self._workflow!r}>"


def _state_type(workflow: Any) -> Any:
    """The type of the state that the steps name, if any."""
    for step in type(workflow)._all_steps.steps.values():
        if step.state_type is not None:
            return step.state_type
    return None
