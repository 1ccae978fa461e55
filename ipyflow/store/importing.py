"""A run from elsewhere, as an exported file has it, written into the database as if it had been recorded here."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ipyflow.model import records as r
from ipyflow.store.packing import CHUNK, pack_rows
from ipyflow.store.summary import Summary, plain

if TYPE_CHECKING:
    import sqlite3


def add_run(
    connection: sqlite3.Connection, key: str, name: str, kind: str, rows: list[tuple[Any, ...]],
    code: Mapping[str, str], source: str, resumes: str,
) -> None:  # fmt: skip
    """Write a run; its kernel is one that has ended, on a machine that nobody knows."""
    kernel = key.partition("-")[0]
    now = time.time()
    connection.execute(
        "INSERT OR IGNORE INTO kernels (id, host, pid, began, seen, ended, python) VALUES (?, '', 0, ?, ?, 1, '')",
        (kernel, now, now),
    )
    texts = {label: plain(text) for label, text in code.items()}
    digests = {label: hashlib.blake2b(text.encode(), digest_size=16).hexdigest() for label, text in texts.items()}
    connection.executemany(
        "INSERT OR IGNORE INTO sources (digest, text) VALUES (?, ?)",
        [(digests[label], text) for label, text in texts.items()],
    )
    summary = Summary()
    summary.feed(rows)
    run = connection.execute(
        "INSERT INTO runs (key, kernel, name, kind, schema, code, source, resumes, records, state, opened, seconds, "
        "tasks, ended, failed, cached, words) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (key, kernel, plain(name), kind, r.SCHEMA_VERSION, json.dumps(digests), plain(source), resumes, len(rows),
         *summary.values()),
    ).lastrowid  # fmt: skip
    parts = [(at, rows[at : at + CHUNK]) for at in range(0, len(rows), CHUNK)]
    connection.executemany(
        "INSERT INTO chunks (run, first, count, rows) VALUES (?, ?, ?, ?)",
        [(run, at, len(part), pack_rows(part)) for at, part in parts],
    )
