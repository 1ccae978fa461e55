"""`Run`: what it knows, waiting for it, pausing, cancelling, how its log is read."""

import pytest

import ipyflow as fl
from ipyflow.errors import TaskCancelled
from ipyflow.model import records as r
from ipyflow.model.run import fold
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, eventually


@fl.task
def value(x: object) -> object:
    return x


@fl.task
def fail() -> None:
    raise ValueError("boom")


def test_a_flow_outside_any_task_starts_a_run_and_inside_is_a_child(lab: Lab) -> None:
    @fl.flow
    def inner() -> int:
        return fl.current().run.id

    @fl.flow
    def outer() -> tuple:
        return fl.current().run.id, inner()

    assert outer() == (1, 1)
    assert outer() == (2, 2)
    assert [run.name for run in lab.runs] == ["outer", "outer"]
    assert [run.kind for run in lab.runs] == ["flow", "flow"]


def test_plain_tasks_at_top_level_share_one_run(lab: Lab) -> None:
    first, second = value.submit(1), value.submit(2)
    assert first.run is second.run
    assert (first.run.kind, first.run.root, first.run.name) == ("script", None, "script")
    fl.wait([first, second])


def test_it_gives_its_flows_result(lab: Lab) -> None:
    @fl.flow
    def top(x: int) -> int:
        return value.submit(x).result()

    @fl.flow
    def bad() -> None:
        fail.submit().result()

    run = top.submit(4).run
    assert run.result() == 4
    assert run.wait(SOON)
    assert run.state == "succeeded"
    assert "top" in repr(run)
    with pytest.raises(ValueError, match="boom"):
        bad.submit().run.result()


def test_waiting_in_vain(lab: Lab) -> None:
    gate = Gate()

    @fl.flow
    def top() -> None:
        gate.stand()

    run = top.submit().run
    assert run.wait(0.01) is False
    with pytest.raises(TimeoutError):
        run.result(0.01)
    gate.open()
    assert run.wait(SOON)


def test_its_futures_and_its_log(lab: Lab) -> None:
    held = []

    @fl.flow
    def top() -> int:
        held.extend([value.submit(1), value.submit(2)])
        return sum(f.result() for f in held)

    root = top.submit()
    assert root.result() == 3
    run = root.run
    assert run.wait(SOON)
    assert run.futures == [root, *held]
    assert isinstance(run.log[0], r.Opened)
    assert isinstance(run.log[-1], r.Closed)
    assert fold(run.log) == run.snapshot()
    with run.reading() as state:
        assert len(state.tasks) == 3


def test_a_cells_run_fails_if_a_task_failed_and_not_if_one_was_cancelled(lab: Lab) -> None:
    cell = lab.engine.open_cell("In [1]")
    late = value.with_options(delay=60).submit(1)
    late.cancel()
    assert value(1) == 1
    lab.engine.end_scope(cell)
    assert cell.wait(SOON)
    assert (cell.state, cell.snapshot().state) == ("succeeded", "succeeded")
    cell = lab.engine.open_cell("In [2]")
    fl.wait([fail.submit()])
    lab.engine.end_scope(cell)
    assert cell.wait(SOON)
    assert (cell.state, cell.snapshot().state) == ("failed", "failed")


def test_pause_starts_nothing_more_and_resume_goes_on(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def stand() -> int:
        gate.stand()
        return 0

    first = stand.submit()
    gate.reached()
    run = first.run
    run.pause()
    held = [value.submit(1), value.with_options(limit=1).submit(2), value.with_options(resolve=True).submit([first])]
    gate.open()
    assert first.result(SOON) == 0
    eventually(lambda: all(f.state == "waiting" for f in held))
    assert run.snapshot().tasks[held[0].id].reason == "the run is paused"
    run.resume()
    assert [f.result(SOON) for f in held] == [1, 2, [0]]
    assert next(iter(lab.engine.limits.values())).used == 0


def test_what_is_cancelled_while_paused_stays_so(lab: Lab) -> None:
    assert value(1) == 1
    run = lab.runs[0]
    run.pause()
    held = value.submit(1)
    assert run.cancel()
    run.resume()
    with pytest.raises(TaskCancelled):
        held.result(SOON)


def test_a_task_submitted_after_its_run_was_closed_opens_it_again(lab: Lab) -> None:
    import contextvars

    kept: list[contextvars.Context] = []

    @fl.flow
    def top() -> None:
        kept.append(contextvars.copy_context())

    root = top.submit()
    assert root.run.wait(SOON)
    future = kept[0].run(value.submit, 5)
    assert future.result(SOON) == 5
    assert future.run is root.run
    assert root.run.wait(SOON)
    assert [type(x) for x in root.run.log].count(r.Closed) == 2


def test_a_log_with_a_limit_stays_small_and_keeps_the_counts() -> None:
    with engine(threads=4, log_limit=5000) as lab:
        value.map(range(20_000)).results(SOON)
        lab.settled()
        run = lab.runs[0]
        eventually(lambda: sum(run.snapshot().counts.values()) == 20_000)
        run.records.tidy()
        assert run.snapshot().counts["succeeded"] == 20_000
        assert run.records.forgotten > 0


def test_it_is_told_when_runs_begin_and_end_and_begin_again(lab: Lab) -> None:
    told: list[tuple[str, int]] = []
    lab.engine.on_run.append(lambda run: told.append(("run", run.id)))
    lab.engine.on_close.append(lambda run: told.append(("close", len(run.log))))
    lab.engine.on_reopen.append(lambda run: told.append(("reopen", run.id)))
    calls = []

    @fl.flow
    def top() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OSError

    future = top.submit()
    fl.wait([future])
    assert future.run.wait(SOON)
    eventually(lambda: len(told) == 2)
    future.retry()
    future.result(SOON)
    assert future.run.wait(SOON)
    eventually(lambda: len(told) == 4)
    assert [what for what, _ in told] == ["run", "close", "reopen", "close"]
    assert told[1][1] == 5, "the log is complete when it is told"


def test_a_retry_that_is_cancelled_before_the_run_is_open_again_leaves_no_run_open(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    @fl.task
    def part() -> None:
        raise ValueError

    future = part.submit()
    run = future.run
    assert isinstance(future.exception(SOON), ValueError)
    lab.engine.end_scope(run)
    assert run.wait(SOON)
    reopen = type(run).reopen

    def cancelled_first(run: fl.Run) -> None:
        future.cancel()
        reopen(run)

    monkeypatch.setattr(type(run), "reopen", cancelled_first)
    future.retry()
    assert future.cancelled()
    assert run.wait(SOON)
    assert run.closed
