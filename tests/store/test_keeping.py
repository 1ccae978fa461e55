"""Values that are kept: written, found before they are, found again, and gone when they should be."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import ipyflow as fl
from ipyflow.errors import MemoryWarning
from ipyflow.model.ports import Found
from ipyflow.store import keeping as keeping_module
from ipyflow.store import values
from tests.store.conftest import Kept, keeping


@fl.task
def double(x: int) -> int:
    return 2 * x


def look(kept: Kept, key: str, max_age: float | None = None) -> Found | None:
    found: list[Found | None] = []
    told = threading.Event()
    kept.store.look_up(key, max_age, lambda value: (found.append(value), told.set()))
    assert told.wait(10)
    return found[0]


def open_run(kept: Kept) -> fl.Run:
    run = kept.lab.engine.open_cell("cell")
    double(1)
    return run


def files(kept: Kept) -> set[str]:
    folder = kept.store.database.folder
    assert folder is not None
    return {file.name for file in folder.iterdir()} if folder.exists() else set()


def test_a_result_is_found_before_and_after_it_is_written(kept: Kept) -> None:
    run = open_run(kept)
    assert look(kept, "key") is None
    kept.store.keep("key", {"a": (1, 2)}, run.id, 1)
    before = look(kept, "key")
    assert kept.store.flush()
    assert kept.store._keeping.waiting("key") is None
    after = look(kept, "key")
    assert before == after
    assert after is not None
    assert (after.value, after.run, after.task) == ({"a": (1, 2)}, run.key, 1)


def test_a_result_is_kept_as_it_was_when_it_was_given(kept: Kept) -> None:
    value = [1]
    kept.store.keep("key", value, open_run(kept).id, 1)
    value.append(2)
    found = look(kept, "key")
    assert found is not None
    assert found.value == [1]


def test_what_is_older_than_asked_for_is_not_found(kept: Kept) -> None:
    run = open_run(kept)
    kept.store.keep("key", 1, run.id, 1)
    kept.store.flush()
    kept.store._writer.do(
        keeping_module.Job(lambda c: c.execute("UPDATE results SET made = made - 100 WHERE key = 'key'"))
    )
    kept.store.flush()
    assert look(kept, "key", 99) is None
    assert look(kept, "key", 101) is not None


def test_the_newer_result_of_a_key_takes_the_place_of_the_older_one_and_of_its_file(kept: Kept) -> None:
    run = open_run(kept)
    kept.store.keep("key", os.urandom(2 * values.LARGE), run.id, 1)
    assert kept.store.flush()
    assert len(files(kept)) == 1
    first = files(kept)
    kept.store.keep("key", os.urandom(2 * values.LARGE), run.id, 2)
    assert kept.store.flush()
    assert len(files(kept)) == 1
    assert files(kept) != first
    found = look(kept, "key")
    assert found is not None
    assert (len(found.value), found.task) == (2 * values.LARGE, 2)
    kept.store.keep("key", "small", run.id, 3)
    assert kept.store.flush()
    assert not files(kept)


def test_what_belongs_to_a_run_is_read_back(kept: Kept) -> None:
    run = open_run(kept)
    large = os.urandom(2 * values.LARGE)
    kept.store.keep_outcome({1: "a"}, run.id, 1)
    kept.store.keep_outcome(large, run.id, 2)
    kept.store.keep_beginning(run.id, (1, [2]), {"c": lambda: 3})
    kept.store.keep_mark(run.id, 1, b"mark")
    kept.store.keep_source(run.id, "x = 1")
    kept.store.keep_resumed(run.id, "abc-1")
    assert kept.store.flush()
    shelf, row = kept.store.shelf, kept.row(run)
    assert set(shelf.outcomes(row)) == {1, 2}
    assert shelf.outcomes(row)[2] >= 2 * values.LARGE
    assert (shelf.outcome(row, 1), shelf.outcome(row, 2)) == ({1: "a"}, large)
    with pytest.raises(LookupError, match="task 3"):
        shelf.outcome(row, 3)
    begun = shelf.beginning(row)
    assert begun is not None
    assert begun[0] == (1, [2])
    assert begun[1]["c"]() == 3
    assert (shelf.marks(row), shelf.source(row)) == ({1: b"mark"}, "x = 1")
    line = shelf.find(run.key)
    assert line is not None
    assert line.resumes == "abc-1"


def test_values_of_a_run_and_of_those_it_resumes_go_when_it_has_ended_well(kept: Kept) -> None:
    gate = threading.Event()

    @fl.flow
    def waits() -> None:
        gate.wait()

    old, new = waits.submit().run, waits.submit().run
    for run in (old, new):
        kept.store.keep_outcome(os.urandom(2 * values.LARGE), run.id, 1)
        kept.store.keep_beginning(run.id, (1,), {})
        kept.store.keep_mark(run.id, 1, b"m")
    other = open_run(kept)
    kept.store.keep_outcome("stays", other.id, 1)
    kept.store.keep_resumed(new.id, old.key)
    old.cancel()
    assert kept.store.flush()
    assert len(files(kept)) == 2
    gate.set()
    assert new.wait(10)
    assert kept.store.flush()
    assert kept.store.flush()
    left = [kept.store.shelf.outcomes(kept.row(run)) for run in (old, new, other)]
    assert [len(one) for one in left] == [0, 0, 1]
    for table in ("beginnings", "marks"):
        assert kept.store.shelf.read(f"SELECT count(*) FROM {table}") == [(0,)]
    assert not files(kept)


def test_a_run_whose_value_was_there_already_needs_nothing_kept(kept: Kept) -> None:
    @fl.flow(cache=fl.Cache(version=1))
    def made(x: int) -> list[int]:
        return [x]

    for state in ("succeeded", "cached"):
        run = made.submit(1).run
        assert run.wait(10)
        assert run.state == state
        assert kept.store.flush()
    assert kept.store.flush()
    assert kept.store.shelf.read("SELECT count(*) FROM beginnings") == [(0,)]


def test_what_cannot_be_pickled_is_said_once(kept: Kept) -> None:
    run = open_run(kept)
    with pytest.warns(MemoryWarning, match="the result of task 1 cannot be kept") as said:
        kept.store.keep("key", threading.Lock(), run.id, 1)
        kept.store.keep("key", threading.Lock(), run.id, 1)
    assert len(said) == 1
    assert look(kept, "key") is None


class Counted:
    """Says how often it was pickled."""

    pickled = 0

    def __reduce__(self) -> Any:
        Counted.pickled += 1
        return (Counted, ())


def test_arguments_that_are_too_large_or_cannot_be_pickled_are_left_out_in_silence(kept: Kept) -> None:
    run = open_run(kept)
    kept.store.keep_beginning(run.id, (os.urandom(keeping_module.BEGINNING + 1), Counted()), {})
    kept.store.keep_beginning(run.id, (threading.Lock(),), {})
    assert kept.store.flush()
    assert kept.store.shelf.beginning(kept.row(run)) is None
    assert Counted.pickled == 0  # pickling ended where it became too large


def test_a_result_that_is_too_large_is_said(kept: Kept) -> None:
    kept.store._keeping._limit = 1_000
    with pytest.warns(MemoryWarning, match="result of task 1 cannot be kept .*more than 1,000 bytes"):
        kept.store.keep("key", bytes(2_000), open_run(kept).id, 1)


def test_a_secret_is_written_nowhere(kept: Kept) -> None:
    run = open_run(kept)
    login = {"user": "ada", "password": SecretStr("swordfish")}
    kept.store.keep_beginning(run.id, (login,), {})
    with pytest.warns(MemoryWarning, match="there is a SecretStr in it, which is written nowhere"):
        kept.store.keep_outcome(login, run.id, 1)
    kept.store.keep_outcome({"user": "ada"}, run.id, 2)
    assert kept.store.flush()
    row = kept.row(run)
    assert kept.store.shelf.beginning(row) is None
    assert set(kept.store.shelf.outcomes(row)) == {2}
    kept.store.shelf.close()
    written = [file.read_bytes() for file in Path(kept.store.database.place).parent.rglob("*") if file.is_file()]
    assert written
    assert all(b"swordfish" not in data for data in written)


class Point:
    """Its module forgets it in a test."""


def test_a_large_result_that_cannot_be_written_does_not_wait_for_ever(kept: Kept) -> None:
    folder = kept.store.database.folder
    assert folder is not None
    folder.write_text("in the way of the folder of large values")
    kept.store.keep("large", os.urandom(2 * values.LARGE), 1, 1)
    with pytest.warns(MemoryWarning, match="a result cannot be kept"):
        assert kept.store.flush()
    assert look(kept, "large") is None
    assert not kept.store._keeping._waiting


def test_a_pickle_that_no_longer_loads_is_said_and_is_as_none(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_run(kept)
    kept.store.keep("key", Point(), run.id, 1)
    kept.store.flush()
    monkeypatch.delattr(f"{__name__}.Point")
    with pytest.warns(MemoryWarning, match="no longer loads"):
        assert look(kept, "key") is None


def test_a_file_that_was_removed_is_as_none(kept: Kept) -> None:
    run = open_run(kept)
    kept.store.keep("key", os.urandom(2 * values.LARGE), run.id, 1)
    kept.store.flush()
    folder = kept.store.database.folder
    assert folder is not None
    values.remove_files(folder, files(kept))
    assert look(kept, "key") is None


def test_what_fails_after_a_look_does_not_stop_the_next_one(kept: Kept) -> None:
    def fails(_found: Any) -> None:
        raise OSError("elsewhere")

    with pytest.warns(MemoryWarning, match="elsewhere"):
        kept.store.look_up("key", None, fails)
        assert look(kept, "key") is None


def test_files_that_no_row_names_are_swept_when_they_are_old(tmp_path: Path) -> None:
    place = tmp_path / "history.sqlite"
    with keeping(place) as kept:
        kept.store.keep("key", os.urandom(2 * values.LARGE), open_run(kept).id, 1)
        kept.store.flush()
        (named,) = files(kept)
        folder = kept.store.database.folder
        assert folder is not None
        for name in ("old.pickle", "old.pickle.part", "new.pickle"):
            (folder / name).write_bytes(b"")
        long_ago = time.time() - 2 * values._SWEPT
        for name in (named, "old.pickle", "old.pickle.part"):
            os.utime(folder / name, (long_ago, long_ago))
    with keeping(place) as kept:
        open_run(kept)
        kept.store.flush()
        assert files(kept) == {named, "new.pickle"}
        found = look(kept, "key")
        assert found is not None
        assert len(found.value) == 2 * values.LARGE


def test_it_is_the_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with keeping(tmp_path / "new" / "history.sqlite") as kept:
            kept.store.keep("key", os.urandom(2 * values.LARGE), open_run(kept).id, 1)
            kept.store.flush()
            found = sorted((tmp_path / "new").rglob("*"))
            modes = {file.name: file.stat().st_mode & 0o777 for file in found}
            assert {mode for file, mode in modes.items() if file != "history.sqlite.values"} == {0o600}
            assert len(found) == 5
            assert modes["history.sqlite.values"] == 0o700
            assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


def test_a_path_is_that_of_the_folder_in_which_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with keeping("here.sqlite") as kept:
        (tmp_path / "other").mkdir()
        monkeypatch.chdir(tmp_path / "other")
        open_run(kept)
        assert kept.store.flush()
    assert (tmp_path / "here.sqlite").exists()
