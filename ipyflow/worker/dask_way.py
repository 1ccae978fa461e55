"""The way from the bodies in a Dask worker to the engine: events of a topic of the engine's.

Owns: for each worker the messages on their way out. Called by: bodies (``send``), the worker's loop. Guarantees: what a
body says arrives in its order, and before its end; nothing large travels as a message.
"""

from __future__ import annotations

import itertools
import pickle
import threading
from typing import Any

from ipyflow.model.wire import Message, Outcome, Parcel

INLINE = 1 << 14
"""Bytes that travel in a message; the scheduler keeps the last 1000 messages. More stays here until it is asked for."""

stored: dict[int, Message] = {}
"""Messages that are too large to be sent, by number."""
numbers = itertools.count(1)


class Way:
    """The way of one worker's bodies to one engine: messages that are written while one is sent travel together."""

    def __init__(self, worker: Any, topic: str) -> None:
        self._worker, self._topic = worker, topic
        self._items: list[tuple[str, Message]] = []
        self._lock = threading.Lock()
        host = worker.address.rpartition("://")[2].rpartition(":")[0]
        self.me = (worker.address, host, str(worker.name))

    def send(self, key: str, message: Message) -> None:
        """Send a message; from any thread."""
        with self._lock:
            self._items.append((key, message))
            first = len(self._items) == 1
        if first:
            # On the loop, as is what Dask says of a task's end: so it comes after.
            self._worker.loop.add_callback(self._flush)

    def _flush(self) -> None:
        with self._lock:
            items, self._items = self._items, []
        small: list[tuple[str, Message]] = []
        room = INLINE
        for key, message in items:
            size = size_of(message)
            if size > INLINE:
                number = next(numbers)
                stored[number] = message
                message, size = ("!stored", number), 0
            if size > room:
                self._tell(small)
                small, room = [], INLINE
            small.append((key, message))
            room -= size
        self._tell(small)

    def _tell(self, items: list[tuple[str, Message]]) -> None:
        if items:
            self._worker.log_event(self._topic, pickle.dumps(items, 5))


def size_of(message: Message) -> int:
    """Roughly, in bytes."""
    size = 100
    for part in message:
        if isinstance(part, Outcome):
            size += len(part.trace)
            part = part.parcel
        if isinstance(part, Parcel):
            size += len(part.data) + sum(buffer.size for buffer in part.buffers)
        elif isinstance(part, (str, bytes)):
            size += len(part)
    return size
