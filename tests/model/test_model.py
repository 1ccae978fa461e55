"""The table of states, the records, the fold, the log: plain values, no threads."""

import json
import random

import pytest

from ipyflow.engine import log as logs
from ipyflow.engine.log import CHUNK, Log
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

EXAMPLES = [
    r.Opened(0.0, 1, "run", "flow", 1.7e9),
    r.Submitted(1.0, 1, 0, "top", "m", "threads", "1, 'x'", (), None, None, None),
    r.Started(2.0, 1, "thread-1", 1),
    r.Submitted(3.0, 2, 1, "child", "m", "loop", "<top#1>", (1,), "group/inner", None, None),
    r.Waiting(3.5, 2, "arguments", (1, 7)),
    r.Blocked(4.0, 1, (2,)),
    r.Queued(5.0, 2),
    r.Started(6.0, 2, "loop", 1),
    r.Output(6.1, 2, "stdout", "line\n"),
    r.Progress(6.2, 2, 3, None, "steps"),
    r.AttemptFailed(7.0, 2, 1, "OSError", "flaky", "Traceback ..."),
    r.Queued(7.5, 2),
    r.Started(8.0, 2, "loop", 2),
    r.Noted(8.5, 2, "detached", "nobody means to read it"),
    r.Cancelling(9.0, 2, "cancelled"),
    r.Finished(10.0, 2, "cancelled", "TaskCancelled", "cancelled", None),
    r.Read(10.5, 2, 1),
    r.Unblocked(11.0, 1),
    r.Continued(12.0, 1, 2),
    r.Finished(13.0, 1, "failed", "DependencyError", "broken", "Traceback ..."),
    r.Closed(14.0, "failed"),
    r.Reset(15.0, 1, "retried"),
    r.Started(16.0, 1, "thread-2", 2),
    r.Finished(17.0, 1, "succeeded", "int", "42", None),
    r.Planned(17.5, 3, 0, "later", "m", "threads", "…, 2", (1,), None, "exceptionally", 4),
    r.Finished(17.6, 3, "skipped", "", "nothing failed", None),
    r.Submitted(17.70, 4, 0, "Flow", "m", "pipeline", "", (), None, "workflow", None),
    r.Waiting(17.70, 4, "its steps", ()),
    r.Routes(
        17.70,
        4,
        (("start", 4, ""), ("join", 1, "")),
        (("StartEvent", "start"), ("Part", ""), ("StopEvent", "stop")),
        (
            ("event:StartEvent", "step:start", ""),
            ("step:start", "event:Part", ""),
            ("event:Part", "step:join", "list"),
            ("step:join", "event:StopEvent", ""),
        ),
    ),
    r.EventSent(17.71, 4, 1, 0, "StartEvent", "", ("start",)),
    r.Submitted(17.72, 5, 4, "start", "m", "loop", "", (), None, "step", None),
    r.EventsTaken(17.72, 5, (1,)),
    r.Started(17.73, 5, "loop", 1),
    r.Blocked(17.74, 5, ()),
    r.EventAwaited(17.74, 5, "Answer", "for='ada'"),
    r.Unblocked(17.75, 5),
    r.EventPublished(17.75, 4, 5, "Progress", "done=1"),
    r.EventSent(17.76, 4, 2, 5, "Part", "n=0", ("join",)),
    r.EventHeld(17.76, 4, 2, "join", "", 1, (("Part", 1),)),
    r.EventSent(17.77, 4, 3, 5, "Part", "n=1", ("join",)),
    r.EventHeld(17.77, 4, 3, "join", "", 2, ()),
    r.EventSent(17.78, 4, 4, 5, "Lost", "", ()),
    r.JoinFilled(17.78, 4, "join", "", (2, 3)),
    r.Finished(17.79, 5, "succeeded", "NoneType", "None", None),
    r.Finished(17.80, 4, "succeeded", "NoneType", "None", None),
    r.Submitted(17.81, 6, 0, "approve", "m", "loop", "", (), None, None, None),
    r.Asked(17.81, 6, "Send it?", "to ada", "[]", ("Approve", "Dismiss")),
    r.Waiting(17.81, 6, "an answer", ()),
    r.Answered(17.82, 6, "page", "Approve", "True"),
    r.Queued(17.82, 6),
    r.Started(17.82, 6, "loop", 1),
    r.Finished(17.83, 6, "failed", "ValueError", "no", "Traceback"),
    r.Revised(17.84, 6, "def f(): 1/0", "def f(): 1"),
    r.Reset(17.84, 6, "retried"),
    r.Started(17.85, 6, "loop", 2),
    r.Finished(17.86, 6, "succeeded", "int", "1", None),
    r.Submitted(17.87, 7, 0, "load", "m", "threads", "'a'", (), None, None, None),
    r.Waiting(17.87, 7, "the cache", ()),
    r.Reused(17.88, 7, "cache", "a1b2c3-4", 9, 1.7e9),
    r.Finished(17.88, 7, "cached", "int", "1", None),
    r.Submitted(17.89, 8, 0, "poll", "m", "threads", "", (), None, None, None),
    r.Started(17.90, 8, "thread-1", 1),
    r.Recurred(17.91, 8, 1),
    r.Queued(17.92, 8),
    r.Started(17.93, 8, "thread-1", 2),
    r.Finished(17.94, 8, "succeeded", "int", "1", None),
    r.Closed(18.0, "succeeded"),
]


