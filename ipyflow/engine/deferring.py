"""``defer=``: the newest call takes the place of an equal one that has not begun; who waits for that one follows it.

Owns: which call of each key is the newest, in ``engine.deferred``. Called by: whoever submits. Guarantees: of equal
calls that have not begun there is one; a body that has begun is never replaced; whoever waits for a call that was
replaced gets what becomes of the one that runs; nobody comes to wait for what waits for them.
"""

from __future__ import annotations

import types
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from ipyflow.engine import admission, caching, endings
from ipyflow.engine.call import Call
from ipyflow.engine.future import Future
from ipyflow.engine.keys import digest
from ipyflow.engine.marks import fingerprint
from ipyflow.engine.options import Definition
from ipyflow.engine.references import by_name
from ipyflow.errors import TaskCancelled
from ipyflow.model import records as r
from ipyflow.model.status import State

if TYPE_CHECKING:
    from ipyflow.engine.scheduler import Engine


class MovedOver(dict[int, None]):
    """Stands in a replaced future for its parent's list of what nobody has read: a look at it is one at the other."""

    def __init__(self, into: Future[Any]) -> None:
        super().__init__()
        self.into = into

    def pop(self, *_: Any) -> None:
        """The replaced future was read: so was the one that runs in its place."""
        future = self.into
        while isinstance(future._unread, MovedOver):  # a long way, perhaps: no recursion
            future._read, future = True, future._unread.into
        future._consume()


def is_moved(future: Future[Any]) -> bool:
    """Whether another call has taken the place of this one."""
    return isinstance(future._unread, MovedOver)


def key_of(task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Hashable:
    """What calls have in common of which one is to run.

    Raises:
        TypeError: an argument of which nobody knows whether it equals another.
    """
    fn: Any = task.fn
    names = task.options.defer
    if isinstance(fn, types.MethodType):
        fn, args = fn.__func__, (fn.__self__, *args)
    try:
        chosen = by_name(fn, args, kwargs)
    except (TypeError, ValueError):  # they do not fit: the function says so itself
        chosen = {**{str(place): value for place, value in enumerate(args)}, **kwargs}
    if not isinstance(names, bool):
        chosen = {name: value for name, value in chosen.items() if name in names}
    mark: Hashable = fingerprint((), chosen)
    if mark is None:  # not plain, or large
        try:
            mark = digest({name: _themselves(value) for name, value in chosen.items()})
        except (TypeError, RecursionError) as error:
            why = error if isinstance(error, TypeError) else "an argument is nested too deep to be compared"
            raise TypeError(
                f"{task.name} has defer=, but {why}: name the parameters by which calls are told apart, "
                "as in defer=Defer('a, b')"
            ) from None
    return task.module, getattr(fn, "__qualname__", task.name), mark


def _themselves(value: Any) -> Any:
    """``value`` with a number in the place of all that equals nothing but itself; it lives as long as its call."""
    kind: Any = type(value)
    if issubclass(kind, Future) or kind.__eq__ is object.__eq__:
        return ("itself", id(value))
    if kind in (list, tuple):
        return kind(map(_themselves, value))
    if kind is dict:
        return {key: _themselves(item) for key, item in value.items()}
    return value


def enter(engine: Engine, call: Call, found: list[Future[Any]]) -> None:
    """``call``, of a task with ``defer=``, was submitted: it takes the place of an equal one that has not begun.

    Args:
        engine: the engine.
        call: the call; its ``defer_key`` is set.
        found: the futures among its arguments.
    """
    with engine.changing:
        if not hasattr(call, "unended"):  # it was cancelled before it came here
            return
        older, engine.deferred[call.defer_key] = engine.deferred.get(call.defer_key), call
    if older is not None and not (found and _waits_for(call, found, older.future)):
        _replace(engine, older, call)


def forget(engine: Engine, call: Call) -> None:
    """``call`` has ended, or was replaced."""
    with engine.changing:
        if engine.deferred.get(call.defer_key) is call:
            del engine.deferred[call.defer_key]


def _replace(engine: Engine, older: Call, newer: Call) -> None:
    future, into = older.future, newer.future
    following = older.successor(older.task, older.args, older.kwargs, older.executor)
    following.origin, following.into = older.origin, into
    with engine.changing:
        moves = (
            future._call is older
            and future.state in (State.QUEUED, State.WAITING)
            and hasattr(older, "unended")
            and older.take_start()
        )
        if moves:
            older.take_end()  # or a gate that it stands at might end it: an argument has failed
            future._call = following
            future.state = State.WAITING
            future.run.append(r.Continued(engine.now(), future.id, into.id))
    if not moves:
        return
    if older.executor.remote:
        older.executor.cancel(older)
    admission.release(older)
    if future._unread is not None:
        future._unread.pop(future.id, None)
    future._unread = MovedOver(into)
    if future._read:
        into._consume()
    if older.wish is not None:
        caching.let_go(engine, future)

    def ending(error: BaseException) -> tuple[State, BaseException]:
        newest: Any = following.into
        if newest.cancelled():
            text = f"{future.label}: {newest.label}, which took its place, was cancelled"
            return State.CANCELLED, TaskCancelled(text)
        return (State.TIMED_OUT if newest.state is State.TIMED_OUT else State.FAILED), error

    endings.end_as(engine, following, ending)


def moves_on(engine: Engine, call: Call) -> bool:
    """Whether ``call``, whose place another has taken, has just gone over to the one that took the place of that.

    So it does where the other was cancelled: it may have been cancelled itself, and the newest not.
    """
    future, into = call.future, call.into
    if into is None or not (is_moved(future) and is_moved(into) and into.cancelled()):
        return False
    while is_moved(into) and into.cancelled():
        into = into._unread.into  # type: ignore[union-attr]
    call.into = into
    with engine.changing:
        if future._call is call and future.state is State.WAITING:
            future._unread = MovedOver(into)
            future.run.append(r.Continued(engine.now(), future.id, into.id))
    return True


def _waits_for(newer: Call, found: list[Future[Any]], older: Future[Any]) -> bool:
    """Whether ``newer`` may have to wait for ``older``, through its arguments: then both are run."""
    seen: set[int] = set()
    stack = list(found)
    while stack:
        future = stack.pop()
        if future is older:
            return True
        if future.id in seen or future._settled:
            continue
        seen.add(future.id)
        run = future.run
        with run.reading() as state:
            task = state.tasks.get(future.id)
            ids = set() if task is None else {*task.refs, *task.waiting_on, task.into}
        stack += [live for other in list(run.engine.runs) for id in ids if (live := other.live.get(id)) is not None]
        # It may come to wait for what is below it.
        stack += [live for live in list(run.live.values()) if live.parent_id == future.id]
    return False
