"""The graph of a workflow has another form here."""

from __future__ import annotations

from ipyflow.compat.workflows._missing import missing

__getattr__ = missing(
    "workflow.graph() gives the graph: it has .nodes and .edges, .to_mermaid() and .to_dot(), and shows "
    "itself in a notebook"
)
