"""State: passing, merging, clashing, and what a failure leaves of it."""

from __future__ import annotations

import threading
import warnings

import pytest

import ipyflow as fl
from ipyflow.errors import PipelineInvalid, StateConflictWarning
from ipyflow.testing import Lab
from tests.engine.gates import SOON
from tests.flows.pipelines.common import Boom, drop, fail, heal, look, note, rep, value, with_role


@fl.task(with_state=True)
def put(state: object, new: object, *args: object) -> tuple:
    return new, args


@fl.task(with_state=True)
def note_and_fail(state: dict, **changes: object) -> tuple:
    state.update(changes)
    raise Boom


@fl.task(with_state=True)
def heal_with_state(state: object, error: BaseException, *args: object) -> tuple:
    return state, ["healed", state, *args]


def test_without_an_initial_state_it_is_none(everywhere: Lab) -> None:
    assert look.send()() is None
    assert value.send(1).continue_with(look)() is None


def test_the_initial_state_reaches_every_head(everywhere: Lab) -> None:
    assert fl.in_parallel([look.send(), fl.in_parallel([look.send()])]).with_initial(state=7)() == [7, [7]]


def test_a_group_without_changes_leaves_the_state_as_it_was(everywhere: Lab) -> None:
    """In the original a first branch without state wiped it out: passing through is no change."""
    for branches in ([], [value.send(1)], [value.send(1), look.send()], [fl.in_parallel([])]):
        assert fl.in_parallel(branches).continue_with(look).with_initial(state={"v": 0})() == {"v": 0}
        assert fl.in_parallel(branches).continue_with(look).with_initial(state=5)() == 5
        assert fl.in_parallel(branches).continue_with(look)() is None


def test_a_branch_that_changed_nothing_does_not_override_one_that_did(everywhere: Lab) -> None:
    """The original's first branch wins even when it did not touch the state."""
    group = fl.in_parallel([look.send(), note.send(v=1), value.send(1)])
    assert group.continue_with(look).with_initial(state={"v": 0})() == {"v": 1}


def test_changes_of_every_branch_arrive_not_only_the_first_one_s(everywhere: Lab) -> None:
    """The original's older engine takes the first branch's state only."""
    assert fl.in_parallel([note.send(a=1), note.send(b=2)]).continue_with(look).with_initial(state={})() == {
        "a": 1,
        "b": 2,
    }


def test_branches_that_begin_with_no_state_merge_their_dicts(everywhere: Lab) -> None:
    """The original's end-to-end test: ``{p1: 123, p2: 456}`` from two branches."""
    assert fl.in_parallel([note.send(a=1), note.send(b=2)]).continue_with(look)() == {"a": 1, "b": 2}


def test_nested_groups_merge_from_the_inside_out(everywhere: Lab) -> None:
    """The original loses the nested branches' changes to the next flat one."""
    inner = fl.in_parallel([note.send(a=1), note.send(b=2).continue_with(note, b=3)])
    assert fl.in_parallel([inner, note.send(c=3)]).continue_with(look).with_initial(state={"z": 0})() == {
        "a": 1,
        "b": 3,
        "c": 3,
        "z": 0,
    }


def test_dicts_in_the_state_are_merged_key_by_key_too(everywhere: Lab) -> None:
    group = fl.in_parallel([note.send(d={"a": 1, "z": 0}), note.send(d={"b": 2, "z": 0}, e=1)])
    assert group.continue_with(look).with_initial(state={"d": {"z": 0}})() == {"d": {"a": 1, "b": 2, "z": 0}, "e": 1}


def test_a_branch_without_a_dict_does_not_throw_the_dicts_away(everywhere: Lab) -> None:
    """The original's newer engine drops all dicts as soon as one branch has none."""
    assert fl.in_parallel([value.send(1), note.send(a=1)]).continue_with(look)() == {"a": 1}


def test_a_state_that_is_no_dict_is_changed_as_a_whole(everywhere: Lab) -> None:
    """There are no keys to merge by: the first branch that changed it wins."""
    assert fl.in_parallel([value.send(1), put.send(2), look.send()]).continue_with(look).with_initial(state=1)() == 2


def test_a_clash_of_whole_states_goes_to_the_first_branch_that_changed_it(lab: Lab) -> None:
    pipeline = fl.in_parallel([look.send(), put.send(2), put.send(3)]).continue_with(look).with_initial(state=1)
    with pytest.warns(StateConflictWarning):
        future = pipeline.submit()
        assert future.result(SOON) == 2
        assert future.run.wait(SOON)