def test_every_kind_has_an_example() -> None:
    assert {type(record) for record in EXAMPLES} == set(r.KINDS)


# States


def test_a_state_is_its_own_word() -> None:
    assert State.FAILED == "failed"
    assert str(State.CANCELLING) == "cancelling"
    assert f"{State.QUEUED}" == "queued"


def test_every_state_is_in_the_table_and_says_what_it_means() -> None:
    assert set(TRANSITIONS) == set(State)


def test_final_states_are_left_by_a_retry_on_request_only() -> None:
    for state in FINAL_STATES:
        assert bool(TRANSITIONS[state]) == (state in REFRESHABLE_STATES or state is State.SKIPPED)
    assert FAILURE_STATES <= RESTARTABLE_STATES <= FINAL_STATES
    assert all(TRANSITIONS[state] <= {State.WAITING, State.QUEUED} for state in REFRESHABLE_STATES)


def test_every_state_can_be_reached_and_leads_to_an_end() -> None:
    reached = {State.PLANNED, State.QUEUED}
    while len(more := reached | {after for state in reached for after in TRANSITIONS[state]}) > len(reached):
        reached = more
    assert reached == set(State)


# Records


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda x: type(x).__name__)
def test_records_go_through_json_and_packed_form(record: r.Record) -> None:
    assert r.from_json(json.loads(json.dumps(r.to_json(record)))) == record
    assert r.unpack(r.pack(record)) == record
    assert type(r.unpack(r.pack(record))) is type(record)


def test_packed_plain_numbers_are_written_out() -> None:
    row = (r.SUBMITTED, 1.0, 1, 0, "f", "m", "threads", (1, 2.5, True, None), (), None, None, None)
    assert r.unpack(row).args == "1, 2.5, True, None"
    for value in (1, 2.5, True, None):
        assert r.unpack((r.FINISHED, 1.0, 1, "succeeded", None, value, None)) == r.Finished(
            1.0, 1, "succeeded", type(value).__name__, repr(value), None
        )


@pytest.mark.parametrize("row", [["Nothing", 1.0], ["Queued", 1.0], ["Queued", 1.0, 2, 3]])
def test_json_of_another_schema_is_refused(row: list) -> None:
    with pytest.raises(ValueError, match="schema"):
        r.from_json(row)


# The fold


