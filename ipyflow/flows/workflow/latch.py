"""What opens once, for threads and coroutines to wait for: a turn in a store, a resource that somebody is making.

Called by: any thread and any event loop. Guarantees: a wait gives up what a wait of ours gives up (its slot, its
permits), and ends with the task's own cancellation; an event loop is never blocked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from types import SimpleNamespace
from typing import Any, Generic, TypeVar, cast

from ipyflow.engine import awaiting, blocking
from ipyflow.engine.bells import Bell, hung
from ipyflow.engine.context import current_call
from ipyflow.errors import WouldDeadlock
from ipyflow.model import records as r

T = TypeVar("T")

_NO_RUN = SimpleNamespace(engine=SimpleNamespace(loop=SimpleNamespace(loop=None)))
"""Stands for the run of who waits outside of any task: it is woken as a coroutine of a foreign loop is."""


class Latch:
    """Opens once.

    Args:
        on: the task that is going to open it, as the record of a wait for it names it.
    """

    def __init__(self, on: int = r.NO_TASK) -> None:
        self.id = on
        self.run: Any = _NO_RUN
        self._open = False
        self._callbacks: list[Callable[[Any], object]] = []

    def open(self) -> None:
        """Wake who waits, and who will."""
        self._open = True
        while self._callbacks:
            try:
                callback = self._callbacks.pop()
            except IndexError:
                break
            callback(self)

    def wait(self, timeout: float | None = None) -> bool:
        """Block this thread until it opens; False after ``timeout`` seconds."""
        bell = Bell(1)
        with hung(bell, [self]):
            blocking.listen(bell, [self], timeout)
        return self._open

    def __await__(self) -> Generator[Any, None, None]:
        call = current_call()
        # Read once, at the start of the wait: it says which loop need not be woken.
        self.run = _NO_RUN if call is None else call.future.run
        while not self._open:
            yield from awaiting.await_one(cast(Any, self))

    # What waits of ours ask of what they wait for.

    def done(self) -> bool:
        """True once it is open."""
        return self._open

    def when_settled(self, callback: Callable[[Any], object]) -> None:
        """Call ``callback(self)`` once it is open."""
        self._callbacks.append(callback)
        if self._open:
            try:
                self._callbacks.remove(callback)
            except ValueError:
                return
            callback(self)

    def forget_callback(self, callback: Callable[[Any], object]) -> None:
        """Take a callback back."""
        try:
            self._callbacks.remove(callback)
        except ValueError:
            pass


class Given(Generic[T]):
    """A value that is there already: ``await`` it, or ask for its ``result()``.

    Example:
        >>> Given(3).result()
        3
    """

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def result(self, timeout: float | None = None) -> T:
        """The value."""
        return self._value

    def __await__(self) -> Generator[Any, None, T]:
        yield from ()
        return self._value

    def __repr__(self) -> str:
        return f"<given {self._value!r}: write await, or .result() in a step on a thread>"


def blocked_for(wanted: Latch | Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop | None) -> T | bool:
    """Block this thread until a latch is open, or a coroutine has run on ``loop``: what it gives.

    Raises:
        WouldDeadlock: this thread runs the loop, or there is none.
    """
    if loop is not None and _running() is loop:
        if not isinstance(wanted, Latch):
            wanted.close()
        raise WouldDeadlock("waiting here would stop the loop that has to run what is waited for: use `async def`")
    if isinstance(wanted, Latch):
        return wanted.wait()
    if loop is None:
        wanted.close()
        raise WouldDeadlock("there is no loop here that could run a coroutine: use `async def`")
    future = asyncio.run_coroutine_threadsafe(wanted, loop)
    try:
        bell = Bell(1)
        with hung(bell, [future]):
            blocking.listen(bell, [future], None)
        return future.result()
    except BaseException:
        future.cancel()
        raise


def loop_here() -> bool:
    """True where an event loop runs on this thread."""
    return _running() is not None


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
