"""``collect_events``: events that a step gathers in its body.

Owns: the events that wait in the buffers of steps. Called by: the workflow under way, under its lock. Guarantees: no
event is dropped: what is left over of one type waits for the next round; two sets of types that a step asks for have a
buffer each, and an event goes into each of them; the cost of an event does not depend on how many are asked for.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ipyflow.flows.workflow.routing import Sent

if TYPE_CHECKING:
    from ipyflow.flows.workflow.invocation import Invocation
    from ipyflow.flows.workflow.run import WorkflowRun


class Buffer:
    """The events of one step that wait for one set of types.

    Attributes:
        expected: the types, in the order in which the events are given.
        name: as records have it.
        have: how many events count for the round under way.
    """

    __slots__ = ("expected", "have", "held", "name", "needs", "unmet")

    def __init__(self, expected: list[Any], name: str) -> None:
        self.name = name
        self.held: dict[Any, deque[Sent]] = {}
        self.expect(expected)

    def expect(self, expected: list[Any]) -> None:
        """Ask for these types from now on; what is held stays."""
        self.expected = list(expected)
        self.needs = dict(Counter(self.expected))
        for kind in self.needs:
            self.held.setdefault(kind, deque())
        self._count()

    def _count(self) -> None:
        self.have = sum(min(len(self.held[kind]), n) for kind, n in self.needs.items())
        self.unmet = sum(len(self.held[kind]) < n for kind, n in self.needs.items())

    def add(self, sent: Sent) -> bool:
        """Take one event; False for one of a type that is not asked for."""
        kind: Any = type(sent.event)
        if kind not in self.needs:
            kind = next((base for base in kind.__mro__ if base in self.needs), None)
            if kind is None:
                return False
        held, needed = self.held[kind], self.needs[kind]
        held.append(sent)
        if len(held) <= needed:
            self.have += 1
            self.unmet -= len(held) == needed
        return True

    def take(self) -> list[Sent] | None:
        """The events of a full round, in the order of the types, equal types in order of arrival; ``None`` before."""
        if self.unmet:
            return None
        held = self.held
        out = [held[kind].popleft() for kind in self.expected]
        self._count()
        return out

    def missing(self) -> list[tuple[Any, int]]:
        """The types that are missing, and how many of each."""
        return [(kind, n - len(self.held[kind])) for kind, n in self.needs.items() if len(self.held[kind]) < n]

    def waiting(self) -> list[Sent]:
        """All events that wait here, in order of their numbers."""
        return sorted((sent for held in self.held.values() for sent in held), key=lambda sent: sent.number)


class Buffers:
    """The buffers of all steps of one run."""

    def __init__(self) -> None:
        self._known: dict[str, dict[Any, Buffer]] = {}
        self._recent: dict[str, Buffer] = {}

    def find(self, step: str, expected: Sequence[Any], buffer_id: str | None) -> Buffer:
        """The buffer of a step for a set of types, or for an id.

        Args:
            step: the name of the step.
            expected: the types.
            buffer_id: with one, the buffer that has it, whatever it was asked for before.
        """
        expected = expected if type(expected) is list else list(expected)
        recent = self._recent.get(step)
        # Steps write `[E] * n` anew for each event: comparing two such lists costs next to nothing, a key of one not.
        if buffer_id is None and recent is not None and expected == recent.expected:
            return recent
        known = self._known.setdefault(step, {})
        key = buffer_id if buffer_id is not None else frozenset(Counter(expected).items())
        buffer = known.get(key)
        if buffer is None:
            name = buffer_id if buffer_id is not None else _name(expected) if known else ""
            buffer = known[key] = Buffer(expected, name)
        elif expected != buffer.expected:
            buffer.expect(expected)
        if buffer_id is None:
            self._recent[step] = buffer
        return buffer

    def all(self) -> list[tuple[str, Any, Buffer]]:
        """Every buffer: its step, its key and itself."""
        return [(step, key, buffer) for step, known in self._known.items() for key, buffer in known.items()]


def _name(expected: list[Any]) -> str:
    counts = Counter(kind.__name__ for kind in expected)
    return " + ".join(name if n == 1 else f"{n} {name}" for name, n in counts.items())


def collect(
    run: WorkflowRun, invocation: Invocation, event: Any, expected: Sequence[Any], buffer_id: str | None
) -> list[Any] | None:
    """``ctx.collect_events`` in the body of ``invocation``. Asked once more for the same, it gives the same."""
    delivery, step = invocation.delivery, invocation.step.name
    with run.lock:
        if invocation not in run.active:
            return None  # it was told to stop, or has ended
        buffer = run.buffers.find(step, expected, buffer_id)
        sent = invocation.sent(event)
        if delivery.collected is None:
            delivery.collected = {}
        elif (buffer, sent.number) in delivery.collected:
            return delivery.collected[buffer, sent.number]
        out: list[Any] | None = None
        if buffer.add(sent):
            taken = buffer.take()
            if taken is None:
                label = run.table.label
                needs = tuple([(label(kind), count) for kind, count in buffer.missing()])
                run.tell.held(sent, step, buffer.name, buffer.have, needs)
            else:
                run.tell.filled(step, buffer.name, taken)
                others = tuple([one.number for one in taken if one is not sent])
                if others:
                    run.tell.taken(invocation.id, others)
                out = [one.event for one in taken]
        delivery.collected[buffer, sent.number] = out
    return out
