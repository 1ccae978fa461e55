"""How many branches of a group were started and unfinished at once, by the records of the run."""

from __future__ import annotations

from collections import Counter

import ipyflow as fl
from ipyflow.model import records as r
from ipyflow.model.run import TaskState


def most_branches(future: fl.Future, group: TaskState) -> int:
    """The most branches of ``group`` that were between their first entry's start and their last one's end.

    A body on a thread that was cancelled is not waited for: its branch ends with the wish.
    """
    tasks, log = future.run.snapshot().tasks, future.run.log
    branch_of: dict[int, int] = {}
    for id in sorted(tasks):
        task = tasks[id]
        if task.parent == group.id and task.branch is not None:
            branch_of[id] = task.branch
        elif task.parent in branch_of:
            branch_of[id] = branch_of[task.parent]
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    left: set[int] = set()
    for place, record in enumerate(log):
        branch = branch_of.get(getattr(record, "task", 0))
        if branch is None:
            continue
        if isinstance(record, r.Started):
            first.setdefault(branch, place)
        if isinstance(record, r.Cancelling):
            left.add(record.task)
        if isinstance(record, r.Cancelling | r.Finished) and not (
            isinstance(record, r.Finished) and (record.state == "skipped" or record.task in left)
        ):
            last[branch] = place
    change: Counter[int] = Counter()
    for branch, place in first.items():
        change[place] += 1
        change[last[branch]] -= 1
    now = most = 0
    for place in sorted(change):
        now += change[place]
        most = max(most, now)
    return most
