"""Messages between two processes over a socket, with the descriptors of segments beside them.

Owns: the socket. Called by: many threads that send, one that receives. Guarantees: a message arrives whole or not at
all; the other end's death is ``EOFError`` here.
"""

from __future__ import annotations

import array
import contextlib
import io
import pickle
import socket
import struct
import threading
from typing import Any

from ipyflow.wire.segments import LARGE, Segment, make

_HEAD = struct.Struct("!QHB")
"""Length of the pickle, number of descriptors, whether the pickle itself is in the first of them."""
_MOST = 250


class Channel:
    """One end; see the module."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._sending = threading.Lock()

    def fileno(self) -> int:
        """For a selector."""
        return self.sock.fileno()

    def send(self, message: Any) -> None:
        """Send a message.

        Raises:
            OSError: nobody is at the other end.
        """
        segments: list[Segment] = []

        def number(segment: Segment) -> Any:
            segments.append(segment)
            return _arrived, (len(segments) - 1, segment.size)

        file = io.BytesIO()
        pickler = pickle.Pickler(file, protocol=5)
        pickler.dispatch_table = {Segment: number}
        pickler.dump(message)
        data = file.getbuffer()
        whole = make(data) if len(data) >= LARGE else None
        if whole is not None:
            size, descriptors = len(data), [whole.fd, *[s.fd for s in segments]]
            self._send(_HEAD.pack(size, len(descriptors), 1), b"", descriptors)
            whole.close()
        else:
            self._send(_HEAD.pack(len(data), len(segments), 0), data, [s.fd for s in segments])

    def _send(self, head: bytes, data: Any, descriptors: list[int]) -> None:
        with self._sending:
            if descriptors:
                socket.send_fds(self.sock, [head], descriptors)
                self.sock.sendall(data)
            elif len(data) < 1 << 16:
                self.sock.sendall(head + data)
            else:
                self.sock.sendall(head)
                self.sock.sendall(data)

    def receive(self) -> Any:
        """The next message; waits for it.

        Raises:
            EOFError: the other end is gone.
        """
        head, descriptors = self._head()
        size, count, whole = _HEAD.unpack(head)
        try:
            if len(descriptors) != count:
                raise EOFError("descriptors were lost on the way: too many files are open")
            if whole:
                carrier = Segment(descriptors.pop(0), size)
                data = carrier.view()
                carrier.close()
            else:
                data = self._exactly(size)
            with _arriving(descriptors):
                return pickle.loads(data)
        finally:
            _close(descriptors)

    def _head(self) -> tuple[bytes, list[int]]:
        head, descriptors = b"", array.array("i")
        while len(head) < _HEAD.size:
            try:
                part, extra, _, _ = self.sock.recvmsg(_HEAD.size - len(head), socket.CMSG_SPACE(_MOST * 4))
            except ConnectionError:
                part, extra = b"", []
            for level, kind, data in extra:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
            if not part:
                _close(descriptors.tolist())
                raise EOFError("the other end is gone")
            head += part
        return head, descriptors.tolist()

    def _exactly(self, size: int) -> bytearray:
        data = bytearray(size)
        rest = memoryview(data)
        while rest:
            try:
                count = self.sock.recv_into(rest)
            except ConnectionError:
                count = 0
            if not count:
                raise EOFError("the other end is gone")
            rest = rest[count:]
        return data

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self.sock.close()


def _close(descriptors: list[int]) -> None:
    for fd in descriptors:
        Segment(fd, 0).close()


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
