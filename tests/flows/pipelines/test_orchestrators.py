"""Tasks that return pipelines or futures: what takes their place, its state, its errors, its place in the log."""

from __future__ import annotations

import asyncio
import threading

import pytest

import ipyflow as fl
from ipyflow.errors import GroupError, PipelineInvalid, TaskCancelled
from ipyflow.testing import Lab
from tests.engine.gates import SOON, Gate
from tests.flows.pipelines.common import (
    Boom,
    add,
    double,
    fail,
    heal,
    look,
    named,
    note,
    rep,
    silent,
    states,
    value,
    words,
)


@fl.task
def gives(*args: object) -> object:
    """The pipeline that it was given last."""
    return args[-1]


@fl.task
def child_of(make: object, *args: object) -> fl.Pipeline:
    return make(*args)


def test_what_it_returned_is_its_value_for_all_that_follows(everywhere: Lab) -> None:
    assert gives.send(add.send(1, 2)).continue_with(double)() == 6
    assert gives.send(value.send((1, 2))).continue_with(rep)() == "rep(1, 2)"
    assert gives.send(value.send((1, 2)))() == (1, 2)
    assert gives.send(value.send(None)).continue_with(rep)() == "rep(None)"
    assert gives.send(fl.in_parallel([])).continue_with(rep)() == "rep([])"


def test_a_pipeline_as_an_argument_is_a_value(everywhere: Lab) -> None:
    """Only what is returned is run: an argument is passed as it is."""
    part = value.send(1)

    @fl.task
    def is_pipeline(x: object) -> bool:
        return isinstance(x, fl.Pipeline)

    assert is_pipeline.send(part)() is True
    assert is_pipeline(part) is True


def test_pipelines_inside_a_returned_container_stay_pipelines(everywhere: Lab) -> None:
    """As for futures: a container is a value, whatever is in it."""
    first, second = value.send([1]).continue_with(wraps)()
    assert isinstance(second, fl.Pipeline)
    assert first == [1]


@fl.task
def wraps(x: object) -> list:
    return [x, value.send(1)]


def test_a_plain_task_or_flow_that_returns_a_pipeline_continues_as_it(everywhere: Lab) -> None:
    @fl.flow
    def top(x: int) -> fl.Pipeline:
        return add.send(x, 1).continue_with(double)

    assert top(1) == 4
    assert gives(add.send(1, 2)) == 3
    assert gives.submit(fl.in_parallel([value.send(1), value.send(2)])).result(SOON) == [1, 2]
    with pytest.raises(Boom, match="no"):
        gives(fail.send("no"))


def test_a_coroutine_may_return_one_and_may_await_one(lab: Lab) -> None:
    @fl.task
    async def returns(x: int) -> fl.Pipeline:
        await asyncio.sleep(0)
        return add.send(x, 1)

    @fl.task
    async def awaits(x: int) -> int:
        return await add.send(x, 1).continue_with(double)

    assert returns.send(1).continue_with(double)() == 4
    assert awaits(1) == 4
    assert awaits.send(1).continue_with(double)() == 8


def test_a_body_may_run_a_pipeline_and_go_on(lab: Lab) -> None:
    @fl.task
    def body(x: int) -> int:
        return add.send(x, 1).continue_with(double)() + add.send(x, 1).submit().result()

    @fl.flow
    def top() -> int:
        return fl.in_parallel([body.send(1), body.send(2)]).continue_with(total)()

    assert body(1) == 6
    assert top() == 15


@fl.task
def total(values: list) -> int:
    return sum(values)


def test_a_future_takes_the_entry_s_place(everywhere: Lab) -> None:
    @fl.task
    def future(x: int) -> fl.Future:
        return add.submit(x, 1)

    @fl.task
    def failing(x: int) -> fl.Future:
        return fail.submit("future")

    @fl.task
    def of_a_pipeline(x: int) -> fl.Future:
        return add.send(x, 1).continue_with(double).submit()

    assert future.send(1).continue_with(double)() == 4
    assert of_a_pipeline.send(1).continue_with(double)() == 8
    assert failing.send(1).exceptionally(heal)() == "healed Boom(future)"
    assert fl.in_parallel([future.send(1), of_a_pipeline.send(1)])() == [2, 4]


