"""What stands in the database is the log, as it grows."""

import os
import sqlite3
import threading
from pathlib import Path

import pytest

import ipyflow as fl
from ipyflow.engine.log import CHUNK
from ipyflow.model.records import unpack
from ipyflow.model.run import fold
from ipyflow.model.status import FAILURE_STATES, FINAL_STATES
from ipyflow.store import recorder
from ipyflow.store.recorder import Recorder
from ipyflow.store.writer import Writer
from tests.engine.programs import output
from tests.store.conftest import Kept, keeping


@fl.task
def double(x: int) -> int:
    return 2 * x


def packed(run: fl.Run) -> list[tuple[object, ...]]:
    return run.records.rows(0)[1]


def test_a_run_is_there_with_its_log_and_its_counts(kept: Kept) -> None:
    @fl.task
    def fails() -> None:
        raise ValueError("no such star")

    @fl.flow
    def sums(n: int) -> int:
        fails.submit().exception()
        return sum(double.map(range(n)).results())

    run = sums.submit(20).run
    assert run.wait(10)
    assert kept.store.flush()
    (line,) = kept.store.shelf.lines()
    assert kept.rows(line.id) == packed(run)
    state = run.snapshot()
    assert (line.key, line.name, line.kind, line.state) == (run.key, "sums", "flow", "succeeded")
    assert (line.tasks, line.ended, line.failed, line.cached) == (22, 22, 1, 0)
    assert line.records == len(run.log)
    assert line.seconds >= max(task.ended or 0 for task in state.tasks.values()) - state.tasks[1].submitted
    assert not line.lost
    assert [found.id for found in kept.store.shelf.lines(text="no such star")] == [line.id]
    assert [found.id for found in kept.store.shelf.lines(text="sum_")] == []


def test_a_run_that_goes_on_is_there_as_far_as_it_is_and_is_not_lost(kept: Kept) -> None:
    gate = threading.Event()

    @fl.flow
    def waits() -> None:
        double(1)
        gate.wait()

    run = waits.submit().run
    while len(run.records) < 6:
        double.submit(0).result()
    assert kept.store.flush()
    line = kept.store.shelf.find(run.key)
    assert line is not None
    assert line.state == "running"
    assert not line.lost
    assert kept.rows(line.id) == packed(run)[: line.records]
    gate.set()
    assert run.wait(10)
    assert kept.store.flush()
    assert kept.rows(line.id) == packed(run)


def test_a_retry_after_the_end_is_written_behind_it(kept: Kept) -> None:
    broken = [True]

    @fl.flow
    def mended() -> str:
        if broken:
            raise OSError("down")
        return "up"

    future = mended.submit()
    future.exception()
    assert future.run.wait(10)
    assert kept.store.flush()
    line = kept.store.shelf.find(future.run.key)
    assert line is not None
    assert (line.state, line.failed) == ("failed", 1)
    broken.clear()
    future.retry()
    assert future.result(10) == "up"
    assert future.run.wait(10)
    assert kept.store.flush()
    line = kept.store.shelf.find(future.run.key)
    assert line is not None
    assert (line.state, line.failed, line.ended) == ("succeeded", 0, 1)
    assert kept.rows(line.id) == packed(future.run)


def test_the_counts_of_a_pipeline_that_was_retried(kept: Kept) -> None:
    broken = [True]

    @fl.task
    def fails_first(x: int) -> int:
        if broken:
            raise OSError
        return x

    @fl.task
    def total(values: list[int]) -> int:
        return sum(values)

    branches = fl.in_parallel([double.send(n).continue_with(double) for n in range(3)])
    future = branches.continue_with(total).continue_with(fails_first).continue_with(double).submit()
    assert isinstance(future.exception(10), OSError)
    run = future.run
    assert run.wait(10)
    for _ in range(2):
        assert kept.store.flush()
        line = kept.store.shelf.find(run.key)
        assert line is not None
        tasks = list(run.snapshot().tasks.values())
        counted = [sum(task.state in states for task in tasks) for states in (FINAL_STATES, FAILURE_STATES)]
        assert (line.tasks, line.ended, line.failed) == (len(tasks), *counted)
        if broken:
            broken.clear()
            future.retry()
            assert run.wait(10)


