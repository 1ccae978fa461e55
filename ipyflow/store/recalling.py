"""Looking for results, on a thread of its own: whoever asks goes on, and is told.

Owns: the reader's thread and its connection. Called by: any thread (``look_up``). Guarantees: each question is answered
once; where nothing can be read the answer is that nothing is there, soon.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

from ipyflow.errors import HistoryUnavailable
from ipyflow.model.ports import Found, Hearing
from ipyflow.store.database import Database
from ipyflow.store.keeping import Keeping
from ipyflow.store.shelf import Shelf
from ipyflow.store.values import load, read_value

_BLIND = 30.0
"""Seconds without looking again where looking has failed: each look may take seconds to fail."""


class Recall:
    """See the module.

    Args:
        database: where to look.
        keeping: has what is not written yet.
        warn: says what is wrong.
    """

    def __init__(self, database: Database, keeping: Keeping, warn: Callable[[str], None]) -> None:
        self._database, self._keeping, self._warn = database, keeping, warn
        self._shelf = Shelf(database)
        self._asked: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._blind_until = 0.0

    def look_up(self, key: str, max_age: float | None, then: Callable[[Found | None], object]) -> None:
        """Look for a value; ``then`` is called with it or ``None``, on a thread of the store."""
        try:
            with self._lock:
                if self._thread is None:
                    thread = Hearing(self._work, "ipyflow-recall")
                    thread.start()
                    self._thread = thread
        except RuntimeError:  # no more threads can be started, or the interpreter is about to end
            then(None)
            return
        self._asked.put(lambda: then(self._found(key, max_age)))

    def close(self) -> None:
        """Answer what was asked, and end."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._asked.put(None)
            if thread is not threading.current_thread():
                thread.join(2.0)
        self._shelf.close()

    def _work(self) -> None:
        while (job := self._asked.get()) is not None:
            try:
                job()
            except Exception as error:  # of who has asked: the others are still to be answered
                self._warn(f"what followed a look for a result failed ({type(error).__name__}: {error})")

    def _found(self, key: str, max_age: float | None) -> Found | None:
        waiting = self._keeping.waiting(key)
        try:
            if waiting is not None:
                data, run, task, made = waiting
                return None if _is_old(made, max_age) else Found(load(data), run, task, made)
            if time.monotonic() < self._blind_until:
                return None
            rows = self._shelf.read("SELECT value, file, run, task, made FROM results WHERE key = ?", (key,))
            if not rows or _is_old(rows[0][4], max_age):
                return None
            value, file, run, task, made = rows[0]
            found = Found(read_value(self._database.folder, value, file), run, task, made)
        except HistoryUnavailable as error:
            self._blind_until = time.monotonic() + _BLIND
            if error.passing:  # else the writer meets the same, and says so
                self._warn(f"no results can be looked for: {error}")
            return None
        except FileNotFoundError:
            return None  # removed a moment ago, to make room
        except Exception as error:
            self._warn(f"a kept result no longer loads ({type(error).__name__}: {error}), so it is made anew")
            return None
        self._keeping.is_used(key)
        return found


def _is_old(made: float, max_age: float | None) -> bool:
    return max_age is not None and time.time() - made > max_age
