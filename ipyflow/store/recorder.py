"""Brings the logs of runs into the database, as they grow.

Owns: how much of each log was written. Called by: the engine's listeners (``begin``, ``goes_on``), the writer's thread
(``gather``). Guarantees: a run in the database is a prefix of its log; what was written is never written again; a log
with a limit forgets nothing that was not written yet.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from ipyflow.model import records as r
from ipyflow.store.packing import CHUNK, pack_rows, unpack_rows
from ipyflow.store.summary import Summary, plain
from ipyflow.store.writer import Job, Writer

if TYPE_CHECKING:
    import sqlite3

MOST = 8 * CHUNK
"""Records of a run that one batch takes: more would hold the others up, and stand in memory twice."""
WAITING = 2_000_000
"""Records that may wait for a database that is locked, or a disk that is full."""
_PARTS = 64
"""Chunks from which on small ones become large ones."""
ENDED_WELL = ("succeeded", "cached")
"""States of runs with which nobody will go on."""
_REVISED = r.KINDS.index(r.Revised)


class Rows(Protocol):
    """A log, as far as it is needed here."""

    held_from: int | None

    def rows(self, since: int, most: int | None = None) -> tuple[int, list[tuple[Any, ...]]]:
        """The records from place ``since`` on in packed form, so many at most, and the place of the first of them."""

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
        self.written = self.goal = 0
        """Records that were given to the writer, and those that are to be, before it pauses."""
        self.merged = self.parts = 0
        """Up to where chunks are whole, and how many small ones are behind."""
        self.summary = Summary()
        self.code: dict[str, str] = {}
        """Digests of the sources, by name."""


class Recorder:
    """See the module.

    Args:
        kernel: the name of this kernel in the database.
        writer: gets the jobs.
        source_of: the source of a task of a run, by the run, the task's number, its module, its name and the time when
            it was submitted.
        succeeded: called with the key of each run that has ended well.
    """

    def __init__(
        self, kernel: str, writer: Writer, source_of: Callable[[Any, int, str, str, float], str],
        succeeded: Callable[[str], object],
    ) -> None:  # fmt: skip
        self._kernel, self._writer = kernel, writer
        self._source_of, self._succeeded = source_of, succeeded
        self._watched: dict[int, _Watched] = {}
        self._ended: weakref.WeakKeyDictionary[Recorded, _Watched] = weakref.WeakKeyDictionary()
        """Those that may go on: as long as somebody holds the run, and without holding it."""
        self._lock = threading.Lock()

    def begin(self, run: Recorded, key: str) -> None:
        """A run has begun. Its row comes first: what belongs to it comes behind."""
        values = (key, self._kernel, plain(run.name), run.kind, "running", time.time(), r.SCHEMA_VERSION)
        statement = "INSERT INTO runs (key, kernel, name, kind, state, opened, schema) VALUES (?, ?, ?, ?, ?, ?, ?)"
        run.records.held_from = 0
        with self._lock:
            self._watched[run.id] = _Watched(run, key)
        self._writer.do(Job(lambda connection: connection.execute(statement, values), f"run {key}"))
        if self._writer.dead:  # since a moment ago
            self.let_go()

    def goes_on(self, run: Recorded) -> None:
        """A run that had ended is at work again."""
        with self._lock:
            known = self._ended.pop(run, None)
            if known is not None:
                known.run = run
                self._watched[run.id] = known
        if self._writer.dead:
            self.let_go()

    def hopeless(self) -> bool:
        """Whether more records wait than may."""
        return sum(len(one.run.records) - one.written for one in list(self._watched.values())) > WAITING

    def let_go(self) -> None:
        """Nothing will be written any more: logs with a limit may forget."""
        with self._lock:
            for one in self._watched.values():
                one.run.records.held_from = None
            self._watched.clear()

    # On the writer's thread.

    def gather(self, begins: bool) -> tuple[bool, bool]:
        """Give the writer what is new of each run, a batch of it.

        Args:
            begins: all that is there now is to be written, by this call and those that follow.

        Returns:
            Whether some of that is left, and whether some of the runs go on.
        """
        with self._lock:
            watched = list(self._watched.values())
        for one in watched:
            closed = one.run.closed  # asked before the rows are read: nothing comes behind the last of them
            if begins:
                one.goal = len(one.run.records)
            self._take(one)
            if closed and one.written >= len(one.run.records):
                self._has_ended(one)
        return any(one.written < one.goal for one in watched), bool(self._watched)

    def _has_ended(self, one: _Watched) -> None:
        self._merge(one, at_end=True)
        if one.summary.state in ENDED_WELL:
            self._succeeded(one.key)
        with self._lock:
            run = one.run
            if run.closed and len(run.records) <= one.written:
                del self._watched[run.id], one.run
                self._ended[run] = one

    def _take(self, one: _Watched) -> None:
        first, rows = one.run.records.rows(one.written, MOST)
        if not rows:
            return
        parts = [(first + at, rows[at : at + CHUNK]) for at in range(0, len(rows), CHUNK)]
        chunks = [(at, len(part), pack_rows(part), one.key) for at, part in parts]
        one.written = end = first + len(rows)
        one.parts += len(chunks)
        named = one.summary.feed(rows)
        sources = self._sources(one, rows, named)
        state = (*one.summary.values(), end, json.dumps(one.code), one.key)
        records = one.run.records

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(_CHUNK, chunks)
            connection.execute(_STATE, state)
            if sources:
                connection.executemany("INSERT OR IGNORE INTO sources (digest, text) VALUES (?, ?)", sources)

        def written() -> None:
            records.held_from = end

        self._writer.do(Job(write, f"the log of run {one.key}", sum(len(c[2]) for c in chunks), after=written))
        if one.parts >= _PARTS or (one.parts > 1 and end - one.merged >= CHUNK):
            self._merge(one)

    def _sources(
        self, one: _Watched, rows: list[tuple[Any, ...]], named: dict[tuple[str, str], tuple[Any, ...]]
    ) -> list[tuple[str, str]]:
        """The sources of tasks that were not seen before in this run, and of those that were revised."""
        found: list[tuple[str, str]] = []
        for (module, name), row in named.items():
            label = f"{module}:{name}"
            if label not in one.code:
                try:
                    source = self._source_of(one.run, row[2], module, name, row[1])
                except Exception:
                    source = ""  # somebody's function that cannot be looked at
                self._add(one, label, source, found)
                one.code.setdefault(label, "")
        for revised in [row for row in rows if row[0] == _REVISED]:
            log = one.run.records.rows(0)[1]
            for row in [row for row in log if row[0] == r.SUBMITTED and row[2] == revised[2]]:
                self._add(one, f"{row[5]}:{row[4]}", revised[4], found)
        return found

    @staticmethod
    def _add(one: _Watched, label: str, text: str, found: list[tuple[str, str]]) -> None:
        if text:
            text = plain(text)
            digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
            one.code[label] = digest
            found.append((digest, text))

    def _merge(self, one: _Watched, at_end: bool = False) -> None:
        """Many small chunks become few large ones."""
        since, upto, parts, one.parts = one.merged, one.written, one.parts, 0
        if upto - since > parts * CHUNK // 2:
            one.merged = upto  # they are large as they are
            return
        one.merged = since + (upto - since) // CHUNK * CHUNK
        one.parts = 0 if at_end else 1

        def write(connection: sqlite3.Connection) -> None:
            where = "WHERE run = (SELECT id FROM runs WHERE key = ?) AND first >= ?"
            found = connection.execute(f"SELECT rows FROM chunks {where} ORDER BY first", (one.key, since)).fetchall()
            rows = [row for (part,) in found for row in unpack_rows(part)]
            if len(found) < 2 or len(rows) != upto - since:
                return
            connection.execute(f"DELETE FROM chunks {where}", (one.key, since))
            whole = [(since + at, rows[at : at + CHUNK]) for at in range(0, len(rows), CHUNK)]
            connection.executemany(_CHUNK, [(at, len(part), pack_rows(part), one.key) for at, part in whole])

        self._writer.do(Job(write, f"the log of run {one.key}"))


# A run that was deleted meanwhile stays so: these find no row of it.
_CHUNK = "INSERT INTO chunks (run, first, count, rows) SELECT id, ?, ?, ? FROM runs WHERE key = ?"
_STATE = (
    "UPDATE runs SET state = ?, opened = ?, seconds = ?, tasks = ?, ended = ?, failed = ?, cached = ?, words = ?, "
    "records = ?, code = ? WHERE key = ?"
)
