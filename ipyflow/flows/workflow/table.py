"""The table of a workflow: which step takes which event, what it may give, what handles its failure.

Made of the steps alone and never changed, so that all runs of a workflow share one; what is looked up for each event
is remembered by the event's type. A table can be made of steps that do not fit together: ``validation`` says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TypeVar

from ipyflow.flows.workflow.events import Event, InputRequiredEvent, StartEvent, StepFailedEvent, StopEvent
from ipyflow.flows.workflow.steps import Step

T = TypeVar("T")
Taker = tuple[Step, int]
"""A step, and the place of its parameter that takes an event."""


class Table:
    """Steps, and the ways of events between them.

    Args:
        name: the workflow's.
        steps: by name, in the order of definition.

    Attributes:
        starts: the start events that steps take.
        start: the one a run begins with.
        stops: the stop events that steps give.
        given: all types that steps give, bare or in lists.
        taken: all types that steps take.
        kinds: all of both.
        outside: the types that steps take and no step gives: they come from outside.
        asks: some step gives an :class:`InputRequiredEvent`.
    """

    def __init__(self, name: str, steps: dict[str, Step]) -> None:
        self.name = name
        self.steps = steps
        self._takers: dict[type, tuple[Taker, ...]] = {}
        self._joins: dict[str, tuple[str, ...]] = {}
        all_steps = list(steps.values())
        self.handlers = [step for step in all_steps if step.handles is not None]
        self.taken = _distinct(kind for step in all_steps for one in step.takes for kind in one.types)
        self.given = _distinct(kind for step in all_steps for kind in (*step.gives, *step.gives_lists))
        self.starts: tuple[type[Event], ...] = tuple([kind for kind in self.taken if issubclass(kind, StartEvent)])
        self.start: type[Event] = self.starts[0] if self.starts else StartEvent
        self.stops: tuple[type[Event], ...] = tuple([kind for kind in self.given if issubclass(kind, StopEvent)])
        self.outside: tuple[type[Event], ...] = tuple(
            [
                kind
                for kind in self.taken
                if not issubclass(kind, (StartEvent, StepFailedEvent)) and not self.is_given(kind)
            ]
        )
        self.asks = any(issubclass(kind, InputRequiredEvent) for kind in self.given)
        self.kinds = _distinct((*self.taken, *self.given))
        self._labels = _labels(self.kinds)

    def takers(self, kind: type) -> tuple[Taker, ...]:
        """Every step that takes events of exactly this type, or of one above it where it accepts subclasses.

        A step with two parameters of one type is there twice. Handlers of failures are not: see :meth:`handler_for`.
        """
        found = self._takers.get(kind)
        if found is None:
            found = self._takers[kind] = tuple(
                [
                    (step, index)
                    for step in self.steps.values()
                    if step.handles is None
                    for index in range(len(step.takes))
                    if step.accepts(index, kind)
                ]
            )
        return found

    def is_given(self, kind: type) -> bool:
        """True when some step gives what a step that takes ``kind`` is run for."""
        if kind in self.given:
            return True
        return any(kind in step.takes[at].types for other in self.given for step, at in self.takers(other))

    def can_give(self, step: str) -> frozenset[type]:
        """All types that the step may give, bare or in lists."""
        one = self.steps[step]
        return frozenset([*one.gives, *one.gives_lists])

    def handler_for(self, step: str) -> Step | None:
        """What handles the failures of a step: the handler that names it, else the one for all; none for a handler."""
        if self.steps[step].handles is not None:
            return None
        wildcard = None
        for handler in self.handlers:
            handles = handler.handles
            if handles is not None and handles.for_steps is not None:
                if step in handles.for_steps:
                    return handler
            elif wildcard is None:
                wildcard = handler
        return wildcard

    def list_joins(self, step: str) -> tuple[str, ...]:
        """The steps with a ``list[E]`` parameter that may wait for what comes of a list that ``step`` returns.

        Only those at the list's own level: a list returned on the way opens a level below, and the step that takes that
        one brings back what it gives.
        """
        found = self._joins.get(step)
        if found is None:
            found = self._joins[step] = tuple(_distinct(self._find_joins(self.steps[step])))
        return found

    def _find_joins(self, source: Step) -> Iterator[str]:
        deepest = sum([bool(step.gives_lists) for step in self.steps.values()])
        waiting = deque((kind, 0) for kind in source.gives_lists)
        seen = set(waiting)
        while waiting:
            kind, level = waiting.popleft()
            for step, index in self.takers(kind):
                below = level
                if step.takes[index].collect is not None:
                    if level == 0:
                        yield step.name
                        continue
                    below -= 1
                for after in (step, self.handler_for(step.name)):
                    if after is None:
                        continue
                    reached = [(kind, below) for kind in after.gives]
                    reached += [(kind, below + 1) for kind in after.gives_lists if below < deepest]
                    for one in reached:
                        if one not in seen:
                            seen.add(one)
                            waiting.append(one)

    def label(self, kind: type) -> str:
        """A type's name in records and pictures: longer where two types have the same.

        Example:
            >>> Table("W", {}).label(StopEvent)
            'StopEvent'
        """
        known = self._labels.get(kind)
        if known is not None:
            return known
        taken = self._labels.values()
        for name in _names(kind):
            if name not in taken:
                return name
        return f"{kind.__name__} (defined anew)"


def _labels(kinds: Iterable[type]) -> dict[type, str]:
    """A name for each type, no two the same."""
    kinds = _distinct(kinds)
    labels: dict[type, str] = {}
    for kind in kinds:
        others = [other for other in kinds if other is not kind]
        for place, name in enumerate(_names(kind)):
            if all(_names(other)[place] != name for other in others):
                labels[kind] = name
                break
        else:
            labels[kind] = f"{_names(kind)[-1]} ({len(labels) + 1})"
    return labels


def _names(kind: type) -> tuple[str, str, str]:
    return kind.__name__, f"{kind.__module__}.{kind.__name__}", f"{kind.__module__}.{kind.__qualname__}"


def _distinct(values: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(values))
