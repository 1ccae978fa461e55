"""The order of a drawing that a reader knows, kept while the graph grows: what is new goes where it crosses least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ipyflow.views.layering import Layers
from ipyflow.views.routing import Lane, Lanes, Part, Step

WORTH = 0.6
"""The known order is given up only where no more than this part of the crossings is left then."""


@dataclass(slots=True)
class Held:
    """Where boxes and lanes stood: their middles, by their places in the list of boxes of now."""

    boxes: dict[int, float] = field(default_factory=dict)
    lanes: dict[Lane, float] = field(default_factory=dict)


def held_layers(parts: Sequence[Part], lanes: Lanes, steps: Sequence[Step], held: Held) -> Layers:
    """List each column's parts: known ones in their order, and new ones between them.

    Args:
        parts: boxes and lanes.
        lanes: what the lanes are.
        steps: the pieces of lines between neighbouring columns.
        held: where parts stood.

    Example:
        >>> parts = [Part(0, 9, 9), Part(0, 9, 9), Part(0, 9, 9)]
        >>> held_layers(parts, Lanes(), [], Held({0: 50.0, 1: 20.0}))
        [[1, 0, 2]]
    """
    at = {**held.boxes, **{lane: held.lanes[name] for lane, name in lanes.names(parts).items() if name in held.lanes}}
    sources: dict[int, list[int]] = {}
    for a, b, _ in steps:
        sources.setdefault(b, []).append(a)
    columns: list[list[int]] = [[] for _ in range(max(part.column for part in parts) + 1)]
    for i, part in enumerate(parts):
        columns[part.column].append(i)
    layers: Layers = []
    before: dict[int, int] = {}
    for column in columns:
        layer = sorted((i for i in column if i in at), key=lambda i: (at[i], i))
        ends = {i: [before[a] for a in sources.get(i, ()) if a in before] for i in column}
        others = [ends[i] for i in layer]
        for new in column:
            if new not in at:
                place = _best(others, ends[new], len(before), last=parts[new].box)
                layer.insert(place, new)
                others.insert(place, ends[new])
        layers.append(layer)
        before = {node: i for i, node in enumerate(layer)}
    return layers


def _best(others: list[list[int]], own: list[int], most: int, *, last: bool) -> int:
    """Choose the place between others where lines that end at ``own`` cross the fewest of theirs.

    Of equal places a box takes the last, in order of submission, and a lane the first. ``most`` is above all ends.
    """
    if not own:
        return len(others)
    own = sorted(set(own))
    more: list[int] = []  # so many more lines are crossed below one that ends there than above it
    before = 0
    for i, end in enumerate(own):
        more += [2 * i - len(own)] * (end - before) + [2 * i + 1 - len(own)]
        before = end + 1
    more += [len(own)] * (most - before)
    best = fewest = crossed = 0
    for i, ends in enumerate(others, 1):
        for end in ends:
            crossed += more[end]
        if crossed < fewest or (last and crossed == fewest):
            best, fewest = i, crossed
    return best
