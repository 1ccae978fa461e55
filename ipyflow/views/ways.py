"""The ways through a workflow, laid out: steps and events from top to bottom, as data goes.

It depends on the workflow's ``Routes`` alone, so the picture of a workflow stays as it is while it runs, and is the
same before. The layout is that of the graph, turned by a quarter: a workflow is mostly one long chain, and pages are
narrow. Lines that lead back, as in a loop, run round outside (:mod:`ipyflow.views.loops`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ipyflow.model.events import WorkflowState
from ipyflow.views.badges import apart
from ipyflow.views.edges import DATA
from ipyflow.views.layout import Layout, layout
from ipyflow.views.loops import Box, Line, Pair, drawn_back, leads_back, moved
from ipyflow.views.routing import SNAP, Point
from ipyflow.views.words import shown

STEP, EVENT = "step", "event"
GAP = 28
"""Pixels between rows: an arrow and a count beside it."""
STEP_HEIGHT, EVENT_HEIGHT = 46, 28
NARROWEST, WIDEST = {STEP: 184, EVENT: 84}, {STEP: 264, EVENT: 230}
LETTER = 7.3
SMALL_LETTER = 5.7
ICON = 16
"""Room for the mark of an event that is more than one, or of a handler."""

Steps = tuple[tuple[str, int, str], ...]
Kinds = tuple[tuple[str, str], ...]
Edges = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """One step or event of the picture, and where it stands."""

    key: str
    name: str
    kind: str
    form: str
    workers: int | None
    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class Way:
    """One line; ``at`` is where its count stands: on a stretch that no other line shares, where there is one."""

    source: str
    target: str
    form: str
    points: tuple[Point, ...]
    at: Point | None


@dataclass(frozen=True, slots=True)
class Ways:
    """The whole picture."""

    width: int = 32
    height: int = 32
    places: tuple[Place, ...] = ()
    ways: tuple[Way, ...] = field(default=())


def ways(workflow: WorkflowState) -> Ways:
    """Lay out a workflow. Equal routes give the same drawing, which is made once.

    Args:
        workflow: its routes are all that counts.

    Example:
        >>> flow = WorkflowState(1, steps=(("go", 4, ""),), kinds=(("StartEvent", "start"),),
        ...                      edges=(("event:StartEvent", "step:go", ""),))
        >>> [place.key for place in ways(flow).places], ways(flow) is ways(flow)
        (['step:go', 'event:StartEvent'], True)
    """
    return _ways(workflow.steps, workflow.kinds, workflow.edges)


@lru_cache(maxsize=64)
def _ways(steps: Steps, kinds: Kinds, edges: Edges) -> Ways:
    nodes: dict[str, tuple[str, str, str, int | None]] = {}
    for name, workers, form in steps:
        nodes[f"step:{name}"] = (name, STEP, form, workers)
    for name, form in kinds:
        nodes[f"event:{name}"] = (name, EVENT, form, None)
    if not nodes:
        return Ways()
    keys = list(nodes)
    at = {key: i for i, key in enumerate(keys)}
    known: dict[tuple[str, str], str] = {}
    for source, target, form in edges:
        if source in at and target in at and source != target:
            known[source, target] = known.get((source, target)) or form
    pairs = [(at[a], at[b]) for a, b in known]
    begin = [i for i, key in enumerate(keys) if nodes[key][2] == "start"]
    back = leads_back(len(keys), pairs, begin)
    there = [pair for pair in pairs if pair not in back]
    late = sorted(set(range(len(keys))) - _reached(pairs, begin)) if begin else []
    sizes = [_size(name, kind, form, [a for a, b in known if b == key]) for key, (name, kind, form, _) in nodes.items()]
    drawn = _drawn(sizes, there, late)
    rows = [i for i, key in enumerate(keys) if nodes[key][1] == STEP]
    if len({drawn.x[i] for i in rows}) == len(rows):  # one below the other: then they are of one width
        wide = max((sizes[i][0] for i in rows), default=0)
        sizes = [(wide, h) if i in rows else (w, h) for i, (w, h) in enumerate(sizes)]
        drawn = _drawn(sizes, there, late)
    boxes = [Box(drawn.y[i], drawn.x[i], *sizes[i]) for i in range(len(keys))]
    lines = dict(zip(there, [tuple((x, y) for y, x in points) for points in drawn.points], strict=True))
    lines = {pair: _upright(boxes, pair, line, there) for pair, line in lines.items()}
    lines |= drawn_back(boxes, list(lines.values()), [pair for pair in pairs if pair in back])
    shift, width, height = moved(boxes, list(lines.values()))
    places = tuple(
        Place(key, *nodes[key], x=box.x + shift, y=box.y, w=box.w, h=box.h)
        for key, box in zip(keys, boxes, strict=True)
    )
    run = [tuple((x + shift, y) for x, y in lines[pair]) for pair in pairs]
    found = zip(known.items(), run, apart(run), strict=True)
    return Ways(
        width, height, places, tuple(Way(*ends, form, points=line, at=mark) for (ends, form), line, mark in found)
    )


def _upright(boxes: Sequence[Box], pair: Pair, line: Line, there: Sequence[Pair]) -> Line:
    """Let a straight line begin where the others of its node do; it may meet the next node a little off its middle."""
    a, b = pair
    middle = boxes[a].middle[0]
    alone = sum(a == source for source, _ in there) == 1 or sum(b == target for _, target in there) > 1
    if len(line) != 2 or alone or abs(line[0][0] - middle) > SNAP:
        return line
    return tuple((middle, y) for _, y in line)


def _drawn(sizes: Sequence[tuple[int, int]], pairs: Sequence[Pair], late: Sequence[int]) -> Layout:
    """The layout, turned: what it calls wide is tall here."""
    return layout(
        [(h, w) for w, h in sizes], [(a, b, DATA) for a, b in pairs], late=late, gap=GAP, firm=1e4, straight=True
    )


def _size(name: str, kind: str, form: str, takes: Sequence[str]) -> tuple[int, int]:
    """Room for the name, and in a step for the lines below it, whatever they come to say of the events it takes."""
    icon = ICON if form else 0
    wide = len(shown(name, 60)) * LETTER + icon + (72 if kind == STEP else 30)
    if kind == STEP:
        longest = max((len(shown(key, 60)) - len("event:") for key in takes), default=0)
        wide = max(wide, SMALL_LETTER * (longest + len("2 of 3 · needs 1 ")) + 68)
    wide = min(max(wide, NARROWEST[kind]), WIDEST[kind])
    return 2 * round(wide / 2), STEP_HEIGHT if kind == STEP else EVENT_HEIGHT


def _reached(pairs: Sequence[tuple[int, int]], begin: Sequence[int]) -> set[int]:
    """What there is a way to from the start; the rest comes from outside, or of failures."""
    out = set(begin)
    ways = list(begin)
    while ways:
        node = ways.pop()
        new = {b for a, b in pairs if a == node} - out
        out |= new
        ways += new
    return out
