"""Where boxes stand and how lines run: a layered drawing from left to right, the way data goes.

Columns and orders come from :mod:`ipyflow.views.layering`; here lines over several columns get a lane through each
column between, boxes get their heights, and lines become orthogonal with a track of their own between the columns.
Plain Python and deterministic: the page, the saved picture and the export show the same drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import floor

from ipyflow.views.collapse import Link
from ipyflow.views.edges import CHILD
from ipyflow.views.layering import Layers, acyclic, columns, order

MARGIN = 16
GAP_Y = 18
"""Pixels between boxes of a column."""
GAP_X = 40
"""Pixels between columns that one track joins; each further track adds :data:`TRACK`."""
TRACK = 8
LANE = 10
"""Height of the lane of a line that passes through a column."""
MOST_TRACKS = 24
"""More tracks than this between two columns share their places."""

PORT = 10
"""Lines from child to parent leave and enter this far below the middle, so they never lie on those with data."""

SNAP = 5
"""A line that would turn by so little meets its box off the middle instead."""

Point = tuple[int, int]
_Step = tuple[int, int, str]
"""A piece of a line between two parts in neighbouring columns."""


@dataclass(slots=True)
class Layout:
    """A finished drawing, in pixels: top left corners of the boxes, and the corners of each line."""

    width: int = 2 * MARGIN
    height: int = 2 * MARGIN
    x: list[int] = field(default_factory=list)
    y: list[int] = field(default_factory=list)
    points: list[list[Point]] = field(default_factory=list)


@dataclass(slots=True)
class _Part:
    """A box, or a place where a long line passes through a column."""

    column: int
    width: int
    height: int
    box: bool = True
    x: int = 0
    centre: float = 0.0

    def port(self, kind: str) -> int:
        """How far from the middle a line of this kind meets the part."""
        return PORT if self.box and kind == CHILD else 0


def layout(sizes: Sequence[tuple[int, int]], links: Sequence[Link]) -> Layout:
    """Place boxes and lines.

    Args:
        sizes: width and height of each box in pixels; the order is the one to keep where nothing speaks against it.
        links: ``(from, to, kind)`` between places in ``sizes``, none from a box to itself.

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
    parts = [_Part(column[i], w, h) for i, (w, h) in enumerate(sizes)]
    chains = _chains(parts, pairs, links)
    steps = sorted({(*ab, link[2]) for chain, link in zip(chains, links, strict=True) for ab in pairwise(chain)})
    layers = order(_layers(parts, column, chains), [(a, b) for a, b, _ in steps])
    _set_heights(parts, layers, steps)
    tracks = _tracks(parts, steps)
    width = _set_columns(parts, layers, tracks)
    points = []
    for chain, link, pair in zip(chains, links, pairs, strict=True):
        line = _line(parts, chain, tracks, link[2])
        points.append(line if link[:2] == pair else line[::-1])
    top = [floor(part.centre - part.height / 2 + 0.5) for part in parts]
    height = max(y + part.height for y, part in zip(top, parts, strict=True)) + MARGIN
    count = len(sizes)
    return Layout(width, height, [part.x for part in parts[:count]], top[:count], points)


def _chains(parts: list[_Part], pairs: list[tuple[int, int]], links: Sequence[Link]) -> list[list[int]]:
    """Lead each line through the columns it crosses. Lines of one kind to one box share their lanes, like a bus."""
    lanes: dict[tuple[int, int, str], int] = {}
    chains = []
    for (a, b), (_, _, kind) in zip(pairs, links, strict=True):
        chain = [a]
        for column in range(parts[a].column + 1, parts[b].column):
            lane = lanes.get((column, b, kind))
            if lane is None:
                lane = lanes[column, b, kind] = len(parts)
                parts.append(_Part(column, 0, LANE, box=False))
            chain.append(lane)
        chain.append(b)
        chains.append(chain)
    return chains


def _layers(parts: list[_Part], column: list[int], chains: list[list[int]]) -> Layers:
    """List each column's parts: boxes in their own order, a lane where the first line that takes it comes from."""
    rank: dict[int, float] = {i: i for i in range(len(column))}
    for chain in chains:
        for part in chain[1:-1]:
            rank[part] = min(rank.get(part, chain[0] + 0.5), chain[0] + 0.5)
    layers: Layers = [[] for _ in range(max(column) + 1)]
    for part in sorted(rank, key=lambda p: (rank[p], p)):
        layers[parts[part].column].append(part)
    return layers


