"""A worker process.

Owns: the process. Called by: the executor of processes, which holds the other end of its socket. Guarantees: one body
at a time, on the main thread; the process and whatever its tasks have started are gone with the engine's process,
however that goes (see also ``ipyflow.executors.guard``); a Ctrl-C meant for the engine's process does nothing here.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import queue
import signal
import socket
import sys
from typing import Any

from ipyflow.model.ports import Hearing
from ipyflow.model.wire import Message, Package, Parcel
from ipyflow.wire import pickling
from ipyflow.wire.channel import Channel
from ipyflow.worker import body
from ipyflow.worker.guest import Guest


class Worker:
    """The main loop, and the link of the bodies that run in it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._packages: queue.SimpleQueue[Package | None] = queue.SimpleQueue()
        self._guest: Guest | None = None
        self._libc: Any = _libc()

    def send(self, message: Message) -> None:
        """To the engine; where it is gone, so are we."""
        try:
            self._channel.send(message)
        except OSError:
            die()

    def pack(self, value: Any) -> Parcel:
        """Pickle a value, large buffers in shared memory."""
        return pickling.pack(value)

    def unpack(self, parcel: Parcel) -> Any:
        """The value in a parcel."""
        return pickling.unpack(parcel)

    def listen(self) -> None:
        """On a thread: hear the engine until it is gone."""
        try:
            while True:
                message = self._channel.receive()
                kind = message[0]
                if kind == "run":
                    self._packages.put(message[1])
                elif kind == "path":
                    sys.path[:] = message[1]
                elif kind == "exit":
                    self._packages.put(None)
                elif (guest := self._guest) is not None:
                    guest.receive(message)
        finally:
            die()

    def serve(self) -> None:
        """On the main thread: run one body after the other."""
        while (package := self._packages.get()) is not None:
            guest = self._guest = body.begin(package, self)
            outcome, _ = body.run(package, guest)
            self._guest = None
            del package, guest
            if self._libc is not None:
                self._libc.fflush(None)  # what C code has printed, before the end is told
            self.send(("ended", outcome))


def _libc() -> Any:
    try:
        return ctypes.CDLL(None)
    except (OSError, TypeError):
        return None


def die() -> None:
    """End this process, and what its tasks have started in its group."""
    try:
        os.killpg(0, signal.SIGKILL)
    finally:
        os._exit(1)


def main() -> None:
    """Serve the engine at the other end of the socket that is the first argument; the second is its process."""
    fd, parent = map(int, sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.set_inheritable(fd, False)
    channel = Channel(socket.socket(fileno=fd))
    os.register_at_fork(after_in_child=channel.close)  # or our end would not be heard while a child of ours lives
    worker = Worker(channel)
    if os.getppid() != parent:
        die()  # it was gone before anybody listened
    faulthandler.enable()
    body.install()
    Hearing(worker.listen, "ipyflow-listen").start()
    worker.send(("ready",))
    try:
        worker.serve()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        die()  # without waiting for what bodies have left running
