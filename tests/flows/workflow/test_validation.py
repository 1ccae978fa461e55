"""What a workflow's check says: every rule, whole messages, and the ordinary programs that it has nothing against."""

import textwrap
from typing import Any

import pytest
from pydantic import BaseModel

from ipyflow.errors import WorkflowConfigurationError, WorkflowValidationError
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
from ipyflow.flows.workflow.validation import check, check_configuration
from ipyflow.flows.workflow.workflow import Workflow


class A(Event):
    pass


class SubA(A):
    pass


class B(Event):
    pass


class C(Event):
    pass


def problems(*fns: Any, skip: Any = (), kind: type[Exception] = WorkflowValidationError) -> list[str]:
    """The lines of the message, without the headline."""
    with pytest.raises(kind) as caught:
        check(Table("W", {fn._step.name: fn._step for fn in fns}), skip=skip)
    head, *lines = str(caught.value).split("\n  - ")
    count = f"there is {len(lines)} problem" if len(lines) == 1 else f"there are {len(lines)} problems"
    assert head == f"workflow W cannot run, {count}:"
    return lines


def right(*fns: Any, skip: Any = ()) -> None:
    check(Table("W", {fn._step.name: fn._step for fn in fns}), skip=skip)


@step
def start(ev: StartEvent) -> A: ...


@step
def end(ev: A) -> StopEvent: ...


# The message.


def test_the_whole_message() -> None:
    class StepTwoEvent(Event):
        pass

    class StepThreeEvent(Event):
        pass

    class ConcurrentFlow(Workflow):
        @step
        async def start(self, ev: StartEvent) -> StepTwoEvent: ...
        @step
        async def step_three(self, ev: StepThreeEvent) -> StopEvent: ...

    with pytest.raises(WorkflowValidationError) as caught:
        ConcurrentFlow().validate()
    assert str(caught.value) == (
        "workflow ConcurrentFlow cannot run, there are 2 problems:\n"
        "  - step_three takes StepThreeEvent, which no step gives: add it to the return annotation of the step that "
        "sends it (-> ... | StepThreeEvent), or send it from outside and make it a HumanResponseEvent\n"
        "  - start gives StepTwoEvent, which no step takes: write a step that takes it (ev: StepTwoEvent), or take it "
        "out of the return annotation and, if it is only for who listens, write ctx.write_event_to_stream(...)"
    )
    with pytest.raises(WorkflowValidationError, match=r"^workflow nightly cannot run"):
        ConcurrentFlow(workflow_name="nightly").validate()


def test_all_problems_stand_in_one_message() -> None:
    @step
    def spin(ev: B) -> B: ...
    @catch_error(for_steps=["nothing"])
    def heal(ev: StepFailedEvent) -> StopEvent: ...

    assert len(problems(start, spin, heal)) == 4


# No workflow at all.


def configuration(*fns: Any) -> list[str]:
    return problems(*fns, kind=WorkflowConfigurationError)


def test_no_steps() -> None:
    assert configuration() == ["it has no steps: put @step on its methods, or @step(workflow=...) on functions"]


def test_no_start_and_no_end() -> None:
    @step
    def middle(ev: A) -> B: ...

    assert configuration(middle) == [
        (
            "no step takes a StartEvent, so nothing would begin: let the first one take it (ev: StartEvent), or a "
            "subclass of it"
        ),
        "no step gives a StopEvent, so it would never end: return one in the last step (-> StopEvent)",
    ]


def test_several_starts() -> None:
    class One(StartEvent):
        pass

    class Two(StartEvent):
        pass

    @step
    def first(ev: One) -> StopEvent: ...
    @step
    def second(ev: Two | One) -> StopEvent: ...

    assert configuration(first, second) == [
        (
            "steps take several start events, One (first and second) and Two (second), and a run begins with one: let "
            "them take the same"
        )
    ]


def test_the_configuration_alone() -> None:
    check_configuration(Table("W", {"start": start._step, "end": end._step}))
    with pytest.raises(WorkflowConfigurationError, match="workflow V cannot run"):
        check_configuration(Table("W", {}), name="V")


# Events that nobody gives or takes.


def test_a_subclass_is_given() -> None:
    @step
    def gives(ev: StartEvent) -> SubA: ...

    assert problems(gives, end) == [
        (
            "end takes A, which no step gives: gives gives SubA, a subclass of it: take that, or write "
            "@step(accept_event_subclasses=True)"
        )
    ]


