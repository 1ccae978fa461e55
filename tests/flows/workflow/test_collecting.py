"""``collect_events``: nothing is dropped, sets do not share, the body runs once for each event, the cost is linear."""

from __future__ import annotations

import random
import sys
import threading
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyflow.errors import ContextStateError, WorkflowRuntimeError
from ipyflow.flows.workflow.collecting import Buffer, Buffers
from ipyflow.flows.workflow.routing import Fan, Sent
from ipyflow.model import records as r
from ipyflow.testing import Lab
from ipyflow.workflows import Context, Event, StartEvent, StopEvent, Workflow, step
from tests.engine.gates import SOON, Gate, eventually
from tests.flows.workflow.common import A, B, Boom, C, D, of, steps

KINDS = (A, B, C)
FAN = Fan(None)


def arrival(kind: type[Event], number: int) -> Sent:
    return Sent(kind(), number, FAN, 0)


# The buffers alone.


class Model:
    """The same as a list that is looked through each time."""

    def __init__(self, expected: list[type[Event]]) -> None:
        self.expected, self.held = expected, []

    def add(self, sent: Sent) -> list[Sent] | None:
        if type(sent.event) not in self.expected:
            return None
        self.held.append(sent)
        out = []
        left = list(self.held)
        for kind in self.expected:
            found = next((one for one in left if type(one.event) is kind), None)
            if found is None:
                return None
            left.remove(found)
            out.append(found)
        self.held = left
        return out

    def missing(self) -> Counter[type[Event]]:
        return Counter(self.expected) - Counter(type(one.event) for one in self.held)


@given(
    expected=st.lists(st.sampled_from(KINDS), min_size=1, max_size=6),
    arrivals=st.lists(st.sampled_from((*KINDS, D)), max_size=40),
)
def test_a_buffer_gives_what_a_list_would(expected: list[type[Event]], arrivals: list[type[Event]]) -> None:
    buffer, model = Buffer(expected, ""), Model(expected)
    for number, kind in enumerate(arrivals, 1):
        sent = arrival(kind, number)
        assert buffer.add(sent) is (kind in expected)
        taken, wanted = buffer.take() if kind in expected else None, model.add(sent)
        assert taken == wanted
        assert buffer.waiting() == model.held
        assert Counter(dict(buffer.missing())) == model.missing()
        assert buffer.have == len(expected) - model.missing().total()


@given(
    expected=st.lists(st.sampled_from(KINDS), min_size=1, max_size=5),
    after=st.lists(st.sampled_from(KINDS), min_size=1, max_size=5),
    arrivals=st.lists(st.sampled_from(KINDS), max_size=20),
)
def test_a_buffer_that_is_asked_for_other_types_keeps_what_it_holds(
    expected: list[type[Event]], after: list[type[Event]], arrivals: list[type[Event]]
) -> None:
    buffer = Buffer(expected, "id")
    for number, kind in enumerate(arrivals, 1):
        if buffer.add(arrival(kind, number)):
            buffer.take()
    held = buffer.waiting()
    buffer.expect(after)
    assert buffer.waiting() == held
    assert buffer.have == sum(
        min(n, sum(type(one.event) is kind for one in held)) for kind, n in Counter(after).items()
    )


@given(
    sets=st.lists(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4), min_size=1, max_size=4), seed=st.integers()
)
def test_each_set_of_types_has_a_buffer_of_its_own(sets: list[list[type[Event]]], seed: int) -> None:
    buffers, rng = Buffers(), random.Random(seed)
    models = {frozenset(Counter(one).items()): Model(one) for one in sets}
    for number in range(1, 30):
        sent = arrival(rng.choice(KINDS), number)
        for expected in {frozenset(Counter(one).items()): one for one in sets}.values():
            buffer = buffers.find("step", list(expected), None)
            model = models[frozenset(Counter(expected).items())]
            model.expected = expected
            assert (buffer.take() if buffer.add(sent) else None) == model.add(sent)
    assert buffers.find("other", sets[0], None).waiting() == []
    assert len({name for _, _, buffer in buffers.all() for name in [buffer.name]}) >= len(models)


