"""The first line of a ``%%flow`` or ``%%task`` cell: ``NAME(params) [options]``, in any order."""

from __future__ import annotations

from dataclasses import dataclass, field

from IPython.core.error import UsageError

from ipyflow.notebook.grammar import Given, Line, is_name, words
from ipyflow.notebook.table import FLOW, TASK


@dataclass(frozen=True)
class Header:
    """What the first line of a ``%%flow`` cell says; texts that are Python are not evaluated yet.

    Attributes:
        name: the flow's name, if it has one.
        params: what stands between the parentheses, ``""`` without any.
        executor: as given; a name of an executor or of a variable.
        max_parallelism: as given; a number or an expression.
        timeout: as given; a number or an expression.
        on_leak: what happens to children that the body does not read.
        wait: whether the cell waits for the end.
        view: which view is open at first, or ``"none"``.
        into: the variable that gets the future.
        cache: how old a kept value may be, a number or an expression; ``""`` for any age, ``None`` without the option.
    """

    name: str | None = None
    params: str = ""
    executor: str | None = None
    max_parallelism: str | None = None
    timeout: str | None = None
    on_leak: str | None = None
    wait: bool = False
    view: str = "timeline"
    into: str | None = None
    cache: str | None = None


@dataclass(frozen=True)
class TaskHeader:
    """What the first line of a ``%%task`` cell says; texts that are Python are not evaluated yet.

    Attributes:
        name: the task's name.
        params: what stands between the parentheses.
        returns: what it returns, as an annotation; ``""`` without one.
        options: the options by their names in the line, with their values as given.
    """

    name: str
    params: str = ""
    returns: str = ""
    options: dict[str, str] = field(default_factory=dict)


def parse(line: str) -> Header:
    """Read the line of a ``%%flow`` cell.

    Raises:
        UsageError: something in it that cannot be; the message names what was given and what could be.

    Example:
        >>> header = parse("load(n=3) --timeout 2 -o f")
        >>> header.name, header.params, header.timeout, header.into
        ('load', 'n=3', '2', 'f')
    """
    given = _given(FLOW, line)
    name, params = _signature(FLOW, given.operands[0]) if given.operands else (None, "")
    options = given.options
    into = options.get("-o")
    if into is not None and not is_name(into):
        raise UsageError(f"-o {into}: give the name of a variable, as in -o result")
    return Header(
        name,
        params,
        options.get("--executor"),
        options.get("--max-parallelism"),
        options.get("--timeout"),
        options.get("--on-leak"),
        "--wait" in options,
        options.get("--view", "timeline"),
        into,
        options.get("--cache"),
    )


def parse_task(line: str) -> TaskHeader:
    """Read the line of a ``%%task`` cell.

    Raises:
        UsageError: something in it that cannot be.

    Example:
        >>> header = parse_task("load(url: str, n=3) -> bytes --retries 2 --resolve")
        >>> header.name, header.params, header.returns, header.options
        ('load', 'url: str, n=3', 'bytes', {'--retries': '2', '--resolve': ''})
    """
    given = _given(TASK, line)
    options = dict(given.options)
    returns = options.pop("->", "")
    return TaskHeader(*_signature(TASK, given.operands[0]), returns, options)


def _given(line: Line, text: str) -> Given:
    given = line.part(words(text, line.start))
    if len(given.operands) > 1:
        raise UsageError(f"{line.start} got two names, {' and '.join(given.operands[:2])}; usage: {line.usage}")
    return line.checked(given)


def _signature(line: Line, word: str) -> tuple[str, str]:
    name, bracket, rest = word.partition("(")
    if not is_name(name):
        raise UsageError(f"{line.start} {word}: {name!r} is not a name that Python takes; usage: {line.usage}")
    if bracket and not rest.endswith(")"):
        raise UsageError(f"{line.start} {word}: nothing may stand between the ) and the next space")
    return name, rest[:-1].strip() if bracket else ""
