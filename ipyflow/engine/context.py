"""Which task is running here: the context variable, and what a task's body may ask of it.

The variable travels as context variables do: into the body of the task on a thread or the loop, into what it
awaits, into ``asyncio.to_thread``. It holds the call whose body runs, or a group around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from ipyflow.engine import describe
from ipyflow.errors import NotInTask, TaskCancelled
from ipyflow.model import records as r

if TYPE_CHECKING:
    from ipyflow.engine.call import Call
    from ipyflow.engine.future import Future
    from ipyflow.engine.run import Run

T = TypeVar("T")


class Group:
    """A label on the tasks submitted inside; ``owner`` is the call whose body opened it, if any."""

    __slots__ = ("label", "owner")

    def __init__(self, owner: Call | None, label: str) -> None:
        self.owner, self.label = owner, label


scope: ContextVar[Call | Group | None] = ContextVar("ipyflow_scope", default=None)


def current_call() -> Call | None:
    """The call whose body runs here, or ``None``."""
    here = scope.get()
    return here.owner if type(here) is Group else here  # type: ignore[return-value]


@contextmanager
def group(name: str) -> Iterator[None]:
    """Label the tasks submitted inside; views draw them together. Groups nest as ``outer/inner``.

    Example:
        >>> import ipyflow as fl
        >>> with fl.group("downloads"):
        ...     pass
    """
    given: object = name
    if not isinstance(given, str) or not given:
        raise TypeError(f"group({name!r}): give a name, as in group('downloads')")
    here = scope.get()
    label = f"{here.label}/{name}" if isinstance(here, Group) else name
    token = scope.set(Group(current_call(), label))
    try:
        yield
    finally:
        scope.reset(token)


class Current:
    """The running task as its own body sees it; got from :func:`current`."""

    def __init__(self, call: Call, label: str | None) -> None:
        self._call, self._label = call, label

    @property
    def id(self) -> int:
        """The id of the task's future."""
        return self._call.future.id

    @property
    def task(self) -> Any:
        """The task: what ``@task`` made of the function."""
        return self._call.task

    @property
    def future(self) -> Future[Any]:
        """The task's own future."""
        return self._call.future

    @property
    def run(self) -> Run:
        """The run the task belongs to."""
        return self._call.future.run

    @property
    def attempt(self) -> int:
        """1 for the first attempt."""
        return self._call.attempt

    @property
    def group(self) -> str | None:
        """The label of the group around this line, else of the group the task was submitted in."""
        return self._label if self._label is not None else self._call.label_group

    @property
    def cancelled(self) -> bool:
        """True once the task was told to stop. A body on a thread should look from time to time."""
        return self._call.stopped

    def check(self) -> None:
        """Raise :class:`~ipyflow.errors.TaskCancelled` if the task was told to stop."""
        if self._call.stopped:
            raise TaskCancelled(f"{self._call.label} was told to stop")

    def log(self, text: object) -> None:
        """Write a line into the task's own log."""
        self._call.write("log", f"{text}\n")

    def __repr__(self) -> str:
        return f"<current {self._call.label}, attempt {self._call.attempt}>"


def current() -> Current:
    """The running task.

    Raises:
        NotInTask: no task runs here.

    Example:
        >>> import ipyflow as fl
        >>> @fl.task
        ... def who():
        ...     return fl.current().task.name
        >>> who()
        'who'
    """
    here = scope.get()
    call = current_call()
    if call is None:
        raise NotInTask("current() is for the body of a task: call it in a function under @task or @flow")
    return Current(call, here.label if isinstance(here, Group) else None)


def progress(iterable: Iterable[T], total: int | None = None, label: str = "") -> Iterator[T]:
    """Iterate, and show how far it is in the task's row. Outside a task it only iterates.

    Args:
        iterable: what to go through.
        total: number of items, if ``len(iterable)`` does not say.
        label: a word beside the bar.

    Example:
        >>> import ipyflow as fl
        >>> sum(fl.progress([1, 2, 3]))
        6
    """
    if total is None:
        total = describe.length(iterable)
    call = current_call()
    if call is None:
        yield from iterable
        return
    append, now, id = call.future.run.append, call.engine.now, call.future.id
    shown = now()
    append(r.Progress(shown, id, 0, total, label))
    done = 0
    for item in iterable:
        yield item
        done += 1
        # A record per item would drown the log: at most some twenty a second, and always the last.
        if (time := now()) - shown >= 0.05:
            shown = time
            append(r.Progress(time, id, done, total, label))
    append(r.Progress(now(), id, done, total, label))
