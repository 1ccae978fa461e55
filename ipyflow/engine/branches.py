"""Running again what failed in a part of a run: below a task, or all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipyflow.engine.earlier import children_of
from ipyflow.engine.nodes import Node
from ipyflow.model.status import RESTARTABLE_STATES

if TYPE_CHECKING:
    from ipyflow.engine.future import Future
    from ipyflow.engine.run import Run


def failed_in(run: Run) -> list[Future[Any]]:
    """What can be run again in ``run``, in the order in which it failed.

    Not what a handler has dealt with: for such an entry of a pipeline nobody waits.
    """
    return [future for future in list(run.failed.values()) if _is_due(run, future)]


def _is_due(run: Run, future: Future[Any]) -> bool:
    call = future._call
    # Those that depended on an earlier one go on already.
    handled = call is not None and call.is_entry and future.id not in run.dependants
    return future.state in RESTARTABLE_STATES and not handled


def failed_below(run: Run, task: int) -> list[Future[Any]]:
    """What can be run again of all that a task has started, and of what that has."""
    failed = failed_in(run)
    if not failed:
        return []
    below = _Below(run, {task})
    return [one for one in failed if one.parent_id in below]


class _Below:
    """Whether a task is one of some, or below one of them; the log knows the way up."""

    def __init__(self, run: Run, tops: set[int]) -> None:
        self._tasks = run.snapshot().tasks
        self._known = dict.fromkeys(tops, True)

    def __contains__(self, id: int) -> bool:
        way: list[int] = []
        while id not in self._known and (task := self._tasks.get(id)) is not None:
            way.append(id)
            id = task.parent
        found = self._known.get(id, False)
        self._known.update(dict.fromkeys(way, found))
        return found


def retry_all(failed: list[Future[Any]]) -> None:
    """Run them again, but for those that others take along.

    What is below a body that is run again waits for that: the body asks for it again, or for something else.
    """
    if not failed:
        return
    bodies = {future.id for future in failed if _runs_its_body(future)}
    below = _Below(failed[0].run, bodies)
    with_children = sum(one._call is not None and one._call.has_children for one in failed)
    held = children_of(failed[0].run) if with_children > 1 else None  # looked for once, and not for each of them
    for future in [future for future in failed if future.parent_id not in below]:
        if _is_due(future.run, future):  # still: it may have gone on by itself when one before it did
            try:
                future.run.engine.retry(future)
            except RuntimeError:
                if future.done() and future.state in RESTARTABLE_STATES:
                    raise
                # else somebody else has just started it
    del held


def _runs_its_body(future: Future[Any]) -> bool:
    """Whether a retry runs a body that may submit others: not of a pipeline, nor where what it returned goes on."""
    call = future._call
    if call is None or isinstance(call, Node):
        return False
    return call.into is None or call.into.state not in RESTARTABLE_STATES or call.task.latest() is not call.task
