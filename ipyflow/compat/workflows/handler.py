"""The handle of a run, with the methods it has there."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

from ipyflow import StopEvent
from ipyflow.errors import TaskCancelled
from ipyflow.workflows import WorkflowFuture

__all__ = ["WorkflowHandler"]

T = TypeVar("T")


class _Sent:
    """What a plain call gives that is awaited there: ``await`` on it does nothing."""

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()


class WorkflowHandler(WorkflowFuture[T]):
    """A future that answers to the names of a handler too."""

    __slots__ = ()

    @property
    def run_id(self) -> str:
        """What the run is known by."""
        return str(self.run.id)

    def send_event(self, event: Any, step: str | None = None) -> Any:
        """Send an event into the run; it is on its way at once, awaited or not."""
        super().send_event(event, step)
        return _Sent()

    def is_done(self) -> bool:
        """True once the run has ended."""
        return self.done()

    def get_stop_event(self) -> StopEvent | None:
        """The event that has ended the run; ``None`` before, and where it failed."""
        event: StopEvent | None = self.stop_event
        return event

    async def stop_event_result(self) -> StopEvent:
        """Wait for the event that ends the run.

        Raises:
            Exception: what the run fails with.
        """
        await self
        event: StopEvent = self.stop_event
        return event

    async def cancel_run(self, *, timeout: float | None = 5.0) -> None:  # noqa: ASYNC109
        """Cancel the run and wait until it has ended.

        Args:
            timeout: not used: whoever waits is told at once.
        """
        if self.cancel():
            try:
                await self
            except TaskCancelled:
                pass
