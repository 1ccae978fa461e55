"""How a run began, so that it can be begun anew: with the same arguments, or with some of them changed."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from ipyflow.engine.context import scope

if TYPE_CHECKING:
    from ipyflow.engine.future import Future
    from ipyflow.engine.options import Definition

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


class Beginning:
    """A run's first call; see the module.

    Args:
        start: submits it with some arguments.
        task: the flow, as it was; ``None`` for what has no parameters of its own, as a pipeline.
        args: its positional arguments.
        kwargs: its keyword arguments.
    """

    __slots__ = ("args", "kwargs", "start", "task")

    def __init__(
        self, start: Callable[[tuple[Any, ...], dict[str, Any]], Future[Any]], task: Definition | None = None,
        args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.start, self.task, self.args, self.kwargs = start, task, args, kwargs or {}

    def again(self, changes: dict[str, Any]) -> Future[Any]:
        """Submit it at top level, wherever the caller is.

        Raises:
            TypeError: a change is of no parameter; nothing was started.
        """
        args, kwargs = self.changed(changes) if changes else (self.args, self.kwargs)
        return self.start_with(args, kwargs)

    def start_with(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[Any]:
        """Submit it at top level with other arguments altogether."""
        context = copy_context()
        context.run(scope.set, None)
        return context.run(self.start, args, kwargs)

    def present(self) -> dict[str, Any]:
        """Its arguments by the names of the parameters, as the code was then."""
        if self.task is None:
            return {}
        return dict(inspect.signature(self.task.fn).bind_partial(*self.args, **self.kwargs).arguments)

    def changed(self, changes: dict[str, Any]) -> Arguments:
        """The arguments with some changed, for the code of now."""
        if self.task is None:
            raise TypeError(f"there are no parameters to change ({', '.join(changes)}): build it anew and submit that")
        task = self.task.latest()
        signature = inspect.signature(task.fn)
        parameters = signature.parameters
        rest = next((name for name, one in parameters.items() if one.kind is one.VAR_KEYWORD), None)
        given = self.present()
        more: dict[str, Any] = dict(given.pop(rest, {})) if rest is not None else {}
        for name, value in changes.items():
            if name in parameters and name != rest:
                given[name] = value
            elif rest is not None:
                more[name] = value
            else:
                near = difflib.get_close_matches(name, parameters, 1)
                what = f"did you mean {near[0]}?" if near else f"it has {', '.join(parameters) or 'none'}"
                raise TypeError(f"{task.name}{signature} has no parameter {name}: {what}")
        gone = [name for name in given if name not in parameters]
        if gone:
            raise TypeError(f"{task.name}{signature} no longer takes {', '.join(gone)}: submit it again instead")
        bound = inspect.BoundArguments(signature, type(signature.bind_partial().arguments)())
        for name in parameters:  # in the order of the parameters: what is positional goes by it
            if name in given:
                bound.arguments[name] = given[name]
        if more and rest is not None:
            bound.arguments[rest] = more
        signature.bind(*bound.args, **bound.kwargs)  # raises TypeError, where a new parameter has no value
        return bound.args, bound.kwargs
