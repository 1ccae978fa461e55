"""Programs written for llama-index-workflows: ``from ipyflow.compat.workflows import Workflow, step, Context``.

Also for ``llama_index.core.workflow``, whose names are here too; the submodules have the names of the original's
(``events``, ``errors``, ``retry_policy``, ...), and ``drawing`` those of ``llama_index.utils.workflow``. Nearly
everything *is* what :mod:`ipyflow.workflows` has; the handler of a run is a future with the handler's methods besides.
What differs stands in ``docs/coming-from/llamaindex.md``.
"""

from __future__ import annotations

from ipyflow.compat.workflows.context import Context, JsonSerializer
from ipyflow.compat.workflows.context.serializers import JsonPickleSerializer
from ipyflow.compat.workflows.decorators import catch_error, step
from ipyflow.compat.workflows.errors import (
    WorkflowRuntimeError,
    WorkflowTimeoutError,
    WorkflowValidationError,
)
from ipyflow.compat.workflows.events import Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent
from ipyflow.compat.workflows.workflow import Workflow

__all__ = [
    "Context",
    "Event",
    "HumanResponseEvent",
    "InputRequiredEvent",
    "JsonPickleSerializer",
    "JsonSerializer",
    "StartEvent",
    "StopEvent",
    "Workflow",
    "WorkflowRuntimeError",
    "WorkflowTimeoutError",
    "WorkflowValidationError",
    "catch_error",
    "step",
]
