"""`configure`, `runs`, `shutdown`: the engine of the process. Its exit and forks stand in tests/engine."""

import threading
from collections.abc import Iterator

import pytest

import ipyflow as fl
from ipyflow.errors import TaskCancelled, UnobservedFailureWarning
from tests.engine.gates import SOON, Gate, eventually


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    fl.shutdown(cancel=True)
    yield
    fl.shutdown(cancel=True)


@fl.task
def double(x: int) -> int:
    return 2 * x


@fl.task
def stand(gate: Gate) -> str:
    gate.stand()
    return "stood"


def test_configure_returns_the_settings_and_changes_them() -> None:
    assert fl.configure().threads is None
    with fl.configure(threads=3) as settings:
        assert settings.threads == 3
        assert fl.configure().threads == 3
        assert "threads=3" in repr(settings)
    assert fl.configure().threads is None


def test_so_many_bodies_run_at_once() -> None:
    with fl.configure(threads=2):
        gates = [Gate() for _ in range(3)]
        futures = [stand.submit(gate) for gate in gates]
        gates[0].reached()
        gates[1].reached()
        assert futures[2].state == "queued"
        assert not gates[2].is_reached()
        for gate in gates:
            gate.open()
        fl.wait(futures)


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"thread": 3}, TypeError, "did you mean threads="),
        ({"colour": 3}, TypeError, "there are threads, processes, dask, log_limit"),
        ({"threads": "many"}, TypeError, "whole number"),
        ({"threads": True}, TypeError, "whole number"),
        ({"threads": 0}, ValueError, "1 or more"),
        ({"log_limit": -5}, ValueError, "1 or more"),
        ({"threads": 5, "colour": 1}, TypeError, "colour"),
    ],
)
def test_a_bad_setting_raises_and_changes_nothing(changes: dict, error: type, text: str) -> None:
    before = repr(fl.configure())
    with pytest.raises(error, match=text):
        fl.configure(**changes)
    assert repr(fl.configure()) == before


def test_configure_while_tasks_run_raises_and_changes_nothing() -> None:
    gate = Gate()
    future = stand.submit(gate)
    gate.reached()
    with pytest.raises(RuntimeError, match="1 tasks have not ended"):
        fl.configure(threads=2)
    gate.open()
    assert future.result() == "stood"
    assert fl.configure().threads is None


def test_runs_are_listed_newest_first() -> None:
    @fl.flow
    def first() -> None: ...

    @fl.flow
    def second() -> None: ...

    assert fl.runs() == []
    first()
    second()
    assert [run.name for run in fl.runs()] == ["second", "first"]
    double(1)
    assert [run.kind for run in fl.runs()] == ["script", "flow", "flow"]


def test_shutdown_waits_and_the_next_submit_starts_afresh() -> None:
    gate = Gate()
    future = stand.submit(gate)
    gate.reached()
    over = threading.Event()
    stopping = threading.Thread(target=lambda: (fl.shutdown(), over.set()))
    stopping.start()
    assert not over.wait(0.02)
    gate.open()
    assert over.wait(SOON)
    stopping.join()
    assert future.result() == "stood"
    assert double(4) == 8


def test_shutdown_lets_what_runs_go_on_to_its_end() -> None:
    gate = Gate()

    @fl.flow
    def parent() -> int:
        gate.stand()
        return double.submit(4).result()

    future = parent.submit()
    gate.reached()
    stopping = threading.Thread(target=fl.shutdown)
    stopping.start()
    eventually(lambda: not future.run.engine.accepting)
    gate.open()
    stopping.join(SOON)
    assert future.result(SOON) == 8


def test_shutdown_does_not_count_as_looking_at_a_failure() -> None:
    @fl.flow(on_leak="ignore")
    def careless() -> None:
        fail.submit()

    @fl.task
    def fail() -> None:
        raise ValueError("boom")

    with pytest.warns(UnobservedFailureWarning, match="boom"):
        careless.submit().result()
        fl.shutdown()


def test_shutdown_with_cancel_does_not_wait_for_a_body_that_ignores_it() -> None:
    gate = Gate()
    future = stand.submit(gate)
    gate.reached()
    fl.shutdown(cancel=True)
    with pytest.raises(TaskCancelled):
        future.result()
    gate.open()


def test_shutdown_without_waiting_cancels_what_has_not_started() -> None:
    late = double.with_options(delay=3600).submit(1)
    fl.shutdown(wait=False)
    assert late.cancelled()


def test_shutdown_of_a_paused_run_does_not_hang() -> None:
    double(1)
    run = fl.runs()[0]
    run.pause()
    held = double.submit(2)
    fl.shutdown()
    assert held.cancelled()


def test_shutdown_in_a_task_is_refused() -> None:
    @fl.task
    def suicidal() -> None:
        fl.shutdown()

    with pytest.raises(RuntimeError, match="in a task"):
        suicidal()


def test_shutdown_of_nothing_and_twice_is_fine() -> None:
    fl.shutdown()
    double(1)
    fl.shutdown()
    fl.shutdown()


def test_starting_and_stopping_many_times_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    for _ in range(30):
        assert double.map(range(5)).results() == [0, 2, 4, 6, 8]
        fl.shutdown()
    eventually(lambda: threading.active_count() <= before)


def test_nothing_is_started_before_the_first_submit() -> None:
    fl.shutdown()
    eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith("ipyflow")])
    fl.configure()
    fl.runs()
    assert not [t for t in threading.enumerate() if t.name.startswith("ipyflow")]
