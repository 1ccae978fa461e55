"""One field of a form: what is asked for, and what a page needs to draw it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic_core import to_jsonable_python

Kind = Literal[
    "int", "float", "bool", "str", "text", "secret", "choice", "date", "time", "datetime", "path", "list", "model",
    "value",
]  # fmt: skip
"""``text`` has many lines; ``value`` is anything else, written as a Python literal."""
SCALARS = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes:
        name: of the parameter, or of the model's field.
        kind: how it is drawn and typed.
        label: for a person.
        doc: what it means, if the code says.
        required: without a value there is no call.
        optional: ``None`` is a value of it.
        default: where there is one (``has_default``), as Python has it.
        choices: of a ``choice``, each with its label.
        low, high, step: bounds of a number.
        item: of a ``list``, what it is a list of.
        fields: of a ``model``, its fields.
        hint: the type that a value is checked with.

    Example:
        >>> Field("size", "int", default=3, has_default=True).to_json()["default"]
        3
    """

    name: str
    kind: Kind
    label: str = ""
    doc: str = ""
    required: bool = False
    optional: bool = False
    default: Any = None
    has_default: bool = False
    choices: tuple[tuple[str, Any], ...] | None = None
    low: float | None = None
    high: float | None = None
    step: float | None = None
    item: Field | None = None
    fields: tuple[Field, ...] | None = None
    hint: Any = field(default=Any, repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """The field as a page gets it; the default of a secret stays here."""
        return {
            "name": self.name, "kind": self.kind, "label": self.label, "doc": self.doc, "required": self.required,
            "optional": self.optional, "default": self.as_json(self.default), "has_default": self.has_default,
            "choices": None if self.choices is None else [[label, plain(label, one)] for label, one in self.choices],
            "min": self.low, "max": self.high, "step": self.step,
            "item": None if self.item is None else self.item.to_json(),
            "fields": None if self.fields is None else [one.to_json() for one in self.fields],
        }  # fmt: skip

    def as_json(self, value: Any) -> Any:
        """A value of this field as a page shows it: what a form is filled with.

        Example:
            >>> Field("at", "value").as_json({"x": (1, 2)})
            "{'x': (1, 2)}"
        """
        if value is None or self.kind == "secret":
            return None
        if self.kind == "choice":
            return next((plain(label, one) for label, one in self.choices or () if one is value or one == value), None)
        if self.kind == "value":
            return repr(value)
        if self.item is not None and isinstance(value, Sequence | set | frozenset) and not isinstance(value, str):
            return [self.item.as_json(one) for one in value]
        if self.fields is not None:
            return {one.name: one.as_json(part(value, one.name)) for one in self.fields}
        if self.kind in ("int", "float", "bool") and type(value) in SCALARS:
            return value if _fits(value) else str(value)
        try:
            return to_jsonable_python(value, fallback=str)
        except ValueError:  # bytes that are no text
            return repr(value)


def _fits(value: Any) -> bool:
    """Whether a page reads a number as it is: JSON has no infinity, JavaScript no large whole numbers."""
    return math.isfinite(value) if isinstance(value, float) else not isinstance(value, int) or abs(value) < 2**53


def part(value: Any, name: str) -> Any:
    """A part of a model, a dataclass or a dictionary."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def plain(label: str, value: Any) -> Any:
    """A choice in JSON: itself where JSON has it, else its label."""
    return value if type(value) in SCALARS else label
