"""The items of batches as futures: each a view of one place in what a batch gives.

Owns: which items were looked at, and which were cancelled. Called by: any thread. Guarantees: an item's future behaves
as that of a call of its own would, except that its task, its log and its retries are those of the whole batch; views
are made when somebody first asks for one, so a map whose values are taken as a whole makes none.
"""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ipyflow.engine import crossing
from ipyflow.engine.describe import traceback_text
from ipyflow.engine.future import Future
from ipyflow.engine.kept import Kept
from ipyflow.engine.waiting import as_completed, wait
from ipyflow.errors import BatchError, TaskCancelled
from ipyflow.flows.lists import FutureList
from ipyflow.model.status import RESTARTABLE_STATES, State

R = TypeVar("R")


class Batch:
    """One task that runs many items, and what its items' futures share.

    Args:
        future: of the batch.
        name: of the task that is mapped.
        first: the place of its first item in the map.
        size: how many items it has.
    """

    __slots__ = ("cancelled", "first", "future", "name", "read", "size")

    def __init__(self, future: Future[Any], name: str, first: int, size: int) -> None:
        self.future, self.name, self.first, self.size = future, name, first, size
        self.read: set[int] = set()
        self.cancelled: dict[int, TaskCancelled] = {}

    def __reduce__(self) -> Any:
        return Batch, (self.future, self.name, self.first, self.size)

    def failures(self) -> dict[int, BaseException]:
        """The items that raised, by their place in the batch, if it has ended so."""
        error = self.future._error
        return error.failures if isinstance(error, BatchError) else {}

    def value(self, place: int) -> Any:
        """The value of an item; ``None`` while there is none."""
        error, value = self.future._error, self.future._value
        if isinstance(error, BatchError):
            value = error.values
        elif isinstance(value, Kept):
            value = value.value()
        return None if value is None else value[place]

    def error(self, place: int) -> BaseException | None:
        """What an item raised, or what has become of the whole batch."""
        if place in self.cancelled:
            return self.cancelled[place]
        error = self.future._error
        return error.failures.get(place) if isinstance(error, BatchError) else error

    def label(self, place: int) -> str:
        """``name#id[place]``."""
        return f"{self.name}#{self.future.id}[{self.first + place}]"

    def values(self) -> list[Any]:
        """All the values; raises what the first failed item raised. The batch is done."""
        while True:
            bad = [*self.cancelled, *self.failures()]
            if bad:
                ItemFuture(self, min(bad)).result()
            try:
                return self.future.result()  # type: ignore[no-any-return]
            except BatchError:
                pass  # somebody has just run it again, and it has failed again

    def items_done(self) -> int:
        """How many of its items are done."""
        if self.future.done():
            return self.size
        snapshot = getattr(self.future.run, "snapshot", None)  # in a worker there is none
        task = None if snapshot is None else snapshot().tasks.get(self.future.id)
        so_far = 0 if task is None or task.progress is None or self.future.state is State.WAITING else task.progress[0]
        return max(so_far, len(self.cancelled))

    def one_read(self, place: int) -> None:
        """Somebody has looked at an item: the batch counts as read when all its items are, what went wrong in it when
        those are that failed.
        """
        self.read.add(place)
        future = self.future
        if len(self.read) == self.size:
            future._consume()
        elif future._error is not None and self.failures().keys() <= self.read:
            future.run.unobserved.pop(future.id, None)

    def cancel_one(self, place: int) -> None:
        """Nobody wants an item any more; when that is so of all, the batch is stopped."""
        self.cancelled[place] = TaskCancelled(f"{self.label(place)} was cancelled")
        if len(self.cancelled) == self.size:
            self.future.cancel()

    def cancel(self) -> int:
        """Stop the batch; returns how many items are cancelled by that."""
        if self.future.done() or not self.future.cancel():
            return 0
        return self.size - len(self.cancelled)


def _shared(name: str) -> Any:
    return property(lambda self: getattr(self.batch.future, name))


