"""What another process has done of a flow: a run that goes on with one whose kernel has died finds it done.

Owns: the tasks of that run which have not been asked for again. Called by: whoever submits below a call that goes on
so, and ``ipyflow.resume``, which begins it. Guarantees: a task takes its place once; one whose value is known is not
run again, and its record says whose value it has; of another, what is done below it is found in turn. The plain way
never comes here.

A call is known again as in :mod:`ipyflow.engine.earlier`, by the name of its task, its arguments and its mark; futures
among the arguments have other numbers here, so they are written with those they had. A run may go on with one that went
on itself with an earlier one: each of them is asked, the newest first.
"""

from __future__ import annotations

import threading
import types
import weakref
from collections import deque
from collections.abc import Iterable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from ipyflow.engine.call import AsyncCall, Call
from ipyflow.engine.describe import arguments, short
from ipyflow.engine.earlier import ENDED_WELL, UNKNOWN
from ipyflow.engine.endings import NODE
from ipyflow.engine.future import Future
from ipyflow.engine.limits import gates_of
from ipyflow.engine.marks import WHOLE, keep_mark, mark_for_ever, mark_of
from ipyflow.engine.past import Past
from ipyflow.engine.references import find, written_arguments
from ipyflow.model import records as r
from ipyflow.model.run import TaskState
from ipyflow.model.status import State

if TYPE_CHECKING:
    from ipyflow.engine.options import Definition

COUNTED = 1_000
"""Of more tasks it is not counted whose values are known."""

Place = tuple[Past, TaskState]
Left = dict[tuple[Any, ...], deque[TaskState]]