def test_small_chunks_become_large_ones(kept: Kept) -> None:
    run = kept.lab.engine.open_cell("cell")
    for at in range(recorder._PARTS + 10):
        double(at)
        kept.store.flush()
    small = kept.store.shelf.read("SELECT count(*) FROM chunks")[0][0]
    assert small <= 11
    assert kept.rows(kept.row(run)) == packed(run)
    kept.lab.engine.end_scope(run)
    assert run.wait(10)
    assert kept.store.flush()
    assert kept.store.flush()
    assert kept.store.shelf.read("SELECT count(*) FROM chunks")[0][0] == 1
    assert kept.rows(kept.row(run)) == packed(run)
    assert list(kept.store.shelf.rows(kept.row(run), since=5)) == [packed(run)[5:]]


def test_reading_ends_where_a_chunk_lacks(kept: Kept) -> None:
    run = kept.lab.engine.open_cell("cell")
    for at in range(3):
        double(at)
        kept.store.flush()
    firsts = [first for (first,) in kept.store.shelf.read("SELECT first FROM chunks ORDER BY first")]
    with sqlite3.connect(kept.store.database.place) as other:
        other.execute("DELETE FROM chunks WHERE first = ?", (firsts[1],))
    assert kept.rows(kept.row(run)) == packed(run)[: firsts[1]]


def test_texts_with_halves_of_characters_are_kept(kept: Kept) -> None:
    @fl.flow(name="half \ud83d")
    def strange() -> None:
        raise ValueError("file \udcff")

    future = strange.submit()
    future.exception()
    assert future.run.wait(10)
    assert kept.store.flush()
    (line,) = kept.store.shelf.lines()
    assert (line.name, line.state) == ("half ?", "failed")
    assert kept.rows(line.id) == packed(future.run)


