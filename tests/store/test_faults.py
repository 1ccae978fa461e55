"""What goes wrong with a database: it is said once, in words, and the work is unharmed."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import HistoryUnavailable, MemoryWarning
from ipyflow.model.ports import Hearing
from ipyflow.store import recorder, schema
from ipyflow.store.database import Database
from ipyflow.store.writer import Job
from tests.engine.programs import output
from tests.store.conftest import Kept, keeping
from tests.store.test_keeping import double, look, open_run


def works(kept: Kept) -> None:
    """A run with all that is kept of one: nothing of it may fail or wait."""
    run = kept.lab.engine.open_cell("cell")
    assert double.map(range(5)).results() == [0, 2, 4, 6, 8]
    kept.store.keep("key", 1, run.id, 1)
    kept.store.keep_outcome(1, run.id, 1)
    kept.store.keep_beginning(run.id, (1,), {})
    kept.store.keep_mark(run.id, 1, b"m")
    kept.lab.engine.end_scope(run)
    assert run.wait(10)


def is_left_alone(place: Path, said: str) -> None:
    """A database that cannot be used: one warning, a clear error for readers, and not a byte is changed."""
    before = place.read_bytes()
    with keeping(place) as kept:
        with pytest.warns(MemoryWarning, match=said) as warned:
            works(kept)
            assert not kept.store.flush()
            works(kept)
        assert len(warned) == 1
        assert look(kept, "key") is None
        with pytest.raises(HistoryUnavailable, match=said):
            kept.store.shelf.lines()
        with pytest.raises(HistoryUnavailable):
            kept.store.delete([1])
    assert place.read_bytes() == before
    assert {file.name for file in place.parent.iterdir()} == {place.name}


def test_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "history.sqlite"
    Database(place).connect().close()
    with sqlite3.connect(place) as newer:
        newer.execute(f"PRAGMA user_version = {len(schema.STEPS) + 1}")
    newer.close()
    is_left_alone(place, "written by a newer version .* update ipyflow-parallel")


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "photos.sqlite"
    with sqlite3.connect(place) as other:
        other.execute("CREATE TABLE photos (name)")
    other.close()
    is_left_alone(place, "another program; give another file")


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "notes.txt"
    place.write_text("nothing but notes\n" * 500)
    is_left_alone(place, "it is damaged .* move it away")


def test_a_damaged_database_is_said(tmp_path: Path) -> None:
    place = tmp_path / "history.sqlite"
    with keeping(place) as kept:
        for _ in range(20):
            works(kept)
    data = bytearray(place.read_bytes())
    data[8192:] = os.urandom(len(data) - 8192)
    place.write_bytes(data)
    with keeping(place) as kept, pytest.warns(MemoryWarning, match="damaged|malformed|cannot be kept"):
        works(kept)
        kept.store.flush()
        works(kept)


def test_a_truncated_database_is_said(tmp_path: Path) -> None:
    place = tmp_path / "history.sqlite"
    with keeping(place) as kept:
        for _ in range(20):
            works(kept)
    place.write_bytes(place.read_bytes()[:9000])
    with keeping(place) as kept, pytest.warns(MemoryWarning, match="damaged"):
        works(kept)
        assert not kept.store.flush()
        works(kept)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with keeping(tmp_path / "file" / "history.sqlite") as kept:
        with pytest.warns(MemoryWarning, match=r"cannot be opened .* configure\(database=...\)") as warned:
            works(kept)
            kept.store.flush()
            works(kept)
        assert len(warned) == 1


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="there are no other users")
def test_a_folder_that_may_only_be_read_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "readonly"
    folder.mkdir()
    program = f"""
    import os, warnings
    @fl.task
    def double(x): return 2 * x
    with fl.configure(database=":memory:"):
        double(1)  # what is to be imported is: another user may not see this Python
    if os.getuid() == 0:
        os.setuid(65534)
    fl.configure(database={str(folder / "history.sqlite")!r})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        print(double(2))
        fl.shutdown()
    print(len(said), "it may only be read here" in str(said[0].message), type(said[0].message).__name__)
    """
    folder.chmod(0o555)
    for above in (tmp_path, *tmp_path.parents):  # pytest's own folders are the owner's alone
        if above.stat().st_uid == os.getuid() and above.name.startswith(("pytest-", "popen-", "test_")):
            above.chmod(above.stat().st_mode | 0o055)
    try:
        assert output(program) == "4\n1 True MemoryWarning\n"
    finally:
        folder.chmod(0o755)


def test_while_another_program_holds_it_locked_things_wait_and_are_written_then(tmp_path: Path) -> None:
    place = tmp_path / "history.sqlite"
    Database(place).connect().close()
    other = sqlite3.connect(place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with keeping(place) as kept:
        impatient(kept)
        with pytest.warns(MemoryWarning, match="another program holds it locked") as warned:
            works(kept)
            assert not kept.store.flush()
            assert not kept.store.flush()
            found = look(kept, "key")
            assert found is not None
            assert found.value == 1
        assert len(warned) == 1
        other.execute("ROLLBACK")
        works(kept)
        assert kept.store.flush()
        assert [line.ended for line in kept.store.shelf.lines()] == [5, 5]
    other.close()


def impatient(kept: Kept) -> None:
    """It waits a moment, not seconds, for who holds the database locked."""
    connect = kept.store.database.connect
    kept.store.database.connect = lambda busy=0.01: connect(0.01)  # type: ignore[method-assign]


def test_a_database_that_is_locked_altogether_is_tried_again(tmp_path: Path) -> None:
    place = tmp_path / "history.sqlite"
    Database(place).connect().close()
    program = f"""
