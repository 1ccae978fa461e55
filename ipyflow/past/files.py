"""A run as one file, into the history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ipyflow.model.records import Opened, pack
from ipyflow.model.run import fold
from ipyflow.past.run import PastRun
from ipyflow.views.log_json import read_run

if TYPE_CHECKING:
    from ipyflow.store.store import Store


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
    saved = read_run(text)
    line = store.shelf.find(saved.key) if saved.key else None
    if line is None:
        if not saved.records or not isinstance(saved.records[0], Opened):
            raise ValueError(f"{path} has no beginning of a run: export it again")
        fold(saved.records)  # what cannot have happened is refused here
        opened = saved.records[0]
        rows = [pack(record) for record in saved.records]
        key = store.add(
            opened.name, opened.kind, rows, key=saved.key or None, code=saved.sources, source=saved.source,
            resumes=saved.resumes,
        )  # fmt: skip
        line = store.shelf.find(key)
    assert line is not None
    return PastRun(store.shelf, line)
