"""Many tasks, few nodes: equal siblings become one node of the graph, with their number.

Two tasks are equal when they have the same name, module, group and role, their parents are drawn as the same node, and
they have the same kinds of edges to the same nodes. That is a partition refinement: begin with the tasks' names
and parents, split by neighbours until nothing changes. A class smaller than :data:`FEW` is drawn task by task, for
three loads side by side tell more than "load ×3".

In the branches of a group it is the place in the branch that counts, not the neighbours: an entry is equal to those at
the same place of branches with the same entries. What became of a branch (passed over, handled) does not tear it from
the others, so the graph keeps the shape of the plan while the group runs.

Where all that gives more nodes than a reader can take in, coarser partitions are tried, the coarsest being one node for
each name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass

from ipyflow.model.run import RunState
from ipyflow.views.edges import CHILD, DATA, Edge
from ipyflow.views.opening import Node, drawn_nodes

FEW = 5
"""From this many equal siblings on they are one node."""

Link = tuple[int, int, str]
"""``(from, to, kind)`` between places in the list of nodes."""

_MASK = (1 << 61) - 1


@dataclass(slots=True)
class Collapsed:
    """The nodes, in the order of their first tasks, and how many edges each link stands for.

    ``node_of`` has the place of its node for each task, those that are folded into one among them.
    """

    nodes: list[Node]
    links: dict[Link, int]
    node_of: dict[int, int]


def collapse(
    state: RunState, found: Sequence[Edge], most: int = 300, few: int = FEW, *, open: Collection[str] = (),
    before: Collapsed | None = None,
) -> Collapsed:  # fmt: skip
    """Fold equal siblings into nodes.

    Args:
        state: the run.
        found: its edges, from :func:`ipyflow.views.edges.edges`.
        most: the largest number of nodes wanted; at least 2.
        few: classes smaller than this are drawn task by task.
        open: what a reader has opened and folded; see :mod:`ipyflow.views.opening`. It comes on top of ``most``.
        before: what was drawn last of a run that goes on.

    Example:
        >>> collapse(RunState(), []).nodes
        []
    """
    ids = list(state.tasks)
    place = {task: i for i, task in enumerate(ids)}
    in_branches = branch_places(state)
    pairs = [(place[a], place[b], kind) for a, b, kind in found]
    rounds = max(4, min(len(ids), 150_000 // (len(ids) + len(pairs) + 1)))
    partition = (
        _refined(state, place, in_branches, pairs, most, few, rounds)
        or _refined(state, place, in_branches, pairs, most, 2, rounds)
        or _fitting(_by_parent(state, place, {}), most)
    )
    classes: dict[int, list[int]] = {}
    for id_, number in zip(ids, partition or _by_name(state, most), strict=True):
        classes.setdefault(number, []).append(id_)
    last = before.nodes if before is not None else ()
    return _linked(drawn_nodes(state, list(classes.values()), few, open, last, nested=partition is not None), found)


def _interned(keys: Iterable[Hashable]) -> list[int]:
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def _by_parent(state: RunState, place: dict[int, int], in_branches: dict[int, Hashable]) -> list[int]:
    """Number the tasks by name, module, group, role, place in a branch, and the number of their parent."""
    numbers: dict[Hashable, int] = {}
    out: list[int] = []
    for id_, task in state.tasks.items():  # parents come before their children
        above = place.get(task.parent, -1)
        over = out[above] if 0 <= above < len(out) else -1
        key = (task.name, task.module, task.group, task.role, in_branches.get(id_), over)
        out.append(numbers.setdefault(key, len(numbers)))
    return out


def branch_places(state: RunState) -> dict[int, Hashable]:
    """Say of each entry of a branch which entries its branch has and the how manyth of them it is."""
    branches: dict[tuple[int, int], list[int]] = {}
    for id_, task in state.tasks.items():
        if task.branch is not None:
            branches.setdefault((task.parent, task.branch), []).append(id_)
    shapes: dict[Hashable, int] = {}
    out: dict[int, Hashable] = {}
    for entries in branches.values():
        shape = tuple([(state.tasks[id_].name, state.tasks[id_].role) for id_ in entries])
        number = shapes.setdefault(shape, len(shapes))
        for i, id_ in enumerate(entries):
            out[id_] = (number, i)
    return out


def _by_name(state: RunState, most: int) -> list[int]:
    names = Counter(task.name for task in state.tasks.values())
    kept = {name: i for i, (name, _) in enumerate(names.most_common(most - 1), 1)}
    return [kept.get(task.name, 0) for task in state.tasks.values()]


def _fitting(partition: list[int], most: int) -> list[int] | None:
    return partition if len(set(partition)) <= most else None


def _refined(
    state: RunState, place: dict[int, int], in_branches: dict[int, Hashable], pairs: list[Link], most: int, few: int,
    rounds: int,
) -> list[int] | None:  # fmt: skip
    """Split classes by their neighbours until nothing changes; ``None`` when that takes too many nodes or rounds."""
    above = [place.get(task.parent, -1) for task in state.tasks.values()]
    fixed = {place[id_]: where for id_, where in in_branches.items()}
    classes = _by_parent(state, place, in_branches)
    classes = _singled(classes, few, _families(classes, above, fixed))
    count = len(set(classes))
    for _ in range(rounds):
        if count > most:
            return None
        marks = _neighbours(classes, pairs)
        for i in fixed:
            marks[i] = 0
        parents = [classes[p] if p >= 0 else -1 for p in above]
        finer = _interned(zip(classes, parents, marks, strict=True))
        finer = _singled(finer, few, _families(finer, above, fixed))
        before, count = count, len(set(finer))
        if count == before:
            return finer
        classes = finer
    return None


def _families(classes: list[int], above: list[int], fixed: dict[int, Hashable]) -> list[int]:
    """Number the tasks by what decides whether they are few: that of branches is all stages of their group together."""
    if not fixed:
        return classes
    over = ((fixed[i], classes[a] if a >= 0 else -1) if i in fixed else classes[i] for i, a in enumerate(above))
    return _interned(over)


def _singled(classes: list[int], few: int, families: list[int]) -> list[int]:
    """Give each member of a family smaller than ``few`` a class of its own."""
    sizes = Counter(families)
    small = {number for number, size in sizes.items() if size < few}
    if not small:
        return classes
    top = max(classes) + 1
    return [top + i if families[i] in small else number for i, number in enumerate(classes)]


def _neighbours(classes: list[int], pairs: list[Link]) -> list[int]:
    """Hash, for each task, the set of (direction, kind, class of the neighbour).

    The sum over the set's members does not depend on their order, and spares a set object for each task. Equal
    sums of different sets would only merge two nodes of a picture.
    """
    marks = [0] * len(classes)
    width = 2 * (max(classes, default=0) + 1)
    sides = (
        {a * width + 2 * classes[b] + (kind == DATA) for a, b, kind in pairs},
        {b * width + 2 * classes[a] + (kind == DATA) for a, b, kind in pairs},
    )
    for side, codes in enumerate(sides):
        drawn: dict[int, int] = {}
        for code in codes:
            place, neighbour = divmod(code, width)
            mark = drawn.get(neighbour)
            if mark is None:
                mark = drawn[neighbour] = hash((side, neighbour)) ** 2 & _MASK
            marks[place] += mark
    return marks


def _linked(nodes: list[Node], found: Sequence[Edge]) -> Collapsed:
    places = {id_: i for i, node in enumerate(nodes) for part in (node.tasks, node.inside) for id_ in part}
    links = Counter([(places[a], places[b], kind) for a, b, kind in found if places[a] != places[b]])
    for a, b, kind in list(links):
        if kind == CHILD and ((a, b, DATA) in links or (b, a, DATA) in links):
            del links[a, b, kind]  # only coarse nodes can have both; the line that carries data says more
    return Collapsed(nodes, dict(sorted(links.items())), places)
