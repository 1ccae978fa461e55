"""The ``%%task`` cell: its body becomes a task under a name; nothing runs yet."""

from __future__ import annotations

from typing import Any

from IPython.core.error import UsageError

from ipyflow.flows.tasks import Task, task
from ipyflow.notebook.body import Source, function
from ipyflow.notebook.grammar import unquoted
from ipyflow.notebook.header import TaskHeader, parse_task
from ipyflow.notebook.table import TASK
from ipyflow.notebook.values import evaluated, executor


def define(shell: Any, line: str, cell: str, raw: str | None, number: int) -> Task[Any, Any]:
    """Make the task of a cell, and bind its name.

    Nothing is bound when the line, a default, an option or the body is wrong: the task that had the name stays.

    Args:
        shell: the interactive shell.
        line: the rest of the magic line.
        cell: the cell below it.
        raw: the whole cell as it was typed, where that is known.
        number: the cell's number.
    """
    header = parse_task(line)
    source = Source(shell, TASK.start, line, cell, raw, number)
    options = _options(shell, header)
    made = function(source, header.name, header.params, header.returns)
    try:
        defined: Task[Any, Any] = task(**options)(made)
    except (TypeError, ValueError) as error:
        raise UsageError(f"%%task {header.name}: {error}") from None
    shell.user_ns[header.name] = defined
    return defined


def _options(shell: Any, header: TaskHeader) -> dict[str, Any]:
    return {name.strip("-").replace("-", "_"): _value(shell, name, text) for name, text in header.options.items()}


def _value(shell: Any, name: str, text: str) -> Any:
    option = TASK.option(name)
    assert option is not None
    if not option.value or (option.bare and not text):
        return True
    if name == "--executor":
        return executor(shell, text)
    if name == "--cache":
        return evaluated(shell, name, text)
    if name in ("--name", "--rate") or option.bare:  # these are texts, with quotes or without
        return unquoted(text)
    if option.choices and not option.choices[0].istitle():
        return text
    return evaluated(shell, name, text)
