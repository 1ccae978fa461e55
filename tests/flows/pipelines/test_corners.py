"""Moments and mixtures that are rare: a retry while something else goes on, bodies that run where they are made."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.engine import endings
from ipyflow.engine.scheduler import Engine
from ipyflow.model.run import check_invariants
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate
from tests.flows.pipelines.common import Boom, double, fail, heal, named, rep, value

SHORT = 2.0


@fl.task(memo=True)
def reused(*args: object) -> object:
    return args


@fl.task
def numbers() -> list[int]:
    return [1, 2]


def fails_once(name: str = "fails_once") -> tuple[fl.Task, list[int]]:
    runs: list[int] = []

    def body(*args: object) -> str:
        runs.append(1)
        if len(runs) == 1:
            raise Boom("the first time")
        return "done"

    return fl.task(name=name)(body), runs


def ended(future: fl.Future) -> None:
    fl.wait([future], SHORT)
    assert future.done()
    assert future.run.wait(SHORT), future.run.live
    check_invariants(future.run.snapshot())


# memo=True.


def test_an_entry_that_is_memoised_leaves_no_row_behind() -> None:
    with engine():
        future = reused.send(1).continue_with(reused).submit()
        ended(future)


def test_a_value_that_cannot_be_memoised_fails_the_entry_and_can_be_healed() -> None:
    cleaned = Gate()
    with engine():
        future = numbers.send().continue_with(reused).exceptionally(heal).finally_do(fl.task(cleaned.stand)).submit()
        cleaned.open()
        assert "TypeError" in str(future.result(SHORT))
        assert cleaned.is_reached()
        ended(future)


@pytest.mark.parametrize("at_once", [None, 1])
def test_a_value_that_cannot_be_memoised_fails_its_branch_only(at_once: int | None) -> None:
    with engine():
        branches = [reused.send(1), reused.send([1]), reused.send(2)]
        future = fl.in_parallel(branches, max_parallelism=at_once, return_exceptions=True).submit()
        assert isinstance(future.result(SHORT)[1], TypeError)
        ended(future)


# Bodies that run where they are made.


def test_an_inline_branch_may_wait_for_a_group() -> None:
    @fl.task(executor="inline")
    def waits(x: int) -> list[int]:
        return fl.in_parallel([double.send(x), double.send(x)])()

    with engine():
        got: list[Any] = []
        pipeline = fl.in_parallel([waits.send(1), waits.send(2)])
        thread = threading.Thread(target=lambda: got.append(pipeline()), daemon=True)
        thread.start()
        thread.join(SHORT)
        assert got == [[[2, 2], [4, 4]]]


# A retry while something else is under way.


def test_an_entry_retried_while_the_finaliser_runs_counts() -> None:
    gate, (once, runs) = Gate(), fails_once()
    with engine():
        future = once.send().continue_with(rep).finally_do(fl.task(gate.stand)).submit()
        gate.reached()
        [failed] = future.run.failed.values()
        assert failed.retry().result(SHORT) == "done"
        gate.open()
        fl.wait([future], SHORT)
        if future.state == "failed":
            future.retry()
        assert future.result(SHORT) == "rep('done')"
        assert len(runs) == 2


def test_a_branch_retried_while_the_states_are_merged_counts() -> None:
    gate, (once, runs) = Gate(), fails_once()

    def merge(entry: object, states: list[object]) -> object:
        if not gate.is_reached():
            gate.stand()
        return len(states)

    with engine():
        future = fl.in_parallel([value.send(1), once.send()], merge_state=merge).submit()
        gate.reached()
        [failed] = future.run.failed.values()
        assert failed.retry().result(SHORT) == "done"
        gate.open()
        fl.wait([future], SHORT)
        if future.state == "failed":
            future.retry()
        assert future.result(SHORT) == [1, "done"]
        assert len(runs) == 2


def test_the_task_that_merges_can_be_retried() -> None:
    merges: list[int] = []

    def merge(entry: object, states: list[object]) -> object:
        merges.append(1)
        if len(merges) == 1:
            raise Boom
        return len(states)

    with engine():
        future = fl.in_parallel([value.send(1)], merge_state=merge).submit()
        assert isinstance(future.exception(SHORT), Boom)
        assert future.run.wait(SHORT)
        future.run.find(named(future, "merge")[0].id).retry()
        assert future.result(SHORT) == [1]
        assert len(merges) == 2


def test_a_branch_retried_at_the_moment_it_ends_gives_its_slot_back(monkeypatch: pytest.MonkeyPatch) -> None:
    once, _ = fails_once()
    original = endings.waits_for_retry

    def at_once(future: fl.Future, go_on: Any) -> None:
        original(future, go_on)
        if future.task.name == once.name:
            future.retry()

    monkeypatch.setattr(endings, "waits_for_retry", at_once)
    with engine():
        future = fl.in_parallel([once.send(), value.send(1), value.send(2)], max_parallelism=1).submit()
        assert future.result(SHORT) == ["done", 1, 2]
        ended(future)


def test_an_entry_retried_at_the_moment_its_pipeline_ends_takes_it_along(monkeypatch: pytest.MonkeyPatch) -> None:
    once, runs = fails_once()
    original = endings.waits_for_retry

    def at_once(future: fl.Future, go_on: Any) -> None:
        original(future, go_on)
        if future.task.name == once.name:
            future.retry()

    monkeypatch.setattr(endings, "waits_for_retry", at_once)
    with engine():
        future = once.send().continue_with(rep).submit()
        fl.wait([future], SHORT)
        time.sleep(0.1)
        if future.state == "failed":
            future.retry()
        assert future.result(SHORT) == "rep('done')"
        assert len(runs) == 2


class Late:
    """A lock; before one thread gets it the first time, something else happens."""

    def __init__(self, lock: Any, before: Any) -> None:
        self.lock, self.before, self.thread = lock, before, threading.get_ident()

    def __enter__(self) -> None:
        if self.before is not None and threading.get_ident() == self.thread:
            before, self.before = self.before, None
            before()
        self.lock.acquire()

    def __exit__(self, *error: object) -> None:
        self.lock.release()


# A cancel while something is ending.


def test_a_pipeline_cancelled_at_the_moment_it_fails_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Engine.settled

    def settled(self: Engine, call: Any, future: fl.Future, *more: Any) -> Any:
        if future.task.name == "pipeline":
            future.cancel()
        return original(self, call, future, *more)

    monkeypatch.setattr(Engine, "settled", settled)
    with engine():
        future = fail.send().submit()
        ended(future)
        assert future.state == "failed"


def test_a_pipeline_cancelled_at_the_moment_it_succeeds_is_one_or_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    original = endings.end_with_value

    def end_with_value(engine: Engine, call: Any, value: object) -> Any:
        call.future.cancel()
        return original(engine, call, value)

    monkeypatch.setattr(endings, "end_with_value", end_with_value)
    with engine():
        future = value.send(1).submit()
        ended(future)


def test_a_coroutine_cancelled_at_the_moment_it_starts_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Engine.begin_timeout

    def begin_timeout(self: Engine, call: Any) -> None:
        original(self, call)
        call.future.cancel()

    monkeypatch.setattr(Engine, "begin_timeout", begin_timeout)

    @fl.task(timeout=SOON)
    async def coroutine() -> int:
        return 1

    with engine():
        future = coroutine.send().submit()
        ended(future)


# What is kept.


def test_what_has_ended_is_not_paused_any_more(lab: Lab) -> None:
    future = value.send(1).pause_here().submit()
    assert future.result(SOON) == 1
    assert not future.run.paused


def test_shutdown_waits_for_a_flow_of_which_a_pipeline_was_paused_as_it_ended() -> None:
    gate, more = Gate(), Gate()

    @fl.flow
    def flow() -> int:
        first = fl.task(gate.stand).send().submit()
        gate.reached()
        first.pause()
        gate.open()
        first.result()
        more.stand()
        return 1

    future = flow.submit()
    more.reached()
    threading.Timer(0.1, more.open).start()
    fl.shutdown()
    assert future.state == "succeeded"
