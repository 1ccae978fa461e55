"""Undo and redo: the plans before the one of now, and those after it."""

from __future__ import annotations

from typing import NamedTuple

from ipyflow.builder.plan import Plan

MOST = 200
"""Edits that can be undone."""


class Past(NamedTuple):
    """A plan that was left, and what was done to it."""

    plan: Plan
    what: str
    merge: str


class History:
    """The edits of one plan.

    Example:
        >>> from ipyflow.builder.plan import empty
        >>> history = History(empty())
        >>> history.done(empty("report"), "the name")
        >>> history.undo(), history.plan["name"], history.redo(), history.plan["name"]
        ('the name', 'pipeline', 'the name', 'report')
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._past: list[Past] = []
        self._future: list[Past] = []

    @property
    def undoes(self) -> str | None:
        """What an undo would take back."""
        return self._past[-1].what if self._past else None

    @property
    def redoes(self) -> str | None:
        """What a redo would do again."""
        return self._future[-1].what if self._future else None

    def done(self, plan: Plan, what: str, merge: str = "") -> None:
        """Go on with ``plan``. Edits in a row with the same ``merge`` are one to undo: the letters typed in a field."""
        if plan == self.plan:
            return
        last = self._past[-1] if self._past else None
        if not merge or last is None or last.merge != merge or self._future:
            self._past.append(Past(self.plan, what, merge))
            del self._past[:-MOST]
        self._future.clear()
        self.plan = plan

    def undo(self) -> str | None:
        """Go back by one edit; gives what it was."""
        return self._step(self._past, self._future)

    def redo(self) -> str | None:
        """Go forward again by one."""
        return self._step(self._future, self._past)

    def _step(self, source: list[Past], target: list[Past]) -> str | None:
        if not source:
            return None
        plan, what, _ = source.pop()
        target.append(Past(self.plan, what, ""))
        self.plan = plan
        return what
