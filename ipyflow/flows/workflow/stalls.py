"""Why nothing goes on: whether an event may still come from outside, and if not, what waits for what."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ipyflow.flows.workflow.texts import shown_event

if TYPE_CHECKING:
    from ipyflow.flows.workflow.run import WorkflowRun

_NAMED = 5


def can_come(run: WorkflowRun) -> bool:
    """True when an event from outside may let ``run`` go on: somebody was asked, or a step takes what no step gives.

    Nobody knows how many of these are still to come, so a run that takes them is never said to have stalled.
    """
    return bool(run.unanswered or run.waits.kept or run.table.outside)


def why_stalled(run: WorkflowRun) -> str:
    """What a stalled run waits for; under its lock."""
    joins: list[str] = []
    for step, _, buffer in run.buffers.all():
        held = buffer.waiting()
        if held:
            missing = [f"{count} more {run.table.label(kind)}" for kind, count in buffer.missing()]
            came = f"{buffer.have} of {len(buffer.expected)} came"
            joins.append(f"{step} waits in collect_events for {' and '.join(missing)} ({came})")
    for one, held, needs in run.routing.waiting():
        joins.append(f"{one.name} waits for {_named(needs)} ({_came(run, held)})")
    said = [f"{run.node.future.label} has stalled: no step is at work, and no event is on its way or can come"]
    said += joins[:_NAMED] + ([f"{len(joins) - _NAMED} more joins wait"] if len(joins) > _NAMED else [])
    if run.tell.unhandled:
        lost = ", ".join(shown_event(sent.event) for sent in run.tell.unhandled[:_NAMED])
        said.append(f"no step takes {lost}")
    if not joins:
        ends = " or ".join(kind.__name__ for kind in run.table.stops) or "StopEvent"
        said.append(f"the last step gave nothing, and none has given a {ends}")
    hint = (
        "Send what is missing, or collect fewer; a list[...] parameter takes however many come"
        if joins
        else "Return an event on every way through the steps"
    )
    return "; ".join(said) + f". {hint}"


def starved_joins(run: WorkflowRun) -> list[str]:
    """The joins in lists that have come to an end, with what is left in them."""
    return [
        f"{one.name}, which waited for {_named(needs)} ({_came(run, held)})"
        for one, held, needs in run.routing.waiting(ended=True)
    ]


def _named(needs: tuple[tuple[str, int], ...]) -> str:
    return " and ".join([name if count == 1 else f"{count} {name}" for name, count in needs])


def _came(run: WorkflowRun, held: list) -> str:  # type: ignore[type-arg]
    counts = Counter(run.table.label(type(sent.event)) for sent in held)
    return ", ".join(f"{n} {name}" for name, n in counts.items()) + " came"
