"""The fields of a type: of a pydantic model, a dataclass, or one field for a simple type."""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import decimal
import enum
import inspect
import ipaddress
import math
import pathlib
import re
import types
import typing
import uuid
from collections.abc import Iterable
from typing import Annotated, Any, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

import pydantic
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ipyflow.forms.fields import Field, Kind

MISSING = inspect.Parameter.empty
ANSWER = "answer"
"""The name of the one field of a type that has no fields."""

_KINDS: dict[Any, Kind] = {
    bool: "bool", int: "int", float: "float", str: "str", datetime.datetime: "datetime", datetime.date: "date",
    datetime.time: "time", pydantic.SecretStr: "secret", pydantic.SecretBytes: "secret",
}  # fmt: skip
_TYPED_AS_TEXT = (
    decimal.Decimal, uuid.UUID, datetime.timedelta, bytes, complex, re.Pattern, ipaddress.IPv4Address,
    ipaddress.IPv6Address, ipaddress.IPv4Network, ipaddress.IPv6Network,
)  # fmt: skip
_LISTS = (
    list, set, frozenset, collections.abc.Sequence, collections.abc.MutableSequence, collections.abc.Iterable,
    collections.abc.Collection, collections.abc.Set, collections.abc.MutableSet,
)  # fmt: skip


def of_type(type_: Any) -> tuple[Field, ...]:
    """The fields of a model, or the one field ``answer`` of any other type.

    Example:
        >>> from pydantic import BaseModel
        >>> class Address(BaseModel):
        ...     street: str
        ...     number: int = 1
        >>> [(field.name, field.kind, field.required) for field in of_type(Address)]
        [('street', 'str', True), ('number', 'int', False)]
        >>> [(field.name, field.kind) for field in of_type(bool)]
        [('answer', 'bool')]
    """
    fields = _fields(type_, ())
    return (field_of(ANSWER, type_),) if fields is None else fields


def is_model(type_: Any) -> bool:
    """Whether a type has fields of its own: a pydantic model, a dataclass, a ``TypedDict``."""
    is_pydantic = inspect.isclass(type_) and issubclass(type_, pydantic.BaseModel)
    return is_pydantic or (inspect.isclass(type_) and dataclasses.is_dataclass(type_)) or _is_typed_dict(type_)


def field_of(
    name: str, hint: Any, *, default: Any = MISSING, doc: str = "", info: FieldInfo | None = None,
    inside: tuple[Any, ...] = (),
) -> Field:  # fmt: skip
    """The field for one hint.

    Args:
        name: its name.
        hint: the type, also as ``Annotated``; ``MISSING`` where the code has none: then the default tells.
        default: ``MISSING`` where there is none.
        doc: what the docstring says; what the hint itself says goes before.
        info: what pydantic knows of it besides the hint.
        inside: the models it is in: one inside itself is typed as a value.
    """
    if hint is MISSING:
        shown, hint = (Any, Any) if default is MISSING else _of_default(default)
    else:
        shown = hint
    said = _Said(info)
    if info is not None and (info.metadata or info.annotation is None):
        hint = Annotated[hint, *info.metadata] if info.metadata else hint
    base, optional = said.peeled(shown)
    kind, more = _kind(base, said, inside)
    if kind == "str" and (said.many_lines or (isinstance(default, str) and "\n" in default)):
        kind = "text"
    has_default = default is not MISSING
    return Field(
        name, kind, said.title or name.strip("_").replace("_", " ") or name, said.doc or doc, required=not has_default,
        optional=optional or (has_default and default is None), default=default if has_default else None,
        has_default=has_default, low=said.low(kind), high=said.high(kind), step=said.step, hint=hint, **more,
    )  # fmt: skip


class _Said:
    """What the metadata of a hint say."""

    def __init__(self, info: FieldInfo | None) -> None:
        self.title, self.doc, self.many_lines = "", "", False
        self._bounds: dict[str, Any] = {}
        if info is not None:
            self._hear(info)

    @property
    def step(self) -> float | None:
        return _number(self._bounds.get("multiple_of"))

    def low(self, kind: Kind) -> float | None:
        over = _number(self._bounds.get("gt"))
        return _number(self._bounds.get("ge")) if over is None else over + 1 if kind == "int" else over

    def high(self, kind: Kind) -> float | None:
        under = _number(self._bounds.get("lt"))
        return _number(self._bounds.get("le")) if under is None else under - 1 if kind == "int" else under

    def peeled(self, hint: Any) -> tuple[Any, bool]:
        """The type without ``Annotated``, ``Optional`` and aliases; whether ``None`` is one of its values."""
        optional = False
        while True:
            if get_origin(hint) is Annotated:
                hint, *metadata = get_args(hint)
                for one in metadata:
                    self._hear(one)
            elif isinstance(hint, NewType):
                hint = hint.__supertype__
            elif isinstance(hint, TypeVar):
                hint = hint.__bound__ or Any
            elif type(hint).__name__ == "TypeAliasType":  # `type Size = int`, of Python 3.12
                hint = hint.__value__
            elif get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint):
                optional = True
                rest = [one for one in get_args(hint) if one is not type(None)]
                hint = Union[tuple(rest)]  # noqa: UP007 - there is no other way to write one of so many
            else:
                return hint, optional

    def _hear(self, one: Any) -> None:
        if isinstance(one, FieldInfo):
            self.title, self.doc = one.title or self.title, one.description or self.doc
            extra = one.json_schema_extra
            self.many_lines = self.many_lines or (isinstance(extra, dict) and bool(extra.get("multiline")))
            for inner in one.metadata:
                self._hear(inner)
        for name in ("ge", "gt", "le", "lt", "multiple_of"):
            bound = getattr(one, name, None)
            if bound is not None:
                self._bounds[name] = bound


