"""The parts of an edit, checked: what is not there, or is no such thing, is refused with a word on it."""

from __future__ import annotations

from typing import Any, cast

from ipyflow.builder import plan as p
from ipyflow.builder.texts import call_parts
from ipyflow.errors import EditRefused


def entries(plan: p.Plan, id: Any) -> list[p.Entry]:
    """The entries of the pipeline, of a branch, or of a new branch at the end of a block."""
    to = block(plan, id)
    if to is not None:
        to["branches"].append({"id": p.number(plan), "entries": []})
        return to["branches"][-1]["entries"]
    found = p.list_of(plan, id)
    if found is None:
        raise EditRefused(f"there is no branch {id!r}; it may have been removed")
    return found


def block(plan: p.Plan, id: Any) -> p.Group | None:
    """The parallel block of that number, if there is one."""
    return next((group for group in p.groups(plan) if group["id"] == id), None)


def entry(plan: p.Plan, id: Any) -> tuple[list[p.Entry], int, p.Entry]:
    """The entry of that number, after the list it stands in and its place there."""
    found = p.holder(plan, id)
    if found is None:
        raise EditRefused(f"there is no entry {id!r}; it may have been removed")
    return (*found, found[0][found[1]])


def step(plan: p.Plan, id: Any) -> p.Step:
    """The step of that number."""
    _, _, found = entry(plan, id)
    if found["kind"] != "step":
        raise EditRefused("this is a parallel block, and only a step has a task")
    return found


def role(given: Any) -> p.Role:
    """One of the roles."""
    if given not in p.ROLES:
        raise EditRefused(f"role {given!r}: there are {', '.join(p.ROLES)}")
    return cast(p.Role, given)


def text(given: Any) -> str:
    """A text."""
    if not isinstance(given, str):
        raise EditRefused(f"a text is wanted here, and this is of type {type(given).__name__}")
    return given


def place(at: Any, length: int) -> int:
    """A place in a list of that length, its end included."""
    if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at <= length:
        raise EditRefused(f"no place {at!r} here: there are 0 to {length}")
    return at


def arguments(given: Any) -> tuple[list[str], dict[str, str]]:
    """Arguments, as one would write them in a call."""
    try:
        return call_parts(text(given))
    except SyntaxError as error:
        raise EditRefused(f"this is no list of arguments: {error.msg}") from None
