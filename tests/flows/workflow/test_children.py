"""Workflows that run workflows: each with its own state, stream, time and workers, one tree of tasks."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import TaskCancelled, WorkflowCancelled, WorkflowTimeoutError
from ipyflow.testing import Lab, engine
from ipyflow.workflows import Context, Event, StartEvent, StepFailedEvent, StopEvent, Workflow, catch_error, step
from tests.engine.gates import SOON, Gate, eventually
from tests.flows.workflow.common import A, Answer, B, Boom, Question, sent, states, steps, until_it_waits
from tests.flows.workflow.reading import check_log


class Square(Workflow):
    @step
    async def begin(self, ev: StartEvent) -> A:
        return A(n=ev.n)

    @step
    def end(self, ev: A) -> StopEvent:
        return StopEvent(result=ev.n**2)


class OuterAsync(Workflow):
    square: Square

    @step
    async def begin(self, ev: StartEvent) -> list[A]:
        return [A(n=n) for n in range(ev.count)]

    @step
    async def work(self, ev: A) -> B:
        return B(n=await self.square.run(n=ev.n))

    @step
    def end(self, evs: list[B]) -> StopEvent:
        return StopEvent(result=sorted(one.n for one in evs))


class OuterSync(OuterAsync):
    @step
    def work(self, ev: A) -> B:
        return B(n=self.square.run(n=ev.n).result())


@pytest.mark.parametrize("kind", [OuterAsync, OuterSync])
@pytest.mark.parametrize("threads", [1, 8])
def test_a_step_runs_a_workflow_and_has_its_value(kind: type[Workflow], threads: int) -> None:
    with engine(threads=threads) as lab:
        future = kind().run(count=6)
        assert future.result(SOON) == [0, 1, 4, 9, 16, 25]
        lab.settled()
        check_log(future.run)
        assert not lab.engine.unfinished()


def test_all_of_it_is_one_tree(lab: Lab) -> None:
    future = OuterAsync().run(count=2)
    future.result(SOON)
    lab.settled()
    tasks = future.run.snapshot().tasks
    work = {task.id for task in steps(future, "work")}
    inner = [task for task in tasks.values() if task.name == "Square"]
    assert {task.parent for task in inner} == work
    assert {task.role for task in inner} == {"workflow"}
    for one in inner:
        assert sorted(task.name for task in tasks.values() if task.parent == one.id) == ["begin", "end"]
    assert set(future.run.snapshot().workflows) == {future.id, *[one.id for one in inner]}
    assert len(lab.runs) == 1


def test_events_of_one_do_not_reach_the_other(lab: Lab) -> None:
    future = OuterAsync().run(count=1)
    future.result(SOON)
    assert [kind for kind, _ in sent(future)] == ["StartEvent", "A", "B"]


def test_each_has_a_store_and_a_stream_of_its_own(lab: Lab) -> None:
    class Note(Event):
        text: str

    class Inner(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.write_event_to_stream(Note(text="inner"))
            before = await ctx.store.get("x", default="nothing")
            await ctx.store.set("x", "inner")
            return StopEvent(result=before)

    class Outer(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await ctx.store.set("x", "outer")
            ctx.write_event_to_stream(Note(text="outer"))
            future = Inner().run()
            inner = [event.text async for event in future.stream_events() if isinstance(event, Note)]
            return StopEvent(result=[await future, inner, await ctx.store.get("x")])

    future = Outer().run()
    assert future.result(SOON) == ["nothing", ["inner"], "outer"]
    assert [event.text for event in future.stream_events() if isinstance(event, Note)] == ["outer"]


def test_the_error_of_the_inner_one_is_that_of_the_step(lab: Lab) -> None:
    class Inner(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            raise Boom("inside")

    class Outer(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await Inner().run())

    future = Outer().run()
    with pytest.raises(Boom, match="inside"):
        future.result(SOON)
    lab.settled()
    assert {str(task.state) for task in future.run.snapshot().tasks.values()} == {"failed"}


def test_the_error_of_the_inner_one_may_be_handled_outside(lab: Lab) -> None:
    class Inner(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            raise Boom("inside")

    class Outer(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A:
            return A(n=Inner().run().result())

        @catch_error
        def handler(self, ev: StepFailedEvent) -> A:
            return A(n=len(str(ev.exception)))

        @step
        def end(self, ev: A) -> StopEvent:
            return StopEvent(result=ev.n)

    assert Outer().run().result(SOON) == len("inside")


@pytest.mark.parametrize("is_async", [True, False])
def test_cancelling_the_outer_one_cancels_the_inner_one(is_async: bool, lab: Lab) -> None:
    stands = threading.Event()

    class Inner(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            stands.set()
            await asyncio.Event().wait()
            return StopEvent()

    inner: list[Any] = []

    class Loop(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            inner.append(Inner().run())
            return StopEvent(result=await inner[0])

    class Thread(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            inner.append(Inner().run())
            return StopEvent(result=inner[0].result())

    future = (Loop if is_async else Thread)().run()
    assert stands.wait(SOON)
    future.cancel()
    with pytest.raises(WorkflowCancelled):
        future.result(SOON)
    with pytest.raises(WorkflowCancelled):
        inner[0].result(SOON)
    lab.settled()
    assert states(inner[0], "begin") == ["cancelled"]
    check_log(future.run)


def test_cancelling_the_inner_one_is_an_error_in_the_outer_one(lab: Lab) -> None:
    inner: list[Any] = []

    class Inner(Workflow):
        @step
        def begin(self, ev: StartEvent) -> Question:
            return Question()

        @step
        def end(self, ev: Answer) -> StopEvent:
            return StopEvent()

    class Outer(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            inner.append(Inner(timeout=None).run())
            try:
                inner[0].result()
            except TaskCancelled as error:
                return StopEvent(result=type(error).__name__)
            return StopEvent()

    future = Outer().run()
    eventually(lambda: inner)
    until_it_waits(inner[0])
    inner[0].cancel()
    assert future.result(SOON) == "WorkflowCancelled"


def test_the_timeout_of_the_inner_one_counts(timed: Lab) -> None:
    stands = threading.Event()

    class Inner(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            stands.set()
            await asyncio.Event().wait()
            return StopEvent()

    class Outer(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            try:
                await Inner(timeout=3).run()
            except WorkflowTimeoutError as error:
                return StopEvent(result=str(error))
            return StopEvent()

    future = Outer(timeout=None).run()
    assert stands.wait(SOON)
    timed.clock.advance(3)
    assert "3 s" in future.result(SOON)


def test_the_timeout_of_the_outer_one_stops_the_inner_one(timed: Lab) -> None:
    stands = threading.Event()
    inner: list[Any] = []

    class Inner(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            stands.set()
            await asyncio.Event().wait()
            return StopEvent()

    class Outer(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            inner.append(Inner(timeout=None).run())
            return StopEvent(result=await inner[0])

    future = Outer(timeout=3).run()
    assert stands.wait(SOON)
    timed.clock.advance(3)
    with pytest.raises(WorkflowTimeoutError):
        future.result(SOON)
    timed.settled()
    assert inner[0].cancelled()


def test_the_first_stop_event_outside_stops_the_inner_ones(lab: Lab) -> None:
    stands, inner = threading.Event(), []

    class Inner(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            stands.set()
            await asyncio.Event().wait()
            return StopEvent()

    class Outer(Workflow):
        @step
        async def slow(self, ev: StartEvent) -> StopEvent:
            inner.append(Inner(timeout=None).run())
            return StopEvent(result=await inner[0])

        @step
        def quick(self, ev: StartEvent) -> StopEvent:
            assert stands.wait(SOON)
            return StopEvent(result="quick")

    future = Outer().run()
    assert future.result(SOON) == "quick"
    lab.settled()
    assert inner[0].cancelled()


def test_steps_of_the_inner_one_are_no_workers_of_the_outer_step(lab: Lab) -> None:
    together = threading.Barrier(3)

    class Inner(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A() for _ in range(3)]

        @step(num_workers=3)
        def work(self, ev: A) -> B:
            return B(n=together.wait(SOON))

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=len(evs))

    class Outer(Workflow):
        @step(num_workers=1)
        def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=Inner(timeout=None).run().result())

    assert Outer(timeout=None).run().result(SOON) == 3


def test_a_workflow_may_run_itself(lab: Lab) -> None:
    class Down(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=0 if not ev.n else 1 + await Down(timeout=None).run(n=ev.n - 1))

    assert Down(timeout=None).run(n=40).result(SOON) == 40


def test_a_workflow_may_run_itself_on_few_threads() -> None:
    class Down(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=0 if not ev.n else 1 + Down(timeout=None).run(n=ev.n - 1).result())

    with engine(threads=1) as lab:
        assert Down(timeout=None).run(n=15).result(SOON) == 15
        lab.settled()


def test_an_inner_one_that_nobody_waits_for_keeps_the_run_open(lab: Lab) -> None:
    gate, inner = Gate(), []

    class Inner(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            gate.stand()
            return StopEvent(result="inner")

    class Outer(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent | None:
            inner.append(Inner(timeout=None).run().detach())
            return None

    future = Outer(timeout=None).run()
    gate.reached()
    eventually(lambda: inner)
    assert not future.done(), "it may still come to something"
    gate.open()
    assert inner[0].result(SOON) == "inner"
    with pytest.raises(fl.errors.WorkflowStalled):
        future.result(SOON)


def test_an_inner_one_may_answer_the_outer_one(lab: Lab) -> None:
    class Outer(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A:
            class Inner(Workflow):
                @step
                def begin(self, ev: StartEvent) -> StopEvent:
                    ctx.send_event(A(n=9))
                    return StopEvent()

            Inner().run().result()
            return None

        @step
        def end(self, ev: A) -> StopEvent:
            return StopEvent(result=ev.n)

    assert Outer().run().result(SOON) == 9


def test_a_retry_of_the_outer_one_runs_its_step_again(lab: Lab) -> None:
    class Inner(Workflow):
        runs = 0

        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            Inner.runs += 1
            if Inner.runs == 1:
                raise Boom
            return StopEvent(result=Inner.runs)

    class Outer(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=Inner().run().result())

    future = Outer().run()
    with pytest.raises(Boom):
        future.result(SOON)
    assert future.run.wait(SOON)
    future.retry()
    assert future.result(SOON) == 2
    lab.settled()
    check_log(future.run)


def test_futures_pipelines_and_workflows_go_together(lab: Lab) -> None:
    @fl.task
    def double(x: int) -> int:
        return 2 * x

    @fl.task
    def through(x: int) -> Any:
        return Square().run(n=x)

    class Outer(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=await fl.in_parallel([double.send(n).continue_with(through) for n in range(4)]))

    assert Outer().run().result(SOON) == [0, 4, 16, 36]
