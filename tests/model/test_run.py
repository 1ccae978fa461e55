"""The fold: what records come to, and which cannot follow which."""

import pytest

from ipyflow.model import records as r
from ipyflow.model.run import InvalidRecord, RunState, check_invariants, fold
from ipyflow.model.status import (
    FAILURE_STATES,
    FINAL_STATES,
    REFRESHABLE_STATES,
    RESTARTABLE_STATES,
    TRANSITIONS,
    State,
)

OPENED = r.Opened(0.0, 1, "run", "flow", 1000.0)


def submitted(task: int, parent: int = 0, time: float = 0.0) -> r.Submitted:
    return r.Submitted(time, task, parent, f"t{task}", "m", "threads", "", (), None, None, None)


def finished(task: int, state: str = "succeeded", time: float = 2.0) -> r.Finished:
    return r.Finished(time, task, state, "int", "1", None)


def test_every_state_has_its_row_in_the_table() -> None:
    assert set(TRANSITIONS) == set(State)
    for state, following in TRANSITIONS.items():
        if state in FINAL_STATES:
            # Out of these lead only the steps of a retry on request.
            again = {State.WAITING, State.QUEUED} if state in REFRESHABLE_STATES else set()
            assert following == (again or ({State.PLANNED} if state is State.SKIPPED else set()))
        else:
            assert following & FINAL_STATES, f"nothing ends a task that is {state}"
    assert FAILURE_STATES <= RESTARTABLE_STATES <= FINAL_STATES


def test_a_state_is_its_own_word() -> None:
    assert State.TIMED_OUT == "timed_out"
    assert f"{State.TIMED_OUT} {State.TIMED_OUT!s}" == "timed_out timed_out"


def test_a_task_goes_from_submitted_to_succeeded() -> None:
    records = [OPENED, submitted(1), r.Started(1.0, 1, "thread-1", 1), finished(1), r.Closed(3.0, "succeeded")]
    state = fold(records)
    task = state.tasks[1]
    assert (task.state, task.submitted, task.started, task.ended) == (State.SUCCEEDED, 0.0, 1.0, 2.0)
    assert [(s.time, s.state) for s in task.spans] == [(0.0, "queued"), (1.0, "running"), (2.0, "succeeded")]
    assert (state.state, state.closed, state.last, state.seq) == (State.SUCCEEDED, 3.0, 3.0, 5)
    check_invariants(state)


def test_folding_in_two_parts_is_folding_the_whole() -> None:
    records = [OPENED, submitted(1), r.Waiting(0.5, 1, "a limit", ()), r.Queued(0.7, 1), r.Started(1.0, 1, "w", 1),
               r.Output(1.1, 1, "stdout", "hi\n"), r.AttemptFailed(1.2, 1, 1, "E", "no", "tb"), r.Queued(1.3, 1),
               r.Started(1.4, 1, "w", 2), r.Progress(1.5, 1, 1, 2, ""), finished(1)]  # fmt: skip
    for cut in range(len(records) + 1):
        assert fold(records[cut:], fold(records[:cut])) == fold(records)
    assert [a.ended for a in fold(records).tasks[1].attempts] == [1.2, 2.0]


@pytest.mark.parametrize(
    "records",
    [
        [submitted(1), submitted(1)],
        [r.Started(1.0, 1, "w", 1)],
        [submitted(1), finished(1)],
        [submitted(1), r.Started(1.0, 1, "w", 1), finished(1), finished(1)],
        [submitted(1), r.Started(1.0, 1, "w", 1), r.Cancelling(1.5, 1, "asked"), finished(1)],
    ],
    ids=["submitted twice", "started before", "never ran", "ended twice", "cancelling, then a value"],
)
def test_what_cannot_follow_is_refused(records: list[r.Record]) -> None:
    with pytest.raises(InvalidRecord):
        fold([OPENED, *records])


def test_a_refusal_tells_the_tasks_story() -> None:
    with pytest.raises(InvalidRecord, match=r"succeeded -> running cannot happen\. t1#1: queued@0\.0+ -> running@1"):
        fold([OPENED, submitted(1), r.Started(1.0, 1, "w", 1), finished(1), r.Started(3.0, 1, "w", 2)])


def test_a_retry_opens_a_closed_run_again() -> None:
    state = fold([OPENED, submitted(1), r.Started(1.0, 1, "w", 1), finished(1, "failed"), r.Closed(3.0, "failed")])
    state.apply(r.Reset(4.0, 1, "asked"))
    assert (state.closed, state.state, state.tasks[1].state, state.tasks[1].ended) == (None, "running", "queued", None)
    check_invariants(state)


def test_invariants_find_what_is_wrong() -> None:
    def broken() -> RunState:
        return fold([OPENED, submitted(1), r.Started(1.0, 1, "w", 1), finished(1)])

    check_invariants(broken())
    state = broken()
    state.tasks[1].ended = None
    with pytest.raises(AssertionError, match="ended and state disagree"):
        check_invariants(state)
    state = broken()
    state.counts[State.FAILED] += 1
    with pytest.raises(AssertionError, match="counts"):
        check_invariants(state)
    state = fold([OPENED, submitted(1), r.Closed(3.0, "succeeded")])
    with pytest.raises(AssertionError, match="the run is closed but the task is not"):
        check_invariants(state)


def test_dropping_what_ended_keeps_its_counts() -> None:
    state = fold([OPENED, submitted(1), submitted(2), r.Started(1.0, 1, "w", 1), finished(1)])
    state.drop_ended()
    assert (list(state.tasks), state.forgotten, state.counts[State.SUCCEEDED]) == ([2], {"t1": 1}, 1)
    check_invariants(state)
