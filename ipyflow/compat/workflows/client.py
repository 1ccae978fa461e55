"""There is no server to be a client of."""

from __future__ import annotations

from ipyflow.compat.workflows._missing import missing

__getattr__ = missing(
    "there is no server to be a client of. Call workflow.run(...) and use its handler: await it, stream_events(), "
    "send_event(...), cancel_run()"
)
