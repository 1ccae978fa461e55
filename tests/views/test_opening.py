"""Nodes of the graph that a reader opens and folds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipyflow.model.run import RunState
from ipyflow.views.collapse import Collapsed, collapse
from ipyflow.views.edges import CHILD, edges
from ipyflow.views.graph import graph, plan
from ipyflow.views.live import LiveView
from ipyflow.views.opening import STEP, Node
from tests.views.build import Log
from tests.views.golden import fan_out, load


def opened(state: RunState, *keys: str, before: Collapsed | None = None, most: int = 300) -> Collapsed:
    return collapse(state, edges(state), most, open=keys, before=before)


def node(collapsed: Collapsed, key: str) -> Node:
    return next(node for node in collapsed.nodes if node.key == key)


def keys(collapsed: Collapsed) -> list[str]:
    return [node.key for node in collapsed.nodes]


def flat(count: int, name: str = "leaf") -> Log:
    """A flow with so many equal children, whose outcomes it reads."""
    log = Log()
    flow = log.task(0, "flow")
    log.start(0, flow)
    for i in range(count):
        log.task(1 + i, name, flow)
    return log


def nested(outer: int, inner: int) -> Log:
    """A flow, some mappers below it, and below each of these some leaves."""
    log = Log()
    flow = log.task(0, "flow")
    log.start(0, flow)
    for i in range(outer):
        mapper = log.task(1, f"mapper_{i}" if outer < 5 else "mapper", flow)
        log.start(1, mapper)
        for _ in range(inner):
            log.task(2, "leaf", mapper)
    return log


def test_an_open_node_is_drawn_task_by_task() -> None:
    drawn = opened(flat(40).state(), "2+")
    assert keys(drawn) == ["1", *(str(i) for i in range(2, 42))]
    assert {node.closes for node in drawn.nodes[1:]} == {"2+"}
    assert {(a, b, kind, n) for (a, b, kind), n in drawn.links.items()} == {(i, 0, CHILD, 1) for i in range(1, 41)}


def test_of_very_many_the_first_are_drawn_and_the_rest_in_steps() -> None:
    state = flat(400).state()
    one = opened(state, "2+")
    assert len(one.nodes) == 1 + STEP + 1
    rest = one.nodes[-1]
    assert (rest.key, rest.rest, rest.opens, rest.closes, len(rest.tasks)) == ("2+/1", True, "2+/1", "2+", 340)
    two = opened(state, "2+", "2+/1")
    assert [(n.key, len(n.tasks)) for n in two.nodes if n.rest] == [("2+/2", 280)]
    assert set(keys(one)) - set(keys(two)) == {"2+/1"}


def test_what_failed_and_what_runs_is_drawn_first() -> None:
    log = flat(400)
    for task in (301, 350):
        log.start(500, task).fail(501, task)
    for task in (222, 399):
        log.start(500, task)
    shown = keys(opened(log.state(), "2+"))
    assert {"301", "350", "222", "399"} <= set(shown)
    assert shown[1:-1] == sorted(shown[1:-1], key=int)
    assert len(shown) == 1 + STEP + 1


def test_a_rest_of_few_is_drawn_too() -> None:
    assert not any(n.rest for n in opened(flat(STEP + 4).state(), "2+").nodes)
    assert any(n.rest for n in opened(flat(STEP + 5).state(), "2+").nodes)


def test_those_that_are_drawn_stay_while_others_begin_to_run() -> None:
    log = flat(400)
    for task in range(100, 130):
        log.start(500, task)
    before = opened(log.state(), "2+")
    for task in range(100, 130):
        log.done(600, task)
    for task in range(200, 240):
        log.start(700, task)
    log.start(701, 390).fail(702, 390)
    after = opened(log.state(), "2+", before=before)
    assert set(keys(after)) - set(keys(before)) == {"390"}


def test_the_parts_of_an_open_node_that_comes_apart_stay_open() -> None:
    log = flat(20)
    before = opened(log.state(), "2+")
    log.task(100, "first_half", 1, refs=range(2, 12))
    after = opened(log.state(), "2+", before=before)
    assert [len(node.tasks) for node in after.nodes] == [1] * 22
    closed = opened(log.state(), before=after)
    assert sorted(len(node.tasks) for node in closed.nodes) == [1, 1, 10, 10]


def test_children_of_an_open_node_are_told_apart_by_their_parents() -> None:
    state = nested(8, 30).state()
    assert sorted(len(n.tasks) for n in opened(state).nodes) == [1, 8, 240]
    drawn = opened(state, "2+")
    leaves = [n for n in drawn.nodes if n.name == "leaf"]
    assert [len(n.tasks) for n in leaves] == [30] * 8
    assert leaves[0].key == "2/3+"
    assert sorted(drawn.links.values()) == [1] * 8 + [30] * 8
    assert [n.key for n in opened(state, "2+", "2/3+").nodes].count("2/3+") == 0


def test_what_is_below_a_node_is_folded_into_it() -> None:
    state = nested(3, 30).state()
    drawn = opened(state, "2-")
    folded = node(drawn, "2")
    assert (folded.tasks, folded.inside, folded.opens, folded.closes) == ([2], list(range(3, 33)), "2-", "")
    assert [n.closes for n in drawn.nodes if n.name.startswith("mapper")] == ["", "33-", "64-"]
    assert len(opened(state, "1-").nodes) == 1


def test_a_stack_with_what_is_below_it_is_folded() -> None:
    state = nested(8, 30).state()
    drawn = opened(state, "2+-")
    folded = node(drawn, "2+")
    assert (len(folded.tasks), len(folded.inside), folded.opens) == (8, 240, "2+-")
    made = graph(state, plan(state, open=["2+-"]), handles=True)
    assert made["open"] == ["2+-"]
    box = made["nodes"][1]
    assert (box["count"], box["inside"], box["below"], box["opens"]) == (8, 240, {"queued": 240}, "2+-")


def test_a_pipeline_is_folded_with_its_groups() -> None:
    state = load("pipeline")
    first = next(id_ for id_, task in state.tasks.items() if task.role == "pipeline")
    drawn = opened(state, f"{first}-")
    assert len(drawn.nodes) < len(opened(state).nodes)
    made = graph(state, plan(state, open=[f"{first}-"]))
    assert "opens" not in made["nodes"][0]
    assert "open" not in made
    box = next(one for one in made["nodes"] if one["key"] == str(first))
    assert box["below"] == next(one for one in graph(state)["nodes"] if one["key"] == str(first))["below"]


def test_a_coarse_node_of_different_tasks_can_be_opened() -> None:
    log = Log()
    before: list[int] = []
    for i in range(300):
        before = [log.task(i, f"step_{i % 60}", refs=before)]
    state = log.state()
    coarse = opened(state, most=5)
    key = next(n.key for n in coarse.nodes if n.name == "(other tasks)")
    drawn = opened(state, key, most=5)
    assert len(drawn.nodes) == 4 + STEP + 1


def test_keys_of_nothing_change_nothing() -> None:
    state = load("fan_out")
    assert opened(state, "99+", "1-x", "", "+", "7+/3") == opened(state)


@pytest.mark.parametrize("width", [70, 400])
def test_keys_stay_while_the_run_grows(width: int) -> None:
    few, many = opened(flat(width).state(), "2+"), opened(flat(width + 1000).state(), "2+")
    assert keys(few) == keys(many)[: len(few.nodes)]


# -- for any run, and whatever is open --


@st.composite
def runs(draw: st.DrawFn) -> Log:
    log = Log()
    groups = 0
    for task in range(1, draw(st.integers(1, 60)) + 1):
        parent = draw(st.integers(0, min(task - 1, 6)))
        refs = draw(st.lists(st.integers(max(1, task - 8), task - 1), max_size=2)) if task > 1 else []
        role = draw(st.sampled_from([None, None, None, "group"]))
        groups += role is not None
        log.task(task, draw(st.sampled_from(["load", "work", "save"])), parent, refs=sorted(set(refs)), role=role)
        if draw(st.integers(0, 9)) == 0:
            log.fail(task + 0.5, task)
    return log


def handles(collapsed: Collapsed) -> list[str]:
    return sorted({key for node in collapsed.nodes for key in (node.opens, node.closes) if key})


def check(state: RunState, drawn: Collapsed) -> None:
    held = sorted(task for node in drawn.nodes for task in (*node.tasks, *node.inside))
    assert held == sorted(state.tasks), "each task is in one node"
    assert len(set(keys(drawn))) == len(drawn.nodes)
    for i, one in enumerate(drawn.nodes):
        assert {drawn.node_of[task] for task in (*one.tasks, *one.inside)} == {i}
    wanted: dict[tuple[int, int, str], int] = {}
    for a, b, kind in edges(state):
        ends = drawn.node_of[a], drawn.node_of[b]
        if ends[0] != ends[1]:
            wanted[*ends, kind] = wanted.get((*ends, kind), 0) + 1
    for link, number in drawn.links.items():
        assert wanted.pop(link) == number
    for a, b, kind in wanted:  # only a dashed line is left out, beside one with data
        assert kind == CHILD
        assert any((*ends, "data") in drawn.links for ends in ((a, b), (b, a)))


@given(runs(), st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_is_open_each_task_is_in_one_node_and_lines_are_those_of_tasks(log: Log, data: st.DataObject) -> None:
    state = log.state()
    few, most = data.draw(st.sampled_from([2, 5])), data.draw(st.sampled_from([3, 300]))
    whole = collapse(state, edges(state), most, few)
    drawn, chosen = whole, []
    check(state, drawn)
    for _ in range(data.draw(st.integers(0, 4))):
        if not handles(drawn):
            break
        key = data.draw(st.sampled_from(handles(drawn)))
        chosen = toggled(chosen, key)
        drawn = collapse(state, edges(state), most, few, open=chosen, before=drawn)
        check(state, drawn)
    assert collapse(state, edges(state), most, few, before=drawn) == whole


def toggled(chosen: Iterable[str], key: str) -> list[str]:
    """What a page does with the key of a handle."""
    chosen = list(chosen)
    if key not in chosen:
        return [*chosen, key]
    return [one for one in chosen if one != key and not one.startswith(f"{key}/")]


@given(runs(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_handle_does_what_it_says(log: Log, data: st.DataObject) -> None:
    state = log.state()
    drawn = collapse(state, edges(state))
    some = [one for one in drawn.nodes if one.opens or one.closes]
    if not some:
        return
    one = data.draw(st.sampled_from(some))
    after = opened(state, one.opens or one.closes, before=drawn)
    if one.opens:
        assert len(after.nodes) > len(drawn.nodes)
        assert any(n.closes == one.opens for n in after.nodes)
    else:
        assert len(after.nodes) < len(drawn.nodes)
        assert node(after, one.key).opens == one.closes


# -- on a page --


def boxes(message: dict[str, Any]) -> list[str]:
    return [box["key"] for box in message["graph"]["nodes"]]


def test_a_page_opens_and_closes_a_node() -> None:
    log = fan_out(400, 8)
    state = log.state()
    view = LiveView()
    first = view.snapshot(state, 1)["payload"]["graph"]
    stack = next(box for box in first["nodes"] if box["count"] > 1)
    assert (stack["opens"], first["open"]) == (stack["key"], [])
    state.changed.clear()
    view.expand([stack["opens"]])
    assert view.behind
    message = view.message(state, [], 2)
    assert len(boxes(message)) == len(first["nodes"]) + STEP
    assert message["graph"]["open"] == [stack["key"]]
    assert not view.behind
    assert view.snapshot(state, 3)["payload"]["graph"] == message["graph"], "a page that is loaded again has it open"
    view.expand([])
    assert boxes(view.message(state, [], 4)) == [box["key"] for box in first["nodes"]]


def test_a_task_that_fails_unseen_is_drawn() -> None:
    log = flat(400)
    view = LiveView()
    view.expand(["2+"])
    view.snapshot(log.state(), 1)
    state = log.start(900, 377).fail(901, 377).state()
    message = view.message(state, [377], 2, now=state.last + 10)
    assert "377" in boxes(message)


def test_a_page_with_nothing_new_to_open_is_left_alone() -> None:
    state = flat(40).state()
    view = LiveView()
    view.snapshot(state, 1)
    view.expand([])
    assert not view.behind
    view.expand(["2+", 7, "2+"])  # type: ignore[list-item]
    assert view.message(state, [], 2)["graph"]["open"] == ["2+"]


def test_boxes_and_lines_say_what_of_them_is_critical() -> None:
    state = fan_out(400, 8).state()
    whole = plan(state)
    last = max(state.tasks)
    stack = next(i for i, n in enumerate(whole.collapsed.nodes) if len(n.tasks) > 1)
    member = whole.collapsed.nodes[stack].tasks[30]
    made = graph(state, whole, critical=[member, last])
    assert [box.get("critical", 0) for box in made["nodes"]].count(1) == 2
    assert made["nodes"][stack]["critical"] == 1
    assert [edge.get("critical", False) for edge in made["edges"]].count(True) == 1
