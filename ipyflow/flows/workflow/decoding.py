"""Reading what ``encoding`` has written.

Classes are found by their qualified names among the modules that are loaded; nothing is imported, and nothing but
pydantic models and enums is made.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import pathlib
import sys
import types
import uuid
from collections.abc import Callable, Mapping
from enum import Enum, Flag
from typing import Any

from pydantic import AliasChoices, BaseModel, RootModel

_READERS: dict[str, Callable[[Any], Any]] = {
    "$int": lambda text: int(text, 16),
    "$dict": dict,
    "$tuple": tuple,
    "$set": set,
    "$frozenset": frozenset,
    "$bytes": lambda text: base64.b64decode(text, validate=True),
    "$datetime": dt.datetime.fromisoformat,
    "$date": dt.date.fromisoformat,
    "$time": dt.time.fromisoformat,
    "$timedelta": lambda parts: dt.timedelta(*parts),
    "$uuid": uuid.UUID,
    "$decimal": decimal.Decimal,
    "$path": pathlib.Path,
}


def decode(data: Any, known: Mapping[str, type]) -> Any:
    """What ``encode`` has written.

    Args:
        data: as ``json.loads`` gives it.
        known: classes by their qualified names, besides those of the modules that are loaded.

    Raises:
        ValueError: a class that is not there or may not be made; a word that is not known.
        ValidationError: a model does not take what was written of it.
    """
    if isinstance(data, list):
        return [decode(one, known) for one in data]
    if not isinstance(data, dict):
        return data
    word = next(iter(data), "")
    if not word.startswith("$"):
        return {name: decode(one, known) for name, one in data.items()}
    try:
        return _read(word, data[word], known)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"{word} {data[word]!r:.80} cannot be read: {type(error).__name__}: {error}") from error


def _read(word: str, given: Any, known: Mapping[str, type]) -> Any:
    if word == "$class":
        return _find(given, BaseModel, known)
    if word == "$model":
        name, fields = given
        return _model(_find(name, BaseModel, known), {name: decode(one, known) for name, one in fields.items()})
    if word == "$enum":
        return _find(given[0], Enum, known).__members__[given[1]]
    if word == "$flag":
        return _find(given[0], Flag, known)(given[1])
    return _READERS[word](decode(given, known))


def _model(kind: type[Any], fields: dict[str, Any]) -> Any:
    if issubclass(kind, RootModel):
        return kind.model_validate(fields["root"])
    try:
        # A default that its own field would refuse, as None often is, is not given but left to be one again.
        return kind.model_validate(
            {_key(kind, name): value for name, value in fields.items() if not _is_default(kind, name, value)}
        )
    except Exception as error:
        error.add_note(f"raised when a saved {kind.__name__} was read")
        raise


def _is_default(kind: type[BaseModel], name: str, value: Any) -> bool:
    field = kind.model_fields.get(name)
    plain = value is None or type(value) in (bool, int, float, str)
    return plain and field is not None and type(field.default) is type(value) and bool(field.default == value)


def _key(kind: type[BaseModel], name: str) -> str:
    """By which name a field is given: its own, or the other one that it asks for."""
    field = kind.model_fields.get(name)
    alias = field.validation_alias if field is not None else None
    if isinstance(alias, AliasChoices):
        alias = next((one for one in alias.choices if isinstance(one, str)), None)
    return alias if isinstance(alias, str) else name


def _find(name: Any, base: type, known: Mapping[str, type]) -> type[Any]:
    """The class of that name, as it is now, which must be a ``base``.

    Nothing of a module is run: it is looked at, also where looking at one would import another.
    """
    if name in known:
        found: Any = known[name]
    else:
        module, _, path = str(name).partition(":")
        found = sys.modules.get(module)
        for part in path.split("."):
            if isinstance(found, types.ModuleType):
                names = object.__getattribute__(found, "__dict__")
            elif isinstance(found, type):
                names = type.__getattribute__(found, "__dict__")
            else:
                names = {}
            found = names.get(part)
        if found is None:
            todo = "run the cell that defines it first" if module == "__main__" else f"import {module} first"
            raise ValueError(f"there is no class {name}: {todo}; classes are not imported by what is saved")
    if not isinstance(found, type) or not issubclass(found, base):
        wanted = "a pydantic model" if base is BaseModel else "an enum"
        raise ValueError(f"{name} is not {wanted}: only models and enums are made of what is saved")
    return found
