"""Steps that set each other off, taken one after the other on their thread, so that no stack grows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

from ipyflow.engine.context import current_call

T = TypeVar("T")


class Turns(Generic[T]):
    """One kind of steps; each thread has its own queue of them."""

    def __init__(self) -> None:
        self._here = threading.local()

    def taken(self, item: T) -> Iterator[T]:
        """Give ``item``, and then what was queued meanwhile; nothing where ``item`` itself is queued behind others.

        Not where a step has run a body, on the spot: that may wait for what it now sets off.
        """
        here, call = self._here, current_call()
        before = getattr(here, "queue", None)
        if before is not None and before[0] is call:
            before[1].append(item)
            return
        queue = [item]
        here.queue = (call, queue)
        try:
            yield from queue  # grows while it is gone through
        finally:
            here.queue = before
