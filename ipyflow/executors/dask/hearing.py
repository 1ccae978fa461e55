"""What is done when something is heard of an attempt on a cluster.

Owns: the threads on which that is done. Called by: the client's loop, which must not wait; then ``hands``, for one
attempt on one thread at a time. Guarantees: an attempt that has not begun, as far as was heard, begins before it is
lost; of one that has ended nothing more is passed on.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from ipyflow.errors import ExecutorUnavailable, WorkerLost
from ipyflow.executors.dask.flight import Flight, Held
from ipyflow.executors.dask.hands import Hands
from ipyflow.model.wire import Message, Outcome, Parcel
from ipyflow.wire import pickling

if TYPE_CHECKING:
    from ipyflow.executors.dask.cluster import Cluster


class Keeper(Protocol):
    """Who keeps the attempts."""

    def strike(self, flight: Flight) -> None:
        """Strike one off the list: it has ended, or will never begin."""

    def stop(self, flight: Flight) -> None:
        """Take one off the cluster: nobody has a use for its outcome."""

    def again(self, flight: Flight) -> None:
        """Hand one to Dask once more."""

    def look_soon(self) -> None:
        """Look at all of them."""


class Hearing:
    """See the module.

    Args:
        flights: the attempts, by their keys.
        keeper: keeps them.
    """

    cluster: Cluster

    def __init__(self, flights: Mapping[str, Flight], keeper: Keeper) -> None:
        self._flights, self._keeper = flights, keeper
        self.hands = Hands(self._handle)
        self._strays: list[str] = []

    # On the client's loop: only note what was said.

    def heard(self, letter: bytes) -> None:
        """What bodies at one worker have said."""
        posted = []
        for key, message in pickle.loads(letter):
            flight = self._flights.get(key)
            if flight is not None:
                posted.append((flight, message))
            elif message[0] == "!begin":
                self.cluster.post.send(message[1], key, ("stop",))  # it was cancelled while it was on its way there
            elif message[0] == "!end":
                self._strays.append(key)
        self.hands.post(posted)

    def gone(self, address: str) -> None:
        """A worker has gone."""
        self.cluster.gone.add(address)
        self.cluster.post.gone(address)
        self.hands.post(
            [
                (flight, ("!lost", f"its worker {flight.label} has died or was sent away"))
                for flight in list(self._flights.values())
                if flight.address == address and not flight.is_waited_for
            ]
        )
        self._keeper.look_soon()

    def strays(self) -> list[str]:
        """Tasks that have run although they were cancelled: Dask has still to forget them."""
        strays, self._strays = self._strays, []
        return strays

    # On the hands.

    def _handle(self, flight: Flight, message: Message) -> None:
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
            case ("!again",):
                self._keeper.again(flight)
            case ("!lost", why):
                self._lost(flight, why)
            case ("!broken", error):
                self._broken(flight, error)
            case ("!failed", error):
                self._keeper.strike(flight)
                flight.work.remote.failed(error)
            case _:
                flight.work.remote.heard(message, lambda answer: self._answer(flight, answer))

    def _begin(self, flight: Flight, address: str, label: str, process: int) -> None:
        flight.address, flight.label, flight.process = address, label, process
        flight.has_begun = True
        if not flight.work.remote.begin(label):
            self._keeper.stop(flight)
            self._keeper.strike(flight)

    def _answer(self, flight: Flight, message: Message) -> None:
        if not flight.is_over:
            self.cluster.post.send(flight.address, flight.key, tuple([_plain(part) for part in message]))

    def _stored(self, flight: Flight, number: int) -> None:
        try:
            message = self.cluster.take(flight.address, number)
        except Exception as error:
            self._lost(flight, f"what it said cannot be had from its worker {flight.label}: {type(error).__name__}")
        else:
            self._handle(flight, message)

    def _end(self, flight: Flight, outcome: Outcome) -> None:
        if outcome.parcel is not None:
            self._keeper.strike(flight)
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
            self._keeper.strike(flight)
            host.ended(outcome, kept)
            return
        try:
            parcel = self.cluster.fetch(future, flight.work.label)
        except WorkerLost as error:
            self._lost(flight, str(error))
            return
        self._keeper.strike(flight)
        host.ended(Outcome(outcome.kind, parcel, outcome.type_name, outcome.text, outcome.trace, outcome.output))

    def _lost(self, flight: Flight, why: str) -> None:
        self._keeper.strike(flight)
        if flight.has_begun or flight.work.remote.begin("dask"):
            flight.work.remote.lost(why)

    def _broken(self, flight: Flight, error: BaseException) -> None:
        """Dask could not run it: the worker cannot read what it was sent."""
        self._keeper.strike(flight)
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
