"""Large buffers in memory that two processes share: written once, mapped by whoever is handed the file descriptor.

Owns: the descriptors. Guarantees: a segment has no name, so nothing of it is left when the processes that hold it are
gone, however they went; whoever maps it gets pages of their own as soon as they write; equal content that is packed
again while a segment of it is in use is not copied again. Descriptors are scarce: beyond a number of them, buffers
travel inside the pickle, and views are copies.
"""

from __future__ import annotations

import contextlib
import itertools
import mmap
import os
import tempfile
import threading
import weakref
from typing import Any

from ipyflow.wire import comparing

LARGE = 1 << 20
"""Bytes from which a buffer travels as a segment."""
MOST = 200
"""Segments, and views of such, that a process has at once."""

_keys = itertools.count(1)
_room = threading.BoundedSemaphore(MOST)


class Segment:
    """A buffer in shared memory.

    Attributes:
        fd: its file descriptor.
        size: in bytes.
        key: equal keys of one process mean equal bytes.
    """

    __slots__ = ("__weakref__", "_compared", "_end", "fd", "key", "size")

    def __init__(self, fd: int, size: int, counted: bool = False) -> None:
        self.fd, self.size, self.key = fd, size, next(_keys)
        # Not __del__: in the middle of that, another thread may still be handed the segment by a weak reference.
        self._end = weakref.finalize(self, _give_back, fd, counted)
        self._end.atexit = False
        self._compared: mmap.mmap | None = None
        """Its bytes, kept for the next comparison: to map them anew takes longer than to compare them."""

    def view(self) -> Any:
        """Its bytes, to be written to as one likes: nobody else sees that."""
        if self.fd < 0:
            raise ValueError(f"{self!r} was given back")
        if not _room.acquire(blocking=False):
            copy = bytearray(self.size)
            self._read_into(memoryview(copy))
            return copy
        try:
            mapped = mmap.mmap(self.fd, self.size, access=mmap.ACCESS_COPY)
        except BaseException:
            _room.release()
            raise
        weakref.finalize(mapped, _room.release).atexit = False
        return mapped

    def _read_into(self, target: memoryview) -> None:
        done = 0
        while done < self.size:
            done += os.preadv(self.fd, [target[done:]], done)

    def holds(self, raw: memoryview) -> bool:
        """Whether its bytes are those of ``raw``."""
        if raw.nbytes != self.size or self.fd < 0:
            return False
        known = self._compared
        if known is not None:
            return comparing.equal(known, raw)
        mapped = mmap.mmap(self.fd, self.size, access=mmap.ACCESS_READ)
        if _room.acquire(blocking=False):
            weakref.finalize(mapped, _room.release).atexit = False
            self._compared = mapped
        return comparing.equal(mapped, raw)

    def close(self) -> None:
        """Give the descriptor back; views stay."""
        self.fd, self._compared = -1, None
        self._end()

    def __repr__(self) -> str:
        return f"<Segment {self.key}, {self.size} bytes>"


def _give_back(fd: int, counted: bool) -> None:
    with contextlib.suppress(OSError):
        os.close(fd)
    if counted:
        _room.release()


def make(raw: memoryview) -> Segment | None:
    """A segment with these bytes; ``None`` where there is no room for one more."""
    if not _room.acquire(blocking=False):
        return None
    fd = -1
    try:
        fd = new_file()
        os.ftruncate(fd, raw.nbytes)
        done = 0
        while done < raw.nbytes:
            done += os.pwrite(fd, raw[done : done + (1 << 30)], done)
    except BaseException as error:
        if fd >= 0:
            os.close(fd)
        _room.release()
        if isinstance(error, OSError):  # no descriptor, no memory: it goes inside the pickle
            return None
        raise
    return Segment(fd, raw.nbytes, counted=True)


def new_file() -> int:
    """The descriptor of a file in memory that has no name."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("ipyflow")
    fd, path = tempfile.mkstemp(prefix="ipyflow-")
    os.unlink(path)
    return fd


class Shelf:
    """Segments in use, by the object whose bytes they are: the same array in many calls is copied once."""

    def __init__(self) -> None:
        self._known: weakref.WeakValueDictionary[tuple[int, int], Segment] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()

    def put(self, raw: memoryview) -> Segment | None:
        """The segment of these bytes; the object may have changed since it was put there last."""
        key = (id(raw.obj), raw.nbytes)
        with self._lock:
            known = self._known.get(key)
            if known is not None and known.holds(raw):
                return known
            made = make(raw)
            if made is not None:
                self._known[key] = made
            return made
