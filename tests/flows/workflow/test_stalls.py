"""When nothing can go on any more the run fails at once and says what waits for what; before that it never does."""

from __future__ import annotations

import asyncio
import pickle
import threading
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import UnhandledEventWarning, WorkflowStalled
from ipyflow.model import records as r
from ipyflow.testing import Lab
from ipyflow.workflows import (
    Context,
    Event,
    HumanResponseEvent,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowFailedEvent,
    WorkflowFuture,
    step,
)
from tests.engine.gates import SOON, Gate, eventually
from tests.flows.workflow.common import A, Answer, B, Boom, C, Question, of, states, steps, until_it_waits


def stalled(future: fl.Future[Any]) -> str:
    """What the error of a stalled run says."""
    with pytest.raises(WorkflowStalled) as raised:
        future.result(SOON)
    return str(raised.value)


class Starved(Workflow):
    """Three are expected and two come."""

    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> A:
        ctx.send_event(A(n=1))
        ctx.send_event(A(n=2))

    @step
    async def gather(self, ctx: Context, ev: A) -> StopEvent | None:
        return StopEvent() if ctx.collect_events(ev, [A] * 3) else None


@pytest.mark.parametrize("timeout", [None, 45.0])
def test_it_fails_as_soon_as_its_last_step_has_ended(timeout: float | None, timed: Lab) -> None:
    """The clock stands still: no timer has a part in it."""
    future = Starved(timeout=timeout).run()
    told = stalled(future)
    assert "gather waits in collect_events for 1 more A (2 of 3 came)" in told
    assert "Starved" in told
    timed.settled()
    log = [record for record in future.run.log if not isinstance(record, r.Read)]
    last_step = max(place for place, one in enumerate(log) if isinstance(one, r.Finished) and one.task != future.id)
    assert [type(one) for one in log[last_step + 1 :]] == [r.EventPublished, r.Finished, r.Closed]
    assert log[-2].state == "failed"  # type: ignore[union-attr]
    assert log[-2].type == "WorkflowStalled"  # type: ignore[union-attr]


