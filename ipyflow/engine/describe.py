"""Short texts for values and errors, safe to make on the hot path.

A ``repr`` of somebody else's class may raise, take seconds or fill the memory, so it is never called here: plain
values are written out, containers to a few items, anything else by its type, shape or length.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import linecache
import re
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from decimal import Decimal
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any
from uuid import UUID

from ipyflow.engine.plan import Plan
from ipyflow.errors import GroupError, RemoteTraceback
from ipyflow.model.texts import LONGEST, PLAIN

ITEMS = 6
DEPTH = 3
LONGEST_MESSAGE = 2_000
LONGEST_TRACEBACK = 20_000

SHORT = "_short_text"
"""A class of ours that has this says itself what it holds: names and, behind each, its text or a plain number."""
_HOUSE = str(Path(__file__).resolve().parent.parent)
_FRAME = re.compile(r'  File "(.+)", line (\d+), in ')
_BRACKETS: dict[Any, str] = {list: "[]", tuple: "()", set: "{}", frozenset: "{}"}
# Of the standard library, and so nobody's own code: what forms and prompts ask for most.
_STANDARD: dict[Any, Callable[[Any], str]] = {
    **dict.fromkeys((datetime.date, datetime.timedelta, Decimal, UUID), str),
    **dict.fromkeys((type(Path()), type(PurePath())), lambda path: f"Path({str(path)!r})"),
}


def short(value: Any, depth: int = DEPTH) -> str:
    """A text of at most some 120 characters for ``value``; never calls foreign code, never raises."""
    plain = PLAIN.get(type(value))
    if plain is not None:
        return plain(value)
    try:
        text = _long(value, depth)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _long(value: Any, depth: int) -> str:
    kind = type(value)
    said = getattr(kind, SHORT, None)
    if said is not None:
        return f"{kind.__name__}({', '.join(f'{name}={text}' for name, text in _pairs(said(value)))})"
    brackets = _BRACKETS.get(kind)
    if brackets is not None:
        inner = "…" if depth <= 0 and value else ", ".join(short(v, depth - 1) for v in _first(value))
        comma = "," if kind is tuple and len(value) == 1 else ""
        more = f", … ({len(value)} items)" if len(value) > ITEMS and depth > 0 else ""
        return f"{brackets[0]}{inner}{comma}{more}{brackets[1]}"
    if kind is dict:
        inner = ", ".join(f"{short(k, depth - 1)}: {short(v, depth - 1)}" for k, v in _first(value.items()))
        more = f", … ({len(value)} items)" if len(value) > ITEMS else ""
        return "{" + inner + more + "}" if depth > 0 or not value else "{…}"
    standard = _STANDARD.get(kind)
    if standard is not None:
        return standard(value)
    if kind is datetime.datetime or kind is datetime.time:  # with a zone of somebody's own, text is their code
        zone = value.tzinfo
        return str(value) if zone is None or type(zone) is datetime.timezone else f"<{kind.__name__}>"
    if isinstance(value, enum.Enum):
        return f"{kind.__name__}.{value._name_}"
    if isinstance(value, Future):
        return f"<{label}>" if isinstance(label := getattr(value, "label", None), str) else f"<{kind.__name__}>"
    if isinstance(value, type):
        return value.__qualname__
    if issubclass(kind, Plan):
        return repr(value)
    if isinstance(value, BaseException):
        return f"{kind.__name__}: {message(value)}"
    if dataclasses.is_dataclass(value) and depth > 0:
        named = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value)[:ITEMS] if f.repr)
        return f"{kind.__name__}({', '.join(f'{n}={short(v, depth - 1)}' for n, v in named)})"
    fields = kind.__dict__.get("__pydantic_fields__")
    if isinstance(fields, dict) and depth > 0:
        shown = [name for name in fields if fields[name].repr][:ITEMS]
        return f"{kind.__name__}({', '.join(f'{n}={short(value.__dict__[n], depth - 1)}' for n in shown)})"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"<function {value.__qualname__}>"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        dtype: Any = getattr(value, "dtype", None)
        size = "×".join(map(str, shape)) or "scalar"
        return f"<{kind.__name__} {size} {dtype.name}>" if hasattr(dtype, "name") else f"<{kind.__name__} {size}>"
    return f"<{kind.__name__}>"


def packed(value: Any) -> Any:
    """A short text as a packed record may hold it: of an event, its parts."""
    said = getattr(type(value), SHORT, None)
    return short(value) if said is None else said(value)


def _pairs(held: tuple[Any, ...]) -> Iterator[tuple[Any, Any]]:
    return zip(held[::2], held[1::2], strict=True)


def _first(values: Any) -> list[Any]:
    out: list[Any] = []
    for value in values:
        if len(out) == ITEMS:
            break
        out.append(value)
    return out


def arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The arguments of a call as they would be written, shortened."""
    if not kwargs and len(args) == 1:
        return short(args[0])
    text = ", ".join([*(short(a) for a in args[:ITEMS]), *(f"{k}={short(v)}" for k, v in _first(kwargs.items()))])
    return text if len(text) <= 2 * LONGEST else text[: 2 * LONGEST - 1] + "…"


def length(iterable: Any) -> int | None:
    """``len(iterable)`` if it has one."""
    try:
        return len(iterable)
    except Exception:
        return None


def message(error: BaseException) -> str:
    """The exception's message; an exception whose ``str`` fails says so."""
    try:
        text = str(error)
    except BaseException as second:
        text = f"<str() of the exception raised {type(second).__name__}>"
    return text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + f"… ({len(text)} characters)"


def trim(tb: TracebackType | None) -> TracebackType | None:
    """The traceback from the first line on that is not ours, if there is one: a reader wants their own lines."""
    while tb is not None and is_ours(tb):
        tb = tb.tb_next
    return tb


def is_ours(tb: TracebackType) -> bool:
    """True for a frame of this package."""
    return tb.tb_frame.f_code.co_filename.startswith(_HOUSE)


def note_of(error: BaseException) -> str:
    """The last note of an exception: of a failure in a group, its place."""
    notes = getattr(error, "__notes__", None)
    return f"{notes[-1]}: " if notes else ""


def with_source(trace: str) -> str:
    """A traceback from elsewhere, with the lines of cells, which are only known here."""
    out: list[str] = []
    lines = trace.splitlines(keepends=True)
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        out.append(line)
        place = _FRAME.match(line)
        if place is not None and not following.startswith("    "):
            source = linecache.getline(place[1], int(place[2])).strip()
            out += [f"    {source}\n"] if source else []
    return "".join(out)


def traceback_text(error: BaseException) -> str:
    """The traceback as text, without our own lines at its head.

    Of a group of failures only what they are: their tasks have their own, and groups stand in groups.
    """
    if isinstance(error.__cause__, RemoteTraceback):
        return str(error.__cause__.args[0])
    if isinstance(error, GroupError):
        lines = [f"  {note_of(one)}{type(one).__name__}: {message(one)[:200]}\n" for one in error.exceptions[:20]]
        return "".join([f"GroupError: {message(error)}\n", *lines])
    try:
        lines = traceback.format_exception(type(error), error, trim(error.__traceback__))
        text = "".join(lines)
    except BaseException as second:
        text = (
            f"{type(error).__name__}: {message(error)}\n(the traceback could not be written: {type(second).__name__})\n"
        )
    if len(text) > LONGEST_TRACEBACK:
        half = LONGEST_TRACEBACK // 2
        text = f"{text[:half]}\n… ({len(text) - 2 * half} characters left out) …\n{text[-half:]}"
    return text
