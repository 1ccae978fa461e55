"""What a body prints, on its way to the engine: line by line, and in larger pieces where there is much of it.

Owns: what was written and not sent. Called by: any thread of the body. Guarantees: nothing is reordered; a line is on
its way before the write returns, unless a hundred others were sent within a second; what waits is sent soon, and at the
end of the body.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_LONGEST = 8192
_AT_ONCE = 100
"""Lines sent at once, and filled up again within a second."""
_SOON = 0.02


class Outbox:
    """The output of one body."""

    def __init__(self, send: Callable[[str, str], None]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._stream, self._parts, self._length = "", [""], 0
        self._tokens, self._when = float(_AT_ONCE), time.monotonic()
        self._timer: threading.Timer | None = None

    def write(self, stream: str, text: str) -> None:
        """Take what was written."""
        with self._lock:
            if stream != self._stream:
                self._empty()
                self._stream = stream
            self._parts.append(text)
            self._length += len(text)
            if self._length >= _LONGEST or ("\n" in text and self._may_send()):
                self._empty()
            elif "\n" in text and self._timer is None:
                self._timer = threading.Timer(_SOON, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def _may_send(self) -> bool:
        now = time.monotonic()
        self._tokens = min(_AT_ONCE, self._tokens + (now - self._when) * _AT_ONCE)
        self._when = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _empty(self) -> None:
        text = "".join(self._parts)
        self._parts, self._length = [], 0
        if text:
            self._send(self._stream, text)

    def flush(self) -> None:
        """Send what there is."""
        with self._lock:
            self._timer = None
            self._empty()
