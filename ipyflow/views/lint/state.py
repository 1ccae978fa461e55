"""State that several tasks write, and calls in an ``async def`` that stop its loop: found in the source."""

from __future__ import annotations

import ast
import types
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from ipyflow.model.run import RunState, TaskState
from ipyflow.views.lint.findings import Facts, Finding
from ipyflow.views.lint.source import Source
from ipyflow.views.lint.statements import names_in
from ipyflow.views.words import counted, shown

_ELSEWHERE = ("processes", "dask")
_ADDS = {"append", "extend", "insert", "appendleft"}
_PLAIN = (list, dict, set, int, float, str, tuple, bool, types.NoneType)
_STOPS = {
    ("time", "sleep"): "await asyncio.sleep(...)",
    ("subprocess", "run"): "await asyncio.create_subprocess_exec(...)",
    ("subprocess", "check_output"): "await asyncio.create_subprocess_exec(...)",
    ("subprocess", "check_call"): "await asyncio.create_subprocess_exec(...)",
    ("urllib.request", "urlopen"): "an asynchronous client",
    **{("requests.api", name): "an asynchronous client" for name in ("get", "post", "put", "delete", "request")},
}


def shared_state(state: RunState, facts: Facts) -> Iterator[Finding]:
    """Look for names outside of the tasks that several of them write.

    Only what goes wrong: on threads a value that is read and written back (``+=``) without a lock, in other processes
    a value that is changed there and read here.

    Args:
        state: an ended run.
        facts: what else is known.
    """
    here: dict[tuple[str, int], list[TaskState]] = defaultdict(list)
    there: dict[tuple[str, int], list[TaskState]] = defaultdict(list)
    for tasks in _by_function(state).values():
        first = tasks[0]
        source = facts.source(first)
        if source is None or source.is_async or first.executor == "inline":
            continue
        if first.executor in _ELSEWHERE:
            for name, line in sorted(set(_written(source, adds=True))):
                there[name, line] += tasks
        else:
            for name, line in sorted(set(_written(source, adds=False))):
                here[name, line] += tasks
    for (name, line), tasks in here.items():
        if _overlap(tasks):
            yield Finding(
                "shared",
                f"{_whose(tasks)} read and write {shown(name, 60)} at the same time (line {line}): "
                "one may write over what another has just written",
                "return the value and put them together where .result() is read; or hold a threading.Lock() meanwhile",
                tuple(task.id for task in tasks),
                lines=(line,),
            )
    for (name, line), tasks in there.items():
        yield Finding(
            "lost",
            f"{_whose(tasks)} change {shown(name, 60)} in other processes (line {line}): here it stays as it was",
            "return the value, and put them together here",
            tuple(task.id for task in tasks),
            lines=(line,),
        )


def blocking_calls(state: RunState, facts: Facts) -> Iterator[Finding]:
    """Look for calls in an ``async def`` during which nothing else on its loop goes on.

    Args:
        state: an ended run.
        facts: what else is known.
    """
    for tasks in _by_function(state).values():
        source = facts.source(tasks[0])
        if source is None or not source.is_async:
            continue
        for call in _inside(source.body):
            if not isinstance(call, ast.Call):
                continue
            called: Any = source.value(call.func)
            key = (getattr(called, "__module__", None) or "", getattr(called, "__name__", ""))
            instead = _STOPS.get(key) if callable(called) else None
            if instead is not None:
                yield Finding(
                    "blocking",
                    f"{shown(tasks[0].name, 60)} is an async def and calls {'.'.join(key)}() (line {call.lineno}): "
                    "until that returns, no other async task goes on",
                    f"{instead}, or make it a plain def, which runs on a thread",
                    tuple(task.id for task in tasks),
                    lines=(call.lineno,),
                )


def _by_function(state: RunState) -> dict[tuple[str, str, str], list[TaskState]]:
    out: dict[tuple[str, str, str], list[TaskState]] = defaultdict(list)
    for task in state.tasks.values():
        if task.started is not None:
            out[task.module, task.name, task.executor].append(task)
    return out


def _written(source: Source, adds: bool) -> Iterator[tuple[str, int]]:
    """Names outside of a function that it reads and writes back, with ``adds`` lists it adds to as well; and lines."""
    outside = {
        name for node in _inside(source.body) if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names
    }
    for node in _inside(source.body, unguarded_in=source):
        match node:
            case ast.AugAssign(target=ast.Name(id=name)) if name in outside:
                yield name, node.lineno
            case ast.AugAssign(target=ast.Attribute() | ast.Subscript() as target):
                owner = _owner(source, target)
                if owner is not None:
                    yield owner, node.lineno
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in outside and name in names_in(value):
                yield name, node.lineno
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name) as owner, attr=attr)) if adds and attr in _ADDS:
                if isinstance(source.value(owner), list):
                    yield name, node.lineno


def _owner(source: Source, target: ast.Attribute | ast.Subscript) -> str | None:
    """The text of what is written to, where that is a plain thing outside of the function."""
    node: ast.expr = target
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    value = source.value(node)
    known = node.id in source.names and node.id not in source.parameters
    plain = isinstance(value, _PLAIN) or (isinstance(target, ast.Attribute) and hasattr(value, "__dict__"))
    return ast.unparse(target) if known and plain else None


def _inside(body: Iterable[ast.AST], unguarded_in: Source | None = None) -> Iterator[ast.AST]:
    """All nodes of a body but those of functions in it; on request without what is done under a lock."""
    for node in body:
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if (
            unguarded_in is not None
            and isinstance(node, ast.With)
            and any(_may_lock(unguarded_in, item.context_expr) for item in node.items)
        ):
            continue
        yield from _inside(ast.iter_child_nodes(node), unguarded_in)


def _may_lock(source: Source, node: ast.expr) -> bool:
    """Whether what a ``with`` holds may be a lock: of a name that is known, what it is; of anything else, always."""
    value = source.value(node)
    return value is None or hasattr(type(value), "acquire") or hasattr(type(value), "release")


def _overlap(tasks: list[TaskState]) -> bool:
    begun = sorted(tasks, key=lambda task: task.started or 0.0)
    return any((a.ended or 0.0) > (b.started or 0.0) for a, b in pairwise(begun))


def _whose(tasks: list[TaskState]) -> str:
    names = list(dict.fromkeys(shown(task.name, 40) for task in tasks))
    return f"{counted(len(tasks), 'task')} of {' and '.join(names[:3])}"
