"""What submits pipelines and steers them: the client, and the words for where a pipeline stands."""

from __future__ import annotations

from concurrent.futures import Future as PlainFuture
from enum import Enum
from typing import Any
from weakref import WeakKeyDictionary

from ipyflow import Future, Pipeline


class TaskStatus(Enum):
    """Where a pipeline stands."""

    PENDING = 0
    RUNNING = 1
    COMPLETED = 2
    FAILED = 3
    PAUSED = 4
    CANCELLING = 5
    CANCELLED = 6

    def result(self, timeout: float | None = None) -> TaskStatus:
        """Itself: it is there at once, for programs that wait for the answer."""
        return self


_STATUS = {
    "planned": TaskStatus.PENDING,
    "queued": TaskStatus.PENDING,
    "succeeded": TaskStatus.COMPLETED,
    "cached": TaskStatus.COMPLETED,
    "failed": TaskStatus.FAILED,
    "timed_out": TaskStatus.FAILED,
    "cancelling": TaskStatus.CANCELLING,
    "cancelled": TaskStatus.CANCELLED,
}


class FlinkTasksClient:
    """Submits pipelines and steers those it submitted: by the pipeline (its latest run is meant) or by the future.

    What it can be given says where a broker is; none of it matters here.
    """

    def __init__(self, *broker: object, **properties: object) -> None:
        self._latest: WeakKeyDictionary[Pipeline, Future[Any]] = WeakKeyDictionary()

    def submit(self, pipeline: Pipeline, topic: object = None) -> Future[Any]:
        """Start a pipeline; gives its future at once. ``topic`` is not used."""
        if not isinstance(pipeline, Pipeline):
            raise TypeError(f"submit({pipeline!r}): give a pipeline, as in client.submit(multiply.send(3, 2))")
        future = self._latest[pipeline] = pipeline.submit()
        return future

    async def submit_async(self, pipeline: Pipeline, topic: object = None) -> Any:
        """Start a pipeline, wait for it and give its result."""
        return await self.submit(pipeline)

    def get_result(self, pipeline: Pipeline | Future[Any], topic: object = None) -> Future[Any]:
        """The future of a pipeline: its ``result()`` waits, and raises the exception of the task that failed."""
        return self._future(pipeline)

    async def get_result_async(self, pipeline: Pipeline | Future[Any], topic: object = None) -> Any:
        """The result of a pipeline; waits for it."""
        return await self._future(pipeline)

    def get_status(self, pipeline: Pipeline | Future[Any], topic: object = None) -> TaskStatus:
        """Where a pipeline stands."""
        future = self._future(pipeline)
        if future.state == "waiting" and future.run.snapshot().tasks[future.id].reason == "paused":
            return TaskStatus.PAUSED
        return _STATUS.get(future.state, TaskStatus.RUNNING)

    async def get_status_async(self, pipeline: Pipeline | Future[Any], topic: object = None) -> TaskStatus:
        """Where a pipeline stands."""
        return self.get_status(pipeline)

    def pause_pipeline(self, pipeline: Pipeline | Future[Any], topic: object = None) -> PlainFuture[None]:
        """Start nothing new of a pipeline; what runs goes on.

        Returns:
            A future that is done.

        Raises:
            LookupError: it was not submitted by this client.
            RuntimeError: it has ended, or stands still already.
        """
        future = self._steerable(pipeline, "paused", (TaskStatus.PENDING, TaskStatus.RUNNING))
        return _done(future.pause())

    async def pause_pipeline_async(self, pipeline: Pipeline | Future[Any], topic: object = None) -> None:
        """As :meth:`pause_pipeline`."""
        self.pause_pipeline(pipeline)

    def unpause_pipeline(self, pipeline: Pipeline | Future[Any], topic: object = None) -> PlainFuture[None]:
        """Let a paused pipeline go on.

        Returns:
            A future that is done.

        Raises:
            LookupError: it was not submitted by this client.
            RuntimeError: it is not paused.
        """
        return _done(self._steerable(pipeline, "un-paused", (TaskStatus.PAUSED,)).resume())

    async def unpause_pipeline_async(self, pipeline: Pipeline | Future[Any], topic: object = None) -> None:
        """As :meth:`unpause_pipeline`."""
        self.unpause_pipeline(pipeline)

    def cancel_pipeline(self, pipeline: Pipeline | Future[Any], topic: object = None) -> PlainFuture[None]:
        """Stop a pipeline and what runs of it; its ``finally_do`` runs.

        Returns:
            A future that is done.

        Raises:
            LookupError: it was not submitted by this client.
            RuntimeError: it has ended, or was told to stop already.
        """
        states = (TaskStatus.PENDING, TaskStatus.RUNNING, TaskStatus.PAUSED)
        return _done(self._steerable(pipeline, "cancelled", states).cancel())

    async def cancel_pipeline_async(self, pipeline: Pipeline | Future[Any], topic: object = None) -> None:
        """As :meth:`cancel_pipeline`."""
        self.cancel_pipeline(pipeline)

    def _future(self, pipeline: Pipeline | Future[Any]) -> Future[Any]:
        if isinstance(pipeline, Future):
            return pipeline
        future = self._latest.get(pipeline)
        if future is None:
            raise LookupError(f"{pipeline!r} was not submitted here: call client.submit() first, or give its future")
        return future

    def _steerable(self, pipeline: Pipeline | Future[Any], word: str, states: tuple[TaskStatus, ...]) -> Future[Any]:
        future, status = self._future(pipeline), self.get_status(pipeline)
        if status not in states:
            wanted = " or ".join(state.name for state in states)
            raise RuntimeError(
                f"Pipeline is not in a state that can be {word}: {future!r} is {status.name}, not {wanted}; "
                "submit the pipeline again to run it anew"
            )
        return future


def _done(_: object) -> PlainFuture[None]:
    future: PlainFuture[None] = PlainFuture()
    future.set_result(None)
    return future


class FlinkTasksClientFactory:
    """Where programs get their client from."""

    @staticmethod
    def get_client(*broker: object, **properties: object) -> FlinkTasksClient:
        """The client of this process, whatever broker it would be for."""
        return client


client = FlinkTasksClient()
