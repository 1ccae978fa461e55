"""The rules of pipelines, one test for each, in their order."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

import ipyflow as fl
from ipyflow.errors import GroupError, PipelineInvalid, StateConflictWarning, TaskCancelled
from ipyflow.testing import Lab
from tests.engine.gates import SOON, Gate, Together, eventually
from tests.flows.pipelines.common import (
    Boom,
    add,
    double,
    fail,
    heal,
    look,
    note,
    rep,
    silent,
    states,
    value,
    words,
)


def test_rule_0_nothing_runs_before_it_is_submitted(lab: Lab) -> None:
    pipeline = add.send(3, 2).continue_with(double)
    assert isinstance(pipeline, fl.Pipeline)
    assert lab.runs == []
    assert pipeline.submit().result(SOON) == 10


def test_rule_0_it_is_submitted_called_and_awaited(lab: Lab) -> None:
    pipeline = add.send(3, 2).continue_with(double)

    async def awaits() -> object:
        return await pipeline

    assert pipeline() == 10
    assert asyncio.run(awaits()) == 10
    assert isinstance(pipeline.submit(), fl.Future)


def test_rule_0_it_may_be_submitted_many_times_also_at_once(lab: Lab) -> None:
    pipeline = fl.in_parallel([value.send(1), add.send(1, 1)]).continue_with(sum_of, 0)
    futures = [pipeline.submit() for _ in range(20)]
    assert [f.result(SOON) for f in futures] == [3] * 20
    assert len({f.run.id for f in futures}) == 20


@fl.task
def sum_of(values: list, start: int) -> int:
    return sum(values, start)


def test_rule_0_every_method_returns_a_new_pipeline(lab: Lab) -> None:
    start = value.send(1)
    grown = [
        start.continue_with(double),
        start.continue_with(add, 1),
        start.continue_with(double.send().continue_with(double)),
        start.exceptionally(heal),
        start.finally_do(rep),
        start.set(name="other"),
        start.pause_here(),
        start.inline(),
        start.with_initial(state=1),
        start.continue_if(False, double),
    ]
    assert all(isinstance(p, fl.Pipeline) and p is not start for p in grown[:-1])
    assert start() == 1
    assert [p() for p in grown[:6]] == [2, 2, 4, 1, 1, 1]
    assert grown[-1]() == 1


def test_rule_0_the_same_pipeline_may_stand_in_a_group_many_times(lab: Lab) -> None:
    """The original rejects it ("Task uids must be unique"): its builders are used up, ours are values."""
    part = add.send(1, 2).continue_with(double)
    assert fl.in_parallel([part, part, fl.in_parallel([part, part])]).continue_with(rep)() == "rep([6, 6, [6, 6]])"


def test_rule_0_continue_if_is_decided_when_it_is_built(lab: Lab) -> None:
    assert value.send(2).continue_if(True, add, 5)() == 7
    assert value.send(2).continue_if(False, add, 5)() == 2
    assert value.send(2).continue_if(True, double.send().continue_with(double))() == 8


def test_rule_0_describe_is_a_tree_in_the_order_of_the_entries(lab: Lab) -> None:
    pipeline = (
        fl.in_parallel([add.send(1, 2).continue_with(double), value.send(1)], max_parallelism=1, name="both")
        .exceptionally(heal)
        .finally_do(silent)
    )
    text = pipeline.describe()
    assert text.count("\n") >= 5
    places = [text.index(name) for name in ("both", "add", "double", "value", "heal", "silent")]
    assert places == sorted(places)
    assert len(repr(pipeline).splitlines()) == 1
    assert lab.runs == []


def test_rule_0_its_picture_needs_no_run(lab: Lab) -> None:
    pipeline = fl.in_parallel([add.send(1, 2).continue_with(double), value.send(1)]).exceptionally(heal)
    assert "double" in str(pipeline.to_dot())
    assert "double" in str(pipeline.to_mermaid())
    assert "text/plain" in pipeline._repr_mimebundle_()
    assert lab.runs == []


def test_rule_1_a_tuple_spreads_a_list_is_one_argument(everywhere: Lab) -> None:
    assert value.send((1, 2)).continue_with(rep, "x")() == "rep(1, 2, 'x')"
    assert value.send([1, 2]).continue_with(rep, "x")() == "rep([1, 2], 'x')"


def test_rule_1_none_is_one_argument_and_what_is_not_fruitful_adds_none(everywhere: Lab) -> None:
    assert value.send(None).continue_with(rep, "x")() == "rep(None, 'x')"
    assert silent.send().continue_with(rep, "x")() == "rep('x')"


def test_rule_2_each_head_of_a_group_gets_the_previous_result_first(everywhere: Lab) -> None:
    group = fl.in_parallel([rep.send(2), rep.send(), fl.in_parallel([rep.send("deep"), rep.send(k=1)])])
    assert value.send(1).continue_with(group)() == ["rep(1, 2)", "rep(1)", ["rep(1, 'deep')", "rep(1, k=1)"]]
    assert value.send((8, 9)).continue_with(group)()[0] == "rep(8, 9, 2)"
    assert silent.send().continue_with(group)()[0] == "rep(2)"


def test_rule_2_initial_parameters_go_to_every_head_and_a_task_s_own_keyword_wins(everywhere: Lab) -> None:
    group = fl.in_parallel([rep.send(1), fl.in_parallel([rep.send(2, k="own")]).continue_with(rep), rep.send(m=0)])
    pipeline = group.with_initial(args=("a", "b"), kwargs={"k": "initial"})
    assert pipeline() == [
        "rep('a', 'b', 1, k='initial')",
        "rep([\"rep('a', 'b', 2, k='own')\"])",
        "rep('a', 'b', k='initial', m=0)",
    ]
    assert rep.send(2).with_initial(args=1).continue_with(rep)() == "rep('rep(1, 2)')"
    assert rep.send(2).with_initial(args=[1])() == "rep([1], 2)"


def test_rule_2_setting_them_twice_is_ambiguous() -> None:
    with pytest.raises(ValueError, match="Ambiguous initial parameters"):
        rep.send().with_initial(args=1).with_initial(args=2)


def test_rule_3_no_more_branches_and_no_more_tasks_than_max_parallelism(lab: Lab) -> None:
    inside, gate = Together(), Gate()

    @fl.task
    def work(*args: object) -> None:
        with inside.inside():
            if inside.now == 3:
                gate.open()
            gate.stand()

    inner = [fl.in_parallel([work.send() for _ in range(3)]) for _ in range(4)]
    future = fl.in_parallel([*inner, work.send().continue_with(work)], max_parallelism=3).submit()
    future.result(SOON)
    assert inside.most == 3


def test_rule_3_none_and_zero_are_unlimited(lab: Lab) -> None:
    for unlimited in (None, 0):
        inside, gate = Together(), Gate()

        @fl.task
        def work() -> None:
            with inside.inside():
                if inside.now == 8:
                    gate.open()
                gate.stand()

        fl.in_parallel([work.send() for _ in range(8)], max_parallelism=unlimited).submit().result(SOON)
        assert inside.most == 8


def test_rule_4_stages_give_the_same_flat_list(everywhere: Lab) -> None:
    branches = [fl.in_parallel([value.send("a"), value.send("b")]), *(value.send(i) for i in range(6))]
    expected = [["a", "b"], 0, 1, 2, 3, 4, 5]
    for stages in (None, 1, 2, 3, 7, 50):
        assert fl.in_parallel(branches, num_stages=stages)() == expected
        assert fl.in_parallel(branches, num_stages=stages, max_parallelism=2)() == expected


def test_rule_5_an_empty_group_is_an_empty_list(everywhere: Lab) -> None:
    assert fl.in_parallel([])() == []
    assert fl.in_parallel([fl.in_parallel([])])() == [[]]
    assert fl.in_parallel([]).continue_with(rep)() == "rep([])"


def test_rule_5_not_ordered_is_the_order_of_completion(lab: Lab) -> None:
    first, second = Gate(), Gate()

    @fl.task
    def stands(gate: Gate, x: int, then: Gate | None) -> int:
        gate.stand()
        if then is not None:
            then.open()
        return x

    group = fl.in_parallel([stands.send(first, 1, None), stands.send(second, 2, None)], ordered=False)
    future = group.submit()
    second.open()
    eventually(lambda: "succeeded" in [t.state for t in future.run.snapshot().tasks.values() if t.name == "stands"])
    first.open()
    assert future.result(SOON) == [2, 1]


def test_rule_6_a_group_with_failures_ends_every_branch_and_then_raises_them_all(everywhere: Lab) -> None:
    done = []

    @fl.task
    def work(i: int) -> int:
        done.append(i)
        if i % 2:
            raise Boom(i)
        return i

    with pytest.raises(GroupError) as caught:
        fl.in_parallel([work.send(i) for i in range(5)])()
    assert sorted(done) == [0, 1, 2, 3, 4]
    assert words(caught.value) == "[1: Boom(1), 3: Boom(3)]"
    assert isinstance(caught.value, ExceptionGroup)


def test_rule_6_fail_fast_cancels_the_others_at_the_first(lab: Lab) -> None:
    gate, after = Gate(), Calls()

    @fl.task
    def stands() -> None:
        gate.stand()

    @fl.task
    def fails() -> None:
        gate.reached()
        raise Boom

    branches = [stands.send().continue_with(after.task), fails.send()]
    future = fl.in_parallel(branches, fail_fast=True).submit()
    with pytest.raises(GroupError) as caught:
        future.result(SOON)
    assert [type(e) for e in caught.value.exceptions] == [Boom]
    gate.open()
    assert future.run.wait(SOON)
    assert after.made == 0


class Calls:
    """A task that counts its calls."""

    def __init__(self) -> None:
        self.made = 0
        self.task = fl.task(name="counts")(self.call)

    def call(self, *args: object) -> None:
        self.made += 1


def test_rule_6_return_exceptions_puts_them_in_the_list(everywhere: Lab) -> None:
    found = fl.in_parallel([value.send(1), fail.send("no"), value.send(3)], return_exceptions=True)()
    assert found[0::2] == [1, 3]
    assert words(found[1]) == "Boom(no)"


def test_rule_7_an_error_skips_to_the_next_handler(everywhere: Lab) -> None:
    calls = Calls()
    pipeline = (
        fail.send("no")
        .continue_with(calls.task)
        .continue_with(fl.in_parallel([calls.task.send().exceptionally(heal)]))
        .exceptionally(heal, "own")
        .continue_with(rep)
    )
    future = pipeline.submit()
    assert future.result(SOON) == "rep('healed Boom(no)', 'own')"
    assert calls.made == 0


def test_rule_7_on_success_handlers_are_skipped_and_skips_are_recorded(everywhere: Lab) -> None:
    future = value.send(1).exceptionally(heal).continue_with(double).submit()
    assert future.result(SOON) == 2
    assert states(future)["heal"] == "skipped"
    future = fail.send().continue_with(double).exceptionally(heal).submit()
    assert future.result(SOON) == "healed Boom()"
    assert states(future)["double"] == "skipped"


def test_rule_7_a_handler_s_value_heals_and_its_exception_replaces(everywhere: Lab) -> None:
    @fl.task
    def worse(error: BaseException) -> None:
        raise ValueError(f"worse than {error.args[0]}")

    future = fail.send("no").exceptionally(worse).continue_with(double).exceptionally(heal).submit()
    assert future.result(SOON) == "healed ValueError(worse than no)"
    with pytest.raises(ValueError, match="worse than no"):
        fail.send("no").exceptionally(worse)()


def test_rule_7_a_pipeline_may_not_start_with_a_handler() -> None:
    with pytest.raises(PipelineInvalid):
        fl.Pipeline().exceptionally(heal)


def test_rule_8_the_finaliser_gets_its_own_arguments_only_and_its_value_is_dropped(everywhere: Lab) -> None:
    calls: list[tuple] = []

    @fl.task
    def cleanup(*args: object, **kwargs: object) -> str:
        calls.append((args, kwargs))
        return "dropped"

    assert value.send(1).finally_do(cleanup)() == 1
    assert value.send(1).finally_do(cleanup, "z", k=2)() == 1
    with pytest.raises(Boom):
        fail.send().finally_do(cleanup)()
    assert calls == [((), {}), (("z",), {"k": 2}), ((), {})]


def test_rule_8_its_exception_replaces_the_outcome_with_the_earlier_one_as_context(everywhere: Lab) -> None:
    @fl.task
    def cleanup() -> None:
        raise ValueError("no soap")

    with pytest.raises(ValueError, match="no soap"):
        value.send(1).finally_do(cleanup)()
    with pytest.raises(ValueError, match="no soap") as caught:
        fail.send("first").finally_do(cleanup)()
    assert isinstance(caught.value.__context__, Boom)


def test_rule_8_it_runs_on_cancel_too(lab: Lab) -> None:
    gate, cleaned = Gate(), Gate()

    @fl.task
    def stands() -> None:
        gate.stand()

    @fl.task
    def cleanup() -> None:
        cleaned.open()

    future = stands.send().continue_with(rep).finally_do(cleanup).submit()
    gate.reached()
    assert future.cancel()
    gate.open()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    assert future.run.wait(SOON)
    assert cleaned._opened.is_set()
    assert states(future)["cleanup"] == "succeeded"


def test_rule_8_it_is_last_and_at_most_once() -> None:
    with pytest.raises(ValueError, match="finally_do"):
        value.send(1).finally_do(rep).finally_do(rep)
    with pytest.raises(ValueError, match="finally_do"):
        value.send(1).finally_do(rep).continue_with(rep)
    with pytest.raises(ValueError, match="finally_do"):
        fl.in_parallel([value.send(1).finally_do(rep)])


def test_rule_9_state_passes_through_and_is_handed_to_those_who_take_it(everywhere: Lab) -> None:
    @fl.task(with_state=True)
    def multiply(state: object, x: int, y: int) -> tuple:
        return 10, x * y

    @fl.task
    def subtract(x: int, y: int) -> int:
        return x - y

    @fl.task(with_state=True)
    def add_state(state: int, x: int) -> tuple:
        return state, state + x

    assert multiply.send(3, 2).continue_with(subtract, 1).continue_with(add_state)() == 15


def test_rule_9_the_changes_of_the_branches_are_merged_key_by_key(everywhere: Lab) -> None:
    group = fl.in_parallel([value.send(1), note.send(a=1), note.send(b=2).continue_with(note, c=3)])
    future = group.continue_with(look).with_initial(state={"a": 0, "z": 9}).submit()
    assert future.result(SOON) == {"a": 1, "b": 2, "c": 3, "z": 9}


def test_rule_9_a_clash_goes_to_the_first_branch_and_is_recorded(lab: Lab) -> None:
    pipeline = fl.in_parallel([note.send(a=1, b=1), note.send(a=2, c=2)]).continue_with(look)
    future = None
    with pytest.warns(StateConflictWarning, match="a"):
        future = pipeline.with_initial(state={"a": 0}).submit()
        assert future.result(SOON) == {"a": 1, "b": 1, "c": 2}
        assert future.run.wait(SOON)
    assert [kind for _, _, kind, _ in future.run.snapshot().notes].count("conflict") == 1


def test_rule_9_merge_state_decides_instead(everywhere: Lab) -> None:
    def most(entry: dict, branches: list[dict]) -> dict:
        return {"entry": entry, "branches": branches}

    group = fl.in_parallel([note.send(a=1), value.send(1), note.send(a=2)], merge_state=most)
    assert group.continue_with(look).with_initial(state={"a": 0})() == {
        "entry": {"a": 0},
        "branches": [{"a": 1}, {"a": 0}, {"a": 2}],
    }


def test_rule_9_a_child_pipeline_has_a_state_of_its_own_unless_it_is_inline(everywhere: Lab) -> None:
    @fl.task
    def child(*args: object) -> fl.Pipeline:
        return look.send().continue_with(note, p=1)

    @fl.task
    def inline(*args: object) -> fl.Pipeline:
        return note.send("own", p=1).inline()

    assert child.send("x").continue_with(look).with_initial(state={"s": 0})() == {"s": 0}
    assert child.send("x").with_initial(state={"s": 0})() == [None]
    assert inline.send("x").with_initial(state={"s": 0})() == ["x", "own"]
    assert inline.send("x").continue_with(look).with_initial(state={"s": 0})() == {"s": 0, "p": 1}


def test_rule_10_a_task_may_return_a_pipeline_or_a_future_in_its_place(everywhere: Lab) -> None:
    @fl.task
    def composed(a: int, b: int, c: int) -> fl.Pipeline:
        return add.send(a, b).continue_with(add, c)

    @fl.task
    def positive(x: int) -> object:
        return x if x > 0 else double.send(-x)

    @fl.task
    def future(x: int) -> fl.Future:
        return double.submit(x)

    @fl.task
    def pair(x: int) -> fl.Pipeline:
        return fl.in_parallel([value.send(x), double.send(x)])

    assert composed.send(1, 2, 3).continue_with(double)() == 12
    assert add.send(-5, 2).continue_with(positive)() == 6
    assert add.send(5, 2).continue_with(positive)() == 7
    assert future.send(4).continue_with(add, 1)() == 9
    assert pair.send(3).continue_with(rep)() == "rep([3, 6])"
    assert fl.in_parallel([pair.send(3), value.send(1)])() == [[3, 6], 1]


def test_rule_10_the_counter_of_the_seed_page(everywhere: Lab) -> None:
    @fl.task
    def count_to_100(x: int) -> fl.Pipeline:
        return add.send(x, 1).continue_with(check_result)

    @fl.task
    def check_result(x: int) -> object:
        return x if x == 100 else count_to_100.send(x)

    future = count_to_100.send(0).submit()
    assert future.result(SOON) == 100
    assert Counter(t.name for t in future.run.snapshot().tasks.values())["add"] == 100


def test_rule_11_pause_stops_new_entries_only_and_resume_goes_on(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def stands() -> int:
        gate.stand()
        return 1

    future = stands.send().continue_with(double).submit()
    gate.reached()
    future.pause()
    gate.open()
    eventually(lambda: states(future)["stands"] == "succeeded")
    assert states(future).get("double", "planned") in ("planned", "waiting")
    assert not future.done()
    future.resume()
    assert future.result(SOON) == 2


def test_rule_11_cancel_stops_deferred_branches_and_cancels_running_ones(lab: Lab) -> None:
    gate, calls = Gate(), Calls()

    @fl.task
    def stands() -> None:
        gate.stand()
        fl.current().check()

    branches = [stands.send(), *(calls.task.send() for _ in range(5))]
    future = fl.in_parallel(branches, max_parallelism=1).finally_do(silent).submit()
    gate.reached()
    assert future.cancel()
    gate.open()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    assert future.run.wait(SOON)
    assert future.cancelled()
    assert calls.made == 0
    assert states(future)["silent"] == "succeeded"
