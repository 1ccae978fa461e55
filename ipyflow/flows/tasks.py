"""``@task`` and ``@flow``: functions that can be submitted."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Coroutine, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Generic, Literal, ParamSpec, Protocol, TypeVar, overload

from ipyflow.engine import crossing, default, sources
from ipyflow.engine.future import Future
from ipyflow.engine.inner_code import is_local
from ipyflow.engine.options import Options
from ipyflow.flows import batches
from ipyflow.flows import options as option_forms
from ipyflow.flows.lists import FutureList, all_or_none
from ipyflow.flows.pipelines.value import Sendable

P = ParamSpec("P")
R = TypeVar("R")

_latest: dict[tuple[str, str], Task[Any, Any]] = {}
"""The newest task by the place of its function: a retry runs the code of now, not that of the run's beginning."""


def flow_called(module: str, name: str) -> Task[Any, Any] | None:
    """The flow that goes by a name in a module now, if it is known: the newest, where several do."""
    found = [one for one in _latest.values() if one.is_flow and (one.module, one.name) == (module, name)]
    return found[-1] if found else None


def _place(fn: Any) -> tuple[str, str]:
    """Module and qualified name; nothing for a function made in a function, of which there may be many at once."""
    name = getattr(fn, "__qualname__", "")
    return (getattr(fn, "__module__", None) or "", "" if "<" in name else name)


