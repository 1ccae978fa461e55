"""What is done when something is heard of an attempt on a cluster.

Owns: nothing. Called by: ``dask_hands``, for one attempt on one thread at a time. Guarantees: an attempt that has not
begun, as far as was heard, begins before it is lost; of one that has ended nothing more is passed on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ipyflow.errors import ExecutorUnavailable, WorkerLost
from ipyflow.executors.dask_flight import Flight, Held
from ipyflow.model.wire import Message, Outcome, Parcel
from ipyflow.wire import pickling

if TYPE_CHECKING:
    from ipyflow.executors.dask_cluster import Cluster
    from ipyflow.executors.dask_hands import Hands


class Hearing:
    """See the module.

    Args:
        forget: strikes an attempt off the list.
        stop: takes one off the cluster.
    """

    cluster: Cluster
    hands: Hands[Flight]

    def __init__(self, forget: Callable[[Flight], object], stop: Callable[[Flight], object]) -> None:
        self._forget, self._stop = forget, stop

    def handle(self, flight: Flight, message: Message) -> None:
        """Something is said of, or by, an attempt."""
        if flight.is_over:
            return
        match message:
            case ("!begin", address, host, name, process):
                self._begin(flight, address, self.cluster.name(address, host, name), process)
            case ("!stored", number):
                self._stored(flight, number)
            case ("!end", outcome):
                self._end(flight, outcome)
            case ("!there", outcome):
                self._there(flight, outcome)
            case ("!lost", why):
                self._lost(flight, why)
            case ("!broken", error):
                self._broken(flight, error)
            case ("!failed", error):
                self._forget(flight)
                flight.work.remote.failed(error)
            case _:
                flight.work.remote.heard(message, lambda answer: self._answer(flight, answer))

    def _begin(self, flight: Flight, address: str, label: str, process: int) -> None:
        flight.address, flight.label, flight.process = address, label, process
        flight.has_begun = True
        if not flight.work.remote.begin(label):
            self._stop(flight)
            self._forget(flight)

    def _answer(self, flight: Flight, message: Message) -> None:
        if not flight.is_over:
            self.cluster.post.send(flight.address, flight.key, tuple([_plain(part) for part in message]))

    def _stored(self, flight: Flight, number: int) -> None:
        try:
            message = self.cluster.take(flight.address, number)
        except Exception as error:
            self._lost(flight, f"what it said cannot be had from its worker {flight.label}: {type(error).__name__}")
        else:
            self.handle(flight, message)

    def _end(self, flight: Flight, outcome: Outcome) -> None:
        if outcome.parcel is not None:
            self._forget(flight)
            flight.work.remote.ended(outcome)
        elif flight.is_stopped:
            self._lost(flight, "it was stopped")
        else:
            flight.is_waited_for = True
            with self.cluster.sending:
                future = flight.future
            future.add_done_callback(lambda _: self.hands.post([(flight, ("!there", outcome))]))

    def _there(self, flight: Flight, outcome: Outcome) -> None:
        """Dask has the value, or has lost it."""
        future, host = flight.future, flight.work.remote
        if future.status != "finished":
            self._lost(flight, f"its worker {flight.label} has died with its value")
            return
        if outcome.kind == "kept":
            kept = self.cluster.kept(Held(future, self.cluster, flight.work.label), outcome)
            self._forget(flight)
            host.ended(outcome, kept)
            return
        try:
            parcel = self.cluster.fetch(future, flight.work.label)
        except WorkerLost as error:
            self._lost(flight, str(error))
            return
        self._forget(flight)
        host.ended(Outcome(outcome.kind, parcel, outcome.type_name, outcome.text, outcome.trace, outcome.output))

    def _lost(self, flight: Flight, why: str) -> None:
        self._forget(flight)
        if flight.has_begun or flight.work.remote.begin("dask"):
            flight.work.remote.lost(why)

    def _broken(self, flight: Flight, error: BaseException) -> None:
        """Dask could not run it: the worker cannot read what it was sent."""
        self._forget(flight)
        if isinstance(error, ImportError) and "ipyflow" in str(error):
            error = ExecutorUnavailable(
                f"a Dask worker cannot import ipyflow ({error}): install it there, pip install ipyflow-parallel[dask]"
            )
        if not flight.has_begun:
            flight.work.remote.failed(error)
        else:
            flight.work.remote.ended(Outcome("error", pickling.pack(error, apart=False)))


def _plain(part: Any) -> Any:
    """The same with bytes for shared memory, which stays on its machine."""
    if isinstance(part, Parcel):
        return pickling.plain(part)
    if isinstance(part, Outcome) and part.parcel is not None:
        parcel = pickling.plain(part.parcel)
        return Outcome(part.kind, parcel, part.type_name, part.text, part.trace, part.output)
    return part
