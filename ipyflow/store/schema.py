"""The tables of the database, and how an older one becomes a newer one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

APPLICATION = 0x69_70_66_77
"""Says that a SQLite file is ours."""

VERSION_1 = """
CREATE TABLE kernels (
    id TEXT PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, began REAL NOT NULL, seen REAL NOT NULL,
    ended INTEGER NOT NULL DEFAULT 0, notebook TEXT NOT NULL DEFAULT '', python TEXT NOT NULL
);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kernel TEXT NOT NULL REFERENCES kernels (id), name TEXT NOT NULL,
    kind TEXT NOT NULL, state TEXT NOT NULL, opened REAL NOT NULL, seconds REAL NOT NULL DEFAULT 0,
    tasks INTEGER NOT NULL DEFAULT 0, ended INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
    cached INTEGER NOT NULL DEFAULT 0, records INTEGER NOT NULL DEFAULT 0, schema INTEGER NOT NULL,
    words TEXT NOT NULL DEFAULT '', code TEXT NOT NULL DEFAULT '{}', resumes TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT ''
);
CREATE INDEX runs_by_time ON runs (opened);
CREATE INDEX runs_by_name ON runs (name, opened);
CREATE INDEX runs_by_resumes ON runs (resumes) WHERE resumes != '';
CREATE TABLE chunks (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE, first INTEGER NOT NULL, count INTEGER NOT NULL,
    rows BLOB NOT NULL, PRIMARY KEY (run, first)
);
CREATE TABLE marks (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE, task INTEGER NOT NULL, mark BLOB NOT NULL,
    PRIMARY KEY (run, task)
) WITHOUT ROWID;
CREATE TABLE beginnings (
    run INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE, arguments BLOB NOT NULL
);
CREATE TABLE outcomes (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE, task INTEGER NOT NULL, size INTEGER NOT NULL,
    value BLOB, file TEXT, PRIMARY KEY (run, task)
);
CREATE TABLE results (
    key TEXT PRIMARY KEY, run TEXT NOT NULL, task INTEGER NOT NULL, made REAL NOT NULL, used REAL NOT NULL,
    size INTEGER NOT NULL, value BLOB, file TEXT
);
CREATE INDEX results_by_use ON results (used);
CREATE TABLE sources (digest TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
"""

STEPS = (VERSION_1,)
"""``STEPS[n]`` makes version ``n + 1`` of version ``n``."""


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the tables; 0 for an empty file.

    Raises:
        ValueError: the file is of a newer version, or of another program.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    has_tables = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
    if application != APPLICATION and (application or version or has_tables):
        raise ValueError("it is a database of another program; give another file with configure(database=...)")
    if version > len(STEPS):
        raise ValueError(
            f"it was written by a newer version (its tables are version {version}, known here are {len(STEPS)}): "
            "update ipyflow-parallel, or give another file with configure(database=...)"
        )
    return version


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Give an empty database its tables, and an older one those that it lacks, in one transaction.

    Raises:
        ValueError: the file is of a newer version, or of another program.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = version_of(connection)  # once more: another kernel may just have done it
        for step in STEPS[version:]:
            for statement in step.split(";"):
                connection.execute(statement)
        if version < len(STEPS):
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {len(STEPS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
