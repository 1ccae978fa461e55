"""Values as bytes and back: pickled by cloudpickle, compressed where that helps. Read only from our own files."""

from __future__ import annotations

import pickle
import zlib
from typing import Any

import cloudpickle

WORTH = 512
"""Bytes from which on compressing is tried."""


def dump(value: Any) -> bytes:
    """A value as bytes.

    Raises:
        Exception: whatever pickling it raised.
    """
    raw: bytes = cloudpickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    if len(raw) >= WORTH:
        packed = zlib.compress(raw, 1)
        if len(packed) < 0.9 * len(raw):
            return b"z" + packed
    return b"p" + raw


def load(data: bytes) -> Any:
    """Inverse of :func:`dump`.

    Raises:
        Exception: whatever unpickling raised, as when a class is no longer there.
    """
    return pickle.loads(zlib.decompress(data[1:]) if data[:1] == b"z" else data[1:])
