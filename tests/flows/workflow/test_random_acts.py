"""Random workflows that are paused, cancelled, saved and retried in the middle of everything."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import IpyflowWarning, TaskCancelled
from ipyflow.model.status import State
from ipyflow.testing import Lab, engine
from ipyflow.workflows import StopEvent, WorkflowCancelledEvent, WorkflowFuture
from tests.engine.gates import SOON, eventually
from tests.flows.workflow.interpreter import Interpreter, Program
from tests.flows.workflow.programs import SKIPPED, Acting, Finish, Generator, built, telling
from tests.flows.workflow.reading import check_events, check_log, counted, same
from tests.flows.workflow.test_properties import check_all, check_end, check_program, waits_for_outside

BUSY = (State.QUEUED, State.RUNNING, State.CANCELLING)


class Acted:
    """A run in which something is done, in the body that is the ``at``-th to begin."""

    def __init__(self, program: Program, at: int) -> None:
        self.workflow: Acting = built(program)(skip_graph_checks=SKIPPED, timeout=None)
        self.act: Callable[[], object] = lambda: None
        self.done, self._may = threading.Event(), threading.Event()
        self._begun = 0
        move = self.workflow.counting.move

        def moved(name: str, by: int) -> None:
            move(name, by)
            if by > 0:
                with self.workflow.counting.lock:
                    self._begun += 1
                    mine = self._begun == at
                if mine:
                    assert self._may.wait(SOON)
                    self.act()
                    self.done.set()

        self.workflow.counting.move = moved  # type: ignore[method-assign]

    def run(self, act: str) -> WorkflowFuture[Any]:
        future = self.workflow.run()
        self.act = getattr(future, act) if act else lambda: future.ctx.to_dict()
        self._may.set()
        return future


@contextmanager
def program_of(seed: int, fails: bool = True, **options: Any) -> Iterator[tuple[Lab, Program, Acted, str]]:
    program = Generator(seed, handled=fails and options.pop("handled", True), **options).program()
    program = program if fails else program.healed
    with telling(program), warnings.catch_warnings(), engine(threads=4) as lab:
        warnings.simplefilter("ignore", IpyflowWarning)
        yield lab, program, Acted(program, 1 + seed % 13), f"seed {seed}"


def finished(future: WorkflowFuture[Any], program: Program, where: str) -> BaseException | None:
    """Bring it to its end, however it ends."""
    if program.ending == "finish":
        eventually(lambda: waits_for_outside(future) or future.done(), where)
        if not future.done():
            future.send_event(Finish())
    fl.wait([future], 30)
    assert future.run.wait(30), where
    return future._error


@pytest.mark.parametrize("block", range(4))
def test_cancelled_anywhere_it_ends_and_tidies_up(block: int) -> None:
    for seed in range(block * 25, block * 25 + 25):
        with program_of(seed) as (lab, program, acted, where):
            future = acted.run("cancel")
            finished(future, program, where)
            lab.settled(30)
            last = list(future.stream_events())[-1]
            if future.cancelled():
                assert acted.done.is_set(), where
                assert type(last) is WorkflowCancelledEvent, where
                with pytest.raises(TaskCancelled):
                    future.result()
            else:
                assert isinstance(last, StopEvent), where
            assert not lab.engine.unfinished(), where
            assert not +acted.workflow.counting.now, where
            check_log(future.run, where)


@pytest.mark.parametrize("block", range(4))
def test_paused_anywhere_it_stands_still_and_then_does_the_same(block: int) -> None:
    for seed in range(block * 25, block * 25 + 25):
        with program_of(seed) as (lab, program, acted, where):
            future = acted.run("pause")
            eventually(lambda: future.done() or waits_for_outside(future) or stands_still(future), where)
            future.resume()
            check_end(future, program, where)
            check_all(lab, acted.workflow, future, program, where)


def stands_still(future: WorkflowFuture[Any]) -> bool:
    state = future.run.snapshot()
    return state.tasks[future.id].reason == "paused" and not any(state.counts[busy] for busy in BUSY)


@pytest.mark.parametrize("block", range(2))
def test_saved_anywhere_it_does_the_same(block: int) -> None:
    for seed in range(block * 25, block * 25 + 25):
        with program_of(seed) as (lab, program, acted, where):
            future = acted.run("")
            check_end(future, program, where)
            check_all(lab, acted.workflow, future, program, where)


@pytest.mark.parametrize("block", range(4))
def test_cancelled_anywhere_and_retried_it_has_done_what_it_would_have_done(block: int) -> None:
    for seed in range(block * 25, block * 25 + 25):
        options: dict[str, Any] = {"endings": ("finish", "list"), "sending": False, "fails": False}
        with program_of(seed, **options) as (lab, program, acted, where):
            future = acted.run("cancel")
            finished(future, program, where)
            if future.cancelled():
                future.retry()
            assert finished(future, program, where) is None, where
            lab.settled(30)
            check_done(future, program, where)


@pytest.mark.parametrize("block", range(4))
def test_retried_until_it_succeeds_it_has_done_what_it_would_have_done(block: int) -> None:
    retried = 0
    for seed in range(block * 25, block * 25 + 25):
        options: dict[str, Any] = {"endings": ("finish", "list"), "sending": False, "handled": False}
        with program_of(seed, **options) as (lab, program, acted, where):
            future = acted.run("")
            attempts = 0
            while finished(future, program, where) is not None:
                attempts += 1
                assert attempts < 300, where
                future.retry()
            lab.settled(30)
            retried += attempts
            check_done(future, program.healed, where)
    assert retried > 0


def check_done(future: WorkflowFuture[Any], program: Program, where: str) -> None:
    """Each event was sent once and taken, whatever was run again."""
    check_log(future.run, where)
    check_events(future, program, where, again=True)
    found, expected = counted(future, program), Interpreter(program).run()
    found.sent.pop("Finish", None)
    for name in ("sent", "rounds", "held", "sizes", "unhandled", "dropped"):
        same(getattr(found, name), getattr(expected, name), f"{name}, {where}")


@pytest.mark.parametrize("block", range(4))
def test_with_a_step_cancelled_anywhere_the_rest_goes_on_to_the_end(block: int) -> None:
    for seed in range(block * 25, block * 25 + 25):
        with program_of(seed) as (lab, program, acted, where):
            future = acted.run("cancel")
            acted.act = lambda: cancel_newest(future)
            finished(future, program, where)
            lab.settled(30)
            assert not future.cancelled(), where
            check_events(future, program, where)
            check_log(future.run, where)


def cancel_newest(future: WorkflowFuture[Any]) -> None:
    live = [one for one in list(future.run.live.values()) if one.parent_id == future.id]
    if live:
        live[-1].cancel()


@pytest.mark.stress
@pytest.mark.parametrize("interval", [1e-6, 1e-4])
def test_random_workflows_with_threads_switching_all_the_time(interval: float) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(interval)
    try:
        for seed in range(5_000, 5_100):
            check_program(seed, "threads")
    finally:
        sys.setswitchinterval(before)
