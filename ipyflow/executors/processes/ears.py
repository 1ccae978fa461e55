"""The thread on which worker processes are heard: what they say, what they write, that they have ended.

Owns: the thread, the selector, the bell that calls the thread. Called by: the pool; ``ring`` and ``is_full`` from any
thread. Guarantees: all of the pool's decisions about processes are asked for on this one thread; an error in what is
told to the engine silences nobody else; nothing here waits for a process.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
from typing import Any, Protocol

from ipyflow.executors.processes.process import Process
from ipyflow.model.ports import Hearing

_LOG = logging.getLogger(__name__)


class Listener(Protocol):
    """Who is told; on the thread."""

    def heard(self, process: Process, message: Any) -> None:
        """A process says something."""

    def wrote(self, process: Process, stream: str, text: str) -> None:
        """Something was written to a descriptor of a process."""

    def gone(self, process: Process, how: str, began: bool) -> None:
        """A process has ended; ``began`` says whether its body, if it was sent one, had begun."""

    def look(self) -> None:
        """Something may have changed: see what there is to do."""

    def is_over(self) -> bool:
        """No process is left, and none will come."""


class Ears:
    """See the module."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._full: list[Process] = []
        """Processes that do not listen just now, with something left to be sent."""
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._rung = False
        self._selector: selectors.BaseSelector
        self._ear: socket.socket
        self._bell: socket.socket
        """These three are made with the thread: what is never rung holds no descriptors."""

    # From any thread.

    def ring(self, again: bool = False) -> None:
        """Have the thread look; it is started with the first ring. ``again``: whether or not it was rung before."""
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._open()
                    thread = Hearing(self._serve, "ipyflow-processes")
                    thread.start()
                    self._thread = thread
        if again or not self._rung:
            self._rung = True
            with contextlib.suppress(OSError):  # rung so often that the bell is full, or for the last time
                self._bell.send(b"!")

    def is_full(self, process: Process) -> None:
        """Something for ``process`` is left: send it when there is room."""
        self._full.append(process)
        self.ring()

    def join(self, wait: bool) -> None:
        """Nothing more will come: the thread ends when the last process has."""
        with self._starting:
            thread = self._thread
        if thread is None:
            return
        self.ring(again=True)
        if wait and thread is not threading.current_thread():
            thread.join()

    # On the thread.

    def _serve(self) -> None:
        while not self._listener.is_over():
            try:
                for key, mask in self._selector.select():
                    self._happened(key.data, key.fileobj, mask)
                self._listener.look()
                self._mind_the_full()
            except Exception:  # of the engine's, or of a callback: the others are still to be heard
                _LOG.exception("the thread that hears worker processes goes on after an error")
        self._close()

    def _happened(self, process: Process | None, file: Any, mask: int) -> None:
        if process is None:
            with contextlib.suppress(BlockingIOError):
                self._ear.recv(1024)
            # Behind that, or a ring just heard would count for ever; before anything is looked at.
            self._rung = False
        elif file is process.channel:
            if mask & selectors.EVENT_READ:
                self._hear(process)
            if mask & selectors.EVENT_WRITE and process.is_alive and process.flush():
                self._selector.modify(process.channel, selectors.EVENT_READ, process)
        elif file == process.ending:
            self._hear_end(process)
        else:
            self._hear_pipe(process, file)

    def add(self, process: Process) -> None:
        """Hear this one from now on."""
        for file in process.files:
            self._selector.register(file, selectors.EVENT_READ, process)

    def drain(self, process: Process) -> None:
        """Hear all that was written so far."""
        for pipe in list(process.pipes):
            while process.has(pipe):
                self._hear_pipe(process, pipe)

    def _hear(self, process: Process) -> None:
        if not process.is_alive:
            return
        try:
            messages = process.channel.read()
        except (EOFError, OSError):
            self._gone(process)
            return
        for message in messages:
            try:
                self._listener.heard(process, message)
            except Exception:  # the next message is to be heard all the same
                _LOG.exception("what a worker process has said could not be handled")

    def _hear_end(self, process: Process) -> None:
        """It has ended; somebody else, a child that C code has forked, may still hold its end of the channel."""
        while process.is_alive and process.speaks():
            self._hear(process)
        if process.is_alive:
            self._gone(process)

    def _hear_pipe(self, process: Process, pipe: Any) -> None:
        text = process.read(pipe)
        if text is None and pipe in process.pipes:
            self._selector.unregister(pipe)
            process.pipes.pop(pipe)
            pipe.close()
        elif text:
            self._listener.wrote(process, process.pipes[pipe], text)

    def _gone(self, process: Process) -> None:
        began = process.has_begun
        how = process.end()
        self.drain(process)
        for file in process.files:
            self._selector.unregister(file)
        process.close()
        self._listener.gone(process, how, began)

    def _mind_the_full(self) -> None:
        """Go on sending to those for which there was no room, once there is."""
        while self._full:
            process = self._full.pop()
            if process.is_alive:
                self._selector.modify(process.channel, selectors.EVENT_READ | selectors.EVENT_WRITE, process)

    def _open(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)
        self._selector.register(self._ear, selectors.EVENT_READ, None)

    def _close(self) -> None:
        self._selector.close()
        self._ear.close()
        self._bell.close()
