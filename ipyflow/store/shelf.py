"""What is in the database, read: lists of runs, their logs, what was kept for them.

Owns: a reading connection, used by one thread at a time. Called by: any thread.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ipyflow.store.database import Database
from ipyflow.store.kernels import lives
from ipyflow.store.packing import unpack_rows
from ipyflow.store.values import load, read_value

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

BUSY = 2.0
"""Seconds to wait where the database is locked."""
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
        """The rows that a query gives.

        Raises:
            HistoryUnavailable: the database cannot be used; the message says why, and what to do.
        """
        found: list[Any] = self.using(lambda connection: connection.execute(query, values).fetchall())
        return found

    def using(self, body: Callable[[sqlite3.Connection], T]) -> T:
        """What ``body`` makes of the connection.

        Raises:
            HistoryUnavailable: as of :meth:`read`.
        """
        with self._lock, self._database.guard:
            if self._connection is None:
                self._connection = self._database.connect(BUSY)
            try:
                return body(self._connection)
            except Exception as error:
                raise self._database.unavailable(error) from error

    def lines(
        self, name: str | None = None, state: str | None = None, since: float | None = None,
        until: float | None = None, text: str | None = None, limit: int | None = 100, offset: int = 0,
    ) -> list[Line]:  # fmt: skip
        """Runs, newest first.

        ``name`` is a name, or a pattern as in file names; ``state`` may be ``lost``; ``text`` stands in the name, the
        name of a task or the message of a failure; times are in seconds since the epoch.
        """
        where: list[str] = ["1"]
        values: list[Any] = []
        if name is not None:
            where.append("(name = ? OR name GLOB ?)")
            values += [name] * 2
        if state in ("lost", "running"):
            gone = self._gone()
            where.append(
                f"state = 'running' AND kernel {'' if state == 'lost' else 'NOT '}IN ({', '.join('?' * len(gone))})"
            )
            values += gone
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
        return [_line(row) for row in self.read(query, [*values, -1 if limit is None else limit, offset])]

    def _gone(self) -> list[str]:
        """The kernels that are no longer there, of those whose runs had not all ended."""
        query = (
            "SELECT id, host, pid, seen, ended FROM kernels "
            "WHERE id IN (SELECT DISTINCT kernel FROM runs WHERE state = 'running')"
        )
        rows = self.read(query)
        return [id for id, host, pid, seen, ended in rows if ended or not lives(host, pid, seen)]

    def find(self, key: str) -> Line | None:
        """The run of this key."""
        rows = self.read(f"SELECT {_COLUMNS} FROM runs JOIN kernels ON kernels.id = kernel WHERE key = ?", (key,))
        return _line(rows[0]) if rows else None

    def begun(self, beginning: str, limit: int) -> list[Line]:
        """Runs whose keys begin so, newest first."""
        query = (
            f"SELECT {_COLUMNS} FROM runs JOIN kernels ON kernels.id = kernel WHERE key >= ? AND key < ? "
            "ORDER BY opened DESC, runs.id DESC LIMIT ?"
        )
        return [_line(row) for row in self.read(query, (beginning, f"{beginning}~", limit))]

    def resumed_by(self, key: str) -> Line | None:
        """The newest run that went on with the one of this key."""
        query = f"SELECT {_COLUMNS} FROM runs JOIN kernels ON kernels.id = kernel WHERE resumes = ? AND resumes != ''"
        rows = self.read(f"{query} ORDER BY runs.id DESC LIMIT 1", (key,))
        return _line(rows[0]) if rows else None

    def first(self, run: int) -> int:
        """The place of the first record of a run that is there: above 0 where its log had a limit."""
        rows = self.read("SELECT min(first) FROM chunks WHERE run = ?", (run,))
        return rows[0][0] or 0

    def rows(self, run: int, since: int = 0) -> Iterator[list[tuple[Any, ...]]]:
        """The log of a run from place ``since`` on, in packed form, chunk by chunk; it ends where something lacks."""
        begun = False
        while found := self.read(
            "SELECT first, count, rows FROM chunks WHERE run = ? AND first + count > ? ORDER BY first LIMIT 8",
            (run, since),
        ):
            for at, count, packed in found:
                if begun and at != since:
                    return
                begun = True
                yield unpack_rows(packed)[max(since - at, 0) :]
                since = at + count

    def outcomes(self, run: int) -> dict[int, int]:
        """The tasks of a run whose values were kept, and how many bytes each takes."""
        return dict(self.read("SELECT task, size FROM outcomes WHERE run = ?", (run,)))

    def outcome(self, run: int, task: int) -> Any:
        """The value of a task of a run.

        Raises:
            LookupError: it was not kept.
            Exception: it no longer loads, as when its class is no longer there.
        """
        rows = self.read("SELECT value, file FROM outcomes WHERE run = ? AND task = ?", (run, task))
        if not rows:
            raise LookupError(f"the value of task {task} was not kept")
        return read_value(self._database.folder, *rows[0])

    def beginning(self, run: int) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """What the first call of a run was given, where that was kept.

        Raises:
            Exception: it no longer loads.
        """
        rows = self.read("SELECT arguments FROM beginnings WHERE run = ?", (run,))
        return load(rows[0][0]) if rows else None

    def marks(self, run: int) -> dict[int, bytes]:
        """What tells calls of one name and text from each other, by task."""
        return dict(self.read("SELECT task, mark FROM marks WHERE run = ?", (run,)))

    def source(self, run: int) -> str:
        """The source of the cell that was the flow, where it was one; else empty."""
        rows = self.read("SELECT source FROM runs WHERE id = ?", (run,))
        return rows[0][0] if rows else ""

    def code(self, run: int) -> dict[str, str]:
        """The sources of a run's tasks, by ``module:name``."""
        rows = self.read("SELECT code FROM runs WHERE id = ?", (run,))
        digests: dict[str, str] = json.loads(rows[0][0]) if rows else {}
        found = {
            digest: text
            for digest in set(digests.values())
            for digest, text in self.read("SELECT digest, text FROM sources WHERE digest = ?", (digest,))
        }
        return {name: found[digest] for name, digest in digests.items() if digest in found}

    def close(self) -> None:
        """Let the connection go."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _line(row: tuple[Any, ...]) -> Line:
    host, pid, seen, ended, notebook = row[15:]
    lost = row[4] == "running" and (bool(ended) or not lives(host, pid, seen))
    values = dict(zip(Line.__dataclass_fields__, (*row[:15], notebook, lost), strict=True))
    return Line(**values)
