"""How lines run in a layered drawing: lanes through the columns they cross, tracks between the columns, corners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor

from ipyflow.views.collapse import Link
from ipyflow.views.edges import CHILD
from ipyflow.views.layering import Layers

MARGIN = 16
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
Step = tuple[int, int, str]
"""A piece of a line between two parts in neighbouring columns."""


Lane = tuple[int, str, int]
"""Of the lines of one kind to one box the place in one column: the box, the kind, the column."""


@dataclass(slots=True)
class Part:
    """A box, or a place where a long line passes through a column."""

    column: int
    width: int
    height: int
    box: bool = True
    x: int = 0
    centre: float = 0.0
    shift: int = PORT

    def port(self, kind: str) -> int:
        """How far from the middle a line of this kind meets the part."""
        return self.shift if self.box and kind == CHILD else 0


@dataclass(slots=True)
class Lanes:
    """How lines cross the columns between their ends. Lines of one kind to one box share lanes, like a bus."""

    entries: list[int] = field(default_factory=list)
    """For each line the first part behind its source: a lane, or the target itself."""
    after: dict[int, tuple[int, str]] = field(default_factory=dict)
    """For each lane, from left to right, what comes next, and the kind of its lines."""

    def names(self, parts: Sequence[Part]) -> dict[int, Lane]:
        """What each lane is known by in the drawing of another day."""
        target: dict[int, int] = {}
        for lane, (following, _) in reversed(self.after.items()):
            target[lane] = target.get(following, following)
        return {lane: (target[lane], kind, parts[lane].column) for lane, (_, kind) in self.after.items()}

    def steps(self, pairs: list[tuple[int, int]], links: Sequence[Link]) -> set[Step]:
        """All pieces of lines, each once."""
        out = {(a, entry, link[2]) for (a, _), link, entry in zip(pairs, links, self.entries, strict=True)}
        return out.union((lane, following, kind) for lane, (following, kind) in self.after.items())


def lead(parts: list[Part], pairs: list[tuple[int, int]], links: Sequence[Link]) -> Lanes:
    """Make the lanes that the lines need; they are added to ``parts``."""
    first: dict[tuple[int, str], int] = {}
    for (a, b), (_, _, kind) in zip(pairs, links, strict=True):
        first[b, kind] = min(parts[a].column + 1, first.get((b, kind), parts[b].column))
    lanes = Lanes()
    begin: dict[tuple[int, str], int] = {}
    for (b, kind), column in first.items():
        begin[b, kind] = len(parts)
        for at in range(column, parts[b].column):
            parts.append(Part(at, 0, LANE, box=False))
            lanes.after[len(parts) - 1] = (len(parts) if at + 1 < parts[b].column else b, kind)
    for (a, b), (_, _, kind) in zip(pairs, links, strict=True):
        skipped = parts[a].column + 1 - first[b, kind]
        lanes.entries.append(b if parts[a].column + 1 == parts[b].column else begin[b, kind] + skipped)
    return lanes


def assign_tracks(parts: list[Part], steps: list[Step]) -> dict[Step, int]:
    """Give each step between two columns the track on which it runs up or down.

    Steps of one kind from one part (or, where that needs fewer tracks, to one part) share a track; others get
    tracks of their own where their stretches meet, so no two different lines lie on each other.
    """
    by_column: dict[int, list[Step]] = {}
    for step in steps:
        by_column.setdefault(parts[step[0]].column, []).append(step)
    out: dict[Step, int] = {}
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


def set_columns(parts: list[Part], layers: Layers, tracks: dict[Step, int], gap: int = GAP_X) -> int:
    """Give each column its place, with room for the tracks before it, and return the width of the drawing."""
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
        x += wide + gap + TRACK * most[column]
    return x - gap + MARGIN


def draw(
    parts: list[Part],
    pairs: list[tuple[int, int]],
    links: Sequence[Link],
    lanes: Lanes,
    tracks: dict[Step, int],
    gap: int = GAP_X,
) -> list[list[Point]]:
    """The corners of each line. What lines share, from a lane to the target, is made once."""
    rest: dict[int, list[Point]] = {}
    for lane, (following, kind) in reversed(lanes.after.items()):
        rest[lane] = _straightened(_piece(parts, lane, following, kind, tracks, gap) + rest.get(following, []))
    return [
        _straightened(_piece(parts, a, entry, link[2], tracks, gap) + rest.get(entry, []))
        for (a, _), link, entry in zip(pairs, links, lanes.entries, strict=True)
    ]


def _piece(parts: list[Part], a: int, b: int, kind: str, tracks: dict[Step, int], gap: int) -> list[Point]:
    start, end = parts[a], parts[b]
    y1, y2 = (floor(part.centre + 0.5) + part.port(kind) for part in (start, end))
    if abs(y1 - y2) <= SNAP and (start.box or end.box):
        y1 = y2 = y2 if start.box else y1
    turn = end.x - gap // 2 - TRACK * tracks[a, b, kind]
    return [(start.x + start.width, y1), (turn, y1), (turn, y2), (end.x, y2)]


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
