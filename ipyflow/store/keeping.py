"""Values on their way into the database: pickled by who has them, written by the writer's thread.

Owns: the results that are not written yet, so that looking one up waits for no writing. Called by: any thread.
Guarantees: what cannot be pickled, or has no room, is said and left out; nothing is raised.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ipyflow.store import budget
from ipyflow.store.database import Database
from ipyflow.store.summary import plain
from ipyflow.store.values import LARGE, dump, remove_files, write_file
from ipyflow.store.writer import Job, Writer

if TYPE_CHECKING:
    import sqlite3

BEGINNING = 10_000_000
"""Bytes of the arguments of a flow that are kept at most."""

SMALL = 1_000
"""Bytes of a value up to which one statement writes many."""
MANY = 200_000
"""So many marks and small values may wait for a database that cannot be written now; the oldest are left out."""


class Waiting(NamedTuple):
    """A result that is not written yet."""

    data: bytes
    run: str
    task: int
    made: float


class Keeping:
    """See the module.

    Args:
        database: where large values stand beside it.
        writer: gets the jobs.
        disk_limit: bytes on the disk.
        key_of: by what a run of this engine is known.
        warn: says what is wrong.
    """

    def __init__(
        self, database: Database, writer: Writer, disk_limit: int, key_of: Callable[[int], str],
        warn: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._database, self._writer, self._key_of, self._warn = database, writer, key_of, warn
        self._limit = disk_limit // 2
        self._lock = threading.Lock()
        self._waiting: dict[str, Waiting] = {}
        self._used: dict[str, float] = {}
        self._marks: deque[tuple[int, bytes, int]] = deque(maxlen=MANY)
        self._outcomes: deque[tuple[int, bytes, int]] = deque(maxlen=MANY)
        self._refused: set[tuple[type, type[Exception]]] = set()
        """Of what values it was said that they cannot be kept, and why."""
        self._token = os.urandom(6).hex()
        self._files = itertools.count(1)

    # Keep.

    def result(self, key: str, value: Any, run: int, task: int) -> None:
        """Keep a value under a key."""
        data = self._dumped(value, f"the result of task {task}")
        if data is None:
            return
        waiting = Waiting(data, self._key_of(run), task, time.time())
        with self._lock:
            self._waiting[key] = waiting

        def waits_no_more() -> None:
            with self._lock:
                if self._waiting.get(key) is waiting:
                    del self._waiting[key]

        run_key, made, size = waiting.run, waiting.made, len(data)
        row = lambda value, file: (key, run_key, task, made, made, size, value, file)  # noqa: E731
        self._put(data, _RESULT, row, _RESULT_BEFORE, (key,), waits_no_more)

    def outcome(self, value: Any, run: int, task: int) -> None:
        """Keep the value of a task for its run."""
        data = self._dumped(value, f"the result of task {task}")
        if data is None:
            return
        if len(data) <= SMALL:
            self._outcomes.append((task, data, run))
            return
        key, size = self._key_of(run), len(data)
        row = lambda value, file: (task, size, value, file, key)  # noqa: E731
        self._put(data, _OUTCOME, row, _OUTCOME_BEFORE, (key, task))

    def beginning(self, run: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Keep what a run's first call was given, where it can be kept and is small."""
        if self._writer.dead:
            return
        try:
            data = dump((args, kwargs), BEGINNING)
        except Exception:
            return  # nobody has asked for it: whoever wants to go on with the run is told then
        values = (data, self._key_of(run))
        statement = "INSERT OR REPLACE INTO beginnings (run, arguments) SELECT id, ? FROM runs WHERE key = ?"
        self._writer.do(Job(lambda connection: connection.execute(statement, values), "arguments", len(data)))

    def mark(self, run: int, task: int, mark: bytes) -> None:
        """Keep what tells a call from others of the same name and text."""
        if not self._writer.dead:
            self._marks.append((task, mark, run))  # and nothing more: a task may have one each

    def about_run(self, column: str, run: int, text: str) -> None:
        """Keep a text that belongs to a run."""
        statement, values = f"UPDATE runs SET {column} = ? WHERE key = ?", (plain(text), self._key_of(run))
        self._writer.do(Job(lambda connection: connection.execute(statement, values), f"the {column} of run {run}"))

    # Look.

    def waiting(self, key: str) -> Waiting | None:
        """A result that is not written yet."""
        with self._lock:
            return self._waiting.get(key)

    def is_used(self, key: str) -> None:
        """A result was found: it is needed more than others."""
        with self._lock:
            self._used[key] = time.time()

    # Forget.

    def forget_run(self, key: str) -> None:
        """A run has ended well: nobody will go on with it, nor with those that it went on with, so values go."""
        files: list[str] = []

        def write(connection: sqlite3.Connection) -> None:
            files[:] = budget.drop_outcomes(connection, _CHAIN, (key,))
            for table in ("beginnings", "marks"):
                connection.execute(f"DELETE FROM {table} WHERE run IN ({_CHAIN})", (key,))

        self._writer.do(Job(write, after=lambda: remove_files(self._database.folder, files)), soon=False)

    def write_small(self) -> None:
        """Have written what comes often: marks, small values, and which results were used. On the writer's thread."""
        if self._marks:
            marks = [(task, mark, self._key_of(run)) for task, mark, run in _taken(self._marks)]
            self._writer.do(Job(lambda connection: connection.executemany(_MARK, marks), "marks"), soon=False)
        if self._outcomes:
            taken = _taken(self._outcomes)
            outcomes = [(task, len(data), data, None, self._key_of(run)) for task, data, run in taken]
            size = sum(len(data) for _, data, _ in taken)
            write = lambda connection: connection.executemany(_OUTCOME, outcomes)  # noqa: E731
            self._writer.do(Job(write, "results", size), soon=False)
        with self._lock:
            used, self._used = self._used, {}
        if used:
            rows = [(when, key) for key, when in used.items()]
            statement = "UPDATE results SET used = ? WHERE key = ?"
            self._writer.do(Job(lambda connection: connection.executemany(statement, rows)), soon=False)

    def let_go(self) -> None:
        """Nothing will be written any more."""
        with self._lock:
            self._waiting.clear()
            self._marks.clear()
            self._outcomes.clear()

    def _dumped(self, value: Any, what: str) -> bytes | None:
        if self._writer.dead:
            return None
        try:
            data = dump(value, self._limit)
        except Exception as error:
            about = (type(value), type(error))
            if about not in self._refused:  # once, however many tasks give such a value
                self._refused.add(about)
                self._warn(f"{what} cannot be kept ({type(error).__name__}: {error})")
            return None
        if not self._writer.has_room(len(data)):
            self._warn("results come faster than they can be written, and some are not kept")
            return None
        return data

    def _put(
        self, data: bytes, insert: str, row: Callable[[bytes | None, str | None], tuple[Any, ...]], before: str,
        which: tuple[Any, ...], waits_no_more: Callable[[], object] = lambda: None,
    ) -> None:  # fmt: skip
        """Write a row with a value; a large one as a file, and that of the row ``before`` it goes."""
        folder = self._database.folder
        name = None if folder is None or len(data) < LARGE else f"{self._token}-{next(self._files)}.pickle"
        replaced: list[str | None] = []

        def write(connection: sqlite3.Connection) -> None:
            replaced[:] = [file for (file,) in connection.execute(before, which)]
            if not connection.execute(insert, row(None if name else data, name)).rowcount:
                replaced.append(name)  # its run is no longer there, or needs it no more

        def after() -> None:
            remove_files(folder, replaced)
            waits_no_more()

        make = None if name is None or folder is None else lambda: write_file(folder, name, data)
        self._writer.do(Job(write, "a result", len(data), make, after, left_out=waits_no_more))


