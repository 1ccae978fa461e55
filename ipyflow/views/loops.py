"""Lines that lead back in the picture of a workflow: which they are, and how they run.

They are no part of the layout, so a loop does not pull its nodes about. One to the node right above runs beside the way
there; any other leaves its node at a side and comes back in at that side, outside of all that stands between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ipyflow.views.routing import MARGIN, Point

BACK = 24
"""How far beside the way there a line runs that leads back."""
OUT = 14
"""How far outside of all else a line runs."""
NEAR = 8
"""From a row to a line that runs along it."""

Pair = tuple[int, int]
Line = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node stands."""

    x: int
    y: int
    w: int
    h: int

    @property
    def middle(self) -> Point:
        """Its middle, in whole pixels."""
        return self.x + self.w // 2, self.y + self.h // 2


def leads_back(count: int, pairs: Sequence[Pair], begin: Sequence[int]) -> set[Pair]:
    """Find the lines that lead back to where a walk from the start has come from: without them there is no circle.

    Args:
        count: how many nodes there are.
        pairs: the lines, by the places of the nodes.
        begin: the nodes to begin with.

    Example:
        >>> leads_back(3, [(0, 1), (1, 2), (2, 1)], [0])
        {(2, 1)}
    """
    after: list[list[int]] = [[] for _ in range(count)]
    sources = set(range(count))
    for a, b in pairs:
        after[a].append(b)
        sources.discard(b)
    out: set[Pair] = set()
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


def drawn_back(boxes: Sequence[Box], lines: Sequence[Line], pairs: Sequence[Pair]) -> dict[Pair, Line]:
    """Draw the lines that lead back; short ones first, so that loops within loops lie within each other.

    Args:
        boxes: where the nodes stand.
        lines: those that are drawn already.
        pairs: the lines to draw.

    Returns:
        Their corners. Some may lie left of 0: then all has to be moved.
    """
    drawing = _Drawing(boxes, list(lines))
    out: dict[Pair, Line] = {}
    for a, b in sorted(pairs, key=lambda pair: (abs(boxes[pair[0]].y - boxes[pair[1]].y), pair)):
        line = drawing.beside(a, b)
        if line is None:
            _, side, line = min(drawing.round(a, b), key=lambda found: found[0])
            drawing.used |= {(a, side): "out", (b, side): "in"}
        out[a, b] = line
        drawing.lines.append(line)
    return out


class _Drawing:
    def __init__(self, boxes: Sequence[Box], lines: list[Line]) -> None:
        self.boxes, self.lines = boxes, lines
        self.used: dict[tuple[int, int], str] = {}
        """What a side of a node has: lines that go out, or that come in."""

    def beside(self, a: int, b: int) -> Line | None:
        """Straight up, beside the way there, where nothing stands between."""
        low, high = self.boxes[a], self.boxes[b]
        x = (low if low.w < high.w else high).middle[0] + BACK
        top, foot = high.y + high.h, low.y
        if top >= foot or not all(box.x + 8 < x < box.x + box.w - 8 for box in (low, high)):
            return None
        if any(box.y < foot and box.y + box.h > top and box.x - 6 < x < box.x + box.w + 6 for box in self.boxes):
            return None
        return None if self._crossed(x, top, foot) else ((x, foot), (x, top))

    def _crossed(self, x: int, top: int, foot: int) -> bool:
        """Whether something runs at ``x``, or across it, between two heights."""
        for line in self.lines:
            for (x0, y0), (x1, y1) in pairwise(line):
                if min(x0, x1) - 8 < x < max(x0, x1) + 8 and min(y0, y1) < foot and max(y0, y1) > top:
                    return True
        return False

    def round(self, a: int, b: int) -> Iterator[tuple[int, int, Line]]:
        """The ways round on the right and on the left, each with how bad it is."""
        one, other = self.boxes[a], self.boxes[b]
        for side in (1, -1):
            begin, costs = self._end(a, side, "out")
            end, more = self._end(b, side, "in")
            heights = sorted((begin[-1][1], end[-1][1]))
            x = self._outside(side, heights[0], heights[1])
            long = abs(x - one.middle[0]) + abs(x - other.middle[0])
            line = (*begin, (x, begin[-1][1]), (x, end[-1][1]), *reversed(end))
            yield long + costs + more + (side < 0), side, line

    def _end(self, node: int, side: int, way: str) -> tuple[tuple[Point, ...], int]:
        """Where a line meets a node and turns to the side: at its side, or below or above it where something stands."""
        box = self.boxes[node]
        y = box.middle[1]
        beyond = [other for other in self.boxes if (other.x - box.x) * side > 0]
        taken = self.used.get((node, side), way) != way
        if not taken and not any(other.y - 5 < y < other.y + other.h + 5 for other in beyond):
            return ((box.x + (box.w if side > 0 else 0), y),), 0
        x = box.middle[0] + BACK * side
        foot = way == "out"
        y = box.y + box.h + NEAR if foot else box.y - NEAR
        for other in sorted(beyond, key=lambda other: other.y if foot else -other.y):
            if other.y - NEAR < y < other.y + other.h + NEAR:
                y = other.y + other.h + NEAR if foot else other.y - NEAR
        return ((x, box.y + box.h if foot else box.y), (x, y)), 120

    def _outside(self, side: int, top: int, foot: int) -> int:
        """Beyond all that stands or runs between two heights."""
        edges = [box.x + (box.w if side > 0 else 0) for box in self.boxes if box.y <= foot and box.y + box.h >= top]
        for line in self.lines:
            for (x0, y0), (x1, y1) in pairwise(line):
                if min(y0, y1) <= foot and max(y0, y1) >= top:
                    edges.append((max if side > 0 else min)(x0, x1))
        return (max(edges) + OUT) if side > 0 else (min(edges) - OUT)


def moved(boxes: Sequence[Box], lines: Sequence[Line]) -> tuple[int, int, int]:
    """How far all has to be moved to the right, and how wide and high it is then."""
    xs = [x for line in lines for x, _ in line]
    ys = [y for line in lines for _, y in line]
    left = min([box.x for box in boxes] + xs)
    shift = MARGIN - left
    right = max([box.x + box.w for box in boxes] + xs)
    foot = max([box.y + box.h for box in boxes] + ys)
    return shift, right + shift + MARGIN, foot + MARGIN
