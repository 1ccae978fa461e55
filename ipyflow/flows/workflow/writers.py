"""Who may write to a store: one at a time, in the order asked, across threads and event loops.

Owns: the queue of writers. Called by: ``store``, from any thread and loop. Guarantees: a write that has to wait is done
by whoever leaves before it, so it needs nobody who waits for it; an edit is woken when its turn comes; whoever gives up
is passed over. One lock, held for a few lines and never while code of others runs.
"""

from __future__ import annotations

import itertools
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator
from contextvars import ContextVar
from threading import get_ident
from typing import Any

from ipyflow.engine.context import current_call
from ipyflow.errors import TaskCancelled, WouldDeadlock
from ipyflow.flows.workflow.latch import Given, Latch

inside: ContextVar[tuple[Turn, ...]] = ContextVar("ipyflow_edits", default=())
"""The edits that this code is inside of. Tasks that were started in there inherit it, so the call counts too."""


class Turn(Given[None]):
    """One writer: in the queue, at it, or gone.

    Args:
        writers: where it queues.
        what: its name in messages.
        act: what is done when its turn comes; ``None`` for an edit, which is told that it may begin.
    """

    __slots__ = (
        "__weakref__", "_act", "_error", "_seen", "call", "gone", "has_it", "ident", "is_edit", "latch", "what",
        "writers",
    )  # fmt: skip

    def __init__(self, writers: Writers, what: str, act: Callable[[], object] | None = None) -> None:
        super().__init__(None)
        self.writers, self.what, self._act = writers, what, act
        self.is_edit = act is None
        self.call = current_call()
        self.ident = get_ident()
        self.latch = Latch()
        self.has_it = self.gone = self._seen = False
        self._error: BaseException | None = None

    def result(self, timeout: float | None = None) -> None:
        """Wait on this thread until its turn has come, and what it wrote is written.

        Raises:
            TimeoutError: not within ``timeout`` seconds; it is not done later either.
            WouldDeadlock: on a thread that has to run what comes before it; write ``await``.
        """
        while not self.latch.done():
            try:
                self._refuse_to_block()
                in_time = self.latch.wait(timeout)
            except BaseException:
                self.writers.give_up(self)
                raise
            if not in_time and self.writers.give_up(self):
                raise TimeoutError(f"{self.what}: its turn did not come within {timeout} s; it is given up")
        self._outcome()

    def __await__(self) -> Generator[Any, None, None]:
        try:
            yield from self.latch.__await__()
        except BaseException:
            self.writers.give_up(self)
            raise
        self._outcome()

    def write(self) -> None:
        """Do what it is there for, in its turn; what goes wrong is kept for whoever waits."""
        act, self._act = self._act, None
        try:
            if act is not None:
                act()
        except BaseException as error:
            self._error = error

    def refuse_stopped(self) -> None:
        """Raise ``TaskCancelled`` where the body runs on a thread and was told to stop: it counts no more."""
        call = self.call
        if call is not None and call.stopped and not call.task.is_async:
            raise TaskCancelled(f"{self.what}: {call.label} was told to stop, so it writes no more")

    def _refuse_to_block(self) -> None:
        on_loop = self.call is not None and self.call.engine.loop.here()
        if on_loop or get_ident() in self.writers.threads_before(self):
            better = "`async with`" if self.is_edit else "`await` before it"
            raise WouldDeadlock(f"{self.what}: waiting here would stop what has to end before it: write {better}")

    def _outcome(self) -> None:
        self._seen = True
        if self._error is not None:
            raise self._error

    def __repr__(self) -> str:
        state = "done" if self.latch.done() else "waits for its turn"
        return f"<{self.what}: {state}; write await, or .result() in a step on a thread>"

    def __del__(self) -> None:
        if self._error is not None and not self._seen:
            error = f"{type(self._error).__name__}: {self._error}"
            warnings.warn(f"{self.what} failed, and nobody has awaited it: {error}", RuntimeWarning, stacklevel=2)


class Writers:
    """The queue of those who write to one store."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[Turn] = deque()
        self._at_it: Turn | None = None

    def enter(self, turn: Turn) -> bool:
        """Take the turn if nobody has it, else queue.

        Raises:
            WouldDeadlock: the same step is inside an edit, so it would wait for itself.
            TaskCancelled: the body runs on a thread and was told to stop.
        """
        self._refuse_inside(turn)
        turn.refuse_stopped()
        with self._lock:
            if self._at_it is None:
                self._at_it = turn
                turn.has_it = True
                return True
            now = self._at_it.call
            if now is not None and turn.call is not None and now.future.run is turn.call.future.run:
                turn.latch.id = now.future.id
            self._queue.append(turn)
            return False

    def leave(self) -> None:
        """Who was at it is done. The next edit may begin; the writes before it in the queue are done here and now."""
        while (turn := self._next()) is not None:
            if not turn.is_edit:
                turn.write()
            turn.latch.open()
            if turn.is_edit:
                return

    def give_up(self, turn: Turn) -> bool:
        """It waits no more; an edit that was given its turn meanwhile passes it on. False for a write that is done."""
        with self._lock:
            turn.gone = not turn.has_it
        if turn.is_edit and turn.has_it:
            self.leave()
        return turn.gone or turn.is_edit

    def threads_before(self, turn: Turn) -> set[int]:
        """The threads of the edits that come before it."""
        with self._lock:
            before = itertools.takewhile(lambda one: one is not turn, self._queue)
            ahead = [one for one in (self._at_it, *before) if one is not None]
        return {one.ident for one in ahead if one.is_edit and not one.gone}

    def _next(self) -> Turn | None:
        with self._lock:
            self._at_it = None
            while self._queue:
                turn = self._queue.popleft()
                if not turn.gone:
                    turn.has_it = True
                    self._at_it = turn
                    return turn
        return None

    def _refuse_inside(self, turn: Turn) -> None:
        for edit in inside.get():
            if edit is self._at_it and edit.call is turn.call:
                if turn.is_edit:
                    raise WouldDeadlock(
                        "edit_state() inside edit_state() of the same step would wait for itself: "
                        "use the state that the first one gave"
                    )
                raise WouldDeadlock(
                    f"{turn.what} inside edit_state() of the same step would wait for it: "
                    "change the state that edit_state() gave"
                )
