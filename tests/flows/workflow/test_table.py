"""The table: who takes which event, which joins wait for a list, what handles a failure, what types are called."""

import itertools
from typing import Annotated, Any, Generic, TypeVar

import pytest

from ipyflow.flows.workflow.collect import Collect, Take
from ipyflow.flows.workflow.context import Context
from ipyflow.flows.workflow.events import (
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StepFailedEvent,
    StopEvent,
)
from ipyflow.flows.workflow.steps import catch_error, step
from ipyflow.flows.workflow.table import Table
from ipyflow.flows.workflow.workflow import Workflow

T = TypeVar("T")


class A(Event):
    pass


class SubA(A):
    pass


class SubSubA(SubA):
    pass


class B(Event):
    pass


class C(Event):
    pass


class D(Event):
    pass


def table(*fns: Any) -> Table:
    return Table("W", {fn._step.name: fn._step for fn in fns})


def takers(made: Table, kind: type) -> list[tuple[str, int]]:
    return [(one.name, index) for one, index in made.takers(kind)]


@step
def start(ev: StartEvent) -> A: ...


@step
def end(ev: A) -> StopEvent: ...


def test_takers_in_the_order_of_definition() -> None:
    @step
    def first(ev: A | B) -> None: ...
    @step
    def second(ev: A) -> None: ...

    made = table(first, start, second)
    assert takers(made, A) == [("first", 0), ("second", 0)]
    assert takers(made, B) == [("first", 0)]
    assert takers(made, C) == []
    assert made.takers(A) is made.takers(A)


def test_a_step_with_two_parameters_of_a_type_is_there_twice() -> None:
    @step
    def both(a: A, b: B, again: A) -> None: ...

    assert takers(table(both), A) == [("both", 0), ("both", 2)]
    assert takers(table(both), B) == [("both", 1)]


def test_types_are_taken_exactly() -> None:
    made = table(end)
    assert takers(made, SubA) == []
    assert takers(made, Event) == []


def test_subclasses_where_they_are_accepted() -> None:
    @step(accept_event_subclasses=True)
    def wide(ev: A | StartEvent) -> None: ...
    @step(accept_event_subclasses=True)
    def wider(ev: list[Event]) -> None: ...

    made = table(end, wide, wider)
    assert takers(made, A) == [("end", 0), ("wide", 0), ("wider", 0)]
    assert takers(made, SubSubA) == [("wide", 0), ("wider", 0)]
    assert takers(made, B) == [("wider", 0)]


def test_generic_events_go_by_their_parameters() -> None:
    class Holds(Event, Generic[T]):
        value: T

    @step
    def numbers(ev: Holds[int]) -> None: ...
    @step(accept_event_subclasses=True)
    def every(ev: Holds) -> None: ...

    made = table(numbers, every)
    assert takers(made, type(Holds[int](value=1))) == [("numbers", 0), ("every", 0)]
    assert takers(made, type(Holds[str](value=""))) == [("every", 0)]


def test_start_and_stop() -> None:
    class Begin(StartEvent):
        pass

    class Ready(StopEvent):
        pass

    @step
    def begin(ev: Begin) -> Ready | A: ...
    @step
    def other(ev: A) -> list[StopEvent]: ...

    made = table(begin, other)
    assert (made.start, made.starts, made.stops) == (Begin, (Begin,), (Ready, StopEvent))
    assert (table().start, table().starts, table().stops) == (StartEvent, (), ())


def test_what_comes_from_outside() -> None:
    @step
    def asks(ev: StartEvent) -> InputRequiredEvent: ...
    @step
    def hears(ev: HumanResponseEvent | B) -> StopEvent: ...
    @catch_error
    def heals(ev: StepFailedEvent) -> StopEvent: ...

    made = table(asks, hears, heals)
    assert made.outside == (HumanResponseEvent, B)
    assert made.asks
    assert table(start, end).outside == ()
    assert not table(start, end).asks


def test_subclasses_that_are_accepted_do_not_come_from_outside() -> None:
    @step
    def gives(ev: StartEvent) -> SubA: ...
    @step(accept_event_subclasses=True)
    def wide(ev: A) -> StopEvent: ...

    assert table(gives, wide).outside == ()
    assert table(gives, end).outside == (A,)


