"""Whose code changed between two runs, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ipyflow.model.run import RunState
from ipyflow.views.revisions import changed_lines

Sources = Mapping[str, str]
"""The source of each task's function, by ``"module:name"``, as far as it is known."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Code that changed: the lines as :func:`ipyflow.views.revisions.changed_lines` gives them."""

    name: str
    module: str
    lines: list[list[str]]


def changed_code(before: RunState, after: RunState, one: Sources, other: Sources) -> list[Changed]:
    r"""Compare the sources of two runs, in the order in which their tasks come.

    A function that stood in another module before is known again by its name, where no other has it.

    Args:
        before: a run.
        after: another one.
        one: the sources of the first.
        other: the sources of the second.

    Example:
        >>> changed_code(RunState(), RunState(), {"m:f": "a"}, {"m:f": "b"})[0].lines
        [['-', 'a'], ['+', 'b']]
    """
    order = {f"{task.module}:{task.name}": place for place, task in enumerate(after.tasks.values())}
    alone = _by_name(one), _by_name(other)
    found = []
    for key, now in other.items():
        module, _, name = key.rpartition(":")
        was = one.get(key)
        if was is None and alone[1].get(name) == key:
            was = one.get(alone[0].get(name, ""))
        old, new = _lines(was or ""), _lines(now)
        if old and new and old != new:
            lines = changed_lines("\n".join(old), "\n".join(new))
            found.append((order.get(key, len(order)), key, Changed(name, module, lines)))
    return [change for _, _, change in sorted(found, key=lambda each: each[:2])]


def _by_name(sources: Sources) -> dict[str, str]:
    """The keys of names that only one module has."""
    found: dict[str, str] = {}
    for key in sources:
        name = key.rpartition(":")[2]
        found[name] = "" if name in found else key
    return found


def _lines(source: str) -> list[str]:
    return [line.rstrip() for line in source.strip().splitlines()]
