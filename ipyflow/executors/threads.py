"""Work runs on a small pool of threads that never starves.

Owns: the worker threads and the queue of ready work. Called by: any thread (``dispatch``), its own workers.
Guarantees: first come, first served; at most ``size`` bodies run at once, not counting those that wait for other
tasks or were given up; while there is work and a free slot, some worker is awake.

Waking a sleeping thread costs more than a small task, so at most one is woken at a time: a worker that takes work
and sees more of it wakes the next. The queue is a ``deque`` whose ``append`` and ``popleft`` are atomic, with and
without the interpreter lock; counts of workers change under a lock, but only when a worker starts, waits or goes.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable

from ipyflow.model.ports import Work

SPARE = 32
"""Threads that may stand in for blocked ones before a wait has to run its child itself."""
IDLE_SECONDS = 10.0
"""A thread beyond the pool's size goes after so long without work."""
STALL_SECONDS = 0.05
"""So long may all threads stand blocked, with work queued and no more spare, before one more is started."""
MOMENT_SECONDS = 0.001
"""So long has a body to wait for its child, and so run it, before another worker is called; see ``dispatch``."""


class _Worker(threading.Thread):
    """A thread of the pool, and the lock it sleeps on."""

    def __init__(self, pool: ThreadExecutor, number: int) -> None:
        super().__init__(name=f"ipyflow-thread-{number}", daemon=True)
        self.pool = pool
        self.label = f"thread-{number}"
        self.bell = threading.Lock()
        self.bell.acquire()
        self.asleep = False
        self.starter = threading.get_ident()

    def run(self) -> None:
        self.pool.serve(self)


