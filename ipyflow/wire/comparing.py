"""Whether two buffers hold the same bytes: by the C library's memcmp, at the speed of memory.

Called by: ``ipyflow.wire.segments``. Guarantees: no copy is made; other threads run meanwhile.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

_PIECE = 1 << 18
"""Bytes that are compared at once where there is no memcmp; what is copied of them stays in the cache."""


def equal(one: Any, other: Any) -> bool:
    """Whether the bytes of two buffers, each in one piece, are the same."""
    return _comparer()(one, other)


@functools.cache
def _comparer() -> Callable[[Any, Any], bool]:
    try:
        return _by_memcmp()
    except (ImportError, AttributeError, OSError, TypeError):
        return in_pieces


def in_pieces(one: Any, other: Any) -> bool:
    """The same without the C library."""
    with memoryview(one) as a, memoryview(other) as b, a.cast("B") as left, b.cast("B") as right:
        if len(left) != len(right):
            return False
        places = range(0, len(left), _PIECE)
        return all(bytes(left[place : place + _PIECE]) == right[place : place + _PIECE] for place in places)


def _by_memcmp() -> Callable[[Any, Any], bool]:
    # Imported when first needed: it takes milliseconds, and few processes compare anything.
    ctypes = importlib.import_module("ctypes")

    class Buffer(ctypes.Structure):  # type: ignore[misc, name-defined]
        """``Py_buffer``."""

        _fields_ = [  # noqa: RUF012
            ("buf", ctypes.c_void_p), ("obj", ctypes.py_object), ("len", ctypes.c_ssize_t),
            ("itemsize", ctypes.c_ssize_t), ("readonly", ctypes.c_int), ("ndim", ctypes.c_int),
            ("format", ctypes.c_char_p), ("shape", ctypes.c_void_p), ("strides", ctypes.c_void_p),
            ("suboffsets", ctypes.c_void_p), ("internal", ctypes.c_void_p),
        ]  # fmt: skip

    memcmp = ctypes.CDLL(None).memcmp
    memcmp.argtypes, memcmp.restype = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t], ctypes.c_int
    # Not ctypes.pythonapi: its functions are shared by all, with the types that whoever came last has given them.
    python = ctypes.PyDLL(None)
    get, release = python.PyObject_GetBuffer, python.PyBuffer_Release
    get.argtypes, get.restype = [ctypes.py_object, ctypes.POINTER(Buffer), ctypes.c_int], ctypes.c_int
    release.argtypes, release.restype = [ctypes.POINTER(Buffer)], None

    def compare(one: Any, other: Any) -> bool:
        left, right = Buffer(), Buffer()
        get(one, ctypes.byref(left), 0)
        try:
            get(other, ctypes.byref(right), 0)
            try:
                return bool(left.len == right.len and memcmp(left.buf, right.buf, left.len) == 0)
            finally:
                release(ctypes.byref(right))
        finally:
            release(ctypes.byref(left))

    return compare
