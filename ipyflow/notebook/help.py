"""What ``%flow?``, ``%%flow?``, ``%%task?`` and ``%flow help`` say: the table in words."""

from __future__ import annotations

from ipyflow.notebook.grammar import Line, Option
from ipyflow.notebook.table import COMMANDS, FLOW, TASK

_FLOW_CELL = """
The cell ends at once, with a live view under it. Names assigned in the body are its own, others are the notebook's;
`await` works; the last expression, or `return`, is the value. NAME is bound to the flow: call it, submit it again with
other parameters. VAR is bound to the future, `_flow` to the last future."""

_TASK_CELL = """
Nothing runs yet: NAME is bound to the task, to be called, submitted and mapped. The parameters are the line's, the rest
of the notebook's names can be read; `await` works; `return`, or the last expression, is the value. Run the cell again
and a retry of what failed runs the new code."""

_TARGETS = """
NAME|ID is the name or the number of a run, name#number of a task, a task's name where only one goes by it, or a
variable that holds a run or a future. Put quotes around a name with blanks."""


def of_line(line: Line) -> str:
    """One line of the table, with its options and examples.

    Example:
        >>> from ipyflow.notebook.table import COMMANDS
        >>> print(of_line(COMMANDS["wait"]))
        %flow wait [NAME|ID]
        <BLANKLINE>
        Wait until it, or everything, has ended; pictures are up to date then.
        <BLANKLINE>
        Examples:
          %flow wait
          %flow wait order
    """
    parts = [line.usage, "", line.does]
    if line.later:
        parts += ["", f"Not there yet: {line.later}."]
    if line.options:
        parts += [
            "",
            "Options:",
            *_columns([(_left(option), _right(option)) for option in line.options if option.does]),
        ]
    if line.examples:
        parts += ["", "Examples:", *(f"  {example}" for example in line.examples)]
    return "\n".join(parts)


def of_flow_cell() -> str:
    """``%%flow?``."""
    return of_line(FLOW).replace("\n\nOptions:", f"\n{_FLOW_CELL}\n\nOptions:")


def of_task_cell() -> str:
    """``%%task?``."""
    return of_line(TASK).replace("\n\nOptions:", f"\n{_TASK_CELL}\n\nOptions:")


def of_commands() -> str:
    """``%flow?``."""
    rows = [(line.usage.removeprefix("%flow "), line.does) for line in COMMANDS.values() if not line.later]
    later = ", ".join(line.name for line in COMMANDS.values() if line.later)
    examples = [line.examples[0] for line in COMMANDS.values() if line.name in ("show", "cancel", "retry", "config")]
    parts = ["Look at and steer runs: %flow COMMAND ...", "", *_columns(rows), "", f"Not there yet: {later}.", _TARGETS]
    return "\n".join([*parts, "", "Examples:", *(f"  {example}" for example in examples)])


def _left(option: Option) -> str:
    return option.usage[1:-1]


def _right(option: Option) -> str:
    return f"{option.does}: {', '.join(option.choices)}" if option.choices else option.does


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    """Two columns; a left side that is too long stands on a line of its own."""
    wide = min(34, max(len(left) for left, _ in rows))
    found = []
    for left, right in rows:
        found += [f"  {left:<{wide}}  {right}"] if len(left) <= wide else [f"  {left}", f"  {'':<{wide}}  {right}"]
    return found
