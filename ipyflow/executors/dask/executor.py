"""Work runs on a Dask cluster: one's own, or one that is started on this machine.

Owns: the attempts that are on the cluster, and one thread that connects, submits, cancels, and looks after them.
Called by: any thread (``dispatch``, ``cancel``); tells the engine of ends on threads of its own, never on the client's
loop, as callbacks may use the client. Guarantees: ``dispatch`` never waits, not even for a cluster to start; an attempt
whose worker, scheduler or connection is lost ends in ``WorkerLost``, and Dask does not run it again; a value that is
large stays on the cluster until somebody asks for it.
"""

from __future__ import annotations

import importlib
import itertools
import logging
import re
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ipyflow.errors import ExecutorUnavailable
from ipyflow.executors.dask.flight import Flight
from ipyflow.executors.dask.hearing import Hearing
from ipyflow.model.ports import Work
from ipyflow.wire.pickling import Packer

if TYPE_CHECKING:
    from ipyflow.executors.dask.cluster import Cluster

LOOK = 0.25
"""Seconds between two looks whether Dask has given up on something without a word."""


class DaskExecutor(Packer):
    """See the module.

    Args:
        target: a client, the address of a scheduler, or ``None`` for the client of now, else a cluster of this machine.
        say: prints a line.
    """

    name = "dask"
    remote = True
    keeps = True

    def __init__(self, target: Any = None, say: Callable[[str], object] = print) -> None:
        super().__init__()
        self._target, self._say = target, say
        self._token = uuid.uuid4().hex[:8]
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        self._queue: deque[Flight] = deque()
        self._to_cancel: list[Flight] = []
        self._flights: dict[str, Flight] = {}
        self._by_work: dict[Work, Flight] = {}
        self._cluster: Cluster | None = None
        self._thread: threading.Thread | None = None
        self._looked = 0.0
        self._down = False
        self._hearing = Hearing(self._flights, self)
        self._hands = self._hearing.hands

    # Work comes.

    def dispatch(self, work: Work) -> None:
        """Queue it for the thread."""
        flight = Flight(work, self._key(work), work.level)
        with self._changed:
            self._by_work[work] = flight
            self._queue.append(flight)
            if self._thread is None:
                self._start()
            self._changed.notify()

    def _start(self) -> None:
        if not self._down:
            self._thread = threading.Thread(target=self._serve, name="ipyflow-dask", daemon=True)
            self._thread.start()

    def _key(self, work: Work) -> str:
        """A new key for Dask, which groups tasks by what is before the first number: its dashboard shows that."""
        name = re.sub(r"\W", "_", work.label.partition("#")[0])
        return f"{name}-{next(self._numbers)}-{self._token}-ipyflow"

    def again(self, flight: Flight) -> None:
        """Dask has not taken it, as what it was given had gone: it is packed anew."""
        with self._changed:
            if self._flights.pop(flight.key, None) is None:
                return
            flight.key, flight.tries, flight.future = self._key(flight.work), flight.tries + 1, None
            self._queue.append(flight)
            self._changed.notify()

    def follow(self, work: Work) -> Work | None:
        """Queue it."""
        self.dispatch(work)
        return None

    def cancel(self, work: Work) -> None:
        """Take it off the cluster; a body that runs there is told to stop, as a thread cannot be killed."""
        with self._changed:
            flight = self._by_work.get(work)
        if flight is not None and not flight.is_stopped:
            self.stop(flight)

    def stop(self, flight: Flight) -> None:
        """Nobody has a use for its outcome."""
        with self._changed:
            flight.is_stopped = True
            self._to_cancel.append(flight)
            self._changed.notify()

    # The thread.

    def _serve(self) -> None:
        goes_on = True
        while goes_on:
            try:
                goes_on = self._round()
            except Exception:  # of Dask's inside: what is lost by it is found at the next look
                logging.getLogger(__name__).exception("the thread that looks after Dask goes on after an error")
        self._close()

    def _round(self) -> bool:
        """Wait until there is something to do, and do it; False when there will be nothing more."""
        with self._changed:
            while not (self._queue or self._to_cancel or self._down or self._is_time()):
                self._changed.wait(LOOK if self._flights else None)
            flights, self._queue = list(self._queue), deque()
            cancelled, self._to_cancel = self._to_cancel, []
            if self._down and not flights and not cancelled:
                return False
        self._submit([flight for flight in flights if not flight.is_stopped])
        self._cancel(cancelled)
        if self._is_time():
            self._look()
            strays = self._hearing.strays()
            if strays and self._cluster is not None:
                self._cluster.drop(strays)
        return True

    def _is_time(self) -> bool:
        return bool(self._flights) and time.monotonic() - self._looked >= LOOK

    def look_soon(self) -> None:
        """Look at the attempts: something was said that makes it worth while."""
        self._looked = 0.0
        with self._changed:
            self._changed.notify()

    def _submit(self, flights: list[Flight]) -> None:
        if not flights:
            return
        try:
            cluster = self._connected()
        except Exception as error:
            self._hands.post([(flight, ("!failed", _anew(error))) for flight in flights])
            return
        with self._changed:
            self._flights.update({flight.key: flight for flight in flights})
        try:
            said = cluster.submit(flights)
        except Exception as error:
            why = f"the Dask cluster did not take it ({type(error).__name__}: {error})"
            said = [(flight, ("!lost", why)) for flight in flights if flight.future is None]
        self._hands.post(said)

    def _connected(self) -> Cluster:
        """The cluster; found, or started, if there is none, or it was closed."""
        cluster = self._cluster
        if cluster is not None and cluster.is_open():
            cluster.refresh()
            return cluster
        self._look()
        if cluster is not None:
            cluster.close()
            self._cluster = None
        try:
            module = importlib.import_module("ipyflow.executors.dask.cluster")
        except ImportError as error:
            raise ExecutorUnavailable(f"executor='dask' cannot be used: {error}") from error
        cluster = module.Cluster(self._target, self._say, f"ipyflow-{self._token}", self._hearing)
        self._cluster = cluster
        return cluster  # type: ignore[no-any-return]

    def _cancel(self, flights: list[Flight]) -> None:
        cluster = self._cluster
        if not flights or cluster is None:
            return
        futures = [flight.future for flight in flights if flight.future is not None]
        for flight in flights:
            if flight.has_begun:
                cluster.post.send(flight.address, flight.key, ("stop",))
            else:
                self.strike(flight)
        cluster.cancel(futures)

    def _look(self) -> None:
        """Find what will never be heard of again."""
        self._looked = time.monotonic()
        cluster = self._cluster
        if cluster is not None and self._flights:
            self._hands.post(cluster.lost(list(self._flights.values())))

    def strike(self, flight: Flight) -> None:
        """It has ended, or will never begin."""
        with self._changed:
            flight.is_over = True
            self._flights.pop(flight.key, None)
            self._by_work.pop(flight.work, None)
        flight.future, flight.holds = None, ()

    # What the engine says of running bodies: they leave their slots by themselves.

    def abandon(self, work: Work) -> None:
        """It was told to stop; its slot is free when it does."""

    def returned(self, work: Work) -> None:
        """It was heard."""

    def blocked(self, work: Work) -> None:
        """The worker knows."""

    def unblocked(self, work: Work) -> None:
        """The worker knows."""

    def crowded(self) -> bool:
        """Never: a body runs no other inside of it."""
        return False

    def mend(self) -> None:
        """A dispatch was interrupted: see that what is queued goes on."""
        with self._changed:
            if self._queue and (self._thread is None or not self._thread.is_alive()):
                self._start()
            self._changed.notify()

    def shutdown(self, wait: bool) -> None:
        """Take what is there off the cluster, and close what was started here."""
        with self._changed:
            self._down = True
            self._changed.notify()
            thread = self._thread
        if thread is not None and wait:
            thread.join()

    def _close(self) -> None:
        """The thread's last act."""
        cluster, self._cluster = self._cluster, None
        if cluster is None:
            self._hands.shutdown()
            return
        left = list(self._flights.values())
        for flight in left:
            if flight.has_begun:
                cluster.post.send(flight.address, flight.key, ("stop",))
        cluster.cancel([flight.future for flight in left if flight.future is not None])
        cluster.close()
        self._hands.post([(flight, ("!lost", "the engine was shut down")) for flight in left])
        self._hands.shutdown()

    def forget(self) -> None:
        """In a forked child: the cluster is the parent's."""
        self._cluster = None


def _anew(error: Exception) -> BaseException:
    """An exception for one of several tasks that fail with it."""
    made = type(error)(*error.args)
    made.__cause__ = error.__cause__
    return made
