"""What a workflow publishes, for whoever listens: as often as they like, each from the beginning.

Owns: the published events. Called by: the workflow under way, and readers on any thread or loop. Guarantees: every
reader gets every event once, in order, the one that ends the run last. Where a run is retried, the event that had ended
it is taken back: who has not read it yet never does, and who has reads on behind it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ipyflow.errors import WouldDeadlock
from ipyflow.flows.workflow.inside import TAKEN_BACK, Inside

if TYPE_CHECKING:
    from ipyflow.engine.loop import LoopThread

_PAUSE = 0.05
"""Seconds after which a reader of what happens inside looks again by itself: steps that start ring no bell."""


class Stream:
    """The events that a run has published.

    Args:
        loop: the loop that runs the steps; readers must not block it.
    """

    def __init__(self, loop: LoopThread) -> None:
        self.loop = loop
        self.events: list[Any] = []
        self.closed = False
        self._bells: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    def add(self, event: Any, last: bool = False) -> None:
        """One more event; nothing behind the ``last``. Readers hear of it by :meth:`ring`."""
        with self._lock:
            if not self.closed:
                self.events.append(event)
                self.closed = last

    def reopen(self) -> None:
        """The run goes on: what ended it was not the last."""
        with self._lock:
            if self.closed:
                self.closed = False
                self.events[-1] = TAKEN_BACK  # it keeps its place: readers, and the log, count on it

    def ring(self) -> None:
        """Wake the readers."""
        with self._lock:
            bells, self._bells = self._bells, []
        for bell in bells:
            bell()

    def when_news(self, at: int, bell: Callable[[], object]) -> None:
        """Have ``bell`` called once there is an event number ``at``, or no more will come."""
        with self._lock:
            if len(self.events) <= at and not self.closed:
                self._bells.append(bell)
                return
        bell()

    def forget(self, bell: Callable[[], object]) -> None:
        """Nobody listens there any more."""
        with self._lock:
            if bell in self._bells:
                self._bells.remove(bell)


class EventStream:
    """One reader of a stream: ``for`` in plain code, ``async for`` in a coroutine, on any thread and any loop."""

    def __init__(self, stream: Stream, inside: Inside | None = None) -> None:
        self._stream, self._inside = stream, inside
        self._at = 0

    # What there is: of the published events, or of everything.

    def _take(self) -> tuple[bool, Any]:
        if self._inside is not None:
            return self._inside.take(self._stream.events)
        while self._at < len(self._stream.events):
            event = self._stream.events[self._at]
            self._at += 1
            if event is not TAKEN_BACK:
                return True, event
        return False, None

    @property
    def _over(self) -> bool:
        return self._stream.closed and self._seen >= len(self._stream.events)

    @property
    def _seen(self) -> int:
        return self._at if self._inside is None else self._inside.published

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._stream.loop.here():
            raise WouldDeadlock("reading the stream here would stop the loop that runs the steps: write `async for`")
        while True:
            found, event = self._take()
            if found:
                return event
            if self._over:
                raise StopIteration
            news = threading.Event()
            self._stream.when_news(self._seen, news.set)
            news.wait(None if self._inside is None else _PAUSE)
            self._stream.forget(news.set)

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Any:
        while True:
            found, event = self._take()
            if found:
                return event
            if self._over:
                raise StopAsyncIteration
            await self._news(time.monotonic() + _PAUSE if self._inside is not None else None)

    async def _news(self, until: float | None) -> None:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()

        def ring() -> None:
            try:
                loop.call_soon_threadsafe(_set, waiter)
            except RuntimeError:
                pass  # that loop is closed, nobody reads there any more

        self._stream.when_news(self._seen, ring)
        timer = None if until is None else loop.call_later(max(0.0, until - time.monotonic()), _set, waiter)
        try:
            await waiter
        finally:
            self._stream.forget(ring)
            if timer is not None:
                timer.cancel()


def _set(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
