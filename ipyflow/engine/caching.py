"""Results that are used again: found in the memory, or had from an equal call that is at work.

Owns: which calls are at work under which key. Called by: whoever admits a call, from any thread, and by the ends of
calls. Guarantees: of equal calls one runs at a time, and no call waits for one that is above it; what cannot be kept or
found costs time and nothing else. A value is pickled before anybody else can have it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from ipyflow.engine import admission, deferring, endings
from ipyflow.engine.call import Call
from ipyflow.engine.describe import short
from ipyflow.engine.future import Future
from ipyflow.engine.kept import Kept
from ipyflow.engine.keys import FutureAmong, Key, key_of
from ipyflow.engine.options import Definition
from ipyflow.model import records as r
from ipyflow.model.ports import Found
from ipyflow.model.run import Reuse
from ipyflow.model.status import State

if TYPE_CHECKING:
    from ipyflow.engine.scheduler import Engine

REMEMBERED = 500
"""So many calls are remembered, to say why the next one like it is not equal."""
_WELL = (State.SUCCEEDED, State.CACHED)


class Wish:
    """What a call wants of the cache.

    Attributes:
        key: of the call; ``None`` until the futures among its arguments have their values.
        fresh: it makes its value anew whatever is kept: somebody has asked for a retry.
        reuse: where its value comes from, if it was not made.
    """

    __slots__ = ("fresh", "key", "reuse")

    def __init__(self, key: Key | None, fresh: bool = False) -> None:
        self.key, self.fresh = key, fresh
        self.reuse: Reuse | None = None


class Flights:
    """The calls that are at work, by their keys; of equal ones, the one that the others wait for."""

    def __init__(self) -> None:
        self._leading: dict[str, Future[Any]] = {}
        self._before: OrderedDict[bytes, tuple[str, dict[str, bytes]]] = OrderedDict()
        """Of the latest calls, by all but their code: which it was, and what its code consisted of."""
        self._lock = threading.Lock()

    def join(self, key: str, future: Future[Any], no_more: Future[Any] | None) -> Future[Any]:
        """Who leads: ``future`` itself where nobody does, or only one that is of use ``no_more``."""
        with self._lock:
            leader = self._leading.get(key)
            # One that was replaced waits itself, perhaps for this very call.
            if leader is None or leader is no_more or leader._error is not None or deferring.is_moved(leader):
                leader = self._leading[key] = future
        return leader

    def changed(self, key: Key, future: Future[Any]) -> str:
        """Why nothing was found for a call that differs from one before by its code alone, in words."""
        with self._lock:
            before = self._before.pop(key.place, None)
            self._before[key.place] = (future.label, key.parts)
            if len(self._before) > REMEMBERED:
                self._before.popitem(last=False)
        what = "" if before is None else key.changed_since(before[1])
        return f"nothing was found, for {what} is not as it was for {before[0]}" if before is not None and what else ""

    def land(self, key: str, future: Future[Any]) -> None:
        """It has ended."""
        with self._lock:
            if self._leading.get(key) is future:
                del self._leading[key]


class _Missing(Exception):
    """A future among the arguments has no value."""


def wish_of(task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], fresh: bool = False) -> Wish:
    """What a call that is being submitted wants of the cache.

    Raises:
        TypeError: an argument, or a global of the function, cannot be compared; the message names it.
    """
    __tracebackhide__ = True
    try:
        key = key_of(task, args, kwargs, None)
    except FutureAmong:
        key_of(task, args, kwargs, lambda _: None)  # refused now, if something beside the futures has no key
        key = None
    return Wish(key, fresh)


def consult(engine: Engine, call: Call, no_more: Future[Any] | None = None) -> Call | None:
    """All arguments are here: use a kept result, or wait for that of an equal call, or go on.

    Args:
        engine: the engine.
        call: the call, which has a wish.
        no_more: an equal call that has ended and whose value does not do.

    Returns:
        The call, if nothing holds it back, as the functions of :mod:`ipyflow.engine.admission`.
    """
    wish, future, cache = call.wish, call.future, call.task.options.cache
    if wish is None or cache is None:
        return admission.after_cache(engine, call)
    if wish.key is None:
        try:
            wish.key = key_of(call.task, call.args, call.kwargs, _value_of)
        except (_Missing, FutureAmong):
            pass
        except BaseException as error:  # somebody's class is looked at: what it raises is the call's, as from a body
            return endings.try_end(engine, call, State.FAILED, error)[1]
        if wish.key is None:
            call.wish = None
            return admission.after_cache(engine, call)
    key = wish.key.text
    leader = engine.flights.join(key, future, no_more)
    if leader is not future:
        if not wish.fresh and not _is_above(leader, future):
            return _follow(engine, call, leader)
        return admission.after_cache(engine, call)
    future.when_settled(lambda _: engine.flights.land(key, future))
    memory = engine.memory
    if memory is None or wish.fresh or not admission.hold(engine, call, "the cache"):
        return admission.after_cache(engine, call)
    memory.look_up(key, cache.age, lambda found: engine.dispatch(_looked_up(engine, call, found)))
    return None


def _value_of(future: Future[Any]) -> Any:
    value = future._value
    if not future._settled or future._error is not None or (type(value) is Kept and not value.is_here()):
        raise _Missing
    return value.value() if type(value) is Kept else value


def _is_above(leader: Future[Any], future: Future[Any]) -> bool:
    run, above = future.run, future.parent_id
    while above != r.NO_TASK and above != leader.id:
        parent = run.live.get(above)
        if parent is not None:
            above = parent.parent_id
        elif leader.run is not run or (unfinished := endings.unfinished_above(run, above)) is None:
            return False  # the one above has ended
        else:
            above = unfinished
    return above == leader.id


def _looked_up(engine: Engine, call: Call, found: Found | None) -> Call | None:
    if call.future._call is not call or call.future.state is not State.WAITING:
        return None  # it was stopped meanwhile
    if found is None:
        _say_why(engine, call)
        return admission.after_cache(engine, call)
    return end_reused(engine, call, found.value, Reuse("cache", found.run, found.task, found.made))


def _say_why(engine: Engine, call: Call) -> None:
    wish, future = call.wish, call.future
    if wish is not None and wish.key is not None:
        why = engine.flights.changed(wish.key, future)
        if why:
            future.run.append(r.Noted(engine.now(), future.id, "cache", why))


def _follow(engine: Engine, call: Call, leader: Future[Any]) -> Call | None:
    on = (leader.id,) if leader.run is call.future.run else ()
    if admission.hold(engine, call, f"equal call {leader.label}", on):
        follower = _Follower(call)
        leader.when_settled(follower)
        if deferring.is_moved(leader) and leader.forget_callback(follower):
            return follower.look_again(leader)
    return None


def let_go(engine: Engine, leader: Future[Any]) -> None:
    """Another call has taken the place of ``leader``: who waits for it looks for another, or would wait in a circle."""
    for callback in list(leader._callbacks or ()):
        if type(callback) is _Follower and leader.forget_callback(callback):
            engine.dispatch(callback.look_again(leader))


class _Follower:
    """Hears of the end of the equal call that ``call`` waits for."""

    __slots__ = ("call",)

    def __init__(self, call: Call) -> None:
        self.call = call

    def __call__(self, leader: Future[Any]) -> Call | None:
        ready = self.look_again(leader)
        return None if ready is None else ready.executor.follow(ready)  # type: ignore[return-value]

    def look_again(self, leader: Future[Any]) -> Call | None:
        """What becomes of the call, now that ``leader`` has ended, or was replaced."""
        call, engine = self.call, self.call.engine
        if call.future._call is not call or call.future.state is not State.WAITING:
            return None
        if not leader._settled:  # it was replaced; or somebody has retried it at once, perhaps with other code
            return consult(engine, call)
        value, reuse = leader._value, _reuse_of(engine, leader)
        cache = call.task.options.cache
        too_old = cache is not None and cache.age is not None and engine.wall() - reuse.made > cache.age
        if leader.state not in _WELL or leader._error is not None or too_old or deferring.is_moved(leader):
            return consult(engine, call, no_more=leader)
        return end_reused(engine, call, value, reuse)


def _reuse_of(engine: Engine, leader: Future[Any]) -> Reuse:
    """Where the value of an equal call comes from, for one that waited for it."""
    wish = None if leader._call is None else leader._call.wish
    if wish is not None and wish.reuse is not None:
        return wish.reuse
    run = "" if engine.memory is None else engine.memory.key_of(leader.run.id)
    return Reuse("flight", run, leader.id, engine.wall())


def end_reused(engine: Engine, call: Call, value: Any, reuse: Reuse) -> Call | None:
    """End a call that has not begun with a value from elsewhere; nothing where it was stopped before."""
    future = call.future
    type_name, text = (value.type_name, value.text) if type(value) is Kept else (type(value).__name__, short(value))
    with engine.changing:
        waits = future._call is call and future.state in (State.WAITING, State.QUEUED)
        if not waits or not call.take_end():
            return None
        call.take_start()
        future.state = State.CACHED
        future._when = time = engine.now()
        future.run.append(r.Reused(time, future.id, reuse.how, reuse.run, reuse.task, reuse.made))
        future.run.append(r.Finished(time, future.id, "cached", type_name, text, None))
    future._value = value
    if call.wish is not None:
        call.wish.reuse = reuse
    if call.handle is not None:
        call.handle.forget_body()
        call.handle = None
    # Its arguments are kept as those of a failed one are: a retry makes the value anew. An entry's place is gone then.
    return engine.settled(call, future, None if call.is_entry else call.origin or (call.args, call.kwargs))


def keep(call: Call, value: Any) -> None:
    """Keep the value that ``call`` is about to end with."""
    wish, memory = call.wish, call.engine.memory
    if wish is None or wish.key is None or memory is None or not hasattr(call, "unended"):
        return
    key, run, id = wish.key.text, call.future.run.id, call.future.id
    if type(value) is Kept:
        value.when_here(lambda: memory.keep(key, value.value(), run, id) if value.is_here() else None)
    else:
        memory.keep(key, value, run, id)
