"""What is in the database, read: lists of runs, their logs, what was kept for them.

Owns: a reading connection, used by one thread at a time. Called by: any thread.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ipyflow.store.database import Database
from ipyflow.store.packing import unpack_rows

SILENT = 60.0
"""Seconds without a sign of life after which a kernel on another machine counts as gone."""
_COLUMNS = (
    "runs.id, key, name, kind, state, opened, seconds, tasks, runs.ended, failed, cached, records, schema, resumes, "
    "kernel, kernels.host, kernels.pid, kernels.seen, kernels.ended, kernels.notebook"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A run in a listing. Times in seconds, ``opened`` since the epoch."""

    id: int
    key: str
    name: str
    kind: str
    state: str
    opened: float
    seconds: float
    tasks: int
    ended: int
    failed: int
    cached: int
    records: int
    schema: int
    resumes: str
    kernel: str
    notebook: str
    lost: bool
    """True when it had not ended and its kernel is gone."""


class Shelf:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def read(self, query: str, values: tuple[Any, ...] | list[Any] = ()) -> list[Any]:
        """The rows that a query gives."""
        with self._lock:
            if self._connection is None:
                self._connection = self._database.connect()
            return self._connection.execute(query, values).fetchall()

    def lines(
        self, name: str | None = None, state: str | None = None, since: float | None = None,
        until: float | None = None, text: str | None = None, limit: int | None = 100, offset: int = 0,
    ) -> list[Line]:  # fmt: skip
        """Runs, newest first.

        ``name`` is a pattern as in file names; ``state`` may be ``lost``; ``text`` stands in the name, the name of a
        task or the message of a failure; times are in seconds since the epoch.
        """
        where: list[str] = ["1"]
        values: list[Any] = []
        if name is not None:
            where.append("name GLOB ?")
            values.append(name)
        if state == "lost":
            where.append("state = 'running'")
        elif state is not None:
            where.append("state = ?")
            values.append(state)
        if since is not None:
            where.append("opened >= ?")
            values.append(since)
        if until is not None:
            where.append("opened < ?")
            values.append(until)
        if text is not None:
            pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            where.append("(name LIKE ? ESCAPE '\\' OR words LIKE ? ESCAPE '\\')")
            values += [f"%{pattern}%"] * 2
        query = (
            f"SELECT {_COLUMNS} FROM runs JOIN kernels ON kernels.id = kernel WHERE {' AND '.join(where)} "
            "ORDER BY opened DESC, runs.id DESC LIMIT ? OFFSET ?"
        )
        found = [_line(row) for row in self.read(query, [*values, -1 if limit is None else limit, offset])]
        return [line for line in found if state != "lost" or line.lost]

    def find(self, key: str) -> Line | None:
        """The run of this key."""
        rows = self.read(f"SELECT {_COLUMNS} FROM runs JOIN kernels ON kernels.id = kernel WHERE key = ?", (key,))
        return _line(rows[0]) if rows else None

    def rows(self, run: int) -> Iterator[list[tuple[Any, ...]]]:
        """The log of a run in packed form, chunk by chunk."""
        first = -1
        while found := self.read(
            "SELECT first, rows FROM chunks WHERE run = ? AND first > ? ORDER BY first LIMIT 8", (run, first)
        ):
            for at, packed in found:
                yield unpack_rows(packed)
                first = at

    def close(self) -> None:
        """Let the connection go."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _line(row: tuple[Any, ...]) -> Line:
    host, pid, seen, ended, notebook = row[15:]
    lost = row[4] == "running" and (bool(ended) or not _lives(host, pid, seen))
    values = dict(zip(Line.__dataclass_fields__, (*row[:15], notebook, lost), strict=True))
    return Line(**values)


def _lives(host: str, pid: int, seen: float) -> bool:
    """Whether a kernel is still there, as far as can be told."""
    if host == platform.node():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        if pid == os.getpid():
            return True
    return time.time() - seen < SILENT
