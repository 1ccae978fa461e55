"""How many branches of a group there could be at once: what the log says, or what follows from when they began."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from heapq import heappop, heappush

from ipyflow.model.run import TaskState
from ipyflow.model.status import State

SOON = 0.2
"""The part of a usual branch within which the next one begins when a slot is free."""
_SLOT = re.compile(r"branch slot of .+ \((\d+) at once\)", re.DOTALL)


def branch_slots(below: Sequence[TaskState]) -> tuple[int, list[tuple[int, int]]]:
    """Find how many branches could be under way at once; 0 for any number.

    Args:
        below: the tasks of a group.

    Returns:
        The number, and of each branch the first entry and the last.

    Example:
        >>> branch_slots([])
        (0, [])
    """
    branches: dict[int, list[TaskState]] = defaultdict(list)
    for task in below:
        if task.branch is not None:
            branches[task.branch].append(task)
    ends = [(entries[0].id, entries[-1].id) for entries in branches.values()]
    for task in below:
        for span in task.spans:
            if span.state is State.WAITING and (found := _SLOT.fullmatch(span.note)):
                return int(found[1]), ends
    times = [(entries[0].submitted, max(one.ended or 0.0 for one in entries)) for entries in branches.values()]
    return _full(sorted(times)), ends


def _full(times: list[tuple[float, float]]) -> int:
    """Where each branch after the first few began as soon as one more had ended, there were no more slots."""
    under: list[float] = []
    peak = 0
    for begin, end in times:
        while under and under[0] <= begin:
            heappop(under)
        heappush(under, end)
        peak = max(peak, len(under))
    lengths = sorted(end - begin for begin, end in times)
    soon = SOON * lengths[len(lengths) // 2] if lengths else 0.0
    ends = sorted(end for _, end in times)
    later = times[peak:]
    full = all(0.0 <= begin - end <= soon for (begin, _), end in zip(later, ends, strict=False))
    return peak if later and full else 0
