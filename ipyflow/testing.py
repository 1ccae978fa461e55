"""For tests of ipyflow and of code that uses it: a clock set by hand, an engine of one's own, its log.

Example:
    >>> import ipyflow as fl
    >>> from ipyflow.testing import engine
    >>> @fl.task(delay=3600)
    ... def later():
    ...     return "done"
    >>> with engine(inline=True) as lab:
    ...     future = later.submit()
    ...     lab.clock.advance(3600)
    ...     future.result(timeout=0)
    'done'
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ipyflow.engine import default
from ipyflow.engine.run import Run
from ipyflow.engine.scheduler import Engine
from ipyflow.model.ports import Timer
from ipyflow.model.records import Record
from ipyflow.model.run import check_invariants
from ipyflow.session import Settings, make_engine, remember
from ipyflow.views.presenter import StaticPresenter

_EPOCH = 1_700_000_000.0


class _ManualTimer:
    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class ManualClock:
    """A clock that stands still until told: :meth:`advance` fires what falls due, in order.

    Each look at the clock moves it by ``tick`` seconds (0 by default).
    """

    def __init__(self, tick: float = 0.0) -> None:
        self._now = 0.0
        self._tick = tick
        self._plans: list[tuple[float, int, _ManualTimer]] = []
        self._order = itertools.count()
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since the clock was made."""
        self._now += self._tick
        return self._now

    def wall(self) -> float:
        """The same instant in seconds since the epoch; the clock was made in November 2023."""
        return _EPOCH + self._now

    def call_later(self, delay: float, callback: Callable[[], object]) -> Timer:
        """Plan ``callback`` for ``delay`` seconds from now; it runs on the thread that advances the clock."""
        timer = _ManualTimer(callback)
        with self._lock:
            heapq.heappush(self._plans, (self._now + delay, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Move the clock on and fire what falls due meanwhile."""
        target = self._now + seconds
        while True:
            with self._lock:
                if not self._plans or self._plans[0][0] > target + 1e-9:
                    break
                due, _, timer = heapq.heappop(self._plans)
            self._now = max(self._now, due)
            callback, timer.callback = timer.callback, None
            if callback is not None:
                callback()
        self._now = max(self._now, target)

    @property
    def planned(self) -> int:
        """How many timers wait."""
        with self._lock:
            return sum(1 for _, _, timer in self._plans if timer.callback is not None)


class Lab:
    """An engine in a test, with its clock.

    Attributes:
        engine: the engine; tasks submit to it while the ``with`` block lasts.
        clock: its :class:`ManualClock`, or the real one.
    """

    def __init__(self, engine: Engine, clock: ManualClock) -> None:
        self.engine, self.clock = engine, clock

    @property
    def runs(self) -> list[Run]:
        """The runs so far, oldest first."""
        return list(self.engine.runs)

    @property
    def records(self) -> list[Record]:
        """The records of all runs, run after run."""
        return [record for run in self.runs for record in run.log]

    def settled(self, timeout: float = 10.0) -> None:
        """Wait until every task so far has ended.

        Raises:
            AssertionError: not within ``timeout`` seconds; names those that have not.
        """
        for run in self.runs:
            assert run.wait(timeout), f"not ended after {timeout} s: {run.engine.unfinished()}"

    def check(self) -> None:
        """Check the invariants of every run."""
        for run in self.runs:
            check_invariants(run.snapshot())


@contextmanager
def engine(
    threads: int = 4, inline: bool = False, manual: bool | None = None, log_limit: int | None = None, seed: int = 0,
    processes: int = 2, dask: Any = None, database: Any = None, keep_results: bool = False,
) -> Iterator[Lab]:  # fmt: skip
    """An engine of its own for the ``with`` block; its invariants are checked at the end.

    Args:
        threads: bodies that run at once on threads.
        inline: run the work of threads on the thread that submits it.
        manual: use a :class:`ManualClock`; by default when ``inline``.
        log_limit: records kept for each run.
        seed: for the random pauses of retries.
        processes: bodies that run at once in worker processes.
        dask: the client, or the address, of the cluster for ``executor="dask"``.
        database: where runs and results are kept; by default nowhere.
        keep_results: whether the values of all tasks are kept.
    """
    manual = inline if manual is None else manual
    clock = ManualClock()
    settings = Settings(
        threads=threads, processes=processes, dask=dask, log_limit=log_limit, database=database,
        keep_results=keep_results,
    )  # fmt: skip
    made, executors = make_engine(settings, StaticPresenter(), clock if manual else None, seed=seed, inline=inline)
    made.can_ask = lambda: True
    store = remember(made, settings)
    before = default.install(made)
    lab = Lab(made, clock)
    try:
        yield lab
        lab.check()
    finally:
        default.install(before)
        for run in lab.runs:
            run.cancel()
        made.accepting = False
        executors.shutdown(False)
        made.loop.stop()
        if store is not None:
            store.close()


__all__ = ["Lab", "ManualClock", "engine"]
