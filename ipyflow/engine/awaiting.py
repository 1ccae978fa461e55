"""Waiting for a future in a coroutine, on the engine's loop or any other.

Called by: ``await future``. Guarantees: the loop goes on meanwhile; a body that waits is shown as blocked and lends its
permits as one on a thread does, and takes them back before it goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Any

from ipyflow.engine.bells import Again
from ipyflow.engine.context import current_call

if TYPE_CHECKING:
    from ipyflow.engine.call import Call
    from ipyflow.engine.future import Future
    from ipyflow.engine.kept import Kept
    from ipyflow.engine.loop import LoopThread


def await_one(future: Future[Any]) -> Generator[Any, None, None]:
    """Suspend the running coroutine until ``future`` is settled; on any event loop."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    home = future.run.engine.loop

    def wake(_: Any) -> None:
        _wake(home, loop, waiter)

    future.when_settled(wake)
    call = current_call()
    if call is None or call.future is future or not _runs_here(call):
        try:
            yield from waiter
        finally:
            if not future.done():
                future.forget_callback(wake)
        return
    # An async body has no slot to give away; the body of a thread that runs a loop of its own has.
    call.begin_wait((future.id,))
    if call.waits == 1:
        call.executor.blocked(call)
    try:
        try:
            yield from waiter
        except asyncio.CancelledError:
            if call.lent and call.waits == 1:
                yield from _take_back_soon(call, loop)
            raise
        if call.lent and call.waits == 1:
            yield from _take_back_soon(call, loop)
    finally:
        if not future.done():
            future.forget_callback(wake)
        if call.waits == 1:
            call.executor.unblocked(call)
        call.end_wait()


def await_kept(kept: Kept) -> Generator[Any, None, None]:
    """Suspend the running coroutine until a value that stays elsewhere was fetched, or could not be."""
    if kept.is_tried():
        return
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    kept.when_here(lambda: loop.call_soon_threadsafe(_set, waiter))
    yield from waiter


def _runs_here(call: Call) -> bool:
    """True where the body of ``call``, or a coroutine that it started, runs; not on a thread of its own making."""
    return call.engine.loop.here() if call.task.is_async else call.ident == get_ident()


def _take_back_soon(call: Call, loop: asyncio.AbstractEventLoop) -> Generator[Any, None, None]:
    """The same for a coroutine, which lets its loop go on meanwhile."""
    lent, call.lent = call.lent, ()
    for permit in lent:
        if call.stopped:
            return
        waiter: asyncio.Future[None] = loop.create_future()
        again = Again(partial(_wake, call.engine.loop, loop, waiter))
        if not permit.enter(again, first=True):
            try:
                yield from waiter
            except BaseException:
                if again.has_it():
                    permit.leave()
                raise
        if not call.keep(permit):
            permit.leave()


def _wake(home: LoopThread, loop: asyncio.AbstractEventLoop, waiter: asyncio.Future[None]) -> None:
    """Let the coroutine behind ``waiter`` go on; from any thread."""
    if loop is home.loop:
        if home.here():
            _set(waiter)
        else:
            home.post(partial(_set, waiter))
    else:
        try:
            loop.call_soon_threadsafe(_set, waiter)
        except RuntimeError:
            pass  # that loop is closed, nobody waits there any more


def _set(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
