"""A lab whose runs are kept in a file, and its store."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from ipyflow.store.store import Store
from ipyflow.testing import Lab, engine


class Kept:
    """A lab and what it keeps."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.store = cast(Store, lab.engine.memory)

    def rows(self, run: int) -> list[tuple[Any, ...]]:
        """The log of a run as the database has it."""
        return [row for part in self.store.shelf.rows(run) for row in part]

    def row(self, run: Any) -> int:
        """The number in the database of a run of this lab."""
        line = self.store.shelf.find(self.store.key_of(run.id))
        assert line is not None
        return line.id


@contextmanager
def keeping(database: Path | str, **how: Any) -> Iterator[Kept]:
    with engine(database=database, **how) as lab:
        yield Kept(lab)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    with keeping(tmp_path / "history.sqlite", keep_results=True) as kept:
        yield kept
