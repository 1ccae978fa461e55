from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipyflow.model import records as r
from ipyflow.model.run import RunState, fold
from ipyflow.model.status import State
from ipyflow.views.critical import critical_path
from ipyflow.views.critical_walk import critical_stretches
from ipyflow.views.payload import run_header
from tests.views.build import Flow, Log
from tests.views.golden import GOLDEN, load


def path(log: Log) -> list[int]:
    return critical_path(log.state())


def told(state: RunState) -> list[tuple[float, float, int]]:
    """The stretches in milliseconds since the run opened."""
    return [
        (round(1000 * (s.begin - state.opened), 3), round(1000 * (s.end - state.opened), 3), s.task)
        for s in critical_stretches(state)
    ]


def test_one_after_another_all_are_on_it_and_the_body_that_only_waits_is_not() -> None:
    assert critical_path(load("sequential")) == [2, 3, 4]


def test_of_two_at_once_the_longer_one_decides() -> None:
    assert critical_path(load("parallel")) == [2, 4]
    assert critical_path(load("waiting")) == [2, 4]


def diamond(left: float, right: float) -> Log:
    log = Log()
    flow = log.task(0, "diamond")
    log.start(0, flow)
    top = log.run(0, 0, 10, "top", flow)
    ids = []
    for name, length in (("left", left), ("right", right)):
        task = log.task(0, name, flow, refs=(top,))
        log.wait(0, task, on=(top,)).queue(10, task).start(10, task).done(10 + length, task)
        ids.append(task)
    end = 10 + max(left, right)
    foot = log.task(0, "foot", flow, refs=ids)
    log.wait(0, foot, on=ids).queue(end, foot).start(end, foot).done(end + 5, foot)
    log.block(0, flow, foot).unblock(end + 5, flow, foot).done(end + 5, flow).close(end + 5)
    return log


def test_a_diamond_is_as_long_as_its_longer_side() -> None:
    assert path(diamond(20, 30)) == [2, 4, 5]
    assert path(diamond(30, 20)) == [2, 3, 5]


def test_a_chain_is_on_it_whole() -> None:
    log = Log()
    ids: list[int] = []
    for i in range(20):
        task = log.task(0, "link", refs=ids[-1:])
        log.wait(0, task, on=ids[-1:]).queue(i, task).start(i, task).done(i + 1, task)
        ids.append(task)
    assert path(log.close(20)) == ids


def test_of_a_fan_out_the_slow_one_and_what_the_body_did_itself() -> None:
    log = Log()
    flow = log.task(0, "score_all")
    log.start(0, flow)
    ids = [log.run(20, 20, 90 if i == 7 else 40, "score", flow) for i in range(12)]
    log.block(20, flow, *ids).unblock(90, flow, *ids).done(100, flow).close(100)
    state = log.state()
    assert critical_path(state) == [flow, ids[7]]
    assert told(state) == [(0, 20, flow), (20, 90, ids[7]), (90, 100, flow)]


def test_waiting_for_a_worker_is_a_gap_and_names_nobody() -> None:
    log = Log()
    flow = log.task(0, "two")
    log.start(0, flow)
    first, second = log.run(0.5, 1, 50, "a", flow), log.run(0.5, 50, 80, "b", flow)
    log.block(0.5, flow, first, second).unblock(80, flow).done(80, flow).close(80)
    assert path(log) == [second]


def test_attempts_before_count_as_the_task_itself() -> None:
    log = Log()
    task = log.task(0, "fetch")
    log.start(0, task).add(r.AttemptFailed, 40, task, 1, "OSError", "down", "").queue(60, task)
    log.start(60, task, attempt=2).done(100, task).close(100)
    assert told(log.state()) == [(0, 40, task), (60, 100, task)]


def test_a_task_that_returned_a_future_ended_with_it() -> None:
    log = Log()
    outer = log.task(0, "outer")
    log.start(0, outer)
    inner = log.run(30, 30, 90, "inner", outer)
    log.add(r.Continued, 30, outer, inner).done(90, outer).close(90)
    assert path(log) == [outer, inner]


