"""``ipyflow.Executor``: the engine as a ``concurrent.futures.Executor``, for libraries that take one.

Owns: the run that its work goes into, and which of its futures are unfinished. Called by: any thread. Guarantees:
what is submitted inside a task is a child of that task; at top level it goes into the executor's own run, which is
open until the executor is shut down.
"""

from __future__ import annotations

import concurrent.futures
import functools
import inspect
import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from ipyflow.engine import default
from ipyflow.engine.blocking import refuse_on_loop, wait_all
from ipyflow.engine.context import current_call, scope
from ipyflow.engine.future import Future
from ipyflow.engine.limits import Limit
from ipyflow.engine.options import Definition
from ipyflow.engine.run import Run
from ipyflow.flows import batches
from ipyflow.flows.batch_items import Batch
from ipyflow.flows.tasks import Task
from ipyflow.model import records as r

T = TypeVar("T")
_REFUSED = ("name", "limit", "memo", "with_state", "fruitful")
"""Options of tasks that have no sense here, or another name."""


class Executor(concurrent.futures.Executor):
    """The engine as a ``concurrent.futures.Executor``: whatever takes one gets work that is seen and can be stopped.

    Each call is a task: it stands in the views, can be cancelled, and has the options that were given. The futures are
    ours, so they can be awaited, retried and asked why they do not move.

    Args:
        executor: where the calls run: ``"threads"``, ``"processes"``, or any other of the ``executor=`` of tasks.
        name: of its run.
        max_workers: calls that run at once at most; without, as many as the place can run.
        options: of :func:`ipyflow.task`, for every call: ``retries=``, ``timeout=``, ``rate=``, ...

    Raises:
        TypeError, ValueError: an option that cannot be.

    Example:
        >>> import ipyflow as fl
        >>> with fl.Executor(max_workers=2, name="powers") as executor:
        ...     list(executor.map(pow, [2, 3, 4], [5, 2, 1])), executor.submit(divmod, 7, 2).result()
        ([32, 9, 4], (3, 1))
        >>> executor.run.name, len(executor.run.snapshot().tasks)
        ('powers', 4)

    It fits wherever the standard library's executors do::

        await asyncio.get_running_loop().run_in_executor(executor, read, path)
        scipy.optimize.differential_evolution(f, bounds, workers=executor.map, updating="deferred")
    """

    def __init__(
        self, executor: Any = "threads", *, name: str = "executor", max_workers: int | None = None, **options: Any
    ) -> None:
        for option in _REFUSED:
            if option in options:
                hint = "max_workers= limits how many run at once" if option == "limit" else "decorate a task for that"
                raise TypeError(f"{option}= is no option of an Executor: {hint}")
        given: object = name
        if not isinstance(given, str) or not given.strip():
            raise TypeError(f"name={name!r}: give a name as text")
        if max_workers is not None and (isinstance(max_workers, bool) or not isinstance(max_workers, int)):
            raise TypeError(f"max_workers={max_workers!r}: give a whole number, or None")
        if max_workers is not None and max_workers < 1:
            raise ValueError(f"max_workers={max_workers!r}: at least 1 must be able to run")
        for option in ("wait", "resolve"):
            if not isinstance(options.get(option, False), bool):
                raise TypeError(
                    f"{option}={options[option]!r}: give True or False, for functions of all kinds come here"
                )
        self.name = name
        self._given = {"executor": executor, **options}
        self._async_given = dict(options)
        self._pattern = Task(_nothing, self._given, is_flow=False)
        self._limit = None if max_workers is None else Limit(name, max_workers)
        self._engine = default.instance or default.make()
        self._guest = bool(getattr(self._engine, "is_guest", False))
        """True in a worker: the engine is elsewhere."""
        if self._guest and max_workers is not None:
            raise ValueError("max_workers= in a worker: make the executor in a flow on threads")
        self._lock = threading.Lock()
        self._unfinished: dict[Future[Any], None] = {}
        self._shut = False
        call = current_call()
        self._run = self._opened() if call is None else None
        self._made_in = None if call is None else call.future.run

    @property
    def run(self) -> Run:
        """The run of its lifetime; of an executor that was made in a task, the run of that task."""
        return self._run or self._made_in or self._own_run()

    def _own_run(self) -> Run:
        """Its own run; an executor that was made in a task has one once something is submitted from outside of it."""
        if self._run is None:
            with self._lock:
                if self._run is None:
                    self._run = self._opened()
        return self._run

    def _opened(self) -> Run:
        return self._engine.new_run(self.name, "executor")

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call ``fn(*args, **kwargs)`` in the background; returns its future at once.

        Args:
            fn: any callable; a coroutine function runs on the engine's loop.
            args: its positional arguments.
            kwargs: its keyword arguments.

        Raises:
            RuntimeError: the executor, or the engine, was shut down.
        """
        return self._submit(self._job(fn), args, kwargs)

    def map(
        self, fn: Callable[..., T], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1,
        **more: Any,
    ) -> Iterator[T]:  # fmt: skip
        """As the built-in ``map``, with all calls submitted at once and the results in their order.

        Args:
            fn: any callable.
            iterables: one for each parameter.
            timeout: seconds from now until the last result.
            chunksize: calls to be run by one task: more make small calls cheap, above all in processes.
            more: what later Pythons' executors take besides.

        Raises:
            TimeoutError: a result was not there in time.
            ValueError: a ``chunksize`` below 1.
        """
        given: object = chunksize
        if isinstance(given, bool) or not isinstance(given, int) or given < 1:
            raise ValueError(f"chunksize={chunksize!r}: give a whole number, 1 or more")
        if chunksize == 1 or more:
            return super().map(fn, *iterables, timeout=timeout, **more)
        end = None if timeout is None else time.monotonic() + timeout
        job = self._job(fn)
        columns = batches.columns(job, iterables, chunksize) if iterables else ([],)
        made = batches.submitted(self._submit, job, columns, itertools.repeat(chunksize))
        return _results(made, end)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls; the run ends when those that were taken have.

        Args:
            wait: wait for them.
            cancel_futures: cancel those that have not started.
        """
        self._shut = True
        if cancel_futures:
            for future in list(self._unfinished):
                if not future.running():
                    future.cancel()
        if self._run is not None and self._run.open:
            self._engine.end_scope(self._run)
        if wait:
            pending = [future for future in self._unfinished if not future.done()]
            if pending:
                refuse_on_loop(pending)
                wait_all(pending, None)

    def _submit(self, job: Definition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[Any]:
        if self._is_shut():
            raise RuntimeError("cannot schedule new futures after shutdown")
        engine = self._engine
        if not self._guest and not engine.accepting:
            raise RuntimeError("cannot schedule new futures after shutdown: ipyflow itself was shut down")
        if current_call() is not None:
            future = engine.submit(job, args, kwargs)
        else:
            token = scope.set(_Top(self._own_run()))  # type: ignore[arg-type]
            try:
                future = engine.submit(job, args, kwargs)
            finally:
                scope.reset(token)
        self._unfinished[future] = None
        future.when_settled(self._ended)
        if self._is_shut() and future.cancel():  # meanwhile, by another thread
            raise RuntimeError("cannot schedule new futures after shutdown")
        return future

    def _is_shut(self) -> bool:
        return self._shut

    def _ended(self, future: Future[Any]) -> None:
        self._unfinished.pop(future, None)

    def _job(self, fn: Callable[..., Any]) -> _Job:
        if not callable(fn):
            raise TypeError(f"submit({fn!r}): give a function, then its arguments")
        is_async = inspect.iscoroutinefunction(fn)
        return _Job(fn, self._async_pattern if is_async else self._pattern, self._limit)

    @functools.cached_property
    def _async_pattern(self) -> Task[Any, Any]:
        return Task(_nothing_async, self._async_given, is_flow=False)

    def __repr__(self) -> str:
        return f"<Executor {self.name}{' (shut down)' if self._shut else ''}, {len(self._unfinished)} unfinished>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self.run._repr_mimebundle_(include, exclude)


def _nothing() -> None:
    """Stands for the functions that come, where options are checked."""


async def _nothing_async() -> None:
    """The same for coroutine functions."""


class _Job(Task[Any, Any]):
    """A function that was handed in, with the options of its executor: as a task, without looking at it twice."""

    own_limit: Any

    def __init__(self, fn: Callable[..., Any], pattern: Task[Any, Any], limit: Limit | None) -> None:
        self.fn = fn
        self.name = _name(fn)
        self.module = getattr(fn, "__module__", None) or "__main__"
        self._given, self.options, self.is_flow = pattern._given, pattern.options, False
        self.is_async, self.executor_name = pattern.is_async, pattern.executor_name
        self.own_limit = limit
        self.simple = pattern.simple and limit is None
        self._parameters = None

    def latest(self) -> Task[Any, Any]:
        """What was handed in, whatever has its name now."""
        return self


def _name(fn: Any) -> str:
    while isinstance(fn, functools.partial):
        fn = fn.func
    name = getattr(fn, "__name__", None)
    return name if isinstance(name, str) and name else type(fn).__name__


class _Top:
    """Stands where the engine looks for the task that submits: nobody, and it goes into this run."""

    gates = permits = ()
    stopped = False
    is_body = False
    earlier = None
    ident = 0
    label = "the executor"

    def __init__(self, run: Run) -> None:
        self.future = self
        self.run = run
        self.id = r.NO_TASK
        self.unread = _NOBODY


class _Nobody(dict[int, None]):
    """There is no task that should read what is submitted at top level."""

    def __setitem__(self, id: int, value: None) -> None:
        """Forget it."""


_NOBODY = _Nobody()


def _results(made: list[Batch], end: float | None) -> Iterator[Any]:
    """The values of batches in their order; who stops asking cancels the rest."""
    made.reverse()
    try:
        while made:
            batch = made.pop()
            try:
                wait = None if end is None else end - time.monotonic()
                error = batch.future.exception(wait)
            except BaseException:
                batch.future.cancel()
                raise
            if error is None:
                yield from batch.values()
            else:
                for place in range(batch.size):
                    if batch.error(place) is not None:
                        batch.values()
                    yield batch.value(place)
    finally:
        for batch in made:
            batch.future.cancel()
