"""Programs written for Oryonix: ``from ipyflow.compat import oryonix as onix``.

Its names for what is here: an action is a task, ``start`` is ``submit``. What it leaves open works: ``FIRST_COMPLETED``
takes futures of actions too, ``FIRST_EXCEPTION`` is there, and futures can be cancelled and detached.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

import ipyflow
from ipyflow import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, Future, Task, wait

P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION", "Future", "action", "flow", "wait"]


class Function(Task[P, R]):
    """A task that is started with ``start``."""

    def start(self, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Start it in the background: ``submit`` by its other name."""
        return self.submit(*args, **kwargs)


@overload
def action(fn: Callable[P, R], /) -> Function[P, R]: ...


@overload
def action(**options: Any) -> Callable[[Callable[P, R]], Function[P, R]]: ...


def action(fn: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make an action, which is a task, of a function; takes the options of :func:`ipyflow.task`."""
    return _decorate(ipyflow.task, fn, options)


@overload
def flow(fn: Callable[P, R], /) -> Function[P, R]: ...


@overload
def flow(**options: Any) -> Callable[[Callable[P, R]], Function[P, R]]: ...


def flow(fn: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a flow of a function; takes the options of :func:`ipyflow.flow`."""
    return _decorate(ipyflow.flow, fn, options)


def _decorate(decorator: Any, fn: Any, options: dict[str, Any]) -> Any:
    if fn is None:
        return lambda f: _decorate(decorator, f, options)
    made = decorator(**options)(fn)  # known by its name from here on: a retry runs the code of now
    return Function(made.fn, options, made.is_flow)
