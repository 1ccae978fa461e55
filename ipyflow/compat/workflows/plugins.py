"""There is one runtime: the engine of this process."""

from __future__ import annotations

from ipyflow.compat.workflows._missing import missing

__getattr__ = missing(
    "workflows run on the engine of this process, and no other runtime can take its place. Leave runtime= out; to go "
    "on after a restart keep handler.ctx.to_dict() and give Context.from_dict(workflow, kept) to run(ctx=...)"
)
