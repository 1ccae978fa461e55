"""From the text of an option's value to the value: Python, worked out in the notebook's namespace."""

from __future__ import annotations

import ast
from typing import Any

from IPython.core.error import UsageError

from ipyflow.flows.options import EXECUTORS
from ipyflow.notebook.grammar import unquoted


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


def executor(shell: Any, text: str) -> Any:
    """The name of an executor, or the value of a variable that is none of these names."""
    name = unquoted(text)
    known = name in EXECUTORS or not name.isidentifier() or name not in shell.user_ns
    return name if known else shell.user_ns[name]
