"""What a reader opens and folds in the graph: from the classes of equal tasks to the nodes that are drawn.

A node of several tasks can be opened: then it is drawn task by task, :data:`STEP` at first, those that failed or run
before others, and what is left as one node that can be opened further. A node with tasks below it can be folded: then
these are inside it. What the reader wants is a set of keys:

- ``17+`` opens the node with that key; ``17+/1`` the node of what is left of it, ``17+/2`` what is left then;
- ``4-`` folds the node ``4``, ``4+-`` the node ``4+``.

Where a node is open its tasks are drawn as different nodes, so by the rule of :mod:`ipyflow.views.collapse` their
children are different ones too: those of each become a node of their own, ``23/40+``.

Nothing moves about while the run grows: tasks that were drawn stay drawn, and when a class of an open node comes apart
its parts stay open. ``before`` is what tells of that.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ipyflow.model.run import RunState
from ipyflow.model.status import FAILURE_STATES, State

STEP = 60
"""So many tasks of a node are drawn when it is opened, and so many more each time."""
MOST_DRAWN = 1500
"""Nodes are not taken apart beyond this number, whatever is open."""

_ACTIVE = frozenset({State.RUNNING, State.BLOCKED, State.CANCELLING})


@dataclass(slots=True)
class Node:
    """One box of the graph. ``key`` stays the same while more equal tasks join.

    ``inside`` are the tasks that are folded into it, below ``tasks``. ``opens`` and ``closes`` are keys that a reader
    puts into the set of what is open and folded, or takes out of it, to have more or less drawn; ``within`` is the key
    of the open node it is a part of, and ``rest`` says that it is what is left of that.
    """

    key: str
    name: str
    module: str
    group: str | None
    role: str | None
    tasks: list[int]
    inside: list[int] = field(default_factory=list)
    opens: str = ""
    closes: str = ""
    within: str = ""
    rest: bool = False


def drawn_nodes(
    state: RunState, classes: Sequence[Sequence[int]], few: int, open: Collection[str], before: Sequence[Node] = (),
    *, nested: bool = True,
) -> list[Node]:  # fmt: skip
    """Make the nodes for classes of equal tasks, in the order in which the layout is to keep them.

    Args:
        state: the run.
        classes: ids of equal tasks, in order; the classes in the order of their first tasks.
        few: so many children of an open node's task are one node, fewer are drawn one by one.
        open: the keys of what is open and folded.
        before: the nodes that were drawn last.
        nested: whether the parents of equal tasks are equal; else nothing is folded, and children are not told apart.

    Example:
        >>> drawn_nodes(RunState(), [], 5, ())
        []
    """
    return _Opening(state, few, open, before, nested).nodes(classes)


class _Opening:
    def __init__(self, state: RunState, few: int, open: Collection[str], before: Sequence[Node], nested: bool) -> None:
        self._state, self._few, self._open, self._nested = state, few, frozenset(open), nested
        self._shown = {node.tasks[0] for node in before if node.within and not node.rest}
        self._was = {task: node.within for node in before if node.within for task in node.tasks}
        self._parents = {task.parent for task in state.tasks.values()} if nested else set()
        self._apart: dict[int, Node] = {}
        """The nodes of tasks that are not drawn as their class: it is these that their children look at."""
        self._room = MOST_DRAWN
        self._made: list[tuple[float, Node]] = []

    def nodes(self, classes: Sequence[Sequence[int]]) -> list[Node]:
        self._room -= len(classes)
        for members in classes:
            for over, part in self._by_parent(members):
                if over is not None and self._folded(over):
                    over.inside += part
                    self._apart.update((task, over) for task in part)
                elif over is not None and len(part) < self._few:
                    for task in part:
                        self._apart[task] = self._add(str(task), [task], "")
                else:
                    self._draw(part, "" if over is None else f"{over.key}/", apart=over is not None)
        self._made.sort(key=lambda made: made[0])
        for _, node in self._made:
            node.inside.sort()
        return [node for _, node in self._made]

    def _by_parent(self, members: Sequence[int]) -> list[tuple[Node | None, list[int]]]:
        """Tell a class apart by the nodes of the parents, where these are not drawn as their class."""
        if not self._apart or not self._nested:
            return [(None, list(members))]
        tasks = self._state.tasks
        parts: dict[str, tuple[Node | None, list[int]]] = {}
        for task in members:
            over = self._apart.get(tasks[task].parent)
            parts.setdefault("" if over is None else over.key, (over, []))[1].append(task)
        apart = [(over, part) for over, part in parts.values() if over is None or not self._folded(over)]
        more = sum(len(part) if len(part) < self._few else 1 for _, part in apart) - 1
        if more > self._room:
            left = sorted(task for _, part in apart for task in part)
            return [*((o, part) for o, part in parts.values() if o is not None and self._folded(o)), (None, left)]
        self._room -= max(more, 0)
        return list(parts.values())

    def _draw(self, members: list[int], prefix: str, *, apart: bool) -> None:
        """Draw equal tasks as one node, or as several where it is open."""
        many = len(members) > 1
        key = f"{prefix}{members[0]}+" if many else str(members[0])
        within = next((k for k in (key, self._was.get(members[0], "")) if k in self._open), "") if many else ""
        if not within:
            node = self._add(key, members, "")
            node.opens = node.opens or (key if many else "")
            if apart or self._folded(node):
                self._apart.update((task, node) for task in members)
            return
        level = 1
        while f"{key}/{level}" in self._open:
            level += 1
        shown = self._chosen(members, min(STEP * level, self._room))
        self._room -= len(shown)
        for task in shown:
            self._apart[task] = self._add(str(task), [task], within)
        rest = sorted(set(members) - set(shown))
        if rest:
            node = self._add(f"{key}/{level}", rest, within, behind=max(shown, default=0))
            node.opens, node.rest = node.key, True
            self._apart.update((task, node) for task in rest)

    def _chosen(self, members: list[int], most: int) -> list[int]:
        """Choose whom to draw, in order of submission: what failed, what was drawn before, what runs, the first."""
        if len(members) < most + self._few:
            return members
        tasks, shown = self._state.tasks, self._shown

        def rank(task: int) -> tuple[bool, bool, bool]:
            now = tasks[task].state
            return now not in FAILURE_STATES, task not in shown, now not in _ACTIVE

        return sorted(sorted(members, key=rank)[: max(most, 0)])

    def _add(self, key: str, members: list[int], within: str, behind: float | None = None) -> Node:
        task = self._state.tasks[members[0]]
        node = Node(key, task.name, task.module, task.group, task.role, members, within=within, closes=within)
        _describe(self._state, node)
        if any(task in self._parents for task in members):
            if self._folded(node):
                node.opens = f"{key}-"
            elif not within:
                node.closes = f"{key}-"
        self._made.append((members[0] if behind is None else behind + 0.5, node))
        return node

    def _folded(self, node: Node) -> bool:
        return self._nested and f"{node.key}-" in self._open


def _describe(state: RunState, node: Node) -> None:
    """Say of a node of several tasks nothing that is not theirs all."""
    if len(node.tasks) == 1:
        return
    members = [state.tasks[id_] for id_ in node.tasks]
    if any(task.name != node.name for task in members):
        node.name, node.module, node.group = "(other tasks)", "", None
    if any(task.group != node.group for task in members):
        node.group = None
    if any(task.role != node.role for task in members):
        node.role = None