def test_what_a_step_can_give() -> None:
    @step
    def gives(ev: StartEvent) -> A | list[B | C] | None: ...

    assert table(gives).can_give("gives") == {A, B, C}


# Handlers.


def test_handlers() -> None:
    @step
    def fetch(ev: StartEvent) -> A: ...
    @catch_error
    def every(ev: StepFailedEvent) -> StopEvent: ...
    @catch_error(for_steps=["fetch"])
    def one(ev: StepFailedEvent) -> StopEvent: ...

    made = table(every, fetch, end, one)
    assert made.handler_for("fetch") is one._step
    assert made.handler_for("end") is every._step
    assert made.handler_for("one") is made.handler_for("every") is None
    assert table(start, one).handler_for("start") is None
    assert takers(made, StepFailedEvent) == []


# Joins of lists.


@step
def fan(ev: StartEvent) -> list[A]: ...


@step
def join(evs: list[B]) -> C: ...


@step
def last(ev: C) -> StopEvent: ...


def test_a_list_and_its_join() -> None:
    @step
    def work(ev: A) -> B | None: ...

    made = table(fan, work, join, last)
    assert made.list_joins("fan") == ("join",)
    assert made.list_joins("work") == made.list_joins("join") == ()
    assert made.level_of_list("fan") == {A, B}
    assert made.level_of([StartEvent]) == {StartEvent, C, StopEvent}


def test_a_join_right_behind_a_list() -> None:
    @step
    def collect(evs: Annotated[list[A], Collect(Take(2))]) -> StopEvent: ...

    assert table(fan, collect).list_joins("fan") == ("collect",)


def test_the_way_to_a_join_may_be_long() -> None:
    kinds: list[type[Event]] = [A, *[type(f"K{n}", (Event,), {}) for n in range(20)], B]
    steps = []
    for n, (taken, given) in enumerate(itertools.pairwise(kinds)):

        def way(ev: Any) -> Any: ...

        way.__name__ = f"s{n}"
        way.__annotations__ = {"ev": taken, "return": given}
        steps.append(step(way))
    assert table(fan, *steps, join).list_joins("fan") == ("join",)


def test_one_list_may_reach_several_joins() -> None:
    @step
    def work(ev: A) -> B | D: ...
    @step
    def other(evs: list[D | A]) -> C: ...

    assert set(table(fan, work, join, other).list_joins("fan")) == {"join", "other"}


def test_what_a_join_gives_is_behind_the_list() -> None:
    @step
    def work(ev: A) -> B: ...
    @step
    def again(evs: list[C]) -> StopEvent: ...

    assert table(fan, work, join, again).list_joins("fan") == ("join",)


def test_a_list_in_a_list_comes_back_by_its_join() -> None:
    @step
    def inner_fan(ev: A) -> list[D]: ...
    @step
    def inner_join(evs: list[D]) -> B: ...

    made = table(fan, inner_fan, inner_join, join)
    assert made.list_joins("fan") == ("join",)
    assert made.list_joins("inner_fan") == ("inner_join",)
    assert made.level_of_list("fan") == {A, B}


def test_a_list_in_a_list_without_a_join_of_its_own_stays_below() -> None:
    @step
    def inner_fan(ev: A) -> list[B]: ...

    made = table(fan, inner_fan, join, last)
    assert made.list_joins("fan") == ()
    assert made.list_joins("inner_fan") == ("join",)


def test_three_levels() -> None:
    class E(Event):
        pass

    class F(Event):
        pass

    @step
    def second(ev: A) -> list[D]: ...
    @step
    def third(ev: D) -> list[E]: ...
    @step
    def join_third(evs: list[E]) -> F: ...
    @step
    def join_second(evs: list[F]) -> B: ...

    made = table(fan, second, third, join_third, join_second, join)
    assert made.list_joins("third") == ("join_third",)
    assert made.list_joins("second") == ("join_second",)
    assert made.list_joins("fan") == ("join",)


