"""Pausing, resuming and cancelling a pipeline through its future."""

from __future__ import annotations

import asyncio

import pytest

import ipyflow as fl
from ipyflow.errors import TaskCancelled
from ipyflow.testing import Lab
from tests.engine.gates import SOON, Gate, eventually
from tests.flows.pipelines.common import add, double, fail, heal, named, rep, silent, states, value


class Door:
    """A task that stands until the test lets it through, and counts its calls."""

    def __init__(self, name: str = "door") -> None:
        self.gate, self.calls = Gate(), 0
        self.task = fl.task(name=name)(self.body)

    def body(self, *args: object) -> object:
        self.calls += 1
        self.gate.stand()
        return args[0] if args else None


def ended(future: fl.Future, name: str) -> bool:
    return any(task.state == "succeeded" for task in named(future, name))


def test_running_entries_go_on_and_keep_their_value(lab: Lab) -> None:
    door = Door()
    future = value.send(3).continue_with(door.task).continue_with(double).submit()
    door.gate.reached()
    future.pause()
    root = future.run.snapshot().tasks[future.id]
    eventually(lambda: future.run.snapshot().tasks[future.id].reason == "paused")
    assert root.state == "waiting"
    door.gate.open()
    eventually(lambda: ended(future, "door"))
    assert not future.done()
    future.resume()
    assert future.result(SOON) == 6


def test_pausing_twice_and_resuming_twice_are_as_once(lab: Lab) -> None:
    door = Door()
    future = door.task.send(1).continue_with(double).submit()
    door.gate.reached()
    future.resume()
    future.pause()
    future.pause()
    door.gate.open()
    eventually(lambda: ended(future, "door"))
    future.resume()
    future.resume()
    assert future.result(SOON) == 2
    assert len(named(future, "double")) == 1


def test_a_pause_holds_branches_that_wait_for_a_slot(lab: Lab) -> None:
    door, started = Door(), []

    @fl.task
    def start(i: int) -> int:
        started.append(i)
        return i

    future = fl.in_parallel([door.task.send(0), start.send(1), start.send(2)], max_parallelism=1).submit()
    door.gate.reached()
    future.pause()
    door.gate.open()
    eventually(lambda: ended(future, "door"))
    assert started == []
    future.resume()
    assert future.result(SOON) == [0, 1, 2]


def test_a_pause_holds_what_an_orchestrator_returns(lab: Lab) -> None:
    door = Door()

    @fl.task
    def orchestrator() -> fl.Pipeline:
        door.gate.stand()
        return value.send(1).continue_with(double)

    future = orchestrator.send().submit()
    door.gate.reached()
    future.pause()
    door.gate.open()
    eventually(lambda: ended(future, "orchestrator"))
    assert not ended(future, "value")
    assert not future.done()
    future.resume()
    assert future.result(SOON) == 2


