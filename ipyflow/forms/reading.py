"""Values from what was typed into a form, checked by pydantic; what is wrong is said at its field."""

from __future__ import annotations

import ast
import collections.abc
import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args, get_origin

import pydantic
from pydantic import ConfigDict, TypeAdapter

from ipyflow.errors import FormError
from ipyflow.forms.fields import Field, plain
from ipyflow.forms.models import ANSWER, is_model, of_type
from ipyflow.forms.saying import said
from ipyflow.forms.signature import of_callable

_EMPTY = object()
"""Nothing was typed: the default counts."""
_OPENING = tuple("[({\"'")


def read(target: Any, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Check and convert what was typed.

    What is not in ``raw`` has its default. An empty text is a value of a text, and "nothing typed" of all others.

    Args:
        target: a function or a task: the values are its arguments by name; or a type: the value is ``answer``.
        raw: what was typed, by the fields' names, as JSON has it or as Python values.

    Raises:
        FormError: with a message for each field that is wrong.

    Example:
        >>> def train(rate: float, epochs: int = 10): ...
        >>> read(train, {"rate": "0.5"})
        {'rate': 0.5}
        >>> read(train, {"rate": "fast", "epochs": ""})
        Traceback (most recent call last):
        ipyflow.errors.FormError: rate: a number, please, not 'fast'
        >>> read(list[int], {"answer": "1, 2"})
        {'answer': [1, 2]}
    """
    if not _is_type(target):
        return read_fields(of_callable(target), raw)
    fields = of_type(target)
    if not is_model(target):
        return read_fields(fields, raw)
    errors: dict[str, str] = {}
    prepared = _parts(fields, raw, "", errors)
    try:
        return {ANSWER: TypeAdapter(target).validate_python(prepared)}
    except pydantic.ValidationError as error:
        _tell(error, fields, "", errors)
    raise FormError(errors)


def read_fields(fields: Sequence[Field], raw: Mapping[str, Any]) -> dict[str, Any]:
    """As :func:`read`, for fields that are at hand.

    Example:
        >>> read_fields([Field("size", "int", hint=int)], {"size": "3"})
        {'size': 3}
    """
    __tracebackhide__ = True  # in a notebook, what is wrong with a form is in the reader's line
    errors: dict[str, str] = {}
    prepared = _parts(fields, raw, "", errors)
    values: dict[str, Any] = {}
    for field in fields:
        if field.name not in prepared:
            if field.required:
                errors.setdefault(field.name, "needs a value")
            continue
        value = prepared[field.name]
        if any(path == field.name or path.startswith(f"{field.name}.") for path in errors):
            continue
        if value is field.default and field.has_default:
            values[field.name] = value
            continue
        try:
            values[field.name] = _adapter(field.hint).validate_python(value)
        except pydantic.ValidationError as error:
            _tell(error, (), field.name, errors, field)
    if errors:
        raise FormError(errors)
    return values


def _parts(fields: Sequence[Field], raw: Mapping[str, Any], path: str, errors: dict[str, str]) -> dict[str, Any]:
    known = {field.name: field for field in fields}
    for name in raw:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known) or 'none'}"
            errors[f"{path}{name}"] = f"there is no such field: {hint}"
    found = {}
    for name, field in known.items():
        if name in raw:
            value = _typed(field, raw[name], f"{path}{name}", errors)
            if value is not _EMPTY:
                found[name] = value
    return found


def _typed(field: Field, raw: Any, path: str, errors: dict[str, str]) -> Any:
    """What pydantic gets for what was typed into one field."""
    if field.has_default and _same(raw, field):
        return field.default
    if raw is None:
        return None if field.optional or field.required else _EMPTY
    if isinstance(raw, str) and not raw.strip() and field.kind not in ("str", "text"):
        return None if field.optional else _EMPTY
    if field.kind == "choice":
        return _chosen(field, raw)
    if field.kind == "value" and isinstance(raw, str):
        return _literal(field, raw, path, errors)
    if field.item is not None:
        items = _items(field.item, raw) if isinstance(raw, str) else raw
        if isinstance(items, list | tuple | set | frozenset):
            typed = [_typed(field.item, one, f"{path}.{place}", errors) for place, one in enumerate(items)]
            return [one for one in typed if one is not _EMPTY]
        return items
    if field.fields is not None and isinstance(raw, Mapping):
        return _parts(field.fields, raw, f"{path}.", errors)
    return raw.strip() if isinstance(raw, str) and field.kind not in ("str", "text", "secret") else raw


def _same(raw: Any, field: Field) -> bool:
    """Whether what was typed is the default as the page was given it; a default need not be of the type."""
    if raw is field.default:
        return True
    if field.kind == "secret":
        return raw is None or raw == ""
    default = field.as_json(field.default)
    return bool(type(raw) is type(default) and raw == default)


def _chosen(field: Field, raw: Any) -> Any:
    for _, value in field.choices or ():
        if raw is value or (type(raw) is type(value) and raw == value):
            return value
    for label, value in field.choices or ():
        if raw in (label, plain(label, value)) and not isinstance(raw, bool):
            return value
    return raw


def _literal(field: Field, raw: str, path: str, errors: dict[str, str]) -> Any:
    try:
        return ast.literal_eval(raw.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        if field.hint is Any:
            errors[path] = f"a Python value, please: 3, [1, 2], {{'a': 1}}; text in quotes: {raw.strip()[:40]!r}"
        return raw


def _items(item: Field, raw: str) -> Any:
    """A list as text: a Python list, or items with commas between."""
    text = raw.strip()
    if text[:1] in _OPENING or item.kind == "value":
        try:
            found = ast.literal_eval(text)
            return found if isinstance(found, list | tuple | set) else [found]
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            pass
    return [one.strip() for one in text.split(",") if one.strip()]


def _tell(
    error: pydantic.ValidationError, fields: Sequence[Field], path: str, errors: dict[str, str],
    field: Field | None = None,
) -> None:  # fmt: skip
    """Put pydantic's messages to the fields they are about; the first of each field."""
    for one in error.errors(include_url=False):
        place, at, among = path, field, fields
        for part in one["loc"]:
            # Besides names and indexes, a place has marks of unions and validators.
            if at is not None and at.item is not None and isinstance(part, int):
                step: Field | None = at.item
            else:
                inner = among if at is None else at.fields or ()
                step = next((inner_field for inner_field in inner if inner_field.name == part), None)
            if step is None:
                continue
            at, place = step, f"{place}.{part}" if place else str(part)
        errors.setdefault(place, said(one, at))


def _is_type(target: Any) -> bool:
    return inspect.isclass(target) or get_origin(target) is not None or not isinstance(target, Callable)  # type: ignore[arg-type]


def _adapter(hint: Any) -> TypeAdapter[Any]:
    if get_origin(hint) is collections.abc.Iterable:  # which pydantic would check only while a body reads it
        hint = list[get_args(hint)]  # type: ignore[misc]
    try:
        return TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))
    except (pydantic.PydanticUserError, NameError):  # models have a configuration of their own
        pass
    try:
        return TypeAdapter(hint)
    except (pydantic.PydanticUserError, NameError):  # no type, or one that is not there yet: the body will see
        return TypeAdapter(Any)
