"""Parallel work in a notebook that you can see, steer and trust.

Four ways to say it, one engine, one log, one handle. Start with :func:`task`, :func:`flow` and :class:`Future`;
``%load_ext ipyflow`` brings the ``%%flow`` cell.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ipyflow.engine import default as _default
from ipyflow.engine.context import current, group, progress
from ipyflow.engine.future import Future
from ipyflow.engine.options import Cache, Defer, Retry
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
from ipyflow.flows.executor import Executor
from ipyflow.flows.lists import FutureList
from ipyflow.flows.pipelines.parallel import in_parallel
from ipyflow.flows.pipelines.value import Pipeline
from ipyflow.flows.prompts import Prompt
from ipyflow.flows.tasks import Task, flow, task
from ipyflow.session import configure, runs, shutdown

if TYPE_CHECKING:
    from ipyflow.builder.builder import Builder
    from ipyflow.past.comparing import compare
    from ipyflow.past.history import History, history
    from ipyflow.past.resuming import resume
    from ipyflow.past.run import PastRun
    from ipyflow.workflows import (
        All,
        Collect,
        Context,
        Event,
        HumanResponseEvent,
        InputRequiredEvent,
        StartEvent,
        StopEvent,
        Take,
        Workflow,
        catch_error,
        step,
    )

__version__ = "0.1.0"

__all__ = [
    "ALL_COMPLETED",
    "FIRST_COMPLETED",
    "FIRST_EXCEPTION",
    "All",
    "Builder",
    "Cache",
    "Collect",
    "Context",
    "Defer",
    "Event",
    "Executor",
    "Future",
    "FutureList",
    "History",
    "HumanResponseEvent",
    "InputRequiredEvent",
    "PastRun",
    "Pipeline",
    "Prompt",
    "Retry",
    "Run",
    "StartEvent",
    "StopEvent",
    "Take",
    "Task",
    "Workflow",
    "as_completed",
    "cancel",
    "catch_error",
    "compare",
    "configure",
    "current",
    "flow",
    "group",
    "history",
    "in_parallel",
    "progress",
    "resume",
    "runs",
    "select",
    "shutdown",
    "step",
    "task",
    "wait",
]

_OF_WORKFLOWS = frozenset(
    {
        "All", "Collect", "Context", "Event", "HumanResponseEvent", "InputRequiredEvent", "StartEvent", "StopEvent",
        "Take", "Workflow", "catch_error", "step",
    }
)  # fmt: skip
"""Imported when they are first asked for: what events are made of takes longer to import than all the rest."""
_OF_THE_PAST = {
    "History": "history",
    "PastRun": "run",
    "compare": "comparing",
    "history": "history",
    "resume": "resuming",
}
"""Likewise: they bring the views."""


def __getattr__(name: str) -> Any:
    if name == "Builder":  # it needs forms, and with them pydantic
        found = globals()[name] = importlib.import_module("ipyflow.builder.builder").Builder
        return found
    if name in _OF_THE_PAST:
        found = globals()[name] = getattr(importlib.import_module(f"ipyflow.past.{_OF_THE_PAST[name]}"), name)
        return found
    if name in _OF_WORKFLOWS:
        found = globals()[name] = getattr(importlib.import_module("ipyflow.workflows"), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_OF_WORKFLOWS, *_OF_THE_PAST, "Builder"})


def _form(task: Any, preset: dict[str, Any]) -> Any:
    from ipyflow.notebook.launch_form import LaunchForm

    return LaunchForm(task, preset)


_default.set_former(_form)


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext ipyflow``."""
    from ipyflow.notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext ipyflow``."""
    from ipyflow.notebook.extension import unload

    unload(shell)
