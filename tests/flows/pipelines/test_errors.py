"""Failures: in groups, in nested groups, healed, replaced, in finalisers; nothing is lost and nothing is told twice."""

from __future__ import annotations

import pickle

import pytest

import ipyflow as fl
from ipyflow.errors import GroupError, IpyflowError, TaskCancelled, UnobservedFailureWarning
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, eventually
from tests.flows.pipelines.common import (
    Boom,
    add,
    branch_of,
    double,
    fail,
    heal,
    named,
    rep,
    silent,
    states,
    value,
    with_role,
    words,
)


def group_error(pipeline: fl.Pipeline) -> GroupError:
    error = pipeline.submit().exception(SOON)
    assert isinstance(error, GroupError), error
    return error


def test_a_single_task_keeps_its_own_exception(everywhere: Lab) -> None:
    with pytest.raises(Boom, match="no") as caught:
        fail.send("no")()
    assert caught.traceback[-1].name == "fail"
    assert any("fail#" in line for line in caught.value.__notes__)


def test_even_one_failure_of_a_group_is_wrapped(everywhere: Lab) -> None:
    """As in the original: whoever catches the group's failure meets one type, however many failed."""
    assert words(group_error(fl.in_parallel([value.send(1), fail.send("x")]))) == "[1: Boom(x)]"


def test_the_failures_are_the_original_exceptions_with_their_tracebacks(everywhere: Lab) -> None:
    (error,) = group_error(fl.in_parallel([fail.send("x")])).exceptions
    assert type(error) is Boom
    frames = []
    at = error.__traceback__
    while at is not None:
        frames.append(at.tb_frame.f_code.co_name)
        at = at.tb_next
    assert frames[-1] == "fail"


def test_decided_nested_groups_nest_their_errors(everywhere: Lab) -> None:
    inner = fl.in_parallel([value.send(1), fail.send("a"), fail.send("b")])
    error = group_error(fl.in_parallel([fail.send("c"), inner, value.send(2), fl.in_parallel([inner])]))
    assert words(error) == "[0: Boom(c), 1: [1: Boom(a), 2: Boom(b)], 3: [0: [1: Boom(a), 2: Boom(b)]]]"


def test_an_error_group_is_what_except_star_takes_apart(everywhere: Lab) -> None:
    got: list[str] = []
    try:
        fl.in_parallel([fail.send("a"), add.send(1, "x"), fl.in_parallel([fail.send("b")])])()
    except* Boom as booms:
        got += [type(booms).__name__, str(len(booms.exceptions))]
    except* TypeError as others:
        got.append(str(len(others.exceptions)))
    assert got == ["GroupError", "2", "1"]


def test_a_group_error_names_the_group_and_counts_its_failures(everywhere: Lab) -> None:
    error = group_error(fl.in_parallel([fail.send(), value.send(1), fail.send()], name="mine"))
    assert "2" in str(error)
    assert "mine" in str(error)
    assert isinstance(error, IpyflowError)
    assert pickle.loads(pickle.dumps(error)).exceptions[0].args == ()


@pytest.mark.parametrize("stages", [1, 2, 3, 8])
def test_stages_change_nothing_about_errors(everywhere: Lab, stages: int) -> None:
    """In the original the stages' errors nest and ``return_exceptions`` gets lost in them."""
    branches = [fail.send(i) if i % 2 else value.send(i) for i in range(6)]
    assert words(group_error(fl.in_parallel(branches, num_stages=stages))) == "[1: Boom(1), 3: Boom(3), 5: Boom(5)]"
    found = fl.in_parallel(branches, num_stages=stages, return_exceptions=True)()
    assert found[0::2] == [0, 2, 4]
    assert [words(e) for e in found[1::2]] == ["Boom(1)", "Boom(3)", "Boom(5)"]


def test_exceptions_in_the_list_make_the_group_a_success(everywhere: Lab) -> None:
    """A handler behind such a group is passed over."""
    future = fl.in_parallel([fail.send("a")], return_exceptions=True).exceptionally(heal).continue_with(double_list)
    future = future.submit()
    assert [words(e) for e in future.result(SOON)] == ["Boom(a)"] * 2
    assert states(future)["heal"] == "skipped"
    assert with_role(future, "group")[0].state == "succeeded"


