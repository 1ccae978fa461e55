"""``async def`` work runs on the engine's loop."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from ipyflow.model.ports import Work

BATCH = 500
"""Coroutines started before the loop may look at its sockets and timers again."""


class Loop(Protocol):
    """What is needed of the loop's thread."""

    def post(self, callback: Callable[[], object]) -> None:
        """Have ``callback`` run on the loop soon."""


class CoroutineExecutor:
    """Starts each work as a task of the loop; a thousand dispatched at once wake the loop once."""

    name = "loop"
    remote = keeps = False

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._ready: deque[Work] = deque()
        self._posted = False

    def dispatch(self, work: Work) -> None:
        """Have the loop start it."""
        self._ready.append(work)
        if not self._posted:
            self._posted = True
            self._loop.post(self._start)

    def _start(self) -> None:
        """On the loop: start what is ready, a batch at a time."""
        self._posted = False  # before the queue is looked at: work that comes now posts again
        ready = self._ready
        for _ in range(min(len(ready), BATCH)):
            ready.popleft().run("loop")
        if ready and not self._posted:
            self._posted = True
            self._loop.post(self._start)

    def follow(self, work: Work) -> Work | None:
        """Have the loop start it."""
        self.dispatch(work)
        return None

    def cancel(self, work: Any) -> None:
        """Cancel the asyncio task; the body gets ``CancelledError`` at its next ``await``."""

        def stop() -> None:
            if work.handle is None:
                return
            if inspect.getcoroutinestate(work.handle.get_coro()) == inspect.CORO_CREATED:
                self._loop.post(stop)  # cancelled before its first step it would never say that it has ended
            else:
                work.handle.cancel()

        self._loop.post(stop)

    def abandon(self, work: Work) -> None:
        """There are no slots."""

    def returned(self, work: Work) -> None:
        """Nothing was given up."""

    def blocked(self, work: Work) -> None:
        """There are no slots."""

    def unblocked(self, work: Work) -> None:
        """There are no slots."""

    def crowded(self) -> bool:
        """Never: the loop takes any number."""
        return False

    def mend(self) -> None:
        """Somebody may have said that the loop was told, and have told nobody."""
        self._posted = True
        self._loop.post(self._start)

    def forget(self) -> None:
        """Threads do not come along into a fork."""

    def shutdown(self, wait: bool) -> None:
        """The loop's thread ends what is left."""
