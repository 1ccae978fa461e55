"""What leads where in a workflow: what the rules of its validation ask of its table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ipyflow.flows.workflow.events import Event, HumanResponseEvent, InputRequiredEvent, StepFailedEvent, StopEvent
from ipyflow.flows.workflow.steps import Step
from ipyflow.flows.workflow.table import Table


def listed(names: Sequence[str], word: str = "and") -> str:
    """Names as they are said: ``a``, ``a and b``, ``a, b and c``."""
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def does(names: Sequence[str], verb: str) -> str:
    """Names and what they do: ``a takes``, ``a and b take``."""
    return f"{listed(names)} {verb if len(names) > 1 else verb + 's'}"


def takers_of(table: Table, kind: type[Event]) -> list[str]:
    """The names of the steps that say that they take ``kind``."""
    return [step.name for step in table.steps.values() if any(kind in one.types for one in step.takes)]


def gives(table: Table, kind: type[Event]) -> str:
    """Which steps give it, in words: ``a gives E``, ``a and b give E``."""
    return f"{does([name for name in table.steps if kind in table.can_give(name)], 'give')} {table.label(kind)}"


def goes_to(given: type, step: Step, kind: type[Event]) -> bool:
    """True when events of the type ``given`` go to a step that takes ``kind``."""
    return given is kind or (step.accept_event_subclasses and issubclass(given, kind))


def givers(table: Table, step: Step, kind: type[Event]) -> set[str]:
    """The steps that give what ``step`` takes as ``kind``."""
    return {name for name in table.steps if any(goes_to(given, step, kind) for given in table.can_give(name))}


def waiting(table: Table, kind: type[Event] | None) -> list[str]:
    """The steps that take ``kind`` and are given none."""
    if kind is None or kind in table.starts or issubclass(kind, (StepFailedEvent, StopEvent, HumanResponseEvent)):
        return []
    return [name for name in takers_of(table, kind) if not givers(table, table.steps[name], kind)]


def is_lost(table: Table, kind: type[Event]) -> bool:
    """True for a type that a step gives and nothing takes."""
    return not issubclass(kind, (StopEvent, InputRequiredEvent)) and not table.takers(kind)


def twin(kind: type, among: Iterable[type[Event]]) -> type[Event] | None:
    """Another class of the same name and place: a definition that was run again."""
    for other in among:
        if other is not kind and (other.__module__, other.__qualname__) == (kind.__module__, kind.__qualname__):
            return other
    return None


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
