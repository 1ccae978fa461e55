"""From the text of an option's value to the value: Python, worked out in the notebook's namespace."""

from __future__ import annotations

import ast
from typing import Any

from IPython.core.error import UsageError

from ipyflow.flows.options import EXECUTORS
from ipyflow.notebook.grammar import is_name, unquoted


def evaluated(shell: Any, option: str, text: str) -> Any:
    """A literal, or what an expression gives.

    Args:
        shell: the interactive shell.
        option: for messages.
        text: as given.

    Raises:
        UsageError: it raises; the message says what.
    """
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        pass
    try:
        return eval(text, shell.user_global_ns)
    except Exception as error:
        raise UsageError(f"{option} {text}: {type(error).__name__}: {error}") from None


def assigned(shell: Any, start: str, words: list[str]) -> tuple[list[str], dict[str, Any]]:
    """The words that are names, and the arguments that the others give: ``user=3``.

    Raises:
        UsageError: a parameter is given twice, or its value cannot be worked out.
    """
    names, given = [], {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not is_name(name):
            names.append(word)
            continue
        if name in given:
            raise UsageError(f"{start} got {name}= twice")
        if not text:
            raise UsageError(f"{start} {word}: give a value, as in {name}=3")
        given[name] = evaluated(shell, f"{name}=", text)
    if len(names) > 1:
        raise UsageError(f"{start} got two names, {' and '.join(names[:2])}; write arguments as user=3")
    return names, given


def executor(shell: Any, text: str) -> Any:
    """The name of an executor, or the value of a variable that is none of these names."""
    name = unquoted(text)
    known = name in EXECUTORS or not name.isidentifier() or name not in shell.user_ns
    return name if known else shell.user_ns[name]
