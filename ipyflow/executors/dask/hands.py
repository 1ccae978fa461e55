"""Threads on which receivers are handled one after the other: one or a few, and others where those are held up.

Owns: the threads. Called by: any thread (``post``). Guarantees: what is posted for one receiver is handled in its order
and never by two threads at once; nothing waits longer than a moment behind a callback of the user's that waits itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

HELD_UP = 0.05
"""Seconds after which another thread goes on with what is behind a receiver that is still at work."""
MOST = 64
IDLE = 5.0
"""Seconds after which a thread too many goes."""


class Box:
    """What one receiver has not handled yet."""

    __slots__ = ("is_queued", "items")

    def __init__(self) -> None:
        self.items: deque[Any] = deque()
        self.is_queued = False


B = TypeVar("B", bound=Box)


class Hands(Generic[B]):
    """See the module.

    Args:
        handle: takes a receiver and one item.
        width: receivers that are handled at once where none is held up.
    """

    def __init__(self, handle: Callable[[B, Any], object], width: int = 1) -> None:
        self._handle, self._width = handle, width
        self._changed = threading.Condition()
        self._ready: deque[B] = deque()
        self._busy: dict[int, float] = {}
        """Since when each thread has been at its receiver."""
        self._threads = 0
        self._idle = 0
        self._down = False

    def post(self, posted: Iterable[tuple[B, Any]]) -> None:
        """Have items handled, each by its receiver."""
        with self._changed:
            for box, item in posted:
                box.items.append(item)
                if not box.is_queued:
                    box.is_queued = True
                    self._ready.append(box)
            if self._ready and (self._idle or self._threads <= self._width):
                self._call()

    def _call(self) -> None:
        """Under the lock: a thread is to look."""
        if self._idle:
            self._changed.notify()
        elif self._threads < MOST:
            self._threads += 1
            threading.Thread(target=self._serve, name="ipyflow-dask-hands", daemon=True).start()

    def _may_take(self) -> bool:
        late = time.monotonic() - HELD_UP
        return bool(self._ready) and sum(since >= late for since in self._busy.values()) < self._width

    def _serve(self) -> None:
        me = threading.get_ident()
        while True:
            with self._changed:
                self._busy.pop(me, None)
                since = time.monotonic()
                while not self._may_take():
                    spare = self._threads > self._width + 1 and time.monotonic() - since > IDLE
                    if not self._ready and (self._down or spare):
                        self._threads -= 1
                        return
                    self._idle += 1
                    self._changed.wait(HELD_UP if self._ready else IDLE)
                    self._idle -= 1
                box = self._ready.popleft()
                self._busy[me] = time.monotonic()
                if self._ready and not self._idle:
                    self._call()  # somebody must be there if this one is held up
            self._work_on(box)
            del box  # nobody is to be kept alive by a thread that waits

    def _work_on(self, box: B) -> None:
        while True:
            with self._changed:
                if not box.items:
                    box.is_queued = False
                    return
                item = box.items.popleft()
            try:
                self._handle(box, item)
            except Exception:  # of a callback: the others are still to be heard
                logging.getLogger(__name__).exception("what a Dask worker said could not be handled")

    def shutdown(self) -> None:
        """The threads go when they have nothing to do."""
        with self._changed:
            self._down = True
            self._changed.notify_all()