def test_some_of_the_takers_accept_subclasses() -> None:
    @step
    def gives(ev: StartEvent) -> SubA: ...
    @step(accept_event_subclasses=True)
    def wide(ev: A) -> StopEvent: ...

    assert len(problems(gives, wide, end)) == 1
    right(gives, wide)


def test_a_subclass_goes_nowhere() -> None:
    @step
    def gives(ev: StartEvent) -> SubA | A: ...

    assert problems(gives, end) == [
        (
            "gives gives SubA, which no step takes: end takes A, of which it is a subclass: write "
            "@step(accept_event_subclasses=True) there"
        )
    ]


def test_a_class_that_was_defined_again() -> None:
    old, new = A, type("A", (Event,), {"__module__": A.__module__, "__qualname__": A.__qualname__})

    def takes(ev: Any) -> StopEvent: ...

    takes.__annotations__["ev"] = new
    assert old is not new
    assert problems(start, step(takes)) == [
        (
            "takes takes A (1), which no step gives: start gives A (2), which is another class of this name, defined "
            "at another time: run the definition of the event and then that of the workflow again"
        )
    ]


def test_several_steps_have_the_problem() -> None:
    @step
    def one(ev: StartEvent) -> StopEvent | C: ...
    @step
    def two(ev: B | StartEvent) -> C | None: ...
    @step
    def three(ev: B) -> StopEvent: ...

    taken, given = problems(one, two, three)
    assert taken.startswith("two and three take B, which no step gives: ")
    assert given.startswith("one and two give C, which no step takes: ")


def test_what_goes_out_and_comes_from_outside() -> None:
    class Question(InputRequiredEvent):
        pass

    class Answer(HumanResponseEvent):
        pass

    @step
    def asks(ev: StartEvent) -> Question: ...
    @step
    def hears(ev: Answer | HumanResponseEvent) -> StopEvent: ...

    right(asks, hears)


def test_what_is_only_written_to_the_stream_is_not_annotated() -> None:
    @step
    def tells(ctx: Context, ev: StartEvent) -> StopEvent:
        ctx.write_event_to_stream(A())
        return StopEvent()

    right(tells)


def test_a_stop_event_cannot_be_taken() -> None:
    class Ready(StopEvent):
        pass

    @step
    def more(ev: Ready) -> StopEvent: ...
    @step
    def ready(ev: StartEvent) -> Ready: ...

    assert problems(ready, more) == [
        (
            "more takes Ready, which ends the run and goes to no step: take an event of your own, and give the "
            "StopEvent behind it"
        )
    ]


# Ways.


def test_steps_that_nothing_leads_to() -> None:
    @step
    def ping(ev: B) -> C: ...
    @step
    def pong(ev: C) -> B | StopEvent: ...

    assert problems(start, end, ping, pong) == [
        (
            "ping is never run: what it takes, B, is given only by pong, never run either: give it in a step that "
            "StartEvent leads to"
        ),
        (
            "pong is never run: what it takes, C, is given only by ping, never run either: give it in a step that "
            "StartEvent leads to"
        ),
    ]
    right(start, end, ping, pong, skip=["reachability"])


def test_a_step_that_only_leads_to_itself() -> None:
    @step
    def spin(ev: B) -> B | StopEvent: ...

    assert problems(start, end, spin) == [
        "spin is never run: what it takes, B, is given only by itself: give it in a step that StartEvent leads to"
    ]


def test_a_step_may_be_left_out() -> None:
    @step(skip_graph_checks=["reachability"])
    def ping(ev: B) -> C: ...
    @step
    def pong(ev: C) -> B | StopEvent: ...

    right(start, end, ping, pong)


def test_events_that_wait_for_each_other() -> None:
    @step
    def both(a: A, b: B) -> C: ...
    @step
    def late(ev: C) -> B | StopEvent: ...

    first, second = problems(start, both, late)
    assert first.startswith("both is never run: what it takes, B, is given only by late, never run either")
    assert second.startswith("late is never run: what it takes, C, is given only by both, never run either")


def test_answers_and_handlers_are_led_to() -> None:
    @step
    def answered(ev: HumanResponseEvent) -> B: ...
    @catch_error
    def heal(ev: StepFailedEvent) -> C: ...
    @step
    def after(ev: B | C) -> StopEvent: ...

    right(start, end, answered, heal, after)


