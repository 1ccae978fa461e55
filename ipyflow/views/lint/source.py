"""The syntax tree of a task's function, and what the names in it stand for."""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_DECORATORS = ("task", "flow")


@dataclass(slots=True)
class Source:
    """A function as it is written.

    Attributes:
        body: its statements, with the numbers of the lines of its file or its cell.
        is_async: it is an ``async def``, or a cell that awaits.
        names: what the names of its module and of the functions around it stand for.
        own: tasks that are defined in it, by name.
    """

    body: list[ast.stmt]
    is_async: bool
    names: dict[str, Any]
    parameters: frozenset[str]
    own: dict[str, str] = field(default_factory=dict)

    def value(self, node: ast.expr) -> Any:
        """What a name, or a dotted name, stands for outside the function; ``None`` for anything else."""
        if isinstance(node, ast.Name):
            return None if node.id in self.parameters else self.names.get(node.id, getattr(builtins, node.id, None))
        if isinstance(node, ast.Attribute):
            owner = self.value(node.value)
            # Of modules only, and only what is in them: reading an attribute of anything else may run code.
            return vars(owner).get(node.attr) if inspect.ismodule(owner) else None
        return None

    def asks(self, call: ast.Call) -> bool:
        """Whether a call asks a person: ``prompt(...)`` or ``prompt.submit(...)``."""
        called = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        value = self.value(call.func) or self.value(called)
        return is_task(value) and getattr(type(value), "role", None) == "prompt"

    def task_called(self, call: ast.Call) -> str | None:
        """The name of the task that a call submits: ``f(x)``, ``f.submit(x)`` or ``f.map(xs)``, with options or not."""
        return _task_called(self, call.func)


def is_task(value: Any) -> bool:
    """Whether this is a task or a flow: something with a function, options and a way to submit it."""
    kind = type(value)
    return hasattr(kind, "submit") and hasattr(kind, "latest") and "fn" in getattr(value, "__dict__", ())


def source_of(fn: Callable[..., Any], trees: dict[str, ast.Module | None]) -> Source | None:
    """Read the source of a function; ``None`` where nobody knows it any more, or it cannot be read.

    Args:
        fn: the plain function of a task.
        trees: the files and cells that were read so far.
    """
    fn = inspect.unwrap(getattr(fn, "__func__", fn))
    code = getattr(fn, "__code__", None)
    if not isinstance(code, CodeType) or code.co_name == "<lambda>":
        return None
    lines = linecache.getlines(code.co_filename)
    is_cell = bool(lines) and lines[0].startswith("%%")
    if code.co_filename not in trees:
        trees[code.co_filename] = _tree("".join(["#\n", *lines[1:]] if is_cell else lines))
    tree = trees[code.co_filename]
    if tree is None:
        return None
    found = next((node for node in ast.walk(tree) if isinstance(node, _Function) and _begins(node, code)), None)
    if found is None and not is_cell:
        return None
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
    parameters = frozenset(code.co_varnames[:count])
    body = tree.body if found is None else found.body
    source = Source(body, bool(code.co_flags & inspect.CO_COROUTINE), _names(fn, code), parameters)
    source.own.update({node.name: node.name for node in body if isinstance(node, _Function) and _is_decorated(node)})
    return source


def seen_by(fn: Callable[..., Any]) -> Iterator[Any]:
    """What the names in a function stand for, outside of it."""
    fn = inspect.unwrap(getattr(fn, "__func__", fn))
    code = getattr(fn, "__code__", None)
    if isinstance(code, CodeType):
        known = _names(fn, code)
        yield from [known[name] for name in (*_all_names(code), *code.co_freevars) if name in known]


def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):  # magics, or what is no Python
        return None


def _all_names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _all_names(constant)


def _begins(node: _Function, code: CodeType) -> bool:
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    return node.name == code.co_name and code.co_firstlineno in (first, node.lineno)


def _names(fn: Any, code: CodeType) -> dict[str, Any]:
    known = dict(getattr(fn, "__globals__", {}))
    for name, cell in zip(code.co_freevars, getattr(fn, "__closure__", None) or (), strict=False):
        try:
            known[name] = cell.cell_contents
        except ValueError:  # not filled yet
            known.pop(name, None)
    for name in set(code.co_varnames) | set(code.co_cellvars):
        known.pop(name, None)
    return known


def _is_decorated(node: _Function) -> bool:
    for one in node.decorator_list:
        called = one.func if isinstance(one, ast.Call) else one
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        if name in _DECORATORS:
            return True
    return False


def _task_called(source: Source, called: ast.expr) -> str | None:
    if isinstance(called, ast.Attribute) and called.attr in ("submit", "map"):
        called = called.value
    name: str | None = None
    while isinstance(called, ast.Call) and isinstance(called.func, ast.Attribute):
        if called.func.attr != "with_options":
            return None
        for word in called.keywords:
            if word.arg == "name" and name is None:
                if not isinstance(word.value, ast.Constant):
                    return None
                name = str(word.value.value)
        called = called.func.value
    if isinstance(called, ast.Name) and called.id in source.own:
        return name or source.own[called.id]
    value = source.value(called)
    return (name or str(value.name)) if is_task(value) else None
