"""What ``%flow?``, ``%%flow?``, ``%%task?`` and ``%flow help`` say: the table in words."""

from __future__ import annotations

import textwrap

from ipyflow.notebook.grammar import Line, Option
from ipyflow.notebook.table import COMMANDS, FLOW, TASK

WIDTH = 92
"""Letters in a line: as many as a cell of usual width shows."""
_LEFT = 34

_FLOW_CELL = """The cell ends at once, with a live view under it. Names assigned in the body are its own, others are the
notebook's; `await` works; the last expression, or `return`, is the value. NAME is bound to the flow: call it, submit it
again with other parameters. VAR is bound to the future, `_flow` to the last future."""

_TASK_CELL = """Nothing runs yet: NAME is bound to the task, to be called, submitted and mapped. The body has the line's
parameters and can read the notebook's names; `await` works; `return`, or the last expression, is the value. Run the
cell again with other code, and a retry of what failed runs that."""

_TARGETS = """NAME|ID is the name or the number of a run, name#number of a task, a task's name where only one goes by
it, or a variable that holds a run or a future. KEY is that of a run of any kernel, as %flow history lists them; its
beginning will do. Put quotes around a name with blanks."""


def of_line(line: Line) -> str:
    """One line of the table, with its options and examples.

    Example:
        >>> from ipyflow.notebook.table import COMMANDS
        >>> print(of_line(COMMANDS["wait"]))
        %flow wait [NAME|ID]
        <BLANKLINE>
        Wait for the end of it, or of everything.
        <BLANKLINE>
        Examples:
          %flow wait
          %flow wait order
    """
    return "\n".join([*_folded(line.usage, "  "), "", *_about(line)])


def _about(line: Line, more: str = "") -> list[str]:
    parts = [line.does]
    if more:
        parts += ["", *_folded(more)]
    if line.options:
        rows = [(_left(option), _right(option)) for option in line.options]
        parts += ["", "Options:", *_columns(rows)]
    if line.examples:
        parts += ["", "Examples:", *(f"  {example}" for example in line.examples)]
    return parts


def of_flow_cell() -> str:
    """``%%flow?``."""
    return "\n".join([*_folded(FLOW.usage, "  "), "", *_about(FLOW, _FLOW_CELL)])


def of_task_cell() -> str:
    """``%%task?``."""
    return "\n".join([*_folded(TASK.usage, "  "), "", *_about(TASK, _TASK_CELL)])


def of_commands() -> str:
    """``%flow?``."""
    rows = [(line.usage.removeprefix("%flow "), line.does) for line in COMMANDS.values()]
    examples = [line.examples[-1] for line in COMMANDS.values() if line.name in ("show", "cancel", "retry", "config")]
    parts = ["Look at and steer runs: %flow COMMAND ...", "", *_columns(rows), ""]
    return "\n".join([*parts, *_folded(_TARGETS), "", "Examples:", *(f"  {example}" for example in examples)])


def _left(option: Option) -> str:
    return option.usage[1:-1]


def _right(option: Option) -> str:
    return f"{option.does}: {', '.join(option.choices)}" if option.choices else option.does


def _folded(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False)


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    """Two columns; a left side that is too long stands on a line of its own."""
    wide = min(_LEFT, max(len(left) for left, _ in rows))
    found = []
    for left, right in rows:
        lines = textwrap.wrap(right, WIDTH - wide - 4, break_on_hyphens=False)
        if len(left) > wide:
            lines.insert(0, "")
        found += [f"  {left if place == 0 else '':<{wide}}  {text}".rstrip() for place, text in enumerate(lines)]
    return found
