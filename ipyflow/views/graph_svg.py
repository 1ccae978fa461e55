"""The graph as a static picture: boxes from left to right the way data goes, on a dotted ground."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.views.edges import DATA
from ipyflow.views.graph import LETTER, SMALL_LETTER, Graph, caption, graph, plan
from ipyflow.views.palette import LOOKS, ORDER
from ipyflow.views.svg import bar, document, esc, num, patterns, text
from ipyflow.views.words import clip, counts_in_words, duration, instant, run_time, shown, total

CORNER = 7
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
    body += "".join(_node(state, node, until, key) for node in view["nodes"])
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


def _node(state: RunState, node: dict[str, Any], until: float, key: str) -> str:
    x, y, w, h = node["x"], node["y"], node["w"], node["h"]
    many = node["count"] > 1
    if many:
        counts = Counter({State(name): number for name, number in node["counts"].items()})
        look = next(s for s in ORDER if counts[s])
        words = f"{node['name']} ×{node['count']:,} · {counts_in_words(counts)}"
    else:
        task = state.tasks[node["task"]]
        counts, look = Counter({task.state: 1}), task.state
        ran = run_time(task, until)
        words = f"{task.name}#{task.id} · {LOOKS[task.state].word}"
        words += f" · {duration(ran)}" if ran is not None else ""
        words += f" · {task.type}: {clip(task.text, 200)}" if task.type else ""
    out = [f"<g><title>{esc(words)}</title>"]
    if many:
        out += [_sheet(x, y, w, h, lift) for lift in (6, 3)]
    loud = look in _LOUD
    edge = LOOKS[look].color if loud else "currentColor"
    out.append(
        f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{CORNER}" fill="{LOOKS[look].color}" fill-opacity=".09"'
        f' stroke="{edge}" stroke-opacity="{0.9 if loud else 0.45}" stroke-width="{1.6 if loud else 1}"/>'
    )
    out.append(_caption(node, look))
    out.append(_states(counts, x, y, w, h, key))
    return "".join(out) + "</g>"


def _sheet(x: float, y: float, w: float, h: float, lift: float) -> str:
    """The edge of a box behind the box."""
    path = f"M{num(x + lift + 4)} {num(y - lift)}H{num(x + w + lift - 6)}q6 0 6 6V{num(y + h - lift - 4)}"
    return f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity=".45"/>'


_LOUD = frozenset({State.FAILED, State.TIMED_OUT, State.BLOCKED, State.RUNNING})


def _caption(node: dict[str, Any], look: State) -> str:
    x, y, w = node["x"], node["y"], node["w"]
    times = f" ×{node['count']:,}" if node["count"] > 1 else ""
    name = clip(shown(node["name"]), max(int((w - 40) / LETTER) - len(times), 3))
    above = caption(node["module"], node["group"])
    return (
        text(x + 10, y + 14, clip(above, int((w - 34) / SMALL_LETTER)), 9.5, faint=0.6)
        + text(x + 10, y + (30 if above else 24), name + times, mono=True)
        + text(x + w - 10, y + 18, LOOKS[look].mark, 13, anchor="end", color=LOOKS[look].color)
    )


def _states(counts: Counter[State], x: float, y: float, w: float, h: float, key: str) -> str:
    """A thin bar at the foot of the box: the share of each state."""
    total = sum(counts.values())
    at, out = x + 10.0, ""
    for state in ORDER:
        if counts[state]:
            wide = (w - 20) * counts[state] / total
            out += bar(at, y + h - 8, wide, 4, state, key, 1)
            at += wide
    return out
