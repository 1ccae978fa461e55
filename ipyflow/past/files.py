"""A run as one file, into the history."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ipyflow.model.records import Opened, Record, pack
from ipyflow.model.run import fold
from ipyflow.past.run import PastRun
from ipyflow.views.log_json import read_run

if TYPE_CHECKING:
    from ipyflow.store.store import Store

_KEY = re.compile(r"[0-9a-f]{6}-\d{1,9}")
"""What a key may be: a file from elsewhere may hold anything."""


def brought(path: Path, store: Store) -> PastRun:
    """Bring the run of a file into the store, unless it is there.

    Raises:
        ValueError: the file holds no log of a run.
        OSError: it cannot be read.
    """
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text: give a file that run.export('run.json') wrote") from None
    try:
        saved = read_run(text)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    key = saved.key if _KEY.fullmatch(saved.key) else ""
    line = store.shelf.find(key) if key else None
    if line is None:
        opened = _checked(path, saved.records)
        if key.startswith(f"{store.kernel}-"):
            key = ""  # a run of this kernel that was deleted, or is still to come: its number is not free
        rows = [pack(record) for record in saved.records]
        key = store.add(
            opened.name, opened.kind, rows, key=key or None, code=saved.sources, source=saved.source,
            resumes=saved.resumes if _KEY.fullmatch(saved.resumes) else "",
        )  # fmt: skip
        line = store.shelf.find(key)
    assert line is not None
    return PastRun(store.shelf, line)


def _checked(path: Path, records: list[Record]) -> Opened:
    """The first record of a log that can be: what has happened in no run is refused before anything is kept."""
    if not records or not isinstance(records[0], Opened):
        raise ValueError(f"{path} has no beginning of a run: export it again")
    try:
        state = fold(records)
        float(state.wall), float(state.last), str.isprintable(state.name), str.isprintable(state.kind)
    except Exception as error:  # whatever a file may hold in the place of numbers and texts
        raise ValueError(f"{path} holds what cannot have happened ({error}): export the run again") from None
    return records[0]
