"""What has become of attempts of which nothing is heard: looked for every now and then.

Called by: the executor's thread. Guarantees: whatever Dask gave up on, for whatever reason, is found within a look or
two; nothing is said of an attempt while something that was heard of it has still to be handled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import distributed

from ipyflow.executors.dask.flight import Flight
from ipyflow.model.wire import Message

if TYPE_CHECKING:
    from ipyflow.executors.dask.cluster import Cluster


def lost(cluster: Cluster, flights: list[Flight]) -> list[tuple[Flight, Message]]:
    """What is to be said of attempts that nobody else will speak of."""
    if cluster.is_leaving:
        return []
    if not cluster.is_open():
        return [(flight, ("!lost", "the Dask client was closed, or lost its scheduler")) for flight in flights]
    said: list[tuple[Flight, Message]] = []
    stopped = [flight for flight in flights if flight.is_stopped]
    for flight in flights:
        future = flight.future
        if future is None or flight.is_waited_for or flight.is_stopped:
            continue
        status = future.status
        if status == "error":
            error = future.exception()
            killed = isinstance(error, distributed.KilledWorker)
            said.append((flight, ("!lost", _killed(flight, error)) if killed else ("!broken", error)))
        elif status == "cancelled" and _was_refused(future) and flight.tries < 3 and not flight.has_begun:
            said.append((flight, ("!again",)))
        elif status in ("cancelled", "lost"):
            said.append((flight, ("!lost", _cancelled(flight, future))))
        elif status == "finished" and not flight.items and not flight.is_queued:
            said.append((flight, ("!lost", "it has ended, but the connection was lost over which it said how")))
    if stopped and not cluster.is_guarded:
        there = set(cluster.client.nthreads())
        why = "its Dask worker has gone"
        said += [(flight, ("!lost", why)) for flight in stopped if flight.address not in there]
    return said


def _killed(flight: Flight, error: Any) -> str:
    worker = flight.label or f"at {error.last_worker.address}"
    return f"its worker {worker} has died{'' if flight.has_begun else ' (it may not have begun)'}"


def _reason(future: Any) -> str | None:
    return getattr(getattr(getattr(future, "_state", None), "exception", None), "reason", None)


def _was_refused(future: Any) -> bool:
    """Whether the scheduler did not take a task at all, because what it is given had gone before."""
    return _reason(future) == "lost dependencies"


def _cancelled(flight: Flight, future: Any) -> str:
    reason = _reason(future)
    if reason == "scheduler-connection-lost":
        return "the connection to the Dask scheduler was lost"
    if reason == "scheduler-restart":
        return "the Dask cluster was restarted"
    if reason == "lost dependencies":
        return "what it was given was on a Dask worker that has gone"
    where = f" {flight.label}" if flight.label else ""
    return f"its worker{where} was sent away, or what it was given is gone, or somebody cancelled it in Dask"
