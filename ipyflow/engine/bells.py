"""What rings when futures are settled or a permit comes: the small parts that every wait is made of.

A bell hangs on futures of any library; any thread may ring it, and it rings once for whoever listens, before or after.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ipyflow.engine import nesting
from ipyflow.engine.resting import rest

if TYPE_CHECKING:
    from ipyflow.engine.limits import Limit


class Bell:
    """Rings once when enough of the futures it was hung on are settled."""

    def __init__(self, needed: int, first_exception: bool = False) -> None:
        self.needed = needed
        self.first_exception = first_exception
        self.heard: list[Any] = []
        self._lock = threading.Lock()
        self._lock.acquire()
        self.wake: Callable[[], None] | None = None
        """Stops the loop that turns until it rings, where one does."""

    def __call__(self, future: Any) -> None:
        """A future it hangs on is settled."""
        self.heard.append(future)
        if len(self.heard) >= self.needed or (self.first_exception and failed(future)):
            self.ring()

    def ring(self) -> None:
        """Wake who listens, or who will."""
        try:
            self._lock.release()
        except RuntimeError:
            pass  # it rang before
        wake = self.wake
        if wake is not None:
            wake()

    def listen(self, timeout: float | None) -> bool:
        """Sleep until it rings; False after ``timeout`` seconds."""
        loop = nesting.loop_here() if nesting.on else None
        if loop is not None:
            return nesting.turn(loop, self, timeout)
        return rest(lambda left: self._lock.acquire(timeout=left), timeout)

    def has_rung(self) -> bool:
        """Whether it has rung since it was last heard."""
        return self._lock.acquire(blocking=False)


class Arrivals(Bell):
    """Rings for each future that is settled; may ring once too often."""

    def __init__(self) -> None:
        super().__init__(1)

    def __call__(self, future: Any) -> None:
        """A future it hangs on is settled."""
        self.heard.append(future)
        self.ring()


class Again:
    """Stands in a limit's queue for a body that had its permit before and goes on after a wait."""

    def __init__(self, ring: Callable[[], object]) -> None:
        self._ring = ring
        self._open = True

    def _close(self) -> bool:
        """True for one caller only."""
        try:
            del self._open
        except AttributeError:
            return False
        return True

    def wants_permit(self) -> bool:
        """Until it was given one, or nobody waits any more."""
        return hasattr(self, "_open")

    def permit_granted(self, permit: Limit | None) -> bool:
        """The permit is there; False when nobody waits for it any more."""
        if not self._close():
            return False
        self._ring()
        return True

    def has_it(self) -> bool:
        """Whether the permit came; asked when the wait for it is over, one way or the other."""
        return not self._close()


@contextmanager
def hung(bell: Bell, futures: list[Any]) -> Iterator[None]:
    """Hang ``bell`` on futures of any kind for the ``with`` block."""
    for future in futures:
        hang = getattr(future, "when_settled", None) or future.add_done_callback
        hang(bell)
    try:
        yield
    finally:
        for future in futures:
            if not future.done() and hasattr(future, "forget_callback"):
                future.forget_callback(bell)


def failed(future: Any) -> bool:
    """True when ``future``, of whatever library, is done with an exception and was not cancelled."""
    if not future.done() or future.cancelled():
        return False
    return (future.peek() if hasattr(future, "peek") else future.exception()) is not None