def test_what_a_failed_branch_has_cancelled_does_not_hide_it() -> None:
    log = Log()
    group = log.task(0, "in_parallel", role="group")
    log.wait(0, group, "its branches")
    bad, idle = log.task(0, "bad", group, branch=0), log.task(0, "idle", group, branch=1)
    log.start(0, bad).fail(50, bad).end(51, idle, "cancelled").fail(51, group).close(51, "failed")
    assert path(log) == [bad]


def test_a_body_that_only_waited_for_a_pipeline_is_left_out_too() -> None:
    log = Log()
    flow = log.task(0, "flow")
    log.start(0, flow)
    whole = log.pipeline("load", flow, at=0.1)
    load_ = log.run(0.1, 0.1, 99, "load", whole)
    log.block(0.1, flow, whole).done(99, whole).unblock(99, flow, whole).done(99.1, flow).close(99.1)
    assert path(log) == [load_]


def test_a_pipeline_goes_through_the_longest_branch_of_its_group() -> None:
    log = Log()
    whole = log.pipeline("load → in_parallel → total")
    load_ = log.run(0, 0, 10, "load", whole)
    group = log.task(10, "in_parallel", whole, role="group", refs=(load_,))
    log.wait(10, group, "its branches")
    ends = []
    for branch, length in enumerate((20, 60, 30)):
        first = log.run(10, 10, 10 + length / 2, "square", group, branch=branch, refs=(load_,))
        ends.append(log.run(10 + length / 2, 10 + length / 2, 10 + length, "half", group, branch=branch, refs=(first,)))
    log.done(70, group)
    total = log.run(70, 70, 90, "total", whole, refs=(group,))
    log.done(90, whole).close(90)
    assert path(log) == [load_, ends[1] - 1, ends[1], total]


def test_a_workflow_goes_by_its_events_and_a_join_by_the_last_that_came() -> None:
    log = Log()
    flow = Flow(log, "Ocr", ["StartEvent > split > Page > read > Text >> join > StopEvent"])
    start = flow.send(0, "StartEvent")
    split = flow.take(0, "split", start)
    early = flow.send(20, "Page", by=split)
    late = flow.send(40, "Page", by=split)
    log.done(41, split)
    texts, reads = [], []
    for page, begin, end in ((early, 20, 60), (late, 40, 90)):
        reads.append(flow.take(begin, "read", page))
        texts.append(flow.send(end, "Text", by=reads[-1]))
        log.done(end, reads[-1])
    join = flow.take(90, "join", *texts)
    flow.send(100, "StopEvent", by=join)
    flow.publish(100, "StopEvent", by=join)
    log.done(100, join).done(100.1, flow.task).close(100.1)
    assert path(log) == [split, reads[1], join]


def test_a_cell_that_waited_in_between_joins_its_tasks() -> None:
    log = Log("cell", kind="cell")
    first, long = log.run(0, 0, 40, "a"), log.run(0, 0, 45, "long")
    many = [log.run(50 + i / 10, 60, 60 + i, "b") for i in range(9)]
    assert path(log.close(70)) == [long, many[-1]]
    assert first not in path(log)


def test_a_cell_that_waits_for_each_of_many_has_them_all() -> None:
    log = Log("cell", kind="cell")
    ids = [log.run(i, i + 0.1, i + 0.9, "one") for i in range(300)]
    assert path(log.close(300)) == ids


def test_a_cell_that_submits_many_and_then_waits_has_the_last_alone() -> None:
    log = Log("cell", kind="cell")
    ids = [log.run(i / 100, i / 100 + 0.005, 20 + i, "one") for i in range(300)]
    assert path(log.close(320)) == ids[-1:]


def test_of_a_long_path_the_longest_tasks_stay_in_order() -> None:
    log = Log()
    ids: list[int] = []
    at = 0
    for i in range(30):
        task = log.task(at, "link", refs=ids[-1:])
        log.wait(at, task, on=ids[-1:]).queue(at, task)
        log.start(at, task).done(at := at + 1 + i % 3, task)
        ids.append(task)
    log.close(at)
    assert critical_path(log.state(), most=10) == ids[2::3]


