"""The table of a workflow: which step takes which event, what it may give, what handles its failure.

Made of the steps alone and never changed, so that all runs of a workflow share one; what is looked up for each event
is remembered by the event's type. A table can be made of steps that do not fit together: ``validation`` says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
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
        state_types: the states that contexts have, with the names of the steps.
        state_type: the one that is a subclass of all; ``None`` without one.
        asks: some step gives an :class:`InputRequiredEvent`.
        checked: the sets of skipped checks with which it was found to be right.
    """

    def __init__(self, name: str, steps: dict[str, Step]) -> None:
        self.name = name
        self.steps = steps
        self.checked: set[frozenset[str]] = set()
        self._takers: dict[type, tuple[Taker, ...]] = {}
        self._levels: dict[str, tuple[frozenset[type], tuple[str, ...]]] = {}
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
        self.state_types: dict[type, list[str]] = {}
        for step in all_steps:
            if step.state_type is not None:
                self.state_types.setdefault(step.state_type, []).append(step.name)
        self.state_type = next(
            (one for one in self.state_types if all(issubclass(one, k) for k in self.state_types)), None
        )
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
        """True when some step gives what another that takes ``kind`` is run for: that type, or one below it."""
        if kind in self.given:
            return True
        takers = [step for step in self.steps.values() if any(kind in one.types for one in step.takes)]
        return any(step.accept_event_subclasses for step in takers) and any(issubclass(k, kind) for k in self.given)

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
        return self._walked(step)[1]

    def level_of_list(self, step: str) -> frozenset[type]:
        """The types of events that may come of a list that ``step`` returns, at the list's own level."""
        return self._walked(step)[0]

    def level_of(self, kinds: Iterable[type]) -> frozenset[type]:
        """The types of events that may come of events of these types, at their own level."""
        return self._walk(kinds)[0]

    def _walked(self, step: str) -> tuple[frozenset[type], tuple[str, ...]]:
        found = self._levels.get(step)
        if found is None:
            found = self._levels[step] = self._walk(self.steps[step].gives_lists)
        return found

    def _walk(self, kinds: Iterable[type]) -> tuple[frozenset[type], tuple[str, ...]]:
        """Follow events from step to step: the types at their own level, and the joins of lists that end it."""
        deepest = sum([bool(step.gives_lists) for step in self.steps.values()])
        seen = dict.fromkeys((kind, 0) for kind in kinds)
        waiting = deque(seen)
        joins: dict[str, None] = {}
        while waiting:
            kind, level = waiting.popleft()
            for step, index in self.takers(kind):
                below = level
                if step.takes[index].collect is not None:
                    if level == 0:
                        joins[step.name] = None
                        continue
                    below -= 1
                for after in (step, self.handler_for(step.name)):
                    if after is None:
                        continue
                    reached = [(given, below) for given in after.gives]
                    reached += [(given, below + 1) for given in after.gives_lists if below < deepest]
                    waiting.extend([one for one in reached if one not in seen])
                    seen.update(dict.fromkeys(reached))
        return frozenset([kind for kind, level in seen if level == 0]), tuple(joins)

    def label(self, kind: type) -> str:
        """A type's name in records and pictures: longer where two types have the same.

        Example:
            >>> Table("W", {}).label(StopEvent)
            'StopEvent'
        """
        known = self._labels.get(kind)
        if known is not None:
            return known
        others = [_names(other) for other in self.kinds]
        own = [name for place, name in enumerate(_names(kind)) if all(other[place] != name for other in others)]
        return own[0] if own else f"{kind.__name__} (defined anew)"


def _labels(kinds: list[type[Event]]) -> dict[type, str]:
    """A name for each type, no two the same: as short as can be."""
    labels: dict[type, str] = {}
    for kind in kinds:
        others = [_names(other) for other in kinds if other is not kind]
        own = [name for place, name in enumerate(_names(kind)) if all(other[place] != name for other in others)]
        if own:
            labels[kind] = own[0]
        else:
            twins = [other for other in kinds if _names(other) == _names(kind)]
            labels[kind] = f"{kind.__name__} ({twins.index(kind) + 1})"
    return labels


def _names(kind: type) -> tuple[str, str, str]:
    return kind.__name__, f"{kind.__module__}.{kind.__name__}", f"{kind.__module__}.{kind.__qualname__}"


def _distinct(values: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(values))
