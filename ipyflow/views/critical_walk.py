"""The walk back through a run that finds its critical path; the rule is in :mod:`ipyflow.views.critical`."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from ipyflow.model.run import RunState, Span, TaskState
from ipyflow.model.status import FINAL_STATES, State
from ipyflow.views.containers import contains
from ipyflow.views.edges import ended_by

QUIET = 0.01
"""The part of a run for which a notebook has submitted nothing when it seems to have waited."""
_SLACK = 1e-4
"""Seconds by which what came first may have the later time: it was noted on another thread."""
_RUNS = frozenset({State.RUNNING, State.CANCELLING})
_WAITS = frozenset({State.BLOCKED, State.WAITING})
_UNDONE = frozenset({State.CANCELLED, State.SKIPPED})


@dataclass(frozen=True, slots=True)
class Stretch:
    """From ``begin`` to ``end``, on the engine's clock, it was this task that all else had to wait for."""

    begin: float
    end: float
    task: int


def critical_stretches(state: RunState) -> list[Stretch]:
    """Give the stretches of time that the critical path is made of, in order; between them nobody's body ran for it.

    Args:
        state: the run.

    Example:
        >>> critical_stretches(RunState())
        []
    """
    return list(_Walk(state).back())[::-1]


class _Walk:
    """One walk back through a run. Each span of a task is passed once, so it takes as long as the run has records."""

    def __init__(self, state: RunState) -> None:
        self.state = state
        self.tasks = state.tasks
        self._left: dict[int, int] = {}
        """How many spans of a task the walk has not passed; -1 behind its submission."""
        self._children: dict[int, list[TaskState]] | None = None
        self._branches: dict[tuple[int, int | None], list[TaskState]] | None = None
        self._loose: list[float] | None = None
        """When the tasks without a parent were submitted, those that the walk has not passed."""
        self._latest: list[tuple[float, int]] = []
        """Of these and all before them which ended last, and when."""
        self._ends: list[tuple[float, int]] = []

    def back(self) -> Iterator[Stretch]:
        """Give the stretches, last to first."""
        here: tuple[TaskState, float] | None = None
        latest, skipped = float("-inf"), State.SKIPPED
        for task in self.tasks.values():
            ended = task.ended
            if ended is not None and ended > latest and task.state is not skipped:
                here, latest = (task, ended), ended
        while here is not None:
            task, time = here
            i = self._left.get(task.id, len(task.spans)) - 1
            while i > 0 and task.spans[i].time > time:
                i -= 1
            self._left[task.id] = i
            if i < -1:  # been there
                return
            if i < 0:
                here = self._submitted(task, min(time, task.submitted))
                continue
            span = task.spans[i]
            if i + 1 < len(task.spans):
                time = min(time, task.spans[i + 1].time)
            begin = min(span.time, time)
            if span.state in _RUNS and begin < time:
                yield Stretch(begin, time, task.id)
            here = (self._released(task, span, time) if span.state in _WAITS else None) or (task, begin)

    def _released(self, task: TaskState, span: Span, time: float) -> tuple[TaskState, float] | None:
        """What ended the wait of a task at an instant."""
        if contains(task) and not span.on:
            flow = self.state.workflows.get(task.id)
            last = self.tasks.get(ended_by(flow)) if flow is not None else None
            if last is not None and task.ended is not None and last.submitted <= time:
                return last, min(time, last.ended or time)
            return self._last(self._below(task.id), time, span.time)
        found = self._last((self.tasks[id_] for id_ in span.on if id_ in self.tasks), time, span.time)
        if found is None and span.state is State.BLOCKED and task.takes:
            return self._sent(task, time, span.time)
        return found

    def _submitted(self, task: TaskState, time: float) -> tuple[TaskState, float] | None:
        """What let a task be submitted."""
        above = self.tasks.get(task.parent)
        if above is None:
            return self._from_outside(task, time)
        if not contains(above):
            return above, time
        before = self._sent(task, time) if task.takes else None
        if before is None and task.role != "merge":
            before = self._last((self.tasks[id_] for id_ in task.refs if id_ in self.tasks), time)
        if before is None:
            siblings = self._below(above.id) if task.role in ("merge", "step") else self._beside(task)
            before = self._last((one for one in siblings if one is not task), time)
        if before is None:
            self._left[above.id] = min(0, self._left.get(above.id, 0))
            return above, min(time, above.submitted)
        return before

    def _last(
        self, tasks: Iterable[TaskState], time: float, since: float = float("-inf")
    ) -> tuple[TaskState, float] | None:
        """Of some tasks the one that ended last until an instant, and when; those that never did anything last."""
        until = time + _SLACK
        best, latest, did = None, since, False
        for task in tasks:
            ended = task.ended
            if ended is None or ended > until:
                ended = _ended(task, until)
            if ended is None or ended <= since:
                continue
            does = task.started is not None or task.state not in _UNDONE
            if (ended > latest and does is did) or (does and not did):
                best, latest, did = task, ended, does
        return None if best is None else (best, min(latest, time))

    def _sent(self, task: TaskState, time: float, since: float = float("-inf")) -> tuple[TaskState, float] | None:
        """The step that sent the last event which a step got until an instant; none for one from outside."""
        flow = self.state.workflows.get(task.parent)
        events = [flow.events[id_] for id_ in task.takes if id_ in flow.events] if flow is not None else []
        events = [event for event in events if since < event.time <= time + _SLACK]
        last = max(events, key=lambda event: (event.time, event.id), default=None)
        by = None if last is None else self.tasks.get(last.by)
        return None if last is None or by is None else (by, min(last.time, time))

    def _from_outside(self, task: TaskState, time: float) -> tuple[TaskState, float] | None:
        """The notebook submitted a task: what ended before, where nothing else was under way, or new for a while.

        The log does not say what the notebook waited for.
        """
        if self._loose is None:
            loose = sorted(
                (one for one in self.tasks.values() if one.parent not in self.tasks), key=lambda one: one.submitted
            )
            self._loose = [one.submitted for one in loose]
            self._latest = list(accumulate(((one.ended or float("inf"), one.id) for one in loose), max))
            self._ends = sorted((one.ended, one.id) for one in loose if one.ended is not None)
        least = QUIET * ((self.state.closed or self.state.last) - self.state.opened)
        while self._loose:
            before = self._loose[-1]
            if before < task.submitted:
                ended, id_ = self._latest[len(self._loose) - 1]
                if ended <= time:  # nothing was under way
                    return self.tasks[id_], ended
                ended, id_ = self._ends[bisect(self._ends, (time, float("inf"))) - 1] if self._ends else (before, 0)
                if time - before > least and before < ended <= time:
                    return self.tasks[id_], ended
                time = before
            self._loose.pop()
        return None

    def _below(self, container: int) -> list[TaskState]:
        if self._children is None:
            self._children = defaultdict(list)
            for task in self.tasks.values():
                self._children[task.parent].append(task)
        return self._children.get(container, [])

    def _beside(self, task: TaskState) -> list[TaskState]:
        if self._branches is None:
            self._branches = defaultdict(list)
            for one in self.tasks.values():
                self._branches[one.parent, one.branch].append(one)
        return self._branches.get((task.parent, task.branch), [])


def _ended(task: TaskState, until: float) -> float | None:
    """When a task ended, as far as an instant: it may have been tried again since."""
    if task.ended is not None and task.ended <= until:
        return task.ended
    return next((span.time for span in reversed(task.spans) if span.time <= until and span.state in FINAL_STATES), None)
