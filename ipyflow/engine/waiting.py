"""Waiting for many futures: all, the first, the first n, as they come, the first of several kinds."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from ipyflow.engine.bells import Arrivals, Bell, failed, hung
from ipyflow.engine.blocking import listen, refuse_on_loop, wait_all
from ipyflow.engine.context import current_call
from ipyflow.engine.future import Future
from ipyflow.engine.sets import FutureSet
from ipyflow.errors import WouldDeadlock

ALL_COMPLETED = concurrent.futures.ALL_COMPLETED
FIRST_COMPLETED = concurrent.futures.FIRST_COMPLETED
FIRST_EXCEPTION = concurrent.futures.FIRST_EXCEPTION


class Waited(NamedTuple):
    """What :func:`wait` returns: two sets that iterate in the order in which the futures were given."""

    done: FutureSet[Any]
    not_done: FutureSet[Any]


def wait(
    futures: Iterable[Any],
    timeout: float | None = None,
    return_when: str = ALL_COMPLETED,
    n: int | None = None,
    cancel_remaining: bool = False,
) -> Waited:
    """Wait for futures of any kind; never raises their exceptions.

    Args:
        futures: futures of ours, of ``concurrent.futures``, or runs.
        timeout: seconds to wait at most.
        return_when: ``ALL_COMPLETED``, ``FIRST_COMPLETED`` or ``FIRST_EXCEPTION``.
        n: return when so many are done; more than there are means all.
        cancel_remaining: cancel those that are not done when it returns.

    Returns:
        ``(done, not_done)``: sets that iterate in the order given; ``done.pop()`` takes the one that finished first.

    Raises:
        TypeError: something that cannot be waited for.
        ValueError: an unknown ``return_when``, or ``n`` beside one.
        WouldDeadlock: called on the engine's loop; write ``await asyncio.gather(*futures)``.

    Example:
        >>> import ipyflow as fl
        >>> @fl.task
        ... def double(x):
        ...     return 2 * x
        >>> done, not_done = fl.wait([double.submit(1), double.submit(2)])
        >>> [f.result() for f in done], len(not_done)
        ([2, 4], 0)
    """
    if return_when not in (ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION):
        raise ValueError(f"return_when={return_when!r}: use ALL_COMPLETED, FIRST_COMPLETED or FIRST_EXCEPTION")
    if n is not None:
        if return_when != ALL_COMPLETED:
            raise ValueError("give either n= or return_when=, not both")
        given_n: object = n
        if isinstance(given_n, bool) or not isinstance(given_n, int) or given_n < 1:
            raise ValueError(f"n={n!r}: give a whole number of futures, 1 or more")
    given = _distinct(futures)
    waits = [handle if type(handle) is Future else _waitable(handle) for handle in given]
    needed = len(given) if n is None else min(n, len(given))
    if return_when == FIRST_COMPLETED:
        needed = min(1, len(given))
    _wait_many(waits, needed, return_when == FIRST_EXCEPTION, timeout)
    # One look at each: between two, one of them may end and be in neither set.
    done: list[Any] = []
    rest: list[Any] = []
    for handle, waited in zip(given, waits, strict=True):
        (done if waited.done() else rest).append(handle)
    _all_taken(done)
    if cancel_remaining:
        cancel(rest)
        for handle in rest:
            _taken(handle)
    return Waited(FutureSet(done), FutureSet(rest))


def _wait_many(futures: list[Any], needed: int, first_exception: bool, timeout: float | None) -> None:
    pending = [f for f in futures if not f.done()]
    missing = needed - (len(futures) - len(pending))
    if missing <= 0 or not pending or (first_exception and any(failed(f) for f in futures)):
        return
    refuse_on_loop(pending)
    if missing == len(pending) and not first_exception:
        wait_all(pending, timeout)
        return
    bell = Bell(missing, first_exception)
    with hung(bell, pending):
        listen(bell, pending, timeout)


def as_completed(futures: Iterable[Any], timeout: float | None = None) -> Iterator[Any]:
    """Give the futures as they finish.

    Args:
        futures: as for :func:`wait`.
        timeout: seconds from the call until the last.

    Raises:
        TimeoutError: some were not done in time.
    """
    given = _distinct(futures)
    waits = {_waitable(handle): handle for handle in given}
    deadline = None if timeout is None else time.monotonic() + timeout
    arrivals = Arrivals()
    done: list[Any] = []
    pending: list[Any] = []
    for future in waits:
        (done if future.done() else pending).append(future)
    done.sort(key=lambda f: getattr(f, "_when", 0.0))
    if pending:
        refuse_on_loop(pending)
    with hung(arrivals, pending):
        for future in done:
            yield _taken(waits[future])
        for left in range(len(pending), 0, -1):
            while not arrivals.heard:
                rest = None if deadline is None else deadline - time.monotonic()
                if rest is not None and rest <= 0:
                    raise TimeoutError(f"{left} of {len(given)} futures are not done after {timeout} s")
                listen(arrivals, [], rest)
            yield _taken(waits[arrivals.heard.pop(0)])


def select(
    handles: Iterable[Any], timeout: float | None = None, cancel_remaining: bool = False
) -> tuple[Any, list[Any]]:
    """The first of several handles to be done, and the others in the order given.

    A handle that failed or was cancelled wins as any other; read its outcome with ``.result()``.

    Args:
        handles: futures, runs, futures of other libraries.
        timeout: seconds to wait at most.
        cancel_remaining: cancel the others.

    Raises:
        ValueError: no handles.
        TimeoutError: none was done in time.
    """
    given = _distinct(handles)
    if not given:
        raise ValueError("select() of nothing would wait for ever: give at least one future")
    waits = [_waitable(handle) for handle in given]
    _wait_many(waits, 1, False, timeout)
    done = [(getattr(f, "_when", 0.0), place) for place, f in enumerate(waits) if f.done()]
    if not done:
        raise TimeoutError(f"none of {len(given)} handles is done after {timeout} s")
    winner = given[min(done)[1]]
    rest = [handle for handle in given if handle is not winner]
    _taken(winner)
    if cancel_remaining:
        cancel(rest)
        for handle in rest:
            _taken(handle)
    return winner, rest


def cancel(handles: Iterable[Any]) -> int:
    """Cancel futures or runs with all they started; those that are done are passed over.

    Returns:
        How many were cancelled.
    """
    return sum(1 for handle in list(handles) if handle.cancel())


def _distinct(handles: Iterable[Any]) -> list[Any]:
    if hasattr(handles, "when_settled") or isinstance(handles, (str, bytes, dict)):
        raise TypeError(f"give a list of futures, not {handles!r}: write [future]")
    return list(dict.fromkeys(handles))


def _waitable(handle: Any) -> Any:
    """What can be waited for in ``handle``: itself, or for a run the future of its end."""
    if isinstance(handle, concurrent.futures.Future):
        return handle
    as_future: Callable[[], Any] | None = getattr(handle, "as_future", None)
    if as_future is not None:
        return as_future()
    if asyncio.isfuture(handle):
        if handle.done():
            return handle
        if handle.get_loop().is_running() and _running_loop() is not handle.get_loop():
            return asyncio.run_coroutine_threadsafe(_await(handle), handle.get_loop())
        raise WouldDeadlock(
            "an asyncio future of this very loop cannot be waited for by blocking it: write `await asyncio.wait(...)`"
        )
    raise TypeError(f"cannot wait for {type(handle).__name__}: give futures (from task.submit(...)) or runs")


async def _await(awaitable: Any) -> Any:
    return await awaitable


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _all_taken(handles: list[Any]) -> None:
    """Mark the handles as looked at."""
    nobody = current_call() is None
    for handle in handles:
        if nobody and isinstance(handle, Future):
            handle._consume()  # as _taken, where there is no task that read it
        else:
            _taken(handle)


def _taken(handle: Any) -> Any:
    """The handle, marked as looked at."""
    taken = getattr(handle, "_taken", None)
    if taken is not None:
        taken()
    return handle
