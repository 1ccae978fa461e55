"""Pipelines that go on after their process died: any pipeline, cut off at any record of its log."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cloudpickle
import pytest

import ipyflow as fl
from ipyflow.engine.past import Past
from ipyflow.engine.resuming import Resumed
from ipyflow.errors import IpyflowWarning
from ipyflow.flows.pipelines.start import start
from ipyflow.model.run import RunState, check_invariants, fold
from ipyflow.past.log import closing
from ipyflow.testing import Lab, engine
from tests.flows.pipelines.interpreter import Group, Interpreter, Pipe, Reader, Step, everything
from tests.flows.pipelines.programs import Builder, Generator
from tests.flows.pipelines.test_properties import PLACES, same

SEEDS_IN_A_TEST = 15
SOON = 30.0
WELL = ("succeeded", "cached")


class Known(Builder):
    """Makes tasks that are known by their names, as those of a module are; and writes down what runs."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        self.ran: list[str] = []

    def task(self, step: Step, above: tuple[Any, ...]) -> fl.Task:
        task = super().task(step, above)
        inner = task.fn
        if task.is_async:

            async def body(*args: Any, **kwargs: Any) -> Any:
                self.ran.append(step.name)
                return await inner(*args, **kwargs)
        else:

            def body(*args: Any, **kwargs: Any) -> Any:
                self.ran.append(step.name)
                return inner(*args, **kwargs)

        body.__qualname__ = step.name
        options: dict[str, Any] = {} if task.is_async else {"executor": step.place}
        return fl.task(
            name=step.name, with_state=step.changes is not None, fruitful=step.fruitful, **options
        )(body)  # fmt: skip


@contextmanager
def quiet_lab(inline: bool = False) -> Iterator[Lab]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IpyflowWarning)
        with engine(threads=4, inline=inline, database=":memory:", keep_results=True) as lab:
            memory: Any = lab.engine.memory
            keep, mark = memory.keep_outcome, memory.keep_mark
            KEPT.clear()
            MARKS.clear()

            def keep_outcome(value: Any, run: int, task: int) -> None:
                KEPT[run, task] = cloudpickle.dumps(value)
                keep(value, run, task)

            def keep_mark(run: int, task: int, data: bytes) -> None:
                MARKS[run, task] = data
                mark(run, task, data)

            # The store drops them when a run has ended well.
            memory.keep_outcome, memory.keep_mark = keep_outcome, keep_mark
            yield lab


def cut_off(run: fl.Run, cut: int) -> tuple[Past, RunState]:
    """What another process would know of a run whose process died behind so many records."""
    state = fold(run.log[:cut])
    for record in closing(state):
        state.apply(record)
    kept = {task: data for (its, task), data in KEPT.items() if its == run.id}
    marks = {task: data for (its, task), data in MARKS.items() if its == run.id}
    value = lambda task: cloudpickle.loads(kept[task])  # noqa: E731
    return Past(run.key, state, marks, kept, value, pytest.fail, bool(run.resumes)), state


def goes_on(lab: Lab, pipeline: fl.Pipeline, *runs: Past) -> fl.Future:
    return start(lab.engine, pipeline, "", Resumed([(one, one.root) for one in runs if one.root is not None]))


KEPT: dict[tuple[int, int], bytes] = {}
MARKS: dict[tuple[int, int], bytes] = {}
CURRENT: list[Any] = []


@fl.flow
def around() -> Any:
    """A flow of one pipeline."""
    return CURRENT[0].submit().result()


@pytest.mark.parametrize("block", range(4))
@pytest.mark.parametrize("place", ["threads", "all", "lab inline"])
@pytest.mark.parametrize("below", ["alone", "in a flow"])
def test_a_random_pipeline_killed_anywhere_gives_what_it_would_have_given(place: str, below: str, block: int) -> None:
    for seed in range(block * SEEDS_IN_A_TEST, (block + 1) * SEEDS_IN_A_TEST):
        check(seed, place, below == "in a flow")


def check(seed: int, place: str, in_a_flow: bool) -> None:
    generator = Generator(seed, PLACES[place])
    program = generator.program()
    reader = Reader(generator.loose, generator.unordered)
    told = Interpreter(reader)
    expected = told.run(program)
    rng = random.Random(seed)
    where = f"seed {seed} {place} {in_a_flow}"
    with quiet_lab(place == "lab inline") as lab:

        def run(*pasts: Past) -> tuple[Known, fl.Future]:
            builder = Known(reader)
            pipeline = builder.program(program)
            CURRENT[:] = [pipeline]
            if in_a_flow:
                resumed = Resumed([(one, one.root) for one in pasts if one.root is not None])
                future = lab.engine.submit(around, (), {}, resumed=resumed if pasts else None)
            else:
                future = goes_on(lab, pipeline, *pasts)
            error = future.exception(SOON)
            lab.settled(SOON)
            assert future.run.wait(SOON)
            check_invariants(future.run.snapshot())
            if expected.error is None:
                assert error is None, f"{error!r}\n{where}"
                same(reader, expected.own_value, future.result(), where)
            else:
                assert error is not None, where
                same(reader, expected.error, error, where)
            return builder, future

        builder = Known(reader)
        CURRENT[:] = [builder.program(program)]
        future = around.submit() if in_a_flow else CURRENT[0].submit()
        future.exception(SOON)
        pasts: list[Past] = []
        for _ in range(2):  # it dies, goes on, and dies again
            lab.settled(SOON)
            assert future.run.wait(SOON)
            cut = rng.randint(3, len(future.run.log))
            past, state = cut_off(future.run, cut)
            pasts.insert(0, past)
            builder, future = run(*pasts)
            if not (generator.loose or generator.unordered):
                check_once(program, told, state, builder.ran, f"{where} cut {cut}")


def check_once(program: Pipe, told: Interpreter, state: RunState, ran: list[str], where: str) -> None:
    """What had ended well is not run again, as far as its value and its arguments can be known."""
    steps = steps_of(program)
    if any(isinstance(entry, Group) and entry.exceptions for entry in steps):
        return  # exceptions among values cannot be compared
    failing = "failed" in told.ended.values()
    done = {task.name for task in state.tasks.values() if task.state in WELL}
    for step in steps:
        if isinstance(step, Group) or step.name not in done or step.handles or step.gives == "pipe":
            continue
        if step.name.startswith("f") and (failing or not_all(program, step, done)):
            continue
        assert step.name not in ran, f"{step.name} ran again\n{where}"


def not_all(program: Pipe, finaliser: Step, done: set[str]) -> bool:
    return False


def steps_of(pipe: Pipe) -> list[Step | Group]:
    """With those of pipelines that steps return."""
    found: list[Step | Group] = []
    for entry in everything(pipe):
        found.append(entry)
        if isinstance(entry, Step) and entry.child is not None:
            found += steps_of(entry.child)
    return found
