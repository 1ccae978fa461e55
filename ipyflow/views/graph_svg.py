"""The graph as a static picture: boxes from left to right the way data goes, on a dotted ground."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ipyflow.model.run import RunState
from ipyflow.views.box_svg import box
from ipyflow.views.edges import DATA
from ipyflow.views.graph import Graph, graph, plan
from ipyflow.views.svg import document, num, patterns
from ipyflow.views.words import instant, total

MOST_NODES = 80


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
    view = graph(state, plan(state, MOST_NODES) if planned is None else planned)
    key = f"ipyflow{state.id}g"
    until = instant(state, now)
    body = _edges(view["edges"], key)
    body += "".join(box(state, node, until, key) for node in view["nodes"])
    words = f"Graph of {state.name}: {len(view['nodes']):,} boxes for {total(state):,} tasks"
    width, height = max(view["width"], 120), max(view["height"], 60)
    ground = f'<rect width="{width}" height="{height}" fill="url(#{key}-dots)"/>'
    return document(width, height, ground + body, words, defs=_defs(key, body), inline=inline)


def _defs(key: str, body: str) -> str:
    dots = (
        f'<pattern id="{key}-dots" width="12" height="12" patternUnits="userSpaceOnUse">'
        '<circle cx="2" cy="2" r=".8" fill="currentColor" fill-opacity=".16"/></pattern>'
    )
    arrow = (
        f'<marker id="{key}-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9"'
        ' markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor"/></marker>'
    )
    return patterns(key, body) + dots + arrow


def _edges(edges: list[dict[str, Any]], key: str) -> str:
    """All lines; those that share a stretch are drawn there once, or dashes would fill each other's gaps."""
    thin = [edge["points"] for edge in edges if edge["kind"] != DATA]
    thick = [edge["points"] for edge in edges if edge["kind"] == DATA]
    out = ""
    if thin:
        look = 'stroke="currentColor" stroke-opacity=".6" stroke-dasharray="4 3"'
        out += f'<path d="{_merged(thin)}" fill="none" {look}/>'
    if thick:
        arrows = "".join(f'<path d="{_arrow(line)}" marker-end="url(#{key}-arrow)"/>' for line in thick)
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


def _arrow(line: list[list[int]]) -> str:
    points = [(float(x), float(y)) for x, y in line]
    (x0, _), (x1, y1) = points[-2:]
    points[-1] = (x1 - (2 if x1 > x0 else -2), y1)
    return _rounded(points)


def _rounded(points: list[tuple[float, float]], radius: float = 6) -> str:
    """A line with its corners taken off."""
    path = f"M{num(points[0][0])} {num(points[0][1])}"
    for (x0, y0), (x1, y1), (x2, y2) in zip(points, points[1:], points[2:], strict=False):
        before, after = abs(x1 - x0) + abs(y1 - y0), abs(x2 - x1) + abs(y2 - y1)
        r = min(radius, before / 2, after / 2)
        ax, ay = x1 - (x1 - x0) / before * r, y1 - (y1 - y0) / before * r
        bx, by = x1 + (x2 - x1) / after * r, y1 + (y2 - y1) / after * r
        path += f"L{num(ax)} {num(ay)}Q{num(x1)} {num(y1)} {num(bx)} {num(by)}"
    return path + f"L{num(points[-1][0])} {num(points[-1][1])}"
