"""What tells one call from another of the same task: the text of its arguments, or a mark beside it.

The log has a short text of the arguments. Where that says all there is, it is enough; where it leaves something out,
there is a fingerprint, which the parent's call keeps until its body is run again: see :mod:`ipyflow.engine.earlier`.
The memory, if there is one, keeps it for another process: see :mod:`ipyflow.engine.resuming`. So it is the same there.
"""

from __future__ import annotations

import datetime
import marshal
import pathlib
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from ipyflow.engine.describe import ITEMS
from ipyflow.engine.future import Future
from ipyflow.engine.inner_code import code_mark, digest_of

if TYPE_CHECKING:
    from ipyflow.engine.call import Call
    from ipyflow.engine.options import Definition

LARGEST = 1_000
"""Items, and characters of a text, up to which arguments have a fingerprint."""
PLAIN = frozenset({int, float, str, bool, bytes, complex, type(None)})
"""Types whose values are themselves and nothing else."""
_NUMBERS = frozenset({int, float, bool, complex, type(None)})
_REPRED = frozenset(
    {range, pathlib.PosixPath, pathlib.WindowsPath, pathlib.PurePosixPath, pathlib.PureWindowsPath, datetime.date,
     datetime.datetime, datetime.time, datetime.timedelta}
)  # fmt: skip
"""Types that are written out whole by ``repr``."""
WHOLE = b""
"""The mark of a call whose text says all there is."""
UNKNOWN = b"?"
"""Kept of a call of which nobody knows what tells it from others."""
RESUMED = ("flow", "pipeline")
"""Kinds of runs of which is kept what another process needs to go on with them."""
_SIZE = 16


def mark_of(task: Definition, text: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes | None:
    """What tells a call from others of the same text, as :func:`written_arguments` gives it; ``None``: nobody knows."""
    if task.role is not None:  # a prompt: two questions may have one name
        asks: Any = task.fn
        return fingerprint((asks.template, asks.title, asks.form, asks.actions, args), kwargs)
    if type(text) is not str or not (
        "…" in text or len(args) > ITEMS or len(kwargs) > ITEMS or not all(map(_is_plain, (*args, *kwargs.values())))
    ):
        return WHOLE
    return fingerprint(args, kwargs)


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind in PLAIN or kind is range or issubclass(kind, Future):
        return True
    if kind in (list, tuple):
        return all(map(_is_plain, value))
    return kind is dict and all(map(_is_plain, (*value, *value.values())))


def fingerprint(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes | None:
    """What is the same for equal arguments, in any process; ``None`` where they are not plain, or too large.

    Example:
        >>> fingerprint(([1, 2, 3],), {}) == fingerprint(([1, 2, 3],), {})
        True
        >>> fingerprint(([1, 2, 3],), {}) == fingerprint(([1, 2, 3.0],), {})
        False
        >>> fingerprint((object(),), {}) is None
        True
    """
    budget = [LARGEST]
    try:
        # Of version 2: newer ones say too which strings are shared.
        return _digest(marshal.dumps((_written(args, budget), _written(kwargs, budget)), 2))
    except (ValueError, RecursionError):
        return None


def mark_for_ever(
    task: Definition, mark: bytes | None, args: tuple[Any, ...], kwargs: dict[str, Any], hashes: bool
) -> bytes | None:
    """What tells a call in any process: as :func:`mark_of`, and of a task that a body has made, what it runs.

    Args:
        task: what is called.
        mark: of the call, in this process.
        args: its positional arguments.
        kwargs: its keyword arguments.
        hashes: whether arguments that are not plain are to be hashed, which takes its time.
    """
    if mark is None and hashes:
        mark = digest_of((args, kwargs))
    if mark is None or not task.is_local:
        return mark
    code = code_mark(task.fn, hashes)
    return None if code is None else _digest(code + mark)


def keep_mark(
    parent: Call, id: int, task: Definition, text: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Keep what tells a child of ``parent`` from others of the same name and text."""
    mark = mark_of(task, text, args, kwargs)
    if mark:
        if parent.given is None:
            parent.given = {}
        parent.given[id] = mark
    keep_mark_for_ever(parent, id, task, mark, args, kwargs)


def keep_mark_for_ever(
    parent: Call, id: int, task: Definition, mark: bytes | None, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Keep it for another process alone: ``mark`` is that of the call in this one."""
    memory, run = parent.engine.memory, parent.future.run
    if memory is not None and run.kind in RESUMED:
        kept = mark_for_ever(task, mark, args, kwargs, memory.keeps_results)
        if kept != WHOLE:
            memory.keep_mark(run.id, id, UNKNOWN if kept is None else kept)


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_SIZE).digest()


def _written(value: Any, budget: list[int]) -> Any:
    """A value of types that ``marshal`` knows, and nothing else."""
    kind = type(value)
    if kind in _NUMBERS:
        return value
    if kind in (str, bytes):
        budget[0] -= len(value) // 8
    elif kind in (list, tuple, dict):
        budget[0] -= len(value)
    if budget[0] < 0:
        raise ValueError("too large")
    if kind in (str, bytes):
        return value
    if kind in (list, tuple):
        if _NUMBERS.issuperset(map(type, value)):
            return value
        return kind([_written(item, budget) for item in value])
    if kind is dict:
        return {_written(key, budget): _written(item, budget) for key, item in value.items()}
    if issubclass(kind, Future):
        return ("future", getattr(value, "id", None) or _refuse())
    if kind in _REPRED:
        return (kind.__name__, repr(value))
    return _refuse()


def _refuse() -> Any:
    raise ValueError("not plain")
