"""What happens in a workflow, counted by plain recursion over a description of it: no engine, no events, no order.

A :class:`Program` is the description. Types of events are numbers, and a step gives only numbers above those it takes:
so every program ends. A *region* is a place in which events meet each other: the whole run (0), or what comes of a list
that a step has returned. Each type belongs to one region. :class:`Interpreter` counts the events of each type, the runs
of each step, the rounds of each join and what is left over in it; all that is the same in whatever order things happen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

START, FAILED = "StartEvent", "StepFailedEvent"


@dataclass(frozen=True)
class Plan:
    """One step.

    Attributes:
        form: ``plain`` (a run for each event), ``parts`` (several parameters), ``list``, ``collect``, ``handler``.
        takes: types; of ``parts`` one for each parameter, else those of a union. None for the step that begins.
        sets: what a ``collect`` step asks for, with the id of the buffer.
        most: for a ``list``, ``Take(most)``.
        sends: types sent in the body, one event each; by ``collect`` for each round.
        gives: the type returned, by ``collect`` at a full round of its first set.
        list_of: the types of the list returned, one event each, with ``gives`` unused; ``None`` for no list.
        bare: types that the list may hold besides by its annotation, and never does.
        fails: attempts of each run that raise; more than ``retries`` and it fails for good, for its handler.
        early: it sends before it raises.
        handler: the name of what handles its failures.
    """

    name: str
    form: str
    takes: tuple[int, ...] = ()
    sets: tuple[tuple[tuple[int, ...], str | None], ...] = ()
    most: int | None = None
    sends: tuple[int, ...] = ()
    gives: int | None = None
    list_of: tuple[int, ...] | None = None
    bare: tuple[int, ...] = ()
    fails: int = 0
    retries: int = 0
    early: bool = False
    handler: str | None = None
    workers: int = 4
    is_async: bool = True
    naps: int = 0
    waits: bool = False

    @property
    def fails_for_good(self) -> bool:
        return self.fails > self.retries


@dataclass(frozen=True)
class Program:
    """A workflow.

    Attributes:
        regions: for each type of event the region it belongs to.
        steps: the steps; the first one begins.
        ending: ``stall`` (nothing ends it), ``finish`` (an event from outside does), ``list`` (the join of region 1).
    """

    regions: tuple[int, ...]
    steps: tuple[Plan, ...]
    ending: str = "stall"

    def plan(self, name: str) -> Plan:
        return next(step for step in self.steps if step.name == name)

    @property
    def healed(self) -> Program:
        """The same, and nothing fails."""
        return replace(self, steps=tuple(replace(step, fails=0, retries=0) for step in self.steps))

    def kinds_given(self, step: Plan) -> set[int]:
        """The types that it gives at its own level."""
        return {*step.sends, *([] if step.gives is None else [step.gives])}

    def joins_reached(self, step: Plan) -> list[Plan]:
        """The list joins that the events of a list of ``step`` may come to."""
        return [one for one in self.steps if one.form == "list" and self.reached(step) & set(one.takes)]

    def reached(self, step: Plan) -> set[int]:
        """The types, of the region that a list of ``step`` opens, that may come up in it."""
        found: set[int] = {*(step.list_of or ()), *step.bare}
        waiting = list(found)
        while waiting:
            kind = waiting.pop()
            for one in self.steps:
                if one.form in ("list", "handler") or kind not in one.takes:
                    continue
                more = set()
                for giver in self.with_handler(one):
                    more |= self.kinds_given(giver)
                    more |= self.brought_back(giver)
                waiting += more - found
                found |= more
        return found

    def with_handler(self, step: Plan) -> list[Plan]:
        return [step] if step.handler is None else [step, self.plan(step.handler)]

    def brought_back(self, step: Plan) -> set[int]:
        """The types that the joins of a list of ``step`` give at the level of ``step``."""
        if step.list_of is None:
            return set()
        found: set[int] = set()
        for join in self.joins_reached(step):
            for giver in self.with_handler(join):
                found |= self.kinds_given(giver) | self.brought_back(giver)
        return found


@dataclass
class Counts:
    """What happened. ``held`` and ``rounds`` are by step and name of the join, ``sizes`` lists what list joins got."""

    sent: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    rounds: Counter[tuple[str, str]] = field(default_factory=Counter)
    held: Counter[tuple[str, str]] = field(default_factory=Counter)
    sizes: Counter[tuple[str, int]] = field(default_factory=Counter)
    unhandled: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    """Events that came to the join of a list which had as many as it takes, by step."""

    def plain(self) -> dict[str, dict[object, int]]:
        """For comparing: what is 0 is not there."""
        return {name: {k: n for k, n in getattr(self, name).items() if n} for name in self.__dataclass_fields__}


def kind_name(kind: int) -> str:
    return f"E{kind}"


def join_name(step: Plan, place: int = 0) -> str:
    """The name of a join as records have it."""
    if step.form == "parts":
        return " + ".join(kind_name(kind) for kind in step.takes)
    if step.form == "collect":
        types, id = step.sets[place]
        if id is not None:
            return id
        if place:
            return " + ".join(f"{n} {kind_name(k)}" if n > 1 else kind_name(k) for k, n in Counter(types).items())
    return ""


class Interpreter:
    """Counts what happens in a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.counts = Counts()

    def run(self) -> Counts:
        self.counts.sent[START] += 1
        first = self.program.steps[0]
        self.region(0, self.runs(first, 1, [1]))
        return self.counts

    def region(self, region: int, have: Counter[int], joins: tuple[Plan, ...] = ()) -> Counter[int]:
        """One stretch of a region from its beginning to its end; returns what its joins give to the one above."""
        steps = [one for one in self.program.steps if one.takes and self.program.regions[one.takes[0]] == region]
        for kind in [k for k, r in enumerate(self.program.regions) if r == region]:
            self.counts.sent[kind_name(kind)] += have[kind]
            if not any(kind in one.takes for one in steps):
                self.counts.unhandled[kind_name(kind)] += have[kind]
            for step in steps:
                if max(step.takes) == kind and step.form != "list":
                    have += self.met(step, have)
        given: Counter[int] = Counter()
        for join in joins:
            came = sum(have[kind] for kind in join.takes)
            got = came if join.most is None else min(came, join.most)
            self.counts.dropped[join.name] += came - got
            self.counts.rounds[join.name, ""] += 1
            self.counts.sizes[join.name, got] += 1
            given += self.runs(join, 1, [1])
        return given

    def met(self, step: Plan, have: Counter[int]) -> Counter[int]:
        """All that a step takes has come."""
        came = sum(have[kind] for kind in set(step.takes))
        if step.form == "plain":
            return self.runs(step, came, [came])
        if step.form == "parts":
            rounds = full(step.takes, have)
            self.counts.rounds[step.name, join_name(step)] += rounds
            self.counts.held[step.name, join_name(step)] += came - rounds * len(step.takes)
            return self.runs(step, rounds, [rounds])
        all_rounds = []
        for place, (types, _) in enumerate(step.sets):
            key = step.name, join_name(step, place)
            rounds = full(types, have)
            all_rounds.append(rounds)
            self.counts.rounds[key] += rounds
            self.counts.held[key] += sum(have[kind] for kind in set(types)) - rounds * len(types)
        return self.runs(step, came, all_rounds)

    def runs(self, step: Plan, times: int, rounds: list[int]) -> Counter[int]:
        """What ``times`` runs of a step bring about at its own level; ``rounds`` of them give something."""
        self.counts.runs[step.name] += times
        given: Counter[int] = Counter()
        tries = min(step.fails, step.retries) + 1
        sends = tries if step.early else 0 if step.fails_for_good else 1
        for kind in step.sends:
            given[kind] += sends * sum(rounds)
        if step.fails_for_good:
            self.counts.sent[FAILED] += times
            assert step.handler is not None
            if times:
                given += self.runs(self.program.plan(step.handler), times, [times])
        elif step.list_of is not None:
            for _ in range(rounds[0]):
                joins = tuple(self.program.joins_reached(step))
                kinds = (*step.list_of, *step.bare)
                inside = self.program.regions[kinds[0]] if kinds else -1
                given += self.region(inside, Counter(step.list_of), joins)
        elif step.gives is not None:
            given[step.gives] += rounds[0]
        return given


def full(types: tuple[int, ...], have: Counter[int]) -> int:
    """How often these types are all there."""
    return min(have[kind] // n for kind, n in Counter(types).items())
