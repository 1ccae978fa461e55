"""`future.retry()` on a pipeline: what failed runs again and the pipeline goes on from there; what succeeded stays."""

from __future__ import annotations

from collections import Counter

import pytest

import ipyflow as fl
from ipyflow.errors import GroupError
from ipyflow.model.run import check_invariants
from ipyflow.testing import Lab
from tests.engine.gates import SOON
from tests.flows.pipelines.common import Boom, double, heal, look, named, note, rep, states, words


class Flaky:
    """Tasks that fail until told otherwise, and how often each was called."""

    def __init__(self) -> None:
        self.calls: Counter[object] = Counter()
        self.broken = True
        self.task = fl.task(name="flaky")(self.body)
        self.counts = fl.task(name="counts")(self.count)
        self.later = fl.task(name="later")(self.count)

    def count(self, x: object = 0, *rest: object) -> object:
        self.calls[x if isinstance(x, int | str) else "later"] += 1
        return x

    def body(self, x: object = "flaky", *rest: object) -> object:
        self.calls[x] += 1
        if self.broken:
            raise Boom(x)
        return x


def test_the_failed_pipeline_goes_on_where_it_failed(everywhere: Lab) -> None:
    flaky = Flaky()
    future = flaky.counts.send(1).continue_with(flaky.task).continue_with(double).submit()
    with pytest.raises(Boom):
        future.result(SOON)
    assert states(future)["double"] == "skipped"
    flaky.broken = False
    assert future.retry() is future
    assert future.result(SOON) == 2
    assert flaky.calls[1] == 3  # once before the failure, and two attempts
    assert [t.state for t in named(future, "double")] == ["succeeded"]
    assert future.run.wait(SOON)
    check_invariants(future.run.snapshot())


def test_only_the_failed_branches_run_again(everywhere: Lab) -> None:
    flaky = Flaky()
    branches = [flaky.counts.send("a"), flaky.task.send("b").continue_with(rep), flaky.counts.send("c")]
    future = fl.in_parallel([*branches, flaky.task.send("d")]).continue_with(rep).submit()
    with pytest.raises(GroupError):
        future.result(SOON)
    flaky.broken = False
    future.retry()
    assert future.result(SOON) == """rep(['a', "rep('b')", 'c', 'd'])"""
    assert flaky.calls == {"a": 1, "b": 2, "c": 1, "d": 2}
    assert {t.state for t in named(future, "in_parallel")} == {"succeeded"}


def test_a_failed_entry_s_own_future_is_retried(everywhere: Lab) -> None:
    flaky = Flaky()
    future = flaky.task.send(3).continue_with(double).submit()
    with pytest.raises(Boom):
        future.result(SOON)
    flaky.broken = False
    (entry,) = named(future, "flaky")
    future.run.find(entry.id).retry()
    assert future.result(SOON) == 6


def test_a_retry_that_fails_again_may_be_retried_again(everywhere: Lab) -> None:
    flaky = Flaky()
    future = fl.in_parallel([fl.in_parallel([flaky.task.send("x")]), flaky.counts.send("y")]).submit()
    for _ in range(3):
        assert words(future.exception(SOON)) == "[0: [0: Boom(x)]]"
        assert future.run.wait(SOON)
        future.retry()
    assert words(future.exception(SOON)) == "[0: [0: Boom(x)]]"
    flaky.broken = False
    future.retry()
    assert future.result(SOON) == [["x"], "y"]
    assert flaky.calls == {"x": 5, "y": 1}


def test_state_is_as_it_was_before_the_entry_that_failed(everywhere: Lab) -> None:
    flaky = Flaky()
    future = note.send(1, a=1).continue_with(lambda_free(flaky)).continue_with(look).submit()
    with pytest.raises(Boom):
        future.result(SOON)
    flaky.broken = False
    future.retry()
    assert future.result(SOON) == {"a": 1, "b": 2}


def lambda_free(flaky: Flaky) -> fl.Task:
    @fl.task(with_state=True)
    def adds(state: dict, x: object) -> tuple:
        if flaky.broken:
            raise Boom
        return {**state, "b": 2}, x

    return adds


def test_branches_that_succeeded_keep_their_changes_for_the_merge(everywhere: Lab) -> None:
    flaky = Flaky()
    group = fl.in_parallel([note.send(a=1), flaky.task.send("x").set(fruitful=False).continue_with(note, b=2)])
    future = group.continue_with(look).with_initial(state={"z": 0}).submit()
    with pytest.raises(GroupError):
        future.result(SOON)
    flaky.broken = False
    future.retry()
    assert future.result(SOON) == {"a": 1, "b": 2, "z": 0}


def test_a_child_pipeline_goes_on_inside(everywhere: Lab) -> None:
    flaky = Flaky()

    @fl.task
    def orchestrator() -> fl.Pipeline:
        flaky.calls["orchestrator"] += 1
        return flaky.counts.send("before").continue_with(flaky.task).continue_with(rep)

    future = orchestrator.send().continue_with(rep).submit()
    with pytest.raises(Boom):
        future.result(SOON)
    flaky.broken = False
    future.retry()
    assert future.result(SOON) == """rep("rep('before')")"""
    assert flaky.calls["orchestrator"] == 1


