"""Where the words of a line stand: how many went along it, and whether as a list.

On a stretch that the line shares with no other; beside it where there is room, else on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from ipyflow.views.routing import Point

BADGE = 13
"""The height of the words."""
LONG = 26
"""An upright stretch of so many pixels has room for words beside it."""
BESIDE = 6
"""From a line to the words beside it."""


def apart(lines: Sequence[tuple[Point, ...]]) -> list[Point | None]:
    """Give each line a place for its count, on a stretch that it shares with no other and off the counts before it.

    A long upright one is best, then a flat one with room for it, then a short upright one.
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
                rank = (upright and b - a >= LONG - 8, not upright and b - a >= LONG, b - a + upright)
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
        middle -= 3 if high - low in range(LONG - 8, LONG + 9) else 0  # leaves the arrow free
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


# On which side.

Rect = tuple[int, int, int, int]
"""Left, top, right, foot."""


def sides(
    boxes: Sequence[Rect],
    lines: Sequence[Sequence[Point]],
    ats: Sequence[Point | None],
    rooms: Sequence[int],
    width: int,
) -> list[int]:
    """On which side of its line the words of each stand: 1 is right of it, -1 left, 0 on it.

    Args:
        boxes: where nothing may stand.
        lines: the lines.
        ats: the place of the words on each.
        rooms: how much room the words of each take.
        width: of the picture.

    Example:
        >>> sides([], [((50, 0), (50, 40))], [(50, 20)], [30], 100)
        [1]
    """
    taken: list[Rect] = []
    out = []
    for i, (line, at, room) in enumerate(zip(lines, ats, rooms, strict=True)):
        found = 0
        if at is None or not room or not _is_upright(line, at):
            out.append(0)
            continue
        others = [*boxes, *(_thick(one) for j, other in enumerate(lines) if j != i for one in pairwise(other))]
        for side in (1, -1):
            rect = _beside(at, side, room)
            if rect[0] >= 0 and rect[2] <= width and not any(_overlap(rect, other) for other in (*others, *taken)):
                found = side
                taken.append(rect)
                break
        out.append(found)
    return out


def _is_upright(line: Sequence[Point], at: Point) -> bool:
    return any(up and x == at[0] and low <= at[1] <= high for up, x, low, high in _stretches(line))


def _beside(at: Point, side: int, room: int) -> Rect:
    near = at[0] + side * BESIDE
    far = near + side * room
    return min(near, far), at[1] - BADGE // 2, max(near, far), at[1] + BADGE // 2


def _thick(ends: tuple[Point, Point]) -> Rect:
    (x0, y0), (x1, y1) = ends
    return min(x0, x1) - 2, min(y0, y1) - 2, max(x0, x1) + 2, max(y0, y1) + 2


def _overlap(one: Rect, other: Rect) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
