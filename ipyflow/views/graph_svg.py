"""The graph as a static picture: boxes from left to right the way data goes, on a dotted ground."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ipyflow.model.run import RunState
from ipyflow.views.box_svg import box
from ipyflow.views.edges import DATA
from ipyflow.views.flow_svg import flow_drawing
from ipyflow.views.graph import Graph, graph, plan
from ipyflow.views.svg import Drawing, canvas, patterns, pointed, stacked
from ipyflow.views.tallies import shown_flows
from ipyflow.views.words import instant, shown, total

MOST_NODES = 80
MOST_FLOWS = 4


def graph_svg(state: RunState, *, now: float | None = None, inline: bool = False, planned: Graph | None = None) -> str:
    """Draw the graph.

    Thick lines with an arrow carry data, thin dashed ones lead from a child to the task that submitted it. Equal
    siblings are one box with their number and a bar of their states.

    Args:
        state: the run.
        now: the engine's clock, for a run that goes on.
        inline: to stand in an HTML page, in the page's colours.
        planned: what :func:`ipyflow.views.graph.plan` gave for this run, where it is at hand.

    Example:
        >>> graph_svg(RunState())[:4]
        '<svg'
    """
    return graph_drawing(state, now=now, planned=planned).document(inline=inline)


def graph_drawing(state: RunState, *, now: float | None = None, planned: Graph | None = None) -> Drawing:
    """The same, to be put beside others."""
    view = graph(state, plan(state, MOST_NODES) if planned is None else planned)
    key = f"ipyflow{state.id}g"
    until = instant(state, now)
    body = _edges(view["edges"], key)
    body += "".join(box(state, node, until, key) for node in view["nodes"])
    words = f"Graph of {state.name}: {len(view['nodes']):,} boxes for {total(state):,} tasks"
    width, height = max(view["width"], 120), max(view["height"], 60)
    ground, defs = canvas(key, width, height)
    return Drawing(width, height, ground + body, patterns(key, body) + defs, words)


def pictures_svg(state: RunState, *, now: float | None = None) -> str:
    """Draw the workflows of a run, above the graph of its tasks; the graph alone where there are none.

    Args:
        state: the run.
        now: the engine's clock, for a run that goes on.
    """
    flows = shown_flows(state, MOST_FLOWS)
    tasks = graph_drawing(state, now=now)
    if not flows:
        return tasks.document()
    drawn = [(shown(state.tasks[flow.id].name, 60), flow_drawing(state, flow)) for flow in flows]
    return stacked([*drawn, ("Tasks", tasks)])


def _edges(edges: list[dict[str, Any]], key: str) -> str:
    """All lines; those that share a stretch are drawn there once, or dashes would fill each other's gaps."""
    thin = [edge["points"] for edge in edges if edge["kind"] != DATA]
    thick = [edge["points"] for edge in edges if edge["kind"] == DATA]
    out = ""
    if thin:
        look = 'stroke="currentColor" stroke-opacity=".6" stroke-dasharray="4 3"'
        out += f'<path d="{_merged(thin)}" fill="none" {look}/>'
    if thick:
        arrows = "".join(f'<path d="{pointed(line)}" marker-end="url(#{key}-arrow)"/>' for line in thick)
        out += f'<g fill="none" stroke="currentColor" stroke-width="2" opacity=".75">{arrows}</g>'
    return out


def _merged(lines: list[list[list[int]]]) -> str:
    stretches: dict[tuple[bool, int], list[tuple[int, int]]] = {}
    for line in lines:
        for (x0, y0), (x1, y1) in pairwise(line):
            flat = y0 == y1
            ends = sorted((x0, x1) if flat else (y0, y1))
            stretches.setdefault((flat, y0 if flat else x0), []).append((ends[0], ends[1]))
    path = ""
    for (flat, at), parts in sorted(stretches.items()):
        merged: list[list[int]] = []
        for low, high in sorted(parts):
            if merged and low <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], high)
            else:
                merged.append([low, high])
        path += "".join(f"M{low} {at}H{high}" if flat else f"M{at} {low}V{high}" for low, high in merged)
    return path
