"""What runs in a Dask worker: the bodies of our tasks.

Owns: the bodies that run in this process, and the messages that have come for them. Called by: Dask's threads
(``run``), the worker's loop (``deliver``, ``take``). Guarantees: a body that waits for other tasks leaves its slot to
others.

Messages out are events of a topic of the engine's; messages in are calls of ``deliver``.
"""

from __future__ import annotations

import os
import pickle
import queue
import threading
from contextvars import copy_context
from typing import Any

from distributed import get_worker
from distributed.threadpoolexecutor import thread_state
from distributed.worker import secede

from ipyflow.engine import crossing
from ipyflow.engine.kept import Kept as Kept  # for the executor, which may not look into the engine
from ipyflow.model.wire import Head, Message, Outcome, Package, Parcel
from ipyflow.wire import pickling
from ipyflow.worker import body
from ipyflow.worker.dask_values import Chunk, Parked
from ipyflow.worker.dask_way import INLINE, Way, size_of, stored
from ipyflow.worker.guest import Guest

PIECE = 8000
"""Characters of output in one message."""
MOMENT = 0.05
"""Seconds that a body waits for a slot after it has waited for other tasks; then it goes on without."""


_ways: dict[tuple[str, str], Way] = {}
_guests: dict[str, Guest] = {}
_inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
_lock = threading.Lock()
_is_installed = False


def _way(worker: Any, topic: str) -> Way:
    way = _ways.get((worker.id, topic))
    if way is None:
        with _lock:
            _install()
            way = _ways.setdefault((worker.id, topic), Way(worker, topic))
    return way


def _install() -> None:
    global _is_installed
    if not _is_installed:
        _is_installed = True
        body.install()
        threading.Thread(target=_listen, name="ipyflow-listen", daemon=True).start()


class Line:
    """The link of one body."""

    def __init__(self, way: Way, key: str) -> None:
        self._way, self._key = way, key
        self._thread = threading.get_ident()
        self._context = copy_context()
        """Dask's, in which it knows its worker."""
        self._away = False
        self._packed: tuple[Any, Parcel] | None = None

    def send(self, message: Message) -> None:
        """To the engine; around a wait of the body's own thread, its slot is left to others."""
        kind = message[0]
        if kind == "resume" and self._away and threading.get_ident() == self._thread:
            self._away = not _back_in_pool()
        if kind == "output" and len(message[2]) > PIECE:
            _, stream, text = message
            for begin in range(0, len(text), PIECE):
                self._way.send(self._key, (kind, stream, text[begin : begin + PIECE]))
            return
        self._way.send(self._key, message)
        if kind == "wait" and not self._away and threading.get_ident() == self._thread:
            self._away = True
            self._context.run(secede)

    def pack(self, value: Any) -> Parcel:
        """Pickle a value."""
        packed, self._packed = self._packed, None
        if packed is not None and packed[0] is value:
            return packed[1]
        return pickling.plain(pickling.pack(value))

    def unpack(self, parcel: Parcel) -> Any:
        """The value in a parcel."""
        return pickling.unpack(parcel)

    def stays(self, value: Any) -> bool:
        """Whether a value is too large to be sent unasked; what cannot be pickled is refused elsewhere."""
        try:
            parcel = pickling.plain(pickling.pack(value))
        except Exception:
            return False
        self._packed = (value, parcel)
        return size_of((parcel,)) > INLINE

    def parked(self) -> Parked:
        """The value that :meth:`stays`."""
        assert self._packed is not None
        return Parked.of(self._packed[1])


def _back_in_pool() -> bool:
    """As Dask's ``rejoin``, for a moment only: the slots may be held by bodies that never return.

    Returns:
        False where the body goes on beside the pool.
    """
    pool, come = thread_state.executor, threading.Event()
    place = (threading.current_thread(), come)
    with pool._rejoin_lock:
        pool._rejoin_list.append(place)
    pool.submit(_nothing)  # so that a thread that has nothing to do looks
    if not come.wait(MOMENT):
        with pool._rejoin_lock:
            if place in pool._rejoin_list:
                pool._rejoin_list.remove(place)
                return False
        come.wait()
    thread_state.proceed = True
    return True


def _nothing() -> None:
    """Wakes a thread."""


def run(topic: str, key: str, head: Head, data: Any, count: int, *brought: Any) -> Parked | None:
    """Run a body: what Dask calls a task.

    Args:
        topic: where the engine listens.
        key: of the task.
        head: of the package.
        data: the pickle in it, or a chunk with it.
        count: how many of ``brought`` are the pickle's large buffers.
        brought: those, and then the values that came from other tasks of ours.

    Returns:
        The value or the error where it is too large for a message.
    """
    way = _way(get_worker(), topic)
    way.send(key, ("!begin", *way.me, os.getpid()))
    line = Line(way, key)
    package = Package(head, Parcel(data.content if isinstance(data, Chunk) else data, brought[:count]))
    guest = _guests[key] = body.begin(package, line)
    try:
        guest.values = tuple([_value(guest, parked) for parked in brought[count:]])
        outcome, _ = body.run(package, guest, line.stays)
    finally:
        del _guests[key]
    parked = None
    if outcome.kind == "kept":
        parked = line.parked()
    elif size_of((outcome,)) > INLINE and outcome.parcel is not None:
        parked = Parked.of(outcome.parcel)
        outcome = Outcome(outcome.kind, None, outcome.type_name, outcome.text, outcome.trace[-INLINE:], outcome.output)
    way.send(key, ("!end", outcome))
    return parked


def _value(guest: Guest, parked: Parked) -> Any:
    return crossing.across(guest, pickling.unpack, parked.parcel())


def deliver(letter: bytes) -> None:
    """Messages for bodies here; on the worker's loop, which must not wait."""
    _inbox.put(letter)


def _listen() -> None:
    """On a thread: hand on what has come."""
    while True:
        for key, message in pickle.loads(_inbox.get()):
            guest = _guests.get(key)
            if guest is not None:
                try:
                    guest.receive(message)
                except Exception:
                    pass  # a callback of the body's own; the next message counts all the same


def same(value: Any) -> Any:
    """Brings data to a worker as a task."""
    return value


def take(number: int) -> bytes:
    """A message that was too large to be sent; once."""
    return pickle.dumps(stored.pop(number), 5)


def leave(topic: str) -> None:
    """An engine has gone."""
    for key in [key for key in list(_ways) if key[1] == topic]:
        _ways.pop(key, None)
