"""The graph of a run as a page and the saved picture draw it: collapsed nodes, laid out, with counts by state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ipyflow.model.run import RunState
from ipyflow.model.status import FAILURE_STATES, FINAL_STATES, State
from ipyflow.views.collapse import Collapsed, collapse
from ipyflow.views.containers import CONTAINERS, Below, below, together
from ipyflow.views.edges import Edge
from ipyflow.views.edges import edges as edges_of
from ipyflow.views.held import Held
from ipyflow.views.layout import Layout, layout
from ipyflow.views.opening import Node
from ipyflow.views.palette import ROLES
from ipyflow.views.words import clean, clip, home, shown

HEIGHT = 44
LETTER = 7.3
"""Width of one letter of the name, in pixels: monospace of 12 px."""
SMALL_LETTER = 5.6
"""Width of one letter of the module's name above it."""
NARROWEST, WIDEST = 96, 250
MARK = 13
"""Room for the mark of a role before the small line."""
COUNTED = 22
"""Letters of room above the name of a pipeline or a group for how far it is: its box must not grow with its numbers."""
LISTED = 50
"""A collapsed node names at most this many of its tasks."""


@dataclass(slots=True)
class Graph:
    """The structure of a graph and its drawing; both stay valid until a task, a read or a continuation is added."""

    collapsed: Collapsed
    drawing: Layout
    sizes: list[tuple[int, int]]
    open: tuple[str, ...] = ()


def plan(
    state: RunState, most: int = 300, found: Sequence[Edge] | None = None, *, open: Collection[str] = (),
    before: Graph | None = None,
) -> Graph:  # fmt: skip
    """Collapse and lay out a run's graph: the dear part, worth keeping while only states change.

    Args:
        state: the run.
        most: the largest number of nodes wanted.
        found: the run's edges, where they are at hand.
        open: what a reader has opened and folded; see :mod:`ipyflow.views.opening`.
        before: what was drawn last of a run that goes on.
    """
    last = None if before is None else before.collapsed
    collapsed = collapse(state, edges_of(state) if found is None else found, most, open=open, before=last)
    sizes = _even(collapsed.nodes, [_size(node) for node in collapsed.nodes])
    held = None if before is None else _held(before, collapsed.nodes)
    return Graph(collapsed, layout(sizes, list(collapsed.links), held=held), sizes, tuple(open))


def _held(before: Graph, nodes: Sequence[Node]) -> Held:
    """Say where the nodes stood in another drawing; what came out of a node, or of several, stands where that stood."""
    drawing, old = before.drawing, before.collapsed.nodes
    places = {node.key: i for i, node in enumerate(old)}
    boxes: dict[int, float] = {}
    known: dict[int, int] = {}
    for i, node in enumerate(nodes):
        was = places.get(node.key)
        if was is not None:
            known[was] = i
        else:
            was = before.collapsed.node_of.get(node.tasks[0])
        if was is not None:
            boxes[i] = drawing.y[was] + before.sizes[was][1] / 2
    lanes = {(known[box], kind, at): y for (box, kind, at), y in drawing.lanes.items() if box in known}
    return Held(boxes, lanes)