def test_a_failure_while_paused_waits_for_its_handler(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def fails() -> None:
        gate.stand()
        raise ValueError("x")

    future = fails.send().exceptionally(heal).submit()
    gate.reached()
    future.pause()
    gate.open()
    eventually(lambda: named(future, "fails")[0].state == "failed")
    assert not future.done()
    future.resume()
    assert future.result(SOON) == "healed ValueError(x)"


def test_a_paused_pipeline_can_be_cancelled_and_its_finaliser_runs(lab: Lab) -> None:
    door = Door()
    future = door.task.send(1).continue_with(double).finally_do(silent).submit()
    door.gate.reached()
    future.pause()
    door.gate.open()
    eventually(lambda: ended(future, "door"))
    assert future.cancel()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    assert future.run.wait(SOON)
    assert states(future)["silent"] == "succeeded"
    assert states(future)["double"] in ("skipped", "cancelled")


def test_decided_pause_here_pauses_the_whole_pipeline_behind_the_entry(lab: Lab) -> None:
    door = Door()
    first = value.send(1).pause_here().continue_with(double)
    second = door.task.send(5).continue_with(add, 1)
    future = fl.in_parallel([first, second]).submit()
    door.gate.reached()
    eventually(lambda: future.run.snapshot().tasks[future.id].reason == "paused")
    assert states(future)["double"] in ("planned", "waiting")
    door.gate.open()
    eventually(lambda: ended(future, "door"))
    assert states(future)["add"] in ("planned", "waiting")
    future.resume()
    assert future.result(SOON) == [2, 6]


def test_pause_here_behind_a_group_lets_its_branches_end(everywhere: Lab) -> None:
    """Other branches keep running, the entry after the group does not start."""
    future = (
        fl.in_parallel([value.send(1), value.send(2).continue_with(double)]).pause_here().continue_with(rep).submit()
    )
    eventually(lambda: future.run.snapshot().tasks[future.id].reason == "paused")
    assert ended(future, "double")
    assert not future.done()
    future.resume()
    assert future.result(SOON) == "rep([1, 4])"


def test_pause_here_twice_needs_two_resumes(everywhere: Lab) -> None:
    future = value.send(1).pause_here().continue_with(double).pause_here().continue_with(double).submit()
    for names in (["value"], ["value", "double"]):
        eventually(lambda: future.run.snapshot().tasks[future.id].reason == "paused")
        assert [n for n in ("value", "double") if ended(future, n)] == names
        assert not future.done()
        future.resume()
    assert future.result(SOON) == 4


def test_pausing_and_resuming_what_has_ended_does_nothing(everywhere: Lab) -> None:
    future = value.send(1).submit()
    assert future.result(SOON) == 1
    assert not future.pause()
    assert not future.resume()
    assert future.result(SOON) == 1


def test_cancelling_before_anything_ran(lab: Lab) -> None:
    later = fl.task(delay=3600, name="later")(lambda: None)
    future = later.send().continue_with(double).finally_do(silent).submit()
    assert future.cancel()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    assert future.run.wait(SOON)
    assert states(future)["later"] == "cancelled"
    assert states(future)["double"] in ("skipped", "cancelled")
    assert states(future)["silent"] == "succeeded"


def test_cancelling_what_has_ended_does_nothing(everywhere: Lab) -> None:
    future = value.send(1).submit()
    assert future.result(SOON) == 1
    assert future.cancel() is False
    assert future.result() == 1


def test_a_running_coroutine_gets_cancelled_error(lab: Lab) -> None:
    inside, got = Gate(), []

    @fl.task
    async def waits() -> None:
        inside._reached.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            got.append("cancelled")
            raise

    future = fl.in_parallel([waits.send().exceptionally(heal), value.send(1)]).continue_with(rep).submit()
    inside.reached()
    assert future.cancel()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    assert future.run.wait(SOON)
    assert got == ["cancelled"]


def test_a_running_thread_sees_that_it_is_cancelled(lab: Lab) -> None:
    gate, seen = Gate(), []

    @fl.task
    def stands() -> None:
        gate.stand()
        seen.append(fl.current().cancelled)

    future = fl.in_parallel([stands.send()]).submit()
    gate.reached()
    future.cancel()
    gate.open()
    assert future.run.wait(SOON)
    assert seen == [True]


@pytest.mark.parametrize("returned", [None, 5, ({"a": 1}, 2)], ids=repr)
def test_a_cancelled_body_with_state_may_return_what_it_likes(lab: Lab, returned: object) -> None:
    """A body that sees that it is cancelled leaves early: its value is dropped, and its worker goes on."""
    gate = Gate()

    @fl.task(with_state=True)
    def leaves(state: object) -> object:
        gate.stand()
        return returned

    future = fl.in_parallel([leaves.send()]).submit()
    gate.reached()
    future.cancel()
    gate.open()
    assert future.run.wait(SOON)
    assert states(future)["leaves"] == "cancelled"
    assert not lab.engine.unfinished()


def test_cancel_reaches_nested_groups_and_what_bodies_submitted(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def child() -> None:
        gate.stand()
        fl.current().check()

    @fl.task
    def parent() -> None:
        child.submit().result()

    inner = fl.in_parallel([parent.send().continue_with(rep)]).continue_with(rep)
    future = fl.in_parallel([inner]).continue_with(rep).submit()
    gate.reached()
    assert future.cancel()
    gate.open()
    assert future.run.wait(SOON)
    found = states(future)
    assert (found["child"], found["parent"]) == ("cancelled", "cancelled")
    assert found["rep"] in ("skipped", "cancelled")
    assert not lab.engine.unfinished()


def test_a_finaliser_that_raises_on_cancel_replaces_the_outcome(lab: Lab) -> None:
    door = Door()

    @fl.task
    def cleanup() -> None:
        raise ValueError("no soap")

    future = door.task.send().finally_do(cleanup).submit()
    door.gate.reached()
    future.cancel()
    door.gate.open()
    with pytest.raises((ValueError, TaskCancelled)) as caught:
        future.result(SOON)
    assert future.run.wait(SOON)
    assert states(future)["cleanup"] == "failed"
    if isinstance(caught.value, ValueError):
        assert isinstance(caught.value.__context__, TaskCancelled)


def test_the_finaliser_of_a_cancelled_pipeline_gets_only_its_own_arguments(lab: Lab) -> None:
    """The original passes an empty list before them."""
    door, calls = Door(), []

    @fl.task
    def cleanup(*args: object) -> None:
        calls.append(args)

    future = door.task.send().finally_do(cleanup, "own").submit()
    door.gate.reached()
    future.cancel()
    door.gate.open()
    assert future.run.wait(SOON)
    assert calls == [("own",)]


def test_an_interrupted_wait_is_not_a_cancel(lab: Lab) -> None:
    door = Door()
    future = door.task.send(1).continue_with(double).submit()
    with pytest.raises(TimeoutError):
        future.result(0.01)
    door.gate.open()
    assert future.result(SOON) == 2


def test_cancelling_one_of_two_submissions_leaves_the_other(lab: Lab) -> None:
    door = Door()
    pipeline = door.task.send(1).continue_with(double)
    first, second = pipeline.submit(), pipeline.submit()
    eventually(lambda: door.calls == 2)
    first.cancel()
    door.gate.open()
    assert second.result(SOON) == 2
    assert first.cancelled()


def test_cancelling_the_run_cancels_the_pipeline(lab: Lab) -> None:
    door = Door()
    future = fl.in_parallel([door.task.send(), fail.send()], fail_fast=False).finally_do(silent).submit()
    door.gate.reached()
    assert future.run.cancel()
    door.gate.open()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    assert future.run.wait(SOON)
