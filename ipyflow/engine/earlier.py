"""What an earlier attempt of a body has submitted: when the body is run again, its tasks take their places again.

Owns: the tasks of that attempt which have not been asked for again. Called by: whoever submits below a call that was
retried on request. Guarantees: a task takes its place once; one that has succeeded is not run again, one that has
failed is run again as itself, one that is still at work goes on. The plain way never comes here.

A call is known again by the name of its task and its arguments. Plain arguments (numbers, texts, futures, dates, paths,
and lists, tuples, dicts of these) are the same if their texts are the same or, where a text leaves something out, their
fingerprints, which the parent's call keeps. Of anything else nobody knows, so it is submitted anew.
"""

from __future__ import annotations

import ast
import datetime
import marshal
import pathlib
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any

from ipyflow.engine.describe import ITEMS
from ipyflow.engine.future import Future
from ipyflow.engine.references import written_arguments
from ipyflow.engine.sources import inner_function, same_function
from ipyflow.model import records as r
from ipyflow.model.run import TaskState
from ipyflow.model.status import RESTARTABLE_STATES, State

if TYPE_CHECKING:
    from ipyflow.engine.call import Call
    from ipyflow.engine.options import Definition

LARGEST = 1_000
"""Items, and characters of a text, up to which arguments have a fingerprint."""
_PLAIN = frozenset({int, float, str, bool, bytes, complex, type(None)})
_NUMBERS = frozenset({int, float, bool, complex, type(None)})
_REPRED = frozenset(
    {range, pathlib.PosixPath, pathlib.WindowsPath, pathlib.PurePosixPath, pathlib.PureWindowsPath, datetime.date,
     datetime.datetime, datetime.time, datetime.timedelta}
)  # fmt: skip
"""Types that are written out whole by ``repr``."""
_KNOWN = (None, "prompt")
"""Roles of what is known again: not pipelines and workflows, which begin anew."""
_WRITTEN = {"int": int, "float": float, "str": str, "bool": bool, "list": list, "tuple": tuple, "dict": dict}
"""Types of which a short text may hold all there is, so that a value nobody holds any more is read from the log."""
_ENDED_WELL = (State.SUCCEEDED, State.CACHED)


class Earlier:
    """The children of a body's earlier attempts; see the module.

    Args:
        call: the last of these attempts.
    """

    def __init__(self, call: Call) -> None:
        parent, run = call.future.id, call.future.run
        self._run = run
        self._lock = threading.Lock()
        self._left: dict[tuple[Any, ...], deque[TaskState]] = {}
        self._held = {future.id: future for future in run.futures if future.parent_id == parent}
        self._given = call.given or {}
        self._functions = {(f.task.name, f.task.module): f.task.fn for f in self._held.values()}
        self.done = 0
        """How many of them have ended well, and can be had."""
        with run.reading() as state:
            was = state.tasks.get(parent)
            self.since: float = 0.0 if was is None or not was.attempts else was.attempts[-1].started
            """When the body last began from nothing: what is older belongs to attempts that count no more."""
            if call.earlier is not None:
                self.since = call.earlier.since
            for task in state.tasks.values():
                if task.parent == parent and task.role in _KNOWN and task.submitted >= self.since:
                    self._left.setdefault((task.name, task.module, task.group, task.args), deque()).append(task)
                    self.done += task.state in _ENDED_WELL and (task.id in self._held or _read(task) is not _UNKNOWN)

    def in_words(self) -> str:
        """For its log."""
        tasks = "task" if self.done == 1 else "tasks"
        return f"it is run again with the results of {self.done:,} {tasks} it started before"

    def take(
        self, call: Call, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], group: str | None
    ) -> Future[Any] | None:
        """The future that stood in this place before; ``None`` where a new one is due."""
        text, _ = written_arguments(args, kwargs)
        row = (r.SUBMITTED, 0.0, 0, 0, "", "", "", text, (), None, None, None)
        written: str = r.unpack(row).args  # type: ignore[union-attr]
        print_ = None
        if leaves_out(text, args, kwargs):
            print_ = fingerprint(args, kwargs)
            if print_ is None:
                return None
        with self._lock:
            places = self._left.get((task.name, task.module, group, written), ())
            was = next((place for place in places if self._given.get(place.id) == print_), None)
            if was is None:
                return None
            places.remove(was)  # type: ignore[union-attr]
        future = self._held.get(was.id) or self._read_again(was, task)
        return future if future is not None and self._takes_its_place(future, call, task) else None

    def _takes_its_place(self, future: Future[Any], call: Call, task: Definition) -> bool:
        if future.state in RESTARTABLE_STATES:
            try:
                self._run.engine.retry(future, task)
            except RuntimeError:
                pass  # somebody else has just started it
        elif _is_local(task) and not same_function(task.fn, future.task.fn):
            return False  # made by the body that is run again, and made otherwise now
        if future.state is State.CANCELLING:
            return False
        if call.unread is None:
            call.unread = {}
        future._read, future._unread = False, call.unread
        call.unread[future.id] = None
        return True

    def _read_again(self, was: TaskState, task: Definition) -> Future[Any] | None:
        """A future nobody held any more, where the log has its value."""
        if _is_local(task):
            known = self._functions.get((task.name, task.module))
            if known is None or not same_function(task.fn, known):
                return None
        value = _read(was)
        if value is _UNKNOWN:
            return None
        future: Future[Any] = Future(was.id, task, self._run, was.parent)
        future._value, future._settled, future.state = value, True, State.SUCCEEDED
        future._when = was.ended or 0.0
        self._run.refs.append(weakref.ref(future))
        return future


