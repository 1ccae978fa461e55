"""What holds a call back before it may start: arguments, an equal call, a delay, a rate, a limit, a paused run, a memo.

Each gate either lets the call through at once or records why it waits and comes back later, on another thread. A call
that was stopped while it waited is dropped wherever it comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ipyflow.engine import caching, deferring, endings
from ipyflow.engine.call import Call
from ipyflow.engine.describe import message
from ipyflow.engine.future import Future
from ipyflow.engine.kept import Kept
from ipyflow.engine.limits import Limit, Rate
from ipyflow.engine.options import Definition
from ipyflow.engine.references import find, replace
from ipyflow.engine.run import Run
from ipyflow.errors import DependencyError
from ipyflow.model import records as r
from ipyflow.model.status import State
from ipyflow.model.texts import NUMBERS

if TYPE_CHECKING:
    from ipyflow.engine.scheduler import Engine

_BEFORE = (State.QUEUED, State.WAITING)


def admit(engine: Engine, call: Call, found: list[Future[Any]]) -> Call | None:
    """Take a new call through its gates.

    Args:
        engine: the engine.
        call: the call, just submitted.
        found: the futures among its arguments.

    Returns:
        The call, if nothing holds it back: the caller dispatches it. So do all functions here.
    """
    options = call.task.options
    if call.defer_key is not None:
        deferring.enter(engine, call, found)
    if found and (options.wait or options.resolve or call.wish is not None or call.executor.remote):
        if options.wait is not True and options.resolve is not True and not call.executor.remote:
            names = (options.wait, options.resolve, _keyed(call))
            try:
                found = find([call.task.waits_for(call.args, call.kwargs, chosen) for chosen in names if chosen])
            except TypeError:
                found = []  # they do not fit the function: let it say so itself
        return _await_arguments(engine, call, found)
    return _after_arguments(engine, call)


def _keyed(call: Call) -> bool | frozenset[str]:
    """The arguments whose values the cache asks for."""
    cache = call.task.options.cache
    if call.wish is None or cache is None:
        return False
    return True if cache.params is None else frozenset(cache.params)


def hold(engine: Engine, call: Call, reason: str, on: tuple[int, ...] = ()) -> bool:
    """Record that ``call`` waits and why; False when it was stopped before."""
    with engine.changing:
        future = call.future
        if future._call is not call or future.state not in _BEFORE:
            return False
        future.state = State.WAITING
        future.run.append_row((r.WAITING, engine.now(), future.id, reason, on))
    return True


def start(engine: Engine, call: Call) -> Call | None:
    """Nothing holds ``call`` back any more."""
    future = call.future
    run = future.run
    with engine.changing:
        if future._call is not call or future.state not in _BEFORE:
            return None
        if run.paused and (reason := _pause_above(run, future)):
            future.state = State.WAITING
            run.append_row((r.WAITING, engine.now(), future.id, reason, ()))
            run.held.append(call)
            return None
        if future.state is State.WAITING:
            run.append_row((r.QUEUED, engine.now(), future.id))
            future.state = State.QUEUED  # behind the record: a body that waits for it may run it from here on
    return call


def _pause_above(run: Run, future: Future[Any]) -> str:
    """What is paused, a task or one above it or the whole run, in words; empty if nothing is."""
    if r.NO_TASK in run.paused:
        return "the run is paused"
    above: Future[Any] | None = future
    while above is not None:
        if above.id in run.paused:
            return f"{above.label} is paused"
        above = run.live.get(above.parent_id)
    return ""


# Arguments.


def _await_arguments(engine: Engine, call: Call, found: list[Future[Any]]) -> Call | None:
    """Wait for the futures in ``found``, and for those inside the values of the settled ones, which are added to it."""
    pending = _follow_values(found)
    if not pending:
        if not all_here(call, found, lambda: engine.dispatch(_await_arguments(engine, call, found))):
            return None
        try:
            return _arguments_ready(engine, call, found)
        except Exception as error:  # a container that does not take the values in place of the futures
            return endings.try_end(engine, call, State.FAILED, error)[1]
    if not hold(engine, call, "arguments", tuple([future.id for future in pending])):
        return None
    one_done = _OneDone(call, found, len(pending))
    for future in pending:
        future.when_settled(one_done)
    return None


def all_here(call: Call, found: list[Future[Any]], callback: Callable[[], object]) -> bool:
    """False while values that ``call`` is to be given stay elsewhere: ``callback`` is called when one more is here."""
    executor, options = call.executor, call.task.options
    if call.wish is None and (not (options.resolve or executor.remote) or (executor.remote and executor.keeps)):
        return True
    far = next((f._value for f in found if type(f._value) is Kept and not f._value.is_tried()), None)
    if far is None:
        return True
    if hold(call.engine, call, "a value to be fetched"):
        far.when_here(callback)
    return False


class _OneDone:
    """Hears of each argument that is settled; after the last the call goes on. A closure would weigh twice as much."""

    __slots__ = ("call", "found", "tokens")

    def __init__(self, call: Call, found: list[Future[Any]], count: int) -> None:
        self.call, self.found = call, found
        # Whoever pops the 0 is the last: popping is atomic.
        self.tokens = [0] if count == 1 else list(range(count))

    def __call__(self, future: Future[Any]) -> Call | None:
        call = self.call
        if self.tokens.pop() != 0 or call.future._call is not call or call.future.state is not State.WAITING:
            return None
        ready = _await_arguments(call.engine, call, self.found)
        return None if ready is None else ready.executor.follow(ready)  # type: ignore[return-value]


def _follow_values(found: list[Future[Any]]) -> list[Future[Any]]:
    """Add to ``found`` the futures inside the values of its settled ones; returns those that are not settled."""
    pending: list[Future[Any]] = []
    known: set[Future[Any]] | None = None
    for future in found:  # grows while it is gone through
        if not future._settled:
            pending.append(future)
        elif type(future._value) not in NUMBERS and type(future._value) is not Kept:
            inner = find(future._value)
            if inner:
                known = known or set(found)
                fresh = [f for f in inner if f not in known]
                known.update(fresh)
                found.extend(fresh)
    return pending


def _arguments_ready(engine: Engine, call: Call, seen: list[Future[Any]]) -> Call | None:
    options = call.task.options
    if options.resolve:
        if options.resolve is not True:
            seen = find(call.task.waits_for(call.args, call.kwargs, options.resolve))
            _follow_values(seen)
        broken = next((f for f in seen if f._error is not None), None)
        if broken is not None:
            return endings.fail_before_start(engine, call, _dependency_error(call, broken), broken)
        _resolve(call, options.resolve)
    return _after_arguments(engine, call)


def _dependency_error(call: Call, broken: Future[Any]) -> DependencyError:
    cause = broken.peek() or Exception()
    broken._consume()
    error = DependencyError(
        f"{call.label} was not run: its argument {broken.label} {broken.state} with "
        f"{type(cause).__name__}: {message(cause)}. "
        f"Retry {broken.label}, or take the future itself with wait= instead of resolve="
    )
    error.__cause__ = cause
    return error


def _resolve(call: Call, names: bool | frozenset[str]) -> None:
    """Put values in the place of the futures in the arguments, in all or in those of these names."""
    call.origin = (call.args, call.kwargs)
    if names is True and not call.kwargs and all(type(v) is Future and type(v._value) in NUMBERS for v in call.args):
        call.args = tuple([future._value for future in call.args])
        return

    def value_of(future: Future[Any]) -> Any:
        future._consume()
        value = future._value
        if type(value) is Kept:
            return value if call.executor.remote and call.executor.keeps else value.value()
        return value if type(value) in NUMBERS else replace(value, value_of)

    if names is True:
        call.args = tuple([replace(value, value_of) for value in call.args])
        if call.kwargs:
            call.kwargs = {name: replace(value, value_of) for name, value in call.kwargs.items()}
    else:
        call.args, call.kwargs = call.task.changed(
            call.args, call.kwargs, names, lambda value: replace(value, value_of)
        )


# Delay, rate, limit.


def _after_arguments(engine: Engine, call: Call) -> Call | None:
    return after_cache(engine, call) if call.wish is None else caching.consult(engine, call)


def after_cache(engine: Engine, call: Call) -> Call | None:
    """The value was not to be had without running ``call``."""
    options = call.task.options
    # Of a recurrent task the delay stands between two times; but calls of which one is to run have to wait for others.
    if options.delay and call.attempt == 1 and (options.defer is not False or not options.recurrent):
        if hold(engine, call, f"delay of {options.delay:g} s"):
            call.timer = engine.clock.call_later(options.delay, lambda: engine.dispatch(_rate(engine, call)))
        return None
    if options.rate is None and options.limit is None and not call.gates and call.task.own_limit is None:
        return start(engine, call)
    return _rate(engine, call)


def _rate(engine: Engine, call: Call) -> Call | None:
    options = call.task.options
    if options.rate is not None:
        count, period = options.rate
        key = (call.task.module, call.task.name, options.rate)
        rate = engine.rates.get(key)
        if rate is None:
            name = f"{call.task.name} {count}/{period:g}s"
            rate = engine.rates.setdefault(key, Rate(name, count, period, engine.clock))
        if not hold(engine, call, str(rate)) or not rate.enter(call):
            return None
    return pass_limits(engine, call)


def pass_limits(engine: Engine, call: Call) -> Call | None:
    """Get the permits that ``call`` does not have yet.

    The own limit comes first and the outermost group last: a call then holds a permit and waits for another only where
    the wider limit is full, so that no other could use the one it holds.
    """
    limits = _limits(engine, call)
    while len(call.permits) < len(limits):
        limit = limits[len(call.permits)]
        if not limit.try_enter() and (not hold(engine, call, limit.reason) or not limit.enter(call)):
            return None
        if not call.keep(limit):
            limit.leave()
            return None
    return start(engine, call)


def _limits(engine: Engine, call: Call) -> tuple[Limit, ...]:
    gates = call.gates if call.task.options.max_parallelism is None else call.gates[1:]
    if call.task.own_limit is not None:
        return (call.task.own_limit, *gates)
    size = call.task.options.limit
    if size is None:
        return gates
    key = (call.task.module, call.task.name, size)
    limit = engine.limits.get(key)
    if limit is None:
        limit = engine.limits.setdefault(key, Limit(call.task.name, size))
    return (limit, *gates)


def release(call: Call) -> None:
    """The call has ended: its timer and its permits go back."""
    if call.timer is not None:
        call.timer.cancel()
    if call.defer_key is not None:
        deferring.forget(call.engine, call)
    if call.permits:
        with call.engine.changing:
            permits, call.permits = call.permits, ()
        for permit in permits:
            permit.leave()


def again_after(engine: Engine, call: Call, pause: float) -> None:
    """A retry: ``call`` is the next attempt, to be started after ``pause`` seconds."""
    engine.dispatch(after_pause(engine, call, pause, f"retry {call.attempt - 1} after {pause:.3g} s"))


def after_pause(engine: Engine, call: Call, pause: float, reason: str) -> Call | None:
    """Let ``call``, the next attempt, through after so many seconds; ``reason`` says why it waits."""
    if pause <= 0:
        return _rate(engine, call)
    if hold(engine, call, reason):
        call.timer = engine.clock.call_later(pause, lambda: engine.dispatch(_rate(engine, call)))
    return None


# Memo.


def memoised(engine: Engine, run: Run, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[Any]:
    """The future of an equal call in this run, in flight or succeeded, else a new one.

    Raises:
        TypeError: an argument cannot be hashed.
    """
    key = (task.fn, args, tuple(sorted(kwargs.items())))
    try:
        known = run.memo.get(key)
    except TypeError as error:
        raise TypeError(
            f"{task.name} has memo=True, but an argument cannot be hashed ({error}): "
            "pass tuples for lists, or leave memo out"
        ) from None
    if known is None or known.peek() is not None:
        # Two threads may both come here: setdefault would need the future first, so a lock it is. It is not held while
        # the call starts: that may run the body here and now.
        made: Future[Any] | None = None
        with engine.memo_lock:
            known = run.memo.get(key)
            if known is None or known.peek() is not None:
                known = made = run.memo[key] = engine.submit(task, args, kwargs, launch=False)
        if made is not None and made._call is not None:
            engine.launch(made._call)
    return known
