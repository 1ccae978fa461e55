"""Values as bytes and back, and large ones as files beside the database. Read only from our own files.

cloudpickle is imported with the first value that plain pickle might not know.
"""

from __future__ import annotations

import functools
import importlib
import io
import os
import pickle
import sys
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

WORTH = 512
"""Bytes from which on compressing is tried."""
LARGE = 1_000_000
"""Bytes from which on a value is a file of its own: a database is slow with what is much larger than its pages."""
_PLAIN = frozenset({int, float, bool, str, bytes, complex, type(None)})
_SWEPT = 3600.0
"""Seconds after which a file that no row names is nobody's: another kernel may be about to write its row."""


class Secret(Exception):
    """A value holds what is not to be written anywhere."""


class TooLarge(Exception):
    """A value takes more bytes than it may; it was not pickled to its end."""


class _Bounded(io.BytesIO):
    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def write(self, data: Any) -> int:
        if self.tell() + memoryview(data).nbytes > self._most:
            raise TooLarge(f"it takes more than {self._most:,} bytes")
        return super().write(data)


def dump(value: Any, most: int) -> bytes:
    """A value as bytes, at most so many before they are compressed.

    Raises:
        TooLarge: it takes more.
        Secret: there is a password, or the like, in it.
        Exception: whatever pickling it raised.
    """
    written = _Bounded(most)
    if type(value) in _PLAIN:
        pickle.Pickler(written, pickle.HIGHEST_PROTOCOL).dump(value)
    else:
        _pickler()(written, pickle.HIGHEST_PROTOCOL).dump(value)
    raw = written.getvalue()
    if len(raw) >= WORTH:
        packed = zlib.compress(raw, 1)
        if len(packed) < 0.9 * len(raw):
            return b"z" + packed
    return b"p" + raw


@functools.cache
def _pickler() -> Any:
    """cloudpickle's, but for the classes that a notebook defines.

    They are written by their names: what comes back in another kernel is of the class that is defined there now, and
    not of a copy of it that nothing there is an instance of.
    """
    cloudpickle = importlib.import_module("cloudpickle")

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc, name-defined]
        def reducer_override(self, value: Any) -> Any:
            if hasattr(type(value), "get_secret_value"):  # pydantic's SecretStr and its like
                raise Secret(f"there is a {type(value).__name__} in it, which is written nowhere")
            of_main = isinstance(value, type) and value.__module__ == "__main__"
            if of_main and getattr(sys.modules["__main__"], value.__qualname__, None) is value:
                return NotImplemented
            return super().reducer_override(value)

    return Pickler


def load(data: bytes) -> Any:
    """Inverse of :func:`dump`.

    Raises:
        Exception: whatever unpickling raised, as when a class is no longer there.
    """
    return pickle.loads(zlib.decompress(data[1:]) if data[:1] == b"z" else memoryview(data)[1:])


def write_file(folder: Path, name: str, data: bytes) -> None:
    """Write a large value, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder / f"{name}.part"
    try:
        handle = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(part, folder / name)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def read_value(folder: Path | None, value: bytes | None, file: str | None) -> Any:
    """The value of a row, from the row itself or from its file.

    Raises:
        Exception: whatever reading or unpickling raised.
    """
    if value is None:
        if folder is None or file is None:
            raise LookupError("the row has neither a value nor a file")
        value = (folder / file).read_bytes()
    return load(value)


def remove_files(folder: Path | None, names: Iterable[str | None]) -> None:
    """Remove files whose rows are gone."""
    for name in names:
        if folder is not None and name is not None:
            try:
                (folder / name).unlink(missing_ok=True)
            except OSError:
                pass  # it is in use, as on Windows: the next kernel sweeps it


def sweep(folder: Path | None, known: set[str]) -> None:
    """Remove the files that no row names: a kernel has died between the two."""
    if folder is None or not folder.is_dir():
        return
    old = time.time() - _SWEPT
    for file in folder.iterdir():
        try:
            is_old = file.name not in known and file.stat().st_mtime < old
        except OSError:
            continue  # another kernel has just removed it
        if is_old:
            remove_files(folder, [file.name])
