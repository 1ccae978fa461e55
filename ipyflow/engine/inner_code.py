"""What tells a function that a body has made from another of its name: its code, and what it has from around.

The same in another process, where the same Python runs the same lines. A function of a module is known by its place.
"""

from __future__ import annotations

import functools
import types
import weakref
from operator import is_
from typing import Any

from ipyflow.engine.codes import ATOMS, atom, facts, joined
from ipyflow.engine.keys import digest
from ipyflow.engine.sources import inner_function

_DEPTH = 8
"""Functions in functions, and containers in containers, that are looked into."""
_HOUSE = __name__.partition(".")[0]
_FIXED = ATOMS | {types.ModuleType}
"""Types of values that stay as they are."""
_known: weakref.WeakKeyDictionary[types.FunctionType, tuple[list[Any], bytes]] = weakref.WeakKeyDictionary()
"""Of functions that have nothing from around but such values: these, and the digest. Many calls of one task ask."""


def is_local(fn: Any) -> bool:
    """Whether a function was made inside another one: it may be another each time, under the same name.

    Example:
        >>> is_local(is_local), is_local(lambda: 1)
        (False, True)
    """
    return "<" in getattr(inner_function(fn), "__qualname__", "<")


def digest_of(value: Any) -> bytes | None:
    """The same for equal values; futures in them count by their numbers. ``None`` where nobody knows.

    Example:
        >>> digest_of({"a": {1, 2}, "b": 0.5}) == digest_of({"b": 0.5, "a": {2, 1}})
        True
    """
    try:
        return digest({"": value}, lambda future: future.id)
    except TypeError:
        return None


def code_mark(fn: Any, hashes: bool = False) -> bytes | None:
    """The same for functions that do the same around the same values; ``None`` where nobody knows.

    Args:
        fn: the function of a task.
        hashes: whether values around it that are not plain are to be hashed, which takes its time.

    Example:
        >>> def times(n):
        ...     return lambda x: n * x
        >>> code_mark(times(2)) == code_mark(times(2)), code_mark(times(2)) == code_mark(times(3))
        (True, False)
    """
    if isinstance(getattr(fn, "fn", fn), types.MethodType):
        return None  # it depends on its instance
    fn = inner_function(fn)
    try:
        return _function(fn, {}, hashes) if isinstance(fn, types.FunctionType) else None
    except (ValueError, RecursionError):
        return None


def _of(value: Any, above: dict[int, int], hashes: bool) -> bytes:
    """A digest of a value.

    Raises:
        ValueError: it is none of the kinds that say what they are.
    """
    kind = type(value)
    if kind in ATOMS:
        return joined(kind.__name__, atom(value))
    if kind in (list, tuple, dict):
        parts = value if kind is not dict else [*value, *value.values()]
        if ATOMS.issuperset(map(type, parts)):
            return joined("atoms", kind.__name__.encode(), atom(parts))
    if id(value) in above:
        return joined("above", b"%d" % above[id(value)])  # a function that calls itself
    if len(above) > _DEPTH:
        raise ValueError("too deep")
    below = {**above, id(value): len(above)}
    if kind in (list, tuple):
        return joined(kind.__name__, *[_of(item, below, hashes) for item in value])
    if kind is dict:
        return joined("dict", *[_of(part, below, hashes) for pair in value.items() for part in pair])
    if isinstance(value, types.ModuleType):
        return joined("module", value.__name__.encode())
    fn = inner_function(value) if kind.__module__.partition(".")[0] == _HOUSE else value  # in a task
    if isinstance(fn, types.FunctionType):
        return _function(fn, above, hashes)
    name = getattr(value, "__qualname__", "<")
    if isinstance(value, type | types.BuiltinFunctionType) and "<" not in name:
        return joined("at", f"{value.__module__}.{name}".encode())
    known = digest_of(value) if hashes else None
    if known is None:
        raise ValueError(f"nobody knows a {kind.__name__}")
    return joined("other", known)


def _function(fn: types.FunctionType, above: dict[int, int], hashes: bool) -> bytes:
    if not is_local(fn):
        return joined("at", f"{fn.__module__}.{fn.__qualname__}".encode())
    if not (fn.__closure__ or fn.__defaults__ or fn.__kwdefaults__):
        return _alone(fn.__code__)
    around = [cell.cell_contents for cell in fn.__closure__ or ()]  # ValueError, where one has no value yet
    named = sorted((fn.__kwdefaults__ or {}).items())
    values = [*around, fn.__defaults__ or (), *(part for pair in named for part in pair)]
    known = _known.get(fn)
    if known is not None and len(known[0]) == len(values) and all(map(is_, known[0], values)):
        return known[1]
    above = {**above, id(fn): len(above)}
    made = joined("function", facts(fn.__code__).digest, *[_of(value, above, hashes) for value in values])
    if _FIXED.issuperset(map(type, around)) and not fn.__defaults__ and not named:
        _known[fn] = (values, made)
    return made


@functools.lru_cache(maxsize=1024)
def _alone(code: types.CodeType) -> bytes:
    """Of a function that has nothing from around; many calls of one task ask for it."""
    return joined("function", facts(code).digest, joined("tuple"))
