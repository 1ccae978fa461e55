"""The findings of a run, which display themselves: text in a terminal, a list in a notebook, JSON for a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ipyflow.model.run import RunState
from ipyflow.views.lint.findings import KINDS, Facts, Finding
from ipyflow.views.lint.sizes import sizes
from ipyflow.views.lint.state import blocking_calls, shared_state
from ipyflow.views.lint.unread import unread
from ipyflow.views.lint.waits import needless_waits
from ipyflow.views.svg import esc
from ipyflow.views.words import counted, duration, shown

CHECKS: tuple[Callable[[RunState, Facts], Iterator[Finding]], ...] = (
    unread, needless_waits, blocking_calls, shared_state, sizes,
)  # fmt: skip
MOST = 20
"""Findings that are told of one run."""
NAMED = 4
"""Tasks of a finding that a page links to."""


class Lint(Sequence[Finding]):
    """What could be better in a run; made by ``run.lint()``.

    It is a sequence of findings: each has a ``kind``, a ``text``, an ``advice``, ``tasks``, ``lines`` and ``saves``.
    """

    def __init__(self, name: str, ended: bool, findings: Sequence[Finding], names: Mapping[int, str]) -> None:
        self.name, self.ended = name, ended
        self._names = names
        self._findings = tuple(findings)

    def __getitem__(self, place: Any) -> Any:
        return self._findings[place]

    def __len__(self) -> int:
        return len(self._findings)

    def __repr__(self) -> str:
        lines = [_head(self)]
        for one in self:
            lines += [f"  {one.text}.{_saves(one)}", f"    → {one.advice}"]
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": self._html()}

    def _html(self) -> str:
        rows = [
            f"<li><b>{esc(KINDS[one.kind])}</b>: {esc(one.text)}.{esc(_saves(one))}<br>→ {esc(one.advice)}</li>"
            for one in self
        ]
        return f"<div><p>{esc(_head(self))}</p>" + (f"<ol>{''.join(rows)}</ol>" if rows else "") + "</div>"

    def to_json(self) -> dict[str, Any]:
        """What a page gets."""
        return {
            "ended": self.ended,
            "hints": [
                {"kind": one.kind, "title": KINDS[one.kind], "text": one.text, "advice": one.advice,
                 "saves": one.saves, "tasks": [(id_, self._names.get(id_, "")) for id_ in one.tasks[:NAMED]],
                 "more": max(len(one.tasks) - NAMED, 0)}
                for one in self
            ],
        }  # fmt: skip


def lint(state: RunState, facts: Facts) -> Lint:
    """Look through a run. Of one that goes on nothing is said yet.

    Args:
        state: the run.
        facts: what the log does not say.

    Example:
        >>> lint(RunState(name="empty"), Facts())
        empty goes on: hints come when it has ended
    """
    ended = state.closed is not None
    found = [finding for check in CHECKS for finding in check(state, facts)] if ended else []
    order = list(KINDS)
    found.sort(key=lambda one: (-(one.saves or 0.0), order.index(one.kind)))
    named = {id_: shown(state.tasks[id_].name, 60) for one in found[:MOST] for id_ in one.tasks[:NAMED]}
    return Lint(shown(state.name, 60), ended, found[:MOST], named)


def _head(found: Lint) -> str:
    if not found.ended:
        return f"{found.name} goes on: hints come when it has ended"
    if not found:
        return f"{found.name}: no hints"
    return f"{found.name}: {counted(len(found), 'hint')}"


def _saves(finding: Finding) -> str:
    return "" if finding.saves is None else f" Saves about {duration(finding.saves)}."
