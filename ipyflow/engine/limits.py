"""Permits: at most n at once, at most so many a second.

Owns: the count of permits and the queue for them. Called by: the scheduler, from any thread. Guarantees: never
more than ``size`` permits are out; they are given in the order asked; a call that was stopped while it queued is
passed over. One lock each, held for a few lines.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Protocol

from ipyflow.model.ports import Clock


class Queuer(Protocol):
    """Who stands in the queue for a permit."""

    def wants_permit(self) -> bool:
        """False when it was stopped meanwhile."""

    def permit_granted(self, permit: Limit | None) -> bool:
        """It has the permit, or a token of a rate (``None``), if it returns True. Called without a lock."""


class Limit:
    """At most ``size`` permits out at once."""

    def __init__(self, name: str, size: int) -> None:
        self.name, self.size = name, size
        self.reason = f"limit {name} ({size} at once)"
        self.used = 0
        self._queue: deque[Queuer] = deque()
        self._lock = threading.Lock()

    def try_enter(self) -> bool:
        """Take a permit if one is free, which it is only while nobody queues."""
        with self._lock:
            free = self.used < self.size
            self.used += free
            return free

    def enter(self, who: Queuer, first: bool = False) -> bool:
        """Take a permit, or queue for one (``first``: at the head, for one that had it before)."""
        with self._lock:
            if self.used < self.size:
                self.used += 1
                return True
            if first:
                self._queue.appendleft(who)
            else:
                self._queue.append(who)
            return False

    def leave(self) -> None:
        """Give a permit back: to the next in the queue who still wants it."""
        while True:
            with self._lock:
                if not self._queue:
                    self.used -= 1
                    return
                who = self._queue.popleft()
            if who.permit_granted(self):
                return


class Below(Limit):
    """How many tasks run at once below a flow. The flow itself needs no permit of it.

    Args:
        flow: the number of the flow.
        label: what it is called.
        size: so many.
    """

    def __init__(self, flow: int, label: str, size: int) -> None:
        super().__init__(label, size)
        self.flow = flow


def gates_of(flow: int, label: str, size: int | None, around: tuple[Limit, ...]) -> tuple[Limit, ...]:
    """The gates of a call: those around it, and before them the limit of what is below it, if there is one.

    Args:
        flow: the number of the call's future.
        label: what it is called.
        size: how many tasks may run at once below it.
        around: the gates around it, or those of an earlier attempt: of the same size, the same limit goes on.

    Example:
        >>> gates = gates_of(3, "order#3", 2, ())
        >>> gates[0].reason
        'limit order#3 (2 at once)'
        >>> gates_of(3, "order#3", 2, gates) is gates, gates_of(3, "order#3", None, gates)
        (True, ())
    """
    if around and isinstance(around[0], Below) and around[0].flow == flow:
        if around[0].size == size:
            return around
        around = around[1:]
    return around if size is None else (Below(flow, label, size), *around)


class Rate:
    """A token bucket: ``count`` tokens, filled ``count`` in each ``period`` seconds."""

    def __init__(self, name: str, count: int, period: float, clock: Clock) -> None:
        self.name, self._gap, self._clock = name, period / count, clock
        self._size = float(count)
        self._tokens = self._size
        self._filled = clock.now()
        self._queue: deque[Queuer] = deque()
        self._lock = threading.Lock()
        self._planned = False

    def __str__(self) -> str:
        return f"rate {self.name}"

    def enter(self, who: Queuer) -> bool:
        """Take a token, or queue for one."""
        with self._lock:
            self._fill()
            if self._tokens >= 1.0 and not self._queue:
                self._tokens -= 1.0
                return True
            self._queue.append(who)
            self._plan()
            return False

    def _fill(self) -> None:
        now = self._clock.now()
        self._tokens = min(self._size, self._tokens + (now - self._filled) / self._gap)
        self._filled = now

    def _plan(self) -> None:
        if not self._planned:
            self._planned = True
            self._clock.call_later(max(0.0, (1.0 - self._tokens) * self._gap), self._serve)

    def _serve(self) -> None:
        granted: list[Queuer] = []
        with self._lock:
            self._planned = False
            self._fill()
            # A timer that rings a hair too early must not leave the queue standing.
            while self._queue and self._tokens >= 1.0 - 1e-6:
                who = self._queue.popleft()
                if who.wants_permit():
                    self._tokens -= 1.0
                    granted.append(who)
            if self._queue:
                self._plan()
        for who in granted:
            who.permit_granted(None)
