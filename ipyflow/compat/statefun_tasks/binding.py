"""What makes tasks of functions: ``FlinkTasks``, and its retry policy."""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NoReturn, ParamSpec, TypeVar

from ipyflow import Future, Pipeline, Task, task
from ipyflow.compat.statefun_tasks.builder import PipelineBuilder
from ipyflow.compat.statefun_tasks.context import TaskContext

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class RetryPolicy:
    """Which failures are tried again, how often and after what pause.

    Args:
        retry_for: the exception types; the default is all of them.
        max_retries: retries after the first attempt.
        delay: the pause before a retry.
        exponential_back_off: double the pause each time; the first retry then waits twice ``delay``.

    Example:
        >>> import random
        >>> from datetime import timedelta
        >>> policy = RetryPolicy([OSError], max_retries=3, delay=timedelta(seconds=1), exponential_back_off=True)
        >>> [policy.pause(attempt, OSError(), random.Random()) for attempt in (1, 2, 3, 4)]
        [2.0, 4.0, 8.0, None]
    """

    retry_for: list[type[BaseException]] = field(default_factory=lambda: [Exception])
    max_retries: int = 1
    delay: timedelta = timedelta()
    exponential_back_off: bool = False

    def pause(self, attempt: int, error: BaseException, rng: random.Random, elapsed: float = 0.0) -> float | None:
        """Seconds before the next attempt, ``None`` to give up. ``attempt`` is the one that failed."""
        if attempt > self.max_retries or not isinstance(error, tuple(self.retry_for)):
            return None
        seconds: float = self.delay.total_seconds()
        return seconds * 2.0**attempt if self.exponential_back_off else seconds


class FlinkTask(Task[P, R]):
    """A task that is a plain function when it is called: only ``send`` and ``submit`` go through the engine."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function itself, as it was written."""
        written: Callable[P, R] = getattr(self.fn, "as_written", self.fn)
        return written(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> Any:
        """A pipeline of this task alone, with these arguments."""
        __tracebackhide__ = True
        return PipelineBuilder().continue_with(self, *args, **kwargs)

    def with_options(
        self,
        *,
        retry_policy: Any = None,
        is_fruitful: bool | None = None,
        display_name: str | None = None,
        namespace: str | None = None,
        worker_name: str | None = None,
        task_id: str | None = None,
        **changes: Any,
    ) -> Task[P, R]:
        """A copy with some options changed, by either name: what ``pipeline.set(...)`` does to its last task."""
        _no_memory(task_id)
        named = {"retries": retry_policy, "fruitful": is_fruitful, "name": display_name}
        changes.update((name, value) for name, value in named.items() if value is not None)
        return super().with_options(**changes)


class FlinkTasks:
    """Where functions are bound. All that it can be given says where a cluster runs; none of it matters here.

    Example:
        >>> from ipyflow.compat.statefun_tasks import FlinkTasks, client
        >>> tasks = FlinkTasks(default_namespace="example", default_worker_name="worker")
        >>> @tasks.bind()
        ... def multiply(x, y):
        ...     return x * y
        >>> client.submit(multiply.send(3, 2).continue_with(multiply, 7)).result()
        42
    """

    def __init__(
        self,
        default_namespace: str | None = None,
        default_worker_name: str | None = None,
        egress_type_name: str | None = None,
        egress_message_max_size: int | None = None,
        serialiser: Any = None,
        state_expiration: timedelta | None = None,
        keep_task_state: bool = False,
        embedded_pipeline_namespace: str | None = None,
        embedded_pipeline_type: str | None = None,
    ) -> None: ...

    def bind(
        self,
        namespace: str | None = None,
        worker_name: str | None = None,
        retry_policy: Any = None,
        with_state: bool = False,
        is_fruitful: bool = True,
        module_name: str | None = None,
        with_context: bool = False,
        display_name: str | None = None,
        task_id: str | None = None,
        **options: Any,
    ) -> Callable[[Callable[P, R]], FlinkTask[P, R]]:
        """Make a task of a function.

        Args:
            namespace: not used, as ``worker_name`` and ``module_name``: there is one process.
            worker_name: not used.
            retry_policy: a :class:`RetryPolicy`, or what ``retries=`` of :func:`ipyflow.task` takes.
            with_state: it takes the pipeline's state first and returns the new state before its result.
            is_fruitful: False: it hands nothing on.
            module_name: not used.
            with_context: it takes a :class:`TaskContext` first, before the state.
            display_name: its label.
            task_id: not here; it would give the task a memory of its own.
            options: further options of :func:`ipyflow.task`, as ``timeout=`` or ``limit=``.

        Raises:
            TypeError: written without parentheses.
            NotImplementedError: ``task_id`` was given.
        """
        if callable(namespace):
            raise TypeError("write @tasks.bind() with its parentheses")
        _no_memory(task_id)

        def decorate(fn: Callable[P, R]) -> FlinkTask[P, R]:
            given = {"retries": retry_policy, "name": display_name, "with_state": with_state, "fruitful": is_fruitful}
            given.update(options)
            body = _adapted(fn, with_context, with_state)
            task(**given)(body)  # makes it known by its name: a retry runs the code that the name stands for by then
            return FlinkTask(body, given, False)

        return decorate

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"tasks.{name} is not here: nothing is registered, sent or run elsewhere; bind functions with "
            "@tasks.bind() and look at a run with run.log or in its view"
        )

    @staticmethod
    def send(func: Any, *args: Any, **kwargs: Any) -> Pipeline:
        """A pipeline that begins with this task: ``func.send(...)``."""
        try:
            send: Callable[..., Pipeline] = func.send
        except AttributeError:
            raise AttributeError(f"{func!r} has no send: put @tasks.bind() on it") from None
        return send(*args, **kwargs)


def _no_memory(task_id: object) -> None:
    if task_id is not None:
        raise NotImplementedError(
            f"task_id={task_id!r}: a task has no memory of its own here. Keep what it shall remember in the pipeline's "
            "state (with_state=True) or in an object of yours; memo=True reuses the value of an equal call"
        )


def _adapted(fn: Callable[..., Any], with_context: bool, with_state: bool) -> Any:
    """The function as a task's body: gets a context, gives generated items as a list and its state as one of two."""
    generates = inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn)
    if not (with_context or with_state or generates):
        return fn
    body: Any

    def call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return fn(TaskContext(), *args, **kwargs) if with_context else fn(*args, **kwargs)

    def given(value: Any) -> Any:
        value = list(value) if isinstance(value, Generator) else value
        return _state_and_result(value) if with_state else value

    if inspect.iscoroutinefunction(fn) or inspect.isasyncgenfunction(fn):

        @functools.wraps(fn)
        async def body(*args: Any, **kwargs: Any) -> Any:
            made = call(args, kwargs)
            return given([item async for item in made] if inspect.isasyncgen(made) else await made)
    else:

        @functools.wraps(fn)
        def body(*args: Any, **kwargs: Any) -> Any:
            return given(call(args, kwargs))

    signature = inspect.signature(fn)
    body.__signature__ = signature.replace(parameters=list(signature.parameters.values())[with_context:])
    body.as_written = fn
    return body


def _state_and_result(value: Any) -> Any:
    """``state, a, b`` hands on two values, and the state alone none."""
    if isinstance(value, (Pipeline, Future)):
        return value  # without a state beside it: the pipeline refuses it, and says what it wants
    if type(value) is not tuple:
        return value, ()
    return (value[0], value[1:]) if value and len(value) != 2 else value
