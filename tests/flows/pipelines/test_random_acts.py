"""Random pipelines that are paused, cancelled and retried in the middle of everything."""

from __future__ import annotations

import sys
import threading
import warnings
from dataclasses import replace
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import IpyflowWarning, TaskCancelled
from ipyflow.model.status import State
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, eventually
from tests.flows.pipelines.interpreter import Boom, Group, Interpreter, Pipe, Reader, Step, everything
from tests.flows.pipelines.programs import Builder, Generator
from tests.flows.pipelines.test_properties import (
    PLACES,
    check_limits,
    check_log,
    check_outcome,
    check_program,
    check_state,
    seeing_the_state,
)

BUSY = (State.QUEUED, State.RUNNING, State.CANCELLING)


class Acting(Builder):
    """Does something when so many bodies have begun."""

    def __init__(self, reader: Reader, at: int) -> None:
        super().__init__(reader)
        self.at, self.begun = at, 0
        self.acted, self.may = threading.Event(), threading.Event()
        self.act: Any = None

    def move(self, above: tuple, by: int) -> None:
        super().move(above, by)
        if by > 0 and not self.acted.is_set():
            with self.lock:
                self.begun += 1
                mine = self.begun == self.at
            if mine:
                assert self.may.wait(SOON)
                self.act()
                self.acted.set()


def started(lab: Lab, seed: int, at: int, act: str) -> tuple[Generator, Pipe, Acting, list[Any], fl.Future]:
    generator = Generator(seed, PLACES["threads"])
    program = generator.program()
    builder, found = Acting(Reader(generator.loose, generator.unordered), at), []
    future = builder.program(seeing_the_state(program, found, builder)).submit()
    builder.act = getattr(future, act)
    builder.may.set()
    return generator, program, builder, found, future


@pytest.mark.parametrize("block", range(5))
def test_a_random_pipeline_cancelled_anywhere_ends_and_tidies_up(block: int) -> None:
    for seed in range(block * 30, block * 30 + 30):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IpyflowWarning)
            with engine(threads=4) as lab:
                _, program, builder, found, future = started(lab, seed, 1 + seed % 17, "cancel")
                where = f"seed {seed}"
                fl.wait([future], 30)
                assert future.run.wait(30), where
                lab.settled(30)
                assert program.last is not None
                if future.cancelled():
                    assert builder.acted.is_set(), where
                    with pytest.raises(TaskCancelled):
                        future.result()
                else:
                    # It had ended, or its finaliser's failure took the place of the cancelling.
                    assert program.last.gives == "raise" or future.done(), where
                assert len(found) == 1, f"the finaliser ran {len(found)} times, {where}"
                assert not lab.engine.unfinished(), where
                check_limits(builder, future, program, where)
                check_log(future.run, where)


@pytest.mark.parametrize("block", range(5))
def test_a_random_pipeline_paused_anywhere_stands_still_and_then_gives_the_same(block: int) -> None:
    for seed in range(block * 30, block * 30 + 30):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IpyflowWarning)
            with engine(threads=4) as lab:
                generator, program, builder, found, future = started(lab, seed, 1 + seed % 13, "pause")
                where = f"seed {seed}"
                eventually(lambda: future.done() or stands_still(future), where)
                if not future.done():
                    begun = builder.begun
                    assert builder.acted.is_set(), where
                    assert stands_still(future), where
                    assert builder.begun == begun, where
                    future.resume()
                error = future.exception(30)
                lab.settled(30)
                assert future.run.wait(30), where
                reader = Reader(generator.loose, generator.unordered)
                expected = Interpreter(reader).run(program)
                check_outcome(reader, expected, future, error, where)
                if not generator.loose:
                    check_state(reader, expected, program, found, where)
                check_limits(builder, future, program, where)
                check_log(future.run, where)


def stands_still(future: fl.Future) -> bool:
    state = future.run.snapshot()
    return state.tasks[future.id].reason == "paused" and not any(state.counts[busy] for busy in BUSY)