def test_it_fails_at_once_on_the_spot(inline: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A | B:
            return A()

        @step
        def join(self, a: A, b: B) -> StopEvent:
            return StopEvent()

    future = W().run()
    assert future.done()
    assert "join waits for B" in stalled(future)


def test_every_join_that_waits_is_named(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A | B | C:
            ctx.send_event(A())
            ctx.send_event(A())

        @step
        def pair(self, a: A, b: B) -> StopEvent:
            return StopEvent()

        @step
        def gather(self, ctx: Context, ev: A) -> None:
            ctx.collect_events(ev, [A, A, B, C, C])

        @step
        def apart(self, ctx: Context, ev: A) -> None:
            ctx.collect_events(ev, [A] * 5, buffer_id="mine")

        @step
        def other(self, ev: C) -> None: ...

    told = stalled(W().run())
    assert "pair waits for B (2 A came)" in told
    assert "gather waits in collect_events for 1 more B and 2 more C (2 of 5 came)" in told
    assert "apart waits in collect_events for 3 more A (2 of 5 came)" in told


def test_events_that_nobody_takes_are_named(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A | StopEvent:
            return A(n=17)

    with pytest.warns(UnhandledEventWarning):
        future = W(disable_validation=True).run()
        assert "no step takes A(n=17)" in stalled(future)
        lab.settled()


def test_a_run_whose_steps_give_nothing_is_told_so(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent | None:
            return None

    told = stalled(W().run())
    assert "none has given a StopEvent" in told
    assert "Return an event" in told


def test_the_last_event_of_its_stream_says_so(lab: Lab) -> None:
    future = Starved().run()
    (last,) = list(future.stream_events())
    assert type(last) is WorkflowFailedEvent
    assert last.exception_type == "WorkflowStalled"
    assert "1 more A" in last.exception_message
    assert stalled(future)


def test_its_explanation_names_the_join(lab: Lab) -> None:
    future = Starved().run()
    stalled(future)
    assert "gather" in future.explain()
    assert "1" in future.explain()


def test_the_error_can_be_pickled(lab: Lab) -> None:
    future = Starved().run()
    told = stalled(future)
    again = pickle.loads(pickle.dumps(future.exception()))
    assert (type(again), str(again)) == (WorkflowStalled, told)


def test_what_waits_in_a_list_that_has_ended_is_told_of_where_the_run_ends_well(lab: Lab) -> None:
    """A join that can no longer be filled: recorded, warned of once, named by explain()."""

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A()]

        @step
        def split(self, ev: A) -> B | C:
            return B(n=23)

        @step
        def pair(self, b: B, c: C) -> A2:
            return A2()

        @step
        def gather(self, evs: list[A2]) -> StopEvent:
            return StopEvent(result=len(evs))

    with pytest.warns(UnhandledEventWarning, match="pair") as warned:
        future = W().run()
        assert future.result(SOON) == 0
        lab.settled()
    assert len(warned) == 1
    assert "pair" in future.explain()


class A2(Event): ...


# What is no stall.


def test_a_question_that_nobody_has_answered_yet(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> Question:
            return Question(text="?")

        @step
        def end(self, ev: Answer) -> StopEvent:
            return StopEvent(result=ev.text)

    future = W(timeout=None).run()
    until_it_waits(future)
    future.send_event(Answer(text="!"))
    assert future.result(SOON) == "!"


def test_a_run_that_takes_answers_never_stalls(lab: Lab) -> None:
    """Nobody knows how many answers there will be."""

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> Question:
            return Question()

        @step
        def end(self, ctx: Context, ev: Answer) -> StopEvent | None:
            return StopEvent() if ctx.collect_events(ev, [Answer] * 3) else None

    future = W(timeout=None).run()
    for count in range(3):
        eventually(lambda: states(future, "end") == ["succeeded"] * count)
        until_it_waits(future)
        future.send_event(Answer())
    future.result(SOON)


def test_a_question_that_a_step_answers_by_itself_in_vain(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A | StopEvent:
            return A()

        @step
        def end(self, ev: A) -> None: ...

    stalled(W(timeout=None, skip_graph_checks=["dead_end"]).run())


def test_an_answer_that_no_step_takes_leaves_the_question_open(lab: Lab) -> None:
    class Other(HumanResponseEvent): ...

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> Question:
            return Question()

        @step
        def end(self, ev: Answer) -> StopEvent:
            return StopEvent(result=ev.text)

    with pytest.warns(UnhandledEventWarning):
        future = W(timeout=None).run()
        until_it_waits(future)
        future.send_event(Other())
        future.send_event(Answer(text="now"))
        assert future.result(SOON) == "now"
        lab.settled()


def test_an_event_that_only_comes_from_outside(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> None: ...

        @step
        def end(self, ctx: Context, ev: Answer) -> StopEvent | None:
            got = ctx.collect_events(ev, [Answer] * 3)
            return None if got is None else StopEvent(result=[one.text for one in got])

    future = W(timeout=None, skip_graph_checks=["reachability"]).run()
    for text in "abc":
        until_it_waits(future)
        future.send_event(Answer(text=text))
    assert future.result(SOON) == ["a", "b", "c"]


def test_a_wait_in_the_middle_of_a_step(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> StopEvent:
            answer = await ctx.wait_for_event(Answer)
            return StopEvent(result=answer.text)

    future = W(timeout=None).run()
    eventually(lambda: of(future, r.EventAwaited))
    assert not future.done()
    future.send_event(Answer(text="x"))
    assert future.result(SOON) == "x"


def test_a_wait_that_ends_in_vain(timed: Lab) -> None:
    class W(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> StopEvent | None:
            try:
                await ctx.wait_for_event(Answer, timeout=5)
            except TimeoutError:
                return None
            return StopEvent()

    future = W(timeout=None).run()
    eventually(lambda: of(future, r.EventAwaited) and timed.clock.planned)
    timed.clock.advance(5)
    stalled(future)


def test_a_pause_before_a_retry(timed: Lab) -> None:
    class W(Workflow):
        @step(retry_policy=fl.Retry(1, backoff=(60, 60)))
        async def begin(self, ctx: Context, ev: StartEvent) -> StopEvent | None:
            if ctx.retry_info().retry_number == 0:
                raise Boom
            return None

    future = W(timeout=None).run()
    eventually(lambda: timed.clock.planned)
    assert not future.done()
    timed.clock.advance(60)
    stalled(future)


def test_a_timer_of_a_task_that_a_step_has_left_behind(timed: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A | None:
            @fl.task(delay=30)
            def later() -> None:
                ctx.send_event(A(n=4))

            later.submit().detach()

        @step
        def end(self, ev: A) -> StopEvent:
            return StopEvent(result=ev.n)

    future = W(timeout=None).run()
    eventually(lambda: timed.clock.planned and states(future, "begin") == ["succeeded"])
    assert not future.done()
    timed.clock.advance(30)
    assert future.result(SOON) == 4


def test_a_task_that_a_step_has_left_behind_and_that_sends_nothing(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent | None:
            @fl.task
            def later() -> None:
                gate.stand()

            later.submit().detach()

    future = W(timeout=None).run()
    gate.reached()
    eventually(lambda: states(future, "begin") == ["succeeded"])
    assert not future.done()
    gate.open()
    stalled(future)


def test_a_workflow_inside_that_waits_for_an_answer(lab: Lab) -> None:
    class Inner(Workflow):
        @step
        def begin(self, ev: StartEvent) -> Question:
            return Question()

        @step
        def end(self, ev: Answer) -> StopEvent:
            return StopEvent(result=ev.text)

    found: list[WorkflowFuture[Any]] = []

    class W(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            found.append(Inner(timeout=None).run())
            return StopEvent(result=await found[0])

    future = W(timeout=None).run()
    eventually(lambda: found)
    until_it_waits(found[0])
    assert not future.done()
    found[0].send_event(Answer(text="inner"))
    assert future.result(SOON) == "inner"


def test_a_run_that_is_paused(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A:
            gate.stand()
            return A()

        @step
        def end(self, ev: A) -> StopEvent:
            return StopEvent(result="end")

    future = W(timeout=None).run()
    gate.reached()
    future.pause()
    gate.open()
    eventually(lambda: states(future, "end") == ["waiting"])
    assert not future.done()
    future.resume()
    assert future.result(SOON) == "end"


def test_a_step_that_waits_for_a_worker(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(), A(), A()]

        @step(num_workers=1)
        def work(self, ev: A) -> B | None:
            gate.stand()
            return B()

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=len(evs))

    future = W(timeout=None).run()
    gate.reached()
    assert future.run.snapshot().workflows[future.id].waiting["work"] == 2
    gate.open()
    assert future.result(SOON) == 3


def test_a_step_that_waits_for_a_limit_of_a_task(lab: Lab) -> None:
    gate = Gate()

    @fl.task(limit=1)
    def narrow() -> int:
        gate.stand()
        return 1

    class W(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await narrow.submit() + await narrow.submit())

    future = W(timeout=None).run()
    gate.reached()
    assert not future.done()
    gate.open()
    assert future.result(SOON) == 2


def test_what_is_sent_from_outside_at_the_last_moment_counts(lab: Lab) -> None:
    """Many answers race with the ends of steps: none is lost, and none comes too late while a question is open."""

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> Question:
            return Question()

        @step
        async def ask(self, ev: Answer) -> Question | StopEvent:
            await asyncio.sleep(0)
            return StopEvent(result="end") if ev.text == "last" else Question()

    future = W(timeout=None).run()

    def answer() -> None:
        for place, _ in enumerate(future.stream_events()):
            if place == 200:
                future.send_event(Answer(text="last"))
                return
            future.send_event(Answer(text="more"))

    thread = threading.Thread(target=answer)
    thread.start()
    assert future.result(SOON) == "end"
    thread.join(SOON)
    assert len(steps(future, "ask")) == 201