def _kind(base: Any, said: _Said, inside: tuple[Any, ...]) -> tuple[Kind, dict[str, Any]]:
    """The kind of a type, and what a field of that kind has besides."""
    origin, args = get_origin(base), get_args(base)
    if origin is Literal:
        return "choice", {"choices": tuple((str(_shown(one)), one) for one in args)}
    if origin in _LISTS or base in _LISTS or (origin is tuple and len(args) == 2 and args[1] is ...):
        return "list", {"item": field_of("item", args[0] if args else Any, inside=inside)}
    if origin in (Union, types.UnionType):
        return ("float", {}) if set(args) <= {int, float} else ("value", {})
    if not inspect.isclass(base):
        return "value", {}
    if issubclass(base, enum.Enum):
        return "choice", {"choices": tuple((one.name, one) for one in base)}
    fields = None if base in inside else _fields(base, inside)
    if fields is not None:
        return "model", {"fields": fields}
    if issubclass(base, pathlib.PurePath):
        return "path", {}
    for known, kind in _KINDS.items():
        if issubclass(base, known):
            return kind, {}
    is_text = issubclass(base, _TYPED_AS_TEXT) or base.__module__.startswith("pydantic.networks")
    return ("str" if is_text else "value"), {}


def _fields(type_: Any, inside: tuple[Any, ...]) -> tuple[Field, ...] | None:
    """The fields of a model; ``None`` where the type has none."""
    if not is_model(type_):
        return None
    inside = (*inside, type_)
    if not issubclass(type_, pydantic.BaseModel):
        return tuple(_plain_fields(type_, inside))
    found = []
    for name, info in type_.model_fields.items():
        default: Any = MISSING if info.is_required() else _model_default(info)
        alias = info.validation_alias if isinstance(info.validation_alias, str) else info.alias
        by_name = type_.model_config.get("populate_by_name") or type_.model_config.get("validate_by_name")
        key = name if by_name or alias is None else alias
        found.append(field_of(key, info.annotation, default=default, info=info, inside=inside))
    return tuple(found)


def _plain_fields(type_: Any, inside: tuple[Any, ...]) -> Iterable[Field]:
    """Of a dataclass, or a ``TypedDict``."""
    hints = get_type_hints(type_, include_extras=True)
    if _is_typed_dict(type_):
        for name, hint in hints.items():
            hint = get_args(hint)[0] if get_origin(hint) in (typing.Required, typing.NotRequired) else hint
            required = name in type_.__required_keys__
            yield dataclasses.replace(field_of(name, hint, inside=inside), required=required)
        return
    for one in dataclasses.fields(type_):
        if one.init:
            default: Any = one.default
            if one.default_factory is not dataclasses.MISSING:
                default = one.default_factory()
            default = MISSING if default is dataclasses.MISSING else default
            yield field_of(one.name, hints[one.name], default=default, inside=inside)


def _model_default(info: FieldInfo) -> Any:
    try:
        default = info.get_default(call_default_factory=True)
    except Exception:  # a factory that needs the other values
        default = None
    return None if default is PydanticUndefined else default


def _of_default(default: Any) -> tuple[Any, Any]:
    """What an untyped parameter with this default is shown as, and what it is checked with: not more than that."""
    if isinstance(default, bool):
        return bool, bool
    if isinstance(default, int):
        return int, int | float
    for kind in (str, float, datetime.datetime, datetime.date, datetime.time, pathlib.PurePath, *_TYPED_AS_TEXT):
        if isinstance(default, kind):
            return kind, Any if kind is str else kind
    if isinstance(default, enum.Enum) or is_model(type(default)):
        return type(default), type(default)
    return (list[Any], list[Any]) if type(default) is list else (Any, Any)


def _is_typed_dict(type_: Any) -> bool:
    return hasattr(type_, "__required_keys__")  # pydantic wants that of typing_extensions, before Python 3.12


def _shown(one: Any) -> Any:
    return one.name if isinstance(one, enum.Enum) else one


def _number(bound: Any) -> float | None:
    return bound if type(bound) in (int, float) and math.isfinite(bound) else None
