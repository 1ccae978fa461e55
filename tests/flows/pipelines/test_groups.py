"""`in_parallel`: shapes of results, empty and nested groups, stages, how arguments flow through."""

from __future__ import annotations

import itertools
from collections import namedtuple

import pytest

import ipyflow as fl
from ipyflow.testing import Lab
from tests.engine.gates import SOON
from tests.flows.pipelines.common import (
    add,
    double,
    fail,
    heal,
    named,
    rep,
    silent,
    states,
    value,
    with_role,
)

Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ([], []),
        ([[]], [[]]),
        ([[], []], [[], []]),
        ([[[]]], [[[]]]),
        ([[[], 1], []], [[[], 1], []]),
        ([[], [1]], [[], [1]]),
        ([1, [2, [3, []]], 4], [1, [2, [3, []]], 4]),
    ],
    ids=str,
)
@pytest.mark.parametrize("stages", [None, 1, 2, 9])
@pytest.mark.parametrize("most", [None, 1])
def test_nested_and_empty_groups_keep_their_shape(
    everywhere: Lab, shape: list, expected: list, stages: int | None, most: int | None
) -> None:
    """The original turns ``[[]]`` into ``[]`` and keeps ``[[], [A]]``: one rule, a group is a list of its branches."""

    def group(shape: list) -> fl.Pipeline:
        return fl.in_parallel(
            [group(part) if isinstance(part, list) else value.send(part) for part in shape],
            num_stages=stages,
            max_parallelism=most,
        )

    assert group(shape)() == expected
    assert group(shape).continue_with(rep)() == f"rep({expected})"
    assert value.send(0).continue_with(group([[], [[]]]))() == [[], [[]]]


def test_an_empty_group_drops_what_came_before_it(everywhere: Lab) -> None:
    """The next task receives ``[]``: a group's value is its branches' values, and there are none."""
    assert value.send(5).continue_with(fl.in_parallel([])).continue_with(rep, 1)() == "rep([], 1)"


@pytest.mark.parametrize("options", [{"max_parallelism": 2}, {"num_stages": 3}, {"return_exceptions": True},
                                     {"fail_fast": True}, {"ordered": False}, {"name": "mine"}], ids=str)  # fmt: skip
def test_an_empty_group_is_empty_with_every_option(everywhere: Lab, options: dict) -> None:
    """The original never ended empty groups once; no option may bring that back."""
    assert fl.in_parallel([], **options)() == []
    assert fl.in_parallel([fl.in_parallel([], **options), value.send(1)], **options).continue_with(sorted_, 1)() == [
        "1",
        "[]",
    ]


@fl.task
def sorted_(values: list, _: int) -> list:
    return sorted(map(str, values))


def test_empty_groups_in_a_row_and_behind_handlers(everywhere: Lab) -> None:
    """Empty groups succeed at once, so the handlers behind them are passed over."""
    empty = fl.in_parallel([])
    pipeline = (
        empty.exceptionally(heal).continue_with(empty).exceptionally(heal).continue_with(empty).continue_with(rep)
    )
    assert pipeline() == "rep([])"
    assert fail.send().continue_with(empty).exceptionally(heal).continue_with(empty)() == []


def test_a_thousand_empty_groups_below_each_other_and_beside_each_other(everywhere: Lab) -> None:
    """Groups that end at once end without recursion."""
    assert fl.in_parallel([fl.in_parallel([]) for _ in range(1000)])() == [[]] * 1000
    chain = fl.in_parallel([])
    for _ in range(1000):
        chain = chain.continue_with(fl.in_parallel([]))
    assert chain.continue_with(rep)() == "rep([])"


def test_decided_a_tuple_of_one_spreads_to_one_argument_and_an_empty_one_to_none(everywhere: Lab) -> None:
    assert value.send((1,)).continue_with(rep, "x")() == "rep(1, 'x')"
    assert value.send(()).continue_with(rep, "x")() == "rep('x')"
    assert value.send(((1, 2),)).continue_with(rep)() == "rep((1, 2))"


