"""Values in the words of JSON: what it has no word for is a dict with one name that begins with ``$``.

Models are written field by field, under their qualified names. Reading is in ``decoding``.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import pathlib
import uuid
from collections.abc import Callable
from enum import Enum, Flag
from typing import Any, TypeVar, get_args

from pydantic import BaseModel

_HUGE = 10_000
"""Bits of an int that Python writes as digits without being asked."""


class CannotBeWritten(ValueError):
    """A value that JSON cannot hold; the message names where it is."""


def name_of(kind: type) -> str:
    """``module:qualified.name``."""
    return f"{kind.__module__}:{kind.__qualname__}"


def encode(value: Any, path: str = "", exact: bool = False) -> Any:
    """``value`` in the words of JSON.

    Args:
        value: what to write.
        path: where it stands, for messages.
        exact: refuse what would come back as something a little different.

    Raises:
        CannotBeWritten: names the place of what cannot be.

    Example:
        >>> encode({"a": (1, None), "b": b"?"})
        {'a': {'$tuple': [1, None]}, 'b': {'$bytes': 'Pw=='}}
    """
    kind = type(value)
    if value is None or kind in (bool, str, float):
        return value
    if kind is int:
        return value if value.bit_length() < _HUGE else {"$int": hex(value)}
    if kind is list:
        return [encode(one, _below(path, place), exact) for place, one in enumerate(value)]
    if kind is dict:
        if all(type(name) is str and not name.startswith("$") for name in value):
            return {name: encode(one, _below(path, name), exact) for name, one in value.items()}
        pairs = [[encode(name, path, exact), encode(one, _below(path, name), exact)] for name, one in value.items()]
        return {"$dict": pairs}
    if isinstance(value, BaseModel):
        return {"$model": [name_of(kind), _fields(value, path, exact)]}
    if isinstance(value, Enum):
        if isinstance(value, Flag):
            return {"$flag": [name_of(kind), value.value]}
        return {"$enum": [name_of(kind), value.name]}
    if isinstance(value, type) and issubclass(value, BaseModel):
        return {"$class": name_of(value)}
    writer = _WRITERS.get(kind)
    if writer is not None:
        word, write = writer
        written = write(value)
        if exact and word in ("$datetime", "$time") and not _exact_time(value):
            raise _cannot(value, path)
        return {word: encode(written, path, exact)}
    for base in (str, int, float):
        if isinstance(value, base) and not exact:
            return encode(base.__str__(value) if base is str else base(value), path)
    raise _cannot(value, path)


def _fields(model: BaseModel, path: str, exact: bool) -> dict[str, Any]:
    kind = type(model)
    if exact and getattr(model, "__pydantic_private__", None):
        raise _cannot(model, path)
    written: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        if name not in model.__dict__ or (field.exclude and not exact):
            continue
        below = _below(path, name)
        try:
            written[name] = encode(model.__dict__[name], below, exact)
        except CannotBeWritten:
            # The type may say itself how it is written and read: pydantic's own, or a serializer of the field.
            if exact or _loose(field.annotation):
                raise
            written[name] = encode(_as_pydantic_does(model, name, below), below)
    for name, value in (model.__pydantic_extra__ or {}).items():
        written[name] = encode(value, _below(path, name), exact)
    return written


def _as_pydantic_does(model: BaseModel, name: str, path: str) -> Any:
    try:
        return model.model_dump(mode="json", include={name}, warnings="error")[name]
    except Exception as error:
        raise _cannot(model.__dict__[name], path) from error


def _loose(hint: Any) -> bool:
    """True for an annotation that does not say what is read: what pydantic writes for it may come back as another."""
    return hint in _LOOSE or isinstance(hint, TypeVar) or any(_loose(arg) for arg in get_args(hint))


def _cannot(value: Any, path: str) -> CannotBeWritten:
    where = path or "the value"
    return CannotBeWritten(
        f"{where}: <{type(value).__name__}> cannot be written as JSON: use PickleSerializer or keep it out of the store"
    )


def _below(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)


def _exact_time(value: dt.datetime | dt.time) -> bool:
    return not value.fold and (value.tzinfo is None or type(value.tzinfo) is dt.timezone)


_LOOSE = (Any, object, BaseModel, list, dict, tuple, set, frozenset)

_WRITERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    tuple: ("$tuple", list),
    set: ("$set", list),
    frozenset: ("$frozenset", list),
    bytes: ("$bytes", lambda value: base64.b64encode(value).decode()),
    dt.datetime: ("$datetime", dt.datetime.isoformat),
    dt.date: ("$date", dt.date.isoformat),
    dt.time: ("$time", dt.time.isoformat),
    dt.timedelta: ("$timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    uuid.UUID: ("$uuid", str),
    decimal.Decimal: ("$decimal", str),
    type(pathlib.Path()): ("$path", str),
}