def graph(
    state: RunState, planned: Graph | None = None, listed: int = LISTED, *, counted: bool = False,
    critical: Sequence[int] = (), handles: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Make the ``graph`` of the payload (see ``docs/protocol.md``).

    Args:
        state: the run.
        planned: what :func:`plan` gave for the same tasks and edges; made when missing.
        listed: how many of its tasks a collapsed node names.
        counted: whether nodes of one task say its state too: where the rows of some tasks are not sent.
        critical: the tasks that decided how long the run took, first to last; boxes and lines then say whether they
            have some.
        handles: whether boxes say how they can be opened and closed: for pages with a kernel that does so.

    Example:
        >>> graph(RunState())["nodes"]
        []
    """
    planned = plan(state) if planned is None else planned
    drawing, nodes = planned.drawing, planned.collapsed.nodes
    keys = [node.key for node in nodes]
    inside = below(state)
    made: dict[str, Any] = {
        "width": drawing.width,
        "height": drawing.height,
        "nodes": [
            _node(state, node, (drawing.x[i], drawing.y[i], *planned.sizes[i]), listed, counted, inside)
            for i, node in enumerate(nodes)
        ],
        "edges": [
            {"from": keys[a], "to": keys[b], "kind": kind, "count": count, "points": [list(p) for p in points]}
            for ((a, b, kind), count), points in zip(planned.collapsed.links.items(), drawing.points, strict=True)
        ],
    }
    if critical:
        _mark(made, planned.collapsed, critical)
    if handles:
        made["open"] = list(planned.open)
        for out, node in zip(made["nodes"], nodes, strict=True):
            out |= {name: key for name, key in (("opens", node.opens), ("closes", node.closes)) if key}
    return made


def _mark(made: dict[str, Any], collapsed: Collapsed, critical: Sequence[int]) -> None:
    """Say of each box how many of the tasks in it are critical, and of each line whether it joins two of them."""
    places = [collapsed.node_of[task] for task in critical if task in collapsed.node_of]
    for place, number in Counter(places).items():
        made["nodes"][place]["critical"] = number
    steps = set(pairwise(places))
    for (a, b, _), edge in zip(collapsed.links, made["edges"], strict=True):
        if (a, b) in steps or (b, a) in steps:
            edge["critical"] = True


def tally(state: RunState, node: Node) -> Counter[State]:
    """Count a node's tasks by state."""
    return tallied(state, node.tasks)


def tallied(state: RunState, tasks: Sequence[int]) -> Counter[State]:
    """Count tasks by state."""
    return Counter([state.tasks[task].state for task in tasks])


def foremost(state: RunState, tasks: Sequence[int], most: int) -> list[int]:
    """Choose the tasks to name for many: failed ones first, then unfinished ones, then those whose code was changed."""
    ranked: tuple[list[int], list[int], list[int], list[int]] = ([], [], [], [])
    for id_ in tasks:
        task = state.tasks[id_]
        now = task.state
        place = 0 if now in FAILURE_STATES else 1 if now not in FINAL_STATES else 2 if task.revisions else 3
        rank = ranked[place]
        if len(rank) < most:
            rank.append(id_)
    return (ranked[0] + ranked[1] + ranked[2] + ranked[3])[:most]


def caption(module: str, group: str | None, role: str | None = None) -> str:
    """What stands above the name in a box: what it is in its pipeline, where the function lives, and its group."""
    what = ROLES[role].word if role in ROLES else ""
    return " · ".join(part for part in (what, module, group) if part)


def _size(node: Node) -> tuple[int, int]:
    count = len(node.tasks)
    if node.rest:
        letters = len(f"+{count:,} more")
    else:
        behind = len(f"{count:,}") + 2 if count > 1 else len(str(node.tasks[0])) + 2 if node.within else 0
        letters = len(shown(node.name, 60)) + behind
    above = COUNTED if node.role in CONTAINERS else len(caption(home(node.module), node.group, node.role))
    if node.rest:
        above += len(shown(node.name, 60))
    if node.inside:
        above = max(above, len(f"{len(node.inside):,} tasks inside"))
    mark = MARK if node.role in ROLES else 0
    width = max(NARROWEST, 44 + LETTER * letters, 40 + mark + SMALL_LETTER * above)
    return 2 * round(min(width, WIDEST) / 2), HEIGHT


def _even(nodes: Sequence[Node], sizes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Make all that came out of one open node equally wide, whatever its number."""
    widest: dict[str, int] = {}
    for node, (width, _) in zip(nodes, sizes, strict=True):
        widest[node.within] = max(width, widest.get(node.within, 0))
    return [(widest[node.within], size[1]) if node.within else size for node, size in zip(nodes, sizes, strict=True)]


def _node(
    state: RunState, node: Node, box: tuple[int, int, int, int], listed: int, counted: bool, inside: dict[int, Below]
) -> dict[str, Any]:
    count = len(node.tasks)
    x, y, w, h = box
    out: dict[str, Any] = {
        "key": node.key,
        "task": node.tasks[0] if count == 1 else None,
        "tasks": foremost(state, node.tasks, listed),
        "name": clean(clip(node.name, 200)),
        "module": home(node.module),
        "group": None if node.group is None else clean(clip(node.group, 200)),
        "role": node.role,
        "count": count,
        "x": x,
        "y": y,
        "w": w,
        "h": h,
    }
    if count > 1 or counted:
        out["counts"] = {str(name): number for name, number in tally(state, node).items()}
    if node.role in CONTAINERS:
        under = together([inside[task] for task in node.tasks])
        out["below"] = {str(name): number for name, number in under.counts.items()}
        out["branches"] = [under.done, under.branches] if node.role == "group" else None
    if node.inside:
        out["inside"] = len(node.inside)
        if node.role not in CONTAINERS:
            out["below"] = {str(name): number for name, number in tallied(state, node.inside).items()}
    if node.within:
        out["part"] = True
    if node.rest:
        out["rest"] = True
    return out
