"""Futures among the arguments of a call: finding them, and putting their values in their place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from ipyflow.engine.describe import arguments
from ipyflow.engine.future import Future
from ipyflow.model.texts import HUGE, NUMBERS

_ATOMS = frozenset({int, float, str, bool, bytes, complex, type(None)})
_DEEPEST = 32


def find(values: Any) -> list[Future[Any]]:
    """Every future in ``values``, at any depth in lists, tuples, sets, dicts and dataclasses, each once.

    Example:
        >>> find([1, {"a": (2, "x")}])
        []
    """
    found: dict[Future[Any], None] = {}
    _find(values, found, 0)
    return list(found)


def _find(value: Any, found: dict[Future[Any], None], depth: int) -> None:
    kind = type(value)
    if kind in _ATOMS or depth > _DEEPEST:
        return
    if isinstance(value, Future):
        found[value] = None
    elif kind in (list, tuple, set, frozenset) or isinstance(value, (list, tuple)):
        for item in value:
            if type(item) not in _ATOMS:
                _find(item, found, depth + 1)
    elif isinstance(value, dict):
        for item in value.values():
            if type(item) not in _ATOMS:
                _find(item, found, depth + 1)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            _find(getattr(value, field.name, None), found, depth + 1)


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


def replace(value: Any, by: Callable[[Future[Any]], Any]) -> Any:
    """``value`` with each future in it replaced; containers are copied only where something in them changed."""
    if type(value) in _ATOMS:
        return value
    if isinstance(value, Future):
        return by(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [replace(item, by) for item in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*items)
        return type(value)(items)
    if isinstance(value, dict):
        changed = {key: replace(item, by) for key, item in value.items()}
        return value if all(changed[key] is value[key] for key in value) else changed
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: replace(getattr(value, f.name), by) for f in dataclasses.fields(value) if f.init}
        if all(new is getattr(value, name) for name, new in fields.items()):
            return value
        return dataclasses.replace(value, **fields)
    return value
