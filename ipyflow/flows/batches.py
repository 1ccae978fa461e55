"""``map(..., batch=)``: one task of the engine runs many items.

A task costs microseconds, in a process a hundred, an item of a batch a tenth of one. So the items of a
batch travel as columns, one list for each parameter, and nothing is made for a single item until somebody asks for its
future: see ``batch_items``.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ipyflow.engine import default
from ipyflow.engine.context import current_call
from ipyflow.engine.describe import message, trim
from ipyflow.engine.endings import add_note
from ipyflow.engine.future import Future
from ipyflow.engine.options import Definition, Options, RetryPolicy
from ipyflow.engine.plan import Plan
from ipyflow.errors import BatchError, TaskCancelled
from ipyflow.flows.batch_items import Batch, BatchList
from ipyflow.machine import cores
from ipyflow.model import records as r

LEAST = 8
"""``"auto"``: with no more items than these for each worker there are no batches."""
SMALLEST = 3
"""``"auto"``: no batch is smaller than this part of an even share of all."""
MOST = 2_000
"""``"auto"``: items in a batch at most."""
WEIGHT = 8_000_000
"""``"auto"``: bytes in a batch at most, as far as the first item tells."""
NAMED = 5
"""Failures that the message of a :class:`BatchError` names."""
_SHORT, _LONG = 0.005, 0.02
"""Seconds of work between two looks whether the batch was stopped."""
_TELL = 0.1
"""Seconds between two records of how far a batch is."""


def mapped(task: Any, cols: tuple[Any, ...], ordered: bool, batch: Any) -> BatchList[Any] | None:
    """The futures of a map in batches; ``None`` where ``"auto"`` finds that batches bring nothing.

    Args:
        task: what is mapped.
        cols: see :func:`columns`.
        ordered: see ``Task.map``.
        batch: a number of items, or ``"auto"``.
    """
    engine = default.instance or default.make()
    count = min(map(len, cols))
    if batch != "auto":
        sizes: Iterable[int] = itertools.repeat(batch)
    elif task.is_async or task.is_flow or _held(task.options) or task.options.timeout is not None:
        return None
    else:
        sizes = auto_sizes(count, _workers(engine, task.options.executor), _weight(cols))
        if not sizes:
            return None
    return BatchList((), ordered, submitted(engine.submit, task, cols, sizes))


def submitted(
    submit: Callable[[Any, tuple[Any, ...], dict[str, Any]], Future[Any]], task: Any, cols: tuple[Any, ...],
    sizes: Iterable[int],
) -> list[Batch]:  # fmt: skip
    """The batches of a map, submitted: as many of these sizes as there are items for, the last one cut to fit."""
    kinds: dict[int, BatchTask] = {}
    batches: list[Batch] = []
    first, count = 0, min(map(len, cols))
    try:
        for size in sizes:
            if first >= count:
                break
            size = min(size, count - first)
            kind = kinds.get(size)
            if kind is None:
                kind = kinds[size] = BatchTask(task, size)
            part = tuple([_cut(column, first, first + size) for column in cols])
            batches.append(Batch(submit(kind, part, {"first": first}), task.name, first, size))
            first += size
    except BaseException:  # one cannot travel: nothing is half started
        for batch in batches:
            batch.future.cancel()
        raise
    return batches


def auto_sizes(count: int, workers: int, weight: int = 0) -> list[int]:
    """Sizes of the batches of ``count`` items, the largest first; empty where each item is to be a task of its own.

    Two thirds go in one large batch for each worker, the rest in smaller ones, by which those that were quicker make
    up: two tasks for each worker, where equal sizes as even would take three or four.

    Example:
        >>> auto_sizes(16, workers=4)
        []
        >>> auto_sizes(1000, workers=4)
        [167, 167, 167, 167, 84, 84, 84, 80]
    """
    if count <= LEAST * workers:
        return []
    most = min(MOST, max(1, WEIGHT // weight)) if weight else MOST
    least = -(-count // (SMALLEST * workers))
    sizes: list[int] = []
    while count:
        size = min(most, max(least, -(-2 * count // (3 * workers))))
        for _ in range(workers):
            if count:
                sizes.append(min(size, count))
                count -= sizes[-1]
    return sizes if sizes[0] > 1 else []


def columns(task: Any, iterables: tuple[Iterable[Any], ...], batch: Any) -> tuple[Any, ...]:
    """One sequence for each iterable, of which the shortest counts.

    Raises:
        TypeError, ValueError: ``batch`` cannot be, or not with this task.
    """
    _check(task, batch)
    if all(type(one) in (list, tuple, range) or _is_array(one) for one in iterables):
        return iterables
    if len(iterables) == 1:
        return (list(iterables[0]),)
    rows = list(zip(*iterables, strict=False))
    return tuple(zip(*rows, strict=True)) if rows else ((),)


def _check(task: Any, batch: Any) -> None:
    if batch == "auto" and isinstance(batch, str):
        return
    how = "give a number of items, 'auto', or None"
    if isinstance(batch, bool) or not isinstance(batch, int):
        raise TypeError(f"batch={batch!r}: {how}")
    if batch < 1:
        raise ValueError(f"batch={batch!r}: {how}; a batch has 1 item at least")
    held = _held(task.options)
    if held:
        raise ValueError(
            f"{task.name}.map(batch={batch}): {held} of single calls, and a batch is one call: leave out one of the two"
        )


def _held(options: Options) -> str:
    """The option of a task that has no sense for a batch, and what it does; empty if there is none."""
    if options.memo:
        return "memo=True reuses the values"
    if options.cache is not None:
        return "cache= reuses the values"
    if options.defer is not False:
        return "defer= tells by the arguments"
    if options.recurrent:
        return "recurrent=True looks at the values"
    return "rate= counts the starts" if options.rate is not None else ""


def _workers(engine: Any, executor: Any) -> int:
    # In a worker the engine is elsewhere, and what it has is not known.
    size = None if getattr(engine, "is_guest", False) else getattr(engine.executors[executor], "size", None)
    return size if isinstance(size, int) and size > 0 else cores()


def _is_array(value: Any) -> bool:
    kind = type(value)
    return kind.__module__ == "numpy" and kind.__name__ == "ndarray" and value.ndim > 0


def _cut(column: Any, begin: int, end: int) -> Any:
    """A part of a column, which changes no more when the column does."""
    part = column[begin:end]
    return part.copy() if _is_array(part) else part


def _weight(cols: tuple[Any, ...]) -> int:
    """Bytes of an item, if the first are of the kinds that tell."""
    weight = 0
    for column in cols:
        item = column[0] if len(column) else None
        weight += len(item) if isinstance(item, (str, bytes, bytearray)) else int(getattr(item, "nbytes", 0) or 0)
    return weight


class BatchTask:
    """A batch of ``size`` items of a task, as the engine sees it."""

    module: str
    own_limit: Any
    values_stay = False
    """The values come here in one piece: the future of an item has to look into it."""

    def __init__(self, task: Any, size: int) -> None:
        self.task, self.size = task, size
        self.name = f"{task.name} ×{size}"
        self.module, self.executor_name = task.module, task.executor_name
        self.is_flow, self.is_async, self.simple = task.is_flow, task.is_async, task.simple
        self.is_local = task.is_local
        self.role: str | None = None
        self.own_limit = task.own_limit
        self.options: Options = task.options
        if self.options.retries is not None:
            self.options = dataclasses.replace(self.options, retries=_OfItems(self.options.retries))
        self.fn: Callable[..., Any] = AsyncEach(task.fn, task.name) if task.is_async else Each(task.fn, task.name)

    def latest(self) -> Definition:
        """A batch of the task that goes by this name now."""
        new = self.task.latest()
        return self if new is self.task else BatchTask(new, self.size)

    def waits_for(self, args: tuple[Any, ...], kwargs: dict[str, Any], names: bool | frozenset[str]) -> Any:
        """The columns of the parameters that ``wait=`` or ``resolve=`` selects."""
        return self.task.waits_for(args, {}, names)

    def changed(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], names: bool | frozenset[str], by: Callable[[Any], Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The columns with those that ``resolve=`` selects changed."""
        return self.task.changed(args, {}, names, by)[0], kwargs

    def __reduce__(self) -> Any:
        return BatchTask, (self.task, self.size)

    def __repr__(self) -> str:
        return f"<{self.size} items of {self.task!r}>"