class Task(Sendable, Generic[P, R]):
    """A function under ``@task`` or ``@flow``. Calling it submits it and waits; ``submit`` does not wait.

    Attributes:
        name: its label in views and messages.
        fn: the plain function.
        options: its checked options.
    """

    def __init__(self, fn: Callable[P, R], given: dict[str, Any], is_flow: bool) -> None:
        if not callable(fn):
            raise TypeError(f"@task goes on a function, not on {fn!r}")
        if inspect.isasyncgenfunction(fn) or inspect.isgeneratorfunction(fn):
            raise TypeError(f"{fn.__name__} is a generator; a task returns its value: write `return list(...)`")
        self.fn = fn
        self._given = given
        self.options: Options = option_forms.check(fn, given)
        self.is_flow = is_flow
        self.is_async = inspect.iscoroutinefunction(fn)
        self.is_local = is_local(fn)
        self.name: str = _name(given.get("name"), fn)
        self.module: str = getattr(fn, "__module__", None) or "__main__"
        executor = self.options.executor
        self.executor_name = executor if isinstance(executor, str) else type(executor).__name__
        o = self.options
        timed = o.timeout is not None or isinstance(o.retries, (option_forms.TenacityRetry, option_forms.NextRetry))
        here = o.executor in option_forms.HERE
        self.simple = here and not (o.wait or o.resolve or timed or o.memo or o.cache or o.limit or o.rate or o.delay)
        self.simple = self.simple and o.max_parallelism is None and o.defer is False and not o.recurrent
        self._parameters: inspect.Signature | None = None
        functools.update_wrapper(self, fn, updated=())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Submit and wait: exactly ``submit(...).result()``."""
        __tracebackhide__ = True  # IPython leaves frames out that say so: a reader wants their own
        future: Future[R] = (default.instance or default.make()).submit(self, args, kwargs)
        return future.result()

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Start the function in the background; returns its future at once.

        Example:
            >>> import ipyflow as fl
            >>> @fl.task
            ... def double(x):
            ...     return 2 * x
            >>> a, b = double.submit(1), double.submit(2)
            >>> a.result() + b.result()
            6
        """
        __tracebackhide__ = True
        return (default.instance or default.make()).submit(self, args, kwargs)

    def map(
        self, *iterables: Iterable[Any], ordered: bool = True, batch: int | Literal["auto"] | None = None
    ) -> FutureList[R]:
        """Submit one call for each set of items, as the built-in ``map`` pairs them.

        Args:
            iterables: one for each positional parameter; the shortest ends it.
            ordered: ``results()`` and iteration in the order of the items, else as they finish.
            batch: run so many items in one task, one after the other: a small call then costs a microsecond and not
                what a task costs, which is hundreds in a process. ``"auto"`` chooses by the number of items and of
                workers, and leaves few items, flows, ``async def`` and tasks with ``timeout=``, ``rate=`` or ``memo=``
                as they are.

        Each item has its future, batches or not, and an item that raises does not stop the others. But a batch is *one*
        task: its log, its place in views, ``limit=``, ``timeout=``, ``wait=``, ``resolve=`` and ``retries=`` are of the
        batch as a whole, so a retry runs all its items again. The items of an ``async def`` are awaited one after the
        other. Cancelling an item drops its value; what runs is stopped when all items of a batch are cancelled.

        Raises:
            TypeError, ValueError: ``batch`` cannot be, or not together with ``memo=`` or ``rate=``.

        Example:
            >>> import ipyflow as fl
            >>> @fl.task
            ... def add(x, y):
            ...     return x + y
            >>> add.map([1, 2], [10, 20]).results()
            [11, 22]
            >>> sums = add.map(range(1000), range(1000), batch=250)
            >>> sums[7].result(), sum(sums.results()), sums.progress
            (14, 999000, (1000, 1000))
        """
        if not iterables:
            raise TypeError(f"{self.name}.map() needs at least one iterable of arguments")
        if batch is not None:
            iterables = batches.columns(self, iterables, batch)
            futures = batches.mapped(self, iterables, ordered, batch)
            if futures is not None:
                return futures
        submit = (default.instance or default.make()).submit
        if self.options.executor in option_forms.HERE:
            return FutureList([submit(self, items, {}) for items in zip(*iterables, strict=False)], ordered)
        return FutureList(all_or_none(submit(self, items, {}) for items in zip(*iterables, strict=False)), ordered)

    def form(self, /, **preset: Any) -> Any:
        """A form that starts it: a field for each parameter, drawn from hints, defaults and docstring.

        In a notebook it displays itself, with the runs it starts under it; elsewhere it is text, ``.ask()`` asks for
        the values and ``.start()`` starts it. See ``docs/forms.md``.

        Args:
            preset: values that stand in the form at first, by the names of parameters.

        Raises:
            TypeError: there is no such parameter.
            FormError: a value that cannot be.

        Example:
            >>> import ipyflow as fl
            >>> @fl.flow
            ... def train(rate: float, epochs: int = 10):
            ...     return rate * epochs
            >>> form = train.form(rate=0.5)
            >>> form.start(epochs=4).result()
            2.0
        """
        return default.form(self, preset)

    def with_options(self, **changes: Any) -> Task[P, R]:
        """A copy with some options changed.

        Example:
            >>> import ipyflow as fl
            >>> @fl.task
            ... def f():
            ...     return 1
            >>> f.with_options(name="again", retries=3).name
            'again'
        """
        copy = type(self)(self.fn, {**self._given, **changes}, self.is_flow)
        copy._is_copy, copy._instance = True, self._instance
        if self._key is not None and self._is_guest:
            copy._key, copy._changes, copy._is_guest = self._key, {**self._changes, **changes}, True
        return copy

    _is_copy = False
    _key: int | None = None
    """Its number, once it has crossed the border to a worker."""
    _changes: Mapping[str, Any] = MappingProxyType({})
    _is_guest = False
    """True in a worker, for a task of the engine's process."""
    own_limit = None
    is_local = False
    role: str | None = None
    _instance: Any = None

    def bound_to(self, instance: Any) -> Task[Any, Any]:
        """The task of this function as a method of ``instance``."""
        bound: Task[Any, Any] = Task(types.MethodType(self.fn, instance), self._given, self.is_flow)
        bound._instance, bound._is_copy = instance, self._is_copy
        return bound

    def latest(self) -> Task[Any, Any]:
        """The task that goes by this name now: its cell may have been edited and run again."""
        fn = self.fn if self._instance is None else self.fn.__func__  # type: ignore[attr-defined]
        new = _latest.get(_place(fn))
        if new is None or new.fn is fn:
            return self
        if self._is_copy:  # it stays one, with its options
            new = Task(new.fn, self._given, self.is_flow)
            new._is_copy = True
        return new if self._instance is None else new.bound_to(self._instance)

    def waits_for(self, args: tuple[Any, ...], kwargs: dict[str, Any], names: bool | frozenset[str]) -> Any:
        """The arguments that ``wait=`` or ``resolve=`` selects."""
        if names is True:
            return (args, kwargs)
        bound = self._bind(args, kwargs)
        return [value for name, value in bound.arguments.items() if names and name in names]

    def changed(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], names: bool | frozenset[str], by: Callable[[Any], Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with those that ``resolve=`` selects changed."""
        bound = self._bind(args, kwargs)
        for name, value in bound.arguments.items():
            if names is True or (names and name in names):
                bound.arguments[name] = by(value)
        return bound.args, bound.kwargs

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> inspect.BoundArguments:
        if self._parameters is None:
            self._parameters = inspect.signature(self.fn)
        return self._parameters.bind(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: bound to its instance, which is passed as the first argument."""
        if instance is None:
            return self
        return BoundTask(self, instance)

    def __repr__(self) -> str:
        try:
            signature = str(inspect.signature(self.fn))
        except ValueError:  # a built-in type that does not tell
            signature = "(...)"
        return f"<{'flow' if self.is_flow else 'task'} {self.name}{signature}>"

    def __reduce__(self) -> Any:
        side = crossing.border.get()
        if side is None:
            return self._by_value()
        if isinstance(self.options.executor, str):
            return side.task_out(self, self._by_value())
        return side.task_out(self, (_at, _place(self.fn)))  # an executor that somebody has made cannot travel

    def _by_value(self) -> Any:
        return (_remake, (self.fn, self._given, self.is_flow))


def _remake(fn: Any, given: dict[str, Any], is_flow: bool) -> Task[Any, Any]:
    return Task(fn, given, is_flow)


def _at(module: str, name: str) -> Task[Any, Any]:
    """The task of that place in this process."""
    try:
        return _latest[module, name]
    except KeyError:
        raise RuntimeError(f"{name}, with an executor of its own, is not known here: define it in a module") from None


class BoundTask(Sendable):
    """A task reached through an instance."""

    def __init__(self, task: Task[Any, Any], instance: Any) -> None:
        self._task, self._instance = task, instance

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Submit and wait."""
        return self._task(self._instance, *args, **kwargs)

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        """Start in the background."""
        return self._task.submit(self._instance, *args, **kwargs)

    def map(
        self, *iterables: Iterable[Any], ordered: bool = True, batch: int | Literal["auto"] | None = None
    ) -> FutureList[Any]:
        """Submit one call for each set of items; see :meth:`Task.map`."""
        if batch is not None:
            return self._task.bound_to(self._instance).map(*iterables, ordered=ordered, batch=batch)
        return FutureList([self.submit(*items) for items in zip(*iterables, strict=False)], ordered)

    def with_options(self, **changes: Any) -> BoundTask:
        """The same method with some options changed; see :meth:`Task.with_options`."""
        return BoundTask(self._task.with_options(**changes), self._instance)

    def form(self, /, **preset: Any) -> Any:
        """A form that starts it; see :meth:`Task.form`."""
        return self._task.bound_to(self._instance).form(**preset)

    def step_task(self) -> Task[Any, Any]:
        """The task of the bound method: what a pipeline hands on comes behind the instance."""
        return self._task.bound_to(self._instance)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)


def _name(given: Any, fn: Callable[..., Any]) -> str:
    if given is None:
        return getattr(fn, "__name__", type(fn).__name__)
    if not isinstance(given, str) or not given.strip():
        raise TypeError(f"name={given!r}: give a name as text")
    return given


class Decorator(Protocol):
    """What ``task(...)`` and ``flow(...)`` with options return; a coroutine function's task gives what it awaits to."""

    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, R]], /) -> Task[P, R]: ...

    @overload
    def __call__(self, fn: Callable[P, R], /) -> Task[P, R]: ...


