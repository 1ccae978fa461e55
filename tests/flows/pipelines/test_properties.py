"""Random pipelines: the engine gives what plain recursion gives, keeps every limit, and records every entry."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import GroupError, IpyflowWarning
from ipyflow.model import records as r
from ipyflow.model.run import check_invariants, fold
from ipyflow.model.status import FINAL_STATES
from ipyflow.testing import engine
from tests.flows.pipelines.common import with_role
from tests.flows.pipelines.counting import most_branches
from tests.flows.pipelines.interpreter import (
    Failures,
    Group,
    Interpreter,
    Outcome,
    Pipe,
    Reader,
    Step,
    everything,
    parts_of,
)
from tests.flows.pipelines.programs import Builder, Generator

SEEDS_IN_A_TEST = 25
PLACES = {
    "threads": ("threads",),
    "loop": ("loop",),
    "inline": ("inline",),
    "all": ("threads", "loop", "inline"),
    "lab inline": ("threads", "inline"),
}


@pytest.mark.parametrize("block", range(8))
@pytest.mark.parametrize("place", PLACES)
def test_a_random_pipeline_gives_what_plain_recursion_gives(place: str, block: int) -> None:
    for seed in range(block * SEEDS_IN_A_TEST, (block + 1) * SEEDS_IN_A_TEST):
        check_program(seed, place)


def check_program(seed: int, place: str) -> None:
    generator = Generator(seed, PLACES[place])
    program = generator.program()
    reader = Reader(generator.loose, generator.unordered)
    told = Interpreter(reader)
    expected = told.run(program)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IpyflowWarning)
        with engine(threads=4, inline=place == "lab inline") as lab:
            builder = Builder(reader)
            found: list[Any] = []
            pipeline = builder.program(seeing_the_state(program, found, builder))
            future = pipeline.submit()
            error = future.exception(30)
            lab.settled(30)
            assert future.run.wait(30)
            where = f"seed {seed} {place}\n{pipeline.describe()}"
            check_outcome(reader, expected, future, error, where)
            if not generator.loose:
                check_state(reader, expected, program, found, where)
                check_entries(told, program, future, where)
            check_limits(builder, future, program, where)
            check_log(future.run, where)


def seeing_the_state(program: Pipe, found: list[Any], builder: Builder) -> Pipe:
    """The same program, whose finaliser also writes the state down."""
    assert program.last is not None
    make = builder.task

    def task(step: Step, above: tuple) -> fl.Task:
        if step is not program.last:
            return make(step, above)
        inner = make(step, above)

        def finaliser(state: Any, *args: Any, **kwargs: Any) -> Any:
            found.append(state)
            given = (state, *args) if step.changes is not None else args
            return state, inner.fn(*given, **kwargs)

        return fl.task(name=step.name, with_state=True)(finaliser)

    builder.task = task  # type: ignore[method-assign]
    return program


def check_outcome(
    reader: Reader, expected: Outcome, future: fl.Future, error: BaseException | None, where: str
) -> None:
    if expected.error is None:
        assert error is None, f"{error!r}\n{where}"
        same(reader, expected.own_value, future.result(), where)
        assert future.state == "succeeded"
    else:
        assert error is not None, f"expected {reader.error(expected.error)}, got {future.result()}\n{where}"
        same(reader, expected.error, error, where)
        assert future.state == "failed"


def same(reader: Reader, expected: Any, found: Any, where: str) -> None:
    """Equal values and equal errors; of a group that stops at its first failure, only what is determined."""
    if isinstance(expected, Failures):
        assert isinstance(found, GroupError), f"{found!r}\n{where}"
        wanted, got = dict(expected.parts), parts_of(found)
        assert got, where
        branches = [branch for branch, _ in got]
        assert branches == sorted(branches, key=lambda b: -1 if b is None else b), f"{branches}\n{where}"
        if expected.loose or reader.loose:
            assert set(branches) <= set(wanted), f"{branches}\n{where}"
        else:
            assert branches == list(wanted), f"{branches} for {list(wanted)}\n{where}"
        for branch, error in got:
            same(reader, wanted[branch], error, where)
    elif isinstance(expected, list) and not reader.unordered:
        assert isinstance(found, list), f"{found!r}\n{where}"
        assert len(found) == len(expected), f"{found!r}\n{where}"
        for a, b in zip(expected, found, strict=True):
            same(reader, a, b, where)
    elif isinstance(expected, BaseException):
        assert isinstance(found, BaseException), f"{found!r}\n{where}"
        assert reader.text(found) == reader.text(expected), where
    else:
        assert type(found) is type(expected), f"{found!r} for {expected!r}\n{where}"
        assert reader.text(found) == reader.text(expected), where


def check_state(reader: Reader, expected: Outcome, program: Pipe, found: list[Any], where: str) -> None:
    assert len(found) == 1, where
    assert reader.text(found[0]) == reader.text(expected.state), where


def check_entries(told: Interpreter, program: Pipe, future: fl.Future, where: str) -> None:
    """Each entry is there once and ended as it should have."""
    tasks: dict[str, str] = {}
    for task in future.run.snapshot().tasks.values():
        if task.role not in ("pipeline", "merge") and task.name != "child":
            assert task.name not in tasks, f"{task.name} is there twice\n{where}"
            tasks[task.name] = str(task.state)
    for name, state in told.ended.items():
        assert tasks.get(name) == state, f"{name} is {tasks.get(name)}, not {state}\n{where}"
    for name in told.unreached:
        assert tasks.get(name, "skipped") == "skipped", f"{name} is {tasks[name]}\n{where}"
    assert set(tasks) <= set(told.ended) | told.unreached, f"{set(tasks) - set(told.ended)}\n{where}"
    if len(everything(program)) <= 50:
        static = {entry.name for entry in everything(program)}
        assert static <= set(tasks), f"{static - set(tasks)} are not in the log\n{where}"


def check_limits(builder: Builder, future: fl.Future, program: Pipe, where: str) -> None:
    limits = {}
    for counter in builder.counters:
        assert counter.now == 0, where
        assert counter.most <= counter.limit, f"{counter.most} tasks below {counter.name}: {counter.limit}\n{where}"
        limits[counter.name] = counter.limit
    for task in with_role(future, "group"):
        if task.name in limits:
            most = most_branches(future, task)
            assert most <= limits[task.name], f"{most} branches of {task.name}: {limits[task.name]}\n{where}"


def check_log(run: fl.Run, where: str) -> None:
    live, log = run.snapshot(), run.log
    check_invariants(live)
    assert fold(log) == live
    assert fold(r.from_json(json.loads(json.dumps(r.to_json(x)))) for x in log) == live
    assert fold(r.unpack(r.pack(x)) for x in log) == live
    cut = len(log) // 2
    assert fold(log[cut:], fold(log[:cut])) == live
    for task in live.tasks.values():
        assert task.state in FINAL_STATES, f"{task.story()}\n{where}"
        assert task.parent == 0 or task.parent in live.tasks, f"{task.story()}\n{where}"
        if task.role == "group":
            done, total, _ = task.progress or (0, 0, "")
            assert task.state == "skipped" or done <= (total or 0), f"{task.name}: {task.progress}\n{where}"
    assert sum(1 for task in live.tasks.values() if task.role == "pipeline") == 1, where
    assert run.closed
    assert isinstance(log[-1], r.Closed)


@pytest.mark.parametrize("seed", range(40))
def test_the_same_program_on_the_spot_twice_gives_equal_logs(seed: int) -> None:
    logs = []
    for _ in range(2):
        generator = Generator(seed, PLACES["lab inline"])
        program = generator.program()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IpyflowWarning)
            with engine(inline=True) as lab:
                future = Builder(Reader(generator.loose, generator.unordered)).program(program).submit()
                future.exception(30)
                lab.settled(30)
                first = future.id
                logs.append([shifted(r.to_json(record), first) for record in future.run.log])
    assert logs[0] == logs[1]


def shifted(row: list[Any], first: int) -> list[Any]:
    """A record with its ids counted from the pipeline's."""
    kind, *fields = row
    names = next(k for k in r.KINDS if k.__name__ == kind)._fields
    ids = {"task", "parent", "by", "into"}
    told = [v - first if name in ids and v else v for name, v in zip(names, fields, strict=True)]
    return [kind, *([x - first for x in v] if isinstance(v, list) else v for v in told)]