def test_the_fold_of_the_examples() -> None:
    state = fold(EXAMPLES)
    check_invariants(state)
    top, child = state.tasks[1], state.tasks[2]
    assert (state.name, state.state, state.closed, state.seq) == ("run", "succeeded", 18.0, len(EXAMPLES))
    assert (top.state, top.text, top.started, top.ended, top.worker) == ("succeeded", "42", 2.0, 17.0, "thread-2")
    assert [a.number for a in top.attempts] == [1, 2]
    assert top.attempts[0].type == "DependencyError"
    assert (child.refs, child.group, child.parent, child.read_by) == ((1,), "group/inner", 1, [1])
    assert [a.type for a in child.attempts] == ["OSError", "TaskCancelled"]
    assert child.progress == (3, None, "steps")
    assert child.notes == [("detached", "nobody means to read it")]
    assert state.output == [(6.1, 2, "stdout", "line\n")]
    assert (state.counts[State.SUCCEEDED], state.counts[State.CANCELLED]) == (5, 1)
    asked = state.tasks[6].question
    assert asked is not None
    assert (asked.title, asked.answered, asked.by, asked.answer) == (
        "Send it?",
        17.82,
        "page",
        "True",
    )
    revisions = state.tasks[6].revisions
    assert revisions is not None
    assert [(one.attempt, one.after) for one in revisions] == [(2, "def f(): 1")]
    flow = state.workflows[4]
    assert (flow.sent, flow.unhandled) == ({"StartEvent": 1, "Part": 2, "Lost": 1}, [4])
    assert flow.went == {("event:StartEvent", "step:start"): 1, ("event:Part", "step:join"): 2}
    assert flow.given == {("step:start", "event:Part"): 2, ("step:start", "event:Lost"): 1}
    assert (flow.waiting["start"], flow.waiting["join"]) == (0, 1)
    assert [(join.events, join.filled) for join in flow.joins.values()] == [([], 1)]
    assert flow.published == [(17.75, 5, "Progress", "done=1")]
    assert (flow.awaited, state.tasks[5].takes, flow.events[1].taken_by) == ({}, (1,), [5])


@pytest.mark.parametrize("cut", range(len(EXAMPLES) + 1))
def test_folding_a_prefix_and_then_the_rest_is_folding_the_whole(cut: int) -> None:
    state = fold(EXAMPLES[:cut])
    check_invariants(state)
    assert fold(EXAMPLES[cut:], state) == fold(EXAMPLES)


def test_a_transition_outside_the_table_is_refused_with_the_tasks_story() -> None:
    state = fold(EXAMPLES[:3])
    state.apply(r.Finished(4.0, 1, "succeeded", "int", "1", None))
    with pytest.raises(InvalidRecord, match=r"succeeded -> running cannot happen\. top#1: queued@1\.0+ -> running@2"):
        state.apply(r.Started(5.0, 1, "thread-1", 2))


def test_a_task_submitted_twice_or_not_at_all_is_refused() -> None:
    state = fold(EXAMPLES[:2])
    with pytest.raises(InvalidRecord, match="twice"):
        state.apply(EXAMPLES[1])
    with pytest.raises(InvalidRecord, match="before it was submitted"):
        state.apply(r.Queued(1.0, 99))


def test_reading_a_task_of_another_run_is_no_error() -> None:
    assert fold([EXAMPLES[0], r.Read(1.0, 99, 1)]).tasks == {}


def test_a_task_submitted_after_the_end_opens_the_run_again() -> None:
    state = fold(
        [
            EXAMPLES[0],
            r.Closed(1.0, "succeeded"),
            r.Submitted(2.0, 1, 0, "late", "m", "threads", "", (), None, None, None),
        ]
    )
    assert (state.closed, state.state) == (None, "running")
    check_invariants(state)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s: s.counts.update({State.RUNNING: 1}),
        lambda s: setattr(s.tasks[1], "state", State.RUNNING),
        lambda s: setattr(s.tasks[1], "ended", None),
        lambda s: setattr(s.tasks[2], "parent", 9),
        lambda s: setattr(s, "closed", 1.0),
        lambda s: s.tasks[1].spans.reverse(),
    ],
)
def test_invariants_that_are_broken_are_found(spoil: object) -> None:
    state = fold(EXAMPLES)
    spoil(state)
    with pytest.raises(AssertionError):
        check_invariants(state)


# The log