def test_a_log_with_a_limit_forgets_only_what_was_written(tmp_path: Path) -> None:
    place = tmp_path / "history.sqlite"
    with keeping(place, log_limit=CHUNK) as kept:
        run = kept.lab.engine.open_cell("cell")
        double(1)
        assert kept.store.flush()
        other = sqlite3.connect(place, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for _ in range(8):
            fl.wait(double.map(range(1_000)))
        assert len(run.records) > 4 * CHUNK
        assert run.records.forgotten == 0
        other.execute("ROLLBACK")
        other.close()
        assert kept.store.flush()
        for _ in range(8):
            fl.wait(double.map(range(1_000)))
        assert run.records.forgotten > 0
        kept.lab.engine.end_scope(run)
        assert run.wait(10)
        assert kept.store.flush()
        line = kept.store.shelf.find(run.key)
        assert line is not None
        assert (line.tasks, line.ended) == (16_001, 16_001)
        assert len(kept.rows(line.id)) == line.records == len(run.records)


@pytest.mark.parametrize("by", ["flush", "shutdown"])
def test_a_large_run_is_written_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    monkeypatch.setattr(recorder, "MOST", 100)
    place = tmp_path / "history.sqlite"
    with keeping(place) as kept:
        run = kept.lab.engine.open_cell("cell")
        fl.wait(double.map(range(500)))
        kept.lab.engine.end_scope(run)
        assert run.wait(10)
        if by == "flush":
            assert kept.store.flush()
            assert kept.rows(kept.row(run)) == packed(run)
    with keeping(place) as kept:
        (line,) = kept.store.shelf.lines()
        assert (line.state, line.ended, line.records) == ("succeeded", 500, len(run.records))


def test_runs_are_let_go_of_when_they_are_written(kept: Kept) -> None:
    writer: Writer = kept.store._writer
    recorder: Recorder = kept.store._recorder
    runs = []
    for at in range(3):
        runs.append(kept.lab.engine.open_cell(f"cell {at}"))
        double(at)
    assert kept.store.flush()
    assert set(recorder._watched) == {runs[-1].id}
    assert set(recorder._ended) == set(runs[:2])
    assert not writer._batch
    assert not writer._jobs


def test_what_is_read_back_folds_to_the_same_state(kept: Kept) -> None:
    @fl.flow
    def nested(n: int) -> int:
        with fl.group("inner"):
            return sum(double.map(range(n)).results()) if n else nested.submit(3).result()

    run = nested.submit(0).run
    assert run.wait(10)
    assert kept.store.flush()
    again = fold(unpack(row) for row in kept.rows(kept.row(run)))
    assert again.tasks.keys() == run.snapshot().tasks.keys()
    assert {id: task.state for id, task in again.tasks.items()} == {
        id: task.state for id, task in run.snapshot().tasks.items()
    }


def test_the_sources_of_tasks_are_kept_also_of_those_that_nobody_holds(kept: Kept) -> None:
    @fl.task
    def inner(x: int) -> int:
        return x + 1  # one more

    @fl.flow
    def outer() -> int:
        return sum(inner(x) for x in range(3)) + double(1)

    run = outer.submit().run
    assert run.wait(10)
    assert kept.store.flush()
    code = kept.store.shelf.code(kept.row(run))
    assert set(code) == {f"{__name__}:{name}" for name in ("inner", "outer", "double")}
    assert "one more" in code[f"{__name__}:inner"]
    assert "2 * x" in code[f"{__name__}:double"]
    # Equal sources stand there once.
    again = outer.submit().run
    assert again.wait(10)
    assert kept.store.flush()
    assert kept.store.shelf.read("SELECT count(*) FROM sources")[0][0] == 3
    assert kept.store.shelf.code(kept.row(again)) == code


def test_a_source_is_that_of_when_the_task_was_submitted(kept: Kept) -> None:
    def define(number: int) -> tuple[fl.Task[[], int], fl.Task[[], int]]:
        if number == 1:

            @fl.task(name="same")
            def one() -> int:
                return 1

        else:

            @fl.task(name="same")
            def one() -> int:
                return 2

        @fl.flow
        def run() -> int:
            return one()

        return one, run

    runs = [define(number)[1].submit().run for number in (1, 2)]  # both tasks are made before anybody asks
    assert all(run.wait(10) for run in runs)
    assert kept.store.flush()
    codes = [kept.store.shelf.code(kept.row(run))[f"{__name__}:same"] for run in runs]
    assert ["return 1" in codes[0], "return 2" in codes[1]] == [True, True]


def test_a_program_that_just_ends_has_kept_all(tmp_path: Path) -> None:
    place = tmp_path / "history.sqlite"
    program = f"""
    fl.configure(database={str(place)!r})
    @fl.flow
    def twice(x):
        return 2 * x
    print(twice(4))
    """
    assert output(program) == "8\n"
    with keeping(place) as kept:
        (line,) = kept.store.shelf.lines()
        assert (line.name, line.state, line.lost) == ("twice", "succeeded", False)
    assert not place.with_name("history.sqlite-wal").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_works_and_keeps_nothing(tmp_path: Path) -> None:
    place = tmp_path / "history.sqlite"
    program = f"""
    fl.configure(database={str(place)!r})
    @fl.flow
    def twice(x):
        return 2 * x
    twice(1)
    fl.session._session.store().flush()
    pid = os.fork()
    if pid == 0:
        os._exit(twice(2) + (fl.session._session.store() is not None))
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), twice(4))
    """
    assert output(program, warnings="ignore") == "4 8\n"
    with keeping(place) as kept:
        assert [(line.state, line.lost) for line in kept.store.shelf.lines()] == [("succeeded", False)] * 2


def test_a_program_that_is_killed_has_lost_its_run(tmp_path: Path) -> None:
    place = tmp_path / "history.sqlite"
    program = f"""
    fl.configure(database={str(place)!r})
    @fl.task
    def part(x):
        return x
    @fl.flow
    def long():
        part(1)
        future = part.submit(2).result()
        fl.session._session.store().flush()
        os.write(1, b"dies\\n")
        os._exit(0)
    long()
    """
    assert output(program) == "dies\n"
    with keeping(place) as kept:
        (line,) = kept.store.shelf.lines()
        assert (line.name, line.state, line.lost, line.ended) == ("long", "running", True, 2)
        assert [found.key for found in kept.store.shelf.lines(state="lost")] == [line.key]
        assert kept.store.shelf.lines(state="running") == []