def test_its_failure_is_the_entry_s_failure(everywhere: Lab) -> None:
    assert gives.send(fail.send("x")).continue_with(rep).exceptionally(heal)() == "healed Boom(x)"
    assert gives.send(fail.send("x").exceptionally(heal)).exceptionally(rep).continue_with(rep)() == (
        "rep('healed Boom(x)')"
    )
    future = fl.in_parallel([value.send(1), gives.send(fl.in_parallel([fail.send("x")]))]).submit()
    assert words(future.exception(SOON)) == "[1: [0: Boom(x)]]"
    assert isinstance(future.exception(), GroupError)


def test_it_gets_only_its_own_arguments_unless_it_is_inline(everywhere: Lab) -> None:
    assert value.send(7).continue_with(gives, rep.send(1)).continue_with(rep)() == "rep('rep(1)')"

    @fl.task
    def inline(x: int, k: int = 0) -> fl.Pipeline:
        return rep.send(1).inline()

    assert value.send(7).continue_with(inline)() == "rep(7, 1)"
    assert inline.send(7, k=3)() == "rep(7, 1, k=3)"
    assert value.send((7, 8)).continue_with(inline)() == "rep(7, 8, 1)"


def test_every_head_of_an_inline_group_gets_the_parent_s_arguments(everywhere: Lab) -> None:
    @fl.task
    def inline(x: int) -> fl.Pipeline:
        return fl.in_parallel([rep.send(1), fl.in_parallel([rep.send(2)])]).continue_with(rep).inline()

    assert inline.send(7)() == "rep(['rep(7, 1)', ['rep(7, 2)']])"


def test_an_inline_child_changes_the_parent_s_state_in_a_branch_too(everywhere: Lab) -> None:
    @fl.task
    def inline(key: str) -> fl.Pipeline:
        return note.send(**{key: 1}).inline()

    group = fl.in_parallel([inline.send("a"), inline.send("b"), value.send(1)])
    assert group.continue_with(look).with_initial(state={"z": 0})() == {"a": 1, "b": 1, "z": 0}


def test_a_task_with_state_that_returns_a_pipeline_hands_both_on(everywhere: Lab) -> None:
    @fl.task(with_state=True)
    def isolated(state: dict) -> tuple:
        return {"own": 1}, note.send(child=1)

    @fl.task(with_state=True)
    def inline(state: dict) -> tuple:
        return {"own": 1}, note.send(child=1).inline()

    assert isolated.send().continue_with(look).with_initial(state={"s": 0})() == {"own": 1}
    assert inline.send().continue_with(look).with_initial(state={"s": 0})() == {"own": 1, "child": 1}


def test_a_task_with_state_that_returns_a_future_hands_its_value_on(everywhere: Lab) -> None:
    @fl.task(with_state=True)
    def gives_future(state: object) -> tuple:
        return 5, add.submit(1, 2)

    assert gives_future.send().continue_with(rep)() == "rep(3)"
    assert gives_future.send().set(fruitful=False).continue_with(look)() == 5


def test_a_child_may_have_initial_parameters_of_its_own(everywhere: Lab) -> None:
    child = fl.in_parallel([rep.send(1), look.send()]).with_initial(args=0, state={"own": 1})
    assert value.send(7).continue_with(gives, child).with_initial(state={"s": 0})()[0] == "rep(0, 1)"

    @fl.task
    def makes(x: int) -> fl.Pipeline:
        return look.send().with_initial(state={"own": x})

    assert makes.send(3).continue_with(rep).with_initial(state={"s": 0})() == "rep({'own': 3})"


def test_decided_a_returned_pipeline_may_end_in_a_finaliser(everywhere: Lab) -> None:
    order: list[str] = []

    @fl.task
    def says(word: str) -> str:
        order.append(word)
        return word

    @fl.task
    def makes(fails: bool) -> fl.Pipeline:
        return (fail.send("x") if fails else value.send("v")).finally_do(says, "cleaned")

    assert makes.send(False).continue_with(says)() == "v"
    assert makes.send(True).exceptionally(heal)() == "healed Boom(x)"
    assert fl.in_parallel([makes.send(False), makes.send(False)])() == ["v", "v"]
    assert order == ["cleaned", "v", *["cleaned"] * 3]


