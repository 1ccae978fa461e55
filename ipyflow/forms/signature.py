"""The fields of a function: its parameters, with hints, defaults and what its docstring says of them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_type_hints

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ipyflow.forms.fields import Field
from ipyflow.forms.models import MISSING, field_of

_SECTION = re.compile(r"^(Args|Arguments|Parameters|Attributes):\s*$")
_ENTRY = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s*(.*)$")
_SPHINX = re.compile(r"^:param\s+(?:[^:]*\s)?\*{0,2}(\w+):\s*(.*)$")


def of_callable(fn: Callable[..., Any], *, skip: Iterable[str] = ()) -> tuple[Field, ...]:
    """The fields of a function's or a task's parameters.

    Args:
        fn: the function.
        skip: names of parameters that nobody is asked for.

    Example:
        >>> def train(rate: float, epochs: int = 10):
        ...     '''Train it.
        ...
        ...     Args:
        ...         rate: how fast it learns.
        ...     '''
        >>> [(field.name, field.kind, field.default, field.doc) for field in of_callable(train)]
        [('rate', 'float', None, 'how fast it learns.'), ('epochs', 'int', 10, '')]
    """
    hints, docs, skipped = _hints(fn), argument_docs(inspect.getdoc(fn) or ""), set(skip)
    fields = []
    for name, parameter in inspect.signature(fn).parameters.items():
        if name in skipped:
            continue
        hint, default = hints.get(name, MISSING), parameter.default
        if parameter.kind is parameter.VAR_POSITIONAL:
            hint, default = list[Any if hint is MISSING else hint], []  # type: ignore[misc]
        elif parameter.kind is parameter.VAR_KEYWORD:
            hint, default = dict[str, Any if hint is MISSING else hint], {}  # type: ignore[misc]
        info = None
        if isinstance(default, FieldInfo):  # `n: int = Field(3, ge=1)`, as pydantic's validate_call has it
            info, default = default, default.get_default(call_default_factory=True)
            default = MISSING if default is PydanticUndefined else default
        fields.append(field_of(name, hint, default=default, doc=docs.get(name, ""), info=info))
    return tuple(fields)


def as_call(fn: Callable[..., Any], values: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Values by the names of parameters, as the positional and the keyword arguments of a call.

    Example:
        >>> def add(first, /, *more, scale=1): ...
        >>> as_call(add, {"first": 1, "more": [2, 3], "scale": 10})
        ((1, 2, 3), {'scale': 10})
    """
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    parameters = inspect.signature(fn).parameters
    spread = any(one.kind is one.VAR_POSITIONAL and values.get(name) for name, one in parameters.items())
    for name, one in parameters.items():
        if name not in values:
            # What stands before *args has its place; nothing else may be left out there.
            if spread and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) and one.default is not MISSING:
                args.append(one.default)
        elif one.kind is one.VAR_POSITIONAL:
            args.extend(values[name])
        elif one.kind is one.VAR_KEYWORD:
            kwargs.update(values[name])
        elif one.kind is one.POSITIONAL_ONLY or (spread and one.kind is one.POSITIONAL_OR_KEYWORD):
            args.append(values[name])
        else:
            kwargs[name] = values[name]
    return tuple(args), kwargs


def argument_docs(text: str) -> dict[str, str]:
    r"""What a docstring says of each argument: Google's ``Args:`` or Sphinx's ``:param x:``.

    Example:
        >>> argument_docs("Cut it.\n\nArgs:\n    size (int): how large,\n        in mm.\n\nReturns:\n    it")
        {'size': 'how large, in mm.'}
    """
    found: dict[str, str] = {}
    inside, depth, name = False, 0, ""
    for line in inspect.cleandoc(text).splitlines():
        words, indent = line.strip(), len(line) - len(line.lstrip())
        sphinx = _SPHINX.match(words)
        if sphinx:
            found[sphinx[1]] = sphinx[2]
        elif _SECTION.match(line):
            inside, depth, name = True, 0, ""
        elif inside and words and not indent:
            inside = False
        elif inside and words:
            depth = depth or indent
            entry = _ENTRY.match(words) if indent == depth else None
            if entry:
                name = entry[1]
                found[name] = entry[2]
            elif name and indent > depth:
                found[name] = f"{found[name]} {words}".strip()
    return found


def _hints(fn: Callable[..., Any]) -> dict[str, Any]:
    """The hints as types; one that cannot be looked up counts as missing."""
    plain = inspect.unwrap(getattr(fn, "fn", fn))
    plain = getattr(plain, "__func__", plain)
    if not inspect.isfunction(plain):
        plain = plain if hasattr(plain, "__annotations__") else type(plain).__call__
    try:
        return get_type_hints(plain, include_extras=True)
    except Exception:
        annotations = getattr(plain, "__annotations__", {})
        return {name: hint for name, hint in annotations.items() if not isinstance(hint, str)}
