"""Waits that keep a loop turning: ``configure(nested_loops=True)``.

A wait on the main thread stops whatever loop runs there, as any blocking call does: in a notebook that is the kernel's,
with the asyncio tasks of all cells. Switched on, such a wait turns that loop until its bell rings. asyncio does not
allow that by itself: ``nest_asyncio2`` patches it, for good, at the first wait that needs it.

Called by: the thread that waits, and whoever rings its bell. Guarantees: nothing is patched before; where there is no
loop, or one that cannot be turned, the wait sleeps as always.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ipyflow.engine.bells import Bell

_PACKAGE = "nest_asyncio2"
on = False
"""Whether waits on the main thread keep its loop turning."""


def switch(wanted: bool) -> None:
    """Keep loops turning from here on, or no more."""
    global on
    on = wanted


def check() -> None:
    """Whether it can be switched on.

    Raises:
        ImportError: the package that patches asyncio is not installed; the message says how to get it.
    """
    if importlib.util.find_spec(_PACKAGE) is None:
        raise ImportError(
            "configure(nested_loops=True) needs the package nest-asyncio2: pip install 'ipyflow-parallel[nested]'"
        )


def loop_here() -> asyncio.BaseEventLoop | None:
    """The loop that a wait on this thread would stop, if it is one to be kept turning."""
    if not on or threading.current_thread() is not threading.main_thread():
        return None
    loop = asyncio._get_running_loop()
    return loop if isinstance(loop, asyncio.BaseEventLoop) else None


def turn(loop: asyncio.BaseEventLoop, bell: Bell, timeout: float | None) -> bool:
    """Turn the loop, which runs on this thread, until ``bell`` rings; False after ``timeout`` seconds."""
    if not hasattr(loop, "_nest_patched"):
        importlib.import_module(_PACKAGE).apply(loop)
    rang: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not rang.done():
            rang.set_result(None)

    def wake() -> None:
        try:
            loop.call_soon_threadsafe(settle)
        except RuntimeError:
            pass  # the loop was closed, so nobody waits any more

    # Looked at after it is set: whoever rings either sees it or has rung before.
    bell.wake = wake
    if bell.has_rung():
        return True
    timer: Any = None if timeout is None else loop.call_later(max(0.0, timeout), settle)
    try:
        loop.run_until_complete(rang)
    finally:
        bell.wake = None
        if timer is not None:
            timer.cancel()
    return bell.has_rung()