def test_dead_ends() -> None:
    @step
    def begin(ev: StartEvent) -> B | StopEvent: ...
    @step
    def ping(ev: B) -> C: ...
    @step
    def pong(ev: C) -> list[B]: ...

    assert problems(begin, ping, pong) == [
        (
            "ping gives C, and nothing behind it gives a StopEvent: add one to its return annotation, or to that of a "
            "step behind it (-> ... | StopEvent)"
        ),
        (
            "pong gives B, and nothing behind it gives a StopEvent: add one to its return annotation, or to that of a "
            "step behind it (-> ... | StopEvent)"
        ),
    ]
    right(begin, ping, pong, skip=["dead_end"])


def test_a_step_that_may_be_a_dead_end() -> None:
    @step
    def begin(ev: StartEvent) -> B | StopEvent: ...
    @step(skip_graph_checks=["dead_end"])
    def spin(ev: B) -> B: ...

    right(begin, spin)


def test_steps_that_give_nothing_are_no_dead_ends() -> None:
    @step
    def begin(ev: StartEvent) -> B | StopEvent: ...
    @step
    def note(ev: B) -> None: ...

    right(begin, note)


def test_checks_that_are_left_out() -> None:
    @step
    def begin(ev: StartEvent) -> B | StopEvent: ...

    problems(begin)
    right(begin, skip=["terminal_event"])


# Lists and several events.


def test_a_list_that_nobody_returns() -> None:
    @step
    def collect(evs: list[A | B]) -> StopEvent: ...
    @step
    def gives(ev: StartEvent) -> A | list[B]: ...

    assert problems(gives, collect) == [
        (
            "collect takes list[A], and no A comes of a returned list: return the events as a list in the step that "
            "begins (-> list[...]), or take single ones (ev: A) and write ctx.collect_events(ev, [A] * n)"
        )
    ]


def test_lists_with_steps_between() -> None:
    @step
    def fan(ev: StartEvent) -> list[A]: ...
    @step
    def work(ev: A) -> B: ...
    @step
    def collect(evs: list[B]) -> StopEvent: ...

    right(fan, work, collect)


def test_events_that_never_meet() -> None:
    @step
    def fan(ev: StartEvent) -> list[A] | B: ...
    @step
    def both(a: A, b: B) -> StopEvent: ...

    assert problems(fan, both) == [
        (
            "both puts A and B together, and they never meet: only events that come of the same returned list, or all "
            "of none, do. Take the list in a step of its own first (events: list[...])"
        )
    ]


def test_events_that_meet() -> None:
    @step
    def one(ev: StartEvent) -> A: ...
    @step
    def two(ev: StartEvent) -> B: ...
    @step
    def both(a: A, b: B) -> StopEvent: ...
    @step
    def fan(ev: StartEvent) -> list[A]: ...
    @step
    def work(ev: A) -> B: ...
    @step
    def hear(a: A, b: HumanResponseEvent) -> StopEvent: ...

    right(one, two, both)
    right(fan, work, both)
    right(one, hear, two, both)


# Handlers.


def handlers(*more: Any) -> list[str]:
    return problems(start, end, *more)


def test_handlers_of_steps_that_are_not_there() -> None:
    @catch_error(for_steps=["stop", "end"])
    def heal(ev: StepFailedEvent) -> StopEvent: ...
    @catch_error(for_steps=["strat"])
    def cure(ev: StepFailedEvent) -> StopEvent: ...

    assert handlers(heal, cure) == [
        "heal handles failures of stop, which is no step: there are start and end",
        "cure handles failures of strat, which is no step: did you mean start?",
    ]


def test_handlers_of_handlers() -> None:
    @catch_error
    def every(ev: StepFailedEvent) -> StopEvent: ...
    @catch_error(for_steps=["every"])
    def heal(ev: StepFailedEvent) -> StopEvent: ...

    assert handlers(every, heal) == [
        (
            "heal handles failures of every, which is a handler itself: what a handler raises ends the run; take it "
            "out of for_steps"
        )
    ]


def test_several_handlers() -> None:
    @catch_error
    def every(ev: StepFailedEvent) -> StopEvent: ...
    @catch_error
    def all_of_them(ev: StepFailedEvent) -> StopEvent: ...
    @catch_error(for_steps=["end", "end"])
    def heal(ev: StepFailedEvent) -> StopEvent: ...
    @catch_error(for_steps=["start", "end"])
    def cure(ev: StepFailedEvent) -> StopEvent: ...

    right(start, end, every, heal)
    assert handlers(every, all_of_them, heal, cure) == [
        "heal and cure handle failures of end: leave it in the for_steps of one of them",
        "every and all_of_them handle the failures of all steps: give all but one of them for_steps=[...]",
    ]


