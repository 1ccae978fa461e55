"""Where the database is, and how it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import platformdirs

from ipyflow.store.schema import bring_up_to_date

IN_MEMORY = ":memory:"
BUSY = 5.0
"""Seconds to wait for another kernel that writes."""


class Unavailable(Exception):
    """The database cannot be used; the message says why and what to do."""


def default_path() -> Path:
    """In the user's data directory."""
    return Path(platformdirs.user_data_dir("ipyflow-parallel", appauthor=False)) / "history.sqlite"


class Database:
    """One database: a file, or the memory of this process under a name of its own.

    Args:
        place: the file, or ``":memory:"``.
        name: tells one database in memory from another.
    """

    def __init__(self, place: Path | str, name: str = "") -> None:
        self.place = place
        self._uri = f"file:ipyflow-{name}?mode=memory&cache=shared" if place == IN_MEMORY else None

    @property
    def folder(self) -> Path | None:
        """Where large values stand as files; none in memory."""
        return None if self._uri else Path(self.place).with_suffix(".values")

    def connect(self) -> sqlite3.Connection:
        """Open it; from the thread that will use it.

        Raises:
            Unavailable: it cannot be opened, is damaged, or is of a newer version.
        """
        try:
            if self._uri is None:
                Path(self.place).parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self._uri or self.place, timeout=BUSY, isolation_level=None, uri=self._uri is not None,
                check_same_thread=False,
            )  # fmt: skip
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"{self.place} cannot be opened ({error})") from error
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            if self._uri is None:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
            bring_up_to_date(connection)
        except (sqlite3.Error, ValueError) as error:
            connection.close()
            raise Unavailable(f"{self.place} cannot be used: {error}") from error
        return connection
