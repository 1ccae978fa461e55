"""A run of the past: all that can be read of a run, from the store. Nothing of it can be steered."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from ipyflow import session
from ipyflow.engine.recorded import Recorded
from ipyflow.model.ports import Presenter
from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.past.log import PastLog

if TYPE_CHECKING:
    from ipyflow.store.shelf import Line, Shelf

_STEERS = frozenset({"as_future", "cancel", "pause", "rerun", "result", "resume", "retry", "wait"})
LOST = "lost"
"""How a run is called that had not ended when its kernel went."""


class PastRun(Recorded):
    """A run in the history, of this kernel or of another one; :func:`history` gives them.

    It shows itself, explains and exports itself as a :class:`Run` does. Its log is read when it is first needed.

    Attributes:
        id: below zero, so that it is none of this kernel's runs.
        name: of the flow, or of the cell.
        kind: ``flow``, ``pipeline``, ``workflow``, ``cell``, ``script`` or ``executor``.
    """

    records: PastLog

    def __init__(self, shelf: Shelf, line: Line) -> None:
        super().__init__(-line.id, line.name, line.kind, PastLog(shelf, line))
        self.resumes = line.resumes
        self._shelf = shelf

    @property
    def line(self) -> Line:
        """What the listing knows of it."""
        return self.records.line

    @property
    def key(self) -> str:
        """By what it is known in the history, in every kernel."""
        return self.line.key

    @property
    def presenter(self) -> Presenter:
        """Shows it."""
        return session._session.presenter

    @property
    def state(self) -> State:
        """As of a run; one that is lost has failed."""
        if self._state is not None and not self.line.lost:
            return self._state.state
        return State.FAILED if self.line.lost else State(self.line.state)

    @property
    def word(self) -> str:
        """Its state as a listing says it: ``lost`` where its kernel went before it ended."""
        return LOST if self.line.lost else self.state.value

    @property
    def lost(self) -> bool:
        """True when its kernel ended before it did."""
        return self.line.lost

    @property
    def closed(self) -> bool:
        """True when nothing more will come."""
        return self.records.renew().lost or self.state is not State.RUNNING

    @property
    def opened(self) -> datetime.datetime:
        """When it began, in local time."""
        return datetime.datetime.fromtimestamp(self.line.opened).astimezone()

    @property
    def seconds(self) -> float:
        """From its beginning to its end, or to the last that is known of it."""
        return self.line.seconds

    @property
    def notebook(self) -> str:
        """The path of the notebook that it ran in; empty where it was none, or none that says so."""
        return self.line.notebook

    @property
    def source(self) -> str:
        """The source of the cell that was the flow; empty where it was none."""
        return self._shelf.source(self.line.id)

    def sources(self) -> dict[str, str]:
        """The source of its tasks by ``module:name``, as it was when they were submitted."""
        return self._shelf.code(self.line.id)

    def snapshot(self) -> RunState:
        """The fold of the log. Shared: read it, do not change it."""
        state = super().snapshot()
        state.id = self.id
        return state

    def what_if(self, workers: Iterable[int] | None = None) -> Any:
        """As of a run; how long one would have taken that is lost, nobody knows.

        Raises:
            ValueError: as of a run, and of one that is lost.
        """
        if self.lost:
            raise ValueError(f"{self.name} ({self.key}) is lost: how long it would have taken is not known")
        return super().what_if(workers)

    def now(self) -> float:
        """The time on the clock of its records: it stands still where the run has ended."""
        state = self._state or self.snapshot()
        return state.last if self.closed else max(state.last, state.opened + time.time() - state.wall)

    def __getattr__(self, name: str) -> NoReturn:
        if name == "result":
            raise AttributeError(
                f"{self.name} ({self.key}) is read from the history, which has the texts of values and no values",
                name=name, obj=self,
            )  # fmt: skip
        if name in _STEERS:
            raise AttributeError(
                f"{self.name} ({self.key}) is read from the history, where there is nothing to {name}: it shows what "
                f"was. ipyflow.resume({self.key!r}) goes on with it in a new run",
                name=name, obj=self,
            )  # fmt: skip
        raise AttributeError(f"a run of the past has no {name!r}", name=name, obj=self)

    def __repr__(self) -> str:
        return f"<PastRun {self.key} {self.name} {self.word}, {self.opened:%Y-%m-%d %H:%M}>"
