"""The state of a pipeline where branches part: a copy for each, and their changes merged behind the group.

A change is a path of dict keys and what stands there now. A branch that did not touch a part of the state says nothing
about it, so it cannot take back what another has done. Called by: the group's conductor. Touches values of users, so
anything here may raise what their classes raise.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

GONE = type("Gone", (), {"__repr__": lambda self: "deleted"})()
"""Stands where a branch has deleted a key."""

Path = tuple[Any, ...]
Changes = dict[Path, Any]

_ATOMS = (int, float, complex, str, bytes, bool, type(None))
_DEEPEST = 50


def copied(state: Any) -> Any:
    """A copy that shares nothing that can change."""
    return state if type(state) in _ATOMS else copy.deepcopy(state)


def copied_if_possible(state: Any) -> Any:
    """A copy, or the state itself where it is of a kind that cannot be copied."""
    try:
        return copied(state)
    except Exception:
        return state


def changes(before: Any, after: Any) -> Changes:
    """What a branch has changed.

    Example:
        >>> changes({"a": 1, "b": 2}, {"a": 1, "c": 3})
        {('b',): deleted, ('c',): 3}
    """
    found: Changes = {}
    # Where there was no state yet, each key of a dict is a change of its own.
    _compare({} if before is None and isinstance(after, dict) else before, after, (), found)
    return found


def _compare(before: Any, after: Any, path: Path, found: Changes) -> None:
    if before is after:
        return
    if isinstance(before, dict) and isinstance(after, dict) and len(path) < _DEEPEST:
        for key, value in before.items():
            if key not in after:
                found[(*path, key)] = GONE
            else:
                _compare(value, after[key], (*path, key), found)
        for key, value in after.items():
            if key not in before:
                found[(*path, key)] = value
    elif not same(before, after):
        found[path] = after


def same(a: Any, b: Any, depth: int = 0) -> bool:
    """Whether two values are equal; arrays and tables as wholes, objects without an ``==`` by their attributes."""
    if a is b:
        return True
    if type(a) is not type(b) or depth > _DEEPEST:
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(value, b[key], depth + 1) for key, value in a.items())
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y, depth + 1) for x, y in zip(a, b, strict=True))
    if getattr(type(a), "__eq__", None) is object.__eq__ and hasattr(a, "__dict__"):
        return same(vars(a), vars(b), depth + 1)
    if callable(equals := getattr(a, "equals", None)):  # tables, whose == is a table
        return bool(equals(b))
    equal = a == b
    return bool(equal.all()) if hasattr(equal, "all") else bool(equal)


def merged(before: Any, branches: Sequence[tuple[int, Changes]]) -> tuple[Any, list[str]]:
    """The state with the changes of all branches, and each clash in words.

    Args:
        before: the state at the group's entry; it is not changed.
        branches: places and changes of branches, in entry order: of two that clash, the first stays.

    Example:
        >>> merged({"a": 1}, [(0, {("b",): 2}), (1, {("b",): 3, ("c",): 4})])
        ({'a': 1, 'b': 2, 'c': 4}, ["branches 0 and 1 changed 'b'; branch 0's change was taken"])
    """
    taken: dict[Path, tuple[int, Any]] = {}
    below: dict[Path, Path] = {}
    clashes: list[str] = []
    for place, changed in branches:
        for path, value in changed.items():
            if path in taken and _equal(taken[path][1], value):
                continue
            other = _overlapping(path, taken, below)
            if other is None:
                taken[path] = (place, value)
                for end in range(len(path)):
                    below.setdefault(path[:end], path)
            else:
                first = taken[other][0]
                where = "".join(f"[{key!r}]" for key in path[1:])
                what = f"{path[0]!r}{where}" if path else "the whole state"
                clashes.append(f"branches {first} and {place} changed {what}; branch {first}'s change was taken")
    state = before
    for path, (_, value) in taken.items():
        state = _put(state, path, value)
    return state, clashes


def _equal(first: Any, second: Any) -> bool:
    return first is second or same(first, second)


def _overlapping(path: Path, taken: dict[Path, tuple[int, Any]], below: dict[Path, Path]) -> Path | None:
    """A path that was changed already and is this one, or above it, or below it."""
    for end in range(len(path) + 1):
        if path[:end] in taken:
            return path[:end]
    return below.get(path)


def _put(state: Any, path: Path, value: Any) -> Any:
    """``state`` with ``value`` at ``path``; the dicts on the way are copied, the others shared."""
    if not path:
        return value
    new = {} if state is None else copy.copy(state)
    if len(path) > 1:
        new[path[0]] = _put(new[path[0]], path[1:], value)
    elif value is GONE:
        new.pop(path[0], None)
    else:
        new[path[0]] = value
    return new
