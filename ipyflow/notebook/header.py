"""The first line of a ``%%flow`` cell: ``[NAME[(param=default, ...)]] [options]``, in any order."""

from __future__ import annotations

import difflib
import keyword
from dataclasses import dataclass

from IPython.core.error import UsageError

from ipyflow.engine.options import LEAK_POLICIES

VIEWS = ("timeline", "graph", "table", "log", "none")
TAKES_VALUE = {"--executor": "E", "--timeout": "S", "--on-leak": "P", "--view": "V", "-o": "VAR"}
FLAGS = ("--wait",)
LATER = {
    "--max-parallelism": "limit= of a task bounds how many of it run at once",
    "--cache": "results are not kept across runs yet",
}
USAGE = (
    "%%flow [NAME[(param=default, ...)]] [--executor E] [--timeout S] [--on-leak P] [--wait] "
    f"[--view {'|'.join(VIEWS)}] [-o VAR]"
)


@dataclass(frozen=True)
class Header:
    """What the first line says; texts that are Python are not evaluated yet.

    Attributes:
        name: the flow's name, if it has one.
        params: what stands between the parentheses, ``""`` without any.
        executor: as given; a name of an executor or of a variable.
        timeout: as given; a number or an expression.
        on_leak: what happens to children that the body does not read.
        wait: whether the cell waits for the end.
        view: which view is open at first, or ``"none"``.
        into: the variable that gets the future.
    """

    name: str | None = None
    params: str = ""
    executor: str | None = None
    timeout: str | None = None
    on_leak: str | None = None
    wait: bool = False
    view: str = "timeline"
    into: str | None = None


def parse(line: str) -> Header:
    """Read the line.

    Raises:
        UsageError: something in it that cannot be; the message names what was given and what could be.

    Example:
        >>> header = parse("load(n=3) --timeout 2 -o f")
        >>> header.name, header.params, header.timeout, header.into
        ('load', 'n=3', '2', 'f')
    """
    words = _words(line)
    given: dict[str, str] = {}
    name: str | None = None
    params = ""
    i = 0
    while i < len(words):
        word = words[i]
        i += 1
        if not word.startswith("-"):
            if name is not None:
                raise UsageError(f"%%flow got two names, {name} and {word}; usage: {USAGE}")
            name, params = _signature(word)
            continue
        option, equals, value = word.partition("=")
        if option in FLAGS and not equals:
            given[option] = ""
            continue
        _known(option)
        if option in given:
            raise UsageError(f"%%flow got {option} twice")
        if option in FLAGS:
            raise UsageError(f"{option} takes no value, got {value!r}")
        if not equals:
            if i == len(words):
                raise UsageError(f"{option} needs a value: {option} {TAKES_VALUE[option]}")
            value = words[i]
            i += 1
        given[option] = value
    into = given.get("-o")
    if into is not None and not _is_name(into):
        raise UsageError(f"-o {into}: give the name of a variable, as in -o result")
    return Header(
        name,
        params,
        given.get("--executor"),
        given.get("--timeout"),
        _one_of("--on-leak", given.get("--on-leak"), LEAK_POLICIES),
        "--wait" in given,
        _one_of("--view", given.get("--view"), VIEWS) or "timeline",
        into,
    )


def _known(option: str) -> None:
    if option in LATER:
        raise UsageError(f"{option} is not there yet: {LATER[option]}")
    if option not in TAKES_VALUE and option not in FLAGS:
        near = difflib.get_close_matches(option, [*TAKES_VALUE, *FLAGS], 1)
        hint = f"did you mean {near[0]}?" if near else f"usage: {USAGE}"
        raise UsageError(f"%%flow has no option {option}; {hint}")


def _one_of(option: str, value: str | None, known: tuple[str, ...]) -> str | None:
    if value is not None and value not in known:
        raise UsageError(f"{option} {value}: choose one of {', '.join(known)}")
    return value


def _signature(word: str) -> tuple[str, str]:
    name, bracket, rest = word.partition("(")
    if not _is_name(name):
        raise UsageError(f"%%flow {word}: {name!r} is not a name that Python takes; usage: {USAGE}")
    if bracket and not rest.endswith(")"):
        raise UsageError(f"%%flow {word}: nothing may stand between the ) and the next space")
    return name, rest[:-1].strip() if bracket else ""


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _words(line: str) -> list[str]:
    """Split at white space that is outside brackets and quotes."""
    words, word = [], ""
    quote, depth, escaped = "", 0, False
    for char in line.strip():
        if quote:
            quote = "" if char == quote and not escaped else quote
            escaped = char == "\\" and not escaped
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char.isspace() and depth == 0:
            if word:
                words.append(word)
            word = ""
            continue
        word += char
    if quote or depth:
        what = f"the quote {quote} is not closed" if quote else "the brackets do not match"
        raise UsageError(f"%%flow {line.strip()}: {what}")
    return [*words, word] if word else words
