"""Straight lines: boxes of a finished layout are moved a little more, alone or with all that hangs straight on them.

Where one leads to one, the line should not bend; what leads to several should stand in their middle. For pictures in
which an eye follows a chain; a graph that grows while one looks stays calmer without.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ipyflow.views.layering import Layers
from ipyflow.views.routing import SNAP, Part, Step

BEND = 60
"""A bend in a line between two that have only each other is as bad as so many pixels to the side."""
JOG = 20
"""Other lines may bend; to the side by less than this it looks like a mistake."""
PASSES = 8

_Near = tuple[int, float, str]
"""A neighbour, how far off a part wants to be from it, and what joins the two."""
_CHAIN, _FORK, _LANE = "chain", "fork", "lane"
"""The two have only each other; one of them has several; a line passes the other's column."""


class Straightener:
    """Moves the parts of a layout along their columns, keeping order and distance, as long as lines become better.

    Args:
        parts: where they are; their centres are changed.
        layers: the parts of each column, in order.
        steps: the pieces of lines between them.
        gap: the least distance between two parts of a column.
    """

    def __init__(self, parts: Sequence[Part], layers: Layers, steps: Sequence[Step], gap: int) -> None:
        self._parts = parts
        self._sides: dict[int, tuple[list[_Near], list[_Near]]] = {}
        """The neighbours of each part, before it and behind it."""
        leads = Counter((a, parts[b].box) for a, b, _ in steps)
        follows = Counter((b, parts[a].box) for a, b, _ in steps)
        for a, b, kind in steps:
            shift = parts[a].port(kind) - parts[b].port(kind)
            alike = parts[a].box == parts[b].box  # a lane beside does not bend the line from box to box
            alone = leads[a, parts[b].box] == 1 == follows[b, parts[a].box]
            by = _LANE if not alike else _CHAIN if alone else _FORK
            self._sides.setdefault(a, ([], []))[1].append((b, -shift, by))
            self._sides.setdefault(b, ([], []))[0].append((a, shift, by))
        self._room: dict[int, list[tuple[int, float, int]]] = {}
        """The parts beside each in its column: which, how far off they have to be, on which side."""
        for layer in layers:
            for one, other in pairwise(layer):
                far = (parts[one].height + parts[other].height) / 2 + gap
                self._room.setdefault(one, []).append((other, far, 1))
                self._room.setdefault(other, []).append((one, far, -1))

    def run(self) -> float:
        """Move what makes lines better; give how bad they are then."""
        for _ in range(PASSES):
            moved = False
            for node in self._sides:
                moved |= self._better(node)
            if not moved:
                break
        return sum(_bad(*off) for node in self._sides for off in self._offs(node, 1))

    def _better(self, node: int) -> bool:
        for side in (0, 1):
            offs = [off for off, _ in self._offs(node, side)]
            if not offs:
                continue
            beside = {near for near, _, _ in self._sides[node][side]}
            for by in dict.fromkeys([*offs, float(round(sum(offs) / len(offs)))]):
                for group in ({node}, self._hanging(node, beside)) if abs(by) > 0.25 else ():
                    if self._fits(group, by) and self._gain(group, by) < -0.1:
                        for one in group:
                            self._parts[one].centre += by
                        return True
        return False

    def _offs(self, node: int, side: int) -> Iterator[tuple[float, str]]:
        for near, shift, joint in self._sides[node][side]:
            yield self._parts[near].centre + shift - self._parts[node].centre, joint

    def _hanging(self, node: int, beside: set[int]) -> set[int]:
        """All that straight lines lead to from a node, but not over its neighbours on one side."""
        found = {node}
        ways = [node]
        while ways:
            one = ways.pop()
            for near, shift, _ in (*self._sides[one][0], *self._sides[one][1]):
                straight = abs(self._parts[near].centre + shift - self._parts[one].centre) < 0.25
                if straight and near not in found and near not in beside:
                    found.add(near)
                    ways.append(near)
        return found

    def _fits(self, group: set[int], by: float) -> bool:
        for one in group:
            for other, far, side in self._room.get(one, ()):
                if other not in group and (self._parts[other].centre - self._parts[one].centre - by) * side < far:
                    return False
        return True

    def _gain(self, group: set[int], by: float) -> float:
        """What a move of a group would add to how bad lines are: those to neighbours that are not in it."""
        out = 0.0
        for one in group:
            for near, shift, joint in (*self._sides[one][0], *self._sides[one][1]):
                if near not in group:
                    off = self._parts[near].centre + shift - self._parts[one].centre
                    out += _bad(off - by, joint) - _bad(off, joint)
        return out


def _bad(off: float, joint: str) -> float:
    side = abs(off)
    if joint == _CHAIN:
        return side + (BEND if side > SNAP else 0)
    return (0.15 * side + side * side / 2000) * (0.3 if joint == _LANE else 1) + (JOG if SNAP < side < JOG else 0)
