"""A value as the text a person would type, and the words for what is asked for."""

from __future__ import annotations

import enum
import pathlib
from typing import Any

from ipyflow.forms.fields import Field

_LONG = 2_000
_WORDS = {
    "int": "a whole number", "float": "a number", "bool": "yes or no", "str": "text", "text": "text",
    "date": "a date, as 2026-01-31", "time": "a time, as 14:30", "datetime": "a date and a time, as 2026-01-31 14:30",
    "path": "a path", "secret": "a secret", "value": "a Python value",
}  # fmt: skip
_IN_LISTS = {"int": "whole numbers", "float": "numbers", "str": "texts", "path": "paths", "date": "dates"}
_BARE = str.maketrans("", "", ",[](){}'\"\n")


def typed(field: Field, value: Any) -> str:
    """A value as it would be typed; what nobody could type is only named.

    Example:
        >>> typed(Field("sizes", "list", item=Field("item", "int")), [1, 2])
        '1, 2'
        >>> typed(Field("at", "value"), object)
        "<class 'object'>"
    """
    if value is None:
        return ""
    if field.kind == "secret":
        return ""
    if field.kind == "bool":
        return "yes" if value else "no"
    if field.kind == "choice":
        return next((label for label, one in field.choices or () if one is value or one == value), str(value))
    if field.item is not None and isinstance(value, list | tuple | set | frozenset):
        return _listed(field.item, list(value))
    if field.kind in ("value", "list", "model"):
        text = repr(value)
        return text if "\n" not in text and len(text) <= _LONG else f"<{type(value).__name__}>"
    return str(field.as_json(value))


def _listed(item: Field, values: list[Any]) -> str:
    parts = [typed(item, one) for one in values]
    if item.kind in ("value", "model", "list") or any(not part or part != part.translate(_BARE) for part in parts):
        return repr(item.as_json(values) if item.kind == "value" else [item.as_json(one) for one in values])
    return ", ".join(parts)


def as_code(value: Any) -> str:
    """A value as one would write it in a cell, where ``repr`` is not that.

    Example:
        >>> import enum, pathlib
        >>> as_code(pathlib.Path("a/b")), as_code([enum.Enum("Size", "S M").S])
        ("Path('a/b')", '[Size.S]')
    """
    if isinstance(value, pathlib.PurePath):
        return f"Path({str(value)!r})"
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if type(value) is list:
        return f"[{', '.join(as_code(one) for one in value)}]"
    text = repr(value)
    return text if "\n" not in text else f"<{type(value).__name__}>"


def wanted(field: Field) -> str:
    """What a field wants, in words.

    Example:
        >>> wanted(Field("size", "int", low=1, high=9)), wanted(Field("mode", "choice", choices=(("a", 1), ("b", 2))))
        ('a whole number, 1 to 9', 'a or b')
    """
    if field.choices is not None:
        labels = [label for label, _ in field.choices]
        return " or ".join(filter(None, [", ".join(labels[:-1]), labels[-1]])) if labels else "nothing"
    if field.item is not None:
        return f"{_IN_LISTS.get(field.item.kind, 'values')} with commas between"
    if field.fields is not None:
        return ", ".join(one.label for one in field.fields)
    words = _WORDS.get(field.kind, field.kind)
    low, high = field.low, field.high
    if low is not None and high is not None:
        return f"{words}, {low:g} to {high:g}"
    return (
        f"{words}, {low:g} or more" if low is not None else f"{words}, {high:g} or less" if high is not None else words
    )


def is_default(field: Field, value: Any) -> bool:
    """Whether a value is what the field has without anybody typing."""
    if not field.has_default:
        return False
    if value is field.default:
        return True
    alike = field.kind != "secret" and type(value) is type(field.default)
    return alike and field.as_json(value) == field.as_json(field.default)
