"""A comparison that displays itself: text in a terminal, tables and a picture in a notebook, JSON for a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ipyflow.views.compare.changes import KINDS, Change
from ipyflow.views.compare.facts import Facts, Given, facts
from ipyflow.views.compare.html import compared_html
from ipyflow.views.compare.report import report
from ipyflow.views.compare.text import compared_text

MIME = "application/vnd.ipyflow-parallel.compare+json"
"""What our JupyterLab extension draws."""


class Comparison:
    """Two runs beside each other; made by :func:`ipyflow.compare`.

    It is iterated over what changed, what changed most first.

    Attributes:
        facts: all that was found.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def __iter__(self) -> Iterator[Change]:
        return (change for row in self.facts.changed() for change in row.changes)

    def of(self, kind: str) -> list[Change]:
        """The tasks to which that happened: ``slower``, ``faster``, ``failing``, ``mended``, ``cached``, ...

        Args:
            kind: one of the kinds that ``docs/compare.md`` lists.

        Raises:
            ValueError: there is no such kind; the message lists those there are.
        """
        if kind not in KINDS:
            raise ValueError(f"no kind of change {kind!r}; there are {', '.join(KINDS)}")
        return [change for row in self.facts.rows if row.kind == kind for change in row.changes]

    def to_json(self) -> dict[str, Any]:
        """What a page draws; ``docs/protocol.md`` has its fields."""
        return report(self.facts)

    def __repr__(self) -> str:
        return compared_text(self.facts)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {MIME: self.to_json(), "text/plain": repr(self), "text/html": compared_html(self.facts)}


def compared(before: Given, after: Given) -> Comparison:
    """Compare two runs.

    Args:
        before: the first.
        after: the second.
    """
    return Comparison(facts(before, after))
