"""How plain values are written: the part of a short text that needs no care and no foreign code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LONGEST = 120
"""Characters of a value's text."""

NUMBERS = frozenset({int, float, bool, type(None)})
"""Types whose values may stand in a packed record as they are: small, and written out only when somebody looks."""

HUGE = 1 << 64
"""Integers beyond this are not kept as they are."""


def _int(value: int) -> str:
    return repr(value) if -HUGE < value < HUGE else f"int of {value.bit_length()} bits"


def _str(value: str) -> str:
    return repr(value) if len(value) <= LONGEST else f"{value[: LONGEST - 20]!r}… ({len(value)} characters)"


def _bytes(value: bytes) -> str:
    return repr(value) if len(value) <= 40 else f"{value[:24]!r}… ({len(value)} bytes)"


PLAIN: dict[Any, Callable[[Any], str]] = {
    int: _int, float: repr, bool: repr, complex: repr, type(None): repr, range: repr, str: _str, bytes: _bytes,
}  # fmt: skip
"""How a value of exactly this type is written."""
