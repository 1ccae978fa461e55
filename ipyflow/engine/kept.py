"""A value that stays on the machine that made it until somebody asks for it.

Owns: the way to it. Called by: any thread. Guarantees: it is fetched once, whoever asks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ipyflow.engine import crossing


class Kept:
    """Stands for a value in a future that has succeeded.

    Args:
        fetch: brings the value here; blocks.
        handle: by what the executor knows it.
        type_name: of the value.
        text: the value, shortened.
    """

    __slots__ = ("_error", "_fetch", "_lock", "_value", "handle", "text", "type_name")

    def __init__(self, fetch: Callable[[], Any], handle: Any, type_name: str, text: Any) -> None:
        self._fetch: Callable[[], Any] | None = fetch
        self.handle, self.type_name, self.text = handle, type_name, text
        self._lock = threading.Lock()
        self._value: Any = None
        self._error: Exception | None = None

    def value(self) -> Any:
        """The value itself; fetches it if it is not here yet.

        Raises:
            WorkerLost: it is gone with the machine that had it.
        """
        with self._lock:
            fetch, self._fetch = self._fetch, None
            if fetch is not None:
                try:
                    self._value = fetch()
                except Exception as error:
                    self._error = error
            if self._error is not None:
                raise self._error
            return self._value

    def is_tried(self) -> bool:
        """True when it was fetched, or could not be."""
        return self._fetch is None

    def is_here(self) -> bool:
        """True when it was fetched."""
        return self._fetch is None and self._error is None

    def when_here(self, callback: Callable[[], object]) -> None:
        """Fetch it on a thread of its own, then call ``callback``, even where it could not be had."""

        def fetch() -> None:
            try:
                self.value()
            except Exception:
                pass  # whoever asks for the value is told
            callback()

        threading.Thread(target=fetch, name="ipyflow-fetch", daemon=True).start()

    def __reduce__(self) -> Any:
        side = crossing.border.get()
        return side.kept_out(self) if side is not None else (_itself, (self.value(),))

    def __repr__(self) -> str:
        return f"<a {self.type_name} that stays where it was made>"


def _itself(value: Any) -> Any:
    return value
