"""What the main thread does while it waits at top level: where nobody else can, it asks what prompts ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

meanwhile: Callable[[], object] | None = None
"""Called on the main thread now and then, while it waits; nothing in a script."""
PAUSE = 0.05
"""Seconds between two calls."""


def rest(listen: Callable[[float], bool], timeout: float | None) -> bool:
    """Wait until ``listen`` has heard; False after ``timeout`` seconds.

    Args:
        listen: sleeps for so many seconds at most, without end below 0; True once what it waits for is there.
        timeout: seconds; ``None`` waits without end.
    """
    if meanwhile is None or threading.current_thread() is not threading.main_thread():
        return listen(-1 if timeout is None else max(0.0, timeout))
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        left = PAUSE if deadline is None else min(PAUSE, deadline - time.monotonic())
        if listen(max(0.0, left)):
            return True
        if deadline is not None and time.monotonic() >= deadline:
            return False
        meanwhile()
