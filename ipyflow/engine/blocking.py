"""Blocking a thread until futures are settled. For coroutines see ``awaiting``.

Called by: any thread that runs user code. Guarantees: a task that waits never starves the pool. If the awaited
child has not started, the waiting worker runs it itself (bounded nesting); else another worker takes its
place while it sleeps. A wait on the engine's own loop raises instead of hanging. A task that is cancelled wakes from
its wait with ``TaskCancelled``.
"""

from __future__ import annotations

import sys
import threading
import time
from threading import get_ident
from typing import TYPE_CHECKING, Any

from ipyflow.engine import nesting
from ipyflow.engine.bells import Again, Bell, hung
from ipyflow.engine.context import current_call
from ipyflow.engine.resting import rest
from ipyflow.errors import TaskCancelled, WouldDeadlock
from ipyflow.model import records as r
from ipyflow.model.ports import Hearing
from ipyflow.model.status import State

if TYPE_CHECKING:
    from ipyflow.engine.call import Call
    from ipyflow.engine.future import Future

_QUEUED = State.QUEUED

NEST = 40
"""A worker that waits runs its unstarted child itself, up to so many deep; deeper while half the stack that Python
allows is free, and where the pool may not grow any more a quarter."""


def wait_one(future: Future[Any], timeout: float | None) -> None:
    """Block until ``future`` is settled.

    Raises:
        TimeoutError: it was not, within ``timeout`` seconds.
    """
    if future.run.engine.loop.ident == get_ident():
        raise WouldDeadlock(
            f"waiting here for {future.label} would stop the loop that has to run it: write `await` instead"
        )
    if timeout is None:
        # More than once only where somebody retried the future before its waiters had looked at it.
        while not future._settled:
            _wait_once(future, None)
        return
    deadline = time.monotonic() + timeout
    while not future._settled:
        _wait_once(future, deadline - time.monotonic())
        if not future._settled and time.monotonic() >= deadline:
            raise TimeoutError(f"{future.label} is {future.state} after {timeout} s; it goes on, .cancel() stops it")


def _wait_once(future: Future[Any], timeout: float | None) -> None:
    call = current_call()
    if call is None or call.ident != get_ident():
        _sleep_for(future, timeout)
    elif call.future is future:
        raise WouldDeadlock(f"{future.label} waits for itself, which would never end: return the value instead")
    else:
        call.begin_wait((future.id,))
        try:
            if timeout is None:
                run_here(call, future)
            if not future._settled:
                bell = Bell(1)
                with hung(bell, [future]):
                    sleep_in_task(call, bell, timeout)
        finally:
            go_on(call)
        if call.stopped:
            raise stopped(call)


def _refuse_where_workers_are_heard() -> None:
    if isinstance(threading.current_thread(), Hearing):
        raise WouldDeadlock(
            "waiting here, in a callback of a task that ran elsewhere, would stop the thread that hears the workers: "
            "let the callback submit a task that waits"
        )


def _sleep_for(future: Future[Any], timeout: float | None) -> None:
    """As a bell for one future, without the bell: the quickest way to sleep and be woken."""
    _refuse_where_workers_are_heard()
    if nesting.on:
        bell = Bell(1)
        with hung(bell, [future]):
            bell.listen(timeout)
        return
    lock = threading.Lock()
    lock.acquire()

    def ring(_: Any) -> None:
        lock.release()

    future.when_settled(ring)
    try:
        rest(lambda left: lock.acquire(timeout=left), timeout)
    finally:
        if not future._settled:
            future.forget_callback(ring)


def refuse_on_loop(futures: list[Any]) -> None:
    """Raise ``WouldDeadlock`` on the loop that has to run what ``futures`` stand for, or the task that asks."""
    call = current_call()
    runs = [run for future in futures if (run := getattr(future, "run", None)) is not None]
    if (call is not None and call.engine.loop.here()) or any(run.engine.loop.here() for run in runs):
        raise WouldDeadlock(
            "waiting here would stop the loop that has to run the tasks: write `await asyncio.gather(*futures)`, "
            "for a run `await run.root`"
        )


