"""How futures and tasks cross the border to a worker: as references, which the other side turns into its own.

A handle holds locks, a run, an engine: it cannot be pickled as it is. While a parcel is packed or opened, ``border``
says who does it; pickling then asks it what to write in the place of a handle, and unpickling what to make of that.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol

Reduced = tuple[Callable[..., Any], tuple[Any, ...]]
keys = itertools.count(1)
"""Numbers for tasks that have crossed: the worker names a task by its number when it submits one."""


class Border(Protocol):
    """One side of one call's crossing."""

    def future_out(self, future: Any) -> Reduced:
        """What to pickle for ``future``."""

    def future_in(self, id: int, name: str, state: str, settled: bool, value: Any, error: Any) -> Any:
        """The handle here for a future of the other side."""

    def task_out(self, task: Any, remake: Reduced) -> Reduced:
        """What to pickle for ``task``; ``remake`` makes one like it by value."""

    def task_in(self, key: int | None, changes: dict[str, Any], remake: Reduced) -> Any:
        """The task here for a task of the other side."""

    def kept_out(self, kept: Any) -> Reduced:
        """What to pickle for a value that stays where it is."""

    def kept_in(self, place: int) -> Any:
        """The value that was brought there otherwise."""


border: ContextVar[Border | None] = ContextVar("ipyflow_border", default=None)


def across(side: Border, act: Callable[..., Any], *args: Any) -> Any:
    """Pack or open something at the border of ``side``."""
    token = border.set(side)
    try:
        return act(*args)
    finally:
        border.reset(token)


def _side() -> Border:
    side = border.get()
    if side is None:
        raise RuntimeError("a call of ipyflow can only be unpickled by the worker, or the engine, it was sent to")
    return side


def future_in(*args: Any) -> Any:
    """Unpickles a future."""
    return _side().future_in(*args)


def task_in(key: int | None, changes: dict[str, Any], make: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Unpickles a task."""
    return _side().task_in(key, changes, (make, args))


def kept_in(place: int) -> Any:
    """Unpickles a value that was kept."""
    return _side().kept_in(place)
