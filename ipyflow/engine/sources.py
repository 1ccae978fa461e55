"""The source of a function, as far as it is still known: what a retry with changed code shows beside each other.

Read when somebody asks for a retry, or by the thread that writes the history, never before: finding source takes
milliseconds.
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import os
import textwrap
import time
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ipyflow.engine.run import Run

_PLAIN = frozenset({int, float, str, bool, bytes, complex, type(None)})
LONGEST_SOURCE = 20_000
"""Characters kept of a function's source."""


_named: dict[tuple[str, str], list[tuple[float, CodeType]]] = {}
"""The code that a task's name has stood for, and since when, by module and name; the code alone keeps nothing alive."""
_VERSIONS = 8


def remember(module: str, name: str, fn: Callable[..., Any]) -> None:
    """A task of this name was made of ``fn``: its source may be asked for when nobody holds it any more."""
    code = getattr(inner_function(fn), "__code__", None)
    if isinstance(code, CodeType):
        known = _named.get((module, name), [])
        if not known or known[-1][1] is not code:
            _named[module, name] = [*known[1 - _VERSIONS :], (time.perf_counter(), code)]


def source_of_task(run: Run, id: int, module: str, name: str, submitted: float) -> str:
    """The source of a task of a run: of its own function while somebody holds it, else of what its name stood for."""
    future = run.live.get(id) or run.failed.get(id) or run.root
    if future is not None and future.id == id:
        return source_of(future.task.fn)
    known = _named.get((module, name))
    if known is not None:
        code = next((code for since, code in reversed(known) if since <= submitted), known[0][1])
        return _known_source(code.co_filename, code)
    future = next((future for ref in list(run.refs) if (future := ref()) is not None and future.id == id), None)
    return "" if future is None else source_of(future.task.fn)


def source_of(fn: Callable[..., Any]) -> str:
    """The source of ``fn``; empty where nobody knows it any more.

    A cell's lines stay known under the number of that execution, so a function that was defined in a cell has its
    source even after the cell was edited. Of a file only what stands there now is known.

    Example:
        >>> source_of(len)
        ''
    """
    fn = inspect.unwrap(inner_function(fn))
    code = getattr(fn, "__code__", None)
    return _source(code) if isinstance(code, CodeType) else ""


@functools.lru_cache(256)
def _known_source(_file: str, code: CodeType) -> str:
    """As it was when it was first asked for. Equal code of two files counts twice: the comments may differ."""
    return _source(code)


def _source(code: CodeType) -> str:
    try:
        if code.co_name == "<module>":  # the body of a cell: all its lines
            text = "".join(linecache.getlines(code.co_filename))
        else:
            text = textwrap.dedent(inspect.getsource(code))
    except Exception:  # no source, or lines that are no longer what they were
        return ""
    if os.path.exists(code.co_filename) and not _stands_for(text, code):
        return ""
    return text if len(text) <= LONGEST_SOURCE else text[: LONGEST_SOURCE - 1] + "…"


def revision(old: Callable[..., Any], new: Callable[..., Any]) -> tuple[str, str] | None:
    """The source of two functions of which one takes the other's place; ``None`` where they are the same.

    Example:
        >>> revision(len, len) is None
        True
    """
    old, new = inner_function(old), inner_function(new)
    if old is new:
        return None
    before, after = source_of(old), source_of(new)
    if before and before == after:
        return None
    if not before and not after and _same_code(getattr(old, "__code__", None), getattr(new, "__code__", None)):
        return None
    return before, after


def same_function(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Whether two functions do the same: the same code, around the same values of the function that made them.

    Example:
        >>> def times(n):
        ...     return lambda x: n * x
        >>> same_function(times(2), times(2)), same_function(times(2), times(3))
        (True, False)
    """
    return _same(one, other, 4)


def _same(one: Any, other: Any, depth: int) -> bool:
    if one is other:
        return True
    if type(one) is not type(other) or depth == 0:
        return False
    if type(one) in _PLAIN:
        return repr(one) == repr(other)
    if type(one) is tuple:
        return len(one) == len(other) and all(_same(a, b, depth) for a, b in zip(one, other, strict=True))
    one, other = inner_function(one), inner_function(other)
    code = getattr(one, "__code__", None)
    if not isinstance(code, CodeType) or not _same_inside(code, getattr(other, "__code__", None)):
        return False
    try:
        values = [_from_around(fn) for fn in (one, other)]
    except ValueError:  # a cell that is still empty
        return False
    return all(_same(a, b, depth - 1) for a, b in zip(*values, strict=True))


def _same_inside(one: CodeType, other: Any) -> bool:
    """Whether two code objects of functions do the same, and so do the functions and comprehensions in them."""
    if not _same_code(one, other) or one.co_code != other.co_code:
        return False
    return all(a.co_code == b.co_code and _same_code(a, b) for a, b in zip(_inside(one), _inside(other), strict=True))


def _from_around(fn: Any) -> tuple[Any, ...]:
    """What a function has from where it was made: its defaults, and variables of the function around it.

    Raises:
        ValueError: such a variable has no value yet.
    """
    named = sorted((fn.__kwdefaults__ or {}).items())
    return (*(cell.cell_contents for cell in fn.__closure__ or ()), fn.__defaults__, tuple(named))


def takes_from_around(fn: Callable[..., Any]) -> bool:
    """Whether a function has values from where it was made, which may be others each time.

    Example:
        >>> takes_from_around(lambda x: x), takes_from_around(lambda x, y=2: x)
        (False, True)
    """
    fn = inner_function(fn)
    return not isinstance(fn, FunctionType) or bool(fn.__closure__ or fn.__defaults__ or fn.__kwdefaults__)


def inner_function(fn: Any) -> Any:
    """The function in a method, a task, or what runs a batch of its items."""
    fn = getattr(fn, "__func__", fn)
    return getattr(fn, "fn", fn)


def _stands_for(text: str, code: CodeType) -> bool:
    """Whether ``text``, read from a file now, is what ``code`` was made of: the file may have been edited since."""
    try:
        made = compile(ast.parse(text), code.co_filename, "exec", dont_inherit=True)
    except SyntaxError:
        return code.co_name == "<lambda>"  # which is cut out of the middle of a line
    return any(_same_code(found, code) for found in _inside(made) if found.co_name == code.co_name)


def _inside(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _inside(constant)


def _same_code(one: Any, other: Any) -> bool:
    """Whether two code objects do the same, wherever their lines stand."""
    if not isinstance(one, CodeType) or not isinstance(other, CodeType):
        return one is other
    # Of names of the enclosing function it is not known here whether they are its own: so not what the lines became,
    # but the names and constants in them are compared; and a name that only a function inside uses is one of both.
    inside = [[c for c in code.co_consts if isinstance(c, CodeType)] for code in (one, other)]
    plain = [[c for c in code.co_consts if not isinstance(c, CodeType)] for code in (one, other)]
    names = [{name for c in (code, *_inside(code)) for name in _names(c)} for code in (one, other)]
    if repr(plain[0]) != repr(plain[1]) or names[0] != names[1] or len(inside[0]) != len(inside[1]):
        return False
    return all(map(_same_code, *inside))


def _names(code: CodeType) -> tuple[str, ...]:
    return (*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars)
