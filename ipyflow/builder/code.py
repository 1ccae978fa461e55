"""The Python that a plan stands for, line by line, each with the number of the entry it is of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ipyflow.builder import plan as p
from ipyflow.builder.texts import joined

WIDTH = 88
"""Columns that a branch may take before it is written over several lines."""
TAB = "    "
UNCHOSEN = "..."
"""What stands for a task that has not been chosen yet: the code can be read, and refused."""
CALLS = {p.NEXT: "continue_with", p.HANDLER: "exceptionally", p.FINALISER: "finally_do"}


class Line(NamedTuple):
    """A line of code, and what it is of: an entry, a branch, or the pipeline."""

    text: str
    id: int


def code(plan: p.Plan, in_parallel: str | None = "in_parallel") -> str:
    """The whole code.

    Args:
        plan: the plan.
        in_parallel: what it is called in the notebook; ``None`` to import it.

    Example:
        >>> from ipyflow.builder.edits import apply
        >>> plan, _ = apply(p.empty(), {"do": "add", "to": 0, "at": 0, "task": "load", "arguments": "'a.csv'"})
        >>> plan, _ = apply(plan, {"do": "add", "to": 0, "at": 1, "task": "clean"})
        >>> print(code(plan))
        pipeline = (
            load.send('a.csv')
            .continue_with(clean)
        )
    """
    return "\n".join(line.text for line in lines(plan, in_parallel))


def lines(plan: p.Plan, in_parallel: str | None = "in_parallel") -> list[Line]:
    """The code as :func:`code` gives it, line by line."""
    made: list[Line] = []
    if in_parallel is None and any(True for _ in p.groups(plan)):
        made.append(Line("from ipyflow import in_parallel", p.ROOT))
    writer = _Writer(in_parallel or "in_parallel")
    first, rest = f"{plan['name']} = ", _ending(plan)
    entries = plan["entries"]
    if not entries:
        return [*made, Line(f"{first}...  # add a task", p.ROOT)]
    if len(entries) == 1 and entries[0]["kind"] == "step":
        one = writer.chained(entries) + "".join(rest)
        return [*made, Line(f"{first}{one}", entries[0]["id"])]
    made.append(Line(f"{first}(", p.ROOT))
    made.extend(writer.chain(entries, TAB))
    made.extend(Line(f"{TAB}{one}", p.ROOT) for one in rest)
    made.append(Line(")", p.ROOT))
    return made


def _ending(plan: p.Plan) -> list[str]:
    given = [f"{name}={text}" for name, text in plan["initial"].items() if text]
    found = [f".with_initial({', '.join(given)})"] if given else []
    return [*found, ".inline()"] if plan["inline"] else found


class _Writer:
    def __init__(self, in_parallel: str) -> None:
        self._in_parallel = in_parallel

    def chain(self, entries: list[p.Entry], indent: str) -> Iterator[Line]:
        """A line for each entry, more for a group."""
        for place, entry in enumerate(entries):
            if entry["kind"] == "step":
                yield Line(indent + self._step(entry, place == 0), entry["id"])
            else:
                yield from self._group(entry, indent, place == 0)

    def chained(self, entries: list[p.Entry]) -> str:
        """All of it in one line."""
        parts = []
        for place, entry in enumerate(entries):
            if entry["kind"] == "step":
                parts.append(self._step(entry, place == 0))
            else:
                opening, closing = self._around(entry, place == 0)
                branches = (self.chained(branch["entries"]) for branch in entry["branches"])
                parts.append(f"{opening}{', '.join(branches)}{closing}")
        return "".join(parts) or UNCHOSEN

    def _step(self, step: p.Step, first: bool) -> str:
        task, given = step["task"] or UNCHOSEN, joined(step["args"], step["kwargs"])
        if first and step["role"] == p.NEXT:
            text = f"{task}.send({given})" if step["task"] else UNCHOSEN
        elif step["role"] == p.NEXT and "target" in step["kwargs"]:
            # continue_with has a parameter of that name, too
            text = f".continue_with({task}.send({given}))"
        else:
            text = f".{CALLS[step['role']]}({', '.join([task, given] if given else [task])})"
        if step["options"]:
            text += f".set({joined([], step['options'])})"
        return text + (".pause_here()" if step["pauses"] else "")

    def _around(self, group: p.Group, first: bool) -> tuple[str, str]:
        options = joined([], group["options"])
        closing = f"], {options})" if options else "])"
        pause = ".pause_here()" if group["pauses"] else ""
        if first:
            return f"{self._in_parallel}([", f"{closing}{pause}"
        return f".continue_with({self._in_parallel}([", f"{closing}){pause}"

    def _group(self, group: p.Group, indent: str, first: bool) -> Iterator[Line]:
        opening, closing = self._around(group, first)
        if not group["branches"]:
            yield Line(f"{indent}{opening}{closing}", group["id"])
            return
        yield Line(f"{indent}{opening}", group["id"])
        for branch in group["branches"]:
            yield from self._branch(branch, indent + TAB)
        yield Line(f"{indent}{closing}", group["id"])

    def _branch(self, branch: p.Branch, indent: str) -> Iterator[Line]:
        entries, line = branch["entries"], self.chained(branch["entries"])
        plain = all(entry["kind"] == "step" for entry in entries)
        if (len(entries) <= 1 and plain) or (plain and len(indent) + len(line) <= WIDTH):
            yield Line(f"{indent}{line},", entries[0]["id"] if len(entries) == 1 else branch["id"])
        elif len(entries) == 1:
            inner = list(self.chain(entries, indent))
            yield from inner[:-1]
            yield Line(f"{inner[-1].text},", inner[-1].id)
        else:
            yield Line(f"{indent}(", branch["id"])
            yield from self.chain(entries, indent + TAB)
            yield Line(f"{indent}),", branch["id"])
