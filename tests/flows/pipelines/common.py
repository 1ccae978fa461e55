"""Small tasks that show what they were given, and how to look at the records of a pipeline."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import ipyflow as fl
from ipyflow.errors import GroupError
from ipyflow.model.run import TaskState


class Boom(Exception):
    pass


@fl.task
def value(x: object) -> object:
    return x


@fl.task
def rep(*args: object, **kwargs: object) -> str:
    """What it was given, as one would write the call."""
    return "rep(" + ", ".join([*map(repr, args), *(f"{k}={v!r}" for k, v in sorted(kwargs.items()))]) + ")"


@fl.task
def add(x: int, y: int) -> int:
    return x + y


@fl.task
def fail(*args: object) -> None:
    raise Boom(*args)


@fl.task
def double(x: int) -> int:
    return 2 * x


@fl.task
def heal(error: BaseException, *args: object) -> object:
    """What went wrong, in words; nested failures in brackets."""
    return ("healed " + words(error), *args) if args else "healed " + words(error)


@fl.task(fruitful=False)
def silent(*args: object) -> str:
    return "nobody hears this"


@fl.task(with_state=True)
def note(state: dict | None, *args: object, **changes: object) -> tuple:
    """Set keys of the state; hands on what it was given."""
    return {**(state or {}), **changes}, list(args)


@fl.task(with_state=True)
def drop(state: dict, *args: object) -> tuple:
    """Delete the keys named last."""
    return {k: v for k, v in state.items() if k != args[-1]}, list(args[:-1])


@fl.task(with_state=True)
def look(state: object, *args: object) -> tuple:
    """Hands on the state."""
    return state, state


def branch_of(error: BaseException) -> int | None:
    """The branch that a note on the exception names."""
    for line in getattr(error, "__notes__", []):
        found = re.search(r"\bbranch (\d+)\b", line)
        if found:
            return int(found[1])
    return None


def words(error: BaseException) -> str:
    if isinstance(error, GroupError):
        return "[" + ", ".join(f"{branch_of(e)}: {words(e)}" for e in error.exceptions) + "]"
    return f"{type(error).__name__}({', '.join(map(str, error.args))})"


def states(future: fl.Future) -> dict[str, str]:
    """The state of every task of the run, by name."""
    return {task.name: str(task.state) for task in future.run.snapshot().tasks.values()}


def named(future: fl.Future, name: str) -> list[TaskState]:
    """The tasks of the run with this name, in order of their ids."""
    return [task for _, task in sorted(future.run.snapshot().tasks.items()) if task.name == name]


def with_role(future: fl.Future, role: str) -> list[TaskState]:
    return [task for _, task in sorted(future.run.snapshot().tasks.items()) if task.role == role]


def counted(fn: Callable[..., Any]) -> tuple[Callable[..., Any], list[tuple]]:
    """The function, and a list of the arguments of each of its calls."""
    calls: list[tuple] = []

    def body(*args: Any) -> Any:
        calls.append(args)
        return fn(*args)

    body.__name__ = body.__qualname__ = getattr(fn, "__name__", "body")
    return body, calls
