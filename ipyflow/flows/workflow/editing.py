"""An edit of a store's state: a copy to change, which counts as a whole when the block ends well, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from ipyflow.engine.context import current_call
from ipyflow.errors import WouldDeadlock
from ipyflow.flows.workflow.state import check_changes, copied
from ipyflow.flows.workflow.writers import Turn, Writers, inside

S = TypeVar("S", bound=BaseModel)


class Edit(Generic[S]):
    """What ``store.edit_state()`` gives: ``async with`` it, or ``with`` it in a step on a thread.

    Args:
        writers: who writes to the store.
        read: gives the state as it is.
        replace: puts another in its place.
    """

    def __init__(self, writers: Writers, read: Callable[[], S], replace: Callable[[S], None]) -> None:
        self._writers, self._read, self._replace = writers, read, replace
        self._turn: Turn | None = None
        self._before: S | None = None
        self._state: S | None = None

    async def __aenter__(self) -> S:
        turn = Turn(self._writers, "edit_state()")
        if not self._writers.enter(turn):
            await turn
        return self._begin(turn)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._end(error)

    def __enter__(self) -> S:
        call = current_call()
        if call is not None and call.task.is_async and call.engine.loop.here():
            raise WouldDeadlock("edit_state() with a plain `with` would stop the loop: write `async with`")
        turn = Turn(self._writers, "edit_state()")
        if not self._writers.enter(turn):
            turn.result()
        return self._begin(turn)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._end(error)

    def _begin(self, turn: Turn) -> S:
        try:
            self._before = self._read()
            self._state = state = copied(self._before)
            self._turn = turn
            inside.set((*inside.get(), turn))
        except BaseException:
            self._writers.leave()
            raise
        return state

    def _end(self, error: BaseException | None) -> None:
        turn, before, state = self._turn, self._before, self._state
        assert turn is not None
        assert state is not None
        self._turn = self._before = self._state = None
        try:
            if error is None:
                turn.refuse_stopped()
                check_changes(before, state)
                # What the block has named goes on being the user's: assigning to it later changes nothing here.
                self._replace(state.model_copy())
        except ValidationError as wrong:
            wrong.add_note("raised at the end of edit_state(): nothing of the edit was taken")
            raise
        finally:
            inside.set(tuple([one for one in inside.get() if one is not turn]))
            self._writers.leave()

    def __repr__(self) -> str:
        return "<edit_state(): write `async with ... as state`, in a step on a thread `with ... as state`>"
