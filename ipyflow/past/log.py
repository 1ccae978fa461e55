"""The log of a run as the store has it; of a run whose kernel has gone, with the end that its kernel could not write.

Called by: any thread. Guarantees: nothing is held but how long the log is, and what closes the books of a lost run.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ipyflow.model import records as r
from ipyflow.model.run import RunState
from ipyflow.model.status import FINAL_STATES, State

if TYPE_CHECKING:
    from ipyflow.store.shelf import Line, Shelf

_DAMAGED = (zlib.error, EOFError, ValueError, TypeError)
"""What unpacking raises of bytes that are not what was written."""
_AT_WORK = (State.RUNNING, State.BLOCKED)
DIED = "KernelDied"
"""What stands in the place of an exception's type where a body ran when its kernel ended."""


class PastLog:
    """See the module.

    Args:
        shelf: reads the store.
        line: the run in its listing.

    Attributes:
        line: the same, as it was when somebody last asked; see :meth:`renew`.
    """

    def __init__(self, shelf: Shelf, line: Line) -> None:
        self._shelf, self.line = shelf, line
        self._stored = line.records
        """How many records of a lost run the store has: then come its ends."""
        self._ends: list[r.Record] | None = None if line.lost else []

    @property
    def forgotten(self) -> int:
        """How many records a limit on the log has dropped before they came to the store."""
        return self._shelf.first(self.line.id)

    def __len__(self) -> int:
        """How many records there are: of a run that goes on in another kernel, by now."""
        return self.renew().records + len(self._ends or ())

    def renew(self) -> Line:
        """What the listing says by now of a run that had not ended: its kernel may have gone meanwhile."""
        line = self.line
        if line.state == State.RUNNING and not line.lost:
            line = self._shelf.find(line.key) or line
            if line.lost:
                self._ends = None
            self.line = line
        return line

    def rows(self, since: int = 0) -> Iterator[list[tuple[Any, ...]]]:
        """The records of the store from place ``since`` on in packed form, chunk by chunk.

        Raises:
            LookupError: the run was deleted meanwhile.
            ValueError: a newer version of the package has written it, or it is damaged.
        """
        line = self.line
        if line.schema != r.SCHEMA_VERSION:
            raise ValueError(
                f"{line.key} has records of schema {line.schema}, this version of ipyflow-parallel reads "
                f"{r.SCHEMA_VERSION}: open it with the version that wrote it"
            )
        none = since < line.records
        try:
            for rows in self._shelf.rows(line.id, since):
                none = False
                yield rows
        except _DAMAGED as error:
            raise ValueError(
                f"the log of {line.name} ({line.key}) is damaged ({error}): ipyflow.history().delete({line.key!r}) "
                "takes it away"
            ) from None
        if none:
            raise LookupError(f"{line.name} ({line.key}) is no longer in the history: it was deleted")

    def read(self, since: int = 0) -> tuple[int, list[r.Record]]:
        """The records from place ``since`` on, and the place after the last of them."""
        self.renew()
        if self._ends is None:
            self.state()
        out = [r.unpack(row) for rows in self.rows(since) for row in rows]
        ends = (self._ends or [])[max(since - self._stored, 0) :]
        return max(since, self.forgotten) + len(out) + len(ends), out + ends

    def state(self) -> RunState:
        """A fresh fold of the whole log."""
        state = RunState(seq=self.forgotten)
        for rows in self.rows():
            for row in rows:
                state.apply(r.unpack(row))
        if self._ends is None:
            self._stored = state.seq
            self._ends = closing(state)
        for record in self._ends:
            state.apply(record)
        return state


def closing(state: RunState) -> list[r.Record]:
    """What closes the books of a run whose kernel ended before it did: nothing in it is at work any more.

    Args:
        state: as the kernel has left it.

    Example:
        >>> opened = RunState()
        >>> opened.apply(r.Opened(5.0, 1, "nightly", "flow", 0.0))
        >>> closing(opened)[-1]
        Closed(time=5.0, state='failed')
    """
    if state.closed is not None:
        return []
    found: list[r.Record] = []
    for id, task in sorted(state.tasks.items(), reverse=True):  # what is below a task ends before it
        if task.state in _AT_WORK:
            found.append(r.Finished(state.last, id, State.FAILED.value, DIED, "its kernel ended before it did", None))
        elif task.state not in FINAL_STATES:
            ended = State.SKIPPED if task.state is State.PLANNED else State.CANCELLED
            began = "went on" if task.attempts or task.state is State.CANCELLING else "began"
            found.append(r.Finished(state.last, id, ended.value, "", f"its kernel ended before it {began}", None))
    lost = r.Noted(state.last, r.NO_TASK, "lost", "its kernel ended before it did")
    return [*found, lost, r.Closed(state.last, State.FAILED.value)]