@overload
def task(fn: Callable[P, Coroutine[Any, Any, R]], /) -> Task[P, R]: ...


@overload
def task(fn: Callable[P, R], /) -> Task[P, R]: ...


@overload
def task(**options: Any) -> Decorator: ...


def task(fn: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a task of a function: it can be submitted, and shows in views.

    Works bare, with ``()`` and with options, on ``def`` (run on a thread) and ``async def`` (run on the loop).

    Args:
        fn: the function.
        options: ``name`` (label); ``wait`` (do not start before the futures in these arguments are done: ``True`` or
            parameter names); ``resolve`` (the same, and pass their values); ``executor`` (``"threads"``,
            ``"processes"``, ``"dask"``, ``"inline"``, a ``concurrent.futures.Executor``, or a name that another
            package offers); ``retries`` (a number, ``True``, :class:`Retry`); ``timeout`` (seconds for an attempt);
            ``memo`` (reuse the value of an equal call in this run); ``cache`` (reuse the value of an equal call
            whenever it was made: ``True``, the seconds for which it counts, :class:`Cache`); ``limit`` (so many at
            once); ``rate`` (``"5/s"``); ``delay`` (seconds before it starts); ``defer`` (``True``, parameter names,
            :class:`Defer`: a newer call with the same arguments takes the place of one that still waits); ``recurrent``
            (run again, ``delay`` seconds later, while it returns ``None``); ``on_leak`` (``"warn"``, ``"wait"``,
            ``"cancel"``, ``"error"``, ``"ignore"``); ``stdout`` (``"task"`` or ``"cell"``).

    Raises:
        TypeError, ValueError: an option that cannot be; the message says what can.

    Example:
        >>> import ipyflow as fl
        >>> @fl.task(retries=2)
        ... def double(x):
        ...     return 2 * x
        >>> double(4)
        8
    """
    return _decorate(fn, options, is_flow=False)


@overload
def flow(fn: Callable[P, Coroutine[Any, Any, R]], /) -> Task[P, R]: ...


@overload
def flow(fn: Callable[P, R], /) -> Task[P, R]: ...


@overload
def flow(**options: Any) -> Decorator: ...


def flow(fn: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a flow of a function: a task that submits others. Called outside any task it starts a run.

    Takes the options of :func:`task`. ``on_leak`` says what happens to children that it did not read;
    ``max_parallelism=N``: at no instant run more than N tasks below it, whatever starts them. One that waits in one of
    our waits does not count, and the flow itself does not.

    Example:
        >>> import ipyflow as fl
        >>> @fl.task
        ... def double(x):
        ...     return 2 * x
        >>> @fl.flow
        ... def both(x, y):
        ...     a, b = double.submit(x), double.submit(y)
        ...     return a.result() + b.result()
        >>> both(1, 2)
        6
    """
    return _decorate(fn, options, is_flow=True)


def _decorate(fn: Callable[..., Any] | None, options: dict[str, Any], is_flow: bool) -> Any:
    word = "flow" if is_flow else "task"
    if fn is None:
        return lambda f: _decorate(f, options, is_flow) if callable(f) else Task(f, options, is_flow)
    if isinstance(fn, Task):
        raise TypeError(
            f"{fn.name} is a {'flow' if fn.is_flow else 'task'} already; for other options write .with_options(...)"
        )
    if not callable(fn):
        raise TypeError(f"@{word}({fn!r}): options go by name, as in @{word}(name={fn!r})")
    made: Task[Any, Any] = Task(fn, options, is_flow)
    place = _place(fn)
    if place[1]:
        _latest[place] = made
    sources.remember(made.module, made.name, fn)
    return made
