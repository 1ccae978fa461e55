"""The resources of a workflow: made when a step first needs them, shared by its steps and runs.

Owns: what was made. Called by: steps, in coroutines and on threads. Guarantees: a resource that is kept is made once,
however many ask at the same moment; whose making failed is made by the next who needs it. Circles are found before
anything is made. One lock, held for a few lines and never while a factory runs.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine, Generator, Iterable
from typing import Any, TypeAlias

from ipyflow.errors import WorkflowValidationError
from ipyflow.flows.workflow.circles import problems
from ipyflow.flows.workflow.factories import Need, Resource, ResourceConfig, key_of, said
from ipyflow.flows.workflow.latch import Latch, blocked_for

_Steps: TypeAlias = Generator[Latch | Coroutine[Any, Any, Any], Any, Any]
"""Making something, up to where it has to wait: in a coroutine by ``await``, on a thread by blocking."""


class ResourceManager:
    """Makes resources and keeps them; each workflow has its own, unless several are given the same.

    Example:
        >>> def greeting():
        ...     return "hello"
        >>> manager = ResourceManager()
        >>> manager.resolve((("text", str, Resource(greeting)),), None)
        {'text': 'hello'}
        >>> manager.set(greeting, "moin")
        >>> manager.resolve((("text", str, Resource(greeting)),), None)
        {'text': 'moin'}
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[Any, tuple[Resource | ResourceConfig, Any]] = {}
        self._making: dict[Any, Latch] = {}
        self._put: dict[Any, tuple[Any, Any]] = {}
        """Of each resource the value that stands for it; what it was named by is kept, as ids are keys."""
        self._checked: dict[int, tuple[Need, ...]] = {}
        """By id, what was looked through for circles."""

    # Values put in.

    def set(self, which: Any, value: Any) -> None:
        """Put a value in the place of what a factory would make, as in tests.

        Args:
            which: the factory, the resource, its name, or a config's file or label.
            value: what steps are given instead.
        """
        with self._lock:
            self._put[_key(which)] = (which, value)

    def get(self, which: Any) -> Any:
        """The value that was put in or made.

        Raises:
            LookupError: there is none yet.
        """
        key = _key(which)
        with self._lock:
            if key in self._put:
                return self._put[key][1]
            for made, (resource, value) in self._made.items():
                if key in (made, made[0] if isinstance(resource, ResourceConfig) else made, *_names(resource)):
                    return value
            there = ", ".join(resource.name for resource, _ in self._made.values()) or "nothing"
        raise LookupError(f"no resource {getattr(which, '__name__', which)} was made or set yet; there is {there}")

    # Checking.

    def check(self, needs: Iterable[Need], configs: bool = True) -> None:
        """Check that resources can be made, without making any.

        Args:
            needs: names of parameters, their types and resources.
            configs: read the files of configs, and check what is in them.

        Raises:
            WorkflowValidationError: all that is wrong: a circle; a factory that needs what is no resource; a config.
        """
        __tracebackhide__ = True
        wrong = problems(needs, lambda resource: self._standing_for(resource) is not None, configs)
        if wrong:
            raise WorkflowValidationError("\n".join(wrong))

    # Making.

    async def aresolve(self, needs: Iterable[Need]) -> dict[str, Any]:
        """The resources of a step by the names of its parameters. Factories run here, the ``async`` ones awaited."""
        __tracebackhide__ = True
        steps = self._all(tuple(needs))
        go_on: Callable[[Any], Any] = steps.send
        given: Any = None
        while True:
            try:
                wanted = go_on(given)
            except StopIteration as end:
                return dict(end.value)
            try:
                go_on, given = steps.send, await wanted
            except BaseException as error:
                go_on, given = steps.throw, error

    def resolve(self, needs: Iterable[Need], loop: asyncio.AbstractEventLoop | None) -> dict[str, Any]:
        """The same for a step on a thread; ``async`` factories run on ``loop``, which another thread runs."""
        __tracebackhide__ = True
        steps = self._all(tuple(needs))
        go_on: Callable[[Any], Any] = steps.send
        given: Any = None
        while True:
            try:
                wanted = go_on(given)
            except StopIteration as end:
                return dict(end.value)
            try:
                go_on, given = steps.send, blocked_for(wanted, loop)
            except BaseException as error:
                go_on, given = steps.throw, error

    def _all(self, needs: tuple[Need, ...]) -> _Steps:
        if id(needs) not in self._checked:  # a workflow may have been told not to validate
            self.check(needs, configs=False)
            self._checked[id(needs)] = needs
        fresh: dict[Any, Any] = {}
        values: dict[str, Any] = {}
        for name, hint, resource in needs:
            values[name] = yield from self._one(resource, hint, (f"{name}: {said(hint)}",), fresh)
        return values

    def _one(
        self, resource: Resource | ResourceConfig, hint: Any, chain: tuple[str, ...], fresh: dict[Any, Any]
    ) -> _Steps:
        put = self._standing_for(resource)
        if put:
            return put[1]
        key = (resource.key, _hashed(hint)) if isinstance(resource, ResourceConfig) else resource.key
        if not resource.cache:
            if key not in fresh:
                fresh[key] = yield from self._make(resource, hint, chain, fresh)
            return fresh[key]
        while True:
            with self._lock:
                if key in self._made:
                    return self._made[key][1]
                latch = self._making.get(key)
                if latch is None:
                    mine = self._making[key] = Latch()
                    break
            yield latch
        try:
            value = yield from self._make(resource, hint, chain, fresh)
            with self._lock:
                self._made[key] = (resource, value)
            return value
        finally:
            with self._lock:
                del self._making[key]
            mine.open()

    def _make(
        self, resource: Resource | ResourceConfig, hint: Any, chain: tuple[str, ...], fresh: dict[Any, Any]
    ) -> _Steps:
        chain = (*chain, str(resource))
        values: dict[str, Any] = {}
        for name, below, needed in resource.needs():
            values[name] = yield from self._one(needed, below, chain, fresh)
        try:
            value = resource.make(hint, values)
            if inspect.iscoroutine(value):
                value = yield value
        except Exception as error:
            error.add_note(f"raised by the resource {' -> '.join(chain[1:])}, for the parameter {chain[0]}")
            raise
        return value

    def _standing_for(self, resource: Resource | ResourceConfig) -> tuple[Any, Any] | None:
        if not self._put:
            return None
        with self._lock:
            return next((self._put[one] for one in (resource.key, *_names(resource)) if one in self._put), None)

    def __repr__(self) -> str:
        with self._lock:
            return f"<resource manager: {', '.join(one.name for one, _ in self._made.values()) or 'nothing made yet'}>"


def _names(resource: Resource | ResourceConfig) -> tuple[str, ...]:
    if isinstance(resource, ResourceConfig):
        return tuple(name for name in (resource.name, resource.config_file, resource.label) if name)
    return (resource.name, resource.name.rpartition(".")[2])


def _key(which: Any) -> Any:
    if isinstance(which, str):
        return which
    return which.key if isinstance(which, (Resource, ResourceConfig)) else key_of(which)


def _hashed(hint: Any) -> Any:
    try:
        hash(hint)
    except TypeError:
        return id(hint)
    return hint


__all__ = ["Resource", "ResourceConfig", "ResourceManager"]
