"""The limit on the disk, deleting, and runs from elsewhere."""

import os
import sqlite3
from pathlib import Path

import pytest

import ipyflow as fl
from ipyflow.store.values import LARGE
from tests.store.conftest import Kept, keeping
from tests.store.test_keeping import double, files, look, open_run


@fl.task
def fails() -> None:
    raise OSError


def cell(kept: Kept, name: str, well: bool = True) -> fl.Run:
    run = kept.lab.engine.open_cell(name)
    double(1) if well else fails.submit().exception()
    kept.lab.engine.end_scope(run)
    assert run.wait(10)
    return run


def test_results_go_first_and_those_first_that_were_not_used_for_longest(tmp_path: Path) -> None:
    with keeping(tmp_path / "history.sqlite") as kept:
        kept.store._limit = 6 * LARGE
        kept.store._keeping._limit = 6 * LARGE
        run = cell(kept, "first")
        for at in range(3):
            kept.store.keep(f"key {at}", os.urandom(LARGE), run.id, at)
            kept.store.flush()
        assert look(kept, "key 0") is not None  # used: newer than key 1 and key 2 now
        for at in range(3, 7):
            kept.store.keep(f"key {at}", os.urandom(LARGE), run.id, at)
            kept.store.flush()
        kept.store.flush()
        left = {key for (key,) in kept.store.shelf.read("SELECT key FROM results")}
        assert "key 0" in left
        assert "key 6" in left
        assert not left & {"key 1", "key 2"}
        assert len(files(kept)) == len(left)
        assert kept.store.disk()["file"] < 8 * LARGE
        assert [line.name for line in kept.store.shelf.lines()] == ["first"]


def test_then_the_oldest_runs_go_but_none_that_goes_on(tmp_path: Path) -> None:
    place = tmp_path / "history.sqlite"
    with keeping(place, keep_results=True) as kept:
        kept.store._limit = 4 * LARGE
        running = open_run(kept)
        kept.lab.engine.ambient = None  # it stays open beside the others
        for at in range(4):
            run = kept.lab.engine.open_cell(f"cell {at}")
            fails.submit().exception()
            kept.store.keep_outcome(os.urandom(LARGE), run.id, 1)
            kept.lab.engine.end_scope(run)
            kept.store.flush()
        for _ in range(3):
            cell(kept, "last")
            kept.store.flush()
        names = [line.name for line in kept.store.shelf.lines()]
        assert names[:3] == ["last"] * 3
        assert names[-1] == running.name
        assert len(files(kept)) <= 3
        kept.lab.engine.end_scope(running)


def test_a_new_kernel_makes_room_for_what_others_have_left(tmp_path: Path) -> None:
    place = tmp_path / "history.sqlite"
    with keeping(place) as kept:
        for at in range(4):
            kept.store.keep(f"key {at}", os.urandom(LARGE), cell(kept, "cell").id, 1)
        kept.store.flush()
        assert len(files(kept)) == 4
    with keeping(place) as kept:
        kept.store._limit = 2 * LARGE
        cell(kept, "cell")
        kept.store.flush()
        assert len(files(kept)) == 1


def test_pages_that_are_free_go_back_to_the_file_system(kept: Kept) -> None:
    run = cell(kept, "cell", well=False)
    for at in range(100):
        kept.store.keep_outcome(os.urandom(50_000), run.id, at)
    kept.store.flush()
    before = kept.store.disk()
    assert kept.store.delete([kept.row(run)]) == 1
    with sqlite3.connect(kept.store.database.place) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert before["kept"] > 5_000_000
    assert kept.store.disk()["file"] < 500_000


def test_deleting_takes_what_belongs_to_a_run_and_leaves_what_goes_on(kept: Kept) -> None:
    run, other = cell(kept, "old", well=False), cell(kept, "other")
    kept.store.keep_outcome(os.urandom(2 * LARGE), run.id, 1)
    kept.store.keep_mark(run.id, 1, b"m")
    kept.store.keep_beginning(run.id, (), {})
    going_on = open_run(kept)
    assert kept.store.flush()
    assert len(files(kept)) == 1
    rows = [kept.row(one) for one in (run, going_on)]
    assert kept.store.delete([*rows, 12345]) == 1
    assert [line.key for line in kept.store.shelf.lines()] == [going_on.key, other.key]
    assert not files(kept)
    for table in ("chunks", "marks", "beginnings", "outcomes"):
        assert kept.store.shelf.read(f"SELECT count(*) FROM {table} WHERE run = ?", (rows[0],)) == [(0,)]
    # What comes late for it finds no row, and does no harm.
    kept.store.keep_outcome(1, run.id, 1)
    assert kept.store.flush()
    assert kept.store.shelf.find(run.key) is None


def test_a_run_from_elsewhere_is_as_one_of_here(kept: Kept) -> None:
    run = cell(kept, "here")
    assert kept.store.flush()
    rows = kept.rows(kept.row(run))
    key = kept.store.add("there", "cell", rows, "f00baa-7", {"m:f": "def f(): ..."}, source="f()", resumes="f00baa-6")
    line = kept.store.shelf.find(key)
    assert line is not None
    assert (line.key, line.name, line.state, line.tasks) == ("f00baa-7", "there", "succeeded", 1)
    assert (line.resumes, line.lost) == ("f00baa-6", False)
    assert kept.rows(line.id) == rows
    assert kept.store.shelf.code(line.id) == {"m:f": "def f(): ..."}
    assert kept.store.shelf.source(line.id) == "f()"
    with pytest.raises(ValueError, match="f00baa-7 is in the history already"):
        kept.store.add("there", "cell", rows, "f00baa-7")
    assert kept.store.delete([line.id]) == 1


def test_a_database_in_memory_goes_with_the_process_and_leaves_nothing(tmp_path: Path) -> None:
    with keeping(":memory:", keep_results=True) as kept:
        run = cell(kept, "cell")
        kept.store.keep("key", os.urandom(2 * LARGE), run.id, 1)
        assert kept.store.flush()
        assert look(kept, "key") is not None
        assert kept.store.disk()["file"] > 2 * LARGE
        assert kept.store.delete([kept.row(run)]) == 1
    with keeping(":memory:") as kept:
        assert kept.store.shelf.lines() == []


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(TypeError, match="disk_limit='1 GB'"):
        fl.configure(disk_limit="1 GB")
    with pytest.raises(ValueError, match="1,000,000 bytes or more"):
        fl.configure(disk_limit=10)
