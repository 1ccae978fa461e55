"""The one thread that writes: jobs in batches, one transaction each, at most every half second.

Owns: the writing connection. Called by: any thread (``do``, ``flush``). Guarantees: jobs run in order, each once as far
as the database is concerned; a job that is itself at fault is left out and said; where the database is locked or the
disk is full, jobs wait; where it is of no use at all, that is said once and the work goes on without. Nobody waits for
it but in ``flush`` and, shortly, at the end of the process.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ipyflow.errors import HistoryUnavailable
from ipyflow.store.database import Database, in_words, is_about_the_job, is_passing

if TYPE_CHECKING:
    import sqlite3

PAUSE = 0.5
"""Seconds between two batches: what a killed process loses."""
ROOM = 256 << 20
"""Bytes of values that wait to be written; of what comes beyond that nothing is kept."""
_HURRY = 16 << 20
"""Bytes from which on a batch does not wait for more."""


@dataclass(slots=True, eq=False)
class Job:
    """Something to write."""

    write: Callable[[sqlite3.Connection], object]
    """In the transaction; may be called again where that one did not go through."""
    what: str = ""
    """In words, for a warning."""
    size: int = 0
    before: Callable[[], object] | None = None
    """Outside, once."""
    after: Callable[[], object] | None = None
    """When it is written for good."""
    left_out: Callable[[], object] | None = None
    """When it cannot be written, for a fault of its own."""


class Writer:
    """See the module.

    Args:
        database: what it writes to.
        gather: adds the jobs of the moment, at each batch. It is given whether all that is there now is to be
            written, and returns whether some of that is left, and whether more will come without anybody calling.
        hopeless: asked while nothing can be written: whether too much waits by now.
        say: told, in words, what is wrong.
        died: called when nothing will be written any more.
    """

    def __init__(
        self, database: Database, gather: Callable[[bool], tuple[bool, bool]], hopeless: Callable[[], bool],
        say: Callable[[str], None], died: Callable[[], None],
    ) -> None:  # fmt: skip
        self._database, self._gather, self._hopeless = database, gather, hopeless
        self._say, self._died = say, died
        self._jobs: deque[Job] = deque()
        self._batch: list[Job] = []
        self._weight = 0
        self._wanted = threading.Event()
        self._hurry = threading.Event()
        self._stopping = self._over = self._goes_on = False
        self._file: object = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._flushes: deque[Future[bool]] = deque()
        self.dead = False
        self.given = 0
        """Bytes that were ever given to it."""

    def do(self, job: Job, soon: bool = True) -> None:
        """Have ``job`` done with the next batch; not ``soon``: with the next one that there is."""
        if self.dead:
            return
        if job.size:
            with self._lock:
                self._weight += job.size
                self.given += job.size
            if self._weight > _HURRY:
                self._hurry.set()
        self._jobs.append(job)
        if soon:
            self.wake()

    def has_room(self, size: int) -> bool:
        """Whether so many bytes more may wait here."""
        return not self.dead and self._weight + size <= ROOM

    def wake(self) -> None:
        """There is something to write, within half a second."""
        if self.dead or self._wanted.is_set():
            return
        self._wanted.set()
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="ipyflow-store", daemon=True)
                    self._thread.start()

    def flush(self, timeout: float | None = 10.0) -> bool:
        """Wait until all that was there is written; False when it was not, or not in time."""
        if self._thread is None or self._thread is threading.current_thread():
            return not self.dead
        done: Future[bool] = Future()
        self._flushes.append(done)
        self._hurry.set()
        self._wanted.set()
        if self._over:
            self._settle(False)
        try:
            return done.result(timeout)
        except TimeoutError:
            return False

    def stop(self, timeout: float = 5.0) -> None:
        """Write what is there and end."""
        self._stopping = True
        self._hurry.set()
        self._wanted.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _settle(self, written: bool, count: int | None = None) -> None:
        for _ in range(len(self._flushes) if count is None else count):
            try:
                self._flushes.popleft().set_result(written)
            except IndexError:
                return

    # On the thread.

    def _work(self) -> None:
        connection: sqlite3.Connection | None = None
        goes_on = False
        try:
            while True:
                if not goes_on:
                    self._wanted.wait()
                self._hurry.wait(PAUSE)
                self._wanted.clear()
                self._hurry.clear()
                stopping, flushes = self._stopping, len(self._flushes)
                if connection is None:
                    connection = self._open()
                written = connection is not None and self._write(connection)
                self._settle(written, flushes)
                if self.dead or stopping:
                    return
                goes_on = not written or self._goes_on
        except Exception as error:  # a fault of ours: said, and the work goes on without
            self._die(f"{type(error).__name__}: {error}")
        finally:
            self._over = self.dead = True  # what a body that was left behind still gives is not waited for
            self._settle(False)
            if connection is not None:
                connection.close()
            self._let_go()

    def _open(self) -> sqlite3.Connection | None:
        try:
            connection = self._database.connect()
            self._file = self._database.identity()
            return connection
        except HistoryUnavailable as error:
            if error.passing:
                self._wait_for(str(error))
            else:
                self._die(str(error))
        except Exception as error:  # as where this Python was made without SQLite
            self._die(f"{self._database.place} cannot be used: {error}")
        return None

    def _write(self, connection: sqlite3.Connection) -> bool:
        """Write all that is there; False when it could not be done now."""
        if self._database.identity() != self._file:
            self._die(f"{self._database.place} was removed; shutdown() or a new kernel begins a new one")
            return False
        if self._batch and not self._write_batch(connection):  # those that had to wait
            return False
        begins = is_left = True
        while is_left:
            is_left, self._goes_on = self._gather(begins)
            begins = False
            while self._jobs:
                self._batch.append(self._jobs.popleft())
            if not self._write_batch(connection):
                return False
        return True

    def _write_batch(self, connection: sqlite3.Connection) -> bool:
        while self._batch:
            self._prepare()
            at = 0
            try:
                with self._database.guard:
                    connection.execute("BEGIN IMMEDIATE")
                    for at, job in enumerate(self._batch):  # noqa: B007
                        job.write(connection)
                    at = -1
                    connection.execute("COMMIT")
                break
            except Exception as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if is_passing(error):
                    self._wait_for(f"{self._database.place}: {in_words(error)}")
                    return False
                if at < 0 or not is_about_the_job(error):
                    self._die(f"{self._database.place}: {in_words(error)}")
                    return False
                self._leave_out(at, error)
        written, self._batch = self._batch, []
        for job in written:
            self._weigh_less(job)
            if job.after is not None:
                try:
                    job.after()
                except Exception as error:  # it is written all the same
                    self._say(f"after {job.what or 'something'} was kept: {type(error).__name__}: {error}")
        return True

    def _prepare(self) -> None:
        for job in list(self._batch):
            if job.before is not None:
                before, job.before = job.before, None
                try:
                    before()
                except Exception as error:
                    self._leave_out(self._batch.index(job), error)

    def _leave_out(self, at: int, error: Exception) -> None:
        job = self._batch.pop(at)
        self._weigh_less(job)
        if job.left_out is not None:
            job.left_out()
        why = error.strerror if isinstance(error, OSError) else error  # without the file: that is another each time
        self._say(f"{job.what or 'something'} cannot be kept ({type(error).__name__}: {why})")

    def _weigh_less(self, job: Job) -> None:
        if job.size:
            with self._lock:
                self._weight -= job.size

    def _wait_for(self, why: str) -> None:
        if self._hopeless():
            self._die(f"{why}, and too much waits by now")
        elif self._stopping:
            self._die(f"{why}: the last of it is lost")
        else:
            self._say(f"{why}: what happens now is written as soon as that is over")

    def _die(self, why: str) -> None:
        self.dead = True
        self._let_go()
        self._say(f"nothing more is kept: {why}")

    def _let_go(self) -> None:
        self._jobs.clear()
        self._batch.clear()
        self._died()
