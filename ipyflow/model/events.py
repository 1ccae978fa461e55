"""What the records say of a workflow: the ways through it, its events, what waits for what.

Part of the fold of :mod:`ipyflow.model.run`, which hands each record here to the state of its workflow.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ipyflow.model import records as r


@dataclass(slots=True)
class EventState:
    """One event of a workflow.

    ``taken_by`` are the tasks of the steps run for it, ``held_in`` the steps of the joins that it waits in.
    """

    id: int
    by: int
    type: str
    text: str
    time: float
    to: tuple[str, ...]
    taken_by: list[int] = field(default_factory=list)
    held_in: list[str] = field(default_factory=list)
    unhandled: bool = False
    """True when no step takes it, and it was no question to somebody outside."""


@dataclass(slots=True)
class JoinState:
    """Events of one join that wait for others, since the first of them came; ``filled`` counts the rounds."""

    step: str
    join: str
    events: list[int] = field(default_factory=list)
    needs: tuple[tuple[str, int], ...] = ()
    since: float = 0.0
    last: float = 0.0
    filled: int = 0


@dataclass(slots=True)
class WorkflowState:
    """What the records say of one workflow, which is the task ``id``.

    ``waiting`` counts, for each step, what waits for a worker: events, or what its join has let go. ``given`` counts
    events by the edge from the step to the event, ``went`` by the edge from the event to the step (the names as in
    ``Routes.edges``).
    """

    id: int
    steps: tuple[tuple[str, int, str], ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()
    edges: tuple[tuple[str, str, str], ...] = ()
    events: dict[int, EventState] = field(default_factory=dict)
    joining: set[str] = field(default_factory=set)
    """Steps that events reach through a join: of several parameters, or of a list."""
    sent: Counter[str] = field(default_factory=Counter)
    given: Counter[tuple[str, str]] = field(default_factory=Counter)
    went: Counter[tuple[str, str]] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    joins: dict[tuple[str, str], JoinState] = field(default_factory=dict)
    unhandled: list[int] = field(default_factory=list)
    published: list[tuple[float, int, str, str]] = field(default_factory=list)
    _told: set[tuple[int, str]] = field(default_factory=set)
    """By task, the types of the events that it has published."""
    awaited: dict[int, tuple[float, str, str]] = field(default_factory=dict)
    """By the task of a step whose body waits for an event: since when, its type, what it must hold."""

    def routes(self, e: r.Routes) -> None:
        """It begins: the ways through it are known, nothing waits."""
        self.joins.clear()
        self.waiting.clear()
        self.awaited.clear()
        self.steps, self.kinds, self.edges = e.steps, e.events, e.edges
        self.joining = {target.removeprefix("step:") for _, target, kind in e.edges if kind in ("list", "part")}

    def event_sent(self, e: r.EventSent, by: str | None) -> None:
        """One more event; ``by`` is the name of the step that gave it."""
        self.events[e.event] = EventState(e.event, e.by, e.type, e.text, e.time, e.to)
        self.sent[e.type] += 1
        if by is not None:
            self.given[(f"step:{by}", f"event:{e.type}")] += 1
        for step in e.to:
            self.went[(f"event:{e.type}", f"step:{step}")] += 1
            if step not in self.joining:
                self.waiting[step] += 1
        if not e.to and (e.by, e.type) not in self._told:
            self.events[e.event].unhandled = True
            self.unhandled.append(e.event)

    def events_taken(self, e: r.EventsTaken, step: str, names: dict[int, str]) -> None:
        """A step has events; ``names`` has the steps of the tasks that had the first of them before."""
        first = self.events.get(e.events[0]) if e.events else None
        if first is None or sum(name == step for name in names.values()) < first.to.count(step):
            self.waiting[step] -= 1  # else it is run for them once more
        for id in e.events:
            event = self.events.get(id)
            if event is not None:
                event.taken_by.append(e.task)

    def event_published(self, e: r.EventPublished) -> None:
        """An event for whoever listens."""
        self.published.append((e.time, e.by, e.type, e.text))
        self._told.add((e.by, e.type))

    def event_held(self, e: r.EventHeld, taken: bool) -> None:
        """An event waits in a join; ``taken`` where a task of the step has had it, and has collected it."""
        if not taken and e.step not in self.joining:
            self.waiting[e.step] -= 1  # a run before has collected it
        join = self.joins.get((e.step, e.join))
        if join is None:
            join = self.joins[(e.step, e.join)] = JoinState(e.step, e.join)
        if not join.events:
            join.since = e.time
        join.events.append(e.event)
        join.needs, join.last = e.needs, e.time
        event = self.events.get(e.event)
        if event is not None:
            event.held_in.append(e.step)

    def join_filled(self, e: r.JoinFilled) -> None:
        """A join lets its events go on; what is left over waits for the next round."""
        join = self.joins.get((e.step, e.join))
        if join is None:
            join = self.joins[(e.step, e.join)] = JoinState(e.step, e.join)
        gone = set(e.events)
        join.events = [id for id in join.events if id not in gone]
        join.needs, join.filled, join.since = (), join.filled + 1, e.time
        if e.step in self.joining:
            self.waiting[e.step] += 1
        for id in e.events:
            event = self.events.get(id)
            if event is not None and e.step in event.held_in:
                event.held_in.remove(e.step)
