"""The store of a process: what the engine asks of it, and what people read from it.

Owns: this kernel's name in the database, the writer and the reader. Called by: any thread. Guarantees: nothing that
goes wrong here reaches a task; it is said once, as a warning, and the work goes on without memory.
"""

from __future__ import annotations

import os
import platform
import queue
import secrets
import sqlite3
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ipyflow.errors import MemoryWarning
from ipyflow.model.ports import Found
from ipyflow.store.database import Database
from ipyflow.store.recorder import Recorded, Recorder
from ipyflow.store.shelf import Shelf
from ipyflow.store.values import dump, load
from ipyflow.store.writer import Writer

BEAT = 5.0
"""Seconds between two signs of life of a kernel in which runs go on."""


class Store:
    """See the module; it is the engine's ``Memory``.

    Args:
        place: the file of the database, or ``":memory:"``.
        keeps_results: whether the values of tasks are kept for going on after a kernel died.
    """

    def __init__(self, place: Path | str, keeps_results: bool = False) -> None:
        self.keeps_results = keeps_results
        self.kernel = secrets.token_hex(3)
        self.database = Database(place, self.kernel)
        self.shelf = Shelf(self.database)
        self._recorder = Recorder(self.kernel)
        self._writer = Writer(self.database, self._gather, self._warn)
        self._looked_up: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._reader: threading.Thread | None = None
        self._lock = threading.Lock()
        self._seen = 0.0
        self._warned: set[str] = set()

    # What the engine tells.

    def run_began(self, run: Recorded) -> None:
        """A run has begun: its log is written from now on."""
        self._recorder.begin(run, self.key_of(run.id))
        self._writer.wake()

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
        with self._lock:
            if self._reader is None:
                self._reader = threading.Thread(target=self._read, name="ipyflow-recall", daemon=True)
                self._reader.start()
        self._looked_up.put(lambda: then(self._found(key, max_age)))

    def keep(self, key: str, value: Any, run: int, task: int) -> None:
        """Keep a value under a key."""
        data = self._dumped(value, f"the result of task {task}")
        if data is not None:
            row = (key, self.key_of(run), task, time.time(), time.time(), len(data), data)
            statement = (
                "INSERT OR REPLACE INTO results (key, run, task, made, used, size, value) VALUES (?, ?, ?, ?, ?, ?, ?)"
            )
            self._writer.do(lambda connection: connection.execute(statement, row))

    def keep_outcome(self, value: Any, run: int, task: int) -> None:
        """Keep the value of a task for its run."""
        data = self._dumped(value, f"the result of task {task}")
        if data is not None:
            statement = "INSERT OR REPLACE INTO outcomes (run, task, size, value) VALUES (?, ?, ?, ?)"
            self._of_run(statement, run, (task, len(data), data))

    def keep_beginning(self, run: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Keep what a run's first call was given."""
        data = self._dumped((args, kwargs), "the arguments of the flow")
        if data is not None:
            self._of_run("INSERT OR REPLACE INTO beginnings (run, arguments) VALUES (?, ?)", run, (data,))

    def keep_mark(self, run: int, task: int, mark: bytes) -> None:
        """Keep what tells a call from others of the same name and text."""
        self._of_run("INSERT OR REPLACE INTO marks (run, task, mark) VALUES (?, ?, ?)", run, (task, mark))

    def keep_source(self, run: int, text: str) -> None:
        """Keep the source of the cell that is the flow of a run."""
        self._about_run("source", run, text)

    def keep_resumed(self, run: int, key: str) -> None:
        """Keep that a run goes on with another one, known by its key."""
        self._about_run("resumes", run, key)

    def flush(self) -> bool:
        """Wait until all that happened is written."""
        return self._writer.flush()

    def close(self) -> None:
        """Write what is there, and let the database go."""
        if not self._writer.dead:
            self._writer.do(lambda c: c.execute("UPDATE kernels SET ended = 1 WHERE id = ?", (self.kernel,)))
        self._writer.stop()
        if self._reader is not None:
            self._looked_up.put(None)
            self._reader.join(5.0)
        self.shelf.close()

    # On the writer's thread.

    def _gather(self, connection: sqlite3.Connection) -> bool:
        now = time.time()
        if not self._seen:
            connection.execute(
                "INSERT INTO kernels (id, host, pid, began, seen, python) VALUES (?, ?, ?, ?, ?, ?)",
                (self.kernel, platform.node(), os.getpid(), now, now, platform.python_version()),
            )
            self._seen = now
        elif now - self._seen > BEAT:
            connection.execute("UPDATE kernels SET seen = ? WHERE id = ?", (now, self.kernel))
            self._seen = now
        return self._recorder.gather(connection)

    def _of_run(self, statement: str, run: int, values: tuple[Any, ...]) -> None:
        """A row that belongs to a run, written behind the run's own: jobs come after what was gathered."""

        def job(connection: sqlite3.Connection) -> None:
            row = self._recorder.row_of(run)
            if row is not None:
                connection.execute(statement, (row, *values))

        self._writer.do(job)

    def _about_run(self, column: str, run: int, text: str) -> None:
        statement, values = f"UPDATE runs SET {column} = ? WHERE key = ?", (text, self.key_of(run))
        self._writer.do(lambda connection: connection.execute(statement, values))

    # On the reader's thread.

    def _read(self) -> None:
        while (job := self._looked_up.get()) is not None:
            job()

    def _found(self, key: str, max_age: float | None) -> Found | None:
        self.flush()
        try:
            rows = self.shelf.read("SELECT value, run, task, made FROM results WHERE key = ?", (key,))
        except Exception as error:
            self._warn(f"looking for a result failed ({error})")
            return None
        if not rows or (max_age is not None and time.time() - rows[0][3] > max_age):
            return None
        data, run, task, made = rows[0]
        try:
            return Found(load(data), run, task, made)
        except Exception as error:
            self._warn(f"a kept result no longer loads ({type(error).__name__}: {error}); it is made anew")
            return None

    # What goes wrong.

    def _dumped(self, value: Any, what: str) -> bytes | None:
        if self._writer.dead:
            return None
        try:
            return dump(value)
        except Exception as error:
            self._warn(f"{what} cannot be kept ({type(error).__name__}: {error})")
            return None

    def _warn(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            warnings.warn(f"{text}; the work itself goes on", MemoryWarning, stacklevel=2)