def test_a_run_that_goes_on_has_none_and_its_header_says_so() -> None:
    assert run_header(load("running"))["critical"] == critical_path(load("running")) == []
    assert run_header(load("parallel"))["critical"] == [2, 4]


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_stretches_follow_each_other_and_their_tasks_ran_then(name: str) -> None:
    consistent(load(name))


def consistent(state: RunState) -> None:
    stretches = critical_stretches(state)
    assert all(a.end <= b.begin for a, b in pairwise(stretches))
    for stretch in stretches:
        assert stretch.begin < stretch.end
        spans = state.tasks[stretch.task].spans
        ran = [(a.time, b.time) for a, b in pairwise(spans) if a.state in (State.RUNNING, State.CANCELLING)]
        assert any(begin <= stretch.begin and stretch.end <= end for begin, end in ran)


# -- programs made at random, run by rule --

Act = tuple[str, int]
"""``("run", ms)``, ``("call", i)`` a child that takes the outcomes of some before it, ``("wait", i)`` for a child."""

acts = st.lists(st.tuples(st.sampled_from(("run", "call", "call", "wait")), st.integers(0, 30)), min_size=1, max_size=7)


class Machine:
    """Runs bodies as the engine does, with as many workers as needed, or few, and no overhead."""

    def __init__(self, script: list[list[Act]], workers: int) -> None:
        self.log = Log()
        self.script = script
        self.ends: dict[int, float] = {}
        self.free = [0.0] * workers
        self.log.close(self.body(0.0, 0, (), 0))
        if self.ends:
            self.log.records[-1] = r.Closed(1000 + max(self.ends.values()) / 1000, "succeeded")

    def body(self, at: float, parent: int, refs: tuple[int, ...], number: int) -> float:
        log = self.log
        task = log.task(at, f"body_{number}", parent, refs=refs)
        begin = max([at, *(self.ends[ref] for ref in refs)])
        if begin > at:
            log.wait(at, task, on=refs).queue(begin, task)
        if self.free:
            worker = self.free.index(min(self.free))
            begin = max(begin, self.free[worker])
        log.start(begin, task)
        now, children = begin, []
        for act, n in self.script[number % len(self.script)]:
            if act == "run":
                now += n
            elif act == "call" and len(self.ends) < 25 and parent < 4:
                took = tuple(self.ends)[-(n % 3) :] if n % 3 else ()
                children.append(log._next)
                self.body(now, task, took, number + n + 1)
            elif act == "wait" and children:
                child = children[n % len(children)]
                if self.ends[child] > now:
                    log.block(now, task, child)
                    now = self.ends[child]
                    log.unblock(now, task, child)
        log.done(now, task)
        self.ends[task] = now
        if self.free:
            self.free[worker] = now
        return now


@given(st.lists(acts, min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_where_nothing_else_holds_a_task_up_the_path_has_no_gap(script: list[list[Act]]) -> None:
    state = folded(Machine(script, 0).log)
    consistent(state)
    stretches = critical_stretches(state)
    covered = sum(s.end - s.begin for s in stretches)
    assert covered == pytest.approx((state.closed or 0) - state.opened, abs=1e-9)
    named = set(critical_path(state))
    faint = sum(s.end - s.begin for s in stretches if s.task not in named)
    assert faint <= 0.01 * covered + 1e-9


@given(st.lists(acts, min_size=1, max_size=6), st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_with_few_workers_the_gaps_are_time_in_which_a_task_was_queued(script: list[list[Act]], workers: int) -> None:
    state = folded(Machine(script, workers).log)
    consistent(state)
    stretches = critical_stretches(state)
    queued = [
        (a.time, b.time) for task in state.tasks.values() for a, b in pairwise(task.spans) if a.state is State.QUEUED
    ]
    for before, after in pairwise(stretches):
        if after.begin - before.end > 1e-6:
            middle = (before.end + after.begin) / 2
            assert any(begin <= middle <= end for begin, end in queued)


def folded(log: Log) -> RunState:
    records = sorted(enumerate(log.records), key=lambda pair: (pair[1].time, pair[0]))
    return fold(record for _, record in records)
