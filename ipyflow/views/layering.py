"""The first two steps of a layered layout: which column a node stands in, and in which order in its column.

Everything is decided by the places of the nodes in the list, never by chance or by memory addresses, so equal
graphs give equal pictures; and the order of submission is kept wherever another order would not save a crossing,
so a growing graph stays calm.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from ipyflow.views.collapse import Link
from ipyflow.views.edges import CHILD

Layers = list[list[int]]

SWEEPS = 4
"""Passes of the crossing reduction, each there and back; more gain next to nothing."""


def acyclic(count: int, links: Sequence[Link]) -> list[tuple[int, int]]:
    """Turn the links into pairs without a cycle, by reversing some; links from child to parent first.

    Only a task that was given a future of its own ancestor, or coarse nodes, can make a cycle.

    Args:
        count: how many nodes there are.
        links: ``(from, to, kind)``.

    Returns:
        One pair for each link, reversed where need be, in the same order.
    """
    component = _components(count, [(a, b) for a, b, _ in links])
    pairs = [(b, a) if kind == CHILD and component[a] == component[b] else (a, b) for a, b, kind in links]
    rank = _finish_order(count, pairs)
    return [(a, b) if rank[a] > rank[b] else (b, a) for a, b in pairs]


def _successors(count: int, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    after: list[list[int]] = [[] for _ in range(count)]
    for a, b in pairs:
        after[a].append(b)
    for targets in after:
        targets.sort()
    return after


def _finish_order(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Number the nodes as a depth-first walk leaves them: without cycles, sources get higher numbers than targets."""
    after = _successors(count, pairs)
    rank = [-1] * count
    opened = [False] * count
    number = 0
    for root in range(count):
        if opened[root]:
            continue
        opened[root] = True
        stack = [(root, iter(after[root]))]
        while stack:
            node, rest = stack[-1]
            following = next((b for b in rest if not opened[b]), None)
            if following is None:
                rank[node] = number
                number += 1
                stack.pop()
            else:
                opened[following] = True
                stack.append((following, iter(after[following])))
    return rank


def _components(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Number the strongly connected components (Kosaraju: walk the reversed graph by falling finish order)."""
    rank = _finish_order(count, pairs)
    before = _successors(count, [(b, a) for a, b in pairs])
    component = [-1] * count
    for root in sorted(range(count), key=rank.__getitem__, reverse=True):
        if component[root] >= 0:
            continue
        component[root] = root
        stack = [root]
        while stack:
            for node in before[stack.pop()]:
                if component[node] < 0:
                    component[node] = root
                    stack.append(node)
    return component


def columns(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Give each node its column: the length of the longest path that leads to it.

    Args:
        count: how many nodes there are.
        pairs: links without a cycle, from :func:`acyclic`.
    """
    after = _successors(count, pairs)
    missing = [0] * count
    for _, b in pairs:
        missing[b] += 1
    column = [0] * count
    ready = [node for node in range(count) if not missing[node]]
    while ready:
        node = ready.pop()
        for b in after[node]:
            column[b] = max(column[b], column[node] + 1)
            missing[b] -= 1
            if not missing[b]:
                ready.append(b)
    return column


def order(
    layers: Layers, pairs: Sequence[tuple[int, int]], worth: float = 1.0, other: Callable[[], Layers] | None = None
) -> Layers:
    """Reorder the nodes in their columns where it makes fewer crossings (barycentre sweeps).

    Args:
        layers: the nodes of each column, in the order they are to keep where nothing is gained.
        pairs: links between neighbouring columns, left to right.
        worth: the part of the crossings that may be left, at most, for another order to be taken.
        other: gives another order to begin from, asked for where crossings are left.
    """
    left: dict[int, list[int]] = {}
    right: dict[int, list[int]] = {}
    for a, b in pairs:
        right.setdefault(a, []).append(b)
        left.setdefault(b, []).append(a)
    best, fewest = layers, crossings(layers, right)
    allowed = fewest * worth
    for begin in (lambda: layers, other):
        if not fewest or begin is None:
            break
        current = begin()
        for i in range(SWEEPS + 1):
            if i:
                current = _sweep(_sweep(current, left, forward=True), right, forward=False)
            number = crossings(current, right)
            if number < min(fewest, allowed):
                best, fewest = current, number
    return best


def _sweep(layers: Layers, neighbours: dict[int, list[int]], *, forward: bool) -> Layers:
    """Sort each column by the mean place of its neighbours in the column before (or behind) it."""
    out = list(layers)
    indices = range(1, len(out)) if forward else range(len(out) - 2, -1, -1)
    for i in indices:
        fixed = {node: at for at, node in enumerate(out[i - 1 if forward else i + 1])}
        weights: dict[int, float] = {}
        for at, node in enumerate(out[i]):
            near = [fixed[n] for n in neighbours.get(node, ()) if n in fixed]
            # One without neighbours stays about where it is.
            weights[node] = sum(near) / len(near) if near else at * len(fixed) / len(out[i])
        out[i] = sorted(out[i], key=weights.__getitem__)
    return out


def crossings(layers: Layers, right: dict[int, list[int]]) -> int:
    """Count the crossings between neighbouring columns, in O(links · log nodes) by a Fenwick tree."""
    total = 0
    for first, second in itertools.pairwise(layers):
        at = {node: i for i, node in enumerate(second)}
        tree = [0] * (len(second) + 1)
        seen = 0
        for node in first:
            ends = [at[n] for n in right.get(node, ()) if n in at]
            for end in ends:
                i, below = end + 1, 0
                while i:
                    below += tree[i]
                    i &= i - 1
                total += seen - below
            for end in ends:
                i = end + 1
                while i < len(tree):
                    tree[i] += 1
                    i += i & -i
            seen += len(ends)
    return total
