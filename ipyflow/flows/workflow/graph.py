"""All ways through a workflow, to be looked at before it runs."""

from __future__ import annotations

from typing import Any

from ipyflow.engine import default
from ipyflow.engine.endings import NODE
from ipyflow.flows.workflow.events import (
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StepFailedEvent,
    StopEvent,
)
from ipyflow.flows.workflow.table import Table
from ipyflow.model import records as r

WAITS_FOR = "its steps"
"""What a workflow waits for, in words."""
_FORMS: tuple[tuple[type[Event], str], ...] = (
    (StartEvent, "start"),
    (StopEvent, "stop"),
    (InputRequiredEvent, "ask"),
    (HumanResponseEvent, "answer"),
    (StepFailedEvent, "failed"),
)


def routes(table: Table, time: float, task: int) -> r.Routes:
    """The record of all ways through a workflow.

    Args:
        table: the workflow's.
        time: when.
        task: the workflow's number.
    """
    steps = []
    edges: dict[tuple[str, str, str], None] = {}
    for step in table.steps.values():
        steps.append((step.name, step.num_workers, "" if step.handles is None else "catch_error"))
        for one in step.takes:
            form = "list" if one.collect is not None else "part" if len(step.takes) > 1 else ""
            for kind in _taken(table, step.accept_event_subclasses, one.types):
                edges[f"event:{table.label(kind)}", f"step:{step.name}", form] = None
        for kind in step.gives:
            edges[f"step:{step.name}", f"event:{table.label(kind)}", ""] = None
        for kind in step.gives_lists:
            edges[f"step:{step.name}", f"event:{table.label(kind)}", "list"] = None
    events = [(table.label(kind), _form(table, kind)) for kind in table.kinds]
    return r.Routes(time, task, tuple(steps), tuple(events), tuple(edges))


def _taken(table: Table, subclasses: bool, types: tuple[type[Event], ...]) -> list[type[Event]]:
    """The types that a parameter takes, with the subclasses that the workflow has where it accepts them."""
    return [kind for kind in table.kinds if kind in types or (subclasses and issubclass(kind, types))]


def _form(table: Table, kind: type[Event]) -> str:
    for above, form in _FORMS:
        if issubclass(kind, above):
            return form
    return "answer" if kind in table.outside else ""


class WorkflowGraph:
    """All ways through a workflow; shows itself in a notebook.

    Attributes:
        name: the workflow's.
        nodes: tuples ``(key, kind, form)``: the kind is ``"step"`` or ``"event"``.
        edges: tuples ``(source, target, form)`` of keys.
    """

    def __init__(self, name: str, table: Table) -> None:
        self.name = name
        self._routes = found = routes(table, 0.0, 1)
        self.nodes: tuple[tuple[str, str, str], ...] = (
            *[(f"step:{name}", "step", form) for name, _, form in found.steps],
            *[(f"event:{name}", "event", form) for name, form in found.events],
        )
        self.edges: tuple[tuple[str, str, str], ...] = found.edges

    def to_dot(self) -> str:
        """The graph as text in Graphviz' language."""
        return str(self._picture("dot"))

    def to_mermaid(self) -> str:
        """The graph as text for Mermaid."""
        return str(self._picture("mermaid"))

    def _picture(self, form: str) -> Any:
        return default.presenter().plan(self._records(), form)

    def _records(self) -> list[r.Record]:
        return [
            r.Opened(0.0, 0, self.name, "workflow", 0.0),
            r.Submitted(0.0, 1, r.NO_TASK, self.name, "", NODE, "", (), None, "workflow", None),
            r.Waiting(0.0, 1, WAITS_FOR, ()),
            self._routes,
        ]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return self._picture("mimebundle")

    def __repr__(self) -> str:
        found = self._routes
        counts = (("step", len(found.steps)), ("event", len(found.events)), ("way", len(found.edges)))
        return f"<graph of {self.name}: {', '.join([f'{n} {word}' + 's' * (n != 1) for word, n in counts])}>"