def test_what_is_not_fruitful_in_it_or_of_it(everywhere: Lab) -> None:
    assert gives.send(value.send(1)).set(fruitful=False).continue_with(rep)() == "rep()"
    assert gives.send(value.send(1).continue_with(silent))() is None
    assert fl.in_parallel([gives.send(silent.send()), value.send(1)])() == [None, 1]


def test_it_ends_at_once_and_its_entries_stand_beside_it(everywhere: Lab) -> None:
    @fl.task
    def orchestrator(x: int) -> fl.Pipeline:
        return add.send(x, 1).continue_with(double)

    group = fl.in_parallel([value.send(0), orchestrator.send(1).continue_with(rep)])
    future = group.submit()
    assert future.result(SOON) == [0, "rep(4)"]
    (parent,), (first,), (second,), (after,) = (named(future, n) for n in ("orchestrator", "add", "double", "rep"))
    assert {t.parent for t in (first, second, after)} == {parent.parent}
    assert {t.branch for t in (first, second, after)} == {parent.branch} == {1}
    assert (first.refs, second.refs, after.refs) == ((parent.id,), (first.id,), (second.id,))
    assert (parent.state, parent.type) == ("succeeded", "Pipeline")
    assert "add → double" in parent.text


def test_an_empty_pipeline_returned_is_an_error_of_the_entry(everywhere: Lab) -> None:
    """There is nothing that could give a value in its place."""
    assert gives.send(fl.Pipeline()).exceptionally(heal)().startswith("healed PipelineInvalid(")


def test_decided_inline_at_the_top_level_is_an_error_when_submitted(lab: Lab) -> None:
    pipeline = value.send(1).inline()
    with pytest.raises(PipelineInvalid, match="inline"):
        pipeline.submit()
    with pytest.raises(PipelineInvalid, match="inline"):
        pipeline()
    assert lab.runs == []


def test_every_entry_runs_where_its_task_says(lab: Lab) -> None:
    """Behind whatever entry: a plain task never on the loop, a coroutine always."""
    places: list[str] = []

    @fl.task
    async def on_the_loop(*args: object) -> None:
        places.append(threading.current_thread().name)

    @fl.task(executor="inline")
    def on_the_spot(*args: object) -> None:
        pass

    @fl.task
    def on_a_thread(*args: object) -> None:
        places.append(threading.current_thread().name)

    for between in ([], [on_the_spot], [on_the_spot, on_the_spot]):
        places.clear()
        pipeline = on_the_loop.send()
        for task in [*between, on_a_thread, *between, on_the_loop, *between, on_a_thread]:
            pipeline = pipeline.continue_with(task)
        pipeline()
        assert ["loop" in place for place in places] == [True, False, True, False], between


def test_recursion_through_groups(everywhere: Lab) -> None:
    @fl.task
    def split(n: int) -> object:
        return fl.in_parallel([split.send(n // 2), split.send(n - n // 2)]).continue_with(total) if n > 1 else n

    assert split.send(100)() == 100


def test_recursion_with_a_handler_at_every_level(everywhere: Lab) -> None:
    @fl.task
    def down(n: int) -> fl.Pipeline:
        return (down.send(n - 1) if n else fail.send("deep")).exceptionally(again, n)

    @fl.task
    def again(error: Boom, n: int) -> None:
        raise Boom(*error.args, n)

    with pytest.raises(Boom) as caught:
        down.send(30)()
    assert caught.value.args == ("deep", *range(31))


def test_cancelling_reaches_the_child_and_its_finaliser_runs(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def stands() -> None:
        gate.stand()

    future = gives.send(stands.send().continue_with(rep).finally_do(silent)).continue_with(double).submit()
    gate.reached()
    assert future.cancel()
    gate.open()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    assert future.run.wait(SOON)
    found = states(future)
    assert (found["silent"], found["stands"]) == ("succeeded", "cancelled")
