"""Programs written for Coflux: ``from ipyflow.compat import coflux as cf``.

Its names for what is here: a workflow is a flow, an execution a future. Differences: a call outside a workflow works,
arguments may go by keyword, a failed child raises its own exception, and a workflow that returns an execution has
that execution's value as its result.
"""

from __future__ import annotations

from typing import Any

from ipyflow import Cache, Defer, Prompt, cancel, current, group, progress, select, task
from ipyflow import Future as Execution
from ipyflow import Retry as Retries
from ipyflow import flow as workflow

__all__ = [
    "Cache",
    "Defer",
    "Execution",
    "Prompt",
    "Retries",
    "cancel",
    "group",
    "log_debug",
    "log_error",
    "log_info",
    "log_warning",
    "progress",
    "select",
    "task",
    "workflow",
]


def log_debug(template: str = "", **values: Any) -> None:
    """Write a line into the running task's log; ``{name}`` in ``template`` stands for a value."""
    _log("debug", template, values)


def log_info(template: str = "", **values: Any) -> None:
    """As :func:`log_debug`, a level up."""
    _log("info", template, values)


def log_warning(template: str = "", **values: Any) -> None:
    """As :func:`log_info`, a level up."""
    _log("warning", template, values)


def log_error(template: str = "", **values: Any) -> None:
    """As :func:`log_warning`, a level up."""
    _log("error", template, values)


def _log(level: str, template: str, values: dict[str, Any]) -> None:
    rest = {name: value for name, value in values.items() if "{" + name + "}" not in template}
    for name, value in values.items():
        template = template.replace("{" + name + "}", str(value))
    more = " ".join(f"{name}={value!r}" for name, value in rest.items())
    current().log(f"{level}: {template} {more}".rstrip())
