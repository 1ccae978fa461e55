"""Where boxes stand and how lines run: a layered drawing from left to right, the way data goes.

Columns and orders come from :mod:`ipyflow.views.layering`; here lines over several columns get a lane through each
column between, boxes get their heights, and lines become orthogonal with a track of their own between the columns.
Plain Python and deterministic: the page, the saved picture and the export show the same drawing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from math import floor

from ipyflow.views.collapse import Link
from ipyflow.views.edges import CHILD
from ipyflow.views.held import WORTH, Held, held_layers
from ipyflow.views.layering import Layers, acyclic, columns, order
from ipyflow.views.routing import (
    GAP_X,
    MARGIN,
    PORT,
    Lane,
    Lanes,
    Part,
    Point,
    Step,
    assign_tracks,
    draw,
    lead,
    set_columns,
)
from ipyflow.views.straight import Straightener

GAP_Y = 18
"""Pixels between boxes of a column."""


@dataclass(slots=True)
class Layout:
    """A finished drawing, in pixels: top left corners of the boxes, and the corners of each line."""

    width: int = 2 * MARGIN
    height: int = 2 * MARGIN
    x: list[int] = field(default_factory=list)
    y: list[int] = field(default_factory=list)
    points: list[list[Point]] = field(default_factory=list)
    lanes: dict[Lane, float] = field(default_factory=dict)
    """How high lines pass through the columns they cross."""


def layout(
    sizes: Sequence[tuple[int, int]],
    links: Sequence[Link],
    *,
    late: Collection[int] = (),
    gap: int = GAP_X,
    port: int = PORT,
    firm: float = 1.0,
    straight: bool = False,
    held: Held | None = None,
) -> Layout:
    """Place boxes and lines.

    Args:
        sizes: width and height of each box in pixels; the order is the one to keep where nothing speaks against it.
        links: ``(from, to, kind)`` between places in ``sizes``, none from a box to itself.
        late: boxes that stand right before what they lead to rather than right behind what leads to them.
        gap: pixels between columns that one track joins.
        port: how far from the middle the lines from child to parent meet the boxes.
        firm: how much more a box keeps its place than a line that passes it.
        straight: move boxes once more where that makes lines straight (:mod:`ipyflow.views.straight`).
        held: where boxes stood before, of a graph that grows.

    Returns:
        The drawing; ``points`` has an entry for each link, from the source's right edge to the target's left edge
        (the other way about for the links that would close a cycle).

    Example:
        >>> drawn = layout([(100, 44), (100, 44)], [(0, 1, "data")])
        >>> drawn.x[1] > drawn.x[0] + 100, drawn.y[0] == drawn.y[1]
        (True, True)
    """
    if not sizes:
        return Layout()
    pairs = acyclic(len(sizes), links)
    column = columns(len(sizes), pairs)
    _float(column, pairs, late)
    parts = [Part(column[i], w, h, shift=port) for i, (w, h) in enumerate(sizes)]
    lanes = lead(parts, pairs, links)
    steps = sorted(lanes.steps(pairs, links))
    joined = [(a, b) for a, b, _ in steps]
    if held is None:
        layers = order(_layers(parts, pairs, lanes), joined, other=lambda: held_layers(parts, lanes, steps, Held()))
    else:
        layers = order(held_layers(parts, lanes, steps, held), joined, WORTH)
    _set_heights(parts, layers, steps, firm, straight)
    tracks = assign_tracks(parts, steps)
    width = set_columns(parts, layers, tracks, gap)
    lines = draw(parts, pairs, links, lanes, tracks, gap)
    points = [line if link[:2] == pair else line[::-1] for line, link, pair in zip(lines, links, pairs, strict=True)]
    top = [floor(part.centre - part.height / 2 + 0.5) for part in parts]
    height = max(y + part.height for y, part in zip(top, parts, strict=True)) + MARGIN
    count = len(sizes)
    at = {name: parts[lane].centre for lane, name in lanes.names(parts).items()}
    return Layout(width, height, [part.x for part in parts[:count]], top[:count], points, at)


def _float(column: list[int], pairs: list[tuple[int, int]], late: Collection[int]) -> None:
    """Move boxes as far to the right as what they lead to allows; those that lead nowhere come right behind."""
    last = {i for i in late if all(a != i for a, _ in pairs)}
    for i in sorted(set(late) - last, key=lambda i: (-column[i], i)):
        column[i] = max(min((column[b] for a, b in pairs if a == i and b not in last), default=0) - 1, column[i])
    for i in last:
        column[i] = max((column[a] + 1 for a, b in pairs if b == i), default=column[i])


def _layers(parts: list[Part], pairs: list[tuple[int, int]], lanes: Lanes) -> Layers:
    """List each column's parts: boxes in their own order, a lane where the first line that takes it comes from."""
    rank = [float(i) for i in range(len(parts))]
    for lane in lanes.after:
        rank[lane] = float("inf")
    for (a, _), entry in zip(pairs, lanes.entries, strict=True):
        if entry in lanes.after:
            rank[entry] = min(rank[entry], a + 0.5)
    for lane, (following, _) in lanes.after.items():
        if following in lanes.after:
            rank[following] = min(rank[following], rank[lane])
    layers: Layers = [[] for _ in range(max(part.column for part in parts) + 1)]
    for part in sorted(range(len(parts)), key=lambda i: (rank[i], i)):
        layers[parts[part].column].append(part)
    return layers


