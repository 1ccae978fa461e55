"""The log of a run: append, read from any place, keep it small.

Owns: the records of one run. Called by: every thread that changes a task (``append``), viewers (``read``).
Guarantees: ``append`` never blocks and costs one list append; a record's place never changes; ``read`` gives
a consistent prefix. That ``list.append`` and slicing are atomic rests on the interpreter lock (and on the list's
own lock where there is none).

It holds records in packed form, plain tuples that the garbage collector need not look at; old ones go a chunk at a time
into compressed bytes, about a tenth of the size. A log with a ``limit`` also forgets: old chunks are folded into ``base`` and what had
ended there is dropped, down to its counts.
"""

from __future__ import annotations

import copy
import marshal
import threading
import zlib
from typing import Any

from ipyflow.model.records import Record, pack, unpack
from ipyflow.model.run import RunState, fold

CHUNK = 4096
"""Records packed at a time."""


class Log:
    """An append-only list of records that packs its own past.

    Args:
        limit: keep about this many records at least; ``None`` keeps all.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._tail: list[tuple[Any, ...]] = []
        self.append_row = self._tail.append
        """Appends a record in packed form: for the hot path."""
        self._chunks: list[bytes] = []
        self._forgotten = 0
        self._limit = limit
        self._base = RunState()
        self._lock = threading.Lock()

    def append(self, record: Record) -> None:
        """Append a record."""
        self.append_row(pack(record))

    def __len__(self) -> int:
        """How many records were ever appended."""
        with self._lock:
            return self._forgotten + len(self._chunks) * CHUNK + len(self._tail)

    def seal(self) -> None:
        """Pack what is old; called by whoever sees a long tail, and left to another thread that is at it."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            while len(self._tail) >= 2 * CHUNK:
                self._chunks.append(zlib.compress(marshal.dumps(self._tail[:CHUNK]), 1))
                del self._tail[:CHUNK]
                self._forget()
        finally:
            self._lock.release()

    def read(self, since: int = 0) -> tuple[int, list[Record]]:
        """The records from place ``since`` on, and the place after the last of them.

        Places that a limited log has forgotten are left out; see :meth:`state` for what they came to.
        """
        with self._lock:
            return self._read(since)

    def state(self) -> RunState:
        """A fresh fold of the whole log."""
        with self._lock:
            state = copy.deepcopy(self._base) if self._forgotten else RunState()
            return fold(self._read(self._forgotten)[1], state)

    @property
    def forgotten(self) -> int:
        """How many records were dropped, 0 without a limit."""
        return self._forgotten

    def _read(self, since: int) -> tuple[int, list[Record]]:
        out: list[Record] = []
        start = self._forgotten
        for chunk in self._chunks:
            if since < start + CHUNK:
                rows = marshal.loads(zlib.decompress(chunk))
                out.extend(unpack(row) for row in rows[max(0, since - start) :])
            start += CHUNK
        out.extend(unpack(row) for row in self._tail[max(0, since - start) :])
        return max(since, self._forgotten) + len(out), out

    def _forget(self) -> None:
        while self._limit is not None and len(self._chunks) > max(1, self._limit // CHUNK):
            rows = marshal.loads(zlib.decompress(self._chunks.pop(0)))
            fold((unpack(row) for row in rows), self._base)
            self._base.drop_ended()
            self._forgotten += CHUNK
