"""A worker process.

Owns: the process. Called by: the executor of processes, which holds the other end of its socket. Guarantees: one body
at a time, on the main thread; the process and whatever its tasks have started are gone with the engine's process,
however that goes (see also ``ipyflow.executors.processes.guard``); a Ctrl-C meant for the engine's process does
nothing here.
"""

from __future__ import annotations

import contextlib
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
from ipyflow.wire.tally import Tally
from ipyflow.worker import body
from ipyflow.worker.guest import Guest


class Worker:
    """The main loop, and the link of the bodies that run in it."""

    def __init__(self, channel: Channel, begun: Tally) -> None:
        self._channel, self._begun = channel, begun
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
            self._begun.up()
            guest = self._guest = body.begin(package, self)
            outcome, _ = body.run(package, guest)
            self._guest = None
            del package, guest
            self._flush()
            self.send(("ended", outcome))

    def _flush(self) -> None:
        """All that was printed is on its way before the end is told."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # a body may have put anything in its place, or closed it
                stream.flush()
        if self._libc is not None:
            self._libc.fflush(None)


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
    """Serve the engine at the other end of a socket.

    The arguments: the socket's descriptor, that of the tally of bodies that have begun, the number of its process.
    """
    fd, tally, parent = map(int, sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.set_inheritable(fd, False)
    os.set_inheritable(tally, False)
    channel = Channel(socket.socket(fileno=fd))
    os.register_at_fork(after_in_child=channel.close)  # or our end would not be heard while a child of ours lives
    worker = Worker(channel, Tally(tally))
    if os.getppid() != parent:
        die()  # it was gone before anybody listened
    faulthandler.enable()
    body.install(fork=False)
    for stream in (sys.stdout, sys.stderr):
        # Line by line, in one order with what C code and child processes write; what was written survives a crash.
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    Hearing(worker.listen, "ipyflow-listen").start()
    worker.send(("ready",))
    try:
        worker.serve()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        die()  # without waiting for what bodies have left running
