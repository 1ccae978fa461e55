"""The ``%%flow`` cell: its body becomes a flow that starts at once, in the background."""

from __future__ import annotations

from typing import Any

from IPython.core.error import UsageError

from ipyflow.engine.future import Future
from ipyflow.flows.tasks import Task, flow
from ipyflow.notebook.body import Source, function
from ipyflow.notebook.header import Header, parse
from ipyflow.notebook.table import FLOW
from ipyflow.notebook.values import evaluated, executor
from ipyflow.views.words import clip, shown

LAST = "_flow"
"""The variable that is always the last future."""


def start(shell: Any, line: str, cell: str, raw: str | None, number: int) -> tuple[Header, Future[Any]]:
    """Make the flow of a cell, start it, and bind the names.

    Nothing is bound or started when the line, a default or the body is wrong.

    Args:
        shell: the interactive shell.
        line: the rest of the magic line.
        cell: the cell below it.
        raw: the whole cell as it was typed, where that is known.
        number: the cell's number.
    """
    header, task = _made(shell, line, cell, raw, number)
    future = task.submit()
    memory = future.run.engine.memory
    if memory is not None:
        memory.keep_source(future.run.id, f"{FLOW.start} {line}\n{cell}")
    if header.name is not None:
        shell.user_ns[header.name] = task
    if header.into is not None:
        shell.user_ns[header.into] = future
    remember(shell, future)
    return header, future


def again(shell: Any, source: str) -> Task[Any, Any]:
    """The flow of a cell that another kernel has run, made and not started; its name is bound where it is free."""
    line, _, cell = source.removeprefix(FLOW.start).partition("\n")
    header, task = _made(shell, line.strip(), cell, None, int(shell.execution_count))
    if header.name is not None:
        shell.user_ns.setdefault(header.name, task)
    return task


def _made(shell: Any, line: str, cell: str, raw: str | None, number: int) -> tuple[Header, Task[Any, Any]]:
    header = parse(line)
    source = Source(shell, FLOW.start, line, cell, raw, number)
    options = _options(shell, header)
    made = function(source, header.name or "flow_cell", header.params, starts=True)
    try:
        return header, flow(name=header.name or _first_line(cell), **options)(made)
    except (TypeError, ValueError) as error:
        raise UsageError(f"%%flow: {error}") from None


def remember(shell: Any, future: Future[Any]) -> None:
    """It is the last future."""
    shell.user_ns[LAST] = shell.user_ns_hidden[LAST] = future


def _options(shell: Any, header: Header) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if header.on_leak is not None:
        options["on_leak"] = header.on_leak
    if header.timeout is not None:
        options["timeout"] = evaluated(shell, "--timeout", header.timeout)
    if header.max_parallelism is not None:
        options["max_parallelism"] = evaluated(shell, "--max-parallelism", header.max_parallelism)
    if header.executor is not None:
        options["executor"] = executor(shell, header.executor)
    if header.cache is not None:
        options["cache"] = evaluated(shell, "--cache", header.cache) if header.cache else True
    return options


def _first_line(cell: str) -> str:
    """The line a nameless flow goes by: the first that says something."""
    lines = [line.strip() for line in cell.splitlines()]
    telling = next((line for line in lines if line and not line.startswith("#")), "flow")
    return clip(shown(telling), 50)
