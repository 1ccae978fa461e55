"""How a function or a class is called, as its source says: every Python writes it in the same way."""

import ast
import inspect
import textwrap
from typing import Any


def signature(name: str, value: Any) -> str:
    """How it is called, as its source says."""
    tree: Any = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(value)))).body[0]
    if isinstance(tree, ast.ClassDef):
        made: Any = next((one for one in tree.body if getattr(one, "name", "") == "__init__"), None)
        if made is not None:
            return f"{name}({_arguments(made.args)})"
        if any("dataclass" in ast.unparse(one) for one in tree.decorator_list):
            return f"{name}({', '.join(_field(one) for one in tree.body if isinstance(one, ast.AnnAssign))})"
        return name
    if "contextmanager" in map(ast.unparse, tree.decorator_list):
        return f"with {name}({_arguments(tree.args)}): ..."
    returns = f" -> {ast.unparse(tree.returns)}" if tree.returns is not None else ""
    return f"{'async ' * isinstance(tree, ast.AsyncFunctionDef)}{name}({_arguments(tree.args)}){returns}"


def _field(one: ast.AnnAssign) -> str:
    default = f" = {ast.unparse(one.value)}" if one.value is not None else ""
    return f"{ast.unparse(one.target)}: {ast.unparse(one.annotation)}" + (" = ..." if "field(" in default else default)


def _arguments(given: ast.arguments) -> str:
    listed = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(listed) - len(given.defaults)) + [*given.defaults]
    parts = [_argument(*pair) for pair in zip(listed, defaults, strict=True)]
    if given.posonlyargs:
        parts.insert(len(given.posonlyargs), "/")
    if given.vararg is not None:
        parts.append(f"*{_argument(given.vararg)}")
    elif given.kwonlyargs:
        parts.append("*")
    parts += [_argument(*pair) for pair in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    if given.kwarg is not None:
        parts.append(f"**{_argument(given.kwarg)}")
    if listed and listed[0].arg in ("self", "cls"):
        parts = parts[2:] if len(given.posonlyargs) == 1 else parts[1:]
    return ", ".join(parts)


def _argument(one: ast.arg, default: ast.expr | None = None) -> str:
    typed = f"{one.arg}: {ast.unparse(one.annotation)}" if one.annotation is not None else one.arg
    if default is None:
        return typed
    return f"{typed} = {ast.unparse(default)}" if one.annotation is not None else f"{typed}={ast.unparse(default)}"
