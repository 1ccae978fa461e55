"""The one thread that writes: jobs in batches, one transaction each, at most every half second.

Owns: the writing connection. Called by: any thread (``do``, ``flush``). Guarantees: jobs run in order; a job that fails
is said once and the work goes on without; the process never waits for it but in ``flush`` and, shortly, at its end.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable

from ipyflow.store.database import Database, Unavailable

PAUSE = 0.5
"""Seconds between two batches: what a killed process loses."""
Job = Callable[[sqlite3.Connection], object]


class Writer:
    """See the module.

    Args:
        database: what it writes to.
        gather: gives the jobs of the moment at each batch; True when there will be more without anybody calling.
        broken: told once, in words, that nothing can be written any more.
    """

    def __init__(
        self, database: Database, gather: Callable[[sqlite3.Connection], bool], broken: Callable[[str], None]
    ) -> None:
        self._database, self._gather, self._broken = database, gather, broken
        self._jobs: deque[Job] = deque()
        self._wanted = threading.Event()
        self._hurry = threading.Event()
        self._stopping = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._done: list[threading.Event] = []
        self.dead = False

    def do(self, job: Job) -> None:
        """Have ``job`` run with the next batch."""
        if not self.dead:
            self._jobs.append(job)
            self.wake()

    def wake(self) -> None:
        """There is something to write, within half a second."""
        if self.dead:
            return
        self._wanted.set()
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="ipyflow-store", daemon=True)
                    self._thread.start()

    def flush(self, timeout: float | None = 10.0) -> bool:
        """Wait until all that was there is written; False when it was not in time."""
        if self.dead or self._thread is None:
            return not self.dead
        done = threading.Event()
        self._done.append(done)
        self._hurry.set()
        self._wanted.set()
        return done.wait(timeout)

    def stop(self, timeout: float = 5.0) -> None:
        """Write what is there and end."""
        self._stopping = True
        self._hurry.set()
        self._wanted.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _work(self) -> None:
        try:
            connection = self._database.connect()
        except Unavailable as error:
            self._die(str(error))
            return
        try:
            goes_on = False
            while True:
                if not goes_on:
                    self._wanted.wait()
                self._hurry.wait(PAUSE)
                self._wanted.clear()
                self._hurry.clear()
                stopping, done = self._stopping, self._done
                self._done = []
                goes_on = self._batch(connection)
                for event in done:
                    event.set()
                if self.dead or (stopping and not self._jobs):
                    return
        finally:
            connection.close()

    def _batch(self, connection: sqlite3.Connection) -> bool:
        try:
            connection.execute("BEGIN IMMEDIATE")
            goes_on = self._gather(connection)
            while self._jobs:
                self._jobs.popleft()(connection)
            connection.execute("COMMIT")
        except Exception as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._die(f"{self._database.place}: {error}")
            return False
        return goes_on

    def _die(self, why: str) -> None:
        self.dead = True
        self._jobs.clear()
        for event in self._done:
            event.set()
        self._broken(why)