def test_failures_go_to_handlers() -> None:
    @step
    def heal(ev: StepFailedEvent) -> StopEvent: ...

    assert handlers(heal) == [
        "heal takes StepFailedEvent, which only goes to handlers: write @catch_error in place of @step"
    ]


# States.


class Plain(BaseModel):
    pass


class Rich(Plain):
    pass


class Strange(BaseModel):
    pass


def test_states() -> None:
    @step
    def one(ctx: Context[Plain], ev: StartEvent) -> A: ...
    @step
    def two(ctx: Context[Rich], ev: A) -> StopEvent: ...
    @step
    def other(ctx: Context[Strange], ev: A) -> StopEvent: ...

    right(one, two)
    assert problems(one, two, other) == [
        (
            "steps have contexts of several states, Context[Plain] (one), Context[Rich] (two) and Context[Strange] "
            "(other), and a run has one: use one type, or subclasses of it"
        )
    ]


# Notes, and what is not checked again.


def test_a_method_that_hides_a_step_is_named() -> None:
    class Base(Workflow):
        @step
        async def start(self, ev: StartEvent) -> A: ...
        @step
        async def end(self, ev: A) -> StopEvent: ...

    class W(Base):
        async def end(self, ev: A) -> StopEvent: ...

    with pytest.raises(WorkflowConfigurationError) as caught:
        W().validate()
    assert str(caught.value).endswith("\n  (note: W.end takes the place of a step and is none: put @step on it)")


def test_what_was_right_is_not_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class W(Workflow):
        @step
        async def start(self, ev: StartEvent) -> StopEvent: ...

    W().validate()
    monkeypatch.setattr("ipyflow.flows.workflow.workflow.check", lambda *args, **options: pytest.fail("again"))
    W().validate()


# Ordinary programs.


class StepTwoEvent(Event):
    query: str


class StepThreeEvent(Event):
    result: str


def test_the_seed_page() -> None:
    class ParallelFlow(Workflow):
        @step
        async def start(self, ctx: Context, ev: StartEvent) -> StepTwoEvent:
            ctx.send_event(StepTwoEvent(query="Query 1"))
            return None

        @step(num_workers=4)
        async def step_two(self, ctx: Context, ev: StepTwoEvent) -> StopEvent: ...

    class ConcurrentFlow(ParallelFlow):
        @step(num_workers=4)
        async def step_two(self, ctx: Context, ev: StepTwoEvent) -> StepThreeEvent: ...

        @step
        async def step_three(self, ctx: Context, ev: StepThreeEvent) -> StopEvent | None: ...

    assert ParallelFlow().validate() is False
    assert ConcurrentFlow().validate() is False


def test_several_types_of_events() -> None:
    class W(Workflow):
        @step
        async def start(self, ctx: Context, ev: StartEvent) -> A | B | C: ...
        @step
        async def step_three(self, ctx: Context, ev: A | B | C) -> StopEvent | None: ...

    W().validate()


def test_loops_and_branches() -> None:
    class W(Workflow):
        @step
        async def start(self, ev: StartEvent | B) -> A | StopEvent: ...
        @step
        async def again(self, ev: A) -> B | StartEvent: ...

    W().validate()


def test_a_conversation() -> None:
    class W(Workflow):
        @step
        async def ask(self, ev: StartEvent) -> InputRequiredEvent: ...
        @step
        async def answer(self, ev: HumanResponseEvent) -> StopEvent: ...

    assert W().validate() is True


def test_functions_as_steps() -> None:
    class W(Workflow):
        pass

    @step(workflow=W)
    async def begin(ev: StartEvent) -> A: ...

    @step(workflow=W, num_workers=1)
    async def finish(ctx: Context, ev: A) -> StopEvent: ...

    assert W().validate() is False


def test_a_program_of_text() -> None:
    names: dict[str, Any] = {}
    code = """
    from __future__ import annotations
    from ipyflow.workflows import Context, Event, StartEvent, StepFailedEvent, StopEvent, Workflow, catch_error, step

    class Page(Event):
        url: str

    class Text(Event):
        text: str

    class Crawl(Workflow):
        @step
        async def start(self, ctx: Context, ev: StartEvent) -> list[Page]: ...
        @step(num_workers=8, retry_policy=2)
        def fetch(self, ev: Page) -> Text | None: ...
        @catch_error(for_steps=["fetch"])
        async def skip(self, ev: StepFailedEvent) -> None: ...
        @step
        async def join(self, texts: list[Text]) -> StopEvent: ...
    """
    exec(compile(textwrap.dedent(code), "<cell>", "exec", dont_inherit=True), names)
    assert names["Crawl"]().validate() is False
