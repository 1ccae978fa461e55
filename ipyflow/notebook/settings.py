"""``%flow config``: the settings of :func:`ipyflow.configure` as words of a line."""

from __future__ import annotations

import ast
import dataclasses
from typing import Any

from IPython.core.error import UsageError

from ipyflow import session
from ipyflow.notebook.grammar import unquoted
from ipyflow.views.words import shown

_WORDS = {"on": True, "off": False, "none": None, "default": None, "true": True, "false": False}


def names() -> list[str]:
    """The settings there are."""
    return [field.name for field in dataclasses.fields(session.Settings)]


def described(some: list[str] | None = None) -> str:
    """Each setting and its value, a line each; of ``some`` settings, or all."""
    current, wanted = session.configure(), some or names()
    wide = max(map(len, wanted))
    return "\n".join(f"{name:<{wide}}  {shown(_worded(getattr(current, name)), 80)}" for name in wanted)


def _worded(value: Any) -> str:
    if value is None:
        return "default"
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else repr(value)


def change(given: list[str], variables: dict[str, Any]) -> None:
    """Set what the words say: ``threads=4``, or ``nested_loops on``; all of it or nothing.

    Raises:
        UsageError: an unknown setting or a value that cannot be.
    """
    changes: dict[str, Any] = {}
    rest = iter(given)
    for word in rest:
        name, equals, text = word.partition("=")
        if not equals:
            text = next(rest, "")
        if not text:
            raise UsageError(f"%flow config {name}: give a value, as in %flow config {name}=...; there are {_all()}")
        changes[name] = _value(text, variables)
    try:
        session.configure(**changes)
    except (TypeError, ValueError, RuntimeError, ImportError) as error:
        raise UsageError(str(error)) from None


def _all() -> str:
    return ", ".join(names())


def _value(text: str, variables: dict[str, Any]) -> Any:
    """A word for yes or no, a literal, a variable; anything else is text, as an address of a cluster is."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if text in variables:
        return variables[text]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return unquoted(text)


def values(name: str) -> tuple[str, ...]:
    """Words that a setting takes, for completion."""
    known = {field.name: field.default for field in dataclasses.fields(session.Settings)}
    if name not in known:
        return ()
    return ("on", "off") if isinstance(known[name], bool) else ("default",)
