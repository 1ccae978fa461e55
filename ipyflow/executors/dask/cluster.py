"""A Dask cluster in use: tasks and data on their way there, values on their way back.

Owns: the client's subscriptions, the names of the workers. Called by: the executor's threads, which may wait.
Guarantees: after the connection was lost and made again, what is said is heard again.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import os
import pickle
import threading
import warnings
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import distributed

from ipyflow.errors import IpyflowWarning, WorkerLost
from ipyflow.executors.dask import found, graph, losses
from ipyflow.executors.dask.flight import Flight, Held
from ipyflow.executors.dask.hearing import Hearing
from ipyflow.executors.dask.post import Post
from ipyflow.model.wire import Message, Outcome, Parcel
from ipyflow.wire import pickling
from ipyflow.worker import dask_plugin as plugin
from ipyflow.worker import dask_side as side
from ipyflow.worker.dask_values import Chunk, Parked

GLANCE = 0.2
"""Seconds between two glances whether a worker that does not answer has gone."""

Posted = list[tuple[Flight, Message]]


class Cluster:
    """See the module.

    Args:
        target: see :func:`ipyflow.executors.dask.found.find`.
        say: prints a line.
        topic: under which bodies send what they say.
        hearing: is told that, and of workers that have gone, on the client's loop.

    Raises:
        ExecutorUnavailable: there is none, or it cannot run our tasks.
    """

    def __init__(self, target: Any, say: Callable[[str], object], topic: str, hearing: Hearing) -> None:
        self.client, self._started = found.find(target, say)
        self._topic, self.hearing = topic, hearing
        self._comm: Any = None
        self.is_guarded = True
        """Whether the scheduler has the plugin that keeps it from running tasks twice."""
        self._shelf = graph.Shelf()
        self._names: dict[str, str] = {}
        self.gone: set[str] = set()
        """The addresses of workers that have gone."""
        self.sending = threading.Lock()
        """Held until the tasks that are being submitted have their futures."""
        self.post = Post(self._deliver)
        hearing.cluster = self
        self._is_near = False
        self._process = os.getpid()
        self.is_leaving = False
        """True once nobody wants to know any more what becomes of what is there."""
        try:
            self._is_near = found.check(self.client)
            self.refresh()
        except BaseException:
            self.close()
            raise

    def refresh(self) -> None:
        """After the connection was made, or made again: be told what there is to tell."""
        comm = self.client.scheduler_comm
        if comm is None or comm is self._comm:
            return
        self._comm = comm
        try:
            self.client.register_plugin(plugin.OnceOnly())
            if self._is_near and hasattr(os, "getpgid"):
                self.client.register_plugin(plugin.Undisturbed())
        except Exception as error:
            if self.is_guarded:
                self.is_guarded = False
                warnings.warn(
                    f"the Dask scheduler takes no plugin ({type(error).__name__}: {error}): a task whose worker dies "
                    "may be run again by Dask, even with retries=0",
                    IpyflowWarning,
                    stacklevel=2,
                )
        heard, client = self.hearing.heard, weakref.ref(self.client)
        self.client.subscribe_topic(self._topic, lambda event: heard(event[1]))
        _open.add(self)
        # One handler for all engines that use this client: Dask has one for a topic.
        self.client.subscribe_topic(plugin.GONE, lambda event: _tell_gone(client(), event[1]))

    def _deliver(self, address: str, letter: bytes) -> None:
        self._call(address, side.deliver, letter)

    def _call(self, address: str, function: Callable[..., Any], argument: Any) -> Any:
        """Call a function at a worker.

        Raises:
            Exception: what it raised, or that the worker has gone: Dask itself would go on trying for half a minute.
                Or the program ends, and Dask has closed its loop already.
        """
        client: Any = self.client
        loop, call = client.loop.asyncio_loop, client._run(function, argument, workers=[address])
        try:
            called = asyncio.run_coroutine_threadsafe(call, loop)
            while not called.done():
                concurrent.futures.wait([called], GLANCE)
                if address in self.gone or loop.is_closed():
                    called.cancel()
                    break
            return called.result()[address]
        finally:
            if loop.is_closed():
                call.close()  # or Python says on stderr that nobody has awaited it

    def is_open(self) -> bool:
        """False once the client was closed, or has given up."""
        return self.client.status not in ("closed", "closing")

    def name(self, address: str, host: str, name: str) -> str:
        """What a worker is called in views: its host, and its name if that says more than its address."""
        self.gone.discard(address)
        known = self._names.get(address)
        if known is None:
            short = f"worker-{name}" if name.isdigit() else name
            if name == address:
                short = f"worker-{len(self._names)}"
            known = self._names[address] = f"{host} {short}"
        return known

    # There.

    def submit(self, flights: list[Flight]) -> Posted:
        """Have Dask run them.

        Returns:
            What is to be said of those that cannot be.

        Raises:
            Exception: Dask did not take them; those that have no future.
        """
        said: Posted = []
        nodes: list[graph.Node] = []
        for flight in flights:
            try:
                nodes.append(self._node(flight))
            except BaseException as error:
                said.append((flight, ("!failed", error)))
        by_key = {flight.key: flight for flight in flights}
        with self.sending:
            for key, future in graph.submit(self.client, nodes):
                by_key[key].future = future
        return said

    def _node(self, flight: Flight) -> graph.Node:
        host = flight.work.remote
        package, kept = host.package(), list(host.kept)
        body = package.body
        buffers = self._shelf.send(self.client, body.buffers)
        data: Any = body.data
        if len(data) > graph.BIG:
            (data,) = graph.scatter(self.client, [Chunk(data)])
        values = tuple([self._value_for(one) for one in kept])
        flight.holds = (buffers, data if isinstance(data, graph.Sent) else None, values)
        return graph.Node(flight.key, self._topic, package.head, data, buffers, values, flight.level)

    def _value_for(self, kept: Any) -> Any:
        """Dask's future of a value that a task takes by reference."""
        held = kept.handle
        if held.cluster is self and held.future.status in ("finished", "pending"):
            return held.future
        parcel = pickling.plain(pickling.pack(kept.value()))  # it was fetched before it was lost; or it raises
        return graph.scatter(self.client, [Parked.of(parcel)])[0].future

    def cancel(self, futures: list[Any]) -> None:
        """Take tasks off the cluster."""
        if futures and self.is_open():
            try:
                if self.is_guarded:  # a cancel may overtake the graph
                    self.client.run_on_scheduler(plugin.refuse, [future.key for future in futures])
                self.client.cancel(futures, force=True, reason="ipyflow", msg="cancelled")
            except Exception:
                pass  # they are gone with the connection

    def drop(self, keys: Iterable[str]) -> None:
        """Take tasks off that were cancelled before the scheduler knew them."""
        self.cancel([distributed.Future(key, self.client) for key in keys])

    # Back.

    def fetch(self, future: Any, whose: str) -> Parcel:
        """What stays on the cluster as ``future``."""
        try:
            return self.client.gather(future).parcel()  # type: ignore[no-any-return]
        except Exception as error:
            raise WorkerLost(
                f"the value of {whose} was on a Dask worker and is gone ({type(error).__name__}); run the task again"
            ) from error

    def kept(self, held: Held, outcome: Outcome) -> side.Kept:
        """What the engine holds in the place of a value that stays."""
        return side.Kept(
            lambda: pickling.unpack(self.fetch(held.future, held.label)), held, outcome.type_name, outcome.text
        )

    def take(self, address: str, number: int) -> Message:
        """A message that was too large to be sent."""
        return pickle.loads(self._call(address, side.take, number))  # type: ignore[no-any-return]

    def lost(self, flights: list[Flight]) -> Posted:
        """What is to be said of attempts that nobody else will speak of."""
        return losses.lost(self, flights)

    def close(self) -> None:
        """Let go of what is ours."""
        self.post.close()
        _open.discard(self)
        if self.is_open():
            try:
                self.client.subscribe_topic(self._topic, _nothing)  # nothing forgets a handler but another
                self.client.unsubscribe_topic(self._topic)
                self.client.run(side.leave, self._topic, on_error="ignore")
                self.client.run_on_scheduler(plugin.leave, self._topic)
            except Exception:
                pass  # the scheduler has gone before
        self.leave()

    def leave(self) -> None:
        """Nobody wants to know any more what becomes of what is there."""
        self.is_leaving = True
        started, self._started = self._started, []
        if os.getpid() == self._process:  # a forked child has nothing to close
            found.end(started)


_open: weakref.WeakSet[Cluster] = weakref.WeakSet()
"""Those in use in this process."""


def _tell_gone(client: Any, address: str) -> None:
    for cluster in list(_open):
        if cluster.client is client and not cluster.is_leaving:
            cluster.hearing.gone(address)


@atexit.register
def _leave() -> None:
    """Before Dask closes what is open, which would look like a loss."""
    for cluster in list(_open):
        cluster.leave()


def _nothing(event: Any) -> None:
    """Hears what comes too late."""