def _set_heights(parts: list[_Part], layers: Layers, steps: list[_Step]) -> None:
    """Move the parts of each column towards the middle of their neighbours, keeping order and distance."""
    left: dict[int, list[tuple[int, int]]] = {}
    right: dict[int, list[tuple[int, int]]] = {}
    for a, b, kind in steps:
        shift = parts[b].port(kind) - parts[a].port(kind)
        right.setdefault(a, []).append((b, shift))
        left.setdefault(b, []).append((a, -shift))
    for layer in layers:
        _spread(parts, layer, [0.0] * len(layer))
    for sides in (left, right, left, right, left):
        for layer in layers if sides is left else reversed(layers):
            wanted = []
            for node in layer:
                near = sides.get(node)
                middle = [parts[n].centre + shift for n, shift in near] if near else [parts[node].centre]
                wanted.append(sum(middle) / len(middle))
            _spread(parts, layer, wanted)
    lowest = min(part.centre - part.height / 2 for part in parts)
    for part in parts:
        part.centre += MARGIN - lowest


def _spread(parts: list[_Part], layer: list[int], wanted: list[float]) -> None:
    """Put a column's parts as near as can be (least squares) to where they want to be, without overlap.

    With the distances taken off, this is isotonic regression: pool neighbours that stand in each other's way.
    """
    offset, offsets = 0.0, []
    for i, node in enumerate(layer):
        if i:
            offset += (parts[layer[i - 1]].height + parts[node].height) / 2 + GAP_Y
        offsets.append(offset)
    pools: list[tuple[float, int]] = []
    for want, off in zip(wanted, offsets, strict=True):
        mean, size = want - off, 1
        while pools and pools[-1][0] >= mean:
            other, count = pools.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        pools.append((mean, size))
    i = 0
    for mean, size in pools:
        for _ in range(size):
            # Whole pixels: one rounding for a whole pool keeps distances exact.
            parts[layer[i]].centre = floor(mean + 0.5) + offsets[i]
            i += 1


def _tracks(parts: list[_Part], steps: list[_Step]) -> dict[_Step, int]:
    """Give each step between two columns the track on which it runs up or down.

    Steps of one kind from one part (or, where that needs fewer tracks, to one part) share a track; others get
    tracks of their own where their stretches meet, so no two different lines lie on each other.
    """
    by_column: dict[int, list[_Step]] = {}
    for step in steps:
        by_column.setdefault(parts[step[0]].column, []).append(step)
    out: dict[_Step, int] = {}
    for group in by_column.values():
        side = 0 if len({(a, kind) for a, _, kind in group}) <= len({(b, kind) for _, b, kind in group}) else 1
        keys = {step: (step[0] if side == 0 else step[1], step[2]) for step in group}
        spans: dict[tuple[int, str], list[float]] = {}
        for step, key in keys.items():
            ends = [parts[end].centre + parts[end].port(step[2]) for end in step[:2]]
            if ends[0] != ends[1]:
                spans.setdefault(key, []).extend(ends)
        track_of = _packed({key: (min(ys), max(ys)) for key, ys in spans.items()})
        out.update((step, track_of.get(key, 0)) for step, key in keys.items())
    return out


def _packed(spans: dict[tuple[int, str], tuple[float, float]]) -> dict[tuple[int, str], int]:
    ends: list[float] = []
    out = {}
    for key, (low, high) in sorted(spans.items(), key=lambda item: (item[1], item[0])):
        track = next((i for i, end in enumerate(ends) if end + 4 < low), len(ends))
        if track == len(ends):
            ends.append(high)
        ends[track] = high
        out[key] = track % MOST_TRACKS
    return out


def _set_columns(parts: list[_Part], layers: Layers, tracks: dict[_Step, int]) -> int:
    most = [0] * len(layers)
    for (a, _, _), track in tracks.items():
        column = parts[a].column
        most[column] = max(most[column], track)
    x = MARGIN
    for column, layer in enumerate(layers):
        wide = max(parts[node].width for node in layer)
        for node in layer:
            parts[node].x = x
            parts[node].width = parts[node].width or wide
        x += wide + GAP_X + TRACK * most[column]
    return x - GAP_X + MARGIN


def _line(parts: list[_Part], chain: list[int], tracks: dict[_Step, int], kind: str) -> list[Point]:
    """The corners of a line along its chain of parts."""
    points: list[Point] = []
    for a, b in pairwise(chain):
        start, end = parts[a], parts[b]
        y1, y2 = (floor(part.centre + 0.5) + part.port(kind) for part in (start, end))
        if abs(y1 - y2) <= SNAP and (start.box or end.box):
            y1 = y2 = y2 if start.box else y1
        turn = end.x - GAP_X // 2 - TRACK * tracks[a, b, kind]
        points += [(start.x + start.width, y1), (turn, y1), (turn, y2), (end.x, y2)]
    return _straightened(points)


def _straightened(points: list[Point]) -> list[Point]:
    """Leave out the corners that are none."""
    out: list[Point] = []
    for point in points:
        if out and out[-1] == point:
            continue
        if len(out) > 1 and (out[-2][0] == out[-1][0] == point[0] or out[-2][1] == out[-1][1] == point[1]):
            out[-1] = point
        else:
            out.append(point)
    return out
