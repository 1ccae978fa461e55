"""The handle, in a worker, of a future that lives in the engine's process.

Owns: nothing but what it was told. Called by: the body. Guarantees: it waits, is waited for and passed on as a future
of the engine's own process; its outcome comes when somebody waits for it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ipyflow.engine.future import Future
from ipyflow.errors import TaskCancelled
from ipyflow.model.status import FINAL_STATES, State

if TYPE_CHECKING:
    from ipyflow.worker.guest import Guest


class GuestFuture(Future[Any]):
    """See the module."""

    __slots__ = ("_guest", "_is_watched", "_told")

    def __init__(self, guest: Guest, id: int, name: str) -> None:
        self._guest, self._is_watched, self._told = guest, False, State.QUEUED
        task: Any = SimpleNamespace(name=name)
        run: Any = guest.run
        super().__init__(id, task, run, 0)

    @property
    def state(self) -> State:
        """The state it is in there."""
        if self._told not in FINAL_STATES:
            self._look()
        return self._told

    @state.setter
    def state(self, state: State) -> None:
        self._told = state

    def _look(self) -> None:
        answer = self._guest.ask(self, "state")
        state, outcome = answer if isinstance(answer, tuple) else (answer, None)
        self._told = state
        if outcome is not None and not self._settled:
            self._guest.settle(self, outcome)

    def done(self) -> bool:
        """True when there is an outcome."""
        if not self._settled:
            self._look()
        return self._settled

    def cancelled(self) -> bool:
        """True when it was cancelled."""
        return self.done() and isinstance(self._error, TaskCancelled)

    @property
    def _state(self) -> str:  # type: ignore[override]
        """For the standard library, which looks under a lock of its own: nothing is asked here."""
        if not self._settled or (self._side is not None and not self._side.done):
            return "RUNNING"
        return "CANCELLED_AND_NOTIFIED" if isinstance(self._error, TaskCancelled) else "FINISHED"

    @property
    def _standard(self) -> Any:
        """The standard library waits for it: so it is watched."""
        side = super()._standard
        self._watch()
        return side

    def _watch(self) -> None:
        if not self._settled and not self._is_watched:
            self._is_watched = True
            self._guest.watch(self)

    def settle(self, value: Any, error: BaseException | None) -> None:
        """It has its outcome."""
        self._value, self._error = value, error
        stopped = State.CANCELLED if isinstance(error, TaskCancelled) else State.FAILED
        self._told = State.SUCCEEDED if error is None else stopped
        self._settled = True
        self.run_callbacks()

    def when_settled(self, callback: Callable[[Any], object]) -> None:
        """Ask to be told, the first time somebody wants to know."""
        super().when_settled(callback)
        self._watch()

    def cancel(self) -> bool:
        """As for any future."""
        return bool(self._guest.ask(self, "cancel"))

    def pause(self) -> bool:
        """As for any future."""
        return bool(self._guest.ask(self, "pause"))

    def resume(self) -> bool:
        """As for any future."""
        return bool(self._guest.ask(self, "resume"))

    def detach(self) -> Future[Any]:
        """As for any future."""
        self._guest.ask(self, "detach")
        return self

    def retry(self) -> Future[Any]:
        """As for any future."""
        self._settled, self._error, self._is_watched, self._told = False, None, False, State.QUEUED
        self._guest.ask(self, "retry")
        return self

    @property
    def logs(self) -> str:
        """As for any future."""
        return str(self._guest.ask(self, "logs"))

    @property
    def traceback(self) -> str | None:
        """As for any future."""
        return self._guest.ask(self, "traceback")  # type: ignore[no-any-return]

    def explain(self) -> str:
        """As for any future."""
        return str(self._guest.ask(self, "explain"))

    @property
    def parent(self) -> Future[Any] | None:
        """As for any future."""
        found = self._guest.ask(self, "parent")
        return None if found is None else GuestFuture(self._guest, *found)

    @property
    def children(self) -> list[Future[Any]]:
        """As for any future."""
        return [GuestFuture(self._guest, *child) for child in self._guest.ask(self, "children")]
