"""Blocking a thread, or a coroutine, until futures are settled.

Called by: any thread that runs user code. Guarantees: a task that waits never starves the pool. If the awaited
child has not started, the waiting worker runs it itself (bounded nesting); else another worker takes its
place while it sleeps. A wait on the engine's own loop raises instead of hanging. A task that is cancelled wakes from
its wait with ``TaskCancelled``.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ipyflow.engine.context import current_call
from ipyflow.errors import TaskCancelled, WouldDeadlock
from ipyflow.model import records as r
from ipyflow.model.status import State

if TYPE_CHECKING:
    from ipyflow.engine.call import Call
    from ipyflow.engine.future import Future

NEST = 40
"""A worker that waits runs its unstarted child itself, up to so many deep."""
NEST_CROWDED = 90
"""The same where the pool may not grow any more; Python's own recursion limit is near."""


class Bell:
    """Rings once when enough of the futures it was hung on are settled."""

    def __init__(self, needed: int, first_exception: bool = False) -> None:
        self.needed = needed
        self.first_exception = first_exception
        self.heard: list[Any] = []
        self._lock = threading.Lock()
        self._lock.acquire()

    def __call__(self, future: Any) -> None:
        self.heard.append(future)
        if len(self.heard) >= self.needed or (self.first_exception and failed(future)):
            self.ring()

    def ring(self) -> None:
        try:
            self._lock.release()
        except RuntimeError:
            pass  # it rang before

    def listen(self, timeout: float | None) -> bool:
        return self._lock.acquire(timeout=-1 if timeout is None else max(0.0, timeout))


class Arrivals(Bell):
    """Rings for each future that is settled; may ring once too often."""

    def __init__(self) -> None:
        super().__init__(1)

    def __call__(self, future: Any) -> None:
        self.heard.append(future)
        self.ring()


def wait_one(future: Future[Any], timeout: float | None) -> None:
    """Block until ``future`` is settled.

    Raises:
        TimeoutError: it was not, within ``timeout`` seconds.
    """
    if future.run.engine.loop.here():
        raise WouldDeadlock(f"waiting here for {future.label} would stop the loop that has to run it: write `await` instead")
    bell = Bell(1)
    listen(bell, [future], timeout, steal=timeout is None)
    if not future.done():
        raise TimeoutError(f"{future.label} is {future.state} after {timeout} s; it goes on, .cancel() stops it")


def listen(bell: Bell, futures: list[Any], timeout: float | None, steal: bool) -> None:
    """Block until ``bell`` rings for ``futures``, with all that is due when a task of ours waits."""
    call = current_call()
    if call is None or call.ident != threading.get_ident():
        with hung(bell, futures):
            bell.listen(timeout)
        return
    with blocked(call, futures):
        if steal:
            for future in futures:
                run_here(call, future)
        if not futures or any(not future.done() for future in futures):
            _sleep(call, bell, futures, timeout)


def _sleep(call: Call, bell: Bell, futures: list[Any], timeout: float | None) -> None:
    call.wake = bell.ring
    call.executor.blocked(call)
    try:
        with hung(bell, futures):
            # Looked at after wake is set: whoever stops the call either sees wake or is seen here.
            if not call.stopped:
                bell.listen(timeout)
    finally:
        call.executor.unblocked(call)
        call.wake = None


@contextmanager
def hung(bell: Bell, futures: list[Any]) -> Iterator[None]:
    for future in futures:
        hang = getattr(future, "when_settled", None) or future.add_done_callback
        hang(bell)
    try:
        yield
    finally:
        for future in futures:
            if not future.done() and hasattr(future, "forget_callback"):
                future.forget_callback(bell)


def run_here(call: Call, future: Any) -> None:
    """Run the awaited child on this thread if it is queued at the same place."""
    child: Call | None = getattr(future, "_call", None)
    if child is None or future.state is not State.QUEUED or child.executor is not call.executor or child.task.is_async:
        return
    if call.depth < NEST or (call.depth < NEST_CROWDED and call.executor.crowded()):
        child.depth = call.depth + 1
        follow = child.run(call.worker)
        if follow is not None:
            call.engine.dispatch(follow)


@contextmanager
def blocked(call: Call, on: Iterable[Any]) -> Iterator[None]:
    """Mark ``call`` as blocked and let others use its slot meanwhile.

    Raises:
        TaskCancelled: at the end, when the task was told to stop meanwhile.
    """
    call.begin_wait(tuple(getattr(f, "id", r.NO_TASK) for f in on))
    try:
        yield
    finally:
        call.end_wait()
    if call.stopped:
        raise TaskCancelled(f"{call.label} was told to stop while it waited")


def await_one(future: Future[Any]) -> Generator[Any, None, None]:
    """Suspend the running coroutine until ``future`` is settled; on any event loop."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    engine = future.run.engine

    def wake(_: Any) -> None:
        if loop is engine.loop.loop:
            if engine.loop.here():
                _set(waiter)
            else:
                engine.loop.post(lambda: _set(waiter))
        else:
            try:
                loop.call_soon_threadsafe(_set, waiter)
            except RuntimeError:
                pass  # that loop is closed, nobody waits there any more

    future.when_settled(wake)
    call = current_call()
    watched = call is not None and call.future is not future and asyncio.current_task() is call.handle
    if watched:
        assert call is not None
        call.begin_wait((future.id,))
    try:
        yield from waiter
    finally:
        if not future.done():
            future.forget_callback(wake)
        if watched:
            assert call is not None
            call.end_wait()


def _set(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def failed(future: Any) -> bool:
    """True when ``future``, of whatever library, is done with an exception and was not cancelled."""
    if not future.done() or future.cancelled():
        return False
    return (future.peek() if hasattr(future, "peek") else future.exception()) is not None
