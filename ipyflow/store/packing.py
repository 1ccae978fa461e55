"""Rows of a log as bytes: what ``Log`` packs them to, with a fixed format of ``marshal`` that every Python here reads.

Read only from our own database: ``marshal`` trusts what it reads. A run from elsewhere comes as JSON.
"""

from __future__ import annotations

import marshal
import zlib
from typing import Any

CHUNK = 16_384
"""Records packed together: each chunk is a few moments in which the writer has to come by the interpreter's lock."""
_FORMAT = 4


def pack_rows(rows: list[tuple[Any, ...]]) -> bytes:
    """Rows in packed form as bytes."""
    return zlib.compress(marshal.dumps(rows, _FORMAT), 1)


def unpack_rows(packed: bytes) -> list[tuple[Any, ...]]:
    """Inverse of :func:`pack_rows`."""
    rows: list[tuple[Any, ...]] = marshal.loads(zlib.decompress(packed))
    return rows
