"""The log of a run: append, read from any place, keep it small.

Owns: the records of one run. Called by: every thread that changes a task (``append``), viewers (``read``).
Guarantees: ``append`` never blocks and costs one list append; a record's place never changes; ``read`` gives
a consistent prefix. That ``list.append`` and slicing are atomic rests on the interpreter lock (and on the list's
own lock where there is none).

It holds records in packed form, plain tuples that the garbage collector need not look at; old ones go a chunk at a
time into compressed bytes, about a tenth of the size. A log with a ``limit`` also forgets: old chunks are folded into
a base, and what had ended there is dropped, down to its counts.
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
MOST = 32 * CHUNK
"""Records left unpacked, some 20 MB, while work goes on: packing three costs half as much as a small task."""


class Log:
    """An append-only list of records that packs its own past.

    Args:
        limit: keep about this many records at least; ``None`` keeps all.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.tail: list[tuple[Any, ...]] = []
        self.append_row = self.tail.append
        """Appends a record in packed form: for the hot path."""
        self._chunks: list[bytes] = []
        self._forgotten = 0
        self._limit = limit
        self.held_from: int | None = None
        """The place from which on nothing may be forgotten yet, where somebody is still to write it elsewhere."""
        self._base = RunState()
        self._lock = threading.Lock()

    def append(self, record: Record) -> None:
        """Append a record."""
        self.append_row(pack(record))

    def __len__(self) -> int:
        """How many records were ever appended."""
        with self._lock:
            return self._forgotten + len(self._chunks) * CHUNK + len(self.tail)

    def seal(self, keep: int, chunks: int = 1) -> bool:
        """Pack up to ``chunks`` chunks of all but the newest ``keep`` records; left to another thread if one is at it.

        Returns:
            True when more could be packed.
        """
        if len(self.tail) < keep + CHUNK or not self._lock.acquire(blocking=False):
            return False
        try:
            while chunks > 0 and len(self.tail) >= keep + CHUNK:
                self._chunks.append(zlib.compress(marshal.dumps(self.tail[:CHUNK]), 1))
                del self.tail[:CHUNK]
                self._forget()
                chunks -= 1
            return len(self.tail) >= keep + CHUNK
        finally:
            self._lock.release()

    def tidy(self) -> None:
        """In the middle of work: pack only what would take much memory."""
        if self._limit is not None:
            self.seal(CHUNK, chunks=2)
        elif len(self.tail) > MOST:
            self.seal(MOST - 8 * CHUNK, chunks=8)

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

    def rows(self, since: int, most: int | None = None) -> tuple[int, list[tuple[Any, ...]]]:
        """The records from place ``since`` on in packed form, so many at most, and the place of the first of them."""
        out: list[tuple[Any, ...]] = []
        with self._lock:
            first, packed, tail = self._held(since, most)
        for chunk, begin in packed:  # unpacked outside: who packs meanwhile does not wait for that
            out.extend(marshal.loads(zlib.decompress(chunk))[begin:])
        out.extend(tail)
        if most is not None:
            del out[most:]
        return first, out

    @property
    def forgotten(self) -> int:
        """How many records were dropped, 0 without a limit."""
        return self._forgotten

    def _read(self, since: int) -> tuple[int, list[Record]]:
        out = [unpack(row) for row in self._rows(since)]
        return max(since, self._forgotten) + len(out), out

    def _rows(self, since: int) -> list[tuple[Any, ...]]:
        _, packed, tail = self._held(since, None)
        out = [row for chunk, begin in packed for row in marshal.loads(zlib.decompress(chunk))[begin:]]
        out.extend(tail)
        return out

    def _held(self, since: int, most: int | None) -> tuple[int, list[tuple[bytes, int]], list[tuple[Any, ...]]]:
        """Where the records from ``since`` on begin, the chunks that hold them, each with where in it, and the rest."""
        start = self._forgotten
        first = max(since, start)
        end = None if most is None else first + most
        packed: list[tuple[bytes, int]] = []
        for chunk in self._chunks:
            if end is not None and start >= end:
                return first, packed, []
            if first < start + CHUNK:
                packed.append((chunk, max(0, first - start)))
            start += CHUNK
        return first, packed, self.tail[max(0, first - start) : None if end is None else max(0, end - start)]

    def _forget(self) -> None:
        while self._limit is not None and len(self._chunks) > max(1, self._limit // CHUNK):
            if self.held_from is not None and self._forgotten + CHUNK > self.held_from:
                return
            rows = marshal.loads(zlib.decompress(self._chunks.pop(0)))
            fold((unpack(row) for row in rows), self._base)
            self._base.drop_ended()
            self._forgotten += CHUNK
