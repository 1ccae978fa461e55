"""Pickling by value: functions and classes of a notebook travel as they are, large buffers beside the pickle.

Called by: whoever hands something over. Guarantees: what cannot travel is refused here, by name.
"""

from __future__ import annotations

import importlib
import io
import pickle
from collections.abc import Callable
from typing import Any

from ipyflow.errors import NotPicklable
from ipyflow.model.wire import Parcel
from ipyflow.wire import failures
from ipyflow.wire.segments import LARGE, Segment, Shelf, make

MANY = 64
"""Segments of one parcel: a socket hands over only so many descriptors at once."""

_Pickler: Any = None


def dumps(value: Any, buffer_callback: Callable[[pickle.PickleBuffer], object] | None = None) -> bytes:
    """As ``pickle.dumps``, for functions and classes of a notebook too."""
    file = io.BytesIO()
    (_Pickler or _pickler())(file, protocol=5, buffer_callback=buffer_callback).dump(value)
    return file.getvalue()


def _pickler() -> Any:
    """The class that pickles, made when first needed: it is based on one of cloudpickle."""
    global _Pickler
    base = importlib.import_module("cloudpickle").Pickler

    class ByValue(base):  # type: ignore[misc, valid-type]
        """Pickles by value; exceptions in a way that does not depend on their constructors."""

        def reducer_override(self, value: Any) -> Any:
            if isinstance(value, BaseException) and type(value).__reduce__ is BaseException.__reduce__:
                return failures.made_again, (type(value), value.args, value.__dict__)
            return super().reducer_override(value)

    _Pickler = ByValue
    return _Pickler


def pack(value: Any, shelf: Shelf | None = None, apart: bool = True) -> Parcel:
    """Pickle ``value``.

    Args:
        value: anything.
        shelf: where equal buffers are found again.
        apart: put large buffers into segments.

    Raises:
        Exception: what pickling it raised; see :func:`refusal`.
    """
    buffers: list[Segment] = []

    def leave_out(buffer: pickle.PickleBuffer) -> bool:
        if len(buffers) == MANY:
            return True
        try:
            raw = buffer.raw()
        except BufferError:  # not in one piece
            return True
        if raw.nbytes < LARGE:
            return True
        segment = make(raw) if shelf is None else shelf.put(raw)
        if segment is None:
            return True
        buffers.append(segment)
        return False

    data = dumps(value, leave_out if apart else None)
    return Parcel(data, tuple(buffers))


def unpack(parcel: Parcel) -> Any:
    """The value in a parcel, once: its segments are given back."""
    try:
        return pickle.loads(parcel.data, buffers=[buffer.view() for buffer in parcel.buffers])
    finally:
        for buffer in parcel.buffers:
            buffer.close()  # the views hold what they need


def plain(parcel: Parcel) -> Parcel:
    """The same parcel with bytes for segments: for ways that carry bytes only."""
    return Parcel(parcel.data, tuple([InBytes(bytes(buffer.view())) for buffer in parcel.buffers]))


class InBytes:
    """A large buffer that travels as bytes."""

    __slots__ = ("_bytes", "size")

    def __init__(self, content: bytes) -> None:
        self._bytes, self.size = content, len(content)

    def view(self) -> bytearray:
        """Its bytes, to be written to."""
        return bytearray(self._bytes)

    def close(self) -> None:
        """There is nothing to give back."""


class Packer:
    """What every executor whose workers are elsewhere has of pickling; equal large buffers are found again."""

    def __init__(self) -> None:
        self._shelf = Shelf()

    def pack(self, value: Any) -> Parcel:
        """Pickle ``value`` for the way there."""
        return pack(value, self._shelf)

    def unpack(self, parcel: Parcel) -> Any:
        """What came from there."""
        return unpack(parcel)

    def refused(self, fn: Any, args: Any, kwargs: Any, where: Callable[[str], str | None]) -> NotPicklable:
        """The exception that says why a call cannot travel."""
        return NotPicklable(_culprits().explain(fn, args, kwargs, dumps, where))

    def refused_value(self, value: Any) -> NotPicklable:
        """The exception that says why a value cannot travel."""
        return refused_value(value)


def refused_value(value: Any) -> NotPicklable:
    """Why a value cannot travel."""
    return NotPicklable(_culprits().explain_value(value, dumps))


def refused_child(fn: Any, args: Any, kwargs: Any) -> NotPicklable:
    """Why a call cannot travel from a worker."""
    return NotPicklable(_culprits().explain(fn, args, kwargs, dumps))


def _culprits() -> Any:
    return importlib.import_module("ipyflow.wire.culprits")  # by name: each worker would import it, and few need it