def test_decided_a_named_tuple_is_one_value(everywhere: Lab) -> None:
    assert value.send(Point(1, 2)).continue_with(rep)() == "rep(Point(x=1, y=2))"


def test_decided_a_pipeline_whose_last_entry_is_not_fruitful_is_none(everywhere: Lab) -> None:
    assert value.send(1).continue_with(silent)() is None
    assert fl.in_parallel([silent.send(), value.send(1), value.send(2).continue_with(silent)])() == [None, 1, None]
    assert fl.in_parallel([silent.send()]).continue_with(rep)() == "rep([None])"


def test_decided_a_final_tuple_stays_a_tuple(everywhere: Lab) -> None:
    assert value.send((1, 2))() == (1, 2)
    assert value.send((1,))() == (1,)
    assert value.send(())() == ()
    assert fl.in_parallel([value.send((1, 2)), value.send(())])() == [(1, 2), ()]
    assert fl.in_parallel([value.send((1, 2))]).continue_with(rep)() == "rep([(1, 2)])"


def test_a_task_that_is_not_fruitful_hands_nothing_on_past_a_skipped_handler(everywhere: Lab) -> None:
    """Skips are transparent: what follows sees what the entry before the handler gave."""
    assert silent.send().exceptionally(heal).continue_with(rep, 1)() == "rep(1)"
    assert value.send((1, 2)).exceptionally(heal).continue_with(rep)() == "rep(1, 2)"


def test_a_handler_that_is_not_fruitful_heals_and_hands_nothing_on(everywhere: Lab) -> None:
    """It is an entry like others, so the same rule holds for what it hands on."""
    assert fail.send().exceptionally(silent).continue_with(rep, 1)() == "rep(1)"
    assert fail.send().exceptionally(silent)() is None


def test_what_was_said_not_to_be_fruitful_by_set(everywhere: Lab) -> None:
    assert value.send(1).set(fruitful=False).continue_with(rep)() == "rep()"
    assert silent.send().set(fruitful=True).continue_with(rep)() == "rep('nobody hears this')"


def test_decided_a_positional_argument_that_meets_the_same_keyword_names_both_sources(everywhere: Lab) -> None:
    """The original lets keywords claim their name first; here it is Python's error."""
    with pytest.raises(TypeError, match="y") as caught:
        value.send((1, 2)).continue_with(add, y=5)()
    told = " ".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert "value" in told
    assert "add" in told


def test_too_many_and_too_few_arguments_are_python_s_errors(everywhere: Lab) -> None:
    with pytest.raises(TypeError):
        value.send((1, 2, 3)).continue_with(add)()
    with pytest.raises(TypeError):
        value.send(1).continue_with(add)()
    assert value.send(1).continue_with(add).exceptionally(heal)().startswith("healed TypeError(")


def test_a_pipeline_that_is_spliced_in_gets_the_result_before_it(everywhere: Lab) -> None:
    part = add.send(1).continue_with(double)
    assert value.send(2).continue_with(part).continue_with(part)() == 14
    group = fl.in_parallel([add.send(1), add.send(2)])
    assert value.send(2).continue_with(group.continue_with(rep)).continue_with(rep, 0)() == "rep('rep([3, 4])', 0)"


def test_a_group_may_be_given_by_any_iterable(everywhere: Lab) -> None:
    assert fl.in_parallel(value.send(i) for i in range(3))() == [0, 1, 2]
    assert fl.in_parallel({1: value.send("a")}.values())() == ["a"]
    assert fl.in_parallel((value.send(1), value.send(2)))() == [1, 2]


def test_a_task_without_arguments_is_a_branch_too(everywhere: Lab) -> None:
    """As in ``continue_with(task)``: what comes before is all that it gets."""
    assert value.send(1).continue_with(fl.in_parallel([rep, double, rep.send(2)]))() == ["rep(1)", 2, "rep(1, 2)"]


def test_the_result_is_a_list_of_its_own_each_time(everywhere: Lab) -> None:
    pipeline = fl.in_parallel([value.send(1)])
    first = pipeline()
    first.append(2)
    assert pipeline() == [1]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 10])
