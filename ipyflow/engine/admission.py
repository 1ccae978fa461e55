"""What holds a call back before it may start: arguments, a delay, a rate, a limit, a paused run, a memo.

Each gate either lets the call through at once or records why it waits and comes back later, on another thread. A call
that was stopped while it waited is dropped wherever it comes back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ipyflow.engine import endings
from ipyflow.engine.call import Call
from ipyflow.engine.future import Future
from ipyflow.engine.limits import Limit, Rate
from ipyflow.engine.options import Definition
from ipyflow.engine.references import find, replace
from ipyflow.engine.run import Run
from ipyflow.errors import DependencyError
from ipyflow.model import records as r
from ipyflow.model.status import State

if TYPE_CHECKING:
    from ipyflow.engine.scheduler import Engine


def admit(engine: Engine, call: Call) -> None:
    """Take a new call through its gates."""
    options = call.task.options
    if options.wait or options.resolve:
        _await_arguments(engine, call)
    else:
        _after_arguments(engine, call)


def hold(engine: Engine, call: Call, reason: str, on: tuple[int, ...] = ()) -> bool:
    """Record that ``call`` waits and why; False when it was stopped before."""
    with engine.changing:
        future = call.future
        if future._call is not call or future.state not in (State.QUEUED, State.WAITING):
            return False
        future.state = State.WAITING
        future.run.append(r.Waiting(engine.now(), future.id, reason, on))
    return True


def start(engine: Engine, call: Call, follow: bool = False) -> None:
    """Nothing holds ``call`` back any more."""
    run = call.future.run
    if run.paused:
        if hold(engine, call, "the run is paused"):
            run.held.append(call)
        return
    with engine.changing:
        future = call.future
        if future._call is not call or future.state not in (State.QUEUED, State.WAITING):
            return
        if future.state is State.WAITING:
            future.state = State.QUEUED
            run.append(r.Queued(engine.now(), future.id))
    if follow:
        engine.dispatch_follow(call)
    else:
        engine.dispatch(call)


# Arguments.


def _await_arguments(engine: Engine, call: Call) -> None:
    """Wait for the futures among the arguments, and for those found inside the values of resolved ones."""
    pending, seen = _pending(call)
    if not pending:
        _arguments_ready(engine, call, seen)
        return
    if not hold(engine, call, "arguments", tuple(f.id for f in pending)):
        return
    left = len(pending)
    lock = threading.Lock()

    def one_done(_: Future[Any]) -> None:
        nonlocal left
        with lock:
            left -= 1
            last = left == 0
        if last and call.wants_permit():
            _await_arguments(engine, call)

    for future in pending:
        future.when_settled(one_done)


def _pending(call: Call) -> tuple[list[Future[Any]], list[Future[Any]]]:
    options = call.task.options
    chosen = [
        call.task.waits_for(call.args, call.kwargs, names) for names in (options.wait, options.resolve) if names
    ]
    seen: dict[Future[Any], None] = {}
    queue = find(chosen)
    while queue:
        future = queue.pop()
        if future not in seen:
            seen[future] = None
            if future.done() and future.peek() is None:
                queue.extend(find(future._value))
    return [f for f in seen if not f.done()], list(seen)


def _arguments_ready(engine: Engine, call: Call, seen: list[Future[Any]]) -> None:
    options = call.task.options
    if options.resolve:
        wanted = find(call.task.waits_for(call.args, call.kwargs, options.resolve))
        broken = next((f for f in seen if f.peek() is not None), None)
        if broken is not None and (options.resolve is True or broken in wanted or not options.wait):
            endings.fail_before_start(engine, call, _dependency_error(call, broken), broken)
            return
        _resolve(call, wanted)
    _after_arguments(engine, call, follow=True)


def _dependency_error(call: Call, broken: Future[Any]) -> DependencyError:
    cause = broken.peek()
    broken._consume()
    error = DependencyError(
        f"{call.label} was not run: its argument {broken.label} {broken.state} with {type(cause).__name__}: {cause}. "
        f"Retry {broken.label}, or take the future itself with wait= instead of resolve="
    )
    error.__cause__ = cause
    return error


def _resolve(call: Call, wanted: list[Future[Any]]) -> None:
    def value_of(future: Future[Any]) -> Any:
        future._consume()
        return replace(future._value, value_of)

    inside = set(wanted)

    def chosen(value: Any) -> Any:
        return replace(value, lambda f: value_of(f) if f in inside else f)

    call.args = tuple(chosen(value) for value in call.args)
    call.kwargs = {name: chosen(value) for name, value in call.kwargs.items()}


# Delay, rate, limit.


def _after_arguments(engine: Engine, call: Call, follow: bool = False) -> None:
    delay = call.task.options.delay if call.attempt == 1 else 0.0
    if delay > 0 and hold(engine, call, f"delay of {delay:g} s"):
        call.timer = engine.clock.call_later(delay, lambda: _rate(engine, call))
    elif delay <= 0:
        _rate(engine, call, follow)


def _rate(engine: Engine, call: Call, follow: bool = False) -> None:
    options = call.task.options
    if options.rate is not None:
        count, period = options.rate
        key = (call.task.module, call.task.name, options.rate)
        rate = engine.rates.setdefault(key, Rate(f"{call.task.name} {count}/{period:g}s", count, period, engine.clock))
        if not hold(engine, call, str(rate)):
            return
        if not rate.enter(call):
            return
    _limit(engine, call, follow)


def _limit(engine: Engine, call: Call, follow: bool = False) -> None:
    size = call.task.options.limit
    if size is not None:
        key = (call.task.module, call.task.name, size)
        limit = engine.limits.get(key) or engine.limits.setdefault(key, Limit(call.task.name, size))
        call.permits = (limit,)
        if not hold(engine, call, f"limit {limit.name} ({size} at once)") or not limit.enter(call):
            return
    start(engine, call, follow)


def granted(engine: Engine, call: Call) -> None:
    """A rate or a limit lets ``call`` through."""
    if call.permits:
        start(engine, call)
        if not call.future.state == State.QUEUED and call.future._call is not call:
            release(call)
    else:
        _limit(engine, call)


def release(call: Call) -> None:
    """The call has ended: its timer and its permits go back."""
    if call.timer is not None:
        call.timer.cancel()
    permits, call.permits = call.permits, ()
    for permit in permits:
        permit.leave()


def again_after(engine: Engine, call: Call, pause: float) -> None:
    """A retry: ``call`` is the next attempt, to be started after ``pause`` seconds."""
    if pause > 0:
        if hold(engine, call, f"retry {call.attempt - 1} after {pause:.3g} s"):
            call.timer = engine.clock.call_later(pause, lambda: _rate(engine, call))
    else:
        _rate(engine, call)


# Memo.


def memoised(
    engine: Engine, run: Run, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], submit: Callable[[], Future[Any]]
) -> Future[Any]:
    """The future of an equal call in this run, in flight or succeeded, else a new one.

    Raises:
        TypeError: an argument cannot be hashed.
    """
    key = (task.fn, args, tuple(sorted(kwargs.items())))
    try:
        known = run.memo.get(key)
    except TypeError as error:
        raise TypeError(
            f"{task.name} has memo=True, but an argument cannot be hashed ({error}): pass tuples for lists, or leave memo out"
        ) from None
    if known is None or known.peek() is not None:
        # Two threads may both come here: setdefault would need the future first, so a lock it is.
        with engine.memo_lock:
            known = run.memo.get(key)
            if known is None or known.peek() is not None:
                known = run.memo[key] = submit()
    return known
