"""Futures that nobody reads: what a flow's ``on_leak`` asks for, and the warnings when a run has ended.

A child is read by ``result``, ``exception``, ``await``, a ``poll`` that gave a value, a ``wait`` or ``select`` that
put it in done, by being passed on as an argument or returned; ``detach()`` says that nobody means to.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ipyflow.engine import endings
from ipyflow.engine.call import Call
from ipyflow.engine.describe import message
from ipyflow.engine.future import Future
from ipyflow.errors import IpyflowWarning, LeakedFuture, LeakedFutureWarning, UnobservedFailureWarning
from ipyflow.model import records as r
from ipyflow.model.status import State

if TYPE_CHECKING:
    from ipyflow.engine.run import Run
    from ipyflow.engine.scheduler import Engine

NAMED = 5
"""Futures named in one warning."""


def passed_on(call: Call, futures: Iterable[Future[Any]]) -> None:
    """Futures that a body returned count as read: the caller has them now."""
    for future in futures:
        future._consume()


def body_ended(engine: Engine, call: Call, value: Any) -> bool:
    """A body returned ``value`` and left children unread; True when the policy takes the ending over."""
    policy = call.task.options.on_leak
    left = _left(call)
    if not left:
        return False
    if policy == "error":
        names = _listed([_label(call.future.run, id) for id in left])
        error = LeakedFuture(
            f"{call.label} ended without reading {names}: read each with .result() or wait(), or .detach() it"
        )
        engine.dispatch(endings.end(engine, call, State.FAILED, error))
        return True
    if policy == "wait":
        return _end_after(engine, call, value, left)
    _settle_policy(engine, call, left)
    return False


def body_failed(engine: Engine, call: Call) -> None:
    """A body raised and left children unread."""
    left = _left(call)
    if left and call.task.options.on_leak == "cancel":
        _settle_policy(engine, call, left)


def _left(call: Call) -> list[int]:
    unread, call.unread = call.unread, {}  # not None: it has had children
    return list(unread or ())


def _settle_policy(engine: Engine, call: Call, left: list[int]) -> None:
    run, policy = call.future.run, call.task.options.on_leak
    if policy == "cancel":
        for id in left:
            child = run.live.get(id)
            if child is not None:
                engine.cancel(child, f"{call.label} ended without reading it")
    elif policy == "warn":
        for id in left:
            run.append(
                r.Noted(engine.now(), id, "leaked", f"nobody read {_label(run, id)}: {call.label} ended without it")
            )
            run.leaks.append(id)


def _end_after(engine: Engine, call: Call, value: Any, left: list[int]) -> bool:
    run = call.future.run
    pending = [child for id in left if (child := run.live.get(id)) is not None]
    if not pending:
        return False
    with engine.changing:
        if not hasattr(call, "unended"):
            return False
        call.future.state = State.WAITING
        run.append(r.Waiting(engine.now(), call.future.id, "children that were not read", tuple(f.id for f in pending)))
    engine.release(call)  # the body has ended; a child may wait for its permit
    missing = len(pending)
    lock = threading.Lock()

    def one_done(_: Future[Any]) -> Call | None:
        nonlocal missing
        with lock:
            missing -= 1
            last = missing == 0
        if not last:
            return None
        if isinstance(value, Future):
            endings.continue_as(engine, call, value)
            return None
        return endings.end_with_value(engine, call, value)

    for child in pending:
        child.when_settled(one_done)
    return True


def run_ended(engine: Engine, run: Run) -> None:
    """Warn, once each, of the children nobody read and of the failures nobody looked at."""
    root = run.root
    if run.leaks:
        leaked, run.leaks = run.leaks, []
        names = [_label(run, id) for id in leaked]
        warn(
            LeakedFutureWarning(
                f"run {run.id} ({run.name}) ended with {_count(len(names), 'future')} that nobody read: "
                f"{_listed(names)}. "
                "Read each with .result() or wait(), or say .detach() if it is meant"
            )
        )
    unobserved = [f for f in list(run.unobserved.values()) if f is not root]
    for future in unobserved:
        run.unobserved.pop(future.id, None)  # one by one: a retry may change it meanwhile
        run.append(r.Noted(engine.now(), future.id, "unobserved", f"{future.label} failed and nobody looked"))
    if unobserved:
        names = [f"{f.label} ({type(f.peek()).__name__}: {message(f.peek() or Exception())[:80]})" for f in unobserved]
        warn(
            UnobservedFailureWarning(
                f"run {run.id} ({run.name}) ended with {_count(len(names), 'failure')} that nobody looked at: "
                f"{_listed(names)}. "
                "Look at .exception() or .traceback of each"
            )
        )


def _label(run: Run, id: int) -> str:
    task = run.snapshot().tasks.get(id)
    return f"{task.name}#{id}" if task is not None else f"#{id}"


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def warn(warning: IpyflowWarning) -> None:
    """Raise a Python warning from the engine; where warnings are errors it must not break the engine."""
    try:
        warnings.warn_explicit(warning, None, "<ipyflow>", 0, module="ipyflow")
    except IpyflowWarning as error:
        unraisable = SimpleNamespace(
            exc_type=type(error), exc_value=error, exc_traceback=None, err_msg="ipyflow warned", object=None
        )
        try:
            sys.unraisablehook(unraisable)
        except TypeError:  # Python's own hook takes only what Python itself has made
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