def _taken(waiting: deque[tuple[int, bytes, int]]) -> list[tuple[int, bytes, int]]:
    """What stands there now; others go on putting."""
    return [waiting.popleft() for _ in range(len(waiting))]


_RESULT = (
    "INSERT OR REPLACE INTO results (key, run, task, made, used, size, value, file) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_RESULT_BEFORE = "SELECT file FROM results WHERE key = ? AND file IS NOT NULL"
# A run that was deleted meanwhile stays so: these find no row of it. One that has ended well needs nothing more.
_OF_RUN = "FROM runs WHERE key = ? AND state NOT IN ('succeeded', 'cached')"
_OUTCOME = f"INSERT OR REPLACE INTO outcomes (task, size, value, file, run) SELECT ?, ?, ?, ?, id {_OF_RUN}"
_OUTCOME_BEFORE = (
    "SELECT file FROM outcomes JOIN runs ON runs.id = run WHERE key = ? AND outcomes.task = ? AND file IS NOT NULL"
)
_MARK = f"INSERT OR REPLACE INTO marks (task, mark, run) SELECT ?, ?, id {_OF_RUN}"
_CHAIN = """
WITH RECURSIVE chain (key) AS (
    VALUES (?) UNION SELECT resumes FROM runs JOIN chain ON runs.key = chain.key WHERE resumes != ''
) SELECT id FROM runs JOIN chain ON runs.key = chain.key
"""
