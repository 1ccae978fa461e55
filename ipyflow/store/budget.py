"""What the history takes on the disk, and how it is kept within its limit: results go first, then the oldest runs.

Called by: the writer's thread, in a transaction. Each function returns the files whose rows are gone: they are removed
once the transaction went through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ipyflow.store.kernels import lives

if TYPE_CHECKING:
    import sqlite3

_GOAL = 0.9
"""The share of the limit to go down to, so that not each batch has to make room."""
_PAGES = 20_000
"""Pages given back to the file system at once, some 80 MB."""


def used(connection: sqlite3.Connection) -> dict[str, int]:
    """Bytes in the database and in the files beside it, by what they hold."""

    def one(query: str) -> int:
        return int(connection.execute(query).fetchone()[0] or 0)

    return {
        "logs": one("SELECT SUM(LENGTH(rows)) FROM chunks"),
        "results": one("SELECT SUM(size) FROM results"),
        "kept": one("SELECT SUM(size) FROM outcomes") + one("SELECT SUM(LENGTH(arguments)) FROM beginnings"),
        "sources": one("SELECT SUM(LENGTH(text)) FROM sources"),
    }


def total(connection: sqlite3.Connection) -> int:
    """Bytes that count for the limit: the pages in use, and the files."""
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    files = "SELECT SUM(size) FROM (SELECT size FROM results WHERE file IS NOT NULL UNION ALL "
    files += "SELECT size FROM outcomes WHERE file IS NOT NULL)"
    return pages * _pragma(connection, "page_size") + int(connection.execute(files).fetchone()[0] or 0)


def make_room(connection: sqlite3.Connection, limit: int) -> list[str]:
    """Remove what is needed least until all is well below the limit again."""
    files: list[str] = []
    goal = int(limit * _GOAL)
    if (now := total(connection)) > limit:
        files += _remove_results(connection, now - goal)
        for run in _oldest(connection) if total(connection) > goal else ():
            files += remove_runs(connection, [run])
            if total(connection) <= goal:
                break
        give_back(connection)
    return files


def _remove_results(connection: sqlite3.Connection, bytes: int) -> list[str]:
    """Results of so many bytes, those first that were not used for longest."""
    removed: list[tuple[str, str | None]] = []
    for key, size, file in connection.execute("SELECT key, size, file FROM results ORDER BY used"):
        if bytes <= 0:
            break
        bytes -= size
        removed.append((key, file))
    connection.executemany("DELETE FROM results WHERE key = ?", [(key,) for key, _ in removed])
    return [file for _, file in removed if file]


def _oldest(connection: sqlite3.Connection) -> Iterator[int]:
    """Runs, oldest first: those that have ended, then those whose kernels are gone."""
    for (run,) in connection.execute("SELECT id FROM runs WHERE state != 'running' ORDER BY opened").fetchall():
        yield run
    for (run,) in connection.execute("SELECT id FROM runs WHERE state = 'running' ORDER BY opened").fetchall():
        if not going_on(connection, run):
            yield run


def going_on(connection: sqlite3.Connection, run: int) -> bool:
    """Whether a run has not ended and its kernel is still there."""
    row = connection.execute(
        "SELECT host, pid, seen, kernels.ended FROM runs JOIN kernels ON kernels.id = kernel "
        "WHERE runs.id = ? AND state = 'running'",
        (run,),
    ).fetchone()
    return row is not None and not row[3] and lives(*row[:3])


def remove_runs(connection: sqlite3.Connection, runs: Iterable[int]) -> list[str]:
    """Remove runs with all that belongs to them."""
    files: list[str] = []
    for run in runs:
        files += drop_outcomes(connection, "SELECT ?", (run,))
        connection.execute("DELETE FROM runs WHERE id = ?", (run,))
    return files


def drop_outcomes(connection: sqlite3.Connection, runs: str, values: tuple[Any, ...]) -> list[str]:
    """Remove the values that were kept for the runs that a query gives."""
    query = f"SELECT file FROM outcomes WHERE run IN ({runs}) AND file IS NOT NULL"
    files = [file for (file,) in connection.execute(query, values)]
    connection.execute(f"DELETE FROM outcomes WHERE run IN ({runs})", values)
    return files


def give_back(connection: sqlite3.Connection) -> None:
    """Forget the sources and kernels that no run names, and give free pages back to the file system."""
    connection.execute(
        "DELETE FROM sources WHERE digest NOT IN (SELECT value FROM runs, json_each(runs.code) WHERE value IS NOT NULL)"
    )
    connection.execute(
        "DELETE FROM kernels WHERE ended AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.kernel = kernels.id)"
    )
    for _ in range(min(_pragma(connection, "freelist_count"), _PAGES)):
        connection.execute("PRAGMA incremental_vacuum(1)")  # Python takes one step of it, which is one page


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
