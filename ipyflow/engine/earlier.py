"""What an earlier attempt of a body has submitted: when the body is run again, its tasks take their places again.

Owns: the tasks of that attempt which have not been asked for again. Called by: whoever submits below a call that was
retried on request. Guarantees: a task takes its place once; one that has succeeded is not run again, one that has
failed is run again as itself, one that is still at work goes on. The plain way never comes here.

A call is known again by the name of its task and its arguments. Plain arguments (numbers, texts, futures, dates, paths,
and lists, tuples, dicts of these) are the same if their texts are the same or, where a text leaves something out, their
fingerprints, which the parent's call keeps. Of anything else nobody knows, so it is submitted anew. So is a method: the
instance is an argument that stands nowhere.

A run that goes on with one of another process, :mod:`ipyflow.engine.resuming`, has what is to be had from there, too.

A task that the body itself defines may be another one each time. Whose future is held is compared with what it was. Of
the others only the name is known; so they count while all that is held under this name is the same, and has nothing
from around it that may differ from one to the next.
"""

from __future__ import annotations

import ast
import threading
import types
import weakref
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ipyflow.engine.future import Future
from ipyflow.engine.marks import PLAIN, WHOLE, mark_of
from ipyflow.engine.references import written_arguments
from ipyflow.engine.sources import inner_function, same_function, takes_from_around
from ipyflow.model import records as r
from ipyflow.model.run import TaskState
from ipyflow.model.status import RESTARTABLE_STATES, State

if TYPE_CHECKING:
    from ipyflow.engine.call import Call
    from ipyflow.engine.options import Definition
    from ipyflow.engine.resuming import Resumed
    from ipyflow.engine.run import Run

KNOWN = (None, "prompt")
"""Roles of what is known again: not pipelines and workflows, which begin anew."""
_WRITTEN = {"int": int, "float": float, "str": str, "bool": bool, "list": list, "tuple": tuple, "dict": dict}
"""Types of which a short text may hold all there is, so that a value nobody holds any more is read from the log."""
ENDED_WELL = (State.SUCCEEDED, State.CACHED)


class Children:
    """What is below each task of a run, as it is now: looked for once, where many bodies are to be run again.

    Attributes:
        made: when; what has ended before has all its children here.
        tasks: by the number of the parent.
        refs: the futures, as far as somebody holds them, by the number of the parent.
    """

    def __init__(self, run: Run) -> None:
        self.made = run.engine.now()
        self.tasks: dict[int, list[TaskState]] = {}
        self.refs: dict[int, list[weakref.ref[Future[Any]]]] = {}
        for future in run.futures:
            self.refs.setdefault(future.parent_id, []).append(weakref.ref(future))
        with run.reading() as state:
            for task in state.tasks.values():
                if task.role in KNOWN:
                    self.tasks.setdefault(task.parent, []).append(task)


