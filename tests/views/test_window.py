from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.views.lanes import lanes
from ipyflow.views.payload import row
from ipyflow.views.window import BINS_MOST, window
from tests.views.build import Log
from tests.views.golden import GOLDEN, fan_out, load

RAN, STOOD = (State.RUNNING, State.CANCELLING), (State.BLOCKED,)


def mean(state: RunState, name: str, states: tuple[State, ...], begin: float, end: float) -> float:
    """The average number of tasks of a name in some states, by adding up every overlap."""
    until = (state.closed or state.last) - state.opened
    out = 0.0
    for task in state.tasks.values():
        ends = [span.time - state.opened for span in task.spans[1:]] + [until]
        for span, over in zip(task.spans, ends, strict=True):
            if task.name == name and span.state in states:
                out += max(0.0, min(over, end) - max(span.time - state.opened, begin))
    return out / (end - begin)


@given(st.sampled_from(sorted(GOLDEN)), st.floats(0, 1), st.floats(0, 1), st.integers(1, 40))
@settings(max_examples=80, deadline=None)
def test_each_bin_has_the_mean_of_its_stretch_and_every_failure_is_in_one(
    name: str, one: float, two: float, bins: int
) -> None:
    state = load(name)
    length = (state.closed or state.last) - state.opened
    made = window(state, length * min(one, two), length * max(one, two), bins)
    begin, end = made["from"], made["to"]
    assert len({lane["name"] for lane in made["lanes"]}) == len({task.name for task in state.tasks.values()})
    if end - begin < 1e-4:  # times are rounded to a millionth
        return
    for lane in made["lanes"]:
        assert len(lane["bins"]) == bins
        wide = (end - begin) / bins
        for k, (ran, stood, _) in enumerate(lane["bins"]):
            at = begin + k * wide
            if wide > 1e-3:
                assert ran == pytest.approx(mean(state, lane["name"], RAN, at, at + wide), abs=0.02)
                assert stood == pytest.approx(mean(state, lane["name"], STOOD, at, at + wide), abs=0.02)
    whole = window(state, 0, length, bins)
    failed = sum(task.state in (State.FAILED, State.TIMED_OUT) for task in state.tasks.values())
    assert sum(cell[2] for lane in whole["lanes"] for cell in lane["bins"]) == failed


def test_its_lanes_are_those_of_the_payload() -> None:
    log = Log()
    for i in range(80):
        log.run(i, i + 0.1, i + 0.9, f"name_{i}", module="shop")
    state = log.state()
    named = [(lane["name"], lane["module"]) for lane in lanes(state)]
    assert [(lane["name"], lane["module"]) for lane in window(state, 0.01, 0.02)["lanes"]] == named
    assert named[-1] == ("(21 other names)", "")


def test_rows_are_those_that_were_there_and_those_that_waited_come_only_where_there_is_room() -> None:
    log = Log()
    ids = [log.task(0, "job") for _ in range(10)]
    for i, task in enumerate(ids):
        log.start(10 * i, task).done(10 * i + 9, task)
    state = log.close(100).state()
    made = window(state, 0.031, 0.045)
    assert [task["id"] for task in made["tasks"]] == ids[3:]
    assert made["waiting"] == 5
    assert made["tasks"][0] == row(state.tasks[ids[3]], state)
    few = window(state, 0.031, 0.045, most=3)
    assert ([task["id"] for task in few["tasks"]], few["waiting"]) == (ids[3:5], 5)
    assert window(state, 0.031, 0.045, most=1)["tasks"] is None
    assert window(state, 0.031, 0.045, most=1)["lanes"] == made["lanes"]


def test_what_is_planned_was_not_there_yet() -> None:
    log = Log()
    done = log.run(0, 1, 5, "load")
    log.plan(0, "save")
    state = log.state()
    assert [task["id"] for task in window(state, 0, 1)["tasks"]] == [done]


def test_a_container_is_there_while_it_lasts_and_a_task_that_never_began_when_it_ended() -> None:
    log = Log()
    group = log.task(0, "in_parallel", role="group")
    log.wait(0, group, "its branches")
    idle = log.task(0, "idle", group)
    log.end(50, idle, "cancelled").done(100, group).close(100)
    state = log.state()
    assert [task["id"] for task in window(state, 0.04, 0.06, most=2)["tasks"]] == [group, idle]
    assert [task["id"] for task in window(state, 0.01, 0.02, most=1)["tasks"]] == [group]


def test_whatever_is_asked_for_there_is_an_answer() -> None:
    state = fan_out(60).state()
    length = (state.closed or 0) - state.opened
    for begin, end, bins in ((-5, 1e9, 10**9), (1e9, 1e9 + 1, 3), (0.5, 0.1, 0), (0, 0, 1)):
        made = window(state, begin, end, bins)
        assert 0 <= made["from"] < made["to"] <= length + 1e-6
        assert 1 <= len(made["lanes"][0]["bins"]) <= BINS_MOST
