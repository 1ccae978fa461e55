"""The ways through a workflow, laid out: steps and events from top to bottom, as data goes.

It depends on the workflow's ``Routes`` alone, so the picture of a workflow stays as it is while it runs, and is the
same before. The layout is that of the graph, turned by a quarter: a workflow is mostly one long chain, and pages are
narrow. Lines that lead back, as in a loop, leave and enter beside the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from ipyflow.model.events import WorkflowState
from ipyflow.views.collapse import Link
from ipyflow.views.edges import CHILD, DATA
from ipyflow.views.layout import Layout, layout
from ipyflow.views.routing import Point
from ipyflow.views.words import shown

STEP, EVENT = "step", "event"
GAP = 34
"""Pixels between rows: an arrow and a count beside it."""
BACK = 24
"""How far beside the others a line meets a node that leads back."""
STEP_HEIGHT, EVENT_HEIGHT = 60, 28
NARROWEST, WIDEST = {STEP: 184, EVENT: 84}, {STEP: 264, EVENT: 230}
LETTER = 7.3
SMALL_LETTER = 5.3
ICON = 16
"""Room for the mark of an event that is more than one, or of a handler."""
BADGE = 13
"""The height of the count on a line."""

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
    back = _back(len(keys), pairs, begin)
    links = [(a, b, CHILD if (a, b) in back else DATA) for a, b in pairs]
    late = sorted(set(range(len(keys))) - _reached(pairs, begin)) if begin else []
    sizes = [_size(name, kind, form, [a for a, b in known if b == key]) for key, (name, kind, form, _) in nodes.items()]
    drawn = _drawn(sizes, links, late)
    boxes = [i for i, key in enumerate(keys) if nodes[key][1] == STEP]
    if len({drawn.x[i] for i in boxes}) == len(boxes):  # one below the other: then they are of one width
        wide = max((sizes[i][0] for i in boxes), default=0)
        sizes = [(wide, h) if i in boxes else (w, h) for i, (w, h) in enumerate(sizes)]
        drawn = _drawn(sizes, links, late)
    lines = [tuple((x, y) for y, x in points) for points in drawn.points]
    places = tuple(
        Place(key, *nodes[key], x=drawn.y[i], y=drawn.x[i], w=sizes[i][0], h=sizes[i][1]) for i, key in enumerate(keys)
    )
    marks = _apart(lines)
    return Ways(
        drawn.height,
        drawn.width,
        places,
        tuple(
            Way(*ends, form, points=line, at=mark)
            for (ends, form), line, mark in zip(known.items(), lines, marks, strict=True)
        ),
    )


def _drawn(sizes: Sequence[tuple[int, int]], links: Sequence[Link], late: Sequence[int]) -> Layout:
    """The layout, turned: what it calls wide is tall here."""
    return layout([(h, w) for w, h in sizes], links, late=late, gap=GAP, port=BACK, firm=1e4)


def _size(name: str, kind: str, form: str, takes: Sequence[str]) -> tuple[int, int]:
    """Room for the name, and in a step for the lines below it, whatever they come to say of the events it takes."""
    icon = ICON if form else 0
    wide = len(shown(name, 60)) * LETTER + icon + (44 if kind == STEP else 30)
    if kind == STEP:
        longest = max((len(shown(key, 60)) - len("event:") for key in takes), default=0)
        wide = max(wide, SMALL_LETTER * (longest + len("2 of 3 · needs 1 ")) + 60)
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


def _back(count: int, pairs: Sequence[tuple[int, int]], begin: Sequence[int]) -> set[tuple[int, int]]:
    """Find the lines that lead back to where a walk from the start has come from: without them there is no circle."""
    after: list[list[int]] = [[] for _ in range(count)]
    sources = set(range(count))
    for a, b in pairs:
        after[a].append(b)
        sources.discard(b)
    out: set[tuple[int, int]] = set()
    state = [0] * count  # 1: on the way that is walked, 2: left behind
    for root in [*begin, *sorted(sources), *range(count)]:
        if state[root]:
            continue
        state[root] = 1
        stack: list[tuple[int, Iterator[int]]] = [(root, iter(after[root]))]
        while stack:
            node, rest = stack[-1]
            for b in rest:
                if state[b] == 1:
                    out.add((node, b))
                elif not state[b]:
                    state[b] = 1
                    stack.append((b, iter(after[b])))
                    break
            else:
                state[node] = 2
                stack.pop()
    return out


# Where the count of a line stands.


def _apart(lines: Sequence[tuple[Point, ...]]) -> list[Point | None]:
    """Give each line a place for its count, on a stretch that it shares with no other and off the counts before it.

    A long upright one is best, then a flat one: beside a short upright one the count would lie on a node.
    """
    covered: dict[tuple[bool, int], list[tuple[int, int, int]]] = {}
    for i, line in enumerate(lines):
        for upright, at, low, high in _stretches(line):
            covered.setdefault((upright, at), []).append((low, high, i))
    out: list[Point | None] = []
    for i, line in enumerate(lines):
        found: list[tuple[bool, bool, int, Point]] = []
        for upright, at, low, high in _stretches(line):
            others = sorted((a, b) for a, b, j in covered[upright, at] if j != i)
            for a, b in _gaps(low, high, others):
                rank = (upright and b - a >= GAP - 8, not upright, b - a)
                if b - a >= (BADGE if upright else 5):
                    found += [(*rank, place) for place in _places(upright, at, a, b)]
        found.sort(key=lambda one: one[:3], reverse=True)
        free = (one[3] for one in found if not any(_touch(one[3], other) for other in out))
        out.append(next(free, found[0][3] if found else None))
    return out


def _places(upright: bool, at: int, low: int, high: int) -> list[Point]:
    """Where on a stretch a count may stand, the best first."""
    middle, part = (low + high) // 2, (high - low) // 4
    if upright:
        middle -= 3 if high - low <= GAP else 0  # leaves the arrow free
    places = [middle] if part < 10 else [middle, middle - part, middle + part]
    return [(at, place) if upright else (place, at) for place in places]


def _touch(one: Point, other: Point | None) -> bool:
    return other is not None and abs(one[0] - other[0]) < 2 * BADGE and abs(one[1] - other[1]) < BADGE + 2


def _stretches(line: Sequence[Point]) -> Iterator[tuple[bool, int, int, int]]:
    for (x0, y0), (x1, y1) in pairwise(line):
        if x0 == x1:
            yield True, x0, min(y0, y1), max(y0, y1)
        else:
            yield False, y0, min(x0, x1), max(x0, x1)


def _gaps(low: int, high: int, others: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What is left of a stretch without the others."""
    for a, b in others:
        if a > low:
            yield low, min(a, high)
        low = max(low, b)
        if low >= high:
            return
    if low < high:
        yield low, high
