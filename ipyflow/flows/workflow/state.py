"""The state that a store holds: what it may be, how it is copied, and what of it is checked after an edit."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from ipyflow.errors import WorkflowRuntimeError, WorkflowValidationError
from ipyflow.flows.pipelines.state import same

S = TypeVar("S", bound=BaseModel)

MISSING = type("Missing", (), {"__repr__": lambda self: "missing"})()


class DictState(BaseModel, MutableMapping[str, Any]):
    """The state of a workflow that declares none: any names, as of a dict and as attributes.

    Example:
        >>> state = DictState(count=1)
        >>> state.count += 1
        >>> state["name"] = "first"
        >>> dict(state)
        {'count': 2, 'name': 'first'}
    """

    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True, protected_namespaces=())

    def __getitem__(self, name: str) -> Any:
        if name in type(self).model_fields:
            return self.__dict__[name]
        return (self.__pydantic_extra__ or {})[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if not isinstance(name, str):
            raise TypeError(f"state[{name!r}]: names in the state are text, as in state[{str(name)!r}]")
        if name in type(self).model_fields:
            super().__setattr__(name, value)
        else:
            cast(dict[str, Any], self.__pydantic_extra__)[name] = value

    def __delitem__(self, name: str) -> None:
        if name in type(self).model_fields:
            raise TypeError(f"del state[{name!r}]: {type(self).__name__} declares it, so it is always there")
        del (self.__pydantic_extra__ or {})[name]

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]
        yield from type(self).model_fields
        yield from self.__pydantic_extra__ or ()

    def __len__(self) -> int:
        return len(type(self).model_fields) + len(self.__pydantic_extra__ or ())

    def __bool__(self) -> bool:
        return True

    def to_dict(self) -> dict[str, Any]:
        """All names and values as a plain dict; the values are not copied."""
        return dict(self.items())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            return super().__getattr__(name)  # type: ignore[misc]
        try:
            return self[name]
        except KeyError:
            there = ", ".join(self) or "nothing yet"
            raise AttributeError(f"the state has no {name}; it has {there}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        known = getattr(type(self), name, MISSING)
        if name.startswith("_") or name in type(self).model_fields or isinstance(known, property):
            super().__setattr__(name, value)
        elif known is not MISSING:
            raise AttributeError(f"state.{name} is a method of the state: write state[{name!r}] = ...")
        else:
            self[name] = value


def checked_type(state_type: Any) -> type[BaseModel]:
    """A type that a state may be of; ``DictState`` for ``None``.

    Raises:
        WorkflowValidationError: no pydantic model, or one that cannot be made without values.

    Example:
        >>> checked_type(None).__name__
        'DictState'
    """
    if state_type is None:
        return DictState
    if not isinstance(state_type, type) or not issubclass(state_type, BaseModel):
        given = state_type.__name__ if isinstance(state_type, type) else repr(state_type)
        raise WorkflowValidationError(
            f"{given} cannot be the state of a workflow: give a pydantic model with a default for each field, "
            f"as in `class MyState(BaseModel): count: int = 0`"
        )
    needed = [name for name, field in state_type.model_fields.items() if field.is_required()]
    if needed:
        raise WorkflowValidationError(
            f"{state_type.__name__} cannot be the state of a workflow: a run begins with the defaults, and "
            f"{', '.join(needed)} {'has' if len(needed) == 1 else 'have'} none: give each field a default"
        )
    return state_type


def fresh(state_type: type[S]) -> S:
    """A state that has the defaults.

    Raises:
        WorkflowValidationError: the type's own checks refuse its defaults.
    """
    try:
        return state_type()
    except ValidationError as error:
        raise WorkflowValidationError(f"{state_type.__name__} cannot be made of its defaults: {error}") from error


def copied(state: S) -> S:
    """A copy that shares nothing that can change.

    Raises:
        WorkflowRuntimeError: something in it cannot be copied; names where it is.
    """
    try:
        return copy.deepcopy(state)
    except Exception as error:
        path, value = offender(state, copy.deepcopy)
        raise WorkflowRuntimeError(
            f"the state cannot be copied: {path} is a {type(value).__name__} ({type(error).__name__}: {error}). "
            "Keep it out of the store, as a Resource or an attribute of the workflow, or give its class a __deepcopy__"
        ) from error


def offender(value: Any, works: Callable[[Any], object], path: str = "", depth: int = 0) -> tuple[str, Any]:
    """Where in ``value`` is what ``works`` fails for, as a dotted path, and what stands there."""
    for name, part in parts(value):
        try:
            works(part)
        except Exception:
            below = f"{path}.{name}" if path else str(name)
            return offender(part, works, below, depth + 1) if depth < 20 else (below, part)
    return path or "the state", value


def parts(value: Any) -> Iterator[tuple[Any, Any]]:
    """Names and values of what a model, a dict or a list holds."""
    if isinstance(value, BaseModel):
        yield from value.__dict__.items()
        yield from (value.__pydantic_extra__ or {}).items()
        yield from (getattr(value, "__pydantic_private__", None) or {}).items()
    elif isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, (list, tuple)):
        yield from enumerate(value)


def check_changes(before: Any, after: Any) -> None:
    """Check, and convert as pydantic does, what an edit has assigned in the models of a state.

    Raises:
        ValidationError: a value that its field cannot have.
    """
    if isinstance(after, BaseModel):
        _check_model(before if type(before) is type(after) else None, after)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for name, value in after.items():
            check_changes(before.get(name), value)
    elif isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        for old, value in zip(before, after, strict=False):
            check_changes(old, value)


def _check_model(before: BaseModel | None, after: BaseModel) -> None:
    if before is None:
        return  # it was checked when it was made
    kind = type(after)
    keeps = bool(kind.model_config.get("validate_assignment"))
    for name in kind.model_fields:
        if name not in after.__dict__:
            raise WorkflowRuntimeError(f"{kind.__name__}.{name} was deleted in edit_state(): give it a value instead")
        old, value = before.__dict__.get(name, MISSING), after.__dict__[name]
        if old is value or _same(old, value):
            continue
        check_changes(old, value)
        # A model that checks what is assigned has converted it already: to do so twice may change it again.
        kind.__pydantic_validator__.validate_assignment(after.model_copy() if keeps else after, name, value)
    for name, value in (after.__pydantic_extra__ or {}).items():
        check_changes((before.__pydantic_extra__ or {}).get(name), value)


def _same(old: Any, value: Any) -> bool:
    try:
        return same(old, value)
    except Exception:  # values that cannot be compared: taken as changed
        return False