class Resumed:
    """What is below a task in runs of other processes; see the module.

    Args:
        places: the task in each run that knows it, the newest run first.
    """

    since = 0.0
    """All that this run has submitted counts."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._places = list(places)
        self.refused: set[int] = set()
        self._lock = threading.Lock()
        self._left: list[tuple[Past, Left]] = []
        self._shared: dict[tuple[str, int], Future[Any]] = {}
        """What tasks with ``memo=`` were given, by the place."""
        for past, was in self._places:
            left: dict[tuple[Any, ...], deque[TaskState]] = {}
            for task in past.below(was.id):
                left.setdefault(_place(past, task), deque()).append(task)
            self._left.append((past, left))

    @property
    def key(self) -> str:
        """By what the newest of the runs is known."""
        return self._places[0][0].key

    def in_words(self) -> str:
        """For its log: how much of what is right below is had from the newest of the runs."""
        past, was = self._places[0]
        done = [task for task in past.below(was.id) if task.state in ENDED_WELL]
        text = f"goes on with {past.key}, where {_tasks(len(done))} right below it had ended well"
        with_values = [task for task in done if task.executor != NODE]
        if len(done) > COUNTED or (gone := sum(not past.knows(task) for task in with_values)) == 0:
            return text
        what, again = ("value of one was", "it runs") if gone == 1 else (f"values of {gone:,} were", "these run")
        return f"{text}; the {what} not kept (configure(keep_results=True) keeps all), so {again} again"

    def to_resume(self) -> Resumed:
        """For the next attempt: all of it again."""
        return Resumed(self._places)

    def begins(self, call: Call) -> None:
        """``call`` takes the place; its record is there, and it has not begun."""
        future, run = call.future, call.future.run
        self.stands_for(future.id)
        if any(left for _, left in self._left):
            call.earlier = self
        if run.root is future:
            run.resumes = self.key
            run.append(r.Noted(call.engine.now(), future.id, "resumed", self.in_words()))
            if call.engine.memory is not None:
                call.engine.memory.keep_resumed(run.id, self.key)

    def stands_for(self, id: int) -> None:
        """The task of this number stands in its place: futures among arguments are known so."""
        for past, was in self._places:
            past.begun_as[id] = was.id

    def take(
        self, call: Call, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], group: str | None
    ) -> Future[Any] | Resumed | None:
        """What a child of ``call`` is given: a future that is done, or what is known below it; ``None`` if nothing."""
        places = self.find(call, task, args, kwargs, group)
        return self.fill(places, call, task, args, kwargs, group) if places else None

    def find(
        self, call: Call, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], group: str | None,
        role: str | None = None, branch: int | None = None,
    ) -> list[Place]:  # fmt: skip
        """The places of this call in the runs, which nobody else is given then.

        Args:
            call: its parent.
            task: what is called.
            args: its positional arguments.
            kwargs: its keyword arguments.
            group: the label of the group around it.
            role: of an entry of a pipeline, what it is there.
            branch: of an entry, the branch it is in.
        """
        if isinstance(getattr(task.fn, "fn", task.fn), types.MethodType):
            return []
        hashes = call.engine.memory is not None and call.engine.memory.keeps_results
        has_futures = bool(find((args, kwargs)))
        found: list[Place] = []
        for number, (past, left) in enumerate(self._left):
            if role == "finally" and (number or past.was_retried(self._places[0][1].id)):
                continue  # what it belongs to was run again after it, in a run that went on or by a retry
            try:
                before, named = past.as_it_was((args, kwargs)) if has_futures else (args, kwargs)
            except Exception:  # a future from elsewhere; a container that takes no others
                continue
            text, _ = written_arguments(before, named)
            mark = mark_for_ever(task, mark_of(task, text, before, named), before, named, hashes)
            if mark is None:
                continue
            key = (task.name, task.module, group, _as_logged(text), role or task.role, branch)
            with self._lock:
                places = left.get(key, deque())
                same = [was for was in places if past.marks.get(was.id, WHOLE) == mark]
                # One that has ended well, if there is any: the others are run again.
                was = next((one for one in same if one.state in ENDED_WELL), same[0] if same else None)
                if was is None:
                    continue
                if not task.options.memo:  # equal calls are one there
                    places.remove(was)
            found.append((past, was))
        return found

    def find_node(
        self, name: str, text: str, group: str | None, role: str, branch: int | None = None, mark: bytes | None = None,
        head: str | tuple[tuple[Any, ...], dict[str, Any]] = "",
    ) -> list[Place]:  # fmt: skip
        """The places of a pipeline, or of a group of one, which nobody else is given then.

        Args:
            name: its name.
            text: what it stands for, in words.
            group: the label of the group around it.
            role: what it is.
            branch: the branch it is in.
            mark: of a pipeline, what tells it from others of the same words, if that is known.
            head: else the arguments of its first entry; of one that is a group, its words.
        """
        found: list[Place] = []
        for past, left in self._left:
            given: Any = _as_logged(text)
            if role == "pipeline":
                try:
                    begins = head if type(head) is str else arguments(*past.as_it_was(head))
                except Exception:  # as of calls: a future from elsewhere
                    continue
                given = (given, mark, None if mark is not None else _as_logged(begins))
            with self._lock:
                places = left.get((name, "", group, given, role, branch))
                if not places:
                    continue
                was = places[0]
                if mark is not None:
                    was = next((one for one in places if one.state in ENDED_WELL), was)
                places.remove(was)
            found.append((past, was))
        return found

    def outcome(self, mark: bytes | None = None) -> tuple[Past, TaskState, Any] | None:
        """The value of a pipeline that had ended well, where it is the same by its mark, and who had it."""
        for past, was in self._places:
            if mark is not None and past.marks.get(was.id) == mark and was.state in ENDED_WELL:
                value = past.value_of(was)
                if value is not UNKNOWN:
                    return past, was, value
        return None

    def fill(
        self, places: list[Place], call: Call, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any],
        group: str | None,
    ) -> Future[Any] | Resumed:  # fmt: skip
        """The future of a call that was found, with the value it had; else what is known of it."""
        for past, was in places:
            place = (past.key, was.id)
            if task.options.memo and place in self._shared:
                return self._shared[place]
            value = past.value_of(was)
            if value is UNKNOWN:
                continue
            future = self._done(call, task, args, kwargs, group, value, past, was)
            for each, there in places:
                each.begun_as[future.id] = there.id
            if task.options.memo:
                return self._shared.setdefault(place, future)  # two threads may both have asked
            return future
        return Resumed(places)

    @staticmethod
    def _done(
        parent: Call, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], group: str | None, value: Any,
        past: Past, was: TaskState,
    ) -> Future[Any]:  # fmt: skip
        engine, run = parent.engine, parent.future.run
        future: Future[Any] = Future(next(engine._ids), task, run, parent.future.id)
        text, found = written_arguments(args, kwargs)
        if parent.unread is None:
            parent.unread = {}
        future._unread = parent.unread
        parent.unread[future.id] = None
        keep_mark(parent, future.id, task, text, args, kwargs)
        role = None if task.simple else task.role
        record_done(future, value, past, was, text, tuple([one.id for one in found]), group, role, None)
        future._call = _ended(parent, future, task, args, kwargs, group)
        run.refs.append(weakref.ref(future))
        return future


def record_done(
    future: Future[Any], value: Any, past: Past, was: TaskState, text: Any, refs: tuple[int, ...], group: str | None,
    role: str | None, branch: int | None,
) -> None:  # fmt: skip
    """End a future that nobody has heard of yet with the value that a task of another process had."""
    run, task = future.run, future.task
    described = short(value)
    future._when = now = run.engine.now()
    run.append_row(
        (
            r.SUBMITTED, now, future.id, future.parent_id, task.name, task.module, task.executor_name, text, refs,
            group, role, branch,
        )
    )  # fmt: skip
    run.append(r.Reused(now, future.id, "resumed", past.key, was.id, past.made(was)))
    run.append(r.Finished(now, future.id, "cached", type(value).__name__, described, None))
    future._value, future.state, future._settled = value, State.CACHED, True


def _place(past: Past, task: TaskState) -> tuple[Any, ...]:
    given: Any = task.args
    if task.role == "pipeline":
        mark = past.marks.get(task.id)
        given = (given, mark, None if mark is not None else past.first_arguments(task.id))
    return (task.name, task.module, task.group, given, task.role, task.branch)


def _as_logged(text: Any) -> str:
    """Arguments as whoever reads their record has them."""
    row = (r.SUBMITTED, 0.0, 0, 0, "", "", "", text, (), None, None, None)
    return r.unpack(row).args  # type: ignore[union-attr]


def _ended(
    parent: Call, future: Future[Any], task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any],
    group: str | None,
) -> Call:  # fmt: skip
    """A call that has ended before it began, from which a retry makes the value anew."""
    engine = parent.engine
    kind = AsyncCall if task.is_async else Call
    call = kind(engine, future, task, (), {}, engine.executors[task.options.executor], copy_context(), group)
    call.gates = gates_of(future.id, future.label, task.options.max_parallelism, parent.gates)
    call.take_start()
    call.take_end()
    call.returned = (args, kwargs)
    return call


def _tasks(count: int) -> str:
    return f"{count:,} {'task' if count == 1 else 'tasks'}"
