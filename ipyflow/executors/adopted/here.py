"""An adopted executor that runs things in this very interpreter: bodies run in its threads as they are.

Owns: which work waits in the executor's queue, how many bodies run in its threads, how many of these stand in a wait.
Called by: any thread, and the executor's own. Guarantees: a body that waits does not keep what it waits for from
running: where all bodies of ours stand in waits and work is queued behind them, a thread stands in.

The executor is handed a number, which any pickler carries: some pickle even what stays in the process.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import itertools
import logging
import threading
from typing import Any

from ipyflow.executors.adopted.there import given_up, refusal
from ipyflow.model.ports import Work

STALL_SECONDS = 0.05
"""So long may all bodies of ours wait, with work queued, before a thread stands in though the executor seems to have
threads left: others may have them."""

_given: dict[int, tuple[Here, Work]] = {}
_numbers = itertools.count(1)
_NEITHER: tuple[int, None] = (0, None)


def run_here(number: int) -> None:
    """What the executor runs."""
    given = _given.pop(number, None)
    if given is not None:
        given[0].run(given[1], threading.current_thread().name)


class Here:
    """The way to the executor's threads; see the module.

    Args:
        pool: the executor.
        name: of its class.
        size: how many threads it has, if it tells.
        at_once: it runs what it is given before ``submit`` returns.
    """

    def __init__(self, pool: concurrent.futures.Executor, name: str, size: int | None, at_once: bool) -> None:
        self.pool, self.name, self.size, self.at_once = pool, name, size, at_once
        self._lock = threading.Lock()
        self._queued: dict[Work, tuple[int, concurrent.futures.Future[None] | None]] = {}
        self._running = self._away = self._started = 0
        self._watching = False

    def dispatch(self, work: Work) -> None:
        """Hand it to the executor."""
        number = next(_numbers)
        _given[number] = (self, work)
        with self._lock:
            self._queued[work] = number, None
        try:
            with work.over_another() if self.at_once else contextlib.nullcontext():
                future = self.pool.submit(run_here, number)
        except Exception as error:
            if _given.pop(number, None) is not None:
                self._forget(work)
                work.remote.failed(refusal(self.name, work.label, error))
            return
        with self._lock:
            if work in self._queued:
                self._queued[work] = number, future
        future.add_done_callback(functools.partial(self._ended, number, work))
        if self._away:
            self._stand_in()

    def run(self, work: Work, label: str) -> None:
        """Run it on this thread, which is the executor's or stands in for one."""
        with self._lock:
            self._queued.pop(work, None)
            self._running += 1
            self._started += 1
        try:
            following: Any = work.run(label)
            while following is not None and getattr(following.executor, "pool", None) is self.pool:
                following = following.run(label)
        finally:
            with self._lock:
                self._running -= 1
        if following is not None:
            following.executor.dispatch(following)

    def _forget(self, work: Work) -> None:
        with self._lock:
            self._queued.pop(work, None)

    def _ended(self, number: int, work: Work, future: concurrent.futures.Future[None]) -> None:
        """The executor is done with it; where it never ran it, nobody else will."""
        error = "cancelled" if future.cancelled() else future.exception()
        if _given.pop(number, None) is not None:
            self._forget(work)
            work.remote.failed(given_up(self.name, work.label, error))
        elif isinstance(error, BaseException):
            logging.getLogger(__name__).error("%s: %s was left unfinished", self.name, work.label, exc_info=error)

    def cancel(self, work: Work) -> None:
        """Take it out of the executor's queue."""
        _, future = self._queued.get(work, _NEITHER)
        if future is not None:
            future.cancel()

    def abandon(self, work: Work) -> None:
        """The executor has its thread back when the body returns."""

    def forget(self) -> None:
        """In a forked child."""
        self._lock = threading.Lock()
        self._queued = {}

    # Bodies that wait.

    def blocked(self) -> None:
        """A body begins to wait."""
        with self._lock:
            self._away += 1
        self._stand_in()

    def unblocked(self) -> None:
        """A body goes on."""
        with self._lock:
            self._away -= 1

    def _stand_in(self) -> None:
        """If all bodies of ours wait and others are queued, have a thread run one of these."""
        with self._lock:
            if not self._stuck():
                return
            sure = self.size is not None and self._away >= self.size
            if not sure:
                if not self._watching:
                    self._watching = True
                    timer = threading.Timer(STALL_SECONDS, self._look_again, (self._started,))
                    timer.daemon, timer.name = True, f"{self.name}-stand-in"
                    timer.start()
                return
        threading.Thread(target=self._serve, name=f"{self.name}-stand-in", daemon=True).start()

    def _stuck(self) -> bool:
        return bool(self._queued) and self._away > 0 and self._running <= self._away

    def _look_again(self, started: int) -> None:
        with self._lock:
            self._watching = False
            stuck = self._stuck() and self._started == started
        if stuck:
            self._serve()
        else:
            self._stand_in()

    def _serve(self) -> None:
        """Run queued work while all bodies wait."""
        while True:
            with self._lock:
                if not self._stuck():
                    return
                work = next(iter(self._queued))
                number, future = self._queued.pop(work)
            if _given.pop(number, None) is not None:
                if future is not None:
                    future.cancel()  # the executor need not take it any more
                self.run(work, threading.current_thread().name)
