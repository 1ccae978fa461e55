"""Futures that nobody read, and failures that nobody saw: the engine has noted both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ipyflow.model.run import RunState, TaskState
from ipyflow.views.lint.findings import Facts, Finding
from ipyflow.views.standing import named
from ipyflow.views.words import label

_KINDS = {"leaked": "leak", "unobserved": "unseen"}


def unread(state: RunState, facts: Facts) -> Iterator[Finding]:
    """Look for what nobody read.

    Args:
        state: an ended run.
        facts: what else is known.
    """
    found: dict[tuple[str, int], list[TaskState]] = defaultdict(list)
    for _, id_, kind, _ in state.notes:
        task = state.tasks.get(id_)
        if kind in _KINDS and task is not None and task not in found[kind, task.parent]:
            found[kind, task.parent].append(task)
    for (kind, parent), tasks in found.items():
        above = state.tasks.get(parent)
        who = label(above) if above is not None else "the cell"
        ids = tuple(task.id for task in tasks)
        if kind == "leaked":
            yield Finding(
                "leak",
                f"{who} ended without reading {named(tasks)}",
                "read each with .result() or wait(); .detach() says that nobody needs it",
                ids,
            )
        else:
            yield Finding(
                "unseen",
                f"{named(tasks)} failed and nobody looked",
                ".exception() or .traceback tells; %flow debug opens the frames",
                ids,
            )