def test_a_join_may_return_a_list_itself() -> None:
    @step
    def work(ev: A) -> B: ...
    @step
    def rejoin(evs: list[B]) -> list[D]: ...
    @step
    def once_more(evs: list[D]) -> StopEvent: ...

    made = table(fan, work, rejoin, once_more)
    assert made.list_joins("fan") == ("rejoin",)
    assert made.list_joins("rejoin") == ("once_more",)


def test_lists_in_a_circle_come_to_an_end() -> None:
    @step
    def again(ev: A) -> list[A] | B: ...

    made = table(fan, again, join)
    assert made.list_joins("fan") == made.list_joins("again") == ("join",)


def test_events_that_are_put_together_are_passed_on() -> None:
    @step
    def work(ev: A) -> B | D: ...
    @step
    def both(b: B, d: D) -> C: ...
    @step
    def collect(evs: list[C]) -> StopEvent: ...

    assert table(fan, work, both, collect).list_joins("fan") == ("collect",)


def test_a_failure_that_is_handled_stays_in_the_list() -> None:
    @step
    def work(ev: A) -> StopEvent: ...
    @catch_error(for_steps=["work"])
    def heal(ev: StepFailedEvent) -> B: ...

    assert table(fan, work, heal, join).list_joins("fan") == ("join",)


def test_subclasses_reach_joins_that_accept_them() -> None:
    @step
    def subs(ev: StartEvent) -> list[SubA]: ...
    @step
    def narrow(evs: list[A]) -> StopEvent: ...
    @step(accept_event_subclasses=True)
    def wide(evs: list[A]) -> StopEvent: ...

    assert table(subs, narrow, wide).list_joins("subs") == ("wide",)


# Names of types, and the state.


def test_labels_are_short() -> None:
    made = table(start, end)
    assert [made.label(kind) for kind in (StartEvent, A, StopEvent, B)] == ["StartEvent", "A", "StopEvent", "B"]


def made_in(module: str, qualname: str = "A") -> type[Event]:
    return type("A", (Event,), {"__module__": module, "__qualname__": qualname})


def taking(*kinds: type[Event]) -> Table:
    def s(ev: Any) -> None: ...

    s.__annotations__["ev"] = kinds[0]
    for kind in kinds[1:]:
        s.__annotations__["ev"] |= kind
    return table(step(s))


def test_labels_tell_types_of_one_name_apart() -> None:
    one, two = made_in("m"), made_in("n")
    assert [taking(one, two, B).label(kind) for kind in (one, two, B)] == ["m.A", "n.A", "B"]
    one, two = made_in("m"), made_in("m", "Outer.A")
    assert len({taking(one, two).label(kind) for kind in (one, two)}) == 2
    one, two = made_in("m"), made_in("m")
    assert [taking(one, two).label(kind) for kind in (one, two)] == ["A (1)", "A (2)"]


def test_labels_of_unknown_types() -> None:
    known = made_in("m")
    made = taking(known)
    assert made.label(made_in("n")) == "n.A"
    assert made.label(made_in("m", "Outer.A")) == "m.Outer.A"
    assert made.label(made_in("m")) == "A (defined anew)"
    both = taking(known, made_in("n"))
    assert both.label(made_in("m")) == "A (defined anew)"
    assert made.label(int) == "int"


class Plain:
    pass


class Rich(Plain):
    pass


class Strange:
    pass


@pytest.mark.parametrize(
    ("states", "found"), [([], None), ([Plain], Plain), ([Plain, Rich, Plain], Rich), ([Plain, Strange], None)]
)
def test_the_state_is_the_one_that_fits_all(states: list[type], found: type | None) -> None:
    steps = []
    for n, state in enumerate(states):

        def s(ctx: Any, ev: A) -> None: ...

        s.__name__ = f"s{n}"
        s.__annotations__["ctx"] = Context[state]
        steps.append(step(s))
    assert table(*steps).state_type is found


def test_all_runs_of_a_class_share_its_table() -> None:
    class W(Workflow):
        @step
        async def one(self, ev: StartEvent) -> StopEvent: ...

    assert W().table is W().table is W.table
