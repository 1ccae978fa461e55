"""Lists: a step returns one and its events are gathered behind it, whatever became of each, level by level."""

from __future__ import annotations

import asyncio
import random
import threading
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ipyflow as fl
from ipyflow.errors import WorkflowRuntimeError, WorkflowStalled
from ipyflow.flows.workflow.routing import Delivery, Fan, Routing, Sent
from ipyflow.flows.workflow.table import Table
from ipyflow.model import records as r
from ipyflow.testing import Lab
from ipyflow.workflows import (
    All,
    Collect,
    Context,
    Event,
    StartEvent,
    StepFailedEvent,
    StopEvent,
    Take,
    Workflow,
    catch_error,
    step,
)
from tests.engine.gates import SOON, Gate, eventually
from tests.flows.workflow.common import A, B, Boom, C, D, of, sent, states, step_named, steps


def table(*fns: Any) -> Table:
    return Table("W", {fn._step.name: fn._step for fn in fns})


class Quiet:
    """Hears what a routing tells."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def sent(self, sent: Sent, steps: tuple[str, ...]) -> None:
        self.told.append(("sent", sent.number, steps))

    def held(self, sent: Sent, step: str, join: str, have: int, needs: Any) -> None:
        self.told.append(("held", sent.number, step, join, have, needs))

    def filled(self, step: str, join: str, sents: Any) -> None:
        self.told.append(("filled", step, join, tuple(one.number for one in sents)))


# The routing alone.


@step
def split(ev: StartEvent) -> list[A]: ...


@step
def work(ev: A) -> B: ...


@step
def gather(evs: list[B]) -> C: ...


@step
def take_two(evs: Annotated[list[B], Collect(Take(2))]) -> D: ...


@step
def deeper(ev: B) -> list[C]: ...


@step
def inner(evs: list[C]) -> D: ...


@step
def outer(evs: list[D]) -> StopEvent: ...


class Hand:
    """Runs a routing by hand: one list of events, whose steps the test ends one by one."""

    def __init__(self, *fns: Any) -> None:
        self.told = Quiet()
        self.routing = Routing(table(*fns), self.told)
        self.begun = self.only(self.routing.send(StartEvent(), self.routing.root, 0))

    @staticmethod
    def only(deliveries: list[Delivery]) -> Delivery:
        assert len(deliveries) == 1, deliveries
        return deliveries[0]

    def give_list(self, delivery: Delivery, events: list[Event]) -> tuple[Fan, list[Delivery]]:
        fan = self.routing.open_fan(delivery.step.name, delivery.fan)
        out = [one for event in events for one in self.routing.send(event, fan, 1)]
        out += self.routing.ended(fan)
        return fan, out + self.routing.ended(delivery.fan)

    def give(self, delivery: Delivery, *events: Event) -> list[Delivery]:
        out = [one for event in events for one in self.routing.send(event, delivery.fan, 1)]
        return out + self.routing.ended(delivery.fan)


@given(st.integers(0, 6), st.randoms(use_true_random=False))
def test_a_list_is_let_go_once_when_all_of_it_has_ended(count: int, rng: random.Random) -> None:
    hand = Hand(split, work, gather)
    fan, under_way = hand.give_list(hand.begun, [A(n=n) for n in range(count)])
    wanted: list[int] = []
    while under_way and under_way[0].step.name == "work":
        assert fan.live > 0
        one = under_way.pop(rng.randrange(len(under_way)))
        gifts = [B(n=one.sents[0].event.n) for _ in range(rng.choice([0, 1, 1, 2]))]
        wanted += [gift.n for gift in gifts]
        more = hand.give(one, *gifts)
        assert not more or not under_way
        under_way += more
    (last,) = under_way
    assert last.step.name == "gather"
    assert [sent.event.n for sent in last.sents] == wanted
    assert last.fan is hand.routing.root
    assert (fan.live, hand.routing.root.live) == (0, 1)
    assert hand.give(last) == []
    assert hand.routing.idle


def test_an_empty_list_lets_go_at_once_with_nothing() -> None:
    hand = Hand(split, work, gather)
    _, (only,) = hand.give_list(hand.begun, [])
    assert (only.step.name, only.sents) == ("gather", ())
    assert hand.told.told[-1] == ("filled", "gather", "", ())


@given(st.integers(0, 6), st.randoms(use_true_random=False))
def test_take_lets_go_on_the_nth_and_once_only(count: int, rng: random.Random) -> None:
    hand = Hand(split, work, take_two)
    _, under_way = hand.give_list(hand.begun, [A(n=n) for n in range(count)])
    let_go: list[Delivery] = [one for one in under_way if one.step.name == "take_two"]
    under_way = [one for one in under_way if one.step.name == "work"]
    ended = 0
    while under_way:
        one = under_way.pop(rng.randrange(len(under_way)))
        let_go += hand.give(one, B(n=one.sents[0].event.n))
        ended += 1
        assert len(let_go) == (ended >= 2 or not under_way)
    (only,) = let_go
    assert len(only.sents) == min(count, 2)
    assert not hand.routing.idle
    hand.give(only)
    assert hand.routing.idle


@given(st.lists(st.integers(0, 3), max_size=4), st.randoms(use_true_random=False))
def test_nested_lists_are_let_go_level_by_level(counts: list[int], rng: random.Random) -> None:
    hand = Hand(split, work, deeper, inner, outer)
    fan, under_way = hand.give_list(hand.begun, [A(n=n) for n in counts])
    inner_sizes, outers = [], []
    while under_way:
        one = under_way.pop(rng.randrange(len(under_way)))
        name = one.step.name
        if name == "work":
            under_way += hand.give(one, B(n=one.sents[0].event.n))
        elif name == "deeper":
            inside, more = hand.give_list(one, [C() for _ in range(one.sents[0].event.n)])
            assert inside.above is fan
            under_way += more
        elif name == "inner":
            assert one.fan is fan
            inner_sizes.append(len(one.sents))
            under_way += hand.give(one, D(n=len(one.sents)))
        else:
            assert not under_way
            outers.append(sorted(sent.event.n for sent in one.sents))
            hand.give(one)
    assert sorted(inner_sizes) == sorted(counts)
    assert outers == [sorted(counts)]
    assert hand.routing.idle


def test_who_sends_late_into_a_list_that_has_ended_sends_into_the_level_above() -> None:
    hand = Hand(split, work, gather)
    fan, (one,) = hand.give_list(hand.begun, [A()])
    (last,) = hand.give(one)
    (late,) = hand.routing.send(A(), fan, 1)
    assert late.fan is hand.routing.root
    assert (fan.live, hand.routing.root.live) == (0, 2)
    hand.give(late)
    hand.give(last)
    assert hand.routing.idle


def test_a_list_parameter_outside_of_any_list_waits_until_nothing_is_on_its_way() -> None:
    hand = Hand(split, work, gather)
    begun = hand.begun
    one, two = hand.routing.send(A(), hand.routing.root, 1) + hand.routing.send(A(), hand.routing.root, 1)
    assert hand.give(begun) == []
    assert hand.give(one, B(n=1)) == []
    (only,) = hand.give(two, B(n=2))
    assert [sent.event.n for sent in only.sents] == [1, 2]
    (again,) = hand.give(only, B(n=3))
    assert [sent.event.n for sent in again.sents] == [3]
    assert hand.give(again) == []
    assert hand.routing.idle


# In a run.


class Fanning(Workflow):
    """A list of A, each of which gives a B for ``gather``."""

    @step
    def begin(self, ev: StartEvent) -> list[A]:
        return [A(n=n) for n in range(ev.count)]


def test_all_that_came_of_a_list_is_given_together(lab: Lab) -> None:
    class W(Fanning):
        @step
        def work(self, ev: A) -> B:
            return B(n=ev.n)

        @step
        def gather(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    for count in (0, 1, 2, 30):
        assert W().run(count=count).result(SOON) == list(range(count))


def test_it_is_given_in_the_order_in_which_it_came(lab: Lab) -> None:
    order = [3, 4, 1, 0, 2]

    class W(Fanning):
        @step(num_workers=5)
        async def work(self, ev: A) -> B:
            turn = order.index(ev.n)
            if turn:
                await asyncio.get_running_loop().run_in_executor(None, gates[turn - 1].reached)
            eventually_sent = turn
            asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(passed(eventually_sent)))
            return B(n=ev.n)

        @step
        def gather(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=[one.n for one in evs])

    gates = [Gate() for _ in order]

    async def passed(turn: int) -> None:
        while sum(1 for kind, _ in sent(future) if kind == "B") <= turn:
            await asyncio.sleep(0)
        gates[turn]._reached.set()

    future = W().run(count=5)
    assert future.result(SOON) == order


def test_who_gives_nothing_is_left_out(lab: Lab) -> None:
    class W(Fanning):
        @step
        def work(self, ev: A) -> B | None:
            return B(n=ev.n) if ev.n % 2 else None

        @step
        def gather(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    assert W().run(count=6).result(SOON) == [1, 3, 5]
    assert W().run(count=1).result(SOON) == []


def test_who_is_cancelled_is_left_out(lab: Lab) -> None:
    stands = threading.Event()

    class W(Fanning):
        @step
        async def work(self, ev: A) -> B:
            if ev.n == 1:
                stands.set()
                await asyncio.Event().wait()
            return B(n=ev.n)

        @step
        def gather(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    future = W().run(count=3)
    assert stands.wait(SOON)
    eventually(lambda: states(future, "work").count("succeeded") == 2)
    step_named(future, "work").cancel()
    assert future.result(SOON) == [0, 2]


def test_who_fails_and_is_handled_is_in_the_list_with_what_its_handler_gives(lab: Lab) -> None:
    class W(Fanning):
        @step
        def work(self, ev: A) -> B:
            if ev.n == 1:
                raise Boom
            return B(n=ev.n)

        @catch_error
        def handler(self, ev: StepFailedEvent) -> B:
            return B(n=100 + ev.input_event.n)

        @step
        def gather(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    assert W().run(count=3).result(SOON) == [0, 2, 101]


@pytest.mark.parametrize("how", ["returned", "sent", "sent by a task below"])
def test_what_comes_of_an_event_of_a_list_stays_in_the_list(how: str, lab: Lab) -> None:
    class W(Fanning):
        @step
        def work(self, ctx: Context, ev: A) -> B:
            if how == "returned":
                return B(n=ev.n)
            ctx.send_event(B(n=ev.n))
            return None

        @step
        async def more(self, ctx: Context, ev: B) -> C:
            await asyncio.sleep(0)
            return C(n=ev.n)

        @step
        def gather(self, evs: list[C]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    assert W().run(count=4).result(SOON) == [0, 1, 2, 3]


def test_steps_may_give_more_than_they_were_given(lab: Lab) -> None:
    class W(Fanning):
        @step
        def work(self, ctx: Context, ev: A) -> B | A:
            if ev.n > 0:
                ctx.send_event(A(n=ev.n - 1))
            return B(n=ev.n)

        @step
        def gather(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    assert W().run(count=4).result(SOON) == [0, 0, 0, 0, 1, 1, 1, 2, 2, 3]


def test_nested_lists_join_at_their_own_level(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in (0, 1, 3)]

        @step
        async def split(self, ev: A) -> list[B]:
            return [B(n=ev.n) for _ in range(ev.n)]

        @step
        def work(self, ev: B) -> C:
            return C(n=ev.n)

        @step
        async def inner(self, evs: list[C]) -> D:
            return D(n=len(evs))

        @step
        def outer(self, evs: list[D]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    future = W().run()
    assert future.result(SOON) == [0, 1, 3]
    assert len(steps(future, "inner")) == 3


def test_lists_of_one_step_do_not_meet(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A:
            for n in range(5):
                ctx.send_event(A(n=n))

        @step
        def split(self, ev: A) -> list[B]:
            return [B(n=ev.n) for _ in range(3)]

        @step
        async def gather(self, evs: list[B]) -> C:
            return C(all=[one.n for one in evs])

        @step
        def end(self, ctx: Context, ev: C) -> StopEvent | None:
            got = ctx.collect_events(ev, [C] * 5)
            return None if got is None else StopEvent(result=sorted(one.all for one in got))

    assert W().run().result(SOON) == [[n] * 3 for n in range(5)]


def test_two_joins_of_one_list_get_what_they_take_once_each(lab: Lab) -> None:
    class W(Fanning):
        @step
        def work(self, ctx: Context, ev: A) -> B | C:
            return B(n=ev.n) if ev.n % 2 else C(n=ev.n)

        @step
        def odd(self, evs: list[B]) -> D:
            return D(which="odd", got=sorted(one.n for one in evs))

        @step
        def both(self, evs: list[B | C]) -> D:
            return D(which="both", got=sorted(one.n for one in evs))

        @step
        def end(self, ctx: Context, ev: D) -> StopEvent | None:
            got = ctx.collect_events(ev, [D, D])
            return None if got is None else StopEvent(result={one.which: one.got for one in got})

    assert W().run(count=5).result(SOON) == {"odd": [1, 3], "both": [0, 1, 2, 3, 4]}
    assert W().run(count=0).result(SOON) == {"odd": [], "both": []}


def test_take_is_run_for_the_first_and_the_others_go_on(lab: Lab) -> None:
    gate = Gate()

    class W(Fanning):
        @step(num_workers=5)
        def work(self, ev: A) -> B:
            if ev.n > 1:
                gate.stand()
                done.append(ev.n)
            return B(n=ev.n)

        @step
        def gather(self, evs: Annotated[list[B], Collect(Take(2))]) -> C:
            firsts.append(sorted(one.n for one in evs))
            gate.open()
            return C()

        @step
        def end(self, evs: list[B]) -> D:
            return D(n=len(evs))

        @step
        def last(self, c: C, d: D) -> StopEvent:
            return StopEvent(result=d.n)

    done: list[int] = []
    firsts: list[list[int]] = []
    assert W().run(count=4).result(SOON) == 4
    assert firsts == [[0, 1]]
    assert sorted(done) == [2, 3]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_take_is_run_for_fewer_where_fewer_come(count: int, lab: Lab) -> None:
    class W(Fanning):
        @step
        def work(self, ev: A) -> B:
            return B(n=ev.n)

        @step
        def gather(self, evs: Annotated[list[B], Collect(Take(3))]) -> StopEvent:
            return StopEvent(result=len(evs))

    assert W().run(count=count).result(SOON) == count


def test_all_is_what_is_meant_without_a_word(lab: Lab) -> None:
    class W(Fanning):
        @step
        def work(self, ev: A) -> B:
            return B(n=ev.n)

        @step
        def gather(self, evs: Annotated[list[B], Collect(All())]) -> StopEvent:
            return StopEvent(result=len(evs))

    assert W().run(count=3).result(SOON) == 3


def test_a_list_may_hold_several_types_and_steps_may_return_one_or_many(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A | B] | C:
            return C(n=7) if ev.single else [A(n=1), B(n=2), A(n=3)]

        @step
        def work(self, ev: A | B) -> D:
            return D(n=ev.n)

        @step
        def gather(self, evs: list[D]) -> C:
            return C(n=sum(one.n for one in evs))

        @step
        def end(self, ev: C) -> StopEvent:
            return StopEvent(result=ev.n)

    assert W().run(single=False).result(SOON) == 6
    assert W().run(single=True).result(SOON) == 7


def test_a_stop_event_in_a_list_ends_the_run(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A | StopEvent]:
            return [A(), StopEvent(result="in the list"), A()]

        @step
        def work(self, ev: A) -> None: ...

    assert W(skip_graph_checks=["dead_end"]).run().result(SOON) == "in the list"


def test_events_that_are_sent_outside_of_any_list_are_given_when_nothing_is_on_its_way(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> A | B:
            for n in range(3):
                ctx.send_event(A(n=n))

        @step(num_workers=1)
        async def work(self, ev: A) -> B:
            await asyncio.sleep(0)
            return B(n=ev.n)

        @step
        def gather(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=[one.n for one in evs])

    assert W(disable_validation=True).run().result(SOON) == [0, 1, 2]


def test_without_any_event_a_list_outside_of_any_list_is_not_given(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A | None:
            return None

        @step
        def gather(self, evs: list[A]) -> StopEvent:
            return StopEvent()

    future = W(disable_validation=True).run()
    with pytest.raises(WorkflowStalled):
        future.result(SOON)
    assert steps(future, "gather") == []


def test_what_waits_in_a_join_of_a_list_that_has_ended_is_named_when_the_run_stalls(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(), A(), A()]

        @step
        def work(self, ev: A) -> B | C:
            return B(n=ev.n)

        @step
        def pair(self, b: B, c: C) -> D:
            return D()

        @step
        def gather(self, evs: list[D]) -> StopEvent | None:
            return StopEvent(result=len(evs)) if evs else None

    future = W().run()
    with pytest.raises(WorkflowStalled, match="pair waits for C"):
        future.result(SOON)


def test_the_log_tells_of_a_join(lab: Lab) -> None:
    class W(Fanning):
        @step
        def gather(self, evs: list[A]) -> StopEvent:
            return StopEvent()

    future = W().run(count=2)
    future.result(SOON)
    assert [(one.event, one.step, one.join, one.have, one.needs) for one in of(future, r.EventHeld)] == [
        (2, "gather", "", 1, ()),
        (3, "gather", "", 2, ()),
    ]
    (filled,) = of(future, r.JoinFilled)
    assert (filled.step, filled.join, filled.events) == ("gather", "", (2, 3))
    last = steps(future, "gather")[0]
    assert last.takes == (2, 3)


@pytest.mark.parametrize("given", [[A(), 3], [None], ["text"], [[A()]]])
def test_a_list_of_what_is_no_event(given: list[Any], lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return given

        @step
        def gather(self, evs: list[A]) -> StopEvent:
            return StopEvent()

    with pytest.raises(WorkflowRuntimeError, match="all of it must be events"):
        W().run().result(SOON)


def test_a_list_where_the_annotation_names_none(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A:
            return [A(), A()]  # type: ignore[return-value]

        @step
        def end(self, ev: A) -> StopEvent:
            return StopEvent()

    with pytest.raises(WorkflowRuntimeError, match=r"-> list\[A\]"):
        W().run().result(SOON)


def test_one_event_where_the_annotation_names_a_list(lab: Lab) -> None:
    class W(Fanning):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return A()  # type: ignore[return-value]

        @step
        def gather(self, evs: list[A]) -> StopEvent:
            return StopEvent()

    with pytest.raises(WorkflowRuntimeError, match="return a list"):
        W().run().result(SOON)


def test_a_tuple_is_a_list_too(lab: Lab) -> None:
    class W(Fanning):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return (A(n=1), A(n=2))  # type: ignore[return-value]

        @step
        def gather(self, evs: list[A]) -> StopEvent:
            return StopEvent(result=[type(evs), [one.n for one in evs]])

    assert W().run().result(SOON) == [list, [1, 2]]


def test_collecting_inside_a_list(lab: Lab) -> None:
    """What a full round gives belongs to the list of the event that made it full."""

    class W(Fanning):
        @step(num_workers=1)
        def pair(self, ctx: Context, ev: A) -> B | None:
            got = ctx.collect_events(ev, [A, A])
            return None if got is None else B(n=sum(one.n for one in got))

        @step
        def gather(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    assert W().run(count=4).result(SOON) == [1, 5]


def test_a_member_that_is_tried_again_keeps_its_list_open(timed: Lab) -> None:
    class W(Fanning):
        @step(retry_policy=fl.Retry(1, backoff=(9, 9)))
        async def work(self, ctx: Context, ev: A) -> B:
            if ev.n == 0 and not ctx.retry_info().retry_number:
                raise Boom
            return B(n=ev.n)

        @step
        def gather(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=[one.n for one in evs])

    future = W(timeout=None).run(count=2)
    eventually(lambda: states(future, "work").count("succeeded") == 1 and timed.clock.planned)
    assert not future.done()
    assert steps(future, "gather") == []
    timed.clock.advance(9)
    assert future.result(SOON) == [1, 0]


def test_lists_five_levels_deep(lab: Lab) -> None:
    class L1(A): ...

    class L2(A): ...

    class L3(A): ...

    class U1(B): ...

    class U2(B): ...

    class U3(B): ...

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[L1]:
            return [L1(), L1()]

        @step
        def two(self, ev: L1) -> list[L2]:
            return [L2(), L2()]

        @step
        def three(self, ev: L2) -> list[L3]:
            return [L3(), L3()]

        @step
        def bottom(self, ev: L3) -> U3:
            return U3(n=1)

        @step
        def up_three(self, evs: list[U3]) -> U2:
            return U2(n=sum(one.n for one in evs))

        @step
        def up_two(self, evs: list[U2]) -> U1:
            return U1(n=sum(one.n for one in evs))

        @step
        def up_one(self, evs: list[U1]) -> StopEvent:
            return StopEvent(result=[one.n for one in evs])

    assert W().run().result(SOON) == [4, 4]