import sqlite3, sys
c = sqlite3.connect({str(place)!r}, isolation_level=None)
c.execute("PRAGMA locking_mode = EXCLUSIVE")
c.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""
    holder = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"locked\n"
    with keeping(place) as kept:
        impatient(kept)
        with pytest.warns(MemoryWarning, match="another program holds it locked"):
            works(kept)
            assert not kept.store.flush()
            with pytest.raises(HistoryUnavailable, match="locked") as raised:
                kept.store.shelf.lines()
            assert raised.value.passing
        holder.communicate()
        assert kept.store.flush()
        (line,) = kept.store.shelf.lines()
        assert line.ended == 5


def test_it_gives_up_when_too_much_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "WAITING", 10)
    place = tmp_path / "history.sqlite"
    Database(place).connect().close()
    other = sqlite3.connect(place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with keeping(place, log_limit=4096) as kept:
        impatient(kept)
        with pytest.warns(MemoryWarning) as warned:
            run = open_run(kept)
            assert not kept.store.flush()
            fl.wait(double.map(range(30)))
            while not kept.store._writer.dead:
                kept.store.flush()
        assert "written as soon as that is over" in str(warned[0].message)
        assert "nothing more is kept: " in str(warned[1].message)
        assert len(warned) == 2
        assert run.records.held_from is None  # it may forget again
    other.execute("ROLLBACK")
    other.close()


def test_a_full_disk_is_said_and_what_waits_is_written_when_there_is_room(kept: Kept) -> None:
    run = open_run(kept)
    assert kept.store.flush()
    limit = threading.Event()

    def fill(connection: sqlite3.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {1_000_000 if limit.is_set() else pages + 5}")

    kept.store._writer.do(Job(fill))
    with pytest.warns(MemoryWarning, match="the disk is full") as warned:
        kept.store.keep("large", os.urandom(500_000), run.id, 1)
        assert not kept.store.flush()
        works(kept)
        assert not kept.store.flush()
    assert len(warned) == 1
    limit.set()  # the batch that waits begins with `fill`
    assert kept.store.flush()
    assert {key for (key,) in kept.store.shelf.read("SELECT key FROM results")} == {"large", "key"}
    assert [line.ended for line in kept.store.shelf.lines()] == [5, 1]


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(small)], capture_output=True)
    if done.returncode:
        pytest.skip("no small file system can be made here")
    try:
        with warnings.catch_warnings(record=True) as said, keeping(small / "history.sqlite") as kept:
            warnings.simplefilter("always")
            run = open_run(kept)
            kept.store.keep("large", os.urandom(2_000_000), run.id, 1)
            kept.store.keep_outcome(os.urandom(900_000), run.id, 1)
            kept.store.flush()
            works(kept)
        texts = [str(one.message) for one in said]
        assert any("cannot be kept" in text for text in texts)  # the file beside the database
        assert any("the disk is full" in text for text in texts)
        assert len(texts) <= 3
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_database_that_was_removed_is_said(tmp_path: Path) -> None:
    place = tmp_path / "history.sqlite"
    with keeping(place) as kept:
        works(kept)
        assert kept.store.flush()
        for file in tmp_path.glob("history.sqlite*"):
            file.unlink()
        with pytest.warns(MemoryWarning, match="was removed") as warned:
            works(kept)
            assert not kept.store.flush()
            works(kept)
        assert len(warned) == 1


