"""Who gave data to whom: the edges of the graph, from what the records say."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ipyflow.model.events import WorkflowState
from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FAILURE_STATES, State
from ipyflow.views.containers import CONTAINERS

DATA = "data"
"""The target took the source's outcome: as an argument, by reading it, by returning it, or handed on by a pipeline."""
CHILD = "child"
"""No data goes between the two: the target submitted the source, or only comes after it."""

Edge = tuple[int, int, str]
"""``(from, to, kind)``: task ids and :data:`DATA` or :data:`CHILD`."""

Pair = tuple[int, int]


def edges(state: RunState) -> list[Edge]:
    """List every edge once, sorted by the tasks they come from.

    Tasks of other runs, and the notebook itself, which also read outcomes, are no nodes and give no edges.

    The entries of a pipeline are joined by what was handed on; the last one of each branch gives its outcome to the
    group, the last of a pipeline to the pipeline. What was passed over hangs on a dashed edge behind what came before
    it, a finaliser behind the last entry, the merging of states behind its group. The steps of a workflow are joined by
    their events; the one whose event ended it gives the workflow its outcome.

    Args:
        state: the run.

    Example:
        >>> edges(RunState())
        []
    """
    tasks = state.tasks
    data: dict[Pair, None] = {}
    dashed: dict[Pair, None] = {}
    entries: list[TaskState] = []
    steps: list[TaskState] = []
    loose = 0
    skipped = State.SKIPPED
    for me, task in tasks.items():
        handed = dashed if task.state is skipped else data
        for source in task.refs if task.role != "merge" else ():
            if source in tasks and source != me:
                handed[source, me] = None
        into = task.into
        if into and into in tasks and into != me:
            data[into, me] = None
        for reader in task.read_by:
            if reader in tasks and reader != me:
                data[me, reader] = None
        above = tasks.get(task.parent)
        if above is None:
            loose += task.role == "finally"
        elif above.role == "workflow":
            steps.append(task)
        elif above.role in CONTAINERS:
            entries.append(task)
        else:
            dashed[me, task.parent] = None
    if loose:  # the picture of a plan, in which no task stands for the whole pipeline
        entries += [task for task in tasks.values() if task.parent not in tasks]
    if entries:
        _hand_over(tasks, entries, data, dashed)
    if steps:
        _end_workflows(state, steps, data, dashed)
    found = [(a, b, DATA) for a, b in data]
    found += [(a, b, CHILD) for a, b in dashed if (a, b) not in data and (b, a) not in data]
    found.sort()
    return found


def _hand_over(
    tasks: dict[int, TaskState], entries: list[TaskState], data: dict[Pair, None], dashed: dict[Pair, None]
) -> None:
    """Join the last entries to their container, and the container to what came before by its first entries alone."""
    followed: set[int] = set()
    passed: set[int] = set()
    for task in entries:
        if task.role == "merge":
            continue
        above = task.parent
        by = passed if task.state is State.SKIPPED else followed
        for source in task.refs:
            before = tasks.get(source)
            if before is None:
                continue
            if before.parent == above:
                by.add(source)
            else:  # the lines to its branches show what a group was given
                data.pop((source, above), None)
                dashed.pop((source, above), None)
    followed.update(_midway(entries))
    ends: dict[int, list[int]] = {}
    last: list[TaskState] = []
    for task in entries:
        if task.role == "finally":
            last.append(task)
        elif task.role == "merge":
            if task.parent in tasks:
                dashed[task.parent, task.id] = None
        elif task.state is State.SKIPPED:
            container = tasks.get(task.parent)
            whole = container is not None and container.state is State.SKIPPED and task.id not in passed
            if container is not None and (whole or not task.refs):
                dashed[task.id, task.parent] = None
        elif task.id not in followed:
            ends.setdefault(task.parent, []).append(task.id)
            if task.parent in tasks:
                data[task.id, task.parent] = None
    for task in last:
        dashed.update(((end, task.id), None) for end in ends.get(task.parent, ()))


def _end_workflows(state: RunState, steps: list[TaskState], data: dict[Pair, None], dashed: dict[Pair, None]) -> None:
    """Join to their workflow the steps that ended it, and in dashes those whose events no step took."""
    enders = {ended_by(state.workflows[id_]) for id_ in {task.parent for task in steps} if id_ in state.workflows}
    followed = {source for task in steps for source in task.refs}
    for task in steps:
        above = state.tasks[task.parent]
        failed = task.state in FAILURE_STATES and above.state in FAILURE_STATES and task.text == above.text
        if task.id in enders or failed:
            data[task.id, above.id] = None
        elif task.id not in followed:
            dashed[task.id, above.id] = None


def ended_by(flow: WorkflowState) -> int:
    """The task of the step that ended a workflow: with the last event that was published. 0 while it goes on."""
    _, by, type_, _ = flow.published[-1] if flow.published else (0.0, 0, "", "")
    return by if (type_, "stop") in flow.kinds else 0


def _midway(entries: list[TaskState]) -> list[int]:
    """The planned handlers behind which the plan goes on, whether there will be something to handle or not."""
    handlers = [task for task in entries if task.role == "exceptionally" and task.state is State.PLANNED]
    if not handlers:
        return []
    last = {(task.parent, task.branch): task.id for task in entries if task.role != "finally"}
    return [task.id for task in handlers if last[task.parent, task.branch] != task.id]


def between(found: Sequence[Edge], some: Collection[int]) -> list[Edge]:
    """Keep the edges between these tasks alone.

    Example:
        >>> between([(1, 2, "data"), (2, 3, "data")], {2, 3})
        [(2, 3, 'data')]
    """
    some = set(some)
    return [edge for edge in found if edge[0] in some and edge[1] in some]
