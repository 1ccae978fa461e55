"""What is wrong with a value, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ipyflow.forms.fields import Field

_PLEASE = {
    "int": "a whole number, please", "float": "a number, please", "decimal": "a number, please",
    "bool": "yes or no, please", "complex": "a complex number, please, as 1+2j",
    "date": "a date, please, as 2026-01-31", "datetime": "a date and a time, please, as 2026-01-31 14:30",
    "time": "a time, please, as 14:30", "timezone": "a time zone, please, as +01:00",
    "time_delta": "a length of time, please, as 1:30:00 or in seconds",
    "string": "text, please", "path": "a path, please", "dict": "a dictionary, please: {'a': 1}",
    "list": "a list, please: 1, 2, 3", "tuple": "a list, please: 1, 2, 3", "set": "a list, please: 1, 2, 3",
    "frozen_set": "a list, please: 1, 2, 3", "uuid": "a UUID, please",
    "url": "an address, please, as https://example.org",
}  # fmt: skip
_BOUNDS = {
    "greater_than_equal": ("ge", "{} or more, please"), "greater_than": ("gt", "more than {}, please"),
    "less_than_equal": ("le", "{} or less, please"), "less_than": ("lt", "less than {}, please"),
    "multiple_of": ("multiple_of", "a multiple of {}, please"),
    "string_too_short": ("min_length", "{} letters or more, please"),
    "string_too_long": ("max_length", "{} letters or fewer, please"),
    "too_short": ("min_length", "{} items or more, please"), "too_long": ("max_length", "{} items or fewer, please"),
}  # fmt: skip
_SHAPES = (
    "from_datetime_parsing", "from_datetime_inexact", "from_date_parsing", "from_float", "parsing", "type",
)  # fmt: skip


def said(error: Mapping[str, Any], field: Field | None) -> str:
    """One of pydantic's errors in plain words.

    Args:
        error: as ``ValidationError.errors()`` has it.
        field: that it is about, if it is about one.

    Example:
        >>> said({"type": "int_parsing", "msg": "...", "input": "three"}, None)
        "a whole number, please, not 'three'"
    """
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "missing" or (given is None and field is not None and not field.optional):
        return "needs a value"
    if field is not None and field.choices:
        return f"one of {', '.join(label for label, _ in field.choices)}, please{_given(given)}"
    if kind in _BOUNDS:
        name, text = _BOUNDS[kind]
        return text.format(context.get(name)) + ("" if "length" in name else _given(given))
    stem = next((kind.removesuffix(f"_{shape}") for shape in _SHAPES if kind.endswith(f"_{shape}")), kind)
    if stem in _PLEASE:
        return _PLEASE[stem] + _given(given)
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error") or error["msg"])
    if kind == "is_instance_of":
        return f"an object of class {str(context.get('class')).rpartition('.')[2]}, please{_given(given)}"
    message = str(error["msg"])
    return message[:1].lower() + message[1:] + _given(given)


def _given(value: Any) -> str:
    text = repr(value)
    return f", not {text if len(text) <= 40 else text[:39] + '…'}"