def test_buffers_with_an_id_are_apart_from_those_without() -> None:
    buffers = Buffers()
    one, two, three = (buffers.find("step", [A, A], id) for id in (None, "x", "y"))
    assert len({id(buffer) for buffer in (one, two, three)}) == 3
    assert buffers.find("step", [A, A], "x") is two
    assert buffers.find("step", [A, A], None) is one
    assert [one.name, two.name, three.name] == ["", "x", "y"]


def test_the_order_in_which_types_are_named_makes_no_other_buffer() -> None:
    buffers = Buffers()
    one = buffers.find("step", [A, B], None)
    one.add(arrival(A, 1))
    two = buffers.find("step", [B, A], None)
    assert two is one
    two.add(arrival(B, 2))
    assert [type(sent.event) for sent in two.take() or []] == [B, A]


@pytest.mark.parametrize("count", [500, 5000])
def test_the_work_for_an_event_does_not_depend_on_how_many_are_asked_for(count: int) -> None:
    buffers, calls = Buffers(), 0

    def profile(frame: Any, event: str, arg: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sents = [arrival(A, number) for number in range(count)]
    sys.setprofile(profile)
    try:
        for sent in sents:
            buffer = buffers.find("step", [A] * count, None)
            buffer.add(sent)
            buffer.take()
    finally:
        sys.setprofile(None)
    assert buffer.waiting() == []
    assert calls < 30 * count


# In a run.


class Collecting(Workflow):
    """Sends what the test says, one after the other, to a step with one worker that collects and notes what it got."""

    def __init__(self, *arrivals: type[Event], **options: Any) -> None:
        super().__init__(skip_graph_checks=["dead_end"], **options)
        self.arrivals = arrivals
        self.got: list[Any] = []
        self.bodies = 0

    @step
    def begin(self, ctx: Context, ev: StartEvent) -> A | B | C:
        counts: Counter[type[Event]] = Counter()
        for kind in self.arrivals:
            ctx.send_event(kind(n=counts[kind]))
            counts[kind] += 1

    @step(num_workers=1)
    def gather(self, ctx: Context, ev: A | B | C) -> StopEvent | None:
        self.bodies += 1
        self.collect(ctx, ev)
        return StopEvent(result=self.got) if self.bodies == len(self.arrivals) else None

    def collect(self, ctx: Context, ev: Event) -> None:
        raise NotImplementedError


def said(events: list[Any] | None) -> str:
    return "-" if events is None else " ".join(f"{type(one).__name__}{one.n}" for one in events)


class Plain(Collecting):
    expected: tuple[type[Event], ...] = (A, A, A)

    def collect(self, ctx: Context, ev: Event) -> None:
        self.got.append(said(ctx.collect_events(ev, list(self.expected))))


def got_for(lab: Lab, expected: tuple[type[Event], ...], *arrivals: type[Event]) -> list[str]:
    w = Plain(*arrivals)
    w.expected = expected
    return w.run().result(SOON)


def test_the_last_of_a_round_gets_them_all(lab: Lab) -> None:
    assert got_for(lab, (A, A, A), A, A, A) == ["-", "-", "A0 A1 A2"]


def test_a_new_round_begins_behind_a_full_one(lab: Lab) -> None:
    assert got_for(lab, (A, A, A), *[A] * 7) == ["-", "-", "A0 A1 A2", "-", "-", "A3 A4 A5", "-"]


def test_what_is_left_over_of_one_type_waits_for_the_next_round(lab: Lab) -> None:
    """The original drops A1 and A2 here."""
    assert got_for(lab, (A, B), A, A, A, B, B) == ["-", "-", "-", "A0 B0", "A1 B1"]


def test_events_are_given_in_the_order_in_which_their_types_were_asked_for(lab: Lab) -> None:
    assert got_for(lab, (C, A, B, A), A, B, C, A) == ["-", "-", "-", "C0 A0 B0 A1"]


def test_a_type_that_is_not_asked_for_does_not_matter(lab: Lab) -> None:
    assert got_for(lab, (A, A), A, B, C, A) == ["-", "-", "-", "A0 A1"]


def test_two_sets_in_one_step_are_collected_apart_and_an_event_counts_for_each(lab: Lab) -> None:
    """In the original the first set that is full takes the other's events with it."""

    class Two(Collecting):
        def collect(self, ctx: Context, ev: Event) -> None:
            self.got.append((said(ctx.collect_events(ev, [A, B])), said(ctx.collect_events(ev, [A, C]))))

    assert Two(A, B, C).run().result(SOON) == [("-", "-"), ("A0 B0", "-"), ("-", "A0 C0")]


def test_one_set_twice_with_ids(lab: Lab) -> None:
    class Two(Collecting):
        def collect(self, ctx: Context, ev: Event) -> None:
            ids = ("x",) if ev["n"] % 2 else ("y",)
            self.got.append([said(ctx.collect_events(ev, [A, A], buffer_id=id)) for id in ids])

    assert Two(A, A, A, A).run().result(SOON) == [["-"], ["-"], ["A0 A2"], ["A1 A3"]]


def test_two_steps_that_collect_one_type_get_all_of_it_each(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A:
            for n in range(3):
                ctx.send_event(A(n=n))

        @step(num_workers=1)
        def two(self, ctx: Context, ev: A) -> B | None:
            got = ctx.collect_events(ev, [A, A])
            return None if got is None else B(said=said(got))

        @step(num_workers=1)
        def three(self, ctx: Context, ev: A) -> C | None:
            got = ctx.collect_events(ev, [A, A, A])
            return None if got is None else C(said=said(got))

        @step
        def end(self, b: B, c: C) -> StopEvent:
            return StopEvent(result=[b.said, c.said])

    assert W().run().result(SOON) == ["A0 A1", "A0 A1 A2"]


def test_nothing_expected_is_an_empty_list(lab: Lab) -> None:
    class Empty(Collecting):
        def collect(self, ctx: Context, ev: Event) -> None:
            self.got.append(ctx.collect_events(ev, []))

    assert Empty(A, B).run().result(SOON) == [[], []]


def test_the_types_may_be_any_sequence(lab: Lab) -> None:
    class Tuple(Collecting):
        def collect(self, ctx: Context, ev: Event) -> None:
            self.got.append(said(ctx.collect_events(ev, (A, B))))

    assert Tuple(A, B).run().result(SOON) == ["-", "A0 B0"]


def test_asked_twice_for_the_same_it_gives_the_same(lab: Lab) -> None:
    class Twice(Collecting):
        def collect(self, ctx: Context, ev: Event) -> None:
            self.got.append([said(ctx.collect_events(ev, [A, A])) for _ in range(2)])

    assert Twice(A, A, A, A).run().result(SOON) == [["-", "-"], ["A0 A1", "A0 A1"], ["-", "-"], ["A2 A3", "A2 A3"]]


def test_the_body_runs_once_for_each_event_with_many_workers(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> A:
            for n in range(200):
                ctx.send_event(A(n=n))

        @step(num_workers=8)
        def gather(self, ctx: Context, ev: A) -> StopEvent | None:
            with lock:
                bodies.append(ev.n)
            got = ctx.collect_events(ev, [A] * 200)
            return None if got is None else StopEvent(result=sorted(one.n for one in got))

    bodies: list[int] = []
    lock = threading.Lock()
    assert W().run().result(SOON) == list(range(200))
    assert sorted(bodies) == list(range(200))


class Again(Workflow):
    """Fails once for each round that is full; ends when it has done with all five events."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[int, list[str]] = {}
        self.done: set[int] = set()

    @step
    def begin(self, ev: StartEvent) -> list[A]:
        return [A(n=n) for n in range(5)]

    def body(self, ctx: Context, ev: A) -> StopEvent | None:
        got = said(ctx.collect_events(ev, [A, A]))
        seen = self.seen.setdefault(ev.n, [])
        seen.append(got)
        if got != "-" and len(seen) == 1:
            raise Boom
        self.done.add(ev.n)
        return StopEvent() if len(self.done) == 5 else None

    def check(self) -> None:
        assert {n: set(seen) for n, seen in self.seen.items()} == {
            0: {"-"}, 1: {"A0 A1"}, 2: {"-"}, 3: {"A2 A3"}, 4: {"-"},
        }  # fmt: skip
        assert len(self.seen[1]) > 1
        assert len(self.seen[3]) > 1


def test_a_body_that_is_run_again_is_given_the_same(lab: Lab) -> None:
    class W(Again):
        @step(num_workers=1, retry_policy=1)
        def gather(self, ctx: Context, ev: A) -> StopEvent | None:
            return self.body(ctx, ev)

    w = W()
    w.run().result(SOON)
    w.check()


def test_a_retry_of_the_run_is_given_the_same(lab: Lab) -> None:
    class W(Again):
        @step(num_workers=1)
        def gather(self, ctx: Context, ev: A) -> StopEvent | None:
            return self.body(ctx, ev)

    w = W()
    future = w.run()
    while future.exception(SOON) is not None:
        assert future.run.wait(SOON)
        future.retry()
    w.check()


def test_subclasses_count_where_the_step_takes_them(lab: Lab) -> None:
    class Below(A):
        pass

    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A | Below:
            ctx.send_event(Below(n=1))
            ctx.send_event(A(n=2))

        @step(num_workers=1, accept_event_subclasses=True)
        def gather(self, ctx: Context, ev: A) -> StopEvent | None:
            got = ctx.collect_events(ev, [A, A])
            return None if got is None else StopEvent(result=[one.n for one in got])

    assert W().run().result(SOON) == [1, 2]


def test_the_log_shows_who_waits_for_what(lab: Lab) -> None:
    w = Plain(A, A, B)
    w.expected = (A, B)
    future = w.run()
    future.result(SOON)
    held, (filled,) = of(future, r.EventHeld), of(future, r.JoinFilled)
    assert [(one.event, one.step, one.join, one.have, one.needs) for one in held] == [
        (2, "gather", "", 1, (("B", 1),)),
        (3, "gather", "", 1, (("B", 1),)),
    ]
    assert (filled.step, filled.join, filled.events) == ("gather", "", (2, 4))
    assert len(steps(future, "gather")) == 3
    join = future.run.snapshot().workflows[future.id].joins["gather", ""]
    assert (join.events, join.filled) == ([3], 1)


def test_what_is_left_over_when_the_missing_type_comes_last_stays_in_the_picture(lab: Lab) -> None:
    w = Plain(A, A, A, B)
    w.expected = (A, A, B)
    future = w.run()
    future.result(SOON)
    assert future.run.snapshot().workflows[future.id].joins["gather", ""].events == [4]


def test_the_explanation_names_the_join_that_waits(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A | C:
            ctx.send_event(A())
            ctx.send_event(A())
            gate.stand()
            return C()

        @step
        def gather(self, ctx: Context, ev: A | C) -> StopEvent | None:
            return StopEvent() if ctx.collect_events(ev, [A, A, C]) else None

    future = W().run()
    gate.reached()
    eventually(lambda: len(of(future, r.EventHeld)) == 2)
    told = future.explain()
    assert "gather" in told
    assert "1 C" in told or "C" in told.split("gather")[1]
    gate.open()
    future.result(SOON)


def test_collecting_outside_of_a_step(lab: Lab) -> None:
    w = Plain(A, A, A)
    future = w.run()
    with pytest.raises(ContextStateError, match="for the body of a step"):
        future.ctx.collect_events(A(), [A, A])
    future.result(SOON)
    with pytest.raises(ContextStateError, match=r"run\(ctx"):
        Context(w).collect_events(A(), [A])


def test_collecting_what_is_no_event(lab: Lab) -> None:
    class Wrong(Collecting):
        def collect(self, ctx: Context, ev: Event) -> None:
            ctx.collect_events("text", [A])  # type: ignore[arg-type]

    with pytest.raises(WorkflowRuntimeError, match="'text'"):
        Wrong(A).run().result(SOON)


def test_ten_thousand_events_into_one_join_over_several_workers(lab: Lab) -> None:
    count = 10_000

    class W(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> A:
            for n in range(count):
                ctx.send_event(A(n=n))

        @step
        async def gather(self, ctx: Context, ev: A) -> StopEvent | None:
            got = ctx.collect_events(ev, [A] * count)
            return None if got is None else StopEvent(result=sum(one.n for one in got))

    future = W(timeout=None).run()
    assert future.result(40) == sum(range(count))
    assert len(of(future, r.EventHeld)) == count - 1
    assert len(steps(future, "gather")) == count
