# ruff: noqa: F821, UP006, UP007, UP035, UP045
"""What a step's function says of itself: what can be read, and what every message says to write."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any, Generic, List, Never, NoReturn, Optional, TypeVar, Union

import pytest

from ipyflow.errors import WorkflowValidationError
from ipyflow.flows.workflow.collect import All, Collect, Take
from ipyflow.flows.workflow.context import Context
from ipyflow.flows.workflow.events import Event, StartEvent, StepFailedEvent, StopEvent
from ipyflow.flows.workflow.resources import Resource, ResourceConfig
from ipyflow.flows.workflow.signature import Signature, read

T = TypeVar("T")
E = TypeVar("E", bound=Event)


class A(Event):
    pass


class B(Event):
    pass


class Holds(Event, Generic[T]):
    pass


class State:
    pass


AB = TypeVar("AB", A, B)


def of(fn: Callable[..., Any], **scope: Any) -> Signature:
    return read(fn, scope)


def refused(fn: Callable[..., Any], *words: str) -> None:
    with pytest.raises(WorkflowValidationError) as caught:
        read(fn, {})
    message = str(caught.value)
    assert message.startswith(f"step {fn.__qualname__}: ")
    assert re.search(r"[:,;] .*(write|take|annotate|return|Define|leave|give)", message), "it says what to do"
    for word in words:
        assert word in message, message


# What is taken.


def test_one_event() -> None:
    def s(self, ev: A) -> StopEvent: ...

    found = of(s)
    assert found.takes_self
    assert [(one.name, one.types, one.collect) for one in found.takes] == [("ev", (A,), None)]
    assert found.order == ("ev",)
    assert found.gives == (StopEvent,)
    assert found.gives_lists == ()
    assert found.context is None
    assert found.by_place


@pytest.mark.parametrize(
    "hint", [A | B, Union[A, B], Optional[A | B], A | B | None, "A | B", "Optional[Union[A, B]]", AB]
)
def test_one_of_several_types(hint: Any) -> None:
    def s(ev) -> StopEvent: ...

    s.__annotations__["ev"] = hint
    assert [one.types for one in of(s).takes] == [(A, B)]


def test_types_with_a_bound() -> None:
    def s(ev: E) -> E: ...

    assert of(s).takes[0].types == (Event,) == of(s).gives


def test_generic_events() -> None:
    def s(ev: Holds[int]) -> Holds[str] | list[Holds[int]]: ...

    found = of(s)
    assert found.takes[0].types == (Holds[int],)
    assert (found.gives, found.gives_lists) == ((Holds[str],), (Holds[int],))


@pytest.mark.parametrize(
    "hint",
    [list[A], List[A], Annotated[list[A], Collect()], list[A] | None, "list[A]", list["A"], List["A"]],
)
def test_a_list(hint: Any) -> None:
    def s(evs) -> StopEvent: ...

    s.__annotations__["evs"] = hint
    found = of(s)
    assert [(one.name, one.types, one.collect) for one in found.takes] == [("evs", (A,), Collect(All()))]


@pytest.mark.parametrize(
    "hint",
    [
        Annotated[list[A | B], Collect(Take(2))],
        Annotated[list[A | B], Collect(Take(2))] | None,
        "Annotated[list[A | B], Collect(Take(2))]",
        Annotated[list["A | B"], "said", Collect(Take(2))],
    ],
)
def test_a_list_of_which_some_are_enough(hint: Any) -> None:
    def s(evs) -> StopEvent: ...

    s.__annotations__["evs"] = hint
    found = of(s)
    assert [(one.types, one.collect) for one in found.takes] == [((A, B), Collect(Take(2)))]


def test_several_events_together() -> None:
    def s(self, b: B, ctx: Context, a: A, again: A) -> StopEvent: ...

    found = of(s)
    assert [(one.name, one.types) for one in found.takes] == [("b", (B,)), ("a", (A,)), ("again", (A,))]
    assert found.order == ("b", "ctx", "a", "again")


def test_annotated_events_are_events() -> None:
    def s(ev: Annotated[A, "what came"]) -> Annotated[B, "what goes"]: ...

    assert of(s).takes[0].types == (A,)
    assert of(s).gives == (B,)


# The context and resources.


@pytest.mark.parametrize("hint", [Context, "Context", Context | None, Optional["Context"], Context[Any]])
def test_the_context(hint: Any) -> None:
    def s(c, ev: A) -> StopEvent: ...

    s.__annotations__["c"] = hint
    found = of(s)
    assert (found.context, found.state_type) == ("c", None)
    assert found.order == ("c", "ev")


@pytest.mark.parametrize("hint", [Context[State], "Context[State]", Context["State"], Context[State] | None])
def test_the_state_of_the_context(hint: Any) -> None:
    def s(ctx, ev: A) -> StopEvent: ...

    s.__annotations__["ctx"] = hint
    assert of(s).state_type is State


def test_a_parameter_called_ctx_is_the_context() -> None:
    def s(self, ctx, ev: A) -> StopEvent: ...
    def t(ctx, ev: A) -> StopEvent: ...

    assert of(s).context == of(t).context == "ctx"
    assert not of(t).takes_self


def test_resources() -> None:
    def make() -> State: ...

    made, config = Resource(make), ResourceConfig(config_file="x.json")

    def s(
        ev: A, a: Annotated[State, made], b: Annotated[dict, "b", config], c: Annotated[State, made] | None
    ) -> None: ...

    found = of(s)
    assert found.resources == (("a", State, made), ("b", dict, config), ("c", State, made))
    assert found.order == ("ev", "a", "b", "c")


def test_what_is_known_by_a_mark_needs_no_import() -> None:
    class Other(Generic[T]):
        _is_workflow_context = True

    class Given:
        _is_workflow_resource = True

    given = Given()

    def s(c: Other[State], ev: A, g: Annotated[int, given]) -> None: ...

    found = of(s)
    assert (found.context, found.state_type, found.resources) == ("c", State, (("g", int, given),))


def test_parameters_with_a_default_are_left_alone() -> None:
    def s(ev: A, limit: int = 3, *args: Any, **more: Any) -> StopEvent: ...

    assert of(s).order == ("ev",)
    assert of(s).by_place


def test_what_has_to_be_called_by_name() -> None:
    def keyword(ctx: Context, *, ev: A) -> StopEvent: ...
    def between(ev: A, limit: int = 3, ctx: Context | None = None) -> StopEvent: ...

    assert not of(keyword).by_place
    assert not of(between).by_place
    assert of(between).order == ("ev", "ctx")


# What is given.


@pytest.mark.parametrize(
    ("hint", "gives", "lists"),
    [
        (None, (), ()),
        (A, (A,), ()),
        (A | None, (A,), ()),
        (Optional[A], (A,), ()),
        (Union[A, B, None], (A, B), ()),
        ("A | B", (A, B), ()),
        ("Optional[A]", (A,), ()),
        (list[A], (), (A,)),
        (list[A | B] | None, (), (A, B)),
        (list[A] | list[B] | A, (A,), (A, B)),
        (list[list[A]], (), (A,)),
        ("list[A] | B", (B,), (A,)),
        (Any, (), ()),
        (NoReturn, (), ()),
        (Never, (), ()),
    ],
)
def test_what_is_given(hint: Any, gives: Any, lists: Any) -> None:
    def s(ev: A): ...

    s.__annotations__["return"] = hint
    assert (of(s).gives, of(s).gives_lists) == (gives, lists)


# Methods.


class Methods:
    def plain(self, ev: A) -> StopEvent: ...
    def this(this, ev: A) -> StopEvent: ...
    def without(ev: A) -> StopEvent: ...


def test_methods_have_a_self() -> None:
    assert of(Methods.plain).takes_self
    assert of(Methods.this).takes_self
    assert not of(Methods.without).takes_self


# What cannot be.


def test_it_must_take_an_event() -> None:
    def none(self) -> StopEvent: ...
    def context(ctx: Context) -> StopEvent: ...

    refused(none, "it takes no event", "`ev: StartEvent`")
    refused(context, "it takes no event")


def test_it_must_say_what_it_gives() -> None:
    def s(ev: A): ...

    refused(s, "it does not say what it gives", "`-> StopEvent`", "`-> None`")


def test_parameters_must_be_known() -> None:
    def number(ev: A, limit: int) -> None: ...
    def bare(ev) -> None: ...
    def either(ev: A | int) -> None: ...
    def lists(ev: A, more: list[int]) -> None: ...
    def several(ev: Sequence[A]) -> None: ...

    refused(number, "limit: int is neither an event nor the context nor a resource", "Annotated[int, Resource(...)]")
    refused(bare, "ev has no annotation", "`ev: StartEvent`")
    refused(either, "ev: ", "A | int", "neither an event")
    refused(lists, "more: list[int]")
    refused(several, "Sequence[")


def test_only_one_context() -> None:
    def s(ctx: Context, other: Context, ev: A) -> None: ...

    refused(s, "ctx and other are both the context")


def test_what_is_given_must_be_events() -> None:
    def text(ev: A) -> str: ...
    def some(ev: A) -> A | int: ...
    def bare(ev: A) -> list: ...
    def numbers(ev: A) -> list[int]: ...
    def pair(ev: A) -> tuple[A, B]: ...
    def kind(ev: A) -> type[A]: ...

    refused(text, "it gives str, which is no event", "`return StopEvent(result=...)`")
    refused(some, "it gives int")
    refused(bare, "it gives list")
    refused(numbers, "it gives int")
    refused(pair, "it gives tuple[")
    refused(kind, "it gives type[")


def test_events_are_not_given_one_by_one() -> None:
    def s(ev: A) -> AsyncIterator[A]: ...
    def t(ev: A) -> AsyncIterator: ...

    refused(s, "one by one", "`-> list[SomeEvent]`")
    refused(t, "one by one")


def test_several_events_have_one_type_each() -> None:
    def s(a: A | B, b: B) -> None: ...

    refused(s, "a takes one of several types", "`a: A, b: B`")


def test_a_list_is_taken_alone() -> None:
    def s(a: list[A], b: B) -> None: ...
    def t(a: A, b: list[B]) -> None: ...
    def lists(a: list[list[A]]) -> None: ...

    refused(s, "a takes a list of events and there are other events besides")
    refused(t, "b takes a list of events")
    refused(lists, "a takes lists of lists")


def test_collect_is_for_lists() -> None:
    def s(a: Annotated[A, Collect()]) -> None: ...
    def t(a: Annotated[list[int], Collect()]) -> None: ...

    refused(s, "a has a Collect(...) and is no list of events", "list[SomeEvent]")
    refused(t, "a has a Collect(...)")


def test_steps_are_called_by_name() -> None:
    def s(ev: A, /) -> None: ...

    refused(s, "ev can only be given by place", "take the `/` out")


def test_what_an_annotation_names_must_be_there() -> None:
    def s(ev: "Nowhere") -> None: ...
    def t(ev: A) -> "Nowhere | None": ...

    refused(s, "the annotation of ev cannot be read", "Nowhere", "above the step")
    refused(t, "the return annotation cannot be read", "Nowhere")


def test_names_of_the_scope_come_before_globals() -> None:
    def s(ev: "A") -> "StopEvent | None": ...

    class Other(Event):
        pass

    assert of(s, A=Other).takes[0].types == (Other,)
    assert of(s).takes[0].types == (A,)


def test_failures_and_starts_are_events() -> None:
    def s(ev: StepFailedEvent | StartEvent) -> None: ...

    assert of(s).takes[0].types == (StepFailedEvent, StartEvent)
