"""Futures among the arguments of a call: finding them, and putting their values in their place."""

from __future__ import annotations

import dataclasses
import inspect
import weakref
from collections.abc import Callable
from types import FunctionType
from typing import Any

from ipyflow.engine.describe import arguments
from ipyflow.engine.future import Future
from ipyflow.model.texts import HUGE, NUMBERS

_MANY = 32
"""Items from which a container is first looked at as a whole."""
_ATOMS = frozenset({int, float, str, bool, bytes, complex, type(None)})


def find(values: Any) -> list[Future[Any]]:
    """Every future in ``values``, at any depth in lists, tuples, sets, dicts and dataclasses, each once.

    Example:
        >>> find([1, {"a": (2, "x")}])
        []
    """
    found: dict[Future[Any], None] = {}
    # No recursion, and each container once: arguments may be deep, shared, or hold themselves.
    seen: set[int] = set()
    stack = [values]
    while stack:
        value = stack.pop()
        # Of the type, not of the value: what a value says of its class may raise.
        if issubclass(type(value), Future):
            found[value] = None
        elif id(value) not in seen:
            seen.add(id(value))
            stack.extend(_inside(value))
    return list(found)


def _inside(value: Any) -> list[Any]:
    """What a container holds, last first; nothing for what is none, or cannot be looked into."""
    try:
        if isinstance(value, (list, tuple, set, frozenset)):
            if len(value) > _MANY and _ATOMS.issuperset(map(type, value)):
                return []
            items = [item for item in value if type(item) not in _ATOMS]
        elif isinstance(value, dict):
            items = [item for pair in value.items() for item in pair if type(item) not in _ATOMS]
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            items = [getattr(value, field.name, None) for field in dataclasses.fields(value)]
        else:
            return []
    except Exception:
        return []  # a class of somebody else's: its errors are not for whoever looks
    items.reverse()
    return items


def written_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, list[Future[Any]]]:
    """The text of a call's arguments as a packed record may hold it, and the futures among them, now read.

    Plain numbers and futures, the common case, are gone through once and not written out yet.
    """
    if not kwargs:
        text: Any = args
        found: list[Future[Any]] = []
        for value in args:
            kind = type(value)
            if kind is Future:
                found.append(value)
                value._consume()
            elif kind not in NUMBERS or (kind is int and not -HUGE < value < HUGE):
                break
        else:
            if found:
                text = tuple([f"<{v.task.name}#{v.id}>" if type(v) is Future else v for v in args])
                if len(found) > 1:
                    found = list(dict.fromkeys(found))
            return text, found
    found = find((args, kwargs))
    for future in found:
        future._consume()
    return arguments(args, kwargs), found


def by_name(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """What each parameter of a function is given, defaults included.

    Raises:
        TypeError: the arguments do not fit.
        ValueError: a built-in function that does not tell its parameters.

    Example:
        >>> by_name(lambda x, *rest, y=2: None, (1, 5), {})
        {'x': 1, 'rest': (5,), 'y': 2}
    """
    bound = _signature(fn).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.arguments


_signatures: weakref.WeakKeyDictionary[FunctionType, inspect.Signature] = weakref.WeakKeyDictionary()


def _signature(fn: Callable[..., Any]) -> inspect.Signature:
    if not isinstance(fn, FunctionType):
        return inspect.signature(fn)
    known = _signatures.get(fn)
    if known is None:
        known = _signatures[fn] = inspect.signature(fn)
    return known


def replace(value: Any, by: Callable[[Future[Any]], Any], known: dict[int, Any] | None = None) -> Any:
    """``value`` with each future in it replaced; containers are copied only where something in them changed."""
    if type(value) in _ATOMS:
        return value
    if isinstance(value, Future):
        return by(value)
    known = {} if known is None else known
    if id(value) in known:
        return known[id(value)]
    known[id(value)] = value  # what holds itself keeps doing so
    new = known[id(value)] = _replaced(value, by, known)
    return new


def _replaced(value: Any, by: Callable[[Future[Any]], Any], known: dict[int, Any]) -> Any:
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [replace(item, by, known) for item in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*items)
        return type(value)(items)
    if isinstance(value, dict):
        changed = {replace(key, by, known): replace(item, by, known) for key, item in value.items()}
        same = all(
            new is old
            for pairs in zip(changed.items(), value.items(), strict=False)
            for new, old in zip(*pairs, strict=True)
        )
        return value if same else changed
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: replace(getattr(value, f.name), by, known) for f in dataclasses.fields(value) if f.init}
        if all(new is getattr(value, name) for name, new in fields.items()):
            return value
        return dataclasses.replace(value, **fields)
    return value