@fl.task
def double_list(values: list) -> list:
    return values * 2


def test_exceptions_in_the_list_of_a_nested_group(everywhere: Lab) -> None:
    inner = fl.in_parallel([value.send(1), fail.send("a")])
    lenient = fl.in_parallel([value.send(1), fail.send("b")], return_exceptions=True)
    first, second, third = fl.in_parallel([inner, lenient, fl.in_parallel([])], return_exceptions=True)()
    assert words(first) == "[1: Boom(a)]"
    assert (second[0], words(second[1]), third) == (1, "Boom(b)", [])


def test_a_group_whose_first_branch_fails_heals_in_its_last_entry(everywhere: Lab) -> None:
    """The original returns ``None`` here."""
    assert fl.in_parallel([fail.send("x"), value.send(1)]).exceptionally(heal)() == "healed [0: Boom(x)]"


def test_a_handler_in_a_branch_heals_that_branch_only(everywhere: Lab) -> None:
    healed = fail.send("a").exceptionally(heal).continue_with(rep)
    assert fl.in_parallel([healed, value.send(1)])() == ["rep('healed Boom(a)')", 1]
    error = group_error(fl.in_parallel([healed, fail.send("b"), fl.in_parallel([healed, fail.send("c")])]))
    assert words(error) == "[1: Boom(b), 2: [1: Boom(c)]]"


def test_an_error_passes_over_a_later_group_as_a_whole(everywhere: Lab) -> None:
    """The original's newer engine lets a handler inside a later group's branch catch it: a group is one unit here."""
    group = fl.in_parallel([double.send().exceptionally(heal), fl.in_parallel([rep.send().exceptionally(heal)])])
    future = fail.send("x").continue_with(group).submit()
    error = future.exception(SOON)
    assert words(error) == "Boom(x)"
    assert set(states(future).values()) == {"failed", "skipped"}
    assert fail.send("x").continue_with(group).exceptionally(heal)() == "healed Boom(x)"


def test_the_seed_page_s_chain_of_handlers(everywhere: Lab) -> None:
    order: list[str] = []

    def says(name: str, fails: bool = False) -> fl.Task:
        @fl.task(name=name)
        def says(*args: object) -> str:
            order.append(f"{name}({', '.join(words(a) if isinstance(a, Exception) else str(a) for a in args)})")
            if fails:
                raise Boom(name)
            return name

        return says

    def chain(a: bool, c: bool) -> str:
        order.clear()
        pipeline = says("a", a).send().exceptionally(says("b")).continue_with(says("c", c)).exceptionally(says("d"))
        value = pipeline.finally_do(says("e"))()
        return f"{value}: {' '.join(order)}"

    assert chain(False, False) == "c: a() c(a) e()"
    assert chain(True, False) == "c: a() b(Boom(a)) c(b) e()"
    assert chain(True, True) == "d: a() b(Boom(a)) c(b) d(Boom(c)) e()"
    assert chain(False, True) == "d: a() c(a) d(Boom(c)) e()"


def test_a_handler_that_raises_hands_its_error_to_the_next_one(everywhere: Lab) -> None:
    @fl.task
    def worse(error: BaseException) -> None:
        raise ValueError("worse")

    future = fail.send(1).exceptionally(worse).continue_with(rep).exceptionally(heal).submit()
    assert future.result(SOON) == "healed ValueError(worse)"
    assert states(future)["rep"] == "skipped"


def test_a_handler_may_raise_what_it_got(everywhere: Lab) -> None:
    @fl.task
    def again(error: BaseException) -> None:
        raise error

    pipeline = fl.in_parallel([fail.send("x")]).exceptionally(again)
    assert words(group_error(pipeline)) == "[0: Boom(x)]"
    assert words(group_error(fl.in_parallel([value.send(1), pipeline]))) == "[1: [0: Boom(x)]]"


