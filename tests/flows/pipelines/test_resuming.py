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
from ipyflow.model import records as r
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
            if seed % 4 == 3:
                past._kept = ()  # as without keep_results: then the log alone has values
            pasts.insert(0, past)
            builder, future = run(*pasts)
            if not (generator.loose or generator.unordered or seed % 4 == 3):
                check_once(program, told, state, builder.ran, f"{where} cut {cut}")


def check_once(program: Pipe, told: Interpreter, state: RunState, ran: list[str], where: str) -> None:
    """What had ended well is not run again, as far as its arguments can be known; a finaliser if nothing failed."""
    steps = steps_of(program)
    if any(isinstance(entry, Group) and entry.exceptions for entry in steps):
        return  # exceptions among values cannot be compared
    failing = "failed" in told.ended.values()
    done = {task.name for task in state.tasks.values() if task.state in WELL}
    for step in steps:
        if isinstance(step, Group) or step.name not in done or step.handles or step.gives == "pipe":
            continue
        if step.name.startswith("f") and failing:
            continue
        assert step.name not in ran, f"{step.name} ran again\n{where}"


def steps_of(pipe: Pipe) -> list[Step | Group]:
    """With those of pipelines that steps return."""
    found: list[Step | Group] = []
    for entry in everything(pipe):
        found.append(entry)
        if isinstance(entry, Step) and entry.child is not None:
            found += steps_of(entry.child)
    return found


# What the rules say, one by one.

RAN: list[Any] = []
BROKEN: list[Any] = []


@fl.task
def one(x: Any) -> Any:
    RAN.append(("one", x))
    return [x] * 100  # which the log has not whole


@fl.task
def breaks(x: Any, at: str = "here") -> Any:
    RAN.append(("breaks", at))
    if at in BROKEN:
        raise RuntimeError("the kernel dies here")
    return len(x)


@fl.task
def tidy(*what: Any) -> None:
    RAN.append(("tidy", *what))


@fl.task(with_state=True)
def step(state: Any, x: int) -> Any:
    RAN.append(("step", state, x))
    return state + x, x


@fl.task
def parent(x: Any) -> Any:
    RAN.append("parent")
    return breaks.submit(one.submit(len(x)).result()).result()


@fl.task
def more(x: Any) -> fl.Pipeline:
    RAN.append("more")
    return one.send(x[0]).continue_with(breaks).finally_do(tidy, "more")


@fl.flow
def many(*ends: str) -> list[Any]:
    futures = [one.send(0).continue_with(breaks, end).submit() for end in ends]
    for future in futures:
        future.exception()
    if "many" in BROKEN:
        raise RuntimeError("the kernel dies here")
    return [future.result() for future in futures]


@pytest.fixture
def lab() -> Iterator[Lab]:
    RAN.clear()
    BROKEN[:] = ["here"]
    with quiet_lab() as lab:
        yield lab


def ran() -> list[Any]:
    found = RAN[:]
    RAN.clear()
    return found


def died(pipeline: fl.Pipeline) -> Past:
    future = pipeline.submit()
    assert future.exception(SOON) is not None
    assert future.run.wait(SOON)
    BROKEN.clear()
    return cut_off(future.run, len(future.run.log))[0]


def test_only_what_failed_and_what_comes_behind_it_is_run(lab: Lab) -> None:
    pipeline = fl.in_parallel([one.send(1), one.send(2).continue_with(one)]).continue_with(breaks).continue_with(one)
    past = died(pipeline)
    assert len(ran()) == 4
    future = goes_on(lab, pipeline, past)
    assert future.result(SOON) == [2] * 100
    assert ran() == [("breaks", "here"), ("one", 2)]
    future.run.wait(SOON)
    tasks = future.run.snapshot().tasks.values()
    assert future.run.resumes == past.key
    assert [task.reused.how for task in tasks if task.reused] == ["resumed"] * 3
    assert {str(task.state) for task in tasks if task.reused} == {"cached"}
    assert future.run.name == "in_parallel(2) → breaks → one"


def test_the_finaliser_is_run_again_behind_what_is_run_again(lab: Lab) -> None:
    pipeline = one.send(1).continue_with(breaks).finally_do(tidy, "all")
    past = died(pipeline)
    assert ran()[-1] == ("tidy", "all")
    assert goes_on(lab, pipeline, past).result(SOON) == 100
    assert ran() == [("breaks", "here"), ("tidy", "all")]


