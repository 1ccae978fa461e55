"""Which task of one run is which task of another.

Ids say nothing across runs, so tasks are known again from above: below two tasks that belong together those belong
together that have the same name, the same arguments and were given the outcomes of such, in order where several are
equal; then those of the same name and arguments; then those of the same name, in order. What is still alone is looked
for in the whole of the other run, by the same three rules.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ipyflow.model.records import NO_TASK
from ipyflow.model.run import RunState, TaskState
from ipyflow.views.words import arguments

_LABEL = re.compile(r"<([^<>]*)#\d+>")
"""A future among the arguments: its number is another one in each run."""

Known = dict[int, int]
"""What a task is by its name, its arguments and what it was given, as a number that equal ones share; by its id."""


@dataclass(slots=True)
class Pair:
    """A task in two runs; in one of them there may be none.

    ``by`` says how it was known again: ``"arguments"``, ``"order"`` where only the name is the same, or ``""``.
    """

    before: TaskState | None
    after: TaskState | None
    by: str = ""
    args: str = ""
    """What it was called with, in short: after, if it is there; for a step what its events hold."""
    was: str = ""
    """What it was called with before."""

    @property
    def any(self) -> TaskState:
        """The task, of the later run if it is there."""
        task = self.after or self.before
        assert task is not None
        return task


def matched(before: RunState, after: RunState) -> list[Pair]:
    """Give every task of two runs once: those that belong together, then those that are in one run only.

    Args:
        before: a run.
        after: another one.

    Example:
        >>> matched(RunState(), RunState())
        []
    """
    numbers: dict[Any, int] = {}
    called = _called(before), _called(after)
    rules = _rules(_known(before, called[0], numbers), _known(after, called[1], numbers), *called)
    below = _below(before), _below(after)
    pairs: list[Pair] = []
    lost: list[TaskState] = []
    new: list[TaskState] = []
    levels: deque[tuple[int, int]] = deque([(NO_TASK, NO_TASK)])
    while levels:
        one, other = levels.popleft()
        olds, news = below[0].pop(one, []), below[1].pop(other, [])
        alone = one == other == NO_TASK and len(olds) == len(news) == 1 and olds[0].role == news[0].role
        found, olds, news = _match(olds, news, rules)
        if alone and olds:  # two flows belong together whatever their names
            found, olds, news = [Pair(olds[0], news[0], "order")], [], []
        pairs += found
        lost += olds
        new += news
        levels.extend((p.before.id, p.after.id) for p in found if p.before is not None and p.after is not None)
    # What is below a task that is in one run only.
    lost += [task for tasks in below[0].values() for task in tasks]
    new += [task for tasks in below[1].values() for task in tasks]
    found, lost, new = _match(_by_id(lost), _by_id(new), rules)
    pairs += [*found, *(Pair(task, None) for task in lost), *(Pair(None, task) for task in new)]
    for pair in pairs:
        pair.was = "" if pair.before is None else called[0][pair.before.id]
        pair.args = pair.was if pair.after is None else called[1][pair.after.id]
    return pairs


Rule = tuple[Callable[[TaskState], Any], Callable[[TaskState], Any], str]
"""What equal tasks share, in the one run and in the other; and how they were known then."""


def _rules(before: Known, after: Known, was: dict[int, str], now: dict[int, str]) -> tuple[Rule, ...]:
    return (
        (lambda t: before[t.id], lambda t: after[t.id], "arguments"),
        (lambda t: (*_named(t), bare(was[t.id])), lambda t: (*_named(t), bare(now[t.id])), "arguments"),
        (_named, _named, "order"),
    )


def _named(task: TaskState) -> tuple[str, str | None]:
    return task.name, task.role


def _called(state: RunState) -> dict[int, str]:
    """What each task was called with, in short."""
    return {task.id: arguments(state, task) for task in state.tasks.values()}


def bare(args: str) -> str:
    """Arguments without the numbers of futures.

    Example:
        >>> bare("<load#3>, 2")
        '<load>, 2'
    """
    return _LABEL.sub(r"<\1>", args) if "#" in args else args


def _known(state: RunState, called: dict[int, str], numbers: dict[Any, int]) -> Known:
    """Number the tasks of a run; ``numbers`` is shared with the other run."""
    known: Known = {}
    for id_ in sorted(state.tasks):  # what a task is given is older than the task
        task = state.tasks[id_]
        key = (*_named(task), bare(called[id_]), tuple([known.get(ref, 0) for ref in task.refs]))
        known[id_] = numbers.setdefault(key, len(numbers) + 1)
    return known


def _below(state: RunState) -> dict[int, list[TaskState]]:
    """The tasks below each task, oldest first; those whose parent nobody knows any more stand at the top."""
    found: dict[int, list[TaskState]] = {}
    for id_ in sorted(state.tasks):
        task = state.tasks[id_]
        found.setdefault(task.parent if task.parent in state.tasks else NO_TASK, []).append(task)
    return found


def _by_id(tasks: Iterable[TaskState]) -> list[TaskState]:
    return sorted(tasks, key=lambda task: task.id)


def _match(
    olds: list[TaskState], news: list[TaskState], rules: tuple[Rule, ...]
) -> tuple[list[Pair], list[TaskState], list[TaskState]]:
    """Match tasks by one rule after the other; gives the pairs, and what is left of both, in order."""
    pairs: list[Pair] = []
    for of_old, of_new, by in rules:
        if not olds or not news:
            break
        waiting: dict[Any, deque[TaskState]] = {}
        for task in olds:
            waiting.setdefault(of_old(task), deque()).append(task)
        left: list[TaskState] = []
        for task in news:
            queue = waiting.get(of_new(task))
            if queue:
                pairs.append(Pair(queue.popleft(), task, by))
            else:
                left.append(task)
        taken = {pair.before.id for pair in pairs if pair.before is not None}
        olds, news = [task for task in olds if task.id not in taken], left
    return pairs, olds, news