def test_decided_deleting_a_key_is_a_change(everywhere: Lab) -> None:
    group = fl.in_parallel([drop.send("a"), note.send(c=3), value.send(1)])
    assert group.continue_with(look).with_initial(state={"a": 1, "b": 2})() == {"b": 2, "c": 3}


def test_deleting_clashes_with_changing(lab: Lab) -> None:
    group = fl.in_parallel([drop.send("a"), note.send(a=3)]).continue_with(look).with_initial(state={"a": 1})
    with pytest.warns(StateConflictWarning, match="a"):
        future = group.submit()
        assert future.result(SOON) == {}
        assert future.run.wait(SOON)


def test_the_same_change_in_two_branches_is_no_clash(everywhere: Lab) -> None:
    """Whoever wins, the state is the same: there is nothing to warn of."""
    group = fl.in_parallel([note.send(a=1), note.send(a=1), drop.send("b"), drop.send("b")])
    assert group.continue_with(look).with_initial(state={"b": 2})() == {"a": 1}


def test_a_clash_is_told_once_with_a_record_on_the_group(lab: Lab) -> None:
    group = fl.in_parallel([note.send(a=i, b=i) for i in range(5)], name="clash").with_initial(state={})
    with pytest.warns(StateConflictWarning) as caught:
        future = group.submit()
        future.result(SOON)
        assert future.run.wait(SOON)
    assert len(caught) == 1
    (owner,) = with_role(future, "group")
    assert "conflict" in [kind for kind, _ in owner.notes]
    assert {t for _, t, kind, _ in future.run.snapshot().notes if kind == "conflict"} == {owner.id}


