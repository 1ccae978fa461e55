"""Several event parameters: a step is run for one event of each, round by round, in any order of arrival."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyflow.errors import WorkflowStalled
from ipyflow.flows.workflow.routing import Delivery, Routing
from ipyflow.model import records as r
from ipyflow.testing import Lab
from ipyflow.workflows import Context, Event, StartEvent, StopEvent, Workflow, step
from tests.engine.gates import SOON, Gate, eventually
from tests.flows.workflow.common import A, B, C, D, of, sent, steps
from tests.flows.workflow.test_fans import Quiet, table


@step
def three(a: A, b: B, c: C) -> D: ...


@step
def twice(first: A, b: B, second: A) -> D: ...


@step
def plain(ev: A | B | C) -> D: ...


SHAPES = {three: (A, B, C), twice: (A, B, A)}


# The routing alone.


@given(
    join=st.sampled_from([three, twice]),
    arrivals=st.lists(st.sampled_from([A, B, C]), max_size=30),
    others=st.booleans(),
)
def test_rounds_are_full_in_any_order_of_arrival_and_nothing_is_dropped(
    join: Any, arrivals: list[type[Event]], others: bool
) -> None:
    told = Quiet()
    routing = Routing(table(join, plain) if others else table(join), told)
    wanted = SHAPES[join]
    queues: dict[type[Event], list[int]] = {A: [], B: [], C: []}
    for number, kind in enumerate(arrivals, 1):
        deliveries = [one for one in routing.send(kind(), routing.root, 0) if one.step.name == join.__name__]
        if kind in wanted:
            queues[kind].append(number)
        expected: list[int] = []
        if all(len(queues[kind]) >= wanted.count(kind) for kind in wanted):
            expected = [queues[kind].pop(0) for kind in wanted]
        assert [[sent.number for sent in one.sents] for one in deliveries] == ([expected] if expected else [])
        assert all(one.fan is routing.root for one in deliveries)
    waiting = {sent.number for _, held, _ in routing.waiting() for sent in held}
    assert waiting == {number for kind in wanted for number in queues[kind]}
    assert routing.last == len(arrivals)


@given(st.lists(st.sampled_from([A, B, C]), max_size=20))
def test_it_is_told_what_is_missing(arrivals: list[type[Event]]) -> None:
    told = Quiet()
    routing = Routing(table(three), told)
    have: dict[str, int] = {"A": 0, "B": 0, "C": 0}
    for kind in arrivals:
        routing.send(kind(), routing.root, 0)
        have[kind.__name__] += 1
        held = [one for one in told.told if one[0] == "held"][-1]
        assert held[2:] == (
            "three", "A + B + C", sum(n > 0 for n in have.values()),
            tuple((name, 1) for name, n in have.items() if not n),
        )  # fmt: skip
        if all(have.values()):
            assert told.told[-1][:3] == ("filled", "three", "A + B + C")
            have = {name: n - 1 for name, n in have.items()}


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from([A, B, C])), max_size=40))
def test_events_of_different_lists_do_not_meet(arrivals: list[tuple[int, type[Event]]]) -> None:
    @step
    def split(ev: StartEvent) -> list[A | B | C]: ...

    routing = Routing(table(split, three), Quiet())
    fans = [routing.open_fan("split", routing.root) for _ in range(3)]
    full: list[Delivery] = []
    counts = [{A: 0, B: 0, C: 0} for _ in fans]
    for which, kind in arrivals:
        counts[which][kind] += 1
        full += routing.send(kind(), fans[which], 0)
    rounds = [min(one.values()) for one in counts]
    assert [sum(one.fan is fan for one in full) for fan in fans] == rounds
    for one in full:
        assert {sent.fan for sent in one.sents} == {one.fan}
    for fan in fans:
        routing.ended(fan)
    for one in full:
        routing.ended(one.fan)
    assert routing.idle
    left = sum(len(held) for _, held, _ in routing.waiting())
    assert left == len(arrivals) - 3 * sum(rounds), "what waits in a list that has ended is forgotten"


# In a run.


class Assembling(Workflow):
    sends: list[Event] = []  # noqa: RUF012 - set by each test
    rounds = 1

    @step
    def begin(self, ctx: Context, ev: StartEvent) -> A | B | C:
        for event in self.sends:
            ctx.send_event(event)


class Pair(Assembling):
    @step
    def pair(self, a: A, b: B) -> D:
        return D(pair=(a.n, b.n))

    @step(num_workers=1)
    def end(self, ctx: Context, ev: D) -> StopEvent | None:
        got = ctx.collect_events(ev, [D] * self.rounds)
        return None if got is None else StopEvent(result=sorted(one.pair for one in got))

    @step
    def other(self, ev: C) -> None: ...


@pytest.mark.parametrize("seed", range(6))
def test_a_step_gets_one_of_each_in_any_order_of_arrival(seed: int, lab: Lab) -> None:
    sends: list[Event] = [*[A(n=n) for n in range(4)], *[B(n=n) for n in range(4)]]
    order = list(range(8))
    random.Random(seed).shuffle(order)
    w = Pair(skip_graph_checks=["dead_end"])
    w.sends, w.rounds = [sends[place] for place in order], 4
    first, second = ([one.n for one in w.sends if type(one) is kind] for kind in (A, B))
    assert w.run().result(SOON) == sorted(zip(first, second, strict=True))


def test_one_type_twice_is_filled_in_order_of_arrival(lab: Lab) -> None:
    class W(Assembling):
        @step
        def pair(self, first: A, second: A) -> D:
            return D(pair=(first.n, second.n))

        @step
        def end(self, ctx: Context, ev: D) -> StopEvent | None:
            got = ctx.collect_events(ev, [D, D])
            return None if got is None else StopEvent(result=sorted(one.pair for one in got))

        @step
        def other(self, ev: B | C) -> None: ...

    w = W(skip_graph_checks=["dead_end"])
    w.sends = [A(n=n) for n in range(5)]
    assert w.run().result(SOON) == [(0, 1), (2, 3)]


def test_the_context_and_the_order_of_parameters_do_not_matter(lab: Lab) -> None:
    class W(Assembling):
        @step
        async def pair(self, b: B, ctx: Context, a: A, factor: int = 2) -> StopEvent:
            await ctx.store.set("x", a.n)
            return StopEvent(result=(factor * await ctx.store.get("x"), b.n))

        @step
        def other(self, ev: C) -> None: ...

    w = W(skip_graph_checks=["dead_end"])
    w.sends = [B(n=1), A(n=2)]
    assert w.run().result(SOON) == (4, 1)


def test_another_step_that_takes_the_type_gets_it_too(lab: Lab) -> None:
    class W(Pair):
        @step
        def alone(self, ev: A) -> D:
            return D(pair=("alone", ev.n))

    w = W(skip_graph_checks=["dead_end"])
    w.sends, w.rounds = [A(n=1), B(n=2)], 1
    future = w.run()
    future.result(SOON)
    assert sent(future)[1] == ("A", ("pair", "alone"))


def test_it_is_joined_within_one_list(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(3)]

        @step
        def split(self, ev: A) -> list[B | C]:
            return [B(n=ev.n), C(n=ev.n)]

        @step
        async def pair(self, b: B, c: C) -> D:
            assert b.n == c.n
            return D(n=b.n)

        @step
        def up(self, evs: list[D]) -> Event2:
            return Event2(n=evs[0].n)

        @step
        def gather(self, evs: list[Event2]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    assert W().run().result(SOON) == [0, 1, 2]


class Event2(Event):
    n: int = 0


def test_events_wait_in_a_join_and_the_log_says_so(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A | B:
            ctx.send_event(A(n=1))
            ctx.send_event(A(n=2))
            gate.stand()
            return B(n=3)

        @step
        def pair(self, a: A, b: B) -> StopEvent:
            return StopEvent(result=(a.n, b.n))

    future = W().run()
    gate.reached()
    eventually(lambda: len(of(future, r.EventHeld)) == 2)
    assert [(one.event, one.step, one.join, one.have, one.needs) for one in of(future, r.EventHeld)] == [
        (2, "pair", "A + B", 1, (("B", 1),)),
        (3, "pair", "A + B", 1, (("B", 1),)),
    ]
    told = future.explain()
    assert "pair" in told
    assert "B" in told.split("pair")[1]
    gate.open()
    assert future.result(SOON) == (1, 3)
    (filled,) = of(future, r.JoinFilled)
    assert (filled.step, filled.join, filled.events) == ("pair", "A + B", (2, 4))
    assert steps(future, "pair")[0].takes == (2, 4)
    join = future.run.snapshot().workflows[future.id].joins["pair", "A + B"]
    assert (join.events, join.filled) == ([3], 1)


def test_what_is_missing_is_named_when_the_run_stalls(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A | B | C:
            ctx.send_event(A())
            ctx.send_event(A())

        @step
        def join(self, a: A, b: B, c: C) -> StopEvent:
            return StopEvent()

    future = W().run()
    with pytest.raises(WorkflowStalled, match="join waits for B and C") as raised:
        future.result(SOON)
    assert "2 A" in str(raised.value)


def test_subclasses_fill_a_parameter_where_the_step_takes_them(lab: Lab) -> None:
    class Below(A): ...

    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> Below | B:
            ctx.send_event(B(n=1))
            return Below(n=2)

        @step(accept_event_subclasses=True)
        def pair(self, a: A, b: B) -> StopEvent:
            return StopEvent(result=(type(a), b.n))

    assert W().run().result(SOON) == (Below, 1)