def _set_heights(parts: list[Part], layers: Layers, steps: list[Step], firm: float, straight: bool) -> None:
    """Move the parts of each column towards the middle of their neighbours, keeping order and distance."""
    left: _Sides = {}
    right: _Sides = {}
    for a, b, kind in steps:
        shift = parts[b].port(kind) - parts[a].port(kind)
        right.setdefault(a, []).append((_pull(parts[a], parts[b], kind), b, shift))
        left.setdefault(b, []).append((_pull(parts[b], parts[a], kind), a, -shift))
    for sides in (left, right):
        for node, found in sides.items():
            strongest = max(found)[0]
            sides[node] = [one for one in found if one[0] == strongest]
    for layer in layers:
        _spread(parts, layer, [0.0] * len(layer), firm)
    for sides in (left, right, left, right, left):
        _sweep(parts, layers if sides is left else layers[::-1], sides, firm)
    if straight:
        _straighten(parts, layers, steps, right, firm)
    lowest = min(part.centre - part.height / 2 for part in parts)
    for part in parts:
        part.centre += MARGIN - lowest


def _straighten(parts: list[Part], layers: Layers, steps: list[Step], right: _Sides, firm: float) -> None:
    """From where all stand, and from where they would be nearer to what they lead to: what comes out better."""
    best: tuple[float, list[float]] | None = None
    for _ in range(2):
        straightener = Straightener(parts, layers, steps, GAP_Y)
        begin = [part.centre for part in parts]
        bent = straightener.run()
        if best is None or bent < best[0]:
            best = bent, [part.centre for part in parts]
        for part, centre in zip(parts, begin, strict=True):
            part.centre = centre
        _sweep(parts, layers[::-1], right, firm)
    assert best is not None
    for part, centre in zip(parts, best[1], strict=True):
        part.centre = centre


def _sweep(parts: list[Part], layers: Layers, sides: _Sides, firm: float) -> None:
    for layer in layers:
        wanted = []
        for node in layer:
            near = sides.get(node)
            middle = [parts[n].centre + shift for _, n, shift in near] if near else [parts[node].centre]
            wanted.append(sum(middle) / len(middle))
        _spread(parts, layer, wanted, firm)


_Sides = dict[int, list[tuple[int, int, int]]]
"""The neighbours of each part on one side: how much they pull, which they are, how far off they want to be."""


def _pull(part: Part, other: Part, kind: str) -> int:
    """A lane goes straight on before it bends to a box; a box follows its data before its children."""
    return int(kind != CHILD) if part.box else int(not other.box)


def _spread(parts: list[Part], layer: list[int], wanted: list[float], firm: float) -> None:
    """Put a column's parts as near as can be (least squares) to where they want to be, without overlap.

    With the distances taken off, this is isotonic regression: pool neighbours that stand in each other's way.
    """
    offset, offsets = 0.0, []
    for i, node in enumerate(layer):
        if i:
            offset += (parts[layer[i - 1]].height + parts[node].height) / 2 + GAP_Y
        offsets.append(offset)
    pools: list[tuple[float, int, float]] = []
    for node, want, off in zip(layer, wanted, offsets, strict=True):
        mean, size, weight = want - off, 1, firm if parts[node].box else 1.0
        while pools and pools[-1][0] >= mean:
            other, count, heavy = pools.pop()
            mean = (mean * weight + other * heavy) / (weight + heavy)
            size, weight = size + count, weight + heavy
        pools.append((mean, size, weight))
    i = 0
    for mean, size, _ in pools:
        for _ in range(size):
            # Whole pixels: one rounding for a whole pool keeps distances exact.
            parts[layer[i]].centre = floor(mean + 0.5) + offsets[i]
            i += 1