def _is_local(task: Definition) -> bool:
    """Whether its function was made inside another one: it may be another each time, under the same name."""
    if task.role is not None:  # a prompt has no function of its own
        return False
    return "<" in getattr(inner_function(task.fn), "__qualname__", "<")


def leaves_out(text: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether the text of arguments, as :func:`written_arguments` gives it, may be that of others too."""
    if type(text) is not str:
        return False
    if "…" in text or len(args) > ITEMS or len(kwargs) > ITEMS:
        return True
    return not all(map(_is_plain, (*args, *kwargs.values())))


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind in _PLAIN or kind is range or issubclass(kind, Future):
        return True
    if kind in (list, tuple):
        return all(map(_is_plain, value))
    return kind is dict and all(map(_is_plain, (*value, *value.values())))


def fingerprint(args: tuple[Any, ...], kwargs: dict[str, Any]) -> int | None:
    """A number that is the same for equal arguments in this process; ``None`` where they are not plain, or too large.

    Example:
        >>> fingerprint(([1, 2, 3],), {}) == fingerprint(([1, 2, 3],), {})
        True
        >>> fingerprint(([1, 2, 3],), {}) == fingerprint(([1, 2, 3.0],), {})
        False
        >>> fingerprint((object(),), {}) is None
        True
    """
    budget = [LARGEST]
    try:
        # Not `hash` alone: of -1 it is that of -2, and of 1 that of 1.0.
        return hash(marshal.dumps((_written(args, budget), _written(kwargs, budget)), 2))
    except (ValueError, RecursionError):
        return None


def keep_fingerprint(parent: Call, id: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Keep the fingerprint of what a child of ``parent`` is given."""
    print_ = fingerprint(args, kwargs)
    if print_ is not None:
        if parent.given is None:
            parent.given = {}
        parent.given[id] = print_


def _written(value: Any, budget: list[int]) -> Any:
    """A value of types that ``marshal`` knows, and nothing else."""
    kind = type(value)
    if kind in _NUMBERS:
        return value
    if kind in (str, bytes):
        budget[0] -= len(value) // 8
    elif kind in (list, tuple, dict):
        budget[0] -= len(value)
    if budget[0] < 0:
        raise ValueError("too large")
    if kind in (str, bytes):
        return value
    if kind in (list, tuple):
        if _NUMBERS.issuperset(map(type, value)):
            return value
        return kind([_written(item, budget) for item in value])
    if kind is dict:
        return {_written(key, budget): _written(item, budget) for key, item in value.items()}
    if issubclass(kind, Future):
        return ("future", getattr(value, "id", None) or _refuse())
    if kind in _REPRED:
        return (kind.__name__, repr(value))
    return _refuse()


def _refuse() -> Any:
    raise ValueError("not plain")


_UNKNOWN = object()


def _read(task: TaskState) -> Any:
    """The value of a task as the log has it, where its text says all there is."""
    if task.state not in _ENDED_WELL:
        return _UNKNOWN
    if task.type == "NoneType":
        return None
    kind = _WRITTEN.get(task.type)
    if kind is None:
        return _UNKNOWN
    try:
        value = ast.literal_eval(task.text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return _UNKNOWN
    return value if type(value) is kind else _UNKNOWN