def wait_all(futures: list[Any], timeout: float | None) -> None:
    """Block until all of ``futures``, none of them done, are; or until the timeout.

    It sleeps for one after the other, from the last: when that is done most others are, so it is woken a few times
    and not once for each.
    """
    _refuse_where_workers_are_heard()
    deadline = None if timeout is None else time.monotonic() + timeout
    call = current_call()
    in_task = call is not None and call.ident == get_ident()
    if in_task:
        assert call is not None
        call.begin_wait(tuple([getattr(future, "id", r.NO_TASK) for future in futures]))
    try:
        if in_task and timeout is None:
            for future in futures:
                run_here(call, future)
        pending = list(reversed(futures))
        while pending:  # more than once only where one was retried after it had been waited for
            for future in pending:
                while not future.done():
                    left = None if deadline is None else deadline - time.monotonic()
                    if (left is not None and left <= 0) or (in_task and call is not None and call.stopped):
                        return
                    bell = Bell(1)
                    with hung(bell, [future]):
                        sleep_in_task(call, bell, left) if in_task else bell.listen(left)
            pending = [future for future in pending if not future.done()]
    finally:
        if in_task:
            assert call is not None
            go_on(call)
            if call.stopped:
                raise stopped(call)


def listen(bell: Bell, futures: list[Any], timeout: float | None) -> None:
    """Block until ``bell``, which hangs on ``futures``, rings; with all that is due when a task of ours waits."""
    call = current_call()
    if call is None or call.ident != get_ident():
        _refuse_where_workers_are_heard()
        bell.listen(timeout)
        return
    call.begin_wait(tuple([getattr(future, "id", r.NO_TASK) for future in futures]))
    try:
        sleep_in_task(call, bell, timeout)
    finally:
        go_on(call)
    if call.stopped:
        raise stopped(call)


def sleep_in_task(call: Call | None, bell: Bell, timeout: float | None) -> None:
    """Sleep on the thread that runs ``call``: another worker may take its place, and stopping the call wakes it."""
    assert call is not None
    call.wake = bell.ring
    call.executor.blocked(call)
    try:
        # Looked at after wake is set: whoever stops the call either sees wake or is seen here.
        if not call.stopped:
            bell.listen(timeout)
    finally:
        call.executor.unblocked(call)
        call.wake = None


def go_on(call: Call) -> None:
    """The wait is over: take back what was lent, then go on."""
    if call.lent and call.waits == 1:
        _take_back(call)
    call.end_wait()


def _take_back(call: Call) -> None:
    """Wait for the permits that were lent. The slot stays free meanwhile: whoever has them may need one to run."""
    lent, call.lent = call.lent, ()
    for permit in lent:
        if call.stopped:
            return
        bell = Bell(1)
        again = Again(bell.ring)
        if not permit.enter(again, first=True):
            sleep_in_task(call, bell, None)
            if not again.has_it():
                return
        if not call.keep(permit):
            permit.leave()


def stopped(call: Call) -> TaskCancelled:
    """What a wait raises in a task that was told to stop meanwhile."""
    return TaskCancelled(f"{call.label} was told to stop while it waited")


def run_here(call: Call | None, future: Any) -> None:
    """Run the awaited child on this thread if it is queued at the same place."""
    child: Call | None = getattr(future, "_call", None)
    if child is None or call is None or future.state is not _QUEUED:
        return
    if child.executor is not call.executor or child.task.is_async:
        return
    if call.depth < NEST or _shallow(0.5) or (call.executor.crowded() and _shallow(0.75)):
        child.depth = call.depth + 1
        call.engine.dispatch(child.run(call.worker))


def _shallow(part: float) -> bool:
    """True while less than that part of the stack is used."""
    try:
        sys._getframe(int(sys.getrecursionlimit() * part))
    except ValueError:
        return True
    return False
