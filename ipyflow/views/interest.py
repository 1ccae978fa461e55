"""Which tasks of a large run are worth a look: failed ones, then unfinished, then the longest, then planned ones."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from itertools import chain, islice

from ipyflow.model.run import RunState
from ipyflow.model.status import FAILURE_STATES, FINAL_STATES, State

_ACTIVE = frozenset({State.RUNNING, State.BLOCKED, State.CANCELLING})


class Interest:
    """The choice, kept up to date by the tasks that changed, so that it costs nothing to ask ten times a second.

    Args:
        most: how many tasks to choose.

    Example:
        >>> Interest().pick()
        []
    """

    def __init__(self, most: int = 200) -> None:
        self.most = most
        self._failed: dict[int, None] = {}
        self._active: dict[int, None] = {}
        self._idle: dict[int, None] = {}
        self._planned: dict[int, None] = {}
        self._kinds = {
            **dict.fromkeys(State, self._idle),
            **dict.fromkeys(FINAL_STATES),
            **dict.fromkeys(FAILURE_STATES, self._failed),
            **dict.fromkeys(_ACTIVE, self._active),
            State.PLANNED: self._planned,
        }
        """Where a task in a state is kept; the well ended are ranked by their length."""
        self._kept: dict[int, dict[int, None]] = {}
        """Where each is kept now."""
        self._longest: list[tuple[float, int]] = []
        self._top: set[int] = set()

    def update(self, state: RunState, changed: Iterable[int]) -> None:
        """Take in the tasks that changed since the last call; at the first, give all."""
        tasks, kinds, kept = state.tasks, self._kinds, self._kept
        for id_ in changed:
            task = tasks[id_]
            now, before = kinds[task.state], kept.get(id_)
            if now is not before:
                if before is not None:
                    del before[id_]
                if now is None:
                    del kept[id_]
                else:
                    kept[id_] = now
            if now is not None:
                now[id_] = None
            elif task.ended is not None and id_ not in self._top:
                self._rank(task.ended - (task.submitted if task.started is None else task.started), id_)

    def _rank(self, length: float, id_: int) -> None:
        """Keep the longest in a heap whose first is the shortest of them."""
        if len(self._longest) < self.most:
            heapq.heappush(self._longest, (length, -id_))
            self._top.add(id_)
        elif (length, -id_) > self._longest[0]:
            _, out = heapq.heapreplace(self._longest, (length, -id_))
            self._top.discard(-out)
            self._top.add(id_)

    def pick(self) -> list[int]:
        """Give the ids of the tasks worth a look, in order of submission."""
        longest = (-id_ for _, id_ in sorted(self._longest, reverse=True))
        ranked = chain(self._failed, self._active, self._idle, longest, self._planned)
        return sorted(islice(dict.fromkeys(ranked), self.most))


def interesting(state: RunState, most: int = 200) -> list[int]:
    """Choose at once. See :class:`Interest`."""
    choice = Interest(most)
    choice.update(state, state.tasks)
    return choice.pick()
