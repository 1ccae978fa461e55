"""The check of a workflow before it runs: all that is wrong in one message, each with what to do."""

from __future__ import annotations

from collections.abc import Iterable

from ipyflow.flows.workflow.table import Table

CHECKS = ("reachability", "terminal_event", "dead_end")
"""The checks of the graph that a workflow can be left out of."""


def check(table: Table, *, skip: Iterable[str] = ()) -> None:
    """Check that the steps fit together."""
