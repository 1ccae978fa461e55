"""What stands inside ``Annotated[T, ...]``: how a resource is made, and what is needed to make it."""

from __future__ import annotations

import functools
import inspect
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_args, get_origin

from pydantic import TypeAdapter

from ipyflow.errors import WorkflowValidationError
from ipyflow.flows.workflow.hints import resolved, scope_of


class Resource:
    """A value that a step is given besides its event: what ``factory`` makes.

    Its own parameters may be resources too. It may be ``async``.

    Args:
        factory: makes the value.
        cache: make it once for a workflow; False: anew for each time a step is run.

    Raises:
        TypeError: no function.

    Example:
        >>> def connection():
        ...     return "a connection"
        >>> Resource(connection)
        <Resource connection>
    """

    _is_workflow_resource = True

    def __init__(self, factory: Callable[..., Any], cache: bool = True) -> None:
        given: object = factory
        if not callable(given):
            raise TypeError(
                f"Resource({given!r:.80}): give the function that makes it, as in Resource(connect), not called"
            )
        if not isinstance(cache, bool):
            raise TypeError(f"Resource(..., cache={cache!r}): give True, made once, or False, made anew each time")
        self.factory, self.cache = factory, cache
        self.name = name_of(factory)
        self.key: Any = key_of(factory)
        self._needs: tuple[Need, ...] | None = None
        self._lock = threading.Lock()
        self._scope: dict[str, Any] = {}
        fn = _function(factory)
        as_text = any(isinstance(one.annotation, str) for one in _parameters(factory))
        if as_text and "." in getattr(fn, "__qualname__", ""):
            self._scope = scope_of(fn, sys._getframe(1))

    def needs(self) -> tuple[Need, ...]:
        """The parameters of its factory that are resources.

        Raises:
            WorkflowValidationError: a parameter that is none and has no default.
        """
        with self._lock:
            if self._needs is None:
                self._needs = self._look()
                self._scope = {}
            return self._needs

    def _look(self) -> tuple[Need, ...]:
        found: list[Need] = []
        names = getattr(_function(self.factory), "__globals__", {})
        for one in _parameters(self.factory):
            if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
                continue
            hint, error = one.annotation, ""
            try:
                hint = resolved(hint, names, self._scope)
            except Exception as wrong:
                error = f" (its annotation cannot be read: {wrong})"
            resource = resource_in(hint)
            if resource is not None:
                found.append((one.name, get_args(hint)[0], resource))
            elif one.default is one.empty:
                raise WorkflowValidationError(
                    f"resource {self.name}: nothing can be given for its parameter {one.name}{error}: annotate it with "
                    f"Annotated[..., Resource(...)], or give it a default"
                )
        return tuple(found)

    def make(self, hint: Any, values: Mapping[str, Any]) -> Any:
        """What the factory gives for the resources it needs; a coroutine where it is ``async``."""
        args: list[Any] = []
        named = dict(values)
        for one in _parameters(self.factory):
            if one.kind is not one.POSITIONAL_ONLY:
                break
            args.append(named.pop(one.name, one.default))
        return self.factory(*args, **named)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<Resource {self.name}>"


class ResourceConfig:
    """A value that is read from a JSON file, checked by the annotated type.

    Args:
        config_file: the file, whose name ends in ``.json``.
        path_selector: where in it, as names with dots between them.
        label: what it is called in messages.
        description: a sentence on it, for messages.

    Raises:
        ValueError: another kind of file.

    Example:
        >>> ResourceConfig("settings.json", "model.small")
        <ResourceConfig settings.json at model.small>
    """

    _is_workflow_resource = True
    cache = True

    def __init__(
        self, config_file: str | os.PathLike[str], path_selector: str | None = None, label: str | None = None,
        description: str | None = None,
    ) -> None:  # fmt: skip
        self.config_file, self.path_selector = os.fspath(config_file), path_selector
        if Path(self.config_file).suffix.lower() != ".json":
            raise ValueError(f"ResourceConfig({self.config_file!r}): give a JSON file, whose name ends in .json")
        self.label, self.description = label, description
        self.name = self.config_file + (f" at {path_selector}" if path_selector else "")

    @property
    def key(self) -> Any:
        """The same for the same part of the same file."""
        return (str(Path(self.config_file).resolve()), self.path_selector)

    def needs(self) -> tuple[Need, ...]:
        """Nothing."""
        return ()

    def make(self, hint: Any, values: Mapping[str, Any]) -> Any:
        """Read it.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is no JSON, or has nothing at the path.
            ValidationError: the type does not take what is there.
        """
        text = Path(self.config_file).read_text(encoding="utf-8")
        try:
            data = json.loads(text)
        except ValueError as error:
            raise ValueError(f"{self.config_file} is no JSON: {error}") from error
        for name in self.path_selector.split(".") if self.path_selector else ():
            data = self._below(data, name)
        # As JSON again: strict types take from JSON what they do not take from Python values.
        return _adapter(hint).validate_json(json.dumps(data))

    def _below(self, data: Any, name: str) -> Any:
        if isinstance(data, dict):
            if name in data:
                return data[name]
            there = f"{', '.join(data)} are" if data else "nothing is"
        elif isinstance(data, list):
            if name.isdecimal() and int(name) < len(data):
                return data[int(name)]
            there = f"a list of {len(data)} is"
        else:
            there = f"{data!r:.40} is"
        raise ValueError(f"{self.config_file} has nothing at {self.path_selector!r}: {there} where {name!r} should be")

    def __str__(self) -> str:
        if self.label:
            return f"{self.label} ({self.name}{f': {self.description}' if self.description else ''})"
        return f"{self.name} ({self.description})" if self.description else self.name

    def __repr__(self) -> str:
        return f"<ResourceConfig {self.name}>"


Need: TypeAlias = tuple[str, Any, Resource | ResourceConfig]
"""A parameter, its type, and the resource for it."""


def resource_in(hint: Any) -> Resource | ResourceConfig | None:
    """The resource in ``Annotated[T, resource]``."""
    if get_origin(hint) is not Annotated:
        return None
    return next((one for one in hint.__metadata__ if isinstance(one, (Resource, ResourceConfig))), None)


def key_of(factory: Any) -> Any:
    """The same for the same function, or the same method of the same object."""
    if inspect.ismethod(factory):
        return id(factory.__func__), id(factory.__self__)
    return id(factory)


def name_of(factory: Any) -> str:
    """What a factory is called, without the function that it was defined in."""
    named = factory.func if isinstance(factory, functools.partial) else factory
    name: str = getattr(named, "__qualname__", None) or type(named).__qualname__
    return name.rpartition("<locals>.")[2]


def said(hint: Any) -> str:
    """A type as one writes it."""
    return hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint).replace("typing.", "")


def _adapter(hint: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(hint)
    except Exception as error:
        raise TypeError(f"{said(hint)} cannot be read from JSON: annotate a pydantic model") from error


def _function(factory: Any) -> Any:
    """The function whose globals the annotations of a factory mean."""
    if isinstance(factory, functools.partial):
        return _function(factory.func)
    if isinstance(factory, type):
        return inspect.unwrap(factory.__init__)  # type: ignore[misc]
    if not inspect.isroutine(factory) and not hasattr(factory, "__wrapped__"):
        factory = type(factory).__call__
    fn = inspect.unwrap(factory)
    return getattr(fn, "__func__", fn)


def _parameters(factory: Any) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(factory).parameters.values())
    except (TypeError, ValueError):  # a class of Python's own says nothing of its parameters
        return []
