"""Which task of one run is which task of another."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyflow.model.run import RunState
from ipyflow.views.compare.matching import Pair, matched
from tests.views.build import Log
from tests.views.compare.runs import nightly
from tests.views.golden import load

RUNS = sorted(path.stem for path in (Path(__file__).parents[2] / "fixtures" / "runs").glob("*.jsonl"))


def called(pairs: list[Pair]) -> dict[str, str]:
    """`load('a')` in the one and in the other."""
    said = [
        "-" if task is None else f"{task.name}({task.args.split('#')[0]})"
        for pair in pairs
        for task in (pair.before, pair.after)
    ]
    return dict(zip(said[::2], said[1::2], strict=True))


def test_tasks_are_known_by_their_arguments_whatever_their_numbers_and_order() -> None:
    one = nightly({"a": 10, "b": 20, "c": 30}, run=1)
    other = nightly({"c": 30, "a": 10, "b": 20}, run=2, lead=5)
    pairs = called(matched(one, other))
    assert [pairs[f"load('{x}')"] for x in "abc"] == ["load('a')", "load('b')", "load('c')"]
    assert pairs["nightly(3)"] == "nightly(3)"
    assert sum(pair.before is None for pair in matched(one, other)) == 5


def test_what_is_left_is_known_by_its_name_in_order() -> None:
    pairs = matched(nightly({"a": 1, "b": 1}, run=1), nightly({"b": 1, "x": 1, "y": 1}, run=2))
    found = {pair.after.args: pair for pair in pairs if pair.after is not None and pair.after.name == "load"}
    assert (found["'b'"].by, found["'x'"].by) == ("arguments", "order")
    assert found["'x'"].before is not None
    assert found["'x'"].before.args == "'a'"
    assert found["'y'"].before is None


def test_children_are_looked_for_below_the_same_parent_first() -> None:
    def run(names: list[str]) -> RunState:
        log = Log()
        for name in names:
            parent = log.task(0, "page", args=name)
            log.start(1, parent).done(9, parent)
            log.run(2, 3, 4 if name == "a" else 8, "fetch", parent)
        return log.close(10).state()

    one, other = run(["a", "b"]), run(["b", "a"])
    for pair in matched(one, other):
        assert pair.before is not None
        assert pair.after is not None
        above = one.tasks.get(pair.before.parent), other.tasks.get(pair.after.parent)
        assert (above[0] and above[0].args) == (above[1] and above[1].args)


def test_what_a_task_was_given_tells_it_from_others_with_the_same_arguments() -> None:
    def run(order: list[int]) -> RunState:
        log = Log()
        loads = {n: log.run(0, 1, 2, "load", args=str(n)) for n in order}
        for n in reversed(order):
            log.run(2, 3, 4, "score", refs=[loads[n]])
        return log.close(9).state()

    one, other = run([1, 2, 3]), run([3, 1, 2])
    for pair in matched(one, other):
        if pair.any.name == "score":
            assert pair.before is not None
            assert pair.after is not None
            assert one.tasks[pair.before.refs[0]].args == other.tasks[pair.after.refs[0]].args


def test_steps_of_a_workflow_are_known_by_what_their_events_hold() -> None:
    def run(order: list[int]) -> RunState:
        log = Log("counts", kind="workflow")
        flow = log.workflow("Counts", ["StartEvent > begin > Part > work > StopEvent"])
        begin = flow.take(0, "begin", flow.send(0, "StartEvent"))
        parts = [flow.send(1, "Part", f"n={n}", by=begin) for n in order]
        for part in parts:
            log.done(5, flow.take(2, "work", part))
        return log.state()

    pairs = [pair for pair in matched(run([1, 2, 3]), run([3, 1, 2])) if pair.any.name == "work"]
    assert sorted(pair.args for pair in pairs) == ["n=1", "n=2", "n=3"]
    assert all(pair.args == pair.was for pair in pairs)


def test_two_flows_of_different_names_belong_together_with_what_is_below_them() -> None:
    one, other = nightly({"a": 1}, run=1), nightly({"a": 1}, run=2)
    for task in other.tasks.values():
        task.name = task.name.replace("nightly", "weekly")
    assert called(matched(one, other))["nightly(1)"] == "weekly(1)"
    assert all(pair.before is not None and pair.after is not None for pair in matched(one, other))


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_the_same_as_itself(name: str) -> None:
    one, other = load(name), load(name)
    pairs = matched(one, other)
    assert [(pair.before and pair.before.id) for pair in pairs] == [(pair.after and pair.after.id) for pair in pairs]
    assert sorted(pair.any.id for pair in pairs) == sorted(one.tasks)


_TREES = st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc"), st.sampled_from(["", "1", "2"])), max_size=12)


def tree(told: list[tuple[int, str, str]]) -> RunState:
    log = Log()
    for i, (parent, name, args) in enumerate(told):
        log.task(i, name, min(parent, i), args=args)
    return log.state()


@given(_TREES, _TREES)
def test_every_task_stands_in_one_pair_and_pairs_have_one_name(one: list, other: list) -> None:  # type: ignore[type-arg]
    before, after = tree(one), tree(other)
    pairs = matched(before, after)
    assert sorted(pair.before.id for pair in pairs if pair.before) == sorted(before.tasks)
    assert sorted(pair.after.id for pair in pairs if pair.after) == sorted(after.tasks)
    tops = [{task.id for task in state.tasks.values() if task.parent == 0} for state in (before, after)]
    for pair in pairs:
        if pair.before is None or pair.after is None:
            continue
        if {pair.before.id} != tops[0] or {pair.after.id} != tops[1]:
            assert pair.before.name == pair.after.name
        if pair.by == "arguments":
            assert pair.before.args == pair.after.args
    # nothing is left alone while the other run has one of its name
    alone = [{task.name for p in pairs if (task := getattr(p, side)) and p.by == ""} for side in ("before", "after")]
    assert not alone[0] & alone[1]