def test_a_finaliser_that_ran_before_a_retry_does_not_count(lab: Lab) -> None:
    pipeline = one.send(1).continue_with(breaks).finally_do(tidy, "all")
    future = pipeline.submit()
    assert future.exception(SOON) is not None
    BROKEN.clear()
    future.run.retry()
    assert future.result(SOON) == 100
    lab.settled(SOON)
    assert ran().count(("tidy", "all")) == 2
    retried = next(task.id for task in future.run.snapshot().tasks.values() if task.name == "breaks")
    log = future.run.log
    ends = [place for place, record in enumerate(log) if type(record) is r.Finished and record.task == retried]
    past, state = cut_off(future.run, ends[-1] + 1)
    assert [str(task.state) for task in state.tasks.values()].count("succeeded") == 3, "the first end of it was another"
    assert goes_on(lab, pipeline, past).result(SOON) == 100
    assert ran() == [("tidy", "all")], "what was run after the first had run is to be tidied away"


def test_the_finaliser_is_run_again_behind_a_group_or_a_pipeline_that_was_given_in_between(lab: Lab) -> None:
    pipeline = fl.in_parallel([one.send(1).continue_with(breaks)]).finally_do(tidy, "all")
    past = died(pipeline)
    ran()
    assert goes_on(lab, pipeline, past).result(SOON) == [100]
    assert ran() == [("breaks", "here"), ("tidy", "all")]

    BROKEN[:] = ["there"]
    heal = fl.task(name="heal")(_heal)
    pipeline = (
        one.send(4).continue_with(breaks, "there").exceptionally(heal).continue_with(more).finally_do(tidy, "all")
    )
    future = pipeline.submit()
    assert future.result(SOON) == 100
    lab.settled(SOON)
    last = max(task.id for task in future.run.snapshot().tasks.values() if task.args == "'all'")
    log = future.run.log
    cut = next(place for place, record in enumerate(log) if type(record) is r.Finished and record.task == last)
    past, _ = cut_off(future.run, cut + 1)
    ran()
    assert goes_on(lab, pipeline, past).result(SOON) == 100
    assert ran() == [("breaks", "there"), "heal", "more", ("tidy", "all")], "that of `more` had nothing to tidy again"


def _heal(error: BaseException) -> Any:
    RAN.append("heal")
    return ([4] * 2,)


def test_the_state_behind_what_is_found_is_that_of_then(lab: Lab) -> None:
    pipeline = step.send(1).continue_with(step).continue_with(one).continue_with(breaks).with_initial(state=10)
    past = died(pipeline)
    assert ran()[:2] == [("step", 10, 1), ("step", 11, 1)]
    after = step.send(1).continue_with(step).continue_with(step).with_initial(state=10)
    assert goes_on(lab, after, past).result(SOON) == 1
    assert ran() == [("step", 12, 1)]


def test_without_kept_values_the_state_is_made_again(lab: Lab) -> None:
    pipeline = step.send(1).continue_with(step).continue_with(one).continue_with(breaks).with_initial(state=10)
    past = died(pipeline)
    past._kept = ()
    ran()
    assert goes_on(lab, pipeline, past).result(SOON) == 100
    assert ran() == [("step", 10, 1), ("step", 11, 1), ("one", 1), ("breaks", "here")]


def test_a_task_in_the_middle_finds_its_children_and_one_that_gives_a_pipeline_its_entries(lab: Lab) -> None:
    pipeline = one.send(3).continue_with(parent)
    past = died(pipeline)
    ran()
    assert goes_on(lab, pipeline, past).result(SOON) == 100
    assert ran() == ["parent", ("breaks", "here")]

    BROKEN[:] = ["here"]
    pipeline = one.send(4).continue_with(more).continue_with(tidy)
    past = died(pipeline)
    assert ran() == [("one", 4), "more", ("one", 4), ("breaks", "here"), ("tidy", "more")]
    assert goes_on(lab, pipeline, past).result(SOON) is None
    assert ran() == ["more", ("breaks", "here"), ("tidy", "more"), ("tidy", 100)]


