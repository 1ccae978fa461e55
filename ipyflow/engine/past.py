"""A run of another process, as far as one of this process can go on with it: see :mod:`ipyflow.engine.resuming`."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from ipyflow.engine.earlier import ENDED_WELL, KNOWN, UNKNOWN, read_value
from ipyflow.engine.future import Future
from ipyflow.engine.references import replace
from ipyflow.model import records as r
from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import RESTARTABLE_STATES, State

ROLES = (*KNOWN, "pipeline", "group", "finally", "merge")
"""Of what is found: not workflows, which begin anew, nor handlers, which are run where something has failed again."""
_BEGINS_ANEW = ("retry after ", "it gave None")
"""What a body waits for that is run again from nothing."""


class Past:
    """A run of another process, as far as one of this process can go on with it.

    Args:
        key: by what it is known in the history.
        state: the fold of its log.
        marks: what tells its calls from others of the same text, by task.
        kept: the tasks whose values were kept.
        value: the value of such a task.
        lost: told in words what was kept and no longer loads.
        resumes: whether it went on itself with another one.
    """

    def __init__(
        self, key: str, state: RunState, marks: dict[int, bytes], kept: Container[int], value: Callable[[int], Any],
        lost: Callable[[str], object], resumes: bool = False,
    ) -> None:  # fmt: skip
        self.key, self.marks = key, marks
        self.root = next((task for task in state.tasks.values() if task.parent == r.NO_TASK), None)
        self.begun_as: dict[int, int] = {}
        """The numbers that its tasks had, by those that they have here."""
        self._state, self._kept, self._value, self._lost, self._resumes = state, kept, value, lost, resumes
        self._below: dict[int, list[TaskState]] = {}
        for task in state.tasks.values():
            if task.role in ROLES and not task.planned:
                self._below.setdefault(task.parent, []).append(task)

    def below(self, parent: int) -> list[TaskState]:
        """What the last attempt of a body had submitted, with what it had found done itself."""
        children = self._below.get(parent, [])
        since = _since(self._state.tasks[parent], self._resumes) if children else 0.0
        return [task for task in children if task.submitted >= since]

    def value_of(self, task: TaskState) -> Any:
        """The value of a task; ``UNKNOWN`` where it has none, or nobody knows it."""
        if task.state not in ENDED_WELL or task.id not in self._kept:
            return read_value(task)
        try:
            return self._value(task.id)
        except Exception as error:
            self._lost(f"the value of {task.name} no longer loads ({type(error).__name__}: {error}); it is run again")
            return UNKNOWN

    def state_behind(self, task: TaskState) -> Any:
        """The state that an entry of a pipeline gave back beside its value; ``UNKNOWN`` where nobody knows it."""
        if -task.id not in self._kept:
            return UNKNOWN
        try:
            return self._value(-task.id)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            self._lost(f"the state behind {task.name} no longer loads ({said}); it is run again")
            return UNKNOWN

    def knows(self, task: TaskState) -> bool:
        """Whether the value of a task is known, as far as can be told without loading it."""
        if any(kind == "state" for kind, _ in task.notes) and -task.id not in self._kept:
            return False
        return task.id in self._kept or read_value(task) is not UNKNOWN

    def first_arguments(self, node: int) -> str | None:
        """What the first entry of a pipeline was given, in words; ``None`` if nothing of it was begun."""
        first = min(self._below.get(node, ()), key=lambda task: task.id, default=None)
        return None if first is None else first.args

    def was_retried(self, parent: int) -> bool:
        """Whether something right below a task was run again on request: a finaliser may have run before that."""
        tasks = (*self._below.get(parent, ()), self._state.tasks[parent])
        return any(span.state in RESTARTABLE_STATES for task in tasks for span in task.spans[:-1])

    def made(self, task: TaskState) -> float:
        """When a value was made, in seconds since the epoch."""
        if task.reused is not None:
            return task.reused.made
        return self._state.wall + (task.ended or 0.0) - self._state.opened

    def as_it_was(self, args: Any) -> Any:
        """Arguments with the futures among them as that run knew them.

        Raises:
            LookupError: one of them is none of that run.
        """

        def stand_in(future: Future[Any]) -> Future[Any]:
            id = self.begun_as[future.id]
            if type(future) is Future:
                return Future(id, future.task, future.run, future.parent_id)
            return _Labelled(id, future)

        return replace(args, stand_in)


class _Labelled(Future[Any]):
    """Stands for the future of an item of a batch: by its label."""

    __slots__ = ("_label",)

    def __init__(self, id: int, future: Future[Any]) -> None:
        super().__init__(id, future.task, future.run, future.parent_id)
        self._label = future.label.replace(f"#{future.id}[", f"#{id}[")

    @property
    def label(self) -> str:
        """As of the item."""
        return self._label


def _since(task: TaskState, resumes: bool) -> float:
    """When a body last began from nothing: what it submitted before counts no more.

    It begins so by its own retries; not when somebody has asked for one, and not in a run that went on with another.
    """
    since, anew, asked = 0.0, True, resumes
    for span in task.spans:
        if span.state is State.RUNNING and anew:
            since, anew = span.time, False
        elif span.state is State.WAITING and span.note.startswith(_BEGINS_ANEW) and not asked:
            anew = True
        elif span.state in RESTARTABLE_STATES:
            asked = True
    return since
