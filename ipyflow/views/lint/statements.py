"""What statements do, as far as their text says: which names they hold and change, whether they leave early."""

from __future__ import annotations

import ast
from collections.abc import Iterator

ADDS = {"append", "add", "extend", "update", "insert", "setdefault", "appendleft"}
"""Methods that change what they are called on, and nothing else."""


def names_in(node: ast.AST) -> set[str]:
    """All names that stand in a piece of source."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def changed_in(body: list[ast.stmt]) -> Iterator[str]:
    """The names that a loop's body sets, or adds to."""
    for statement in body:
        for node in ast.walk(statement):
            match node:
                case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                    yield name
                case ast.Attribute(value=owner, ctx=ast.Store()) | ast.Subscript(value=owner, ctx=ast.Store()):
                    yield from names_in(owner)
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if attr in ADDS | {"pop"}:
                    yield name


def leaves(body: list[ast.stmt], of_loop: bool = False) -> bool:
    """Whether a body may leave what it stands in before its end."""
    ways: tuple[type[ast.stmt], ...] = (ast.Return, ast.Raise, ast.Break)
    if not of_loop:
        ways += (ast.Continue,)
    queue: list[ast.AST] = list(body)
    while queue:
        node = queue.pop()
        if isinstance(node, ways):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            queue += ast.iter_child_nodes(node)
    return False
