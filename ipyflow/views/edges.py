"""Who gave data to whom: the edges of the graph, from what the records say."""

from __future__ import annotations

from collections.abc import Collection

from ipyflow.model.run import RunState

DATA = "data"
"""The target took the source's outcome: as an argument, by reading it, or by returning it."""
CHILD = "child"
"""The source was submitted by the target and no data goes between the two."""

Edge = tuple[int, int, str]
"""``(from, to, kind)``: task ids and :data:`DATA` or :data:`CHILD`."""


def edges(state: RunState, only: Collection[int] | None = None) -> list[Edge]:
    """List every edge once, sorted by the tasks they come from.

    Tasks of other runs, and the notebook itself, which also read outcomes, are no nodes and give no edges.

    Args:
        state: the run.
        only: when given, edges between these tasks alone.

    Example:
        >>> from ipyflow.model.run import RunState
        >>> edges(RunState())
        []
    """
    tasks = state.tasks
    known: Collection[int] = tasks if only is None else set(only)
    data: dict[tuple[int, int], None] = {}
    for me in known:
        task = tasks[me]
        for source in task.refs:
            if source in known and source != me:
                data[source, me] = None
        if task.into in known and task.into != me:
            data[task.into, me] = None
        for reader in task.read_by:
            if reader in known and reader != me:
                data[me, reader] = None
    found = [(a, b, DATA) for a, b in data]
    for me in known:
        parent = tasks[me].parent
        if parent in known and (me, parent) not in data and (parent, me) not in data:
            found.append((me, parent, CHILD))
    found.sort()
    return found
