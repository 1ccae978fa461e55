"""The future of a workflow's run: a future like any other, and the way to talk to the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ipyflow.engine.future import Future
from ipyflow.flows.workflow.inside import Inside
from ipyflow.flows.workflow.sending import send_from_outside
from ipyflow.flows.workflow.stream import EventStream

if TYPE_CHECKING:
    from ipyflow.flows.workflow.context import Context
    from ipyflow.flows.workflow.run import WorkflowRun

T = TypeVar("T")


class WorkflowFuture(Future[T]):
    """The handle of a run of a workflow, made by :meth:`ipyflow.Workflow.run`.

    Its value is what the run's ``StopEvent`` holds, or the event itself where it is of a class of your own.

    Example:
        >>> from ipyflow import Event, StartEvent, StopEvent, Workflow, step
        >>> class Greeting(Workflow):
        ...     @step
        ...     async def greet(self, ev: StartEvent) -> StopEvent:
        ...         return StopEvent(result=f"hello {ev.name}")
        >>> Greeting().run(name="world").result()
        'hello world'
    """

    __slots__ = ("_workflow_run",)
    _workflow_run: WorkflowRun

    @property
    def ctx(self) -> Context[Any]:
        """The context of the run: its store, and ``to_dict`` to go on another day."""
        return self._workflow_run.context

    @property
    def stop_event(self) -> Any:
        """The event that has ended the run well; ``None`` before, and where it ended badly."""
        return self._workflow_run.closing.stopped_by

    def send_event(self, event: Any, step: str | None = None) -> None:
        """Send an event into the run from outside, from any thread.

        Args:
            event: the event.
            step: the name of the one step it is for; else it goes to all that take its type.

        Raises:
            WorkflowRuntimeError: the run has ended, ``event`` is no event, or there is no such step for it.
        """
        send_from_outside(self._workflow_run, event, step)

    def stream_events(self, expose_internal: bool = False) -> EventStream:
        """The published events, from the first one on: ``async for``, or ``for`` in plain code.

        Ends behind the event that ends the run: its ``StopEvent``, or a ``WorkflowFailedEvent`` and its kin. Any number
        of readers may read it, at any time.

        Args:
            expose_internal: give what happens inside too: ``StepStateChanged``, ``UnhandledEvent``,
                ``WorkflowIdleEvent``.
        """
        inside = Inside(self.run, self.id) if expose_internal else None
        return EventStream(self._workflow_run.stream, inside)
