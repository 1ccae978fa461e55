"""The runs that are remembered: of this kernel and of others, of today and of last week."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ipyflow.model.status import State
from ipyflow.past.files import brought
from ipyflow.past.finding import found, kept
from ipyflow.past.run import LOST, PastRun
from ipyflow.past.times import When, instant
from ipyflow.views.history import history_html, history_text

if TYPE_CHECKING:
    from ipyflow.store.shelf import Line
    from ipyflow.store.store import Store

SHOWN = 200
"""Rows of a list that shows itself: a notebook keeps them in its file."""
STATES = ("running", "succeeded", "failed", "timed_out", "cancelled", "cached", LOST)
"""In what state a run may be."""


class History(Sequence[PastRun]):
    """Runs of the past, newest first: a sequence that displays itself. :func:`history` makes it.

    Attributes:
        conditions: what they meet, by name; times in seconds since the epoch.
    """

    def __init__(self, store: Store, runs: Sequence[PastRun], conditions: dict[str, Any], more: bool = False) -> None:
        self._store, self._runs, self.conditions, self._more = store, list(runs), conditions, more

    @overload
    def __getitem__(self, place: int) -> PastRun: ...

    @overload
    def __getitem__(self, place: slice) -> list[PastRun]: ...

    def __getitem__(self, place: int | slice) -> PastRun | list[PastRun]:
        try:
            return self._runs[place]
        except IndexError:
            there = f"there is no run [{place}] in a list of {len(self)}" if self._runs else repr(self)
            raise IndexError(there) from None

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[PastRun]:
        return iter(self._runs)

    def open(self, key: str) -> PastRun:
        """The run that goes by a word: its key, an unambiguous beginning of it, or a name, of which the newest.

        Raises:
            LookupError: there is none, or several begin so.
        """
        run = found(key, self._store) if isinstance(key, str) else None
        if run is None:
            raise LookupError(f"no run in the history goes by {key!r}: history() lists them by their keys")
        return run

    def delete(self, *runs: PastRun | str) -> int:
        """Delete runs, with their logs and what was kept for them; there is no way back.

        Results that ``cache`` keeps stay. Runs that go on are left alone.

        Args:
            runs: which, or their keys or names. Without any, all that meet the conditions this history was made
                with, also those that a limit has left out.

        Returns:
            How many were deleted.

        Raises:
            ValueError: there are neither runs nor conditions: that would be all there is.
            LookupError: a word stands for no run; nothing was deleted.

        Example:
            >>> import ipyflow as fl
            >>> fl.history("a name that no run has").delete()
            0
        """
        if runs:
            chosen = [run if isinstance(run, PastRun) else self.open(run) for run in runs]
            return self._store.delete([run.line.id for run in chosen])
        self._store.flush()
        if not self.conditions:
            raise ValueError(
                "that would delete all there is: say which, as in history(until='30d').delete() or "
                "history().delete('a3f9c1-3'); history(until='0s').delete() is all"
            )
        return self._store.delete([line.id for line in self._store.shelf.lines(**self.conditions, limit=None)])

    @property
    def disk(self) -> dict[str, int]:
        """How many bytes the store takes, by what they hold."""
        return self._store.disk()

    def read(self, path: str | os.PathLike[str]) -> PastRun:
        """Bring a run into the history from a file that ``run.export("run.json")`` wrote, in this kernel or elsewhere.

        One that is there already is not brought a second time.

        Raises:
            ValueError: the file holds no such log; the message says what to do.
            OSError: it cannot be read.
        """
        return brought(Path(path), self._store)

    def __repr__(self) -> str:
        return history_text(*self._listed())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": history_html(*self._listed())}

    def _listed(self) -> tuple[list[Line], datetime.datetime, bool, bool]:
        lines = [run.line for run in self._runs[:SHOWN]]
        return lines, datetime.datetime.now(), self._more or len(self) > SHOWN, bool(self.conditions)


def history(
    name: str | None = None, *, state: str | None = None, since: When | None = None, until: When | None = None,
    text: str | None = None, limit: int | None = 100,
) -> History:  # fmt: skip
    """The runs that are remembered, newest first: those of this kernel, of others, and of kernels that are gone.

    Args:
        name: of the flow or the cell; a pattern as in ``"night*"``.
        state: ``running``, ``succeeded``, ``failed``, ``timed_out``, ``cancelled``, ``cached``, or ``lost``: its kernel
            ended before it did.
        since: the earliest beginning: a datetime, a timedelta (so long ago), or a text: ``"2h"``, ``"3d"``,
            ``"yesterday"``, ``"2026-11-20"``.
        until: the latest, likewise; a day counts whole.
        text: what stands in the name, the name of a task, or the message of a failure.
        limit: how many at most; ``None`` for all.

    Raises:
        RuntimeError: no history is kept here; the message says how it would be.
        ValueError: an unknown state, or a text that says no instant.
        TypeError: an argument of another type.

    Example:
        >>> import ipyflow as fl
        >>> @fl.flow
        ... def double(x):
        ...     return 2 * x
        >>> double(4)
        8
        >>> newest = fl.history("double", since="1h")[0]
        >>> newest.name, str(newest.state)
        ('double', 'succeeded')
    """
    for what, given in (("name", name), ("state", state), ("text", text)):
        if given is not None and not isinstance(given, str):
            raise TypeError(f"history({what}={given!r}): give a text, or None for any")
    if state is not None and state not in STATES:
        hint = f"{state} is a state of tasks; of runs" if state in list(State) else "of runs"
        raise ValueError(f"history(state={state!r}): {hint} there are {', '.join(STATES)}")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
        raise TypeError(f"history(limit={limit!r}): give a whole number, or None for all")
    if limit is not None and limit < 1:
        raise ValueError(f"history(limit={limit!r}): give 1 or more, or None for all")
    conditions: dict[str, Any] = {
        "name": name, "state": state, "text": text,
        "since": None if since is None else instant(since),
        "until": None if until is None else instant(until, end=True),
    }  # fmt: skip
    conditions = {what: given for what, given in conditions.items() if given is not None}
    store = kept()
    lines = store.shelf.lines(**conditions, limit=None if limit is None else limit + 1)
    runs = [PastRun(store.shelf, line) for line in lines[:limit]]
    return History(store, runs, conditions, more=len(lines) > len(runs))
