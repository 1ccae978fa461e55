"""Dotted paths through models, dicts and lists: reading what stands there, and a copy in which it is something else."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from ipyflow.flows.workflow.state import MISSING, DictState

T = TypeVar("T")

_SHOWN = 10
"""Names that a message lists."""

_PLAIN = (str, bytes, int, float, complex, type(None))


def split(path: Any) -> list[str]:
    """The parts of a path.

    Raises:
        ValueError: it is empty, or no text.
    """
    if not isinstance(path, str) or not path:
        raise ValueError(f"{path!r} is no path: give names with dots between them, as in 'user.name' or 'items.0'")
    return path.split(".")


def at(state: Any, path: str, default: Any = ...) -> Any:
    """What stands at ``path``.

    Raises:
        ValueError: nothing does, and no default was given; names what there is.

    Example:
        >>> at({"user": {"names": ["Ada", "Grace"]}}, "user.names.1")
        'Grace'
    """
    node, names = state, split(path)
    for place, name in enumerate(names):
        below = _part(node, name)
        if below is MISSING:
            if default is not ...:
                return default
            raise ValueError(
                f"nothing at {path!r}: {_there(node, names[:place])}. Give default= where it may be missing"
            )
        node = below
    return node


def put(state: T, path: str, value: Any) -> T:
    """A copy of ``state`` with ``value`` at ``path``; what is not on the way is shared. Missing dicts are made.

    Raises:
        ValidationError: a typed model does not take it.
        ValueError: the path goes through something that has no such parts.

    Example:
        >>> put({"a": 1}, "b.c", 2)
        {'a': 1, 'b': {'c': 2}}
    """
    new: T = _put(state, split(path), 0, value)
    return new


def _put(node: Any, names: list[str], place: int, value: Any) -> Any:
    name = names[place]
    if place < len(names) - 1:
        below = _part(node, name)
        value = _put({} if below is MISSING else below, names, place + 1, value)
    if isinstance(node, BaseModel):
        new: Any = node.model_copy()
        if isinstance(node, DictState) and name not in type(node).model_fields:
            new[name] = value
        else:
            type(node).__pydantic_validator__.validate_assignment(new, name, value)
        return new
    if isinstance(node, dict):
        new = copy.copy(node)
        new[_key(node, name)] = value
        return new
    if isinstance(node, list) or type(node) is tuple:
        index = _index(node, name)
        if index is not None:
            changed = list(node)
            changed[index] = value
            return tuple(changed) if isinstance(node, tuple) else changed
    elif hasattr(node, "__dict__") and not isinstance(node, (type, Mapping)):
        new = copy.copy(node)
        setattr(new, name, value)
        return new
    raise ValueError(f"{'.'.join(names)!r} cannot be set: {_there(node, names[:place])}")


def _part(node: Any, name: str) -> Any:
    if isinstance(node, BaseModel):
        if name in type(node).model_fields:
            return node.__dict__.get(name, MISSING)
        extra = node.__pydantic_extra__ or {}
        if name not in extra and isinstance(getattr(type(node), name, None), property):
            return getattr(node, name)
        return extra.get(name, MISSING)
    if isinstance(node, Mapping):
        return node.get(_key(node, name), MISSING)
    if isinstance(node, (list, tuple)):
        index = _index(node, name)
        if index is not None:
            return node[index]
        return getattr(node, name) if name in getattr(node, "_fields", ()) else MISSING
    if isinstance(node, _PLAIN) or name.startswith("__"):
        return MISSING
    return getattr(node, name, MISSING)


def _key(node: Mapping[Any, Any], name: str) -> Any:
    """The key that is meant: of a dict with numbers for keys the number."""
    if name in node:
        return name
    number = _number(name)
    return number if number is not None and number in node else name


def _index(node: list[Any] | tuple[Any, ...], name: str) -> int | None:
    number = _number(name)
    return number if number is not None and -len(node) <= number < len(node) else None


def _number(name: str) -> int | None:
    try:
        return int(name)
    except ValueError:
        return None


def _there(node: Any, names: list[str]) -> str:
    """What there is instead, in words."""
    where = repr(".".join(names)) if names else "the state"
    if isinstance(node, BaseModel):
        held: list[Any] = [*type(node).model_fields, *(node.__pydantic_extra__ or {})]
    elif isinstance(node, Mapping):
        held = list(node)
    elif isinstance(node, (list, tuple)):
        return f"{where} has {len(node)} item{'' if len(node) == 1 else 's'}, counted from 0"
    else:
        return f"{where} is {'nothing' if node is None else f'of type {type(node).__name__}'}"
    listed = ", ".join(map(str, held[:_SHOWN]))
    return f"{where} has {listed}{', ...' if len(held) > _SHOWN else ''}" if held else f"{where} is empty"
