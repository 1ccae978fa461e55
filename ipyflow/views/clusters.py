"""The nodes of the graph in boxes within boxes, for languages that draw such: pipelines, groups, and labels."""

from __future__ import annotations

from dataclasses import dataclass, field

from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.views.collapse import Collapsed
from ipyflow.views.containers import Below, below, branches, together
from ipyflow.views.graph import tally
from ipyflow.views.opening import Node
from ipyflow.views.palette import LOOKS, ORDER, ROLES
from ipyflow.views.words import clip, counts_in_marks, shown

BOXED = frozenset({"pipeline", "group"})
"""Roles of tasks that have a box around what is below them."""


@dataclass(slots=True)
class Said:
    """A node of the graph in words.

    ``place`` is its place among the nodes, ``state`` the first of its tasks' in :data:`ipyflow.views.palette.ORDER`.
    """

    place: int
    node: Node
    name: str
    below: str
    state: State


@dataclass(slots=True)
class Cluster:
    """A box with nodes and with boxes in it. ``number`` is its own among all of a graph."""

    number: int
    label: str
    nodes: list[Said] = field(default_factory=list)
    inner: list[Cluster] = field(default_factory=list)


def clusters(state: RunState, collapsed: Collapsed) -> Cluster:
    """Put the nodes into boxes: a pipeline and a group hold their entries and their own node, a label what carries it.

    Args:
        state: the run.
        collapsed: its nodes.

    Returns:
        The outermost box, which has no label.
    """
    nodes, found = collapsed.nodes, below(state)
    outside = Cluster(0, "")
    boxes: dict[tuple[int, str | None], Cluster] = {(-1, None): outside}

    def around(i: int) -> tuple[int, str | None]:
        """The node of the pipeline or group that holds node ``i``, and the label of ``i``: what its box is known by."""
        over = collapsed.node_of.get(state.tasks[nodes[i].tasks[0]].parent, -1)
        return over if over not in (i, -1) and nodes[over].role in BOXED else -1, nodes[i].group

    def box(key: tuple[int, str | None]) -> Cluster:
        """The box that is known by ``key``; those around it are made first."""
        missing = []
        while key not in boxes:
            missing.append(key)
            over, label = key
            key = around(over) if label is None else (over, None)
        made = boxes[key]
        for over, label in reversed(missing):
            words = f"{ROLES[nodes[over].role or ''].mark} {nodes[over].name}" if label is None else label
            made.inner.append(Cluster(len(boxes), words))
            made = boxes[over, label] = made.inner[-1]
        return made

    for i, node in enumerate(nodes):
        box((i, None) if node.role in BOXED else around(i)).nodes.append(_said(state, i, node, found))
    return outside


def _said(state: RunState, place: int, node: Node, found: dict[int, Below]) -> Said:
    """Two lines: the mark of its role and its name, and where it stands."""
    counts = tally(state, node)
    worst = next(s for s in ORDER if counts[s])
    many = len(node.tasks) > 1
    role = f"{ROLES[node.role].mark} " if node.role in ROLES else ""
    name = role + shown(clip(node.name, 80)) + (f" ×{len(node.tasks):,}" if many else f"#{node.tasks[0]}")
    words = counts_in_marks(counts) if many else f"{LOOKS[worst].mark} {LOOKS[worst].word}"
    if node.role == "group":
        under = together([found[task] for task in node.tasks])
        words = f"{branches(under.done, under.branches)} · {words}"
    elif node.role in ROLES:
        words = f"{ROLES[node.role].word} · {words}"
    return Said(place, node, name, words, worst)
