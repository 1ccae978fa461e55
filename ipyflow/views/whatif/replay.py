"""Play a trace again, with as many workers as one likes: who is ready first gets the next free one, as in the engine.

A body that waits for other tasks gives its worker and its permits to others meanwhile, and goes on at once when what it
waits for is there; limits and rates are kept. Nothing is measured here: each body takes as long as it took.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from heapq import heappop, heappush

from ipyflow.views.whatif.acts import (
    FREE,
    GIVE,
    HAND,
    LEAVE,
    LEND,
    NEEDS,
    PAUSE,
    RATE,
    RESUME,
    RETAKE,
    RUN,
    SKIP,
    SLOT,
    TAKE,
    Act,
    Trace,
)
from ipyflow.views.whatif.workers import Workers

UNLIMITED = 1 << 60


@dataclass(slots=True)
class Played:
    """How it went: seconds to the end of the last task, and the chain of those that decided it."""

    seconds: float
    peak: int
    """Bodies that had a worker at once, at most."""
    chain: list[tuple[int, float, float]] = field(default_factory=list)
    """From when to when it was which task's turn, first to last; the tasks as numbered in the trace."""


def play(trace: Trace, workers: int | None, *, limits: bool = True, own: bool = False, tell: bool = False) -> Played:
    """Play a trace again.

    Args:
        trace: what happened.
        workers: how many of each kind there are; ``None`` for as many as can be used.
        limits: whether limits and rates are kept, and a worker's first task takes longer to begin.
        own: as many as each pool had; ``workers`` is not looked at.
        tell: whether to find the chain too.

    Example:
        >>> play(Trace(), 4).seconds
        0.0
    """
    size = UNLIMITED if workers is None else workers
    return _Replay(trace, trace.pools if own else dict.fromkeys(trace.pools, size), limits, tell).run()


class _Replay:
    def __init__(self, trace: Trace, sizes: dict[str, int], limits: bool, tell: bool) -> None:
        count = len(trace.ids)
        self.trace, self.scripts, self.tell, self.warm = trace, trace.scripts, tell, not limits
        self.now, self.over, self.left, self.last = 0.0, 0.0, count, 0
        self.place = [0] * count
        self.wants = [0] * count
        """How many signals a task still waits for."""
        self.given = bytearray(trace.signals)
        self.waiters: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.ready: deque[tuple[int, int]] = deque()
        """Who goes on now, and because of whom."""
        self.woken: list[list[tuple[float, int]]] = [[] for _ in range(count)] if tell else []
        self.heap: list[tuple[float, int, int]] = []
        self.pushed = 0
        self.workers = Workers(sizes, lambda task, by: self.ready.append((task, by)))
        self.free = dict(trace.limits) if limits else dict.fromkeys(trace.limits, UNLIMITED)
        self.stands: dict[str, deque[int]] = {name: deque() for name in trace.limits}
        self.buckets = {name: (float(size), 0.0) for name, (size, _) in trace.rates.items()} if limits else {}

    def run(self) -> Played:
        for task in range(len(self.scripts)):
            self._go(task)
            self._drain()
        while self.left:
            if self.heap:
                self.now, _, task = heappop(self.heap)
                self._go(task)
            elif not self._unstick():
                break
            self._drain()
        return Played(self.over, self.workers.peak, self._chain() if self.tell and self.scripts else [])

    def _drain(self) -> None:
        ready = self.ready
        while ready or self.workers.settle():
            if not ready:
                continue
            task, by = ready.popleft()
            if self.tell:
                self.woken[task].append((self.now, by))
            self._go(task)

    def _go(self, task: int) -> None:
        """Do what a task does next, until it takes time or has to wait."""
        script, place = self.scripts[task], self.place
        while place[task] < len(script):
            act = script[place[task]]
            place[task] += 1
            if not self._do(task, act):
                return
        self.left -= 1
        if self.now >= self.over:
            self.over, self.last = self.now, task

    def _do(self, task: int, act: Act) -> bool:
        """Do one act; False when the task goes on later."""
        kind, what = act[0], act[1]
        if kind in (RUN, PAUSE):
            if what <= 0.0:
                return True
            self._later(self.now + what, task)
            return False
        if kind == GIVE:
            self._give(what, task)
            return True
        if kind == SKIP:
            if sum(self.given[signal] for signal in what) >= act[2]:
                self.place[task] += act[3]
            return True
        if kind == NEEDS:
            return self._needs(task, what, act[2])
        if kind == SLOT:
            return self.workers.take(task, what)
        if kind == HAND:
            usual, first = self.trace.handing[what]
            self._later(self.now + (first if self.workers.is_first(what) and not self.warm else usual), task)
            return False
        if kind == RESUME:
            self.workers.resume(task, what)
            return True
        if kind == LEND:
            self.workers.lend(task, what, act[2])
            return True
        if kind == FREE:
            self.workers.free(task, what)
            return True
        if kind in (TAKE, RETAKE):
            if self.free[what] > 0:
                self.free[what] -= 1
                return True
            queue = self.stands[what]
            queue.append(task) if kind == TAKE else queue.appendleft(task)
            return False
        if kind == LEAVE:
            if self.stands[what]:
                self.ready.append((self.stands[what].popleft(), task))
            else:
                self.free[what] += 1
            return True
        assert kind == RATE
        return self._rate(task, what)

    def _later(self, time: float, task: int) -> None:
        self.pushed += 1
        heappush(self.heap, (time, self.pushed, task))

    def _needs(self, task: int, signals: tuple[int, ...], number: int) -> bool:
        missing = [signal for signal in signals if not self.given[signal]]
        number -= len(signals) - len(missing)
        if number <= 0:
            return True
        self.wants[task] = number
        for signal in missing:
            self.waiters[signal].append((task, self.place[task]))
        return False

    def _give(self, signal: int, by: int) -> None:
        if self.given[signal]:
            return
        self.given[signal] = 1
        for task, place in self.waiters.pop(signal, ()):
            if self.place[task] != place or self.wants[task] == 0:  # it has gone on without
                continue
            self.wants[task] -= 1
            if self.wants[task] == 0:
                self.ready.append((task, by))

    def _rate(self, task: int, name: str) -> bool:
        """A token bucket whose tokens may be taken in advance: who comes too early waits until its own is there."""
        if name not in self.buckets:
            return True
        size, period = self.trace.rates[name]
        tokens, filled = self.buckets[name]
        tokens = min(float(size), tokens + (self.now - filled) * size / period) - 1.0
        self.buckets[name] = (tokens, self.now)
        if tokens >= -1e-9:
            return True
        self._later(self.now - tokens * period / size, task)
        return False

    def _unstick(self) -> bool:
        """Nothing moves: in another order a permit may have gone to one that waits for another. Let the first go on."""
        for name, queue in self.stands.items():
            if queue:
                task = queue.popleft()
                self.free[name] -= 1
                self.ready.append((task, task))
                return True
        if self.workers.force():
            return True
        for task, wants in enumerate(self.wants):
            if wants:
                self.wants[task] = 0
                self.ready.append((task, task))
                return True
        return False

    def _chain(self) -> list[tuple[int, float, float]]:
        """Walk back from the end, always to what let a task go on."""
        out: list[tuple[int, float, float]] = []
        task, time = self.last, self.over
        while True:
            woken = self.woken[task]
            while woken and woken[-1][0] > time:
                woken.pop()
            if not woken:
                out.append((task, 0.0, time))
                return out[::-1]
            begin, by = woken.pop()
            if begin < time:
                out.append((task, begin, time))
            task, time = by, begin
