"""``@step`` and ``@catch_error``: functions as steps of a workflow.

The function stays what it is, so that it can be called in tests and by ``super()``; what is known of it is a
:class:`Step`, kept at the function as ``_step``.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from ipyflow.engine.options import RetryPolicy
from ipyflow.errors import WorkflowValidationError
from ipyflow.flows.workflow import step_options
from ipyflow.flows.workflow.events import Event, StepFailedEvent
from ipyflow.flows.workflow.hints import scope_of
from ipyflow.flows.workflow.signature import Parameter, Signature, read
from ipyflow.flows.workflow.step_options import Handler

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A step of a workflow: what it takes and gives, and how it is run.

    Attributes:
        name: its name in the workflow.
        fn: the plain function; it is called by name, with the workflow in front where ``takes_self``.
        takes_self: it is a method.
        is_async: it is ``async def`` and runs on the loop; else on a thread.
        takes: the parameters for events: one, or several that are put together, or one list.
        context: the name of the parameter for the context.
        state_type: the type of the context's state, of ``Context[MyState]``.
        resources: name, type and resource of the parameters ``Annotated[T, Resource(...)]``.
        gives: the types of the events it may return.
        gives_lists: the types of the events in the lists it may return.
        order: the names of all parameters behind ``self`` that it is called with.
        num_workers: so many run at once.
        retries: when it is tried again after a failure.
        timeout: seconds for one attempt.
        handles: what it handles, for a ``@catch_error``.
        skip_graph_checks: the checks of the graph that it is left out of.
        accept_event_subclasses: it takes subclasses of its types too.
        by_place: it can be called with the values of ``order`` by place; else only by name.
    """

    name: str
    fn: Callable[..., Any]
    takes_self: bool
    is_async: bool
    takes: tuple[Parameter, ...]
    context: str | None
    state_type: type | None
    resources: tuple[tuple[str, Any, Any], ...]
    gives: tuple[type[Event], ...]
    gives_lists: tuple[type[Event], ...]
    order: tuple[str, ...]
    num_workers: int = 4
    retries: RetryPolicy | None = None
    timeout: float | None = None
    handles: Handler | None = None
    skip_graph_checks: frozenset[str] = frozenset()
    accept_event_subclasses: bool = False
    by_place: bool = True

    def accepts(self, index: int, kind: type) -> bool:
        """True when the parameter at ``index`` takes events of this type."""
        types = self.takes[index].types
        return kind in types or (self.accept_event_subclasses and issubclass(kind, types))


@overload
def step(fn: F, /) -> F: ...


@overload
def step(
    *,
    workflow: Any = None,
    num_workers: int = 4,
    retry_policy: Any = None,
    timeout: Any = None,
    skip_graph_checks: Iterable[str] | None = None,
    accept_event_subclasses: bool = False,
) -> Callable[[F], F]: ...


def step(fn: Any = None, /, **given: Any) -> Any:
    """Make a step of a method: its annotations say which events it takes and gives.

    Works bare, with ``()`` and with options, on ``async def`` (run on the loop) and ``def`` (run on a thread).

    Args:
        fn: the method, or a function where ``workflow`` is given.
        given: ``workflow`` (the class that a function becomes a step of); ``num_workers`` (so many at once, 4);
            ``retry_policy`` (a number, ``True``, :class:`Retry`, a tenacity strategy, or an object with
            ``next(elapsed, attempts, error)``); ``timeout`` (seconds for one attempt); ``skip_graph_checks``
            (``"reachability"``, ``"dead_end"``); ``accept_event_subclasses`` (take subclasses of its types too).

    Raises:
        WorkflowValidationError: a signature or an option that cannot be; the message says what can.

    Example:
        >>> from ipyflow.flows.workflow.events import StartEvent, StopEvent
        >>> @step(num_workers=2)
        ... def double(self, ev: StartEvent) -> StopEvent:
        ...     return StopEvent(result=2 * ev.n)
        >>> double(None, StartEvent(n=4)).result
        8
    """
    __tracebackhide__ = True
    return _decorated(fn, given, "@step", sys._getframe(1))


@overload
def catch_error(fn: F, /) -> F: ...


@overload
def catch_error(*, for_steps: Iterable[str] | None = None, max_recoveries: int = 1) -> Callable[[F], F]: ...


def catch_error(fn: Any = None, /, **given: Any) -> Any:
    """Make a handler of a method: it takes the :class:`StepFailedEvent` of steps that have failed for good.

    What it returns goes on like any event; what it raises ends the run.

    Args:
        fn: the method.
        given: ``for_steps`` (the names of the steps; without it, all that no other handler has); ``max_recoveries`` (so
            often at most for what came of one event, 1).

    Raises:
        WorkflowValidationError: it takes something else, or an option cannot be.
    """
    __tracebackhide__ = True
    return _decorated(fn, given, "@catch_error", sys._getframe(1))


def _decorated(fn: Any, given: dict[str, Any], word: str, frame: types.FrameType) -> Any:
    __tracebackhide__ = True
    made = step_options.check(word, given)
    if fn is not None:
        return _put(fn, given, made, word, frame)

    def decorator(fn: Any) -> Any:
        __tracebackhide__ = True
        return _put(fn, given, made, word, sys._getframe(1))

    return decorator


def _put(fn: Any, given: dict[str, Any], made: dict[str, Any], word: str, frame: types.FrameType) -> Any:
    __tracebackhide__ = True
    if isinstance(fn, staticmethod):
        return staticmethod(_put(fn.__func__, given, made, word, frame))
    if not isinstance(fn, types.FunctionType):
        raise WorkflowValidationError(f"{word} goes on a method or a function, not on {fn!r}")
    if inspect.isasyncgenfunction(fn) or inspect.isgeneratorfunction(fn):
        raise WorkflowValidationError(
            f"step {fn.__qualname__}: it yields: return the events as a list, `-> list[SomeEvent]`, or send them"
        )
    signature = read(fn, scope_of(fn, frame))
    if "handles" in made and [one.types for one in signature.takes] != [(StepFailedEvent,)]:
        raise WorkflowValidationError(
            f"step {fn.__qualname__}: a handler takes a StepFailedEvent and nothing else: write `ev: StepFailedEvent`"
        )
    values = {name: getattr(signature, name) for name in Signature.__slots__}
    is_async = inspect.iscoroutinefunction(fn)
    fn._step = Step(fn.__name__, fn, is_async=is_async, **values, **made)  # type: ignore[attr-defined]
    if given.get("workflow") is not None:
        given["workflow"].add_step(fn)
    return fn
