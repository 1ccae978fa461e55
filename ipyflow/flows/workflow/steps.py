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
from ipyflow.flows import options
from ipyflow.flows.workflow.events import Event, StepFailedEvent
from ipyflow.flows.workflow.hints import scope_of
from ipyflow.flows.workflow.signature import Parameter, Signature, read

F = TypeVar("F", bound=Callable[..., Any])

STEP_CHECKS = ("reachability", "dead_end")
"""The checks of the graph that a step can be left out of."""


@dataclass(frozen=True, slots=True)
class Handler:
    """What a ``@catch_error`` handles: the failures of ``for_steps``, or of all that no other handler has."""

    for_steps: tuple[str, ...] | None
    max_recoveries: int


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
    return _decorated(fn, given, _STEP_OPTIONS, _step, sys._getframe(1))


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
    return _decorated(fn, given, _HANDLER_OPTIONS, _handler, sys._getframe(1))


_STEP_OPTIONS = (
    "workflow", "num_workers", "retry_policy", "timeout", "skip_graph_checks", "accept_event_subclasses",
)  # fmt: skip
_HANDLER_OPTIONS = ("for_steps", "max_recoveries", "workflow")


def _decorated(fn: Any, given: dict[str, Any], known: tuple[str, ...], make: Any, frame: types.FrameType) -> Any:
    __tracebackhide__ = True
    word = "@step" if make is _step else "@catch_error"
    for name in given:
        if name not in known:
            raise WorkflowValidationError(f"{word} has no option {name}=: there are {', '.join(known)}")
    if fn is None:
        make({}, given, None)  # what cannot be shows before there is a function

        def decorator(fn: Any) -> Any:
            __tracebackhide__ = True
            return _put(fn, given, make, word, sys._getframe(1))

        return decorator
    return _put(fn, given, make, word, frame)


def _put(fn: Any, given: dict[str, Any], make: Any, word: str, frame: types.FrameType) -> Any:
    __tracebackhide__ = True
    if isinstance(fn, staticmethod):
        return staticmethod(_put(fn.__func__, given, make, word, frame))
    if not isinstance(fn, types.FunctionType):
        raise WorkflowValidationError(f"{word} goes on a method or a function, not on {fn!r}")
    if inspect.isasyncgenfunction(fn) or inspect.isgeneratorfunction(fn):
        raise WorkflowValidationError(
            f"step {fn.__qualname__}: it yields: return the events as a list, `-> list[SomeEvent]`, or send them"
        )
    signature = read(fn, scope_of(fn, frame))
    values = {name: getattr(signature, name) for name in Signature.__slots__}
    made = Step(fn.__name__, fn, is_async=inspect.iscoroutinefunction(fn), **values, **make(values, given, fn))
    fn._step = made  # type: ignore[attr-defined]
    if given.get("workflow") is not None:
        given["workflow"].add_step(fn)
    return fn


def _step(values: dict[str, Any], given: dict[str, Any], fn: Any) -> dict[str, Any]:
    return {
        "num_workers": _whole("num_workers", given.get("num_workers", 4)),
        "retries": _checked(options.retries, given.get("retry_policy"), "retry_policy"),
        "timeout": _checked(lambda v, _: options.seconds("timeout", v, positive=True), given.get("timeout"), "timeout"),
        "skip_graph_checks": checks(given.get("skip_graph_checks"), STEP_CHECKS),
        "accept_event_subclasses": _flag("accept_event_subclasses", given.get("accept_event_subclasses", False)),
    }


def _handler(values: dict[str, Any], given: dict[str, Any], fn: Any) -> dict[str, Any]:
    names = given.get("for_steps")
    if names is not None:
        names = (names,) if isinstance(names, str) else tuple(names) if isinstance(names, Iterable) else (None,)
        if not all(isinstance(name, str) for name in names):
            raise WorkflowValidationError(
                f"for_steps={given['for_steps']!r}: give a list of names of steps, as in for_steps=['fetch']"
            )
    if fn is not None and [one.types for one in values["takes"]] != [(StepFailedEvent,)]:
        raise WorkflowValidationError(
            f"step {fn.__qualname__}: a handler takes a StepFailedEvent and nothing else: write `ev: StepFailedEvent`"
        )
    handles = Handler(names, _whole("max_recoveries", given.get("max_recoveries", 1)))
    return {"handles": handles, "num_workers": 1}


def checks(names: Any, known: tuple[str, ...]) -> frozenset[str]:
    """The names of checks to skip.

    Raises:
        WorkflowValidationError: there is no such check.
    """
    names = (names,) if isinstance(names, str) else tuple(names or ())
    unknown = [name for name in names if name not in known]
    if unknown:
        raise WorkflowValidationError(
            f"skip_graph_checks={list(names)!r}: there is no check {unknown[0]!r}; there are {', '.join(known)}"
        )
    return frozenset(names)


def _checked(check: Callable[..., Any], value: Any, option: str) -> Any:
    __tracebackhide__ = True
    try:
        return check(value, option)
    except (TypeError, ValueError) as error:
        raise WorkflowValidationError(str(error)) from None


def _whole(option: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise WorkflowValidationError(f"{option}={value!r}: give a whole number of 1 or more")
    return value


def _flag(option: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise WorkflowValidationError(f"{option}={value!r}: give True or False")
    return value
