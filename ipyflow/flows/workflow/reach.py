"""What leads where in a workflow: what the rules of its validation ask of its table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ipyflow.flows.workflow.events import Event, HumanResponseEvent, InputRequiredEvent, StepFailedEvent, StopEvent
from ipyflow.flows.workflow.steps import Step
from ipyflow.flows.workflow.table import Table


def listed(names: Sequence[str]) -> str:
    """Names as they are said: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def takers_of(table: Table, kind: type[Event]) -> str:
    """The names of the steps that say that they take ``kind``."""
    return listed([step.name for step in table.steps.values() if any(kind in one.types for one in step.takes)])


def takes(table: Table, kind: type[Event]) -> str:
    """Which steps take it, in words: ``a takes E``, ``a and b take E``."""
    names = takers_of(table, kind)
    return f"{names} {'take' if ' and ' in names else 'takes'} {table.label(kind)}"


def gives(table: Table, kind: type[Event]) -> str:
    """Which steps give it, in words: ``a gives E``, ``a and b give E``."""
    names = listed([name for name in table.steps if kind in table.can_give(name)])
    return f"{names} {'give' if ' and ' in names else 'gives'} {table.label(kind)}"


def is_missing(table: Table, kind: type[Event] | None) -> bool:
    """True for a type that a step takes and nothing gives."""
    if kind is None or kind in table.starts or issubclass(kind, (StepFailedEvent, StopEvent, HumanResponseEvent)):
        return False
    return kind in table.outside


def is_lost(table: Table, kind: type[Event]) -> bool:
    """True for a type that a step gives and nothing takes."""
    return not issubclass(kind, (StopEvent, InputRequiredEvent)) and not table.takers(kind)


def twin(kind: type, among: Iterable[type[Event]]) -> type[Event] | None:
    """Another class of the same name and place: a definition that was run again."""
    for other in among:
        if other is not kind and (other.__module__, other.__qualname__) == (kind.__module__, kind.__qualname__):
            return other
    return None


def meets(step: Step, at: int, kind: type[Event], other: type) -> bool:
    """True when events of type ``other`` are taken as ``kind`` by a step's parameter."""
    return other is kind or (step.accept_event_subclasses and issubclass(other, kind))


def givers(table: Table, kind: type[Event]) -> set[str]:
    """The steps that give what is taken as ``kind``."""
    return {
        name
        for name in table.steps
        for other in table.can_give(name)
        if other is kind or any(kind in step.takes[at].types for step, at in table.takers(other))
    }


def reached(table: Table) -> set[str]:
    """The steps that the start, answers from outside and failures lead to."""
    found = {name for name, step in table.steps.items() if "reachability" in step.skip_graph_checks}
    found |= {handler.name for handler in table.handlers}
    kinds: set[type] = {table.start, *[kind for kind in table.taken if issubclass(kind, HumanResponseEvent)]}
    while True:
        kinds |= {kind for name in found for kind in table.can_give(name)}
        more = {
            step.name
            for step in table.steps.values()
            if step.name not in found
            and step.handles is None
            and all(any(step.accepts(at, kind) for kind in kinds) for at in range(len(step.takes)))
        }
        if not more:
            return found
        found |= more


def ending(table: Table) -> set[str]:
    """The steps behind which the run ends, or asks somebody, or loses an event, which is said elsewhere."""
    found: set[str] = set()
    while True:
        more = {
            name
            for name in table.steps
            if name not in found
            and any(
                issubclass(kind, (StopEvent, InputRequiredEvent))
                or not table.takers(kind)
                or any(step.name in found for step, _ in table.takers(kind))
                for kind in table.can_give(name)
            )
        }
        if not more:
            return found
        found |= more
