"""Sending tasks and data to Dask: many tasks in one graph, large buffers once.

Owns: the buffers that were scattered, as long as a call that is on its way uses them. Called by: the executor's thread.
"""

from __future__ import annotations

import importlib
import itertools
import uuid
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dask

from ipyflow.model.wire import Head
from ipyflow.worker import dask_side as side
from ipyflow.worker.dask_values import Chunk

if TYPE_CHECKING:
    from distributed import Client

BYTES = 4 << 20
"""Bytes of one graph: Dask warns of graphs above 10 MB."""
COUNT = 500
"""Tasks of one graph: the first start while the rest is still being sent."""
BIG = 1 << 20
"""Bytes of a pickle from which on it is sent as data and not as part of the graph."""

PATIENCE = 0.5
"""Seconds to wait for a worker that takes data."""

_places = itertools.count(1)


@dataclass(eq=False, slots=True, weakref_slot=True)
class Sent:
    """A buffer on the cluster; it is let go of with the last that holds this.

    Attributes:
        future: Dask's.
        segment: what was sent: as long as it is held, equal content that is packed again is known by it.
    """

    future: Any
    segment: Any = None

    def is_there(self) -> bool:
        """False once the cluster has lost it."""
        return self.future.status in ("finished", "pending")


@dataclass(frozen=True, slots=True)
class Node:
    """One task for Dask.

    Attributes:
        key: by which Dask knows it.
        topic: where its body's messages go.
        head: of the package.
        data: its pickle.
        buffers: its large buffers, sent before.
        values: futures of Dask whose values it takes.
        level: tasks of a higher one come first.
    """

    key: str
    topic: str
    head: Head
    data: bytes | Sent
    buffers: tuple[Sent, ...]
    values: tuple[Any, ...]
    level: int


class Shelf:
    """What was scattered, by the key of its content."""

    def __init__(self) -> None:
        self._sent: weakref.WeakValueDictionary[int, Sent] = weakref.WeakValueDictionary()

    def send(self, client: Client, segments: Sequence[Any]) -> tuple[Sent, ...]:
        """Scatter segments; those that are there already are not sent again."""
        found: dict[int, Sent] = {}
        fresh: dict[int, Any] = {}
        for segment in segments:
            sent = self._sent.get(segment.key)
            if sent is not None and sent.is_there():
                found[segment.key] = sent
            else:
                fresh[segment.key] = Chunk(segment.view())
        if fresh:
            by_key = {segment.key: segment for segment in segments}
            for key, sent in zip(fresh, scatter(client, list(fresh.values())), strict=True):
                found[key] = self._sent[key] = sent
                sent.segment = by_key[key]
        return tuple([found[segment.key] for segment in segments])


def scatter(client: Client, values: list[Any]) -> list[Sent]:
    """Put values on the cluster."""
    if not values:
        return []
    named = {f"argument-{uuid.uuid4().hex}": value for value in values}
    try:
        futures = client.scatter(named, timeout=PATIENCE)
    except TimeoutError:
        # There are no workers yet, and there may be none before there are tasks: so it is made one.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
            futures = {name: client.submit(side.same, value, key=name, pure=False) for name, value in named.items()}
    return [Sent(futures[name]) for name in named]


def submit(client: Client, nodes: Sequence[Node]) -> Iterator[tuple[str, Any]]:
    """Have Dask run ``nodes``, in this order where it has the choice; gives their futures, with their keys."""
    batch: list[Node] = []
    room = BYTES
    for node in nodes:
        size = 500 + len(node.data) if isinstance(node.data, bytes) else 500
        if batch and (room < size or len(batch) == COUNT or node.level != batch[0].level):
            yield from _submit(client, batch).items()
            batch, room = [], BYTES
        batch.append(node)
        room -= size
    if batch:
        yield from _submit(client, batch).items()


def _submit(client: Client, nodes: list[Node]) -> dict[str, Any]:
    try:
        return _as_graph(client, nodes)
    except (AttributeError, ImportError, TypeError):  # of another version of Dask, whose inside is another
        return {
            node.key: client.submit(side.run, *_arguments(node), key=node.key, pure=False, priority=node.level)
            for node in nodes
        }


def _as_graph(client: Any, nodes: list[Node]) -> dict[str, Any]:
    """As ``client.submit`` does it, for all at once: a third of the cost."""
    specs = importlib.import_module("dask._task_spec")
    expressions = importlib.import_module("dask._expr")
    spans = importlib.import_module("distributed.spans")
    if not hasattr(specs.Task, "data_producer"):
        raise ImportError("this Dask cannot be told to hold tasks back")
    tasks = {
        node.key: specs.Task(
            node.key,
            side.run,
            *[specs.parse_input(argument) for argument in _arguments(node)],
            # Dask then gives each worker only as many as it has threads, and holds the rest where all can take them:
            # so only those are lost with a worker. What takes the value of another goes to where that is.
            _data_producer=not node.values,
        )
        for node in nodes
    }
    return client._graph_to_futures(  # type: ignore[no-any-return]
        expressions.LLGExpr(tasks, _determ_token=uuid.uuid4().hex),
        list(tasks),
        span_metadata=spans.SpanMetadata(collections=[{"type": "Future"}]),
        internal_priority={node.key: next(_places) for node in nodes},
        user_priority=nodes[0].level,
        fifo_timeout="1 day",  # what is submitted later comes later, for as long as anybody waits
    )


def _arguments(node: Node) -> tuple[Any, ...]:
    data = node.data.future if isinstance(node.data, Sent) else node.data
    buffers = [sent.future for sent in node.buffers]
    return (node.topic, node.key, node.head, data, len(buffers), *buffers, *node.values)