def test_an_entry_of_a_child_that_is_retried_keeps_the_child_s_own_state(everywhere: Lab) -> None:
    flaky = Flaky()

    @fl.task(with_state=True)
    def looks(state: object, *args: object) -> tuple:
        if flaky.broken:
            raise Boom
        return state, state

    @fl.task
    def first() -> fl.Pipeline:
        return looks.send()

    @fl.task
    def second() -> fl.Pipeline:
        return note.send(own=1).continue_with(looks)

    for orchestrator, seen in ((first, None), (second, {"own": 1})):
        for last in (False, True):
            flaky.broken = True
            pipeline = orchestrator.send().with_initial(state={"parent": 1})
            future = (pipeline.finally_do(look) if last else pipeline).submit()
            assert isinstance(future.exception(SOON), Boom)
            flaky.broken = False
            future.retry()
            assert future.result(SOON) == seen, f"with a finaliser: {last}"


def test_what_a_handler_healed_is_not_retried(everywhere: Lab) -> None:
    flaky = Flaky()
    future = flaky.task.send("x").exceptionally(heal).submit()
    assert future.result(SOON) == "healed Boom(x)"
    with pytest.raises(RuntimeError):
        future.retry()
    assert flaky.calls == {"x": 1}


def test_retries_of_the_task_itself_come_first(everywhere: Lab) -> None:
    """A failure that a retry catches never reaches the pipeline."""
    tries: list[int] = []

    @fl.task(retries=2)
    def flaky() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise Boom
        return 7

    future = flaky.send().exceptionally(heal).continue_with(double).submit()
    assert future.result(SOON) == 14
    assert states(future)["heal"] == "skipped"
    assert len(tries) == 3


def test_set_gives_the_last_entry_retries_of_its_own(everywhere: Lab) -> None:
    tries: list[int] = []

    @fl.task
    def flaky(x: int) -> int:
        tries.append(x)
        if len(tries) < 3:
            raise Boom
        return x

    assert flaky.send(2).set(retries=5).continue_with(double)() == 4
    assert len(tries) == 3


def test_a_cancelled_pipeline_may_be_retried(lab: Lab) -> None:
    later = fl.task(delay=3600, name="later")(lambda: 1)
    quick = Flaky()
    future = quick.counts.send(2).continue_with(later.with_options(name="later2")).submit()
    assert future.cancel()
    assert future.run.wait(SOON)
    future.retry()
    assert not future.done()
    assert future.cancel()
    assert future.run.wait(SOON)


def test_a_pipeline_that_succeeded_cannot_be_retried(everywhere: Lab) -> None:
    future = double.send(1).submit()
    assert future.result(SOON) == 2
    with pytest.raises(RuntimeError):
        future.retry()


def test_waiters_wait_again(everywhere: Lab) -> None:
    flaky = Flaky()
    future = flaky.task.send(1).submit()
    assert isinstance(future.exception(SOON), Boom)
    flaky.broken = False
    future.retry()
    assert fl.wait([future], SOON).done == {future}
    assert future.exception() is None


def test_a_retry_runs_the_new_code_of_what_comes_after_too(everywhere: Lab) -> None:
    """A person who fixes two cells presses retry once."""
    made: list[fl.Task] = []

    def define(broken: bool) -> None:
        module: dict[str, object] = {"fl": fl, "__name__": "cells"}
        body = "1 / 0" if broken else "x + 1"
        exec(f"@fl.task\ndef first(x):\n    return {body}\n@fl.task\ndef then(x):\n    return (x, {broken})", module)
        made[:] = [module["first"], module["then"]]  # type: ignore[list-item]

    define(broken=True)
    future = made[0].send(1).continue_with(made[1]).submit()
    assert isinstance(future.exception(SOON), ZeroDivisionError)
    define(broken=False)
    future.retry()
    assert future.result(SOON) == (2, False)


def test_a_flow_that_returned_a_pipeline_goes_on_with_it(everywhere: Lab) -> None:
    """Its own body has done its part; a handled failure in the pipeline is not run again."""
    flaky, bodies, handled = Flaky(), [0], [0]

    @fl.task
    def breaks(x: int) -> int:
        if flaky.broken:
            raise Boom
        return x

    @fl.task
    def always(x: int) -> int:
        handled[0] += 1
        raise KeyError(x)

    @fl.task
    def heals(error: Exception) -> int:
        return 5

    @fl.flow
    def main() -> fl.Pipeline:
        bodies[0] += 1
        return fl.in_parallel([breaks.send(1), always.send(2).exceptionally(heals)])

    for again in (lambda f: f.run.retry(), lambda f: f.retry()):
        flaky.broken = True
        future = main.submit()
        assert isinstance(future.exception(SOON), GroupError)
        flaky.broken = False
        again(future)
        assert future.result(SOON) == [1, 5]
        assert future.run.wait(SOON)
    assert (bodies, handled) == ([2], [2])
