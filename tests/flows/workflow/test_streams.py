"""``stream_events``: for many readers, in plain and async code, from the beginning, to the event that ends the run."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ipyflow as fl
from ipyflow.errors import WorkflowRuntimeError, WouldDeadlock
from ipyflow.flows.workflow.stream import EventStream, Stream
from ipyflow.model import records as r
from ipyflow.testing import Lab
from ipyflow.workflows import (
    Context,
    Event,
    StartEvent,
    StepState,
    StepStateChanged,
    StopEvent,
    UnhandledEvent,
    Workflow,
    WorkflowCancelledEvent,
    WorkflowFailedEvent,
    WorkflowIdleEvent,
    step,
)
from tests.engine.gates import SOON, Gate, eventually
from tests.flows.workflow.common import A, Answer, B, Boom, Question, of, until_it_waits


class Progress(Event):
    n: int


class Talking(Workflow):
    """Publishes five events; between them it stands if the test has gates."""

    gate: Gate | None = None

    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> A:
        for n in range(3):
            ctx.write_event_to_stream(Progress(n=n))
        return A()

    @step
    def end(self, ctx: Context, ev: A) -> StopEvent:
        if self.gate is not None:
            self.gate.stand()
        ctx.write_event_to_stream(Progress(n=3))
        ctx.write_event_to_stream(Progress(n=4))
        return StopEvent(result="end")


def said(events: list[Any]) -> list[Any]:
    return [one.n if isinstance(one, Progress) else type(one).__name__ for one in events]


ALL = [0, 1, 2, 3, 4, "StopEvent"]


async def read(future: Any, **options: Any) -> list[Any]:
    return [event async for event in future.stream_events(**options)]


def test_plain_code_reads_it(lab: Lab) -> None:
    assert said(list(Talking().run().stream_events())) == ALL


def test_a_coroutine_reads_it(lab: Lab) -> None:
    async def main() -> list[Any]:
        return await read(Talking().run())

    assert said(asyncio.run(main())) == ALL


def test_a_task_on_the_loop_of_the_steps_reads_it(lab: Lab) -> None:
    @fl.task
    async def reader() -> list[Any]:
        return said(await read(Talking().run()))

    assert reader.submit().result(SOON) == ALL


def test_it_is_read_again_and_after_the_end(lab: Lab) -> None:
    future = Talking().run()
    assert said(list(future.stream_events())) == ALL
    assert future.result(SOON) == "end"
    for _ in range(3):
        assert said(list(future.stream_events())) == ALL
    assert said(asyncio.run(read(future))) == ALL


def test_many_read_it_at_once_each_from_the_beginning(lab: Lab) -> None:
    w = Talking()
    w.gate = Gate()
    future = w.run()
    found: list[list[Any]] = []
    first_have_begun = threading.Barrier(5)

    def reader(waits: bool) -> None:
        mine = []
        for event in future.stream_events():
            mine.append(event)
            if waits and len(mine) == 3:
                first_have_begun.wait(SOON)
        found.append(said(mine))

    threads = [threading.Thread(target=reader, args=(place < 4,)) for place in range(4)]
    for thread in threads:
        thread.start()
    first_have_begun.wait(SOON)
    late = [threading.Thread(target=lambda: found.append(said(asyncio.run(read(future))))) for _ in range(4)]
    for thread in late:
        thread.start()
    w.gate.open()
    for thread in threads + late:
        thread.join(SOON)
    assert found == [ALL] * 8


def test_an_iterator_goes_on_where_it_was(lab: Lab) -> None:
    future = Talking().run()
    stream = future.stream_events()
    assert next(stream).n == 0
    assert next(stream).n == 1
    assert said(list(stream)) == [2, 3, 4, "StopEvent"]
    assert list(stream) == []
    with pytest.raises(StopIteration):
        next(stream)


def test_events_come_as_they_are_published(lab: Lab) -> None:
    w = Talking()
    w.gate = Gate()
    future = w.run()
    stream = future.stream_events()
    assert [next(stream).n for _ in range(3)] == [0, 1, 2]
    assert not future.done()
    w.gate.open()
    assert said(list(stream)) == [3, 4, "StopEvent"]


def test_a_reader_that_gives_up_does_not_matter(lab: Lab) -> None:
    w = Talking()
    w.gate = Gate()
    future = w.run()

    async def main() -> None:
        reader = asyncio.ensure_future(read(future))
        await asyncio.sleep(0)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader

    asyncio.run(main())
    assert next(future.stream_events()).n == 0
    w.gate.open()
    assert said(list(future.stream_events())) == ALL
    assert future._workflow_run.stream._bells == []


def test_a_loop_that_was_closed_does_not_matter(lab: Lab) -> None:
    w = Talking()
    w.gate = Gate()
    future = w.run()
    loop = asyncio.new_event_loop()
    stream = future.stream_events()
    for _ in range(3):
        loop.run_until_complete(stream.__anext__())
    waiting = loop.create_task(stream.__anext__())
    loop.run_until_complete(asyncio.sleep(0))
    assert not waiting.done()
    waiting.cancel()
    loop.run_until_complete(asyncio.gather(waiting, return_exceptions=True))
    loop.close()
    w.gate.open()
    assert future.result(SOON) == "end"


def test_reading_on_the_loop_of_the_steps_without_await(lab: Lab) -> None:
    @fl.task
    async def reader() -> None:
        next(Talking().run().stream_events())

    with pytest.raises(WouldDeadlock, match="async for"):
        reader.submit().result(SOON)
    lab.settled()


@pytest.mark.parametrize("ending", ["stop", "own stop", "fails", "cancelled"])
def test_the_last_event_says_how_it_ended(ending: str, lab: Lab) -> None:
    class Own(StopEvent):
        text: str

    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> StopEvent | Own:
            ctx.write_event_to_stream(Progress(n=1))
            gate.stand()
            if ending == "fails":
                raise Boom("what went wrong")
            return Own(text="x") if ending == "own stop" else StopEvent(result=7)

    gate = Gate()
    future = W(disable_validation=True).run()
    gate.reached()
    if ending == "cancelled":
        future.cancel()
    gate.open()
    first, last = list(future.stream_events())
    assert first.n == 1
    if ending == "stop":
        assert (type(last), last.result) == (StopEvent, 7)
    elif ending == "own stop":
        assert (type(last), last.text) == (Own, "x")
        assert future.result(SOON) is last
    elif ending == "fails":
        assert type(last) is WorkflowFailedEvent
        assert (last.step_name, last.exception_type, last.exception_message) == ("begin", "Boom", "what went wrong")
        assert "raise Boom" in last.traceback
        assert last.attempts == 1
        assert isinstance(future.exception(SOON), Boom)
    else:
        assert type(last) is WorkflowCancelledEvent
    lab.settled()


def test_nothing_comes_behind_the_last_event(lab: Lab) -> None:
    late, over = Gate(), threading.Event()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A | B]:
            return [A(), B()]

        @step
        def slow(self, ctx: Context, ev: A) -> StopEvent:
            late.stand()
            try:
                ctx.write_event_to_stream(Progress(n=9))
            finally:
                over.set()
            return StopEvent()

        @step
        def quick(self, ev: B) -> StopEvent:
            late.reached()
            return StopEvent(result="quick")

    future = W().run()
    assert future.result(SOON) == "quick"
    late.open()
    assert over.wait(SOON)
    lab.settled()
    assert said(list(future.stream_events())) == ["StopEvent"]


def test_after_a_retry_the_end_before_is_no_end(lab: Lab) -> None:
    class W(Workflow):
        runs = 0

        @step
        def begin(self, ctx: Context, ev: StartEvent) -> StopEvent:
            W.runs += 1
            ctx.write_event_to_stream(Progress(n=W.runs))
            if W.runs == 1:
                raise Boom
            return StopEvent()

    future = W().run()
    assert said(list(future.stream_events())) == [1, "WorkflowFailedEvent"]
    with pytest.raises(Boom):
        future.result(SOON)
    assert future.run.wait(SOON)
    future.retry()
    future.result(SOON)
    assert said(list(future.stream_events())) == [1, 2, "StopEvent"]


def test_a_reader_that_saw_the_end_before_a_retry_reads_on(lab: Lab) -> None:
    class W(Workflow):
        runs = 0

        @step
        def begin(self, ctx: Context, ev: StartEvent) -> StopEvent:
            W.runs += 1
            if W.runs == 1:
                raise Boom
            ctx.write_event_to_stream(Progress(n=5))
            return StopEvent()

    future = W().run()
    stream, inside = future.stream_events(), future.stream_events(expose_internal=True)
    assert type(next(stream)) is WorkflowFailedEvent
    assert type(list(inside)[-1]) is WorkflowFailedEvent
    assert future.run.wait(SOON)
    with pytest.raises(Boom):
        future.result(SOON)
    future.retry()
    future.result(SOON)
    assert said(list(stream)) == [5, "StopEvent"]
    assert said([one for one in inside if not isinstance(one, StepStateChanged)]) == [5, "StopEvent"]
    later = future.stream_events(expose_internal=True)
    assert said([one for one in later if not isinstance(one, StepStateChanged)]) == [5, "StopEvent"]


def test_what_is_published_goes_to_no_step(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A | StopEvent:
            ctx.write_event_to_stream(A(n=1))
            return StopEvent(result="end")

        @step
        def never(self, ev: A) -> None:
            raise AssertionError("it was only published")

    future = W(skip_graph_checks=["dead_end"]).run()
    assert future.result(SOON) == "end"
    assert [type(one) for one in future.stream_events()] == [A, StopEvent]


def test_nothing_is_published_for_none(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.write_event_to_stream(None)
            return StopEvent()

    assert said(list(W().run().stream_events())) == ["StopEvent"]


@pytest.mark.parametrize("wrong", ["text", 3, object()])
def test_publishing_what_is_no_event(wrong: Any, lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.write_event_to_stream(wrong)
            return StopEvent()

    with pytest.raises(WorkflowRuntimeError, match=f"write_event_to_stream takes an event, not {type(wrong).__name__}"):
        W().run().result(SOON)


def test_publishing_from_outside_and_from_tasks_below(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> StopEvent:
            @fl.task
            def below() -> None:
                ctx.write_event_to_stream(Progress(n=1))

            below()
            gate.stand()
            return StopEvent()

    gate = Gate()
    future = W().run()
    gate.reached()
    future.ctx.write_event_to_stream(Progress(n=2))
    gate.open()
    assert said(list(future.stream_events())) == [1, 2, "StopEvent"]
    assert [one.by != 0 for one in of(future, r.EventPublished)] == [True, False, True]


def test_the_log_tells_what_was_published(lab: Lab) -> None:
    future = Talking().run()
    future.result(SOON)
    assert [one.type for one in of(future, r.EventPublished)] == ["Progress"] * 5 + ["StopEvent"]
    assert "n=3" in str(of(future, r.EventPublished)[3].text) or "3" in str(of(future, r.EventPublished)[3].text)


# What happens inside.


def test_what_happens_inside_is_told_on_demand(lab: Lab) -> None:
    future = Talking().run()
    future.result(SOON)
    lab.settled()
    events = list(future.stream_events(expose_internal=True))
    told = [
        (one.name, one.step_state, one.input_event_name, one.output_event_name)
        for one in events
        if isinstance(one, StepStateChanged)
    ]
    assert told == [
        ("begin", StepState.PREPARING, "StartEvent", None),
        ("begin", StepState.RUNNING, "StartEvent", None),
        ("begin", StepState.NOT_RUNNING, "StartEvent", "A"),
        ("end", StepState.PREPARING, "A", None),
        ("end", StepState.RUNNING, "A", None),
        ("end", StepState.NOT_RUNNING, "A", "StopEvent"),
    ]
    assert said([one for one in events if not isinstance(one, StepStateChanged)]) == ALL
    assert type(events[-1]) is StopEvent


def test_an_event_that_nobody_takes_is_told_inside(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.send_event(B())
            return StopEvent()

    with pytest.warns(UserWarning, match="no step takes"):
        future = W().run()
        (lost,) = [one for one in future.stream_events(expose_internal=True) if isinstance(one, UnhandledEvent)]
        lab.settled()
    assert (lost.event_type, lost.step_name) == ("B", "begin")


def test_waiting_for_somebody_is_told_inside(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> Question:
            return Question()

        @step
        def end(self, ev: Answer) -> StopEvent:
            return StopEvent()

    future = W(timeout=None).run()
    for event in future.stream_events(expose_internal=True):
        if isinstance(event, WorkflowIdleEvent):
            until_it_waits(future)
            future.send_event(Answer())
    assert future.result(SOON) is None


def test_inside_is_read_by_a_coroutine_while_it_goes_on(lab: Lab) -> None:
    w = Talking()
    w.gate = Gate()

    async def main() -> list[Any]:
        future = w.run()
        seen = []
        async for event in future.stream_events(expose_internal=True):
            seen.append(event)
            if isinstance(event, StepStateChanged) and event.name == "end" and event.step_state is StepState.RUNNING:
                w.gate.open()
        return seen

    seen = asyncio.run(main())
    assert said([one for one in seen if not isinstance(one, StepStateChanged)]) == ALL


def test_a_failing_run_is_told_inside_to_its_end(lab: Lab) -> None:
    class W(Workflow):
        @step(retry_policy=1)
        def begin(self, ev: StartEvent) -> StopEvent:
            raise Boom

    future = W().run()
    events = list(future.stream_events(expose_internal=True))
    states = [one.step_state.value for one in events if isinstance(one, StepStateChanged)]
    assert states == ["preparing", "running", "not_running", "running", "not_running"]
    assert type(events[-1]) is WorkflowFailedEvent


# The stream alone.


class NoLoop:
    @staticmethod
    def here() -> bool:
        return False


@given(st.lists(st.sampled_from(["publish", "read", "reader"]), max_size=40))
@settings(max_examples=60)
def test_every_reader_gets_every_event_once_in_order(acts: list[str]) -> None:
    stream: Any = Stream(NoLoop())  # type: ignore[arg-type]
    readers: list[tuple[EventStream, list[int]]] = []
    count = 0
    for act in acts:
        if act == "publish":
            stream.add(count)
            stream.ring()
            count += 1
        elif act == "reader":
            readers.append((EventStream(stream), []))
        else:
            for reader, got in readers:
                if len(got) < count:
                    got.append(next(reader))
    stream.add(count, last=True)
    stream.add("too late")
    stream.ring()
    for reader, got in readers:
        assert got + list(reader) == list(range(count + 1))
        assert list(reader) == []


def test_readers_and_publishers_on_many_threads() -> None:
    stream: Any = Stream(NoLoop())  # type: ignore[arg-type]
    found: list[list[Any]] = []
    together = threading.Barrier(8)

    def publisher(name: int) -> None:
        together.wait(SOON)
        for n in range(200):
            stream.add((name, n))
            stream.ring()

    def reader() -> None:
        together.wait(SOON)
        found.append(list(EventStream(stream)))

    publishers = [threading.Thread(target=publisher, args=(name,)) for name in range(4)]
    readers = [threading.Thread(target=reader) for _ in range(4)]
    for thread in publishers + readers:
        thread.start()
    for thread in publishers:
        thread.join(SOON)
    stream.add("end", last=True)
    stream.ring()
    for thread in readers:
        thread.join(SOON)
    assert len(found) == 4
    assert all(one == found[0] for one in found)
    assert len(found[0]) == 801
    for name in range(4):
        assert [n for who, n in found[0][:-1] if who == name] == list(range(200))
    eventually(lambda: not stream._bells)
