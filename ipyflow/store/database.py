"""Where the database is, and how it is opened: never another program's file, never one that we do not understand.

``sqlite3`` and ``platformdirs`` are imported when a database is first opened, which the writer's thread does.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipyflow.errors import HistoryUnavailable
from ipyflow.store import schema

if TYPE_CHECKING:
    import sqlite3

IN_MEMORY = ":memory:"
DEFAULT = "default"
BUSY = 5.0
"""Seconds to wait for another kernel that writes."""
_LARGEST_WAL = 64 << 20


def default_path() -> Path:
    """In the user's data directory."""
    folder: str = importlib.import_module("platformdirs").user_data_dir("ipyflow-parallel", appauthor=False)
    return Path(folder) / "history.sqlite"


class Database:
    """One database: a file, or the memory of this process under a name of its own.

    Args:
        place: the file, ``"default"`` for the one in the user's data directory, or ``":memory:"``.
        name: tells one database in memory from another.
    """

    def __init__(self, place: Path | str, name: str = "") -> None:
        self._uri = f"file:ipyflow-{name}?mode=memory&cache=shared" if place == IN_MEMORY else None
        self._path = None if place in (IN_MEMORY, DEFAULT) else Path(place).expanduser().absolute()
        self.guard: AbstractContextManager[Any] = nullcontext() if self._uri is None else threading.RLock()
        """To be held while a connection is used: those to one memory do not wait for each other by themselves."""

    @property
    def place(self) -> Path | str:
        """The file, or ``":memory:"``."""
        if self._uri is not None:
            return IN_MEMORY
        if self._path is None:
            self._path = default_path()
        return self._path

    @property
    def folder(self) -> Path | None:
        """Where large values stand as files; none in memory."""
        return None if self._uri else Path(f"{self.place}.values")

    def connect(self, busy: float = BUSY) -> sqlite3.Connection:
        """Open it; make it if it is not there.

        Args:
            busy: seconds to wait for others, here and later.

        Raises:
            HistoryUnavailable: it cannot be opened, is damaged, locked, of a newer version or of another program. It
                is left as it was.
        """
        sqlite: Any = importlib.import_module("sqlite3")
        try:
            if self._uri is None:
                _make_private(Path(self.place))
            connection: sqlite3.Connection = sqlite.connect(
                self._uri or self.place, timeout=busy, isolation_level=None, uri=self._uri is not None,
                check_same_thread=False,
            )  # fmt: skip
        except (sqlite.Error, OSError) as error:
            raise self.unavailable(error) from error
        try:
            with self.guard:
                self._prepare(connection, busy)
        except (sqlite.Error, ValueError, OSError) as error:
            connection.close()
            raise self.unavailable(error) from error
        return connection

    def _prepare(self, connection: sqlite3.Connection, busy: float) -> None:
        version = schema.version_of(connection)  # looks only: a file of somebody else's stays as it is
        connection.execute("PRAGMA foreign_keys = ON")
        if self._uri is None:
            if version == 0:
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts only before there are tables
            _write_ahead(connection, busy)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA journal_size_limit = {_LARGEST_WAL}")
        if version < len(schema.STEPS):
            schema.bring_up_to_date(connection)

    def identity(self) -> object:
        """Another one when the file is no longer the same one: it was removed, or another one put in its place."""
        if self._uri is not None:
            return None
        try:
            found = os.stat(self.place)
        except FileNotFoundError:
            return "gone"
        return found.st_dev, found.st_ino

    def unavailable(self, error: Exception) -> HistoryUnavailable:
        """What to raise for an error of SQLite or of the file system."""
        said = HistoryUnavailable(f"{self.place} cannot be used: {in_words(error)}")
        said.passing = is_passing(error)
        return said


def is_passing(error: Exception) -> bool:
    """Whether what went wrong may be otherwise in a while: the database is locked, or the disk is full."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (5, 6, 13)  # SQLITE_BUSY, SQLITE_LOCKED, SQLITE_FULL


def is_about_the_job(error: Exception) -> bool:
    """Whether the database is well, and only what was to be written is at fault."""
    sqlite: Any = sys.modules["sqlite3"]
    of_the_job = (sqlite.IntegrityError, sqlite.DataError, sqlite.ProgrammingError)
    return isinstance(error, of_the_job) or not isinstance(error, sqlite.Error)


def in_words(error: Exception) -> str:
    """What is wrong with a database, and what to do."""
    code = getattr(error, "sqlite_errorcode", -1) & 0xFF
    if code in (5, 6):
        return "another program holds it locked"
    if code == 13:
        return "the disk is full"
    if code in (11, 26):  # SQLITE_CORRUPT, SQLITE_NOTADB
        return f"it is damaged ({error}); move it away, and a new one is made"
    if code == 8 or isinstance(error, PermissionError):
        return f"it may only be read here ({error}); give another place with configure(database=...)"
    if code == 14 or isinstance(error, OSError):
        return f"it cannot be opened ({error}); give another place with configure(database=...)"
    return str(error)


def _make_private(path: Path) -> None:
    """A new database and its folder are for their owner only; what is there already stays as it is."""
    if not path.parent.exists():
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _write_ahead(connection: sqlite3.Connection, busy: float) -> None:
    """Switch to a log written ahead, so that readers and a writer do not wait for each other.

    Where the file system cannot do that the database works as it is, with more waiting. Others who switch at the same
    moment are waited for here: SQLite itself does not.
    """
    until = time.monotonic() + busy
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except Exception as error:
            if not is_passing(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)
