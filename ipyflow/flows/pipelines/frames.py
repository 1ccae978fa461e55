"""What a chain remembers while a pipeline takes the place of one of its entries, and while its finaliser runs."""

from __future__ import annotations

from typing import Any, NamedTuple

from ipyflow.flows.pipelines.entries import Entry
from ipyflow.flows.pipelines.plan import Ids

SAME: Any = object()
"""Stands for "no other"."""


class Frame(NamedTuple):
    """Where a chain goes on once a pipeline that took an entry's place has ended."""

    entries: tuple[Entry, ...]
    place: int
    ids: Ids | None
    state: Any
    kept: Any
    outcome: Outcome | None
    fruitful: bool
    anew: bool


class Outcome(NamedTuple):
    """What stands aside while the finaliser runs."""

    value: Any
    args: tuple[Any, ...]
    error: BaseException | None