class ThreadExecutor:
    """A pool of ``size`` threads.

    Args:
        size: bodies that run at once.
        call_later: plans a call, in seconds; used only to look whether the pool is stuck.
    """

    name = "threads"
    remote = keeps = False

    def __init__(self, size: int, call_later: Callable[[float, Callable[[], object]], object]) -> None:
        self.size = size
        self._call_later = call_later
        self._ready: deque[Work] = deque()
        self._idle: list[_Worker] = []
        self._searching = False
        self._lock = threading.Lock()
        self._workers: set[_Worker] = set()
        self._numbers: list[int] = []
        self._away = 0
        """Workers whose body waits for other tasks, or was given up."""
        self._room = True
        """True while one more worker may be started; see :meth:`_count`."""
        self._given_up: set[Work] = set()
        self._returned_early: set[Work] = set()
        self._stall_watch = False
        self._moment = False
        self._finished = 0
        self._down = False

    def dispatch(self, work: Work) -> None:
        """Queue it, and see that a worker comes for it."""
        self._ready.append(work)
        if (self._idle or self._room) and not self._searching:
            if self._away >= self.size and isinstance(threading.current_thread(), _Worker):
                self._call_in_a_moment()
            else:
                self._call_worker()

    def _call_in_a_moment(self) -> None:
        """Call a worker for what a body has submitted, unless it runs that itself by waiting for it.

        Where so many bodies stand in waits, the chain is deep: each child that another worker takes costs one more
        thread, so the parent gets the first chance.
        """
        if not self._moment:
            self._moment = True
            self._call_later(MOMENT_SECONDS, self._moment_is_over)

    def _moment_is_over(self) -> None:
        self._moment = False
        if self._ready and not self._searching:
            self._call_worker()

    def follow(self, work: Work) -> Work | None:
        """Hand it back: the thread that ends other work goes on with it."""
        return work

    def _call_worker(self) -> None:
        """Wake an idle worker, or start one if there is a slot."""
        try:
            worker = self._idle.pop()
        except IndexError:
            if self._room:
                self._start()
            return
        self._searching = True
        try:
            worker.bell.release()
        except RuntimeError:
            pass  # mend has rung it already

    def _start(self, beyond: bool = False) -> None:
        with self._lock:
            if self._down:
                return
            full = len(self._workers) - self._away >= self.size
            if not beyond and (full or len(self._workers) >= self.size + SPARE + len(self._given_up)):
                if not full:
                    self._watch_for_stall()
                return
            number = next(n for n in itertools.count(1) if n not in self._numbers)
            self._numbers.append(number)
            worker = _Worker(self, number)
            self._workers.add(worker)
            self._searching = True
            self._count()
            # Under the lock: whoever shuts the pool down meanwhile waits for workers whose threads are there.
            try:
                worker.start()
            except RuntimeError:  # the interpreter is going, or the machine gives no more threads
                self._workers.discard(worker)
                self._numbers.remove(number)
                self._searching = False
                self._count()
                if not self._workers:
                    raise

    def _count(self) -> None:
        """Bring ``_room`` up to date after a change of the counts; under the lock."""
        self._room = len(self._workers) - self._away < self.size and not self._down

    def serve(self, me: _Worker) -> None:
        """A worker's life."""
        ready, idle = self._ready, self._idle
        while True:
            try:
                work: Work | None = ready.popleft()
            except IndexError:
                if not self._sleep(me):
                    return
                continue
            self._searching = False
            if ready and (idle or self._room):
                self._call_worker()
            while work is not None:
                work = work.run(me.label)
            self._finished += 1
            if len(self._workers) - self._away > self.size and self._retire(me, only_if_crowded=True):
                return

    def _sleep(self, me: _Worker) -> bool:
        """Wait to be called; False when the worker should go."""
        self._idle.append(me)
        self._searching = False
        # Work, or the end, that came between the last look and the entry in the idle list called nobody: look again.
        called = False
        if not self._ready and not self._down:
            me.asleep = True
            called = me.bell.acquire(timeout=-1 if len(self._workers) <= self.size else IDLE_SECONDS)
            me.asleep = False
            if called and me in self._idle:
                self._leave_idle(me)  # rung by mend, called by nobody
            if called and not self._down:
                return True
        if not called and not self._leave_idle(me):
            me.bell.acquire()  # somebody has called this worker meanwhile
            called = True
        if self._ready or (called and not self._down):
            return True
        return not self._retire(me)

    def _leave_idle(self, me: _Worker) -> bool:
        try:
            self._idle.remove(me)
        except ValueError:
            return False
        return True

    def _retire(self, me: _Worker, only_if_crowded: bool = False) -> bool:
        with self._lock:
            if only_if_crowded and len(self._workers) - self._away <= self.size:
                return False
            self._workers.discard(me)
            self._numbers.remove(int(me.label.removeprefix("thread-")))
            self._count()
            return True

    # What the engine says of running bodies.

    def blocked(self, work: Work) -> None:
        """The body waits: another worker may take its slot."""
        with self._lock:
            self._away += 1
            self._count()
        if self._ready and not self._searching:
            self._call_worker()

    def unblocked(self, work: Work) -> None:
        """The body goes on; a worker too many goes when it has nothing to do."""
        with self._lock:
            self._away -= 1
            self._count()

    def cancel(self, work: Work) -> None:
        """A thread cannot be stopped from outside: the body sees ``current().cancelled``."""

    def abandon(self, work: Work) -> None:
        """Its slot is free from now on, and its thread one too many until the body returns."""
        with self._lock:
            if work in self._returned_early:
                self._returned_early.discard(work)
                return
            self._given_up.add(work)
            self._away += 1
            self._count()
        if self._ready and not self._searching:
            self._call_worker()

    def returned(self, work: Work) -> None:
        """A body that was given up, or is just about to be, has returned."""
        with self._lock:
            if work in self._given_up:
                self._given_up.discard(work)
                self._away -= 1
                self._count()
            else:
                self._returned_early.add(work)

    def crowded(self) -> bool:
        """True when no more threads may stand in for blocked ones."""
        return len(self._workers) >= self.size + SPARE + len(self._given_up)

    def _watch_for_stall(self) -> None:
        """All threads are blocked and no more may come: if nothing moves for a while, one more comes after all.

        Only a wait for something that is itself behind queued work can get here; the rest run their child themselves.
        """
        if self._stall_watch:
            return
        self._stall_watch = True
        finished = self._finished

        def look() -> None:
            self._stall_watch = False
            if self._ready and not self._down:
                stuck = self._finished == finished and len(self._workers) - self._away <= 0
                if stuck:
                    self._start(beyond=True)
                else:
                    self._call_worker()

        self._call_later(STALL_SECONDS, look)

    def mend(self) -> None:
        """A worker may have been called and its bell not rung, or nobody called at all."""
        with self._lock:
            for worker in [w for w in self._workers if w.starter == threading.get_ident() and not w.is_alive()]:
                self._workers.discard(worker)
                self._numbers.remove(int(worker.label.removeprefix("thread-")))
            self._count()
            called = [worker for worker in self._workers if worker.asleep and worker not in self._idle]
        for worker in called:
            try:
                worker.bell.release()
            except RuntimeError:
                pass  # it was rung after all
        self._searching = False
        if self._ready:
            self._call_worker()

    def forget(self) -> None:
        """Threads do not come along into a fork."""

    def shutdown(self, wait: bool) -> None:
        """Let the workers go when they have nothing left; with ``wait``, wait for those that can end."""
        with self._lock:
            self._down = True
            self._count()
            workers = list(self._workers)
        while self._idle:
            try:
                self._idle.pop().bell.release()
            except IndexError:
                break
        if wait:
            for worker in workers:
                if worker is not threading.current_thread():
                    worker.join()


def default_size(cores: int | None) -> int:
    """Threads of a pool that nobody has given a size: as many as cores and four, 32 at most."""
    return min(32, (cores or 1) + 4)