def test_a_handler_may_return_none_a_tuple_or_a_pipeline(everywhere: Lab) -> None:
    @fl.task
    def gives(error: BaseException, what: object) -> object:
        return what

    @fl.task
    def asks(error: BaseException) -> fl.Pipeline:
        return value.send((1, 2))

    assert fail.send().exceptionally(gives, None).continue_with(rep)() == "rep(None)"
    assert fail.send().exceptionally(gives, (1, 2)).continue_with(rep)() == "rep(1, 2)"
    assert fail.send().exceptionally(asks).continue_with(rep)() == "rep(1, 2)"


def test_two_handlers_in_a_row_only_the_first_is_called(everywhere: Lab) -> None:
    future = fail.send("x").exceptionally(heal).exceptionally(heal.with_options(name="second")).submit()
    assert future.result(SOON) == "healed Boom(x)"
    assert states(future)["second"] == "skipped"


def test_an_exception_object_as_a_value_is_a_value(everywhere: Lab) -> None:
    """Only raising is failing."""
    assert value.send(Boom("x")).exceptionally(heal).continue_with(words_of)() == "Boom(x)"


@fl.task
def words_of(error: BaseException) -> str:
    return words(error)


def test_exits_and_interrupts_in_a_branch_are_failures_of_that_branch(lab: Lab) -> None:
    """Raised in a task they fail that task only; an ``ExceptionGroup`` holds exceptions, so it wraps what is more."""

    @fl.task
    def leaves() -> None:
        raise SystemExit(3)

    future = fl.in_parallel([value.send(1), leaves.send()]).submit()
    with pytest.raises(BaseExceptionGroup) as caught:
        future.result(SOON)
    assert isinstance(caught.value, GroupError)
    assert "SystemExit" in repr(caught.value.exceptions)
    assert branch_of(caught.value.exceptions[0]) == 1


