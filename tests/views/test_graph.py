from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipyflow.views import layering
from ipyflow.views.collapse import Link, collapse
from ipyflow.views.edges import CHILD, DATA, edges
from ipyflow.views.graph import graph, plan
from ipyflow.views.layering import acyclic, columns
from ipyflow.views.layout import Layout, layout
from tests.views.build import Log
from tests.views.golden import GOLDEN, fan_out, load


def names(state_name: str) -> set[tuple[str, str, str]]:
    state = load(state_name)
    return {(state.tasks[a].name, state.tasks[b].name, kind) for a, b, kind in edges(state)}


def test_an_argument_is_an_edge_with_data_and_a_child_without_one_is_dashed() -> None:
    assert names("parallel") == {
        ("load_user", "create_order", DATA),
        ("load_product", "create_order", DATA),
        ("load_user", "process_order", CHILD),
        ("load_product", "process_order", CHILD),
        ("create_order", "process_order", DATA),
    }


def test_a_child_whose_outcome_its_parent_read_has_one_edge_with_data() -> None:
    assert names("sequential") == {
        ("load_user", "process_order", DATA),
        ("load_product", "process_order", DATA),
        ("create_order", "process_order", DATA),
    }


def test_a_returned_future_and_a_future_of_another_run() -> None:
    from ipyflow.model import records as r

    log = Log()
    outer = log.task(0, "outer")
    log.start(1, outer)
    inner = log.task(2, "inner", outer, refs=(77,))
    log.add(r.Continued, 3, outer, inner).read(4, inner, 0).read(4, inner, 99)
    assert edges(log.state()) == [(inner, outer, DATA)]


def test_a_child_that_was_given_its_parents_future_has_no_dashed_edge_and_makes_no_cycle() -> None:
    log = Log()
    parent = log.task(0, "parent")
    log.start(1, parent)
    child = log.task(2, "child", parent, refs=(parent,))
    log.read(3, child, parent)
    state = log.state()
    assert edges(state) == [(parent, child, DATA), (child, parent, DATA)]
    drawn = plan(state).drawing
    assert len({drawn.x[0], drawn.x[1]}) == 2


def test_equal_siblings_are_one_node_with_their_number() -> None:
    made = graph(load("fan_out"))
    score = next(node for node in made["nodes"] if node["name"] == "score")
    assert (len(made["nodes"]), score["count"], score["task"]) == (3, 50, None)
    assert score["counts"] == {"succeeded": 47, "failed": 3}
    assert score["tasks"][:3] == [13, 30, 47]
    assert {(e["kind"], e["count"]) for e in made["edges"]} == {("data", 50), ("child", 50), ("data", 1)}


def test_few_siblings_stay_apart() -> None:
    made = graph(load("nested"))
    assert len(made["nodes"]) == 16
    assert all(node["count"] == 1 for node in made["nodes"])


def test_a_fan_out_of_ten_thousand_is_three_nodes() -> None:
    state = fan_out(10_000, 64).state()
    collapsed = collapse(state, edges(state))
    assert sorted(len(node.tasks) for node in collapsed.nodes) == [1, 1, 10_000]


def test_siblings_with_different_neighbours_are_different_nodes() -> None:
    log = Log()
    flow = log.task(0, "flow")
    log.start(0, flow)
    loads = [log.task(1, "load", flow) for _ in range(20)]
    log.task(2, "first_half", flow, refs=loads[:10])
    log.task(2, "second_half", flow, refs=loads[10:])
    state = log.state()
    sizes = sorted(len(node.tasks) for node in collapse(state, edges(state)).nodes)
    assert sizes == [1, 1, 1, 10, 10]


def test_many_equal_flows_fold_with_their_children() -> None:
    log = Log()
    for i in range(30):
        flow = log.task(i, "flow")
        log.start(i, flow)
        a = log.task(i + 0.1, "load", flow)
        log.task(i + 0.2, "save", flow, refs=(a,))
    state = log.state()
    collapsed = collapse(state, edges(state))
    assert [(node.name, len(node.tasks)) for node in collapsed.nodes] == [("flow", 30), ("load", 30), ("save", 30)]


@pytest.mark.parametrize("most", [2, 5, 40])
def test_a_graph_that_does_not_fold_is_made_coarser_until_it_fits(most: int) -> None:
    log = Log()
    before: list[int] = []
    for i in range(300):
        before = [log.task(i, f"step_{i % 60}", refs=before)]
    state = log.state()
    collapsed = collapse(state, edges(state), most)
    assert len(collapsed.nodes) <= most
    assert sum(len(node.tasks) for node in collapsed.nodes) == 300
    check(layout([(100, 44)] * len(collapsed.nodes), list(collapsed.links)), list(collapsed.links))


def test_a_long_chain_of_one_name_folds_without_taking_long() -> None:
    log = Log()
    before: list[int] = []
    for i in range(20_000):
        before = [log.task(i, "step", refs=before)]
    state = log.state()
    assert [len(node.tasks) for node in collapse(state, edges(state)).nodes] == [20_000]


def test_the_key_of_a_node_stays_while_more_equal_tasks_join() -> None:
    few, many = (graph(fan_out(width).state()) for width in (20, 50))
    assert [node["key"] for node in few["nodes"]][:2] == [node["key"] for node in many["nodes"]][:2] == ["1", "2+"]


# -- layout --


