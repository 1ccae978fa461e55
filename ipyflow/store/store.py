"""The store of a process: what the engine asks of it, and what people read from it.

Owns: this kernel's name in the database, the writer and the reader. Called by: any thread. Guarantees: nothing that
goes wrong here reaches a task; it is said once, as a warning, and the work goes on without memory.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipyflow.errors import HistoryUnavailable, MemoryWarning
from ipyflow.model.ports import Found
from ipyflow.store import budget, kernels
from ipyflow.store.database import Database
from ipyflow.store.importing import add_run
from ipyflow.store.keeping import Keeping
from ipyflow.store.recalling import Recall
from ipyflow.store.recorder import Recorded, Recorder
from ipyflow.store.shelf import Shelf
from ipyflow.store.values import remove_files, sweep
from ipyflow.store.writer import Job, Writer

if TYPE_CHECKING:
    import sqlite3

LIMIT = 2_000_000_000
"""Bytes on the disk."""
_LEFT_BEHIND: list[Any] = []
"""In a forked child, the parent's: SQLite's connections must not even be closed there."""


class Store:
    """See the module; it is the engine's ``Memory``.

    Args:
        place: the file of the database, ``"default"``, or ``":memory:"``.
        keeps_results: whether the values of tasks are kept for going on after a kernel died.
        disk_limit: bytes on the disk.
        source_of: the source of a task of a run; see :class:`Recorder`.
    """

    def __init__(
        self, place: Path | str, keeps_results: bool = False, disk_limit: int = LIMIT,
        source_of: Callable[[Any, int, str, str, float], str] = lambda *_of: "",
    ) -> None:  # fmt: skip
        self.keeps_results = keeps_results
        self.kernel = os.urandom(3).hex()
        self.database = Database(place, self.kernel)
        self.shelf = Shelf(self.database)
        self._limit = disk_limit
        self._writer = Writer(self.database, self._gather, self._is_hopeless, self._warn, self._died)
        self._recorder = Recorder(self.kernel, self._writer, source_of, self._succeeded)
        self._keeping = Keeping(self.database, self._writer, disk_limit, self.key_of, self._warn)
        self._recall = Recall(self.database, self._keeping, self._warn)
        self._seen = 0.0
        self._weighed: int | None = None
        self._warned: set[str] = set()
        self._lock = threading.Lock()
        self._writer.do(Job(lambda connection: kernels.register(connection, self.kernel), "this kernel"), soon=False)

    # What the engine tells.

    def run_began(self, run: Recorded) -> None:
        """A run has begun: its log is written from now on."""
        if not self._writer.dead:
            self._recorder.begin(run, self.key_of(run.id))

    def run_ended(self, run: Recorded) -> None:
        """A run has ended."""
        self._writer.wake()

    def run_goes_on(self, run: Recorded) -> None:
        """A task of a run that had ended is run again."""
        self._recorder.goes_on(run)
        self._writer.wake()

    # Memory.

    def key_of(self, run: int) -> str:
        """By what a run of this engine is known in the history."""
        return f"{self.kernel}-{run}"

    def look_up(self, key: str, max_age: float | None, then: Callable[[Found | None], object]) -> None:
        """Look for a value; ``then`` is called with it or ``None``, on a thread of the store."""
        self._recall.look_up(key, max_age, then)

    def keep(self, key: str, value: Any, run: int, task: int) -> None:
        """Keep a value under a key."""
        self._keeping.result(key, value, run, task)

    def keep_outcome(self, value: Any, run: int, task: int) -> None:
        """Keep the value of a task for its run."""
        self._keeping.outcome(value, run, task)

    def keep_beginning(self, run: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Keep what a run's first call was given."""
        self._keeping.beginning(run, args, kwargs)

    def keep_mark(self, run: int, task: int, mark: bytes) -> None:
        """Keep what tells a call from others of the same name and text."""
        self._keeping.mark(run, task, mark)

    def keep_source(self, run: int, text: str) -> None:
        """Keep the source of the cell that is the flow of a run."""
        self._keeping.about_run("source", run, text)

    def keep_resumed(self, run: int, key: str) -> None:
        """Keep that a run goes on with another one, known by its key."""
        self._keeping.about_run("resumes", run, key)

    def code_of(self, run: int) -> tuple[str, dict[str, str]]:
        """The source of the cell that is the flow of a run, and those of its tasks, by ``module:name``.

        Raises:
            HistoryUnavailable: they cannot be read.
        """
        self.flush()
        line = self.shelf.find(self.key_of(run))
        return ("", {}) if line is None else (self.shelf.source(line.id), self.shelf.code(line.id))

    # For people.

    def delete(self, runs: Iterable[int]) -> int:
        """Delete runs, by their numbers in the database; those that go on are left.

        Returns:
            How many were deleted.

        Raises:
            HistoryUnavailable: the database cannot be written to now.
        """
        wanted = list(runs)
        deleted = sum(self._delete(wanted[at : at + 500]) for at in range(0, len(wanted), 500))
        if deleted:
            self._done(Job(budget.give_back, "what was deleted"))
        return deleted

    def disk(self) -> dict[str, int]:
        """Bytes on the disk: of ``logs``, ``results``, ``kept`` values and ``sources``; ``file`` is all of it.

        Raises:
            HistoryUnavailable: the database cannot be used.
        """
        found = self.shelf.using(budget.used)
        if self.database.folder is not None:
            place = Path(self.database.place)
            files = [place, *(place.with_name(place.name + more) for more in ("-wal", "-shm"))]
            files += list(self.database.folder.glob("*")) if self.database.folder.is_dir() else []
            found["file"] = sum(file.stat().st_size for file in files if file.exists())
        else:
            found["file"] = self.shelf.using(budget.total)
        return found

    def add(
        self, name: str, kind: str, rows: list[tuple[Any, ...]], key: str | None = None,
        code: Mapping[str, str] | None = None, source: str = "", resumes: str = "",
    ) -> str:  # fmt: skip
        """Add a run from elsewhere.

        Args:
            name: of the run.
            kind: of the run.
            rows: its log in packed form.
            key: its key there; a new one without.
            code: the sources of its tasks, by ``module:name``.
            source: the source of the cell that was the flow.
            resumes: the key of the run that it went on with.

        Returns:
            Its key here.

        Raises:
            ValueError: a run of this key is there already.
            HistoryUnavailable: the database cannot be written to now.
        """
        key = key or f"{os.urandom(3).hex()}-1"
        if self.shelf.find(key) is not None:
            raise ValueError(f"run {key} is in the history already: delete it first, or open it")
        self._done(Job(lambda c: add_run(c, key, name, kind, rows, code or {}, source, resumes), f"run {key}"))
        return key

    def flush(self) -> bool:
        """Wait until all that happened is written."""
        return self._writer.flush()

    def close(self, timeout: float = 5.0) -> None:
        """Write what is there, and let the database go; seconds to wait at most."""
        self._writer.do(Job(lambda connection: kernels.end(connection, self.kernel)), soon=False)
        self._writer.stop(timeout)
        self._recall.close()
        self.shelf.close()

    def left_behind(self) -> None:
        """In a forked child: everything here is the parent's, and stays untouched."""
        _LEFT_BEHIND.append(self)

    def _delete(self, runs: list[int]) -> int:
        files: list[str] = []
        deleted = 0

        def write(connection: sqlite3.Connection) -> None:
            nonlocal deleted
            there = f"SELECT id FROM runs WHERE id IN ({', '.join('?' * len(runs))})"
            found = [id for (id,) in connection.execute(there, runs) if not budget.going_on(connection, id)]
            files[:] = budget.remove_runs(connection, found)
            deleted = len(found)

        self._done(Job(write, "what was to be deleted", after=lambda: remove_files(self.database.folder, files)))
        return deleted

    def _done(self, job: Job) -> None:
        self._writer.do(job)
        if not self._writer.flush():
            raise HistoryUnavailable(f"{self.database.place} cannot be written to now; nothing was changed")

    # On the writer's thread.

    def _gather(self, begins: bool) -> tuple[bool, bool]:
        now = time.monotonic()
        if self._weighed is None:
            self._sweep()
        self._keeping.write_small()  # before the recorder may say that a run has ended well, and needs it no more
        is_left, goes_on = self._recorder.gather(begins)
        if goes_on and now - self._seen > kernels.BEAT:
            self._seen = now
            self._writer.do(Job(lambda connection: kernels.beat(connection, self.kernel)), soon=False)
        if self._weighed is None or self._writer.given - self._weighed > self._limit // 50:
            self._weighed = self._writer.given
            self._make_room()
        return is_left, goes_on

    def _make_room(self) -> None:
        files: list[str] = []

        def write(connection: sqlite3.Connection) -> None:
            files[:] = budget.make_room(connection, self._limit)

        self._writer.do(Job(write, after=lambda: remove_files(self.database.folder, files)), soon=False)

    def _sweep(self) -> None:
        known: set[str] = set()
        query = "SELECT file FROM results WHERE file IS NOT NULL UNION SELECT file FROM outcomes WHERE file IS NOT NULL"

        def look(connection: sqlite3.Connection) -> None:
            known.update(file for (file,) in connection.execute(query))

        # The files themselves are gone through when nobody waits for the database any more.
        self._writer.do(Job(look, after=lambda: sweep(self.database.folder, known)), soon=False)

    def _succeeded(self, key: str) -> None:
        self._keeping.forget_run(key)

    # What goes wrong.

    def _is_hopeless(self) -> bool:
        return self._recorder.hopeless()

    def _died(self) -> None:
        self._recorder.let_go()
        self._keeping.let_go()

    def _warn(self, text: str) -> None:
        with self._lock:
            if text in self._warned or len(self._warned) > 100:
                return
            self._warned.add(text)
        text = f"{text}; the work itself goes on"
        try:
            warnings.warn(text, MemoryWarning, stacklevel=3)
        except MemoryWarning:  # warnings are errors here: not in a task, which is none of its business
            try:
                print(f"ipyflow: {text}", file=sys.stderr)
            except (OSError, ValueError, AttributeError):
                pass
