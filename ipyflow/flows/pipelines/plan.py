"""The plan of a pipeline: its entries as records, before any of them runs, and as a tree of text."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ipyflow.engine.describe import arguments
from ipyflow.engine.endings import NODE
from ipyflow.engine.nodes import skip
from ipyflow.engine.run import Run
from ipyflow.flows.pipelines.entries import FINALISER, HANDLER, Entry, Group, Step
from ipyflow.model import records as r

Ids = list[Any]
"""The numbers of planned entries: of a step its number, of a group its number and the numbers of its branches."""

PLANNED = 100
"""Up to so many entries a pipeline writes its whole plan into the log when it is submitted, for views to show."""
DEEPEST = 60
"""Columns that a tree of text is indented at most; what is deeper is only named."""
_MARKS = {HANDLER: "if it fails: ", FINALISER: "in the end: "}


class Planner:
    """Writes plans into a log.

    Args:
        append: takes the records, in packed form.
        number: gives the next free number.
        now: the time of the records.
    """

    def __init__(self, append: Callable[[tuple[Any, ...]], None], number: Callable[[], int], now: float) -> None:
        self._append, self._number, self._now = append, number, now

    def write(
        self, entries: Sequence[Entry], parent: int, refs: tuple[int, ...] = (), branch: int | None = None,
        group: str | None = None, ids: Ids | None = None,
    ) -> Ids:  # fmt: skip
        """Write the records of ``entries`` and of all below them.

        Args:
            entries: what to plan.
            parent: the pipeline or the group they stand in.
            refs: the tasks whose outcome the first is given.
            branch: the branch they are in.
            group: their label.
            ids: their numbers, where they were planned before.
        """
        made: Ids = []
        handed = refs
        for place, entry in enumerate(entries):
            known = None if ids is None else ids[place]
            refs = () if entry.role == FINALISER else handed
            if isinstance(entry, Group):
                id = self.one(entry, parent, refs, branch, group, known and known[0])
                below = [
                    self.write(b.entries, id, refs, at, entry.label(at), None if known is None else known[1][at])
                    for at, b in enumerate(entry.branches)
                ]
                made.append((id, below))
            else:
                id = self.one(entry, parent, refs, branch, group, known)
                made.append(id)
            # What comes behind a handler is given its value, or that of the entry before it.
            handed = (*handed, id) if entry.role == HANDLER else (id,)
        return made

    def one(
        self, entry: Entry, parent: int, refs: tuple[int, ...], branch: int | None, group: str | None, id: int | None
    ) -> int:
        """Write the record of ``entry`` alone; returns its number."""
        id = self._number() if id is None else id
        what: tuple[Any, ...]
        if isinstance(entry, Group):
            what = (entry.name, "", NODE, entry.text, refs, group, "group", branch)
        else:
            task = entry.task
            what = (
                task.name, task.module, task.executor_name, written(entry, not refs), refs, group,
                entry.role or task.role, branch,
            )  # fmt: skip
        self._append((r.PLANNED, self._now, id, parent, *what))
        return id


def skip_all(run: Run, now: float, entry: Entry, ids: Any, why: str) -> None:
    """Record that a planned entry, and all below it, was passed over."""
    if isinstance(entry, Group):
        id, below = ids
        skip(run, now, id, why)
        for branch, numbers in zip(entry.branches, below, strict=True):
            for inner, number in zip(branch.entries, numbers, strict=True):
                skip_all(run, now, inner, number, why)
    else:
        skip(run, now, ids, why)


def head(ids: Ids) -> int:
    """The number of the first planned entry."""
    first = ids[0]
    return first if isinstance(first, int) else first[0]


def written(step: Step, first: bool) -> str:
    """The arguments of a step as far as they are known; what it is handed is left open."""
    own = arguments(step.args, step.kwargs) if step.args or step.kwargs else ""
    if first or step.role == FINALISER:
        return own
    handed = "error" if step.role == HANDLER else "…"
    return f"{handed}, {own}" if own else handed


def tree(entries: Sequence[Entry], size: int, most: int = 200) -> str:
    """The plan as a tree of text, a line for each entry, ``most`` at most of ``size``."""
    lines = list(itertools.islice(_lines(entries, ""), most))
    if size > most:
        lines.append(f"… ({size:,} entries)")
    return "\n".join(lines) or "(empty)"


def _lines(entries: Sequence[Entry], indent: str, first: bool = True) -> Iterator[str]:
    for place, entry in enumerate(entries):
        last = place == len(entries) - 1
        stem, deeper = (f"{indent}└─ ", f"{indent}   ") if last else (f"{indent}├─ ", f"{indent}│  ")
        if isinstance(entry, Group):
            yield f"{stem}{entry.name}: {entry.text}"
            for at, branch in enumerate(entry.branches):
                bottom = at == len(entry.branches) - 1
                yield f"{deeper}{'└─' if bottom else '├─'} [{at}] {branch.outline}"
                if branch.size > 1 and len(indent) < DEEPEST:
                    yield from _lines(branch.entries, f"{deeper}{'   ' if bottom else '│  '}", first and place == 0)
        else:
            pause = "  ‖ then it pauses" if entry.pauses else ""
            yield f"{stem}{_MARKS.get(entry.role or '', '')}{entry.name}({written(entry, first and place == 0)}){pause}"