def check(drawn: Layout, links: list[Link], width: int = 100, height: int = 44) -> None:
    boxes = list(zip(drawn.x, drawn.y, strict=True))
    for i, (x, y) in enumerate(boxes):
        assert 0 <= x <= drawn.width - width
        assert 0 <= y <= drawn.height - height
        for other_x, other_y in boxes[i + 1 :]:
            assert abs(x - other_x) >= width or abs(y - other_y) >= height, "boxes overlap"
    assert len(drawn.points) == len(links)
    for (a, b, _), line in zip(links, drawn.points, strict=True):
        assert len(line) >= 2
        ends = [line[0], line[-1]]
        if drawn.x[a] > drawn.x[b]:
            a, b = b, a
            ends.reverse()
        (x0, y0), (x1, y1) = ends
        assert x0 == drawn.x[a] + width
        assert x1 == drawn.x[b]
        assert drawn.y[a] <= y0 <= drawn.y[a] + height
        assert drawn.y[b] <= y1 <= drawn.y[b] + height
        for (ax, ay), (bx, by) in itertools.pairwise(line):
            assert (ax == bx) != (ay == by), "a stretch that is neither level nor upright"
            assert all(0 <= v <= drawn.width for v in (ax, bx))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[Link]]:
    count = draw(st.integers(1, 24))
    pairs = draw(
        st.lists(
            st.tuples(st.integers(0, count - 1), st.integers(0, count - 1), st.sampled_from([DATA, CHILD])),
            max_size=50, unique_by=lambda p: p[:2],
        )
    )  # fmt: skip
    return count, [(a, b, kind) for a, b, kind in pairs if a != b]


@given(graphs())
@settings(max_examples=200, deadline=None)
def test_boxes_never_overlap_and_lines_are_orthogonal_from_box_to_box(made: tuple[int, list[Link]]) -> None:
    count, links = made
    drawn = layout([(100, 44)] * count, links)
    check(drawn, links)
    assert drawn == layout([(100, 44)] * count, links)


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_cycles_are_broken(made: tuple[int, list[Link]]) -> None:
    count, links = made
    pairs = acyclic(count, links)
    column = columns(count, pairs)
    assert all(column[a] < column[b] for a, b in pairs)
    assert all({a, b} == {link[0], link[1]} for (a, b), link in zip(pairs, links, strict=True))


def test_data_goes_right_even_where_a_child_leads_back() -> None:
    links: list[Link] = [(0, 1, DATA), (1, 2, DATA), (2, 0, CHILD)]
    drawn = layout([(100, 44)] * 3, links)
    assert drawn.x[0] < drawn.x[1] < drawn.x[2]


def test_nothing_to_draw() -> None:
    assert layout([], []).points == []


@pytest.mark.parametrize("name", GOLDEN)
def test_equal_runs_give_equal_drawings(name: str) -> None:
    assert graph(load(name)) == graph(load(name))


def test_a_growing_graph_keeps_the_order_of_what_it_has() -> None:
    log = Log()
    flow = log.task(0, "flow")
    log.start(0, flow)
    before: dict[str, tuple[int, int]] = {}
    for i in range(12):
        load_ = log.task(i, f"load_{i}", flow)
        log.task(i + 0.1, f"work_{i}", flow, refs=(load_,))
        made = graph(log.state())
        at = {node["name"]: (node["x"], node["y"]) for node in made["nodes"]}
        for kind in ("load", "work"):
            ys = [at[f"{kind}_{k}"][1] for k in range(i + 1)]
            assert ys == sorted(ys)
        for name, (x, _) in before.items():
            assert at[name][0] == x or name == "flow"
        before = at


def test_order_is_kept_where_another_would_save_no_crossing() -> None:
    assert layering.order([[0, 1, 2], [3, 4]], [(0, 3), (1, 4), (2, 4)]) == [[0, 1, 2], [3, 4]]
    assert layering.order([[0, 1], [2, 3]], [(0, 3), (1, 2)]) in ([[0, 1], [3, 2]], [[1, 0], [2, 3]])


def test_crossings_are_counted() -> None:
    right = {0: [3, 4], 1: [2], 5: [2, 3, 4]}
    brute = sum(
        1
        for a in (0, 1, 5) for b in (0, 1, 5) if a < b
        for i in right[a] for j in right[b] if i > j
    )  # fmt: skip
    assert layering.crossings([[0, 1, 5], [2, 3, 4]], right) == brute == 5


def test_a_chain_is_straight_and_so_is_the_line_of_its_children() -> None:
    links: list[Link] = [(i, i + 1, DATA) for i in range(299)]
    links += [(i, 299, CHILD) for i in range(298)]
    drawn = layout([(100, 44)] * 300, links)
    assert len(set(drawn.y[1:])) == 1
    assert drawn.height < 150
    assert all(len(line) <= 6 for line in drawn.points)
    check(drawn, links)


def test_a_thousand_boxes_are_laid_out() -> None:
    links: list[Link] = [(i, 100 * (i // 100 + 1) + (i * 7) % 100, DATA) for i in range(900)]
    links += [(i, 100 * (i // 100 + 1) + (i * 13 + 5) % 100, DATA) for i in range(900) if i % 3]
    links = sorted({(a, b): (a, b, k) for a, b, k in links}.values())
    check(layout([(100, 44)] * 1000, links), links)
