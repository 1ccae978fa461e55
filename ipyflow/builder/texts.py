"""Python as text: the arguments of a call taken apart, names in an expression, literals."""

from __future__ import annotations

import ast
import builtins
import keyword
from typing import Any

MISSING = object()
"""What :func:`literal` gives for what is no literal."""


def call_parts(text: str) -> tuple[list[str], dict[str, str]]:
    """Positional and keyword arguments, as one would write them between the brackets of a call.

    Raises:
        SyntaxError: it is none, or has ``*`` in it.

    Example:
        >>> call_parts("3, rows[0], by='name'")
        (['3', 'rows[0]'], {'by': "'name'"})
    """
    source = f"_({text}\n)"
    try:
        call = ast.parse(source, mode="eval").body
    except ValueError as error:
        raise SyntaxError(str(error)) from None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise SyntaxError("give arguments, separated by commas")
    if any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords):
        raise SyntaxError("write each argument by itself, without * and **")
    args = [_segment(source, one) for one in call.args]
    return args, {str(one.arg): _segment(source, one.value) for one in call.keywords}


def _segment(source: str, node: ast.expr) -> str:
    text = ast.get_source_segment(source, node) or ast.unparse(node)
    # The brackets of a generator or of several lines are not part of the node.
    return text if "\n" not in text and wrong(text) is None else ast.unparse(node)


def joined(args: list[str], kwargs: dict[str, str]) -> str:
    """The arguments as one would write them.

    Example:
        >>> joined(["3"], {"by": "'name'"})
        "3, by='name'"
    """
    named = [f"{key}={text}" for key, text in kwargs.items() if is_name(key)]
    rest = {key: text for key, text in kwargs.items() if not is_name(key)}
    if rest:
        named.append("**{" + ", ".join(f"{key!r}: {text}" for key, text in rest.items()) + "}")
    return ", ".join([*args, *named])


def is_name(text: str) -> bool:
    """Whether a variable can be called so."""
    return text.isidentifier() and not keyword.iskeyword(text)


def wrong(text: str) -> str | None:
    """What is wrong with a text as one Python expression; ``None`` when nothing is.

    Example:
        >>> wrong("1 +")
        'invalid syntax'
        >>> wrong("rows[0]") is None
        True
    """
    if "\n" in text:
        return "write it in one line"
    try:  # what follows it makes sure that it is one argument, and no comment swallows the rest of a line
        call = ast.parse(f"_({text}, 0\n)", mode="eval").body
    except SyntaxError as error:
        return error.msg
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error) or type(error).__name__
    if not isinstance(call, ast.Call) or len(call.args) != 2 or call.keywords:
        return "a single value is wanted here"
    if isinstance(call.args[0], ast.NamedExpr | ast.Starred | ast.Yield | ast.YieldFrom | ast.Await):
        return "a single value is wanted here"
    return None


def free_names(text: str) -> list[str]:
    """The names that an expression needs from outside, in order; those it binds itself are left out.

    Example:
        >>> free_names("sum(n * step for n in rows)")
        ['sum', 'step', 'rows']
    """
    found: list[str] = []
    bound: set[str] = set()
    for node in ast.walk(ast.parse(text.strip(), mode="eval")):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                found.append(node.id)
            else:
                bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    return [name for name in dict.fromkeys(found) if name not in bound]


def literal(text: str) -> Any:
    """The value of a literal, or :data:`MISSING`.

    Example:
        >>> literal("[1, 2]"), literal("rows") is MISSING
        ([1, 2], True)
    """
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return MISSING


def is_builtin(name: str) -> bool:
    """Whether Python itself has that name."""
    return hasattr(builtins, name)