def test_the_generator_makes_what_it_should() -> None:
    """Every feature occurs: a generator that lost one would test nothing."""
    seen: set[str] = set()
    deepest = 0
    for seed in range(8 * SEEDS_IN_A_TEST):
        generator = Generator(seed, PLACES["all"])
        program = generator.program()
        outcome = Interpreter(Reader(generator.loose, generator.unordered)).run(program)
        seen.add("fails" if outcome.error else "succeeds")
        deepest = max(deepest, depth(program))
        for entry in everything(program):
            if isinstance(entry, Group):
                seen |= {f"branches {min(len(entry.branches), 1)}", f"most {entry.most}", f"stages {entry.stages}"}
                seen |= {n for n in ("exceptions", "fail_fast", "ordered", "merges") if getattr(entry, n)}
            else:
                seen |= {entry.gives, entry.place, f"fruitful {entry.fruitful}", f"handles {entry.handles}"}
                seen |= {f"inline {entry.child.inline}"} if entry.child else set()
    for name in ("raise", "again", "wrong", "pipe", "future", "children", "pair", "inline True", "inline False",
                 "branches 0", "most 1", "stages 20", "exceptions", "fail_fast", "merges", "fails", "succeeds",
                 "handles True", "fruitful False", "loop", "threads"):  # fmt: skip
        assert name in seen, name
    assert deepest >= 5


def depth(pipe: Pipe) -> int:
    inner = [depth(branch) for entry in pipe.flat() if isinstance(entry, Group) for branch in entry.branches]
    return 1 + max(inner, default=0)