def test_a_job_that_is_itself_at_fault_is_left_out(kept: Kept) -> None:
    def fails(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO marks (run, task, mark) VALUES (12345, 1, x'00')")

    run = open_run(kept)
    with pytest.warns(MemoryWarning, match="the mark cannot be kept .*FOREIGN KEY") as warned:
        kept.store._writer.do(Job(fails, "the mark"))
        kept.store.keep_mark(run.id, 1, b"m")
        assert kept.store.flush()
    assert len(warned) == 1
    assert kept.store.shelf.marks(kept.row(run)) == {1: b"m"}


def test_what_fails_behind_a_job_is_said_and_does_not_stop_the_writer(kept: Kept) -> None:
    run = open_run(kept)
    with pytest.warns(MemoryWarning, match="ZeroDivisionError"):
        kept.store._writer.do(Job(lambda connection: None, "a number", after=lambda: 1 / 0))
        assert kept.store.flush()
    kept.store.keep_mark(run.id, 1, b"m")
    assert kept.store.flush()
    assert kept.store.shelf.marks(kept.row(run)) == {1: b"m"}


def test_a_source_that_cannot_be_had_is_none(kept: Kept) -> None:
    kept.store._recorder._source_of = lambda *_of: str(1 / 0)
    run = open_run(kept)
    assert kept.store.flush()
    assert kept.store.shelf.code(kept.row(run)) == {}
    assert kept.rows(kept.row(run)) == run.records.rows(0)[1]


def test_warnings_that_are_errors_do_not_reach_a_task_nor_stop_the_writer(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    run = open_run(kept)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept.store.keep("key", threading.Lock(), run.id, 1)
        kept.store._writer.do(Job(lambda connection: 1 / 0, "a number"))
        assert kept.store.flush()
    assert "a number cannot be kept" in capsys.readouterr().err
    works(kept)
    assert kept.store.flush()


def test_two_kernels_use_one_database_at_once(tmp_path: Path) -> None:
    place = tmp_path / "history.sqlite"
    program = f"""
    fl.configure(database={str(place)!r})
    @fl.task
    def double(x): return 2 * x
    @fl.flow
    def many(n): return sum(double.map(range(n)).results())
    print(sum(many(50) for _ in range(10)))
    """
    printed: list[str] = []
    each = [threading.Thread(target=lambda: printed.append(output(program))) for _ in range(3)]
    for one in each:
        one.start()
    with keeping(place) as kept:
        for _ in range(5):
            works(kept)
            kept.store.flush()
        for one in each:
            one.join()
        assert printed == ["24500\n"] * 3
        lines = kept.store.shelf.lines()
        assert len(lines) == 35
        assert {line.state for line in lines} == {"succeeded"}
        assert len({line.kernel for line in lines}) == 4
        assert all(sum(map(len, kept.store.shelf.rows(line.id))) == line.records for line in lines)


def test_what_a_killed_writer_leaves_opens(tmp_path: Path) -> None:
    """A file copied in the middle of writing, with its log that is written ahead: as a kill leaves it."""
    place, copy = tmp_path / "history.sqlite", tmp_path / "copy" / "history.sqlite"
    with keeping(place) as kept:
        works(kept)
        assert kept.store.flush()
        copy.parent.mkdir()
        for end in ("", "-wal"):
            shutil.copy(f"{place}{end}", f"{copy}{end}")
    whole = Path(f"{copy}-wal").read_bytes()
    Path(f"{copy}-wal").write_bytes(whole[: len(whole) - 100])  # the last of it did not make it
    with keeping(copy) as kept:
        works(kept)
        assert kept.store.flush()
        assert kept.store.shelf.lines()[0].ended == 5


def migrated(step: str) -> tuple[str, ...]:
    return (*schema.STEPS, step)


def test_an_older_database_gets_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "history.sqlite"
    with keeping(place) as kept:
        works(kept)
    newer = migrated("ALTER TABLE runs ADD COLUMN stars INTEGER NOT NULL DEFAULT 3; CREATE TABLE more (x)")
    monkeypatch.setattr(schema, "STEPS", newer)
    with keeping(place) as kept:
        works(kept)
        assert kept.store.flush()
        assert kept.store.shelf.read("SELECT stars FROM runs") == [(3,), (3,)]
        assert kept.store.shelf.read("PRAGMA user_version") == [(len(newer),)]


def test_a_step_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "history.sqlite"
    with keeping(place) as kept:
        works(kept)
    with monkeypatch.context() as patch:
        patch.setattr(schema, "STEPS", migrated("CREATE TABLE more (x); CREATE TABLE runs (x)"))
        with keeping(place) as kept, pytest.warns(MemoryWarning, match="runs already exists"):
            works(kept)
            assert not kept.store.flush()
    with keeping(place) as kept:
        works(kept)
        assert kept.store.flush()
        assert len(kept.store.shelf.lines()) == 2
        assert kept.store.shelf.read("SELECT name FROM sqlite_master WHERE name = 'more'") == []


def test_a_flush_after_the_end_waits_for_nothing(tmp_path: Path) -> None:
    with keeping(tmp_path / "history.sqlite") as kept:
        works(kept)
        kept.store.close()
        assert not kept.store.flush()
        answers: list[Any] = []
        answer: Callable[[Any], None] = answers.append
        kept.store.look_up("none", None, answer)
        assert look(kept, "none") is None
        assert answers == [None]


def test_after_the_end_nothing_waits_to_be_written(tmp_path: Path) -> None:
    with keeping(tmp_path / "history.sqlite", log_limit=100) as kept:
        run = kept.lab.engine.open_cell("cell")
        double(1)
        assert kept.store.flush()
        kept.store.close()
        kept.store.keep("key", 1, run.id, 1)
        double(2)  # as a body that was left behind may do, as long as it likes
        other = kept.lab.engine.open_cell("other")
        double(3)
        assert [one.records.held_from for one in (run, other)] == [None, None]  # logs with a limit may forget
        assert not kept.store._writer._jobs
        assert not kept.store._keeping._waiting


def test_where_no_thread_can_be_started_nothing_is_found(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = []
    answer: Callable[[Any], None] = answers.append
    kept.store.keep("key", 5, 1, 1)

    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Hearing, "start", refused)
        kept.store.look_up("key", None, answer)
    assert answers == [None]
    assert look(kept, "key") is not None  # as soon as one can


def test_a_program_that_has_ended_leaves_no_run_that_is_lost(tmp_path: Path) -> None:
    place = tmp_path / "history.sqlite"
    program = f"""
    fl.configure(database={str(place)!r})
    @fl.task
    def double(x): return 2 * x
    @fl.flow
    def many(n): return sum(double.map(range(n)).results())
    print(double(3), many(50))
    """
    for _ in range(5):  # its last value was had, and the next thing is its end
        assert output(program) == "6 2450\n"
    with keeping(place) as kept:
        lines = kept.store.shelf.lines()
        assert (
            sorted((line.name, line.state) for line in lines)
            == [("many", "succeeded")] * 5 + [("script", "succeeded")] * 5
        )