def children_of(run: Run, ended: float | None = None) -> Children:
    """Those of a run in which a body has ended at that time; made anew where nobody holds any that know of it."""
    known = None if run.children is None else run.children()
    if known is None or ended is None or known.made <= ended:
        known = Children(run)
        run.children = weakref.ref(known)
    return known


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
        with run.reading() as state:
            was = state.tasks.get(parent)
            last = None if was is None or not was.attempts else was.attempts[-1]
            began, ended = (0.0, None) if last is None else (last.started, last.ended)
        self.since: float = began if call.earlier is None else call.earlier.since
        """When the body last began from nothing: what is older belongs to attempts that count no more."""
        self._children = children_of(run, ended)
        """Held for those that are run again below it."""
        found = (ref() for ref in self._children.refs.get(parent, ()))
        self._held = {future.id: future for future in found if future is not None}
        self._given = call.given or {}
        self._functions: dict[tuple[str, str], dict[int, Callable[..., Any]]] = {}
        """What is held, by name: one function for each code."""
        for future in self._held.values():
            fn = future.task.fn
            same = self._functions.setdefault((future.task.name, future.task.module), {})
            same.setdefault(id(getattr(inner_function(fn), "__code__", fn)), fn)
        self._gone: dict[tuple[str, str], list[int]] = {}
        """By name, those whose futures nobody holds."""
        self.refused: set[int] = set() if call.earlier is None else call.earlier.refused
        """Those whose function may have been another; they stay so in the attempts after this one."""
        self._resumed = None if call.earlier is None else call.earlier.to_resume()
        """Of a run that goes on with one of another process: what is to be had from there."""
        self.done = 0
        """How many of them have ended well, and can be had."""
        for task in self._children.tasks.get(parent, ()):
            if task.submitted < self.since or task.id in self.refused:
                continue
            self._left.setdefault((task.name, task.module, task.group, task.args), deque()).append(task)
            self.done += task.state in ENDED_WELL and (task.id in self._held or read_value(task) is not UNKNOWN)
            if task.id not in self._held:
                self._gone.setdefault((task.name, task.module), []).append(task.id)

    def in_words(self) -> str:
        """For its log."""
        tasks = "task" if self.done == 1 else "tasks"
        return f"it is run again with the results of {self.done:,} {tasks} it started before"

    def take(
        self, call: Call, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], group: str | None
    ) -> Future[Any] | Resumed | None:
        """The future that stood in this place before; ``None`` where a new one is due.

        A new one that goes on with a task of another process has what is known of that.
        """
        # Looked for in both, so that each place is given once, in whatever order.
        places = None if self._resumed is None else self._resumed.find(call, task, args, kwargs, group)
        known = self._taken(call, task, args, kwargs, group)
        if known is not None or self._resumed is None or not places:
            return known
        return self._resumed.fill(places, call, task, args, kwargs, group)

    def find_node(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Of a pipeline, only what is to be had from another process: here it begins anew."""
        return [] if self._resumed is None else self._resumed.find_node(*args, **kwargs)

    def to_resume(self) -> Resumed | None:
        """For the next attempt: what is to be had from another process, all of it again."""
        return None if self._resumed is None else self._resumed.to_resume()

    def _taken(
        self, call: Call, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], group: str | None
    ) -> Future[Any] | None:
        if isinstance(getattr(task.fn, "fn", task.fn), types.MethodType):
            return None
        text, _ = written_arguments(args, kwargs)
        row = (r.SUBMITTED, 0.0, 0, 0, "", "", "", text, (), None, None, None)
        written: str = r.unpack(row).args  # type: ignore[union-attr]
        mark = mark_of(task, text, args, kwargs)
        if mark is None:
            return None
        is_local = task.is_local
        with self._lock:
            if is_local and not self._is_sure(task):
                self.refused.update(self._gone.pop((task.name, task.module), ()))
            places = self._left.get((task.name, task.module, group, written), ())
            was = next((p for p in places if self._given.get(p.id, WHOLE) == mark and p.id not in self.refused), None)
            if was is None:
                return None
            places.remove(was)  # type: ignore[union-attr]
        future = self._held.get(was.id) or self._read_again(was, task)
        return future if future is not None and self._takes_its_place(future, call, task, is_local) else None

    def _is_sure(self, task: Definition) -> bool:
        """Whether all of this name have surely run the function that ``task`` has, those too that nobody holds."""
        held = self._functions.get((task.name, task.module))
        if held is None or takes_from_around(task.fn):
            return False
        return all(same_function(task.fn, fn) for fn in held.values())

    def _takes_its_place(self, future: Future[Any], call: Call, task: Definition, is_local: bool) -> bool:
        if future.state in RESTARTABLE_STATES:
            try:
                self._run.engine.retry(future, task)
            except RuntimeError:
                pass  # somebody else has just started it
        elif is_local and not same_function(task.fn, future.task.fn):
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
        value = read_value(was)
        if value is UNKNOWN:
            return None
        future: Future[Any] = Future(was.id, task, self._run, was.parent)
        future._value, future._settled, future.state = value, True, was.state
        future._when = was.ended or 0.0
        self._run.refs.append(weakref.ref(future))
        return future


UNKNOWN = object()


def read_value(task: TaskState) -> Any:
    """The value of a task as the log has it, where its text says all there is."""
    if task.state not in ENDED_WELL:
        return UNKNOWN
    if task.type == "NoneType":
        return None
    kind = _WRITTEN.get(task.type)
    if kind is None:
        return UNKNOWN
    try:
        if kind is float:
            return float(task.text)  # infinite ones, too
        value = ast.literal_eval(task.text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return UNKNOWN
    return value if type(value) is kind and (not value or _is_whole(value)) else UNKNOWN


def _is_whole(value: Any) -> bool:
    """Whether nothing else has this text: a frozen set is written as a set is, an empty one as a dict, -0 in a complex
    number as 0.
    """
    kind = type(value)
    if kind in (list, tuple):
        return all(map(_is_whole, value))
    if kind is dict:
        return bool(value) and all(map(_is_whole, (*value, *value.values())))
    return kind in PLAIN and kind is not complex
