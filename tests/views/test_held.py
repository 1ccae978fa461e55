"""A graph that grows keeps the order that its reader knows."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipyflow.model import records as r
from ipyflow.model.run import RunState, fold
from ipyflow.views.edges import DATA
from ipyflow.views.graph import Graph, plan
from ipyflow.views.held import Held, held_layers
from ipyflow.views.layout import layout
from ipyflow.views.routing import Lanes, Part
from tests.views.build import Log


def dag(seed: int, tasks: int, back: int) -> list[tuple[int, ...]]:
    """Of each task the one or two among the last few that it takes data from."""
    dice = random.Random(seed)
    return [
        tuple(sorted(dice.sample(range(max(1, i - back + 1), i + 1), min(i, dice.randint(1, 2))))) for i in range(tasks)
    ]


def grown(refs: list[tuple[int, ...]], step: int, *, known: bool) -> list[Graph]:
    """The drawings of a run that grows by so many tasks at a time, each with knowledge of the last or without."""
    state: RunState = fold([r.Opened(0.0, 1, "grows", "flow", 0.0)])
    drawn: list[Graph] = []
    for id_, takes in enumerate(refs, 1):
        fold([r.Submitted(id_ / 1000, id_, 0, f"task_{id_}", "", "threads", "", takes, None, None, None)], state)
        if id_ % step == 0:
            drawn.append(plan(state, 2000, before=drawn[-1] if known and drawn else None))
    return drawn


def swapped(drawn: list[Graph]) -> float:
    """The share of boxes above each other that have changed places from one drawing to the next."""
    pairs = swaps = 0
    for one, other in itertools.pairwise(drawn):
        at = {node.key: i for i, node in enumerate(other.collapsed.nodes)}
        columns: dict[int, list[tuple[int, str]]] = {}
        for i, node in enumerate(one.collapsed.nodes):
            columns.setdefault(one.drawing.x[i], []).append((one.drawing.y[i], node.key))
        for column in columns.values():
            for (_, upper), (_, lower) in itertools.pairwise(sorted(column)):
                a, b = at[upper], at[lower]
                pairs += 1
                swaps += other.drawing.x[a] == other.drawing.x[b] and other.drawing.y[a] > other.drawing.y[b]
    return swaps / pairs


@pytest.mark.parametrize("back", [12, 20])
def test_boxes_keep_their_order_while_the_run_grows(back: int) -> None:
    refs = dag(3, 120, back)
    assert swapped(grown(refs, 5, known=True)) < 0.01
    assert swapped(grown(refs, 5, known=False)) > 0.1, "of such a graph this says nothing"


def test_boxes_keep_their_columns_while_the_run_grows() -> None:
    drawn = grown(dag(5, 100, 20), 5, known=True)
    for one, other in itertools.pairwise(drawn):
        before, after = ({n.key: g.drawing.x[i] for i, n in enumerate(g.collapsed.nodes)} for g in (one, other))
        for a, b in itertools.combinations(before, 2):
            if before[a] < before[b]:
                assert after[a] < after[b]


def test_lines_of_a_grown_graph_cross_not_much_more_often_than_those_of_a_new_one() -> None:
    for seed in range(4):
        refs = dag(seed, 120, 12)
        last, new = (grown(refs, 5, known=known)[-1] for known in (True, False))
        assert crossed(last) < 2 * crossed(new)


def crossed(drawn: Graph) -> int:
    """How often lines cross: upright stretches of one with level ones of another."""
    level, upright = [], []
    for line in drawn.drawing.points:
        for (x0, y0), (x1, y1) in itertools.pairwise(line):
            if y0 == y1:
                level.append((min(x0, x1), max(x0, x1), y0))
            else:
                upright.append((x0, min(y0, y1), max(y0, y1)))
    return sum(left < x < right and top < y < foot for x, top, foot in upright for left, right, y in level)


def test_a_drawing_of_other_boxes_is_no_guide() -> None:
    state = fold([r.Opened(0.0, 1, "grows", "flow", 0.0)])
    for id_ in range(1, 9):
        fold([r.Submitted(0.0, id_, 0, f"task_{id_}", "", "threads", "", (), None, None, None)], state)
    other = plan(fold([r.Opened(0.0, 2, "other", "flow", 0.0)]))
    assert plan(state, before=other) == plan(state)


def test_what_comes_out_of_a_box_stands_where_that_stood() -> None:
    log = Log()
    source = log.task(0, "source")
    for name in ("upper", "lower"):
        for _ in range(8):
            log.task(1, name, refs=(source,))
    state = log.state()
    closed = plan(state)
    upper = next(node.key for node in closed.collapsed.nodes if node.name == "upper")
    opened = plan(state, open=[upper], before=closed)
    again = plan(state, before=opened)
    for drawn in (closed, opened, again):
        tops: dict[str, list[int]] = {"upper": [], "lower": []}
        for node, y in zip(drawn.collapsed.nodes, drawn.drawing.y, strict=True):
            if node.name in tops:
                tops[node.name].append(y)
        assert max(tops["upper"]) < min(tops["lower"])
    assert again.drawing == closed.drawing


@st.composite
def columns(draw: st.DrawFn) -> tuple[list[Part], list[tuple[int, int, str]], set[int]]:
    """Two columns with lines between them, and which boxes of the second are known."""
    first, second = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    parts = [Part(0, 9, 9)] * first + [Part(1, 9, 9)] * second
    ends = st.tuples(st.integers(0, first - 1), st.integers(first, first + second - 1))
    steps = sorted({(a, b, DATA) for a, b in draw(st.lists(ends, max_size=12))})
    return parts, steps, draw(st.sets(st.integers(first, first + second - 1)))


@given(columns(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_what_is_known_keeps_its_order_and_one_new_box_goes_where_it_crosses_least(
    made: tuple[list[Part], list[tuple[int, int, str]], set[int]], dice: random.Random
) -> None:
    parts, steps, known = made
    heights = {i: dice.random() for i in known}
    firsts = {i: float(i) for i, part in enumerate(parts) if part.column == 0}
    layer = held_layers(parts, Lanes(), steps, Held({**firsts, **heights}))[1]
    assert [i for i in layer if i in known] == sorted(known, key=lambda i: (heights[i], i))
    assert sorted(layer) == [i for i, part in enumerate(parts) if part.column == 1]
    new = [i for i in layer if i not in known]
    if len(new) == 1:
        rest = [i for i in layer if i in known]
        ways = [[*rest[:k], new[0], *rest[k:]] for k in range(len(rest) + 1)]
        assert counted(layer, steps) == min(counted(way, steps) for way in ways)


def counted(layer: list[int], steps: list[tuple[int, int, str]]) -> int:
    at = {i: k for k, i in enumerate(layer)}
    return sum(a < c and at[b] > at[d] for a, b, _ in steps for c, d, _ in steps)


def test_known_heights_decide_over_the_order_of_submission() -> None:
    sizes = [(100, 44)] * 3
    drawn = layout(sizes, [(0, 2, DATA), (1, 2, DATA)], held=Held({0: 300.0, 1: 20.0}))
    assert drawn.y[1] < drawn.y[0]