@pytest.mark.parametrize("stages", [1, 2, 3, 4, 10, 11])
def test_stages_of_every_size_give_the_branches_in_order(everywhere: Lab, count: int, stages: int) -> None:
    branches = [value.send(i).continue_with(double) for i in range(count)]
    future = fl.in_parallel(branches, num_stages=stages, max_parallelism=2).submit()
    assert future.result(SOON) == [2 * i for i in range(count)]
    assert [task.branch for task in named(future, "value")] == list(range(count))


def test_stages_are_contiguous_and_named_in_the_log(lab: Lab) -> None:
    future = fl.in_parallel([value.send(i) for i in range(7)], num_stages=3).submit()
    assert future.result(SOON) == list(range(7))
    labels = [task.group for task in named(future, "value")]
    assert all(label and "stage" in label for label in labels)
    changes = [a for a, b in itertools.pairwise(labels) if a != b]
    assert len(changes) == len(set(labels)) - 1
    assert len(set(labels)) == 3


def test_not_ordered_keeps_every_value_once(everywhere: Lab) -> None:
    branches = [value.send(i) for i in range(50)]
    for options in ({}, {"num_stages": 4}, {"max_parallelism": 3}):
        assert sorted(fl.in_parallel(branches, ordered=False, **options)()) == list(range(50))


def test_a_group_and_its_branches_in_the_log(everywhere: Lab) -> None:
    inner = fl.in_parallel([value.send(), value.send()], name="inner")
    future = rep.send().continue_with(fl.in_parallel([inner, double.send()], max_parallelism=2)).continue_with(add, [])
    future = future.submit()
    assert len(future.result(SOON)) == 2
    root = future.run.snapshot().tasks[future.id]
    (outer,), (nested,) = named(future, "in_parallel"), named(future, "inner")
    (before,), (after,) = named(future, "rep"), named(future, "add")
    assert (root.role, outer.role, nested.role, before.role) == ("pipeline", "group", "group", None)
    assert [outer.parent, before.parent, after.parent] == [root.id] * 3
    assert (outer.refs, after.refs) == ((before.id,), (outer.id,))
    assert (nested.parent, nested.branch) == (outer.id, 0)
    assert [(t.parent, t.branch) for t in named(future, "value")] == [(nested.id, 0), (nested.id, 1)]
    assert [(t.parent, t.branch, t.refs) for t in named(future, "double")] == [(outer.id, 1, (before.id,))]
    assert outer.progress == (2, 2, "branches")
    assert future.run.kind == "pipeline"
    assert {t.state for t in with_role(future, "group")} == {"succeeded"}


def test_the_plan_of_a_small_pipeline_is_there_before_it_runs(inline: Lab) -> None:
    """A view shows what is to come, so the plan is written before the first body begins."""
    found: dict[str, str] = {}

    @fl.task
    def first() -> None:
        found.update({t.name: str(t.state) for t in fl.current().run.snapshot().tasks.values()})

    group = fl.in_parallel([double.send(1), add.send(1, 2)], name="both")
    assert first.send().set(fruitful=False).continue_with(group).exceptionally(heal).finally_do(silent)() == [2, 3]
    assert {name: found[name] for name in ("double", "add", "both", "heal", "silent")} == dict.fromkeys(
        ("double", "add", "both", "heal", "silent"), "planned"
    )
    assert found["first"] == "running"


def test_a_large_pipeline_leaves_its_plan_out(everywhere: Lab) -> None:
    future = fl.in_parallel([value.send(i) for i in range(300)]).exceptionally(heal).submit()
    assert future.result(SOON) == list(range(300))
    assert set(states(future).values()) <= {"succeeded", "skipped"}


def test_a_name_and_options_are_set_on_the_last_entry(everywhere: Lab) -> None:
    future = value.send(1).continue_with(double).set(name="twice", retries=2).continue_with(add, 1).submit()
    assert future.result(SOON) == 3
    assert {"value", "twice", "add"} <= set(states(future))