def test_branches_do_not_see_each_other_s_changes_nor_change_the_entry_state(everywhere: Lab) -> None:
    @fl.task(with_state=True)
    def in_place(state: dict, key: str) -> tuple:
        state["list"].append(key)
        state[key] = 1
        return state, len(state["list"])

    start = {"list": []}
    group = fl.in_parallel([in_place.send(k) for k in "abc"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StateConflictWarning)
        future = group.continue_with(look).with_initial(state=start).submit()
        assert future.result(SOON) == {"list": ["a"], "a": 1, "b": 1, "c": 1}
        assert future.run.wait(SOON)


def test_decided_a_failed_branch_contributes_nothing_to_a_healed_group(everywhere: Lab) -> None:
    group = fl.in_parallel([note.send(a=1), note_and_fail.send(b=2), note.send(c=3).continue_with(fail)])
    pipeline = group.exceptionally(heal_with_state).continue_with(look).with_initial(state={"z": 0})
    assert pipeline() == {"a": 1, "z": 0}


def test_a_failed_branch_contributes_nothing_under_return_exceptions(everywhere: Lab) -> None:
    """The original counts the state that the failed task was given; here it has changed nothing."""
    group = fl.in_parallel([note.send(a=1), note.send(b=2).continue_with(fail)], return_exceptions=True)
    assert group.continue_with(look).with_initial(state={"z": 0})() == {"a": 1, "z": 0}


def test_a_branch_that_healed_itself_contributes_all_its_changes(everywhere: Lab) -> None:
    branch = note.send(a=1).continue_with(fail).exceptionally(heal).continue_with(note, b=2)
    assert fl.in_parallel([branch]).continue_with(look).with_initial(state={})() == {"a": 1, "b": 2}


def test_a_handler_sees_the_state_before_what_failed(everywhere: Lab) -> None:
    pipeline = note.send(a=1).continue_with(fail).continue_with(note, b=1).exceptionally(heal_with_state, "x")
    assert pipeline.with_initial(state={})() == ["healed", {"a": 1}, "x"]


def test_the_handler_of_a_group_sees_the_successful_branches_changes(everywhere: Lab) -> None:
    group = fl.in_parallel([note.send(a=1), fail.send()])
    assert group.exceptionally(heal_with_state).with_initial(state={"z": 0})() == ["healed", {"a": 1, "z": 0}]


def test_the_finaliser_sees_the_state_and_may_return_what_it_likes(everywhere: Lab) -> None:
    """The seed page's ``cleanup(state, *args)`` returns nothing: its value is dropped whatever it is."""
    found: list[object] = []

    @fl.task(with_state=True)
    def cleanup(state: object, *args: object) -> None:
        found.append((state, args))

    assert note.send(1, a=1).finally_do(cleanup)() == [1]
    with pytest.raises(Boom):
        note.send(a=2).continue_with(fail).finally_do(cleanup, "own")()
    assert found == [({"a": 1}, ()), ({"a": 2}, ("own",))]


@pytest.mark.parametrize("stages", [None, 2, 5])
def test_decided_merge_state_gets_the_successful_states_in_entry_order_once(
    everywhere: Lab, stages: int | None
) -> None:
    calls: list[tuple] = []

    def merge(entry: dict, states: list[dict]) -> dict:
        calls.append((entry, states))
        return {"merged": len(states)}

    branches = [note.send(i=0), fail.send(), note.send(i=2), value.send(3), fail.send()]
    group = fl.in_parallel(branches, num_stages=stages, merge_state=merge)
    future = group.exceptionally(heal).continue_with(look).with_initial(state={"i": 9}).submit()
    assert future.result(SOON) == {"merged": 3}
    assert calls == [({"i": 9}, [{"i": 0}, {"i": 2}, {"i": 9}])]


def test_merge_state_stands_in_the_log_and_clashes_are_its_own_affair(everywhere: Lab) -> None:
    def last(entry: dict, states: list[dict]) -> dict:
        return states[-1]

    future = fl.in_parallel([note.send(a=1), note.send(a=2)], merge_state=last).continue_with(look).submit()
    assert future.result(SOON) == {"a": 2}
    assert len(with_role(future, "merge")) == 1
    assert [kind for _, _, kind, _ in future.run.snapshot().notes].count("conflict") == 0


def test_a_merge_that_raises_fails_the_group(everywhere: Lab) -> None:
    def merge(entry: dict, states: list[dict]) -> dict:
        raise Boom("merge")

    pipeline = fl.in_parallel([note.send(a=1)], merge_state=merge).exceptionally(heal)
    assert "Boom(merge)" in pipeline()


@pytest.mark.parametrize("returned", [5, None, [1, 2], (1,), (1, 2, 3)], ids=repr)
def test_decided_a_task_with_state_that_returns_no_pair_fails_saying_what_it_returned(
    everywhere: Lab, returned: object
) -> None:
    @fl.task(with_state=True)
    def wrong(state: object) -> object:
        return returned

    with pytest.raises(PipelineInvalid, match="wrong") as caught:
        wrong.send()()
    assert type(returned).__name__ in str(caught.value) or repr(returned) in str(caught.value)
    assert wrong.send().exceptionally(heal)().startswith("healed PipelineInvalid(")


def test_the_value_of_a_task_with_state_spreads_as_any(everywhere: Lab) -> None:
    @fl.task(with_state=True)
    def gives(state: object, x: object) -> tuple:
        return state, x

    assert gives.send((1, 2)).continue_with(rep)() == "rep(1, 2)"
    assert gives.send(()).continue_with(rep)() == "rep()"
    assert gives.send([1]).continue_with(rep)() == "rep([1])"
    assert gives.send(1).set(fruitful=False).continue_with(rep)() == "rep()"


def test_a_task_with_state_called_plainly_is_a_plain_call(everywhere: Lab) -> None:
    """Only a pipeline has a state: elsewhere the function is called as it is written."""
    assert note.fn({"a": 1}, b=2) == ({"a": 1, "b": 2}, [])


def test_submissions_of_one_pipeline_do_not_share_their_state(everywhere: Lab) -> None:
    """A pipeline is a value: what a run does to its state does not show in the next run."""

    @fl.task(with_state=True)
    def in_place(state: dict) -> tuple:
        state["n"] = state.get("n", 0) + 1
        return state, dict(state)

    pipeline = in_place.send().with_initial(state={})
    assert [pipeline(), pipeline()] == [{"n": 1}, {"n": 1}]


def test_coroutines_take_state_too(lab: Lab) -> None:
    @fl.task(with_state=True)
    async def coroutine(state: dict, x: int) -> tuple:
        return {**state, "x": x}, x

    assert coroutine.send(1).continue_with(look).with_initial(state={"a": 0})() == {"a": 0, "x": 1}


def test_the_state_that_was_handed_on_stands_in_the_log(everywhere: Lab) -> None:
    future = note.send(a=1).continue_with(rep).submit()
    future.result(SOON)
    notes = [(kind, text) for _, _, kind, text in future.run.snapshot().notes]
    assert notes == [("state", "{'a': 1}")]


def test_a_state_that_cannot_be_copied_fails_the_group_with_a_word_on_it(everywhere: Lab) -> None:
    """Each branch starts from a deep copy: what has none cannot enter a group."""
    pipeline = put.send(threading.Lock()).continue_with(fl.in_parallel([look.send(), look.send()]))
    error = pipeline.submit().exception(SOON)
    assert error is not None
    assert "lock" in str(error)
