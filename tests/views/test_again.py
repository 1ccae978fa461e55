"""Calls that another one took the place of, and tasks that recur: what the views say of them."""

import pytest

import ipyflow as fl
from ipyflow.model.run import RunState, TaskState, fold
from ipyflow.model.status import State
from ipyflow.testing import Lab
from ipyflow.views.again import stand_in
from ipyflow.views.detail import ATTEMPTS, detail
from ipyflow.views.workers import stretches


@pytest.fixture
def polled(inline: Lab) -> tuple[RunState, TaskState]:
    """A run with a task that gave None 2,999 times, with a pause of a second."""
    count = [0]

    @fl.task(recurrent=True, delay=1)
    def poll() -> str | None:
        count[0] += 1
        return "there" if count[0] == 3_000 else None

    future = poll.submit()
    inline.clock.advance(3_000)
    assert future.result() == "there"
    state = future.run.snapshot()
    return state, state.tasks[future.id]


def test_a_time_that_gave_none_has_not_failed(polled: tuple[RunState, TaskState]) -> None:
    state, task = polled
    assert not any(attempt.failed for attempt in task.attempts)
    assert {stretch.look for stretch in stretches(task, state.last)} == {State.SUCCEEDED}
    assert not any(stretch.failed for stretch in stretches(task, state.last))


def test_of_many_times_the_latest_are_told(polled: tuple[RunState, TaskState]) -> None:
    state, task = polled
    told = detail(state, task.id)["attempts"]
    assert [one["number"] for one in told] == list(range(3_001 - ATTEMPTS, 3_001))
    assert [one["type"] for one in told[-2:]] == ["NoneType", ""]


def test_a_log_is_replayed_to_the_same(inline: Lab) -> None:
    @fl.task(delay=1, defer=())
    def save(number: int) -> int:
        return number

    first, second, third = (save.submit(number) for number in range(3))
    state = fold(first.run.log)
    assert state.tasks[first.id].reason == "the newer call in its place"
    assert stand_in(state, state.tasks[first.id]) is state.tasks[third.id]
    assert stand_in(state, state.tasks[third.id]) is None
    inline.clock.advance(1)
    assert second.result() == 2
    state = fold(first.run.log)
    assert [task.state for task in state.tasks.values()] == ["succeeded"] * 3
    assert state == first.run.snapshot()


def test_one_that_returned_a_future_goes_on_as_that_and_was_not_replaced(inline: Lab) -> None:
    @fl.task(delay=1)
    def late() -> int:
        return 1

    @fl.flow
    def top() -> object:
        return late.submit()

    future = top.submit()
    state = future.run.snapshot()
    assert state.tasks[future.id].reason == "the future it returned"
    assert stand_in(state, state.tasks[future.id]) is None
    inline.clock.advance(1)
    assert "took its place" not in future.explain()
