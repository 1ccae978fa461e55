"""Events in a few words, for records and messages; nothing of somebody else's is called for it."""

from __future__ import annotations

from typing import Any

from ipyflow.engine.describe import short
from ipyflow.model.texts import HUGE, LONGEST, NUMBERS

_VALUES = 8
"""Values of an event that are written out."""


def event_text(event: Any) -> Any:
    """What an event holds, as a packed record may have it: names and, behind each, its text or the plain number."""
    out: list[Any] = []
    for held in (event.__dict__, event.__pydantic_extra__):
        if held:
            for name, value in held.items():
                kind = type(value)
                plain = kind in NUMBERS and (kind is not int or -HUGE < value < HUGE)
                out.append(name)
                out.append(value if plain else short(value))
    if len(out) > 2 * _VALUES:
        out[2 * _VALUES :] = ["…", f"({len(out) // 2} values)"]
    return tuple(out)


def shown_event(event: Any) -> str:
    """An event as it would be written, shortened."""
    held = event_text(event)
    inner = ", ".join(f"{name}={value}" for name, value in zip(held[::2], held[1::2], strict=True))
    text = f"{type(event).__name__}({inner})"
    return text if len(text) <= 2 * LONGEST else text[: 2 * LONGEST - 1] + "…"
