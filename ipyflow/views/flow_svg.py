"""The picture of a workflow: its steps and events from top to bottom, with what went which way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ipyflow.model.events import JoinState, WorkflowState
from ipyflow.model.run import RunState
from ipyflow.model.status import FAILURE_STATES, State
from ipyflow.views.badges import BADGE, BESIDE, sides
from ipyflow.views.flow_state import awaited, is_over, is_stuck
from ipyflow.views.palette import EVENT, EVENTS, LOOKS, WARNING
from ipyflow.views.pill_svg import WARNED, mark, pill
from ipyflow.views.step_svg import Standing, step
from ipyflow.views.svg import Drawing, arrow, canvas, num, patterns, pointed, text
from ipyflow.views.tallies import joins, sent, tally, unhandled, went
from ipyflow.views.ways import STEP, Way, Ways, ways
from ipyflow.views.words import clip, counted, shown

NARROWEST = 240
"""A picture is so wide at least, for its legend."""
LINE = 17
SIGNS = {"list": "list", "part": "+"}
"""How a line says that it gives or takes a list, or is one of several that are taken together."""
COUNT = 6.2
"""Width of a letter of the words at a line."""
ROOM = {"": 34, "list": 62, "part": 40}
"""Room for these words, whatever the count comes to: they do not change sides while it grows."""


def flow_svg(state: RunState, flow: WorkflowState, *, live: bool = True, inline: bool = False) -> str:
    """Draw a workflow.

    Args:
        state: the run.
        flow: a workflow of it.
        live: with what has happened in it; else only what may happen, all ways alike.
        inline: to stand in an HTML page, in the page's colours.

    Example:
        >>> flow_svg(RunState(), WorkflowState(1))[:4]
        '<svg'
    """
    return flow_drawing(state, flow, live=live).document(inline=inline)


def flow_drawing(state: RunState, flow: WorkflowState, *, live: bool = True) -> Drawing:
    """The same, to be put beside others."""
    drawn = ways(flow)
    key = f"ipyflow{state.id}w{flow.id}"
    width = max(drawn.width, NARROWEST)
    shift = (width - drawn.width) // 2
    lost = _lost(state, flow, drawn) if live else _Lost()
    body = _lines(drawn, went(state, flow) if live else None, lost, key) + _nodes(state, flow, drawn, lost, live, key)
    body = f'<g transform="translate({shift} 0)">{body}</g>' if shift else body
    wanted = live and bool(awaited(state, flow))
    foot, height = _legend(drawn, lost, wanted, width, drawn.height)
    ground, defs = canvas(key, width, height)
    name = state.tasks[flow.id].name if flow.id in state.tasks else state.name
    words = f"Workflow {name}: {counted(len(flow.steps), 'step')}, {counted(len(flow.kinds), 'type')} of events"
    defs += arrow(f"{key}-went", EVENT) + patterns(key, body)
    return Drawing(width, height, ground + body + foot, defs, words)


@dataclass(slots=True)
class _Lost:
    """Events that no step takes: those that have a node, those that a step gave, and the rest."""

    nodes: Counter[str] = field(default_factory=Counter)
    steps: dict[str, Counter[str]] = field(default_factory=dict)
    rest: Counter[str] = field(default_factory=Counter)


def _lost(state: RunState, flow: WorkflowState, drawn: Ways) -> _Lost:
    placed = {place.key for place in drawn.places}
    out = _Lost()
    for type_, found in unhandled(flow).items():
        if f"event:{type_}" in placed:
            out.nodes[type_] = len(found)
            continue
        for event in found:
            by = state.tasks.get(event.by)
            counts = out.rest if by is None else out.steps.setdefault(by.name, Counter())
            counts[type_] += 1
    return out


def _nodes(state: RunState, flow: WorkflowState, drawn: Ways, lost: _Lost, live: bool, key: str) -> str:
    steps = tally(state, [flow])[flow.id] if live else {}
    waiting = awaited(state, flow) if live else {}
    wanted = {one for type_ in waiting.values() for one in type_.split(" or ")}
    held: dict[str, list[JoinState]] = {}
    for join in joins(flow) if live else ():
        held.setdefault(join.step, []).append(join)
    numbers = sent(state, flow)
    over, stuck = live and is_over(state, flow), live and is_stuck(state, flow)
    failed = flow.id in state.tasks and state.tasks[flow.id].state in FAILURE_STATES
    out = ""
    for place in drawn.places:
        name = place.name
        if place.kind == STEP:
            standing = Standing(steps.get(name), waiting.get(name, ""), held.get(name, []), over, failed, stuck)
            out += step(place, standing, lost.steps.get(name, Counter()), key)
        else:
            out += pill(place, numbers[name] if live else None, lost.nodes[name], name in wanted)
    return out


def _lines(drawn: Ways, counts: Counter[tuple[str, str]] | None, lost: _Lost, key: str) -> str:
    """All lines, with what went over what may go where they share a stretch, and the counts on top."""
    gone = Counter[tuple[str, str]]() if counts is None else counts
    dim, lit, badges = "", "", ""
    boxes = [(place.x, place.y, place.x + place.w, place.y + place.h) for place in drawn.places]
    tagged = [place for place in drawn.places if place.name in (lost.steps if place.kind == STEP else lost.nodes)]
    boxes += [(place.x + place.w // 2, place.y, place.x + place.w + 8, place.y + place.h + 9) for place in tagged]
    rooms = [ROOM[way.form] if way.form != "part" or counts is not None else 0 for way in drawn.ways]
    beside = sides(boxes, [way.points for way in drawn.ways], [way.at for way in drawn.ways], rooms, drawn.width)
    for way, side in zip(drawn.ways, beside, strict=True):
        number = gone[way.source, way.target]
        line = f'<path d="{pointed(way.points)}" marker-end="url(#{key}-{"went" if number else "arrow"})"/>'
        dim, lit = (dim, lit + line) if number else (dim + line, lit)
        badges += _badge(way, number, side)
    faint = 0.6 if counts is None else 0.35
    out = f'<g fill="none" stroke="currentColor" stroke-width="1.4" opacity="{faint}">{dim}</g>' if dim else ""
    return out + (f'<g fill="none" stroke="{EVENT}" stroke-width="2">{lit}</g>' if lit else "") + badges


def _badge(way: Way, number: int, side: int) -> str:
    """How many went along a line, and whether as a list or with others: beside it, or on a stretch that is its own."""
    words = " ".join(part for part in (SIGNS.get(way.form, ""), f"×{number:,}" if number > 1 else "") if part)
    if way.at is None or not words:
        return ""
    x, y = way.at
    color = EVENT if number else "#8A8A8A"
    if side and way.form != "part":
        return text(x + side * BESIDE, y + 4, words, 11, anchor="" if side > 0 else "end", color=color, bold=True)
    wide = max(COUNT * len(words) + 8, BADGE)
    place = (
        f'<rect x="{num(x - wide / 2)}" y="{num(y - BADGE / 2)}" width="{num(wide)}" height="{BADGE}" rx="{BADGE / 2}"'
    )
    return f'{place} fill="{color}"/>' + text(x, y + 3.5, words, 10, anchor="middle", color="#fff")


def _legend(drawn: Ways, lost: _Lost, wanted: bool, width: int, top: int) -> tuple[str, int]:
    """What the shapes and marks are, as many lines as it takes, and what came from outside for nobody.

    Gives them and where they end.
    """
    forms = {place.form for place in drawn.places}
    items: list[tuple[str, str]] = [("step", "step"), ("event", "event")]
    items += [(form, look.word) for form, look in EVENTS.items() if form in forms]
    items += [("part", "taken together")] if any(way.form == "part" for way in drawn.ways) else []
    items += [("wanted", "is waited for")] if wanted else []
    items += [("lost", "no step takes it")] if lost.nodes or lost.steps else []
    x, y, out = 16.0, top + 8.0, ""
    for kind, word in items:
        wide = 20 + 5.2 * len(word) + 10
        if x + wide > width - 4 and x > 16:
            x, y = 16.0, y + LINE
        out += _sample(kind, x, y) + text(x + 20, y + 3.5, word, 10, faint=0.7)
        x += wide
    for type_, number in lost.rest.items():
        y += LINE
        words = clip(f"{number:,} {shown(type_, 60)} from outside: no step takes it", int((width - 52) / 5.2))
        out += mark(WARNED, 17, y - 6, WARNING, 1) + text(36, y + 3.5, words, 10, color=WARNING)
    return out, round(y + 14)


def _sample(kind: str, x: float, y: float) -> str:
    if kind in ("step", "event", "wanted"):
        radius = 2.5 if kind == "step" else 5
        color = {"step": "currentColor", "event": EVENT, "wanted": LOOKS[State.BLOCKED].color}[kind]
        fill = 0.06 if kind == "step" else 0.13
        return (
            f'<rect x="{num(x)}" y="{num(y - 5)}" width="15" height="10" rx="{radius}" fill="{color}"'
            f' fill-opacity="{fill}" stroke="{color}" stroke-opacity=".8"/>'
        )
    if kind == "lost":
        return mark(WARNED, x + 2, y - 6, WARNING, 1)
    if kind in SIGNS:
        return f'<rect x="{num(x)}" y="{num(y - 5.5)}" width="16" height="11" rx="5.5" fill="#8A8A8A"/>' + text(
            x + 8, y + 3, SIGNS[kind], 8.5, anchor="middle", color="#fff"
        )
    return mark(EVENTS[kind].path, x + 2, y - 6, EVENT, 1, filled=kind in ("start", "stop"))
