"""``wait_for_event`` and questions to people: in the middle of a step, on threads and on the loop, run once."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import ContextStateError, TaskCancelled, WorkflowRuntimeError, WouldDeadlock
from ipyflow.model import records as r
from ipyflow.testing import Lab
from ipyflow.workflows import (
    Context,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowFuture,
    step,
)
from tests.engine.gates import SOON, Gate, Together, eventually
from tests.flows.workflow.common import (
    A,
    Answer,
    B,
    Boom,
    Question,
    of,
    sent,
    states,
    step_named,
    steps,
    until_it_waits,
)


class OnLoop(Workflow):
    runs = 0

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        type(self).runs += 1
        answer = await ctx.wait_for_event(Answer, waiter_event=Question(text="name?"))
        return StopEvent(result=answer.text)


class OnThread(Workflow):
    runs = 0

    @step
    def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        type(self).runs += 1
        answer = ctx.wait_for_event(Answer, waiter_event=Question(text="name?")).result()
        return StopEvent(result=answer.text)


def asked(future: fl.Future[Any], count: int = 1) -> None:
    """Until so many bodies wait."""
    eventually(lambda: len(future.run.snapshot().workflows[future.id].awaited) == count)


@pytest.mark.parametrize("kind", [OnLoop, OnThread])
def test_the_body_goes_on_behind_the_wait(kind: Any, lab: Lab) -> None:
    kind.runs = 0
    future = kind(timeout=None).run()
    asked(future)
    future.send_event(Answer(text="Ada"))
    assert future.result(SOON) == "Ada"
    assert kind.runs == 1, "it is not run again"
    (question, _) = list(future.stream_events())
    assert (type(question), question.text) == (Question, "name?")


@pytest.mark.parametrize("kind", [OnLoop, OnThread])
def test_it_is_shown_what_is_waited_for(kind: Any, lab: Lab) -> None:
    future = kind(timeout=None).run()
    asked(future)
    task = steps(future, "ask")[0]
    assert future.run.snapshot().workflows[future.id].awaited[task.id][1:] == ("Answer", "")
    eventually(lambda: states(future, "ask") == ["blocked"])
    assert "Answer" in future.explain()
    future.send_event(Answer(text="x"))
    future.result(SOON)
    assert not future.run.snapshot().workflows[future.id].awaited
    (awaited,) = of(future, r.EventAwaited)
    assert (awaited.task, awaited.type, awaited.text) == (task.id, "Answer", "")
    assert sent(future)[-1] == ("Answer", ("ask",))
    assert steps(future, "ask")[0].takes == (1, 2)


@pytest.mark.parametrize("kind", [OnLoop, OnThread])
def test_the_answer_may_come_at_the_moment_of_the_question(kind: Any, lab: Lab) -> None:
    future = kind(timeout=None).run()
    for question in future.stream_events():
        if isinstance(question, Question):
            future.send_event(Answer(text="at once"))
    assert future.result(SOON) == "at once"


@pytest.mark.parametrize("kind", [OnLoop, OnThread])
def test_the_answer_may_come_by_the_context(kind: Any, lab: Lab) -> None:
    future = kind(timeout=None).run()
    asked(future)
    future.ctx.send_event(Answer(text="by the context"))
    assert future.result(SOON) == "by the context"


@pytest.mark.parametrize("kind", [OnLoop, OnThread])
def test_a_wait_is_ended_by_cancelling(kind: Any, lab: Lab) -> None:
    future = kind(timeout=None).run()
    asked(future)
    future.cancel()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    lab.settled()
    assert states(future, "ask") == ["cancelled"]


@pytest.mark.parametrize("seconds", [5, 5.0, timedelta(seconds=5)])
@pytest.mark.parametrize("is_async", [True, False])
def test_a_wait_may_have_a_timeout(is_async: bool, seconds: Any, timed: Lab) -> None:
    class Loop(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            try:
                await ctx.wait_for_event(Answer, timeout=seconds)
            except TimeoutError as error:
                return StopEvent(result=str(error))
            return StopEvent()

    class Thread(Workflow):
        @step
        def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            try:
                ctx.wait_for_event(Answer, timeout=seconds).result()
            except TimeoutError as error:
                return StopEvent(result=str(error))
            return StopEvent()

    future = (Loop if is_async else Thread)(timeout=None).run()
    asked(future)
    timed.clock.advance(4)
    assert not future.done()
    timed.clock.advance(1)
    told = future.result(SOON)
    assert "5 s" in told
    assert "Answer" in told


def test_the_timeout_of_result_is_that_of_the_wait(lab: Lab) -> None:
    class W(Workflow):
        @step
        def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            with pytest.raises(TimeoutError, match="Answer"):
                ctx.wait_for_event(Answer).result(0.01)
            return StopEvent(result="went on")

    assert W(timeout=None).run().result(SOON) == "went on"


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_requirements_choose_who_is_meant(order: str, lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(who="a"), A(who="b")]

        @step
        async def ask(self, ctx: Context, ev: A) -> B:
            answer = await ctx.wait_for_event(Answer, requirements={"who": ev.who})
            return B(who=ev.who, text=answer.text)

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result={one.who: one.text for one in evs})

    future = W(timeout=None).run()
    asked(future, 2)
    for who in order:
        future.send_event(Answer(who=who, text=f"for {who}"))
    assert future.result(SOON) == {"a": "for a", "b": "for b"}
    assert {one.text for one in of(future, r.EventAwaited)} == {"who='a'", "who='b'"}


def test_an_event_that_fits_no_requirement_is_waited_past(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            answer = await ctx.wait_for_event(Answer, requirements={"text": "yes", "missing": None})
            return StopEvent(result=answer["extra"])

    future = W(timeout=None).run()
    asked(future)
    with pytest.warns(UserWarning, match="no step takes"):
        future.send_event(Answer(text="no", missing=None))
        future.send_event(Answer(text="yes"))
        future.send_event(Answer(text="yes", missing=None, extra=7))
        assert future.result(SOON) == 7
        lab.settled()


def test_of_several_waits_of_one_step_the_oldest_gets_the_event(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(3)]

        @step(num_workers=1)
        async def ask(self, ctx: Context, ev: A) -> B:
            answer = await ctx.wait_for_event(Answer)
            return B(pair=(ev.n, answer.text))

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sorted(one.pair for one in evs))

    future = W(timeout=None).run()
    asked(future, 3)
    for text in "xyz":
        future.send_event(Answer(text=text))
    assert future.result(SOON) == [(0, "x"), (1, "y"), (2, "z")]


def test_waits_of_several_steps_get_one_event_each(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def one(self, ctx: Context, ev: StartEvent) -> A:
            return A(text=(await ctx.wait_for_event(Answer)).text)

        @step
        async def two(self, ctx: Context, ev: StartEvent) -> B:
            return B(text=(await ctx.wait_for_event(Answer)).text)

        @step
        def end(self, a: A, b: B) -> StopEvent:
            return StopEvent(result=(a.text, b.text))

    future = W(timeout=None).run()
    asked(future, 2)
    future.send_event(Answer(text="both"))
    assert future.result(SOON) == ("both", "both")


def test_a_step_that_takes_the_type_gets_it_besides(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> A:
            return A(text=(await ctx.wait_for_event(Answer)).text)

        @step
        def hears(self, ev: Answer) -> B:
            return B(text=ev.text)

        @step
        def end(self, a: A, b: B) -> StopEvent:
            return StopEvent(result=(a.text, b.text))

    future = W(timeout=None).run()
    asked(future)
    future.send_event(Answer(text="both"))
    assert future.result(SOON) == ("both", "both")
    assert sorted(next(to for kind, to in sent(future) if kind == "Answer")) == ["ask", "hears"]


def test_another_step_may_send_what_is_waited_for(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            return StopEvent(result=(await ctx.wait_for_event(A)).n)

        @step
        def other(self, ctx: Context, ev: StartEvent) -> A:
            gate.stand()
            return A(n=5)

    gate = Gate()
    future = W(skip_graph_checks=["terminal_event"]).run()
    eventually(lambda: of(future, r.EventAwaited))
    gate.open()
    assert future.result(SOON) == 5


def test_a_worker_is_free_while_its_body_waits(lab: Lab) -> None:
    together = Together()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(5)]

        @step(num_workers=1)
        def ask(self, ctx: Context, ev: A) -> B:
            waiter = ctx.wait_for_event(Answer, requirements={"n": ev.n})
            waiter.result()
            with together.inside():
                return B(n=ev.n)

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=len(evs))

    future = W(timeout=None).run()
    asked(future, 5)
    for n in range(5):
        future.send_event(Answer(n=n))
    assert future.result(SOON) == 5
    assert together.most == 1


def test_several_waits_one_after_the_other(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            waits = [(Question(n=n), f"q{n}") for n in range(3)]
            return StopEvent(result=[(await ctx.wait_for_event(Answer, one, id)).text for one, id in waits])

    future = W(timeout=None).run()
    for event in future.stream_events():
        if isinstance(event, Question):
            future.send_event(Answer(text=f"answer {event.n}"))
    assert future.result(SOON) == ["answer 0", "answer 1", "answer 2"]


def test_waits_one_after_the_other_without_an_id_ask_each_time(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            questions = [Question(n=n) for n in range(3)]
            return StopEvent(result=[(await ctx.wait_for_event(Answer, one)).text for one in questions])

    future = W(timeout=None).run()
    questions = []
    for event in future.stream_events():
        if isinstance(event, Question):
            questions.append(event.n)
            future.send_event(Answer(text=f"answer {event.n}"))
    assert questions == [0, 1, 2]
    assert future.result(SOON) == ["answer 0", "answer 1", "answer 2"]


def test_a_question_is_asked_once_for_each_id(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(3)]

        @step
        async def ask(self, ctx: Context, ev: A) -> B:
            await ctx.wait_for_event(Answer, waiter_event=Question(), waiter_id="one for all")
            return B()

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=len(evs))

    future = W(timeout=None).run()
    asked(future, 3)
    for _ in range(3):
        future.send_event(Answer())
    assert future.result(SOON) == 3
    assert [type(event) for event in future.stream_events()] == [Question, StopEvent]


def test_a_step_that_fails_behind_its_answer_asks_again_when_it_is_tried_again(lab: Lab) -> None:
    """Its answer is used up: without a new question nobody would know that it waits for another."""

    class W(Workflow):
        @step(retry_policy=1)
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            answer = await ctx.wait_for_event(Answer, waiter_event=Question())
            if ctx.retry_info().retry_number == 0:
                raise Boom
            return StopEvent(result=answer.text)

    future = W(timeout=None).run()
    questions = 0

    def answer() -> None:
        nonlocal questions
        for event in future.stream_events():
            if isinstance(event, Question):
                questions += 1
                future.send_event(Answer(text=f"answer {questions}"))

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    # Given the same answer as before, without asking, is as good.
    assert future.result(SOON) in ("answer 1", "answer 2")
    thread.join(SOON)


@pytest.mark.parametrize("again", ["retry of the run", "retry of the step"])
def test_a_step_that_was_stopped_while_it_waited_waits_again_after_a_retry(again: str, lab: Lab) -> None:
    future = OnLoop(timeout=None).run()
    asked(future)
    if again == "retry of the run":
        future.cancel()
        with pytest.raises(TaskCancelled):
            future.result(SOON)
        assert future.run.wait(SOON)
        future.retry()
    else:
        one = step_named(future, "ask")
        future.cancel()
        with pytest.raises(TaskCancelled):
            future.result(SOON)
        assert future.run.wait(SOON)
        one.retry()
    asked(future)
    future.send_event(Answer(text="after the retry"))
    assert future.result(SOON) == "after the retry"


# Questions that steps return or send.


@pytest.mark.parametrize("how", ["returned", "sent"])
def test_a_question_is_published(how: str, lab: Lab) -> None:
    class W(Workflow):
        @step
        def ask(self, ctx: Context, ev: StartEvent) -> Question:
            if how == "returned":
                return Question(text="?")
            ctx.send_event(Question(text="?"))
            return None

        @step
        def end(self, ev: Answer) -> StopEvent:
            return StopEvent(result=ev.text)

    future = W(timeout=None).run()
    for event in future.stream_events():
        if isinstance(event, InputRequiredEvent):
            assert event.text == "?"
            future.send_event(Answer(text="!"))
    assert future.result(SOON) == "!"


def test_several_questions_returned_as_a_list_are_all_asked(lab: Lab) -> None:
    class W(Workflow):
        @step
        def ask(self, ev: StartEvent) -> list[Question]:
            return [Question(text=text) for text in "abc"]

        @step
        def end(self, ctx: Context, ev: Answer) -> StopEvent | None:
            got = ctx.collect_events(ev, [Answer] * 3)
            return None if got is None else StopEvent(result=sorted(one.text for one in got))

    future = W(timeout=None).run()
    for event in future.stream_events():
        if isinstance(event, Question):
            future.send_event(Answer(text=event.text))
    assert future.result(SOON) == ["a", "b", "c"]


def test_a_step_may_take_the_question(lab: Lab) -> None:
    class W(Workflow):
        @step
        def ask(self, ev: StartEvent) -> Question:
            return Question(text="who?")

        @step
        def automatic(self, ev: Question) -> Answer:
            return Answer(text=f"{ev.text} me")

        @step
        def end(self, ev: Answer) -> StopEvent:
            return StopEvent(result=ev.text)

    future = W(timeout=None).run()
    assert future.result(SOON) == "who? me"
    assert [type(event) for event in future.stream_events()] == [Question, StopEvent]


def test_a_response_may_be_sent_to_one_step(lab: Lab) -> None:
    class W(Workflow):
        @step
        def ask(self, ev: StartEvent) -> Question:
            return Question()

        @step
        def one(self, ev: Answer) -> StopEvent:
            return StopEvent(result="one")

        @step
        def two(self, ev: Answer) -> StopEvent:
            return StopEvent(result="two")

    future = W(timeout=None).run()
    until_it_waits(future)
    future.send_event(Answer(), step="two")
    assert future.result(SOON) == "two"


def test_what_was_sent_before_anybody_waited_is_not_waited_for(lab: Lab) -> None:
    """An answer without a question: it is not kept."""
    gate = Gate()

    class W(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await asyncio.get_running_loop().run_in_executor(None, gate.stand)
            answer = await ctx.wait_for_event(Answer)
            return StopEvent(result=answer.text)

    with pytest.warns(UserWarning, match="no step takes"):
        future = W(timeout=None).run()
        gate.reached()
        future.send_event(Answer(text="too early"))
        gate.open()
        asked(future)
        future.send_event(Answer(text="in time"))
        assert future.result(SOON) == "in time"
        lab.settled()


# Wrong uses.


def test_waiting_for_what_is_no_event(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await ctx.wait_for_event("Answer")  # type: ignore[arg-type]
            return StopEvent()

    with pytest.raises(WorkflowRuntimeError, match="'Answer'"):
        W().run().result(SOON)


@pytest.mark.parametrize("timeout", ["soon", -1, [1]])
def test_waiting_with_a_timeout_that_is_none(timeout: Any, lab: Lab) -> None:
    class W(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await ctx.wait_for_event(Answer, timeout=timeout)
            return StopEvent()

    with pytest.raises((TypeError, ValueError, WorkflowRuntimeError), match="timeout"):
        W().run().result(SOON)


def test_waiting_on_the_loop_without_await(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.wait_for_event(Answer).result()
            return StopEvent()

    with pytest.raises(WouldDeadlock, match="await"):
        W().run().result(SOON)


def test_waiting_outside_of_a_step(lab: Lab) -> None:
    future = OnLoop(timeout=None).run()
    asked(future)
    with pytest.raises(ContextStateError, match="for the body of a step"):
        future.ctx.wait_for_event(Answer)
    future.cancel()


def test_a_subclass_of_the_type_is_waited_for_too(lab: Lab) -> None:
    class Special(Answer): ...

    future = OnLoop(timeout=None).run()
    asked(future)
    future.send_event(Special(text="special"))
    assert future.result(SOON) == "special"


def test_a_wait_in_a_task_below_a_step(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            @fl.task
            def below() -> str:
                return ctx.wait_for_event(Answer).result().text

            return StopEvent(result=await below.submit())

    future = W(timeout=None).run()
    eventually(lambda: of(future, r.EventAwaited))
    future.send_event(Answer(text="below"))
    assert future.result(SOON) == "below"


def test_waits_do_not_hold_threads(lab: Lab) -> None:
    """More bodies wait on threads than there are threads, and others still run."""
    count = 40

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(count)]

        @step(num_workers=count)
        def ask(self, ctx: Context, ev: A) -> B:
            return B(n=ctx.wait_for_event(Answer, requirements={"n": ev.n}).result().n)

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    future = W(timeout=None).run()
    asked(future, count)
    for n in range(count):
        future.send_event(Answer(n=n))
    assert future.result(SOON) == list(range(count))


def test_two_runs_have_waits_of_their_own(lab: Lab) -> None:
    w = OnLoop(timeout=None)
    futures: list[WorkflowFuture[Any]] = [w.run(), w.run()]
    for future in futures:
        asked(future)
    futures[1].send_event(Answer(text="second"))
    assert futures[1].result(SOON) == "second"
    assert not futures[0].done()
    futures[0].send_event(Answer(text="first"))
    assert futures[0].result(SOON) == "first"


class Reply(HumanResponseEvent):
    ok: bool = True


def test_waits_of_several_types_in_one_step_at_once(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            async def one(kind: type[Event]) -> Event:
                return await ctx.wait_for_event(kind)

            first, second = await asyncio.gather(one(Answer), one(Reply))
            return StopEvent(result=(first.text, second.ok))

    future = W(timeout=None).run()
    eventually(lambda: len(of(future, r.EventAwaited)) == 2)
    future.send_event(Reply(ok=False))
    future.send_event(Answer(text="x"))
    assert future.result(SOON) == ("x", False)