class Healing(Builder):
    """What fails, fails at its first attempt only."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        self.failed: set[str] = set()

    def task(self, step: Step, above: tuple) -> fl.Task:
        if step.gives != "raise":
            return super().task(step, above)
        good = super().task(replace(step, gives="value"), above)

        def fails_once(*args: Any, **kwargs: Any) -> Any:
            with self.lock:
                first = step.name not in self.failed
                self.failed.add(step.name)
            if first:
                raise Boom(step.name)
            return good.fn(*args, **kwargs)

        options: dict[str, Any] = {"with_state": True} if step.changes is not None else {}
        return fl.task(name=step.name, fruitful=step.fruitful, executor=step.place, **options)(fails_once)


def mended(pipe: Pipe, fails: bool) -> Pipe:
    """Without handlers and lists of exceptions; ``fails`` keeps the steps that fail."""

    def step(one: Step) -> Step:
        gives = (
            one.gives if fails and one.gives == "raise" else "value" if one.gives in ("raise", "wrong") else one.gives
        )
        return replace(one, gives=gives, child=mended(one.child, fails) if one.child else None)

    entries: list[Any] = []
    for entry in pipe.entries:
        if isinstance(entry, Pipe):
            entries.append(mended(entry, fails))
        elif isinstance(entry, Group):
            branches = tuple(mended(branch, fails) for branch in entry.branches)
            entries.append(replace(entry, branches=branches, exceptions=False, fail_fast=False))
        elif not entry.handles:
            entries.append(step(entry))
    return replace(pipe, entries=tuple(entries), last=replace(pipe.last, gives="value") if pipe.last else None)


@pytest.mark.parametrize("place", ["threads", "lab inline"])
@pytest.mark.parametrize("block", range(5))
def test_a_random_pipeline_retried_until_it_succeeds_gives_what_it_would_have_given(place: str, block: int) -> None:
    retried = 0
    for seed in range(block * 30, block * 30 + 30):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IpyflowWarning)
            with engine(threads=4, inline=place == "lab inline") as lab:
                generator = Generator(seed, PLACES[place])
                generator.failing, generator.loose = 0.3, False
                program = generator.program()
                reader = Reader(False, generator.unordered)
                builder, found, where = Healing(reader), [], f"seed {seed} {place}"
                future = builder.program(seeing_the_state(mended(program, True), found, builder)).submit()
                attempts = 0
                while future.exception(30) is not None:
                    attempts += 1
                    assert attempts < 100, where
                    assert future.run.wait(30), where
                    future.retry()
                lab.settled(30)
                assert future.run.wait(30), where
                retried += attempts
                expected = Interpreter(reader).run(mended(program, False))
                check_outcome(reader, expected, future, None, where)
                check_state(reader, expected, program, found[-1:], where)
                assert len(everything(program)) > 0
                check_log(future.run, where)
    assert retried > 20


@pytest.mark.stress
@pytest.mark.parametrize("interval", [1e-6, 1e-4])
def test_random_pipelines_with_threads_switching_all_the_time(interval: float) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(interval)
    try:
        for seed in range(5_000, 5_150):
            check_program(seed, "threads")
    finally:
        sys.setswitchinterval(before)


@pytest.mark.parametrize("block", range(5))
def test_a_random_pipeline_cancelled_and_retried_gives_what_it_would_have_given(block: int) -> None:
    for seed in range(block * 30, block * 30 + 30):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IpyflowWarning)
            with engine(threads=4) as lab:
                generator = Generator(seed, PLACES["threads"])
                program = mended(generator.program(), False)
                reader, where = Reader(False, generator.unordered), f"seed {seed}"
                builder, found = Acting(reader, 1 + seed % 11), []
                future = builder.program(seeing_the_state(program, found, builder)).submit()
                builder.act = future.cancel
                builder.may.set()
                fl.wait([future], 30)
                assert future.run.wait(30), where
                if future.cancelled():
                    future.retry()
                error = future.exception(30)
                lab.settled(30)
                assert future.run.wait(30), where
                expected = Interpreter(reader).run(program)
                check_outcome(reader, expected, future, error, where)
                check_state(reader, expected, program, found[-1:], where)
                assert all(counter.most <= counter.limit for counter in builder.counters), where
                check_log(future.run, where)


@pytest.mark.stress
def test_cancelling_while_an_orchestrator_returns_and_retrying_loses_nothing() -> None:
    @fl.task
    def value(x: object) -> object:
        return x

    @fl.task
    def tells(*args: object) -> str:
        return f"tells{args}"

    @fl.task
    def orchestrator() -> fl.Pipeline:
        return value.send("child")

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(400):
            with engine(threads=4) as lab:
                ready, cancel = threading.Event(), [lambda: True]

                @fl.task
                def cancels() -> int:
                    assert ready.wait(SOON)
                    cancel[0]()
                    return 1

                branches = [orchestrator.send().continue_with(tells), cancels.send()]
                future = fl.in_parallel(branches).submit()
                cancel[0] = future.cancel
                ready.set()
                fl.wait([future], SOON)
                assert future.run.wait(SOON)
                if future.cancelled():
                    cancel[0] = lambda: True
                    future.retry()
                assert future.result(SOON) == ["tells('child',)", 1]
                lab.settled()
                check_log(future.run, "")
    finally:
        sys.setswitchinterval(before)
