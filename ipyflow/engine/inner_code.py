"""What tells a function that a body has made from another of its name: its code, and what it has from around.

The same in another process, where the same Python runs the same lines. A function of a module is known by its place.
"""

from __future__ import annotations

import marshal
import types
from hashlib import blake2b
from typing import Any

from ipyflow.engine.sources import inner_function

_PLAIN = frozenset({int, float, str, bool, bytes, complex, type(None), type(Ellipsis)})
_DEPTH = 8
"""Functions in functions, and containers in containers, that are looked into."""
_SIZE = 16


def is_local(fn: Any) -> bool:
    """Whether a function was made inside another one: it may be another each time, under the same name.

    Example:
        >>> is_local(is_local), is_local(lambda: 1)
        (False, True)
    """
    return "<" in getattr(inner_function(fn), "__qualname__", "<")


def code_mark(fn: Any) -> bytes | None:
    """The same for functions that do the same around the same values; ``None`` where nobody knows.

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
        written = _of_function(fn, {}, _DEPTH) if isinstance(fn, types.FunctionType) else _of(fn, {}, _DEPTH)
        return blake2b(marshal.dumps(written, 2), digest_size=_SIZE).digest()
    except (ValueError, RecursionError):
        return None


def _of(value: Any, above: dict[int, int], depth: int) -> Any:
    """A value in words that ``marshal`` knows.

    Raises:
        ValueError: it is none of the kinds that say what they are.
    """
    kind = type(value)
    if kind in _PLAIN:
        return (kind.__name__, value)
    if id(value) in above:
        return ("above", above[id(value)])  # a function that calls itself
    if depth == 0:
        raise ValueError("too deep")
    above = {**above, id(value): len(above)}
    if kind in (list, tuple):
        return (kind.__name__, *[_of(item, above, depth - 1) for item in value])
    if kind in (set, frozenset):
        return (kind.__name__, *sorted([marshal.dumps(_of(item, above, depth - 1), 2) for item in value]))
    if kind is dict:
        return ("dict", *[(_of(key, above, depth - 1), _of(item, above, depth - 1)) for key, item in value.items()])
    if kind is types.CodeType:
        return _of_code(value, above, depth)
    if isinstance(value, types.ModuleType):
        return ("module", value.__name__)
    if kind.__module__.startswith("ipyflow."):  # a task
        value = inner_function(value)
    if isinstance(value, types.FunctionType):
        return _of_function(value, above, depth)
    place = (getattr(value, "__module__", None), getattr(value, "__qualname__", "<"))
    if isinstance(value, type | types.BuiltinFunctionType) and "<" not in place[1]:
        return ("at", *[str(part) for part in place])
    raise ValueError(f"nobody knows a {kind.__name__}")


def _of_function(fn: types.FunctionType, above: dict[int, int], depth: int) -> Any:
    if not is_local(fn):
        return ("at", str(fn.__module__), fn.__qualname__)
    named = sorted((fn.__kwdefaults__ or {}).items())
    cells = [cell.cell_contents for cell in fn.__closure__ or ()]  # ValueError, where one has no value yet
    around = [_of(one, above, depth - 1) for one in (cells, fn.__defaults__, named)]
    return ("function", _of_code(fn.__code__, above, depth), around)


def _of_code(code: types.CodeType, above: dict[int, int], depth: int) -> Any:
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    constants = [_of(constant, above, depth - 1) for constant in code.co_consts]
    return (code.co_code, getattr(code, "co_exceptiontable", b""), names, counts, constants)
