"""Where events go: which steps run for what, and when a join is full. Pure: no threads, no clock, no bodies.

Owns: the events that wait in joins, and how much is on its way in each list. Called by: the workflow under way, under
its lock. Guarantees: an event reaches every step that takes its type once; a join lets go as soon as it is full; the
join of a list lets go once, when nothing of that list is on its way any more.

A *fan* is what came of one list that a step returned: its events, the steps run for them, what these gave. It has a
count of what is on its way; when that is 0 the fan is closed and its joins let go. All else belongs to the root, which
counts in the same way: when nothing at all is on its way, nothing more can happen by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from ipyflow.flows.workflow.collect import Take
from ipyflow.flows.workflow.steps import Step
from ipyflow.flows.workflow.table import Table

Recoveries = dict[str, int]
"""How often each handler of failures was run on the way to an event."""
_NONE: Recoveries = {}


class Fan:
    """What came of one list; see the module.

    Attributes:
        above: the fan it stands in; ``None`` for the root.
        joins: the steps whose joins of lists its events may reach.
        live: what is on its way: events to be taken, steps that run, fans inside.
    """

    __slots__ = ("above", "held", "joins", "live")

    def __init__(self, above: Fan | None, joins: tuple[str, ...] = ()) -> None:
        self.above, self.joins = above, joins
        self.live = 0
        self.held: dict[str, Join] = {}
        """The joins of its own, by step."""


class Sent:
    """An event on its way: its number, the fan it belongs to, the task that gave it."""

    __slots__ = ("by", "event", "fan", "number", "recoveries")

    def __init__(self, event: Any, number: int, fan: Fan, by: int, recoveries: Recoveries = _NONE) -> None:
        self.event, self.number, self.fan, self.by, self.recoveries = event, number, fan, by, recoveries


class Delivery:
    """What a step is to be run for: one event for each of its parameters, or the list of one."""

    __slots__ = ("collected", "fan", "handled", "recoveries", "sents", "step", "under_way")

    collected: dict[Any, list[Any] | None] | None
    """By buffer, what the body has got there: when it is run again it is given the same."""

    handled: Any
    """For a handler: the run of the step whose failure it is to handle."""

    def __init__(self, step: Step, sents: tuple[Sent, ...], fan: Fan, recoveries: Recoveries) -> None:
        self.step, self.sents, self.fan, self.recoveries = step, sents, fan, recoveries
        self.collected = self.handled = None
        self.under_way = False
        """True while its fan counts it."""

    def __repr__(self) -> str:
        return f"<{self.step.name} for {', '.join(repr(sent.event) for sent in self.sents[:3])}>"


class Teller(Protocol):
    """Hears what happens, in order."""

    def sent(self, sent: Sent, steps: tuple[str, ...]) -> None:
        """An event goes to these steps."""

    def held(self, sent: Sent, step: str, join: str, have: int, needs: tuple[tuple[str, int], ...]) -> None:
        """An event waits in a join."""

    def filled(self, step: str, join: str, sents: Sequence[Sent]) -> None:
        """A join lets events go on together."""


class Join:
    """Where the events of one step in one fan wait for each other."""

    __slots__ = ("done", "fan", "slots", "step")

    def __init__(self, step: Step, fan: Fan) -> None:
        self.step, self.fan = step, fan
        self.slots: tuple[deque[Sent], ...] = tuple([deque() for _ in step.takes])
        self.done = False
        """For a list: it has let go."""


def is_plain(step: Step) -> bool:
    """True for a step that is run for each event by itself."""
    return len(step.takes) == 1 and step.takes[0].collect is None


def is_list(step: Step) -> bool:
    """True for a step that takes a list of events."""
    return step.takes[0].collect is not None


class Routing:
    """The events of one run; see the module.

    Args:
        table: which steps there are and what they take.
        tell: hears what happens.
    """

    def __init__(self, table: Table, tell: Teller) -> None:
        self.table, self.tell = table, tell
        self.root = Fan(None)
        self.last = 0
        """The number of the newest event."""
        self.starved: list[Join] = []
        """Joins in lists that have come to an end, in which events wait for others that cannot come."""
        # Of each type the steps that take it, with the places of their parameters where these are joined; their names.
        self._takers: dict[Any, tuple[tuple[tuple[Step, tuple[int, ...]], ...], tuple[str, ...]]] = {}

    def send(
        self, event: Any, fan: Fan, by: int, recoveries: Recoveries = _NONE, to: Step | None = None,
        heard: tuple[str, ...] = (),
    ) -> list[Delivery]:  # fmt: skip
        """Send one event; returns the steps that are to be run now, for what.

        Args:
            event: the event.
            fan: where it belongs.
            by: the task that gave it.
            recoveries: the failures that were handled on the way to it.
            to: the one step it is for; else all that take its type.
            heard: the steps in whose bodies it ends a wait.
        """
        while fan.above is not None and not fan.live:
            fan = fan.above  # that list has come to its end: somebody was late
        takers, names = self._takers.get(type(event)) or self._find_takers(type(event))
        if to is not None:
            takers = tuple([taker for taker in takers if taker[0] is to])
            names = (to.name,)
        self.last += 1
        sent = Sent(event, self.last, fan, by, recoveries)
        self.tell.sent(sent, names + heard if heard else names)
        out: list[Delivery] = []
        for step, places in takers:
            if not places:
                out.append(self._delivery(step, (sent,), fan, recoveries))
            else:
                out += self._join(step, places, sent)
        return out

    def _find_takers(self, kind: type) -> Any:
        by_step: dict[str, tuple[Step, tuple[int, ...]]] = {}
        for step, place in self.table.takers(kind):
            known = by_step.get(step.name)
            places = () if is_plain(step) else (place,)
            by_step[step.name] = (step, places if known is None else (*known[1], *places))
        found = self._takers[kind] = (tuple(by_step.values()), tuple(by_step))
        return found

    def deliver(self, step: Step, event: Any, fan: Fan, by: int, recoveries: Recoveries) -> Delivery:
        """Send one event to a step past all joins: a failure to its handler."""
        self.last += 1
        sent = Sent(event, self.last, fan, by, recoveries)
        self.tell.sent(sent, (step.name,))
        return self._delivery(step, (sent,), fan, recoveries)

    # What is on its way.

    @staticmethod
    def _delivery(step: Step, sents: tuple[Sent, ...], fan: Fan, recoveries: Recoveries) -> Delivery:
        made = Delivery(step, sents, fan, recoveries)
        made.under_way = True
        fan.live += 1
        return made

    def again(self, delivery: Delivery) -> None:
        """A step is run for a delivery once more; it counts where it stands now, if it does not yet."""
        if delivery.under_way:
            return
        top = delivery.fan
        while top.above is not None:
            top = top.above
        if top is not self.root:
            delivery.fan = self.root  # all has begun anew since
        while delivery.fan.above is not None and not delivery.fan.live:
            delivery.fan = delivery.fan.above  # that list has come to its end
        delivery.under_way = True
        delivery.fan.live += 1

    def done(self, delivery: Delivery) -> list[Delivery]:
        """What came of a delivery was sent; returns what its end lets go. Once, however many steps ran for it."""
        if not delivery.under_way:
            return []
        delivery.under_way = False
        return self.ended(delivery.fan)

    # Joins.

    def _join(self, step: Step, places: tuple[int, ...], sent: Sent) -> list[Delivery]:
        fan = sent.fan
        join = fan.held.get(step.name)
        if join is None:
            join = fan.held[step.name] = Join(step, fan)
        if is_list(step):
            return self._listed(join, sent)
        # Of parameters of one type the one with the shortest queue: they fill in the order of arrival.
        join.slots[min(places, key=lambda place: len(join.slots[place]))].append(sent)
        have, missing = _standing(join)
        self.tell.held(sent, step.name, self.name_of(step), have, self._needs(missing))
        if missing:
            return []
        return [self._let_go(join, tuple([slot.popleft() for slot in join.slots]), fan)]

    def _listed(self, join: Join, sent: Sent) -> list[Delivery]:
        if join.done:
            return []  # it had as many as it takes
        held = join.slots[0]
        held.append(sent)
        collect = join.step.takes[0].collect
        take = collect.cardinality if collect is not None else None
        wanted = take.n if isinstance(take, Take) else None
        label = self.table.label(type(sent.event))
        needs = ((label, wanted - len(held)),) if wanted is not None and wanted > len(held) else ()
        self.tell.held(sent, join.step.name, "", len(held), needs)
        if wanted is None or len(held) < wanted:
            return []
        return [self._release(join)]

    def _release(self, join: Join) -> Delivery:
        """The list of a join is complete, or is not going to be."""
        sents = tuple(join.slots[0])
        join.slots[0].clear()
        join.done = join.fan.above is not None  # outside of any list it begins anew
        return self._let_go(join, sents, join.fan.above or join.fan)

    def _let_go(self, join: Join, sents: tuple[Sent, ...], fan: Fan) -> Delivery:
        self.tell.filled(join.step.name, "" if is_list(join.step) else self.name_of(join.step), sents)
        return self._delivery(join.step, sents, fan, _most(sents))

    def name_of(self, step: Step) -> str:
        """The name of the join of several parameters, as records have it: ``A + B``."""
        return " + ".join(" | ".join(self.table.label(kind) for kind in one.types) for one in step.takes)

    def _needs(self, missing: list[Any]) -> tuple[tuple[str, int], ...]:
        counts: dict[str, int] = {}
        for parameter in missing:
            name = " | ".join(self.table.label(kind) for kind in parameter.types)
            counts[name] = counts.get(name, 0) + 1
        return tuple(counts.items())

    # Lists.

    def open_fan(self, step: str, above: Fan) -> Fan:
        """A step has returned a list: what is sent in the new fan belongs to it. End it with :meth:`ended`."""
        fan = Fan(above, self.table.list_joins(step))
        above.live += 1
        fan.live = 1  # until all its events are sent
        return fan

    def ended(self, fan: Fan) -> list[Delivery]:
        """Something of ``fan`` that was on its way has come to its end; returns what that lets go."""
        out: list[Delivery] = []
        fan.live -= 1
        while fan.live == 0 and fan.above is not None:
            above = fan.above
            out += self._close(fan)
            above.live -= 1
            fan = above
        if self.root.live == 0 and not out:
            out += [self._release(join) for join in self.root.held.values() if is_list(join.step) and join.slots[0]]
        return out

    def _close(self, fan: Fan) -> list[Delivery]:
        """Nothing of a list is on its way any more: its joins let go, with nothing where nothing came."""
        for name in fan.joins:
            if name not in fan.held:
                fan.held[name] = Join(self.table.steps[name], fan)
        self.starved += [join for join in fan.held.values() if not is_list(join.step) and any(join.slots)]
        return [self._release(join) for join in fan.held.values() if is_list(join.step) and not join.done]

    @property
    def idle(self) -> bool:
        """True when nothing is on its way."""
        return self.root.live == 0

    def waiting(self, ended: bool = False) -> Iterator[tuple[Step, list[Sent], tuple[tuple[str, int], ...]]]:
        """The joins of several parameters in which something waits: step, events, what is missing.

        Args:
            ended: only those in lists that have come to an end.
        """
        for join in self.starved if ended else [*self.starved, *self.root.held.values()]:
            if not is_list(join.step) and any(join.slots):
                held = [sent for slot in join.slots for sent in slot]
                yield join.step, held, self._needs(_standing(join)[1])


def _standing(join: Join) -> tuple[int, list[Any]]:
    """How many parameters of a join have their event, and those that have none."""
    missing = [one for one, slot in zip(join.step.takes, join.slots, strict=True) if not slot]
    return len(join.slots) - len(missing), missing


def _most(sents: Sequence[Sent]) -> Recoveries:
    """The recoveries of events that go on together: of each handler the most."""
    most = sents[0].recoveries if sents else _NONE
    for sent in sents[1:]:
        if sent.recoveries and sent.recoveries is not most:
            most = {**most, **{name: max(n, most.get(name, 0)) for name, n in sent.recoveries.items()}}
    return most