def test_a_planned_task_is_submitted_under_its_number_and_its_story_begins_then() -> None:
    plan = r.Planned(1.0, 1, 0, "later", "m", "threads", "…, 2", (), None, None, 4)
    state = fold([EXAMPLES[0], plan])
    assert state.tasks[1].state == "planned"
    check_invariants(state)
    fold(
        [
            r.Waiting(2.0, 1, "branch slot", ()),
            r.Submitted(3.0, 1, 0, "later", "m", "threads", "1, 2", (), None, None, 4),
        ],
        state,
    )
    task = state.tasks[1]
    assert (task.state, task.args, task.submitted, [s.state for s in task.spans]) == (
        "queued", "1, 2", 2.0, ["waiting", "queued"],
    )  # fmt: skip
    check_invariants(state)
    with pytest.raises(InvalidRecord, match="twice"):
        state.apply(r.Submitted(3.0, 1, 0, "later", "m", "threads", "1, 2", (), None, None, 4))


def test_a_skipped_task_may_be_planned_again() -> None:
    plan = r.Planned(1.0, 1, 0, "later", "m", "threads", "", (), None, None, None)
    state = fold([EXAMPLES[0], plan, r.Finished(2.0, 1, "skipped", "", "something failed", None)])
    assert (state.tasks[1].state, state.tasks[1].text) == ("skipped", "something failed")
    check_invariants(state)
    state.apply(plan._replace(time=3.0))
    assert (state.tasks[1].state, state.tasks[1].text, state.tasks[1].ended) == ("planned", "", None)
    check_invariants(state)


def records(n: int) -> list[r.Record]:
    out: list[r.Record] = [r.Opened(0.0, 1, "run", "script", 1.7e9)]
    for i in range(1, n + 1):
        out += [
            r.Submitted(float(i), i, 0, f"f{i % 3}", "m", "threads", str(i), (), None, None, None),
            r.Started(i + 0.1, i, "thread-1", 1),
            r.Finished(i + 0.2, i, "failed" if i % 1000 == 0 else "succeeded", "int", str(i), None),
        ]
    return out


def test_a_log_gives_back_what_was_appended_also_when_packed() -> None:
    log, given = Log(), records(4000)
    for record in given:
        log.append(record)
    assert log.read() == (len(given), given)
    while log.seal(0):
        pass
    assert len(log) == len(given)
    assert log.read() == (len(given), given)
    rng = random.Random(1)
    for since in [
        0,
        1,
        CHUNK - 1,
        CHUNK,
        CHUNK + 1,
        len(given) - 1,
        len(given),
        *(rng.randrange(len(given)) for _ in range(10)),
    ]:
        assert log.read(since) == (len(given), given[since:])
    assert log.state() == fold(given)


def test_a_log_with_a_limit_forgets_but_keeps_the_counts() -> None:
    log, given = Log(limit=CHUNK), records(20_000)
    for i, record in enumerate(given):
        log.append(record)
        if i % 1024 == 0:
            log.tidy()
    assert log.forgotten > 0
    assert len(log) == len(given)
    at, kept = log.read()
    assert at == len(given)
    assert kept == given[log.forgotten :]
    state = log.state()
    check_invariants(state)
    whole = fold(given)
    assert state.counts == whole.counts
    assert len(state.tasks) + sum(state.forgotten.values()) == 20_000
    assert sum(1 for t in state.tasks.values() if t.state is State.FAILED) == 20
    assert (state.seq, state.last) == (whole.seq, whole.last)


def test_a_reader_that_comes_back_after_its_place_was_forgotten_gets_what_is_left() -> None:
    log, given = Log(limit=CHUNK), records(20_000)
    for i, record in enumerate(given):
        log.append(record)
        if i % 1024 == 0:
            log.tidy()
    at, kept = log.read(5)
    assert at == len(given)
    assert len(kept) == len(given) - log.forgotten


def test_the_fold_alone_forgets_what_succeeded() -> None:
    state: RunState = fold(records(50))
    state.drop_ended()
    assert state.tasks == {}
    assert sum(state.forgotten.values()) == 50
    check_invariants(state)


def test_the_names_of_the_module_are_as_documented() -> None:
    assert logs.CHUNK == CHUNK == 4096
