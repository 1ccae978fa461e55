"""A run as it was: the payload as of any instant, from the run's log."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from operator import length_hint
from typing import Any

from ipyflow.model.collector import collector_at_rest
from ipyflow.model.records import Opened, Record
from ipyflow.model.run import RunState, fold
from ipyflow.views.payload import LIMIT, payload

_ROUNDED = 1e-6
"""Times on the link have six decimals: a record belongs to the instant that a page reads of it."""


def as_of(records: Iterable[Record], at: float) -> RunState:
    """Fold the part of a log that was written until an instant.

    Args:
        records: the log from its beginning; no more of it is taken than needed.
        at: seconds since the run opened.

    Raises:
        ValueError: the log does not begin with the run's beginning.

    Example:
        >>> as_of([Opened(10.0, 1, "nightly", "flow", 0.0)], 5).name
        'nightly'
    """
    rest = iter(records)
    first = next(rest, None)
    if not isinstance(first, Opened):
        given = "nothing" if first is None else type(first).__name__
        raise ValueError(
            f"the log begins with {given}, not with the beginning of the run: a log with a limit has forgotten it; "
            "run it without log_limit= to see it as it was"
        )
    until = first.time + max(at, 0.0) + _ROUNDED
    return fold(takewhile(lambda record: record.time <= until, rest), fold([first]))


def replayed(records: Iterable[Record], at: float, limit: int = LIMIT) -> dict[str, Any]:
    """Make the payload of a run as it was at an instant: what ended later runs in it, what came later is not there.

    Args:
        records: the log from its beginning.
        at: seconds since the run opened.
        limit: above this many tasks the payload is aggregated.

    Raises:
        ValueError: the log does not begin with the run's beginning.

    Example:
        >>> replayed([Opened(10.0, 1, "nightly", "flow", 0.0)], 5)["run"]["now"]
        5.0
    """
    with collector_at_rest(length_hint(records)):
        state = as_of(records, at)
        return payload(state, limit=limit, now=state.opened + max(at, 0.0))
