"""The check of a workflow before it runs: all that is wrong in one message, a line for each with what to do.

What makes it no workflow at all (no steps, no start, no end) comes first and alone; then all that is wrong with the
ways of its events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ipyflow.errors import WorkflowConfigurationError, WorkflowValidationError
from ipyflow.flows.workflow import handler_rules, rules
from ipyflow.flows.workflow.reach import listed, takers_of
from ipyflow.flows.workflow.table import Table

CHECKS = ("reachability", "terminal_event", "dead_end")
"""The checks of the graph that a workflow can be left out of."""

_RULES: tuple[tuple[str, Callable[[Table], list[str]]], ...] = (
    ("", rules.taken_and_never_given),
    ("terminal_event", rules.given_and_never_taken),
    ("", rules.stop_events_taken),
    ("reachability", rules.unreachable),
    ("dead_end", rules.dead_ends),
    ("", rules.lists_never_given),
    ("", rules.joins_that_never_meet),
    ("", handler_rules.unknown_steps),
    ("", handler_rules.several_handlers),
    ("", handler_rules.failures_taken_by_steps),
    ("", rules.several_states),
)


def check(table: Table, *, skip: Iterable[str] = (), notes: Sequence[str] = (), name: str = "") -> None:
    """Check that the steps fit together.

    Args:
        table: the workflow's.
        skip: names of :data:`CHECKS` to leave out.
        notes: what else to say when something is wrong.
        name: the workflow's, where it is not that of the class.

    Raises:
        WorkflowConfigurationError: there are no steps, or no start or stop event, or several start events.
        WorkflowValidationError: the ways of the events do not fit together.
    """
    __tracebackhide__ = True
    check_configuration(table, notes=notes, name=name)
    skipped = set(skip)
    problems = [problem for name, rule in _RULES if name not in skipped for problem in rule(table)]
    if problems:
        raise WorkflowValidationError(_message(name or table.name, problems, notes))


def check_configuration(table: Table, *, notes: Sequence[str] = (), name: str = "") -> None:
    """Check that it is a workflow at all: with steps, one start, an end.

    Raises:
        WorkflowConfigurationError: it is none.
    """
    __tracebackhide__ = True
    problems = _configuration(table)
    if problems:
        raise WorkflowConfigurationError(_message(name or table.name, problems, notes))


def _message(name: str, problems: list[str], notes: Sequence[str]) -> str:
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    lines = [f"workflow {name} cannot run, there {'are' if len(problems) > 1 else 'is'} {count}:", *problems]
    return "\n  - ".join(lines) + "".join(f"\n  (note: {note})" for note in notes)


def _configuration(table: Table) -> list[str]:
    if not table.steps:
        return ["it has no steps: put @step on its methods, or @step(workflow=...) on functions"]
    problems = []
    if not table.starts:
        problems.append(
            "no step takes a StartEvent, so nothing would begin: let the first one take it (ev: StartEvent), or a "
            "subclass of it"
        )
    elif len(table.starts) > 1:
        found = listed([f"{table.label(kind)} ({listed(takers_of(table, kind))})" for kind in table.starts])
        problems.append(f"steps take several start events, {found}, and a run begins with one: let them take the same")
    if not table.stops:
        problems.append("no step gives a StopEvent, so it would never end: return one in the last step (-> StopEvent)")
    return problems
