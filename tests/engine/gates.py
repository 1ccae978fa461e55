"""What the tests use in place of sleeping: gates that a body stands at until the test lets it through."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SOON = 10.0
"""Seconds within which anything that should happen does, on a machine that does ten other things."""


class Gate:
    """A body calls ``stand()``; the test waits until it is there (``reached()``) and lets it through (``open()``)."""

    def __init__(self) -> None:
        self._reached, self._opened = threading.Event(), threading.Event()

    def stand(self) -> None:
        self._reached.set()
        assert self._opened.wait(SOON), "nobody opened the gate"

    async def stand_async(self) -> None:
        self._reached.set()
        await asyncio.get_running_loop().run_in_executor(None, self.opened_wait)

    def opened_wait(self) -> None:
        assert self._opened.wait(SOON), "nobody opened the gate"

    def reached(self) -> None:
        assert self._reached.wait(SOON), "nobody came to the gate"

    def is_reached(self) -> bool:
        return self._reached.is_set()

    def open(self) -> None:
        self._opened.set()


def eventually(condition: Callable[[], object], what: str = "") -> None:
    """Wait for something that no event tells of."""
    end = time.monotonic() + SOON
    nap = threading.Event()
    while not condition():
        assert time.monotonic() < end, what or f"{condition} never came true"
        nap.wait(0.001)


class Together:
    """Counts how many bodies are inside at once.

    Args:
        wanted: whoever comes in stays until so many have been inside at once.
    """

    def __init__(self, wanted: int = 0) -> None:
        self.now = self.most = 0
        self._wanted, self._met = wanted, threading.Event()
        self._lock = threading.Lock()

    @contextmanager
    def inside(self) -> Iterator[None]:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
            if self.most >= self._wanted:
                self._met.set()
        try:
            assert self._met.wait(SOON), f"{self.most} inside at once, never {self._wanted}"
            yield
        finally:
            with self._lock:
                self.now -= 1
