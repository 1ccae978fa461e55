"""What crosses the border between the engine and a worker: a call, what its body says meanwhile, how it ended.

Pure values, as named tuples: those are pickled as quickly as tuples. How they are pickled is the business of
``ipyflow.wire``, how they travel that of each executor.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

Message: TypeAlias = tuple[Any, ...]
"""What a body and the engine say to each other while it runs; the first item says what it is.

From the worker:
    ``("output", stream, text)``, ``("progress", done, total, label)``, ``("noted", what, text)``: for the log.
    ``("submit", seq, key, changes, parcel, group)``: run a child: a task known by its key, or pickled in the parcel.
    ``("ask", seq, id, what, args)``: a question about the future ``id``, or something to do with it.
    ``("watch", id)``: tell when it is settled. ``("read", id)``: its outcome was looked at.
    ``("wait", ids)``: the body begins to wait for these. ``("resume", seq)``: it would go on.

To the worker:
    ``("reply", seq, ok, parcel, outcome)``: the answer, or the exception where ``ok`` is False; and, where the question
    was for the state of a future, its outcome.
    ``("settled", id, outcome)``: see :class:`Outcome`. ``("stop",)``: the body was told to stop.
"""


class Parcel(NamedTuple):
    """A pickled object.

    Attributes:
        data: the pickle (protocol 5).
        buffers: the large buffers that it leaves out, in its order: see ``ipyflow.wire.segments``.
    """

    data: bytes
    buffers: tuple[Any, ...] = ()


class Head(NamedTuple):
    """What a worker must know of a call besides what it runs.

    Attributes:
        id: of the future.
        name: of the task.
        attempt: 1 for the first.
        run_id: of its run.
        run_name: of its run.
        group: the label it was submitted under.
        log_level: what the engine's process logs, if it logs at all.
        keep: a large value may stay where it was made.
    """

    id: int
    name: str
    attempt: int
    run_id: int
    run_name: str
    group: str | None = None
    log_level: int | None = None
    keep: bool = False

    @property
    def label(self) -> str:
        """``name#id``."""
        return f"{self.name}#{self.id}"


class Package(NamedTuple):
    """A call on its way to a worker: ``body`` holds ``(function, args, kwargs)``."""

    head: Head
    body: Parcel


class Outcome(NamedTuple):
    """How a body, or a future that was waited for, ended.

    Attributes:
        kind: ``"value"``, ``"error"``, or ``"kept"`` where the value stays at the worker.
        parcel: the value, or the exception; nothing where it is kept.
        type_name: of the value.
        text: the value, shortened.
        trace: of an error, the traceback as the worker saw it.
        output: ``(stream, text)`` that was collected where there was no way to send it meanwhile.
    """

    kind: str
    parcel: Parcel | None = None
    type_name: str = ""
    text: Any = ""
    trace: str = ""
    output: tuple[tuple[str, str], ...] = ()
