"""Events in a few words, for records and messages; nothing of somebody else's is called for it."""

from __future__ import annotations

from typing import Any

from ipyflow.engine.describe import short
from ipyflow.model.texts import HUGE, LONGEST, NUMBERS

_VALUES = 8
"""Values of an event that are written out."""


def event_text(event: Any) -> tuple[Any, ...]:
    """What an event holds, as a packed record may have it: names and, behind each, its text or the plain number."""
    out: list[Any] = []
    held, extra = event.__dict__, event.__pydantic_extra__
    for name, value in (held if not extra else {**held, **extra}).items():
        kind = type(value)
        plain = kind in NUMBERS and (kind is not int or -HUGE < value < HUGE)
        out += (name, value if plain else short(value))
    if len(out) > 2 * _VALUES:
        out[2 * _VALUES :] = ["…", f"({len(out) // 2} values)"]
    return tuple(out)


def written(event: Any) -> str:
    """What an event holds, in words."""
    held = event_text(event)
    return ", ".join([f"{name}={value}" for name, value in zip(held[::2], held[1::2], strict=True)])


def shown_event(event: Any) -> str:
    """An event as it would be written, shortened."""
    text = f"{type(event).__name__}({written(event)})"
    return text if len(text) <= 2 * LONGEST else text[: 2 * LONGEST - 1] + "…"
