"""There is no server: a workflow runs where it is called."""

from __future__ import annotations

from ipyflow.compat.workflows._missing import missing

__getattr__ = missing(
    "a workflow runs in this process, not behind a server. Call workflow.run(...) where you would send a request; its "
    "handler shows the live view in a notebook, and handler.stream_events() has the events"
)