class _OfItems:
    """The retry policy of a batch: that of its items, asked of what they raised."""

    def __init__(self, policy: RetryPolicy) -> None:
        self.policy = policy

    def pause(self, attempt: int, error: BaseException, rng: random.Random, elapsed: float = 0.0) -> float | None:
        """The longest pause that one of the failures asks for; ``None`` if none of them is to be tried again."""
        errors = error.failures.values() if isinstance(error, BatchError) else [error]
        pauses = [self.policy.pause(attempt, one, rng, elapsed) for one in errors if isinstance(one, Exception)]
        return max([pause for pause in pauses if pause is not None], default=None)


class Each:
    """The body of a batch: calls a function with each row of the columns, whatever single calls raise."""

    def __init__(self, fn: Callable[..., Any], name: str) -> None:
        self.fn, self.name = fn, name

    def __call__(self, *columns: Any, first: int) -> list[Any]:
        """All the values.

        Raises:
            BatchError: some calls raised; it has the values of the others.
            TaskCancelled: the batch was told to stop.
        """
        values: list[Any] = []
        failures: dict[int, BaseException] = {}
        calls, total, length = map(self.fn, *columns), min(map(len, columns)), 1
        call, tell = current_call(), _Progress(total)
        began = time.perf_counter()
        while len(values) < total:
            goal = min(total, len(values) + length)
            try:
                # A list that takes from an iterator keeps what it has when that raises; a map goes on behind it.
                values.extend(itertools.islice(calls, goal - len(values)))
                if len(values) < goal:
                    raise StopIteration("the function raised StopIteration")
            except BaseException as error:
                failures[len(values)] = error
                values.append(None)
            now = time.perf_counter()
            if now - began < _SHORT:
                length *= 2
            elif now - began > _LONG:
                length = max(1, length // 2)
            began = now
            tell(len(values), now)
            if call is not None and call.stopped:
                raise TaskCancelled(f"{call.label} was told to stop")
        for place in _going_on(values):
            try:
                values[place] = _submitted(values[place]).result()
            except BaseException as error:
                failures[place], values[place] = error, None
        return _outcome(self.name, first, values, failures)


class AsyncEach(Each):
    """The same for a coroutine function: one call after the other, each awaited before the next."""

    async def __call__(self, *columns: Any, first: int) -> list[Any]:  # type: ignore[override]
        """All the values; see :class:`Each`."""
        values: list[Any] = []
        failures: dict[int, BaseException] = {}
        tell = _Progress(min(map(len, columns)))
        for row in zip(*columns, strict=False):
            try:
                value = await self.fn(*row)
                values.append(await _submitted(value) if issubclass(type(value), (Future, Plan)) else value)
            except (asyncio.CancelledError, GeneratorExit):
                raise  # the batch itself is stopped
            except BaseException as error:
                failures[len(values)] = error
                values.append(None)
            tell(len(values), time.perf_counter())
        return _outcome(self.name, first, values, failures)


class _Progress:
    """Shows in the row of a batch that takes a while how many items are done."""

    def __init__(self, total: int) -> None:
        self.total, self.call = total, current_call()
        self.when, self.is_shown = time.perf_counter(), False

    def __call__(self, done: int, now: float) -> None:
        """So many are done by now."""
        call = self.call
        if call is not None and (now - self.when > _TELL or (self.is_shown and done == self.total)):
            self.when, self.is_shown = now, True
            call.future.run.append(r.Progress(call.engine.now(), call.future.id, done, self.total, "items"))


def _going_on(values: list[Any]) -> Iterator[int]:
    """The places of the values that stand for work: the item goes on as that."""
    if any(issubclass(kind, (Future, Plan)) for kind in set(map(type, values))):
        yield from [place for place, value in enumerate(values) if issubclass(type(value), (Future, Plan))]


def _submitted(value: Any) -> Any:
    return value.submit() if issubclass(type(value), Plan) else value


def _outcome(name: str, first: int, values: list[Any], failures: dict[int, BaseException]) -> list[Any]:
    if not failures:
        return values
    failures = dict(sorted(failures.items()))
    frames = {place: trim(error.__traceback__) for place, error in failures.items()}
    for place, error in failures.items():
        add_note(error, f"in item {first + place} of {name}.map")
    named = [
        f"[{first + place}] {type(error).__name__}: {message(error)[:200]}"
        for place, error in itertools.islice(failures.items(), NAMED)
    ]
    more = f"; and {len(failures) - NAMED} more" if len(failures) > NAMED else ""
    text = f"{len(failures)} of {len(values)} items of {name} failed: {'; '.join(named)}{more}"
    raise BatchError.of(text, values, failures, frames)
