"""What can be wrong with the handlers of failures: a function for each, that gives lines of a message."""

from __future__ import annotations

import difflib

from ipyflow.flows.workflow.events import StepFailedEvent
from ipyflow.flows.workflow.reach import listed
from ipyflow.flows.workflow.table import Table


def unknown_steps(table: Table) -> list[str]:
    """Handlers of steps that are not there, or are handlers themselves."""
    lines = []
    for handler in table.handlers:
        for name in (handler.handles and handler.handles.for_steps) or ():
            step = table.steps.get(name)
            if step is None:
                near = difflib.get_close_matches(name, table.steps, 1)
                others = [other for other, one in table.steps.items() if one.handles is None]
                hint = f"did you mean {near[0]}?" if near else f"there are {listed(others)}"
                lines.append(f"{handler.name} handles failures of {name}, which is no step: {hint}")
            elif step.handles is not None:
                lines.append(
                    f"{handler.name} handles failures of {name}, which is a handler itself: what a handler raises ends "
                    "the run; take it out of for_steps"
                )
    return lines


def several_handlers(table: Table) -> list[str]:
    """Steps whose failures several handlers would get."""
    for_all = []
    claimed: dict[str, list[str]] = {}
    for handler in table.handlers:
        names = handler.handles.for_steps if handler.handles is not None else ()
        if names is None:
            for_all.append(handler.name)
        for name in dict.fromkeys(names or ()):
            claimed.setdefault(name, []).append(handler.name)
    lines = [
        f"{listed(handlers)} handle failures of {name}: leave it in the for_steps of one of them"
        for name, handlers in claimed.items()
        if len(handlers) > 1
    ]
    if len(for_all) > 1:
        lines.append(f"{listed(for_all)} handle the failures of all steps: give all but one of them for_steps=[...]")
    return lines


def failures_taken_by_steps(table: Table) -> list[str]:
    """Steps that take failures and are no handlers."""
    return [
        f"{step.name} takes StepFailedEvent, which only goes to handlers: write @catch_error in place of @step"
        for step in table.steps.values()
        if step.handles is None and any(issubclass(kind, StepFailedEvent) for one in step.takes for kind in one.types)
    ]
