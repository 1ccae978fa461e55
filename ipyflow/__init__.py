"""Parallel work in a notebook that you can see, steer and trust.

Four ways to say it, one engine, one log, one handle. Start with :func:`task`, :func:`flow` and :class:`Future`;
``%load_ext ipyflow`` brings the ``%%flow`` cell.
"""

from __future__ import annotations

from typing import Any

from ipyflow.engine.context import current, group, progress
from ipyflow.engine.future import Future
from ipyflow.engine.options import Retry
from ipyflow.engine.run import Run
from ipyflow.engine.waiting import (
    ALL_COMPLETED,
    FIRST_COMPLETED,
    FIRST_EXCEPTION,
    as_completed,
    cancel,
    select,
    wait,
)
from ipyflow.flows.lists import FutureList
from ipyflow.flows.pipelines.parallel import in_parallel
from ipyflow.flows.pipelines.value import Pipeline
from ipyflow.flows.tasks import Task, flow, task
from ipyflow.session import configure, runs, shutdown

__version__ = "0.1.0"

__all__ = [
    "ALL_COMPLETED",
    "FIRST_COMPLETED",
    "FIRST_EXCEPTION",
    "Future",
    "FutureList",
    "Pipeline",
    "Retry",
    "Run",
    "Task",
    "as_completed",
    "cancel",
    "configure",
    "current",
    "flow",
    "group",
    "in_parallel",
    "progress",
    "runs",
    "select",
    "shutdown",
    "task",
    "wait",
]


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext ipyflow``."""
    from ipyflow.notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext ipyflow``."""
    from ipyflow.notebook.extension import unload

    unload(shell)
