"""A random workflow run by the routing alone, without threads or engine: what is under way goes on in any order."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from ipyflow.flows.workflow.collecting import Buffers
from ipyflow.flows.workflow.routing import Delivery, Fan, Routing, Sent
from ipyflow.flows.workflow.table import Table
from ipyflow.workflows import StartEvent, StepFailedEvent
from tests.flows.workflow.interpreter import Counts, Plan, Program
from tests.flows.workflow.programs import Boom, built


class Told:
    """Hears what a routing tells, and counts it."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.counts = Counts()
        self.sents: list[Sent] = []
        self.waiting: dict[tuple[str, str], list[Sent]] = defaultdict(list)
        self.let_go: list[tuple[str, str, list[Sent]]] = []
        self.needs: dict[tuple[str, str], tuple[tuple[str, int], ...]] = {}

    def sent(self, sent: Sent, steps: tuple[str, ...]) -> None:
        self.sents.append(sent)
        label = self.table.label(type(sent.event))
        self.counts.sent[label] += 1
        self.counts.unhandled[label] += not steps
        for step in steps:
            self.counts.dropped[step] += self.table.steps[step].takes[0].collect is not None

    def held(self, sent: Sent, step: str, join: str, have: int, needs: tuple[tuple[str, int], ...]) -> None:
        assert sent not in self.waiting[step, join], "held twice"
        assert sent in self.sents, "held before it was sent"
        assert have >= 1
        assert all(count > 0 for _, count in needs)
        self.waiting[step, join].append(sent)
        self.needs[step, join] = needs
        self.counts.dropped[step] -= self.table.steps[step].takes[0].collect is not None

    def filled(self, step: str, join: str, sents: Sequence[Sent]) -> None:
        self.let_go.append((step, join, list(sents)))
        for sent in sents:
            if sent in self.waiting[step, join]:
                self.waiting[step, join].remove(sent)
        self.counts.rounds[step, join] += 1
        if self.table.steps[step].takes[0].collect is not None:
            self.counts.sizes[step, len(sents)] += 1


class Simulation:
    """One run of ``program``; ``rng`` decides what goes on next."""

    def __init__(self, program: Program, rng: random.Random) -> None:
        self.program, self.rng = program, rng
        self.workflow = built(program)
        table = self.workflow.table
        self.told = Told(table)
        self.routing = Routing(table, self.told)
        self.buffers = Buffers()
        self.under_way: list[Iterator[None]] = []

    def run(self) -> Counts:
        self.start(self.routing.send(StartEvent(), self.routing.root, 0))
        while self.under_way:
            assert not self.routing.idle, "it is idle, and something is on its way"
            body = self.rng.choice(self.under_way)
            if next(body, self) is self:
                self.under_way.remove(body)
        assert self.routing.idle, "nothing is on its way, and it is not idle"
        counts = self.told.counts
        counts.held.update({key: len(sents) for key, sents in self.told.waiting.items()})
        for step, _, buffer in self.buffers.all():
            counts.held[step, buffer.name] = len(buffer.waiting())
        return counts

    def start(self, deliveries: list[Delivery]) -> None:
        self.under_way += [self.body(delivery) for delivery in deliveries]

    def body(self, delivery: Delivery) -> Iterator[None]:
        """What a step does for one delivery; others go on wherever it yields."""
        plan, fan = self.program.plan(delivery.step.name), delivery.fan
        assert fan.live > 0, "a step of a list that was closed before"
        self.told.counts.runs[plan.name] += 1
        rounds = self.collect(plan, delivery.sents[0]) if plan.form == "collect" else [True]
        for attempt in range(min(plan.fails, plan.retries) + 1):
            yield
            if attempt >= plan.fails or plan.early:
                for _ in range(sum(rounds)):
                    for kind in plan.sends:
                        self.send(kind, fan)
                        yield
        yield
        if plan.fails_for_good:
            self.fail(plan, delivery)
            return
        if rounds[0] and plan.list_of is not None:
            inner = self.routing.open_fan(plan.name, fan)
            for kind in plan.list_of:
                self.send(kind, inner)
                yield
            self.start(self.routing.ended(inner))
        elif rounds[0] and plan.gives is not None:
            self.send(plan.gives, fan)
        self.start(self.routing.ended(fan))

    def send(self, kind: int, fan: Fan) -> None:
        self.start(self.routing.send(self.workflow.kinds[kind](), fan, 1))

    def fail(self, plan: Plan, delivery: Delivery) -> None:
        assert plan.handler is not None
        event = StepFailedEvent(step_name=plan.name, exception=Boom(), failed_at=datetime.now(UTC))
        handler = self.workflow.table.steps[plan.handler]
        self.start([self.routing.deliver(handler, event, delivery.fan, 1, {}), *self.routing.ended(delivery.fan)])

    def collect(self, plan: Plan, sent: Sent) -> list[bool]:
        rounds = []
        for types, id in plan.sets:
            expected: list[Any] = [self.workflow.kinds[kind] for kind in types]
            buffer = self.buffers.find(plan.name, expected, id)
            got = buffer.take() if buffer.add(sent) else None
            if got is not None:
                self.told.counts.rounds[plan.name, buffer.name] += 1
                assert [type(one.event) for one in got] == expected
            rounds.append(got is not None)
        return rounds
