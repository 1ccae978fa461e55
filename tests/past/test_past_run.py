"""A run that was read from the store is the run that it was; the books of a lost one are closed."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import ipyflow as fl
from ipyflow.model import records as r
from ipyflow.model.run import check_invariants, fold
from ipyflow.model.status import FINAL_STATES, State
from ipyflow.past.log import DIED, closing
from tests.past.conftest import PROGRAM
from tests.views.golden import GOLDEN


@fl.task
def load(x: int) -> int:
    if x == 3:
        raise ValueError("no <b>three</b>")
    return x


@fl.flow
def order(n: int) -> list[int]:
    return [future.result() for future in [load.submit(i) for i in range(n)]]


def fails(n: int) -> fl.Run:
    future = order.submit(n)
    assert isinstance(future.exception(), ValueError)
    future.run.wait()
    return future.run


def test_it_is_the_run_that_it_was(database: Path) -> None:
    run = fails(5)
    past = fl.history().open(run.key)
    assert past.log == run.log
    was, found = run.snapshot(), past.snapshot()
    assert (found.tasks, found.counts, found.notes, found.state) == (was.tasks, was.counts, was.notes, was.state)
    assert (past.name, past.kind, past.state, past.key, past.lost) == ("order", "flow", State.FAILED, run.key, False)
    assert abs(past.opened.timestamp() - was.wall) < 0.001
    assert past.now() == was.last
    check_invariants(found)


@pytest.mark.parametrize("form", ["json", "svg", "graph.svg", "trace", "dot", "mermaid", "text"])
def test_its_exports_are_those_of_the_run(database: Path, form: str) -> None:
    run = fails(5)
    past = fl.history().open(run.key)
    assert past.sources() == run.sources()
    made, was = str(past.export(form)), str(run.export(form))
    assert made.replace(str(past.id), str(run.id)) == was.replace(str(past.id), str(run.id))  # the ids in drawings


def test_sent_twice_it_is_one_trace(database: Path) -> None:
    pytest.importorskip("opentelemetry.sdk")
    run = fails(5)
    past = fl.history().open(run.key)
    assert [span.context for span in past.spans()] == [span.context for span in run.spans()]


def test_all_views_of_it_are_there(database: Path) -> None:
    past = fl.history().open(fails(5).key)
    forms = past._repr_mimebundle_()
    assert forms["text/plain"].startswith("✗ order")
    assert "no &lt;b&gt;three&lt;/b&gt;" in forms["text/html"]
    assert "<b>three" not in forms["text/html"]
    assert "order failed" in past.explain()
    assert str(past.lint()).startswith("order: ")
    assert past.what_if([1, 2])[2].seconds > 0
    for view in (past.timeline(), past.timeline(past, by="worker"), past.graph(), past.table()):
        assert "order" in str(view)
    assert "load" in past.sources()["tests.past.test_past_run:load"]


def test_its_number_is_none_of_this_kernel(database: Path) -> None:
    past = fl.history().open(fails(4).key)
    assert past.id < 0
    assert past.snapshot().id == past.id
    assert past.snapshot().key == past.key


def test_what_goes_on_is_read_on(database: Path) -> None:
    gate = threading.Event()

    @fl.task
    def stand(x: int) -> int:
        gate.wait(10)
        return x

    future = stand.submit(1)
    past = fl.history()[0]
    assert (past.state, past.closed) == (State.RUNNING, False)
    before = len(past.snapshot().tasks)
    gate.set()
    future.result()
    more = load.submit(1)
    more.result()
    fl.session._session.store().flush()
    assert len(past.records) > before
    assert len(past.snapshot().tasks) == before + 1
    assert past.snapshot().tasks[more.id].state is State.SUCCEEDED


def test_the_books_of_a_lost_run_are_closed(elsewhere: Callable[[str], None]) -> None:
    elsewhere("dies(2)")
    past = fl.history(state="lost")[0]
    assert (past.name, past.state, past.word, past.lost, past.closed) == ("dies", State.FAILED, "lost", True, True)
    for state in (past.snapshot(), fold(past.log)):
        check_invariants(state)
        by_name = {(task.name, task.state, task.type) for task in state.tasks.values()}
        assert ("dies", State.FAILED, DIED) in by_name
        assert ("load", State.SUCCEEDED, "int") in by_name
        assert ("stand", State.FAILED, DIED) in by_name
        assert ("stand", State.CANCELLED, "") in by_name
        assert state.closed == state.last
    seen, _ = past.records.read(0)
    assert past.records.read(seen) == (seen, [])
    assert past.records.read(seen - 1)[1] == past.log[-1:]
    assert len(past.records) == seen
    assert "its kernel ended before it" in past.explain()
    with pytest.raises(ValueError, match="is lost: how long it would have taken is not known"):
        past.what_if()


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_wherever_a_kernel_dies_nothing_stays_open(name: str) -> None:
    records = GOLDEN[name]().records
    for length in range(1, len(records)):
        state = fold(records[:length])
        ends = closing(state)
        for record in ends:
            state.apply(record)
        assert state.closed is not None
        assert all(task.state in FINAL_STATES for task in state.tasks.values()), f"after {length} records"
        assert closing(state) == []
    assert closing(fold(records)) == [] or not isinstance(records[-1], r.Closed)


def test_a_run_that_was_deleted_meanwhile_says_so(database: Path) -> None:
    key = fails(4).key
    past, other = fl.history().open(key), fl.history().open(key)
    assert fl.history().delete(other) == 1
    with pytest.raises(LookupError, match=rf"order \({key}\) is no longer in the history"):
        past.explain()


def test_a_kernel_that_goes_while_its_run_is_open_leaves_it_lost(database: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"{PROGRAM}\nfl.configure(database={str(database)!r}, threads=2)\nstands()\n")
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE) as kernel:
        assert kernel.stdout is not None
        assert kernel.stdout.readline() == b"stands\n"
        past = fl.history()[0]
        assert (past.closed, past.lost, past.word) == (False, False, "running")
        before = past.snapshot().seq
        kernel.kill()
    assert (past.closed, past.lost, past.word, past.state) == (True, True, "lost", State.FAILED)
    state = past.snapshot()
    assert (state.closed, len(past.records)) == (state.last, state.seq)
    assert state.seq > before
    check_invariants(state)
