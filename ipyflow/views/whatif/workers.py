"""The workers of a replay: who has one, who waits for one, and who is next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

HANDS_ON = frozenset({"threads"})
"""Pools whose workers go on with what became ready by what they have ended, before all that is queued, and where a body
that waits for a child which is queued runs it itself."""


class Workers:
    """The workers of all pools. A task is known by its number in the trace.

    Args:
        sizes: by pool, how many there are.
        wake: called with a task that has a worker now, and the one because of which.
    """

    def __init__(self, sizes: dict[str, int], wake: Callable[[int, int], None]) -> None:
        self._sizes, self._wake = sizes, wake
        self._active = dict.fromkeys(sizes, 0)
        self.peak = 0
        self._held = dict.fromkeys(sizes, 0)
        """Workers that have a body, those with one that waits too."""
        self._begun = dict.fromkeys(sizes, 0)
        """Workers that have had a task."""
        self._queues: dict[str, deque[int]] = {pool: deque() for pool in sizes}
        self._queued: set[int] = set()
        """Who is in a queue; what is in one and not here was run by who waits for it."""
        self._offers: list[str] = []
        """Pools of which a worker looks for what it goes on with."""
        self._hosts: dict[int, int] = {}
        """Who is run by whom."""
        self._has_back: set[int] = set()
        """Who has its worker back from what it has run."""

    def take(self, task: int, pool: str) -> bool:
        """Give a task a worker; False when it is queued."""
        if pool in self._offers:
            self._offers.remove(pool)
        elif self._active[pool] >= self._sizes[pool] or self._queues[pool]:
            self._queues[pool].append(task)
            self._queued.add(task)
            return False
        self._held[pool] += 1
        self._enter(pool)
        return True

    def is_first(self, pool: str) -> bool:
        """Whether a worker that begins has had no task before."""
        first = self._begun[pool] < self._held[pool]
        self._begun[pool] += first
        return first

    def lend(self, task: int, pool: str, signals: tuple[int, ...]) -> None:
        """A body begins to wait for these: its worker runs the only one if that is queued, else it is free."""
        child = signals[0] if len(signals) == 1 and pool in HANDS_ON else -1
        if child in self._queued:
            self._queued.discard(child)
            self._hosts[child] = task
            self._wake(child, task)
        else:
            self._active[pool] -= 1
            self._serve(pool)

    def resume(self, task: int, pool: str) -> None:
        """A body goes on, whether there is a worker too many then or not."""
        if task in self._has_back:
            self._has_back.discard(task)
        else:
            self._enter(pool)

    def free(self, task: int, pool: str) -> None:
        """A body has ended."""
        host = self._hosts.pop(task, None)
        if host is not None:
            self._has_back.add(host)
            return
        self._held[pool] -= 1
        self._active[pool] -= 1
        if pool in HANDS_ON:
            self._offers.append(pool)
        else:
            self._serve(pool)

    def settle(self) -> bool:
        """Nobody else moves at this instant: a worker that still looks takes from the queue. False when none looks."""
        if not self._offers:
            return False
        self._serve(self._offers.pop(0))
        return True

    def force(self) -> bool:
        """Let the first that is queued begin all the same; False where none is."""
        for pool, queue in self._queues.items():
            while queue:
                task = queue.popleft()
                if task in self._queued:
                    self._begin(task, pool)
                    return True
        return False

    def _serve(self, pool: str) -> None:
        queue = self._queues[pool]
        while queue and self._active[pool] < self._sizes[pool]:
            task = queue.popleft()
            if task in self._queued:
                self._begin(task, pool)

    def _begin(self, task: int, pool: str) -> None:
        self._queued.discard(task)
        self._held[pool] += 1
        self._enter(pool)
        self._wake(task, task)

    def _enter(self, pool: str) -> None:
        self._active[pool] += 1
        self.peak = max(self.peak, self._active[pool])
