"""Messages between two processes over a socket, with the descriptors of segments beside them.

Owns: the socket, what was half sent and half received. Called by: many threads that send, one that receives.
Guarantees: a message arrives whole or not at all; the other end's death is ``EOFError`` here. One end never waits
(``post``, ``read``): the other may be a process in which nobody listens, or which stops in the middle of a message.
"""

from __future__ import annotations

import array
import contextlib
import errno
import io
import os
import pickle
import socket
import struct
import threading
from collections import deque
from typing import Any

from ipyflow.wire.segments import LARGE, Segment, make

_HEAD = struct.Struct("!QHB")
"""Length of the pickle, number of descriptors, whether the pickle itself is in the first of them."""
_MOST = 250
_NO_ROOM = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS, errno.ENOMEM, errno.ETOOMANYREFS)
"""Errors that go by: of the socket, of the machine's memory, of the descriptors that are on their way."""
_CHUNK = 1 << 16


class Channel:
    """One end; see the module."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._sending = threading.Lock()
        self._outgoing: deque[_Frame] = deque()
        self._incoming = bytearray()
        self._descriptors: deque[int] = deque()
        self._messages: deque[Any] = deque()

    def fileno(self) -> int:
        """For a selector."""
        return self.sock.fileno()

    # Sending.

    def send(self, message: Any) -> None:
        """Send a message; waits until it is on its way.

        Raises:
            OSError: nobody is at the other end.
        """
        frame = _framed(message)
        with self._sending:
            if frame.descriptors:
                sent = socket.send_fds(self.sock, [frame.data], frame.descriptors)
                frame.data = frame.data[sent:]
            self.sock.sendall(frame.data)

    def post(self, message: Any) -> bool:
        """Send a message, or as much of it as there is room for; never waits.

        Returns:
            False when something is left, which :meth:`flush` sends once there is room.

        Raises:
            OSError: nobody is at the other end.
        """
        frame = _framed(message)
        with self._sending:
            self._outgoing.append(frame)
            return self._flush()

    def flush(self) -> bool:
        """Send what is left, as far as there is room; True when nothing is."""
        with self._sending:
            return self._flush()

    def _flush(self) -> bool:
        while self._outgoing:
            frame = self._outgoing[0]
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", frame.descriptors))]
            try:
                sent = self.sock.sendmsg([frame.data], ancillary if frame.descriptors else [], socket.MSG_DONTWAIT)
                frame.data, frame.descriptors = frame.data[sent:], []
            except OSError as error:
                if error.errno in _NO_ROOM:
                    return False
                raise
            except KeyboardInterrupt:  # nobody knows what of it is on its way
                self.sock.shutdown(socket.SHUT_RDWR)
                raise
            if not frame.data:
                self._outgoing.popleft()
        return True

    # Receiving.

    def receive(self) -> Any:
        """The next message; waits for it.

        Raises:
            EOFError: the other end is gone.
        """
        while not self._messages:
            self._take(0)
        return self._messages.popleft()

    def read(self) -> list[Any]:
        """The messages that have come; never waits.

        Raises:
            EOFError: the other end is gone, and nothing more has come.
        """
        with contextlib.suppress(BlockingIOError):
            self._take(socket.MSG_DONTWAIT)
        messages = list(self._messages)
        self._messages.clear()
        return messages

    def _take(self, flags: int) -> None:
        try:
            data, extra, _, _ = self.sock.recvmsg(_CHUNK, socket.CMSG_SPACE(_MOST * 4), flags)
        except ConnectionError:
            data, extra = b"", []
        for level, kind, packed in extra:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                arrived = array.array("i")
                arrived.frombytes(packed[: len(packed) - len(packed) % arrived.itemsize])
                self._descriptors.extend(arrived)
        if not data:
            raise EOFError("the other end is gone")
        self._incoming += data
        while len(self._incoming) >= _HEAD.size:
            size, count, whole = _HEAD.unpack_from(self._incoming)
            end = _HEAD.size + (0 if whole else size)
            if len(self._incoming) < end:
                break
            content = bytes(memoryview(self._incoming)[_HEAD.size : end])
            del self._incoming[:end]
            self._messages.append(self._opened(content, size, count, bool(whole)))

    def _opened(self, content: Any, size: int, count: int, whole: bool) -> Any:
        if len(self._descriptors) < count:
            raise EOFError("descriptors were lost on the way: too many files are open")
        descriptors = [self._descriptors.popleft() for _ in range(count)]
        try:
            if whole:
                carrier = Segment(descriptors.pop(0), size)
                content = carrier.view()
                carrier.close()
            with _arriving(descriptors):
                return pickle.loads(content)
        finally:
            _close(descriptors)

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self.sock.close()
        _close(list(self._descriptors))
        self._descriptors.clear()


class _Frame:
    """A message on its way: the bytes that are left, and the descriptors that go with the first of them."""

    __slots__ = ("_held", "data", "descriptors")

    def __init__(self, data: memoryview, held: list[Segment]) -> None:
        self.data, self._held = data, held
        self.descriptors = [segment.fd for segment in held]


def _framed(message: Any) -> _Frame:
    segments: list[Segment] = []

    def number(segment: Segment) -> Any:
        segments.append(segment)
        return _arrived, (len(segments) - 1, segment.size)

    file = io.BytesIO()
    file.write(bytes(_HEAD.size))
    pickler = pickle.Pickler(file, protocol=5)
    pickler.dispatch_table = {Segment: number}
    pickler.dump(message)
    data = file.getbuffer()
    size = len(data) - _HEAD.size
    whole = make(data[_HEAD.size :]) if size >= LARGE else None
    if whole is None:
        _HEAD.pack_into(data, 0, size, len(segments), 0)
        return _Frame(data, segments)
    return _Frame(memoryview(_HEAD.pack(size, len(segments) + 1, 1)), [whole, *segments])


def _close(descriptors: list[int]) -> None:
    for fd in descriptors:
        if fd >= 0:  # nobody has taken it
            with contextlib.suppress(OSError):
                os.close(fd)


_here = threading.local()


@contextlib.contextmanager
def _arriving(descriptors: list[int]) -> Any:
    _here.descriptors = descriptors
    try:
        yield
    finally:
        del _here.descriptors


def _arrived(place: int, size: int) -> Segment:
    """The segment that came beside a message; a descriptor is taken once."""
    fd, _here.descriptors[place] = _here.descriptors[place], -1
    return Segment(fd, size)
