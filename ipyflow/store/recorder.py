"""Brings the logs of runs into the database, as they grow.

Owns: how much of each log was written. Called by: the engine's listeners (``begin``, ``goes_on``), the writer's thread
(``gather``). Guarantees: a run in the database is a prefix of its log; what was written is never written again.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import Any, Protocol

from ipyflow.model.records import SCHEMA_VERSION
from ipyflow.store.packing import pack_rows, unpack_rows
from ipyflow.store.summary import Summary

CHUNK = 4096


class Rows(Protocol):
    """A log, as far as it is needed here."""

    def rows(self, since: int) -> tuple[int, list[tuple[Any, ...]]]:
        """The records from place ``since`` on in packed form, and the place of the first of them."""

    def __len__(self) -> int: ...


class Recorded(Protocol):
    """A run, as far as it is needed here."""

    id: int
    name: str
    kind: str
    closed: bool

    @property
    def records(self) -> Rows:
        """Its log."""


class _Watched:
    """A run whose log is being written."""

    def __init__(self, run: Recorded, key: str) -> None:
        self.run, self.key = run, key
        self.row: int | None = None
        self.written = 0
        self.summary = Summary()
        self.chunks = 0


class Recorder:
    """See the module.

    Args:
        kernel: the name of this kernel in the database.
    """

    def __init__(self, kernel: str) -> None:
        self._kernel = kernel
        self._watched: dict[int, _Watched] = {}
        self._known: dict[int, _Watched] = {}
        self._lock = threading.Lock()

    def begin(self, run: Recorded, key: str) -> None:
        """A run has begun."""
        with self._lock:
            self._known[run.id] = self._watched[run.id] = _Watched(run, key)

    def goes_on(self, run: Recorded) -> None:
        """A run that had ended is at work again."""
        with self._lock:
            known = self._known.get(run.id)
            if known is not None:
                self._watched[run.id] = known

    def row_of(self, run: int) -> int | None:
        """The number in the database of a run of this process, once it is there."""
        known = self._known.get(run)
        return None if known is None else known.row

    def gather(self, connection: sqlite3.Connection) -> bool:
        """Write what is new of each run; True while some of them go on."""
        with self._lock:
            watched = list(self._watched.values())
        for one in watched:
            closed = one.run.closed  # asked before the rows are read: nothing comes behind the last of them
            self._write(connection, one)
            if closed:
                self._put_together(connection, one)
                with self._lock:
                    if one.run.closed and len(one.run.records) <= one.written:
                        self._watched.pop(one.run.id, None)
        return bool(self._watched)

    def _write(self, connection: sqlite3.Connection, one: _Watched) -> None:
        first, rows = one.run.records.rows(one.written)
        if one.row is None:
            run = one.run
            cursor = connection.execute(
                "INSERT INTO runs (key, kernel, name, kind, state, opened, schema) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (one.key, self._kernel, run.name, run.kind, "running", rows[0][5] if rows else 0.0, SCHEMA_VERSION),
            )
            one.row = cursor.lastrowid
        if not rows:
            return
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            connection.execute(
                "INSERT INTO chunks (run, first, count, rows) VALUES (?, ?, ?, ?)",
                (one.row, first + start, len(part), pack_rows(part)),
            )
            one.chunks += 1
        one.written = first + len(rows)
        summary = one.summary
        summary.feed(rows)
        connection.execute(
            "UPDATE runs SET state = ?, opened = ?, seconds = ?, tasks = ?, ended = ?, failed = ?, cached = ?, "
            "records = ?, words = ? WHERE id = ?",
            (summary.state, summary.opened, summary.seconds, summary.tasks, summary.ended, summary.failed,
             summary.cached, one.written, summary.words, one.row),
        )  # fmt: skip

    def _put_together(self, connection: sqlite3.Connection, one: _Watched) -> None:
        """A run that has ended: its many small chunks become few large ones."""
        if one.chunks <= 2 * (one.written // CHUNK + 1):
            return
        parts = connection.execute("SELECT rows FROM chunks WHERE run = ? ORDER BY first", (one.row,)).fetchall()
        rows = [row for (part,) in parts for row in unpack_rows(part)]
        connection.execute("DELETE FROM chunks WHERE run = ?", (one.row,))
        first = one.written - len(rows)
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            connection.execute(
                "INSERT INTO chunks (run, first, count, rows) VALUES (?, ?, ?, ?)",
                (one.row, first + start, len(part), pack_rows(part)),
            )
        one.chunks = len(rows) // CHUNK + 1