def test_a_branch_that_someone_cancels_counts_as_a_failure_of_the_group(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def stands() -> None:
        gate.stand()

    future = fl.in_parallel([value.send(1), stands.send()]).submit()
    gate.reached()
    (entry,) = [f for f in future.run.futures if f.task.name == "stands"]
    entry.cancel()
    gate.open()
    error = future.exception(SOON)
    assert isinstance(error, GroupError)
    assert "stands" in f"{error} {error.exceptions!r} {[e.__notes__ for e in error.exceptions]}"


def test_decided_fail_fast_does_not_wait_for_a_running_thread(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def stands() -> None:
        gate.stand()

    @fl.task
    def fails() -> None:
        gate.reached()
        raise Boom("fast")

    future = fl.in_parallel([stands.send(), fails.send(), value.send(1)], fail_fast=True).submit()
    error = future.exception(SOON)
    assert isinstance(error, GroupError)
    assert words(error) == "[1: Boom(fast)]"
    assert "cancelled: 0" in str(error)
    gate.open()


def test_fail_fast_never_starts_the_branches_that_wait_for_a_slot(lab: Lab) -> None:
    started: list[int] = []

    @fl.task
    def start(i: int) -> None:
        started.append(i)

    pipeline = fl.in_parallel([fail.send("x"), *(start.send(i) for i in range(5))], max_parallelism=1, fail_fast=True)
    assert words(group_error(pipeline)) == "[0: Boom(x)]"
    assert started == []


def test_fail_fast_is_not_set_off_by_a_branch_that_heals(everywhere: Lab) -> None:
    """A branch fails when it ends failed, not when an entry of it does."""
    pipeline = fl.in_parallel([fail.send("x").exceptionally(heal), value.send(1)], fail_fast=True)
    assert pipeline() == ["healed Boom(x)", 1]


def test_fail_fast_in_a_nested_group_ends_that_group_only(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def stands() -> int:
        gate.stand()
        return 1

    inner = fl.in_parallel([fail.send("x"), value.send(1)], fail_fast=True).exceptionally(heal).continue_with(opens)
    future = fl.in_parallel([stands.send(), inner]).submit()
    eventually(lambda: [t for t in named(future, "opens") if t.state == "succeeded"])
    gate.open()
    assert future.result(SOON) == [1, "healed [0: Boom(x)]"]


@fl.task
def opens(x: object) -> object:
    return x


def test_fail_fast_cancels_what_is_below_nested_groups_and_orchestrators(lab: Lab) -> None:
    gate, calls = Gate(), []

    @fl.task
    def stands() -> None:
        gate.stand()

    @fl.task
    def later(*args: object) -> None:
        calls.append(args)

    @fl.task
    def fails() -> None:
        gate.reached()
        raise Boom

    @fl.task
    def orchestrator() -> fl.Pipeline:
        return stands.send().continue_with(later)

    nested = fl.in_parallel([fl.in_parallel([orchestrator.send()]).continue_with(later)]).continue_with(later)
    future = fl.in_parallel([nested, fails.send()], fail_fast=True).continue_with(later).submit()
    assert words(future.exception(SOON)) == "[1: Boom()]"
    gate.open()
    assert future.run.wait(SOON)
    assert calls == []


def test_a_healed_failure_is_looked_at(lab: Lab) -> None:
    """Warnings are errors here: a handler that got the exception is somebody who looked at it."""
    assert fail.send("x").exceptionally(heal)() == "healed Boom(x)"
    assert fl.in_parallel([fail.send("x")]).exceptionally(heal)() == "healed [0: Boom(x)]"
    assert len(fl.in_parallel([fail.send("x")], return_exceptions=True)()) == 1


def test_a_failure_nobody_looked_at_is_warned_of_once() -> None:
    """The pipeline's own failure stands for those of its entries."""

    @fl.flow(on_leak="ignore")
    def careless() -> None:
        fl.in_parallel([fail.send("x"), fail.send("y")]).submit()

    with engine(threads=2), pytest.warns(UnobservedFailureWarning) as caught:
        future = careless.submit()
        assert future.run.wait(SOON)
    (warning,) = caught
    assert "pipeline" in str(warning.message)
    assert "1 failure" in str(warning.message)


def test_a_finaliser_that_raises_over_a_group_s_failure(everywhere: Lab) -> None:
    @fl.task
    def cleanup() -> None:
        raise ValueError("no soap")

    with pytest.raises(ValueError, match="no soap") as caught:
        fl.in_parallel([fail.send("x")]).finally_do(cleanup)()
    assert words(caught.value.__context__) == "[0: Boom(x)]"


def test_a_finaliser_runs_after_everything_else_has_ended(everywhere: Lab) -> None:
    order: list[str] = []

    @fl.task
    def says(*args: object) -> None:
        order.append(str(args[-1]))

    with pytest.raises(GroupError):
        fl.in_parallel([says.send("a"), fail.send(), says.send("b")]).finally_do(says, "end")()
    assert sorted(order[:2]) == ["a", "b"]
    assert order[2] == "end"


def test_a_finaliser_that_returns_a_pipeline_waits_for_it_and_drops_its_value(everywhere: Lab) -> None:
    done: list[int] = []

    @fl.task
    def cleanup() -> fl.Pipeline:
        return value.send(1).continue_with(adds)

    @fl.task
    def adds(x: int) -> int:
        done.append(x)
        return x

    assert value.send("kept").finally_do(cleanup)() == "kept"
    assert done == [1]


def test_a_future_of_a_pipeline_knows_how_it_ended(everywhere: Lab) -> None:
    good, bad = value.send(1).submit(), fl.in_parallel([fail.send("x")]).submit()
    assert good.result(SOON) == 1
    assert isinstance(bad.exception(SOON), GroupError)
    assert (good.state, bad.state) == ("succeeded", "failed")
    assert good.run.wait(SOON)
    assert bad.run.wait(SOON)
    assert (good.run.state, bad.run.state) == ("succeeded", "failed")
    assert "pipeline" in good.explain()


def test_a_cancelled_pipeline_raises_cancelled_even_where_handlers_stand(lab: Lab) -> None:
    """Cancelling is no failure to heal: the handlers are not asked."""
    gate = Gate()

    @fl.task
    def stands() -> None:
        gate.stand()

    future = stands.send().exceptionally(heal).continue_with(silent).submit()
    gate.reached()
    future.cancel()
    gate.open()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    assert future.run.wait(SOON)
    assert {states(future)[n] for n in ("heal", "silent")} <= {"skipped", "cancelled"}