class ItemFuture(Future[R]):
    """The future of one item of a batch: as of a call of its own, with what follows from one task running many.

    ``id``, ``run``, ``logs`` and ``parent`` are those of the batch. ``retry`` runs the whole batch again. ``cancel``
    drops this item's value; the batch itself is stopped when all its items are cancelled.
    """

    __slots__ = ("_hung", "batch", "place")

    def __init__(self, batch: Batch, place: int) -> None:
        self.batch, self.place = batch, place
        self._callbacks = self._side = None
        self._read = self._hung = False

    id: Any = _shared("id")
    task: Any = _shared("task")
    run: Any = _shared("run")
    parent_id: Any = _shared("parent_id")
    _call: Any = _shared("_call")
    _when: Any = _shared("_when")
    _settled: Any = property(lambda self: self.batch.future._settled or self.place in self.batch.cancelled)
    _value: Any = property(lambda self: self.batch.value(self.place))
    _error: Any = property(lambda self: self.batch.error(self.place))

    @property
    def _tb(self) -> Any:  # type: ignore[override]
        error = self.batch.future._error
        return error.frames.get(self.place) if isinstance(error, BatchError) else self.batch.future._tb

    @property
    def state(self) -> State:  # type: ignore[override]
        """That of the batch; of an item that was cancelled, or ended otherwise than the batch, its own."""
        if self.place in self.batch.cancelled:
            return State.CANCELLED
        state = self.batch.future.state
        if state is State.FAILED and isinstance(self.batch.future._error, BatchError):
            return State.FAILED if self.place in self.batch.failures() else State.SUCCEEDED
        return state

    # Who waits.

    def when_settled(self, callback: Callable[[Any], object]) -> None:
        """As of every future: it hears of its batch's end."""
        self._hang()
        super().when_settled(callback)

    def _hang(self) -> None:
        if not self._hung and not self.batch.future._settled:
            self._hung = True
            self.batch.future.when_settled(self._ended)

    def _ended(self, batch: Any) -> Any:
        """The batch has ended; what was not told, because somebody has started it again, waits for the next end."""
        self._hung = False
        follow = self.run_callbacks()
        if self._callbacks:
            self._hang()
        return follow

    @property
    def _standard(self) -> Any:
        self._hang()
        return super()._standard

    # What was looked at, and steering.

    def _consume(self) -> None:
        if not self._read:
            self._read = True
            self.batch.one_read(self.place)

    def cancel(self) -> bool:
        """Drop this item; the batch is stopped when nobody wants any of its items.

        Returns:
            True when it was not done.
        """
        if self._settled:
            return False
        self.batch.cancel_one(self.place)
        self._consume()
        self.run.engine.dispatch(self.run_callbacks())
        return True

    def detach(self) -> Future[R]:
        """Say that nobody means to read the batch."""
        self.batch.future.detach()
        return self

    def retry(self) -> Future[R]:
        """Run the whole batch again; an item that was cancelled counts again.

        Raises:
            RuntimeError: the batch has not ended, or it succeeded.
        """
        dropped = self.batch.cancelled.pop(self.place, None)
        if dropped is None or self.batch.future.state in RESTARTABLE_STATES:
            self.batch.future.retry()
        return self

    @property
    def traceback(self) -> str | None:
        """The traceback as text, if it failed."""
        if self.batch.failures():
            error = self._error
            return None if error is None else traceback_text(error)
        return self.batch.future.traceback

    @property
    def label(self) -> str:
        """``name#id[place]``, the place being that in the map."""
        return self.batch.label(self.place)

    def __reduce__(self) -> Any:
        # The number alone says which batch, not which item: so it travels with its value, or as a place in its batch.
        if crossing.border.get() is None or (self._settled and type(self.batch.future) is Future):
            return super().__reduce__()
        return ItemFuture, (self.batch, self.place)


class BatchList(FutureList[R]):
    """The futures of a ``map`` in batches, in the order of the items; they are made when first looked at."""

    def __init__(self, futures: Iterable[Any] = (), ordered: bool = True, batches: list[Batch] | None = None) -> None:
        super().__init__(futures, ordered)
        self._batches = batches
        """``None`` once somebody has changed the list."""
        self._made = batches is None
        self._lock = threading.Lock()

    def _fill(self) -> None:
        if not self._made:
            with self._lock:
                if not self._made:
                    for batch in self._batches or ():
                        list.extend(self, [ItemFuture(batch, place) for place in range(batch.size)])
                    self._made = True

    def __len__(self) -> int:
        return list.__len__(self) if self._batches is None else sum([batch.size for batch in self._batches])

    def __radd__(self, other: Any) -> Any:
        self._fill()  # a list that adds this one looks into it past all methods
        return NotImplemented

    def results(self, timeout: float | None = None) -> list[R]:
        """All the values; the first failure, in the order of the list, is raised: the item's own, noted with its place.

        Args:
            timeout: seconds to wait at most for all of them.

        Raises:
            TimeoutError: not all were done in time.
        """
        batches = self._batches
        if batches is None:
            return super().results(timeout)
        futures = [batch.future for batch in batches]
        if not self.ordered:
            by_future = dict(zip(futures, batches, strict=True))
            values = [by_future[future].values() for future in as_completed(futures, timeout)]
        else:
            if wait(futures, timeout).not_done:
                raise self._late(timeout)
            values = [batch.values() for batch in batches]
        return list(itertools.chain.from_iterable(values))

    @property
    def progress(self) -> tuple[int, int]:
        """How many items are done, those of batches under way included, and how many there are."""
        if self._batches is None:
            return super().progress
        return sum([batch.items_done() for batch in self._batches]), len(self)

    def cancel(self) -> int:
        """Stop the batches that are not done; returns how many items that are."""
        if self._batches is None:
            return super().cancel()
        return sum([batch.cancel() for batch in self._batches])

    def __reduce__(self) -> Any:
        return (FutureList, (list(self), self.ordered))


def _with_views(name: str, changes: bool) -> Any:
    method = getattr(list, name)

    @functools.wraps(method)
    def first_fill(self: Any, *args: Any, **kwargs: Any) -> Any:
        for one in (self, *args):
            if isinstance(one, BatchList):
                one._fill()
        if changes:
            self._batches = None
        return method(self, *args, **kwargs)

    return first_fill


for _name in ("__add__", "__contains__", "__eq__", "__ge__", "__getitem__", "__gt__", "__iter__", "__le__", "__lt__",
              "__mul__", "__ne__", "__reversed__", "__rmul__", "copy", "count", "index"):  # fmt: skip
    setattr(BatchList, _name, _with_views(_name, changes=False))
for _name in ("__delitem__", "__iadd__", "__imul__", "__setitem__", "append", "clear", "extend", "insert", "pop",
              "remove", "reverse", "sort"):  # fmt: skip
    setattr(BatchList, _name, _with_views(_name, changes=True))
