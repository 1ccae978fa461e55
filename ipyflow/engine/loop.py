"""The background loop: one daemon thread that owns an asyncio event loop, started when first needed.

Owns: the loop and its inbox. Called by: any thread (``post``, ``call_later``). Guarantees: what is posted runs on
the loop's thread in order; a thousand posts wake the loop once. Correctness of the one pending wake-up rests on the
order of two steps, not on the interpreter lock: the flag is cleared before the inbox is read.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable

from ipyflow.model.ports import Timer

BATCH = 500
"""Posted calls run before the loop may look at its sockets and timers again."""


class LoopThread:
    """An event loop on a thread of its own.

    Args:
        loop: an existing loop to live on instead, for hosts without threads; it must be running.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.loop = loop
        self.ident: int | None = threading.get_ident() if loop is not None else None
        self._adopted = loop is not None
        self._inbox: deque[Callable[[], object]] = deque()
        self._awake = False
        self._start_lock = threading.Lock()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._claim = threading.Lock()

    def here(self) -> bool:
        """True on the loop's own thread."""
        return threading.get_ident() == self.ident

    def post(self, callback: Callable[[], object]) -> None:
        """Have ``callback`` run on the loop soon."""
        self._inbox.append(callback)
        if not self._awake:
            self._awake = True
            self._wake()

    def _wake(self) -> None:
        loop = self.loop or self._start()
        try:
            if loop is not None:
                loop.call_soon_threadsafe(self._drain)
                return
        except RuntimeError:
            pass
        self._inbox.clear()  # the loop is closed: the process or the engine is on its way out

    def nudge(self) -> None:
        """Wake the loop whatever it knows: after an interrupt in the middle of a post."""
        self._awake = True
        self._wake()

    def _drain(self) -> None:
        self._awake = False
        inbox = self._inbox
        for _ in range(min(len(inbox), BATCH)):
            try:
                inbox.popleft()()
            except Exception as error:
                assert self.loop is not None
                self.loop.call_exception_handler({"message": "ipyflow: a posted call failed", "exception": error})
        if inbox and not self._awake:
            self._awake = True
            assert self.loop is not None
            self.loop.call_soon(self._drain)

    def _start(self) -> asyncio.AbstractEventLoop | None:
        with self._start_lock:
            # An interrupt may come between any two lines: look at what is there instead of remembering what was done.
            while self.loop is None and not self._closed:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._main, name="ipyflow-loop", daemon=True)
                    self._thread.start()
                self._ready.wait(0.1)
            return self.loop

    def _main(self) -> None:
        if not self._claim.acquire(blocking=False):
            return  # an interrupted start was made twice
        # Made here, where no interrupt can leave it half made.
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self.ident = threading.get_ident()
        self.loop = loop
        self._ready.set()
        try:
            loop.run_forever()
            pending = asyncio.all_tasks(loop)
            for task in pending:
                task.cancel()
            if pending:
                loop.run_until_complete(asyncio.wait(pending, timeout=1))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()
            self.ident = None  # the next thread may get the same number

    def stop(self) -> None:
        """End the thread; tasks on the loop are cancelled. A loop that was adopted is left running."""
        with self._start_lock:
            self._closed = True  # what is posted from now on starts no new one
        if self.loop is not None and not self._adopted and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.loop.stop)


class _LoopTimer:
    """A planned call on the loop, which may still be on its way there."""

    __slots__ = ("callback", "handle", "live")

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback = callback
        self.handle: asyncio.TimerHandle | None = None
        self.live = True

    def fire(self) -> None:
        if self.live:
            self.live = False
            self.callback()

    def cancel(self) -> None:
        self.live = False


class LoopClock:
    """Real time: the performance counter, and timers on the loop."""

    def __init__(self, loop: LoopThread) -> None:
        self._loop = loop
        self.now = time.perf_counter
        self.wall = time.time

    def call_later(self, delay: float, callback: Callable[[], object]) -> Timer:
        """Plan ``callback`` in ``delay`` seconds on the loop's thread."""
        timer = _LoopTimer(callback)
        deadline = self.now() + delay

        def plan() -> None:
            loop = self._loop.loop
            if timer.live and loop is not None:
                timer.handle = loop.call_later(max(0.0, deadline - self.now()), timer.fire)

        self._loop.post(plan)
        return timer
