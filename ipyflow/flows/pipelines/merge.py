"""The state behind a group: the changes of its branches put together, or what ``merge_state`` makes of their states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipyflow.engine import endings, leaks
from ipyflow.engine.call import Call
from ipyflow.engine.entries import enter
from ipyflow.engine.future import Future
from ipyflow.engine.nodes import end_badly, reopen
from ipyflow.errors import StateConflictWarning
from ipyflow.flows.pipelines import state as states
from ipyflow.model import records as r
from ipyflow.model.status import State

if TYPE_CHECKING:
    from ipyflow.flows.pipelines.group import GroupRun


class Merge:
    """Collects what branches do to the state of a group, and gives the group the state behind it.

    Args:
        run: the group.
    """

    __slots__ = ("_found", "_run", "current")

    def __init__(self, run: GroupRun) -> None:
        self._run = run
        self._found: dict[int, Any] = {}
        self.current: Future[Any] | None = None

    def changed(self, after: Any) -> Any:
        """What is kept of a branch's state: all of it for ``merge_state``, else what it changed, if anything."""
        if self._run.group.merge is not None:
            return (after,)
        return None if after is self._run.base else states.changes(self._run.base, after) or None

    def add(self, place: int, changed: Any) -> None:
        """Take what :meth:`changed` gave for a branch that succeeded."""
        self._found[place] = changed

    def begin(self) -> Call | None:
        """All branches have ended: merge. Returns a call to be run next."""
        run = self._run
        found = sorted(self._found.items())
        if run.group.merge is not None and found:
            args = (run.base, [after for _, (after,) in found])
            return enter(
                run.node, run.group.merge, args, {}, self, None, run.chain.gates, (), None, None, "merge", None
            )
        try:
            state, clashes = states.merged(run.base, found)
        except Exception as error:  # a value that cannot be compared
            endings.add_note(error, f"while the states of the branches of {run.label} were merged")
            return end_badly(run.node, error)
        if clashes:
            self._tell(clashes)
        return run.merged(state)

    def _tell(self, clashes: list[str]) -> None:
        run = self._run
        for text in clashes:
            run.node.future.run.append(r.Noted(run.engine.now(), run.node.future.id, "conflict", text))
        more = f" (and {len(clashes) - 1} more)" if len(clashes) > 1 else ""
        leaks.warn(
            StateConflictWarning(
                f"{run.label}: {clashes[0]}{more}. Say which is right with merge_state=, "
                "or let each branch change a part of its own"
            )
        )

    def entry_done(self, future: Future[Any]) -> Any:
        """The task that merges the states has ended."""
        error, value = future._error, future._value
        if not future._settled:  # looked at after they were read: somebody has just retried it
            future.when_settled(self.entry_done)
            return None
        run = self._run
        if future.state is not State.CACHED:
            run.chain.anew = True
        if error is None:
            ready = run.merged(value)
        else:
            endings.waits_for_retry(future, lambda: self._again(future))
            ready = end_badly(run.node, error)
        return None if ready is None else ready.executor.follow(ready)

    def _again(self, future: Future[Any]) -> None:
        """The task that merges is run again."""
        if reopen(self._run.node, f"{future.label} is run again"):
            future.when_settled(self.entry_done)