def test_pipelines_of_the_same_tasks_are_told_apart_in_any_order(lab: Lab) -> None:
    BROKEN[:] = ["c", "many"]
    future = many.submit("a", "b", "c", "d")
    assert future.exception(SOON) is not None
    lab.settled(SOON)
    past = cut_off(future.run, len(future.run.log))[0]
    BROKEN.clear()
    ran()
    assert past.root is not None
    future = lab.engine.submit(many, ("e", "d", "c", "b"), {}, resumed=Resumed([(past, past.root)]))
    assert future.result(SOON) == [100] * 4
    assert sorted(ran()) == [("breaks", "c"), ("breaks", "e"), ("one", 0)]
    lab.settled(SOON)
    states = [str(task.state) for task in future.run.snapshot().tasks.values() if task.role == "pipeline"]
    assert states == ["succeeded", "cached", "succeeded", "cached"]


def test_a_retry_in_the_new_run_still_finds_what_the_old_one_had(lab: Lab) -> None:
    BROKEN[:] = ["c", "many"]
    future = many.submit("a", "b", "c")
    assert future.exception(SOON) is not None
    lab.settled(SOON)
    past = cut_off(future.run, len(future.run.log))[0]
    ran()
    assert past.root is not None
    future = lab.engine.submit(many, ("a", "b", "c"), {}, resumed=Resumed([(past, past.root)]))
    assert future.exception(SOON) is not None
    assert ran() == [("breaks", "c")]
    BROKEN.clear()
    assert future.retry().result(SOON) == [100] * 3
    assert ran() == [("breaks", "c")]


def test_a_pipeline_whose_value_was_kept_is_not_begun_again(lab: Lab) -> None:
    @fl.flow
    def outer() -> Any:
        found = one.send(3).continue_with(more_of).submit().result()
        if "many" in BROKEN:
            raise RuntimeError("the kernel dies here")
        return found

    more_of = fl.task(name="more of")(_more_of)
    BROKEN[:] = ["many"]
    future = outer.submit()
    assert future.exception(SOON) is not None
    lab.settled(SOON)
    past = cut_off(future.run, len(future.run.log))[0]
    BROKEN.clear()
    assert ran() == [("one", 3), "more of", ("one", 3)]
    assert past.root is not None
    future = lab.engine.submit(outer, (), {}, resumed=Resumed([(past, past.root)]))
    assert future.result(SOON) == [3] * 100
    assert ran() == [], "not even the task that gives the pipeline"
    assert len(future.run.snapshot().tasks) == 2


def _more_of(x: Any) -> fl.Pipeline:
    RAN.append("more of")
    return one.send(x[0])


def test_long_pipelines_and_those_with_futures_are_known_by_their_first_entry(lab: Lab) -> None:
    @fl.flow
    def two() -> list[Any]:
        heads = [one.submit(n) for n in range(2)]
        first = [fl.task(name="first", resolve=True)(_same).send(head) for head in heads]
        made = [*first, *(fl.in_parallel([one.send(n) for n in range(size)]) for size in (101, 102))]
        futures = [pipeline.continue_with(breaks).submit() for pipeline in made]
        for future in futures:
            future.exception()
        return [future.result() for future in futures]

    future = two.submit()
    assert future.exception(SOON) is not None
    lab.settled(SOON)
    past = cut_off(future.run, len(future.run.log))[0]
    BROKEN.clear()
    ran()
    assert past.root is not None
    one.submit(77).result(SOON)  # so that numbers are others
    future = lab.engine.submit(two, (), {}, resumed=Resumed([(past, past.root)]))
    assert future.result(SOON) == [100, 100, 101, 102]
    assert ran() == [("one", 77), *[("breaks", "here")] * 4]


def _same(x: Any) -> Any:
    RAN.append("first")
    return x


def test_an_entry_that_was_found_is_a_future_like_any_other(lab: Lab) -> None:
    pipeline = step.send(1).continue_with(step).continue_with(one).continue_with(breaks).with_initial(state=10)
    past = died(pipeline)
    BROKEN[:] = ["here"]
    future = goes_on(lab, pipeline, past)
    assert future.exception(SOON) is not None
    ran()
    BROKEN.clear()
    assert future.retry().result(SOON) == 100
    assert ran() == [("breaks", "here")]
    lab.settled(SOON)
    assert future.run.closed


def test_memo_of_a_pipeline_is_found_too(lab: Lab) -> None:
    once = one.with_options(memo=True)
    pipeline = fl.in_parallel([once.send(1), once.send(1), once.send(2)]).continue_with(breaks)
    past = died(pipeline)
    assert sorted(ran()) == [("breaks", "here"), ("one", 1), ("one", 2)]
    assert goes_on(lab, pipeline, past).result(SOON) == 3
    assert ran() == [("breaks", "here")]
