"""A workflow runs: from anywhere, its steps in parallel, to its first stop event; and what the log tells of it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import sys
import threading
from collections import Counter
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import TaskCancelled, UnhandledEventWarning, WorkflowRuntimeError
from ipyflow.model import records as r
from ipyflow.testing import Lab, engine
from ipyflow.workflows import Context, Event, StartEvent, StopEvent, Workflow, WorkflowFuture, step
from tests.engine.gates import SOON, Gate, Together, eventually
from tests.flows.workflow.common import A, B, Boom, C, D, of, sent, states, step_named, steps
from tests.flows.workflow.reading import check_log


class Double(Workflow):
    @step
    async def double(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=2 * ev.n)


class DoubleOnThread(Workflow):
    @step
    def double(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=2 * ev.n)


# From where it is run.


@pytest.mark.parametrize("kind", [Double, DoubleOnThread])
class TestAnywhere:
    def test_without_a_loop(self, kind: type[Workflow], lab: Lab) -> None:
        assert kind().run(n=21).result(SOON) == 42

    def test_on_another_thread(self, kind: type[Workflow], lab: Lab) -> None:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: kind().run(n=21).result(SOON)).result(SOON) == 42

    def test_in_a_loop_of_the_users(self, kind: type[Workflow], lab: Lab) -> None:
        async def main() -> Any:
            return await kind().run(n=21)

        assert asyncio.run(main()) == 42

    def test_several_in_a_loop_of_the_users(self, kind: type[Workflow], lab: Lab) -> None:
        async def main() -> Any:
            return await asyncio.gather(*[kind().run(n=n) for n in range(5)])

        assert asyncio.run(main()) == [0, 2, 4, 6, 8]

    def test_in_a_task(self, kind: type[Workflow], lab: Lab) -> None:
        @fl.task
        def outer() -> Any:
            return kind().run(n=21).result()

        assert outer() == 42

    def test_in_a_coroutine(self, kind: type[Workflow], lab: Lab) -> None:
        @fl.task
        async def outer() -> Any:
            return await kind().run(n=21)

        assert outer.submit().result(SOON) == 42

    def test_returned_by_a_task(self, kind: type[Workflow], lab: Lab) -> None:
        @fl.task
        def outer() -> Any:
            return kind().run(n=21)

        assert outer.submit().result(SOON) == 42

    def test_as_an_argument_to_be_resolved(self, kind: type[Workflow], lab: Lab) -> None:
        @fl.task(resolve=True)
        def outer(x: int) -> int:
            return x + 1

        assert outer.submit(kind().run(n=21)).result(SOON) == 43

    def test_on_the_spot(self, kind: type[Workflow], inline: Lab) -> None:
        assert kind().run(n=21).result(SOON) == 42

    def test_on_one_thread(self, kind: type[Workflow]) -> None:
        with engine(threads=1) as lab:
            assert kind().run(n=21).result(SOON) == 42
            lab.settled()


def test_the_handle_is_a_future_like_any_other(lab: Lab) -> None:
    future = Double().run(n=1)
    assert isinstance(future, WorkflowFuture)
    assert isinstance(future, fl.Future)
    assert isinstance(future, concurrent.futures.Future)
    assert future.result(SOON) == 2
    assert concurrent.futures.wait([future], SOON).done == {future}
    assert list(fl.as_completed([future])) == [future]
    assert fl.wait([future], SOON).done == {future}
    assert fl.select([future], SOON)[0] is future
    assert "\n" not in repr(future)
    assert future.poll() == 2


def test_a_run_of_its_own_has_the_name_of_the_workflow(lab: Lab) -> None:
    future = Double(workflow_name="twice").run(n=1)
    future.result(SOON)
    assert (future.run.name, future.task.name) == ("twice", "twice")
    other = Double().run(n=1)
    other.result(SOON)
    assert other.run is not future.run
    assert other.run.name == "Double"


def test_runs_of_one_workflow_do_not_meet(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> A:
            for n in range(3):
                ctx.send_event(A(n=10 * ev.base + n))

        @step
        async def gather(self, ctx: Context, ev: A) -> StopEvent:
            got = ctx.collect_events(ev, [A] * 3)
            return None if got is None else StopEvent(result=sorted(one.n for one in got))

    w = W()
    futures = [w.run(base=base) for base in range(20)]
    for base, future in enumerate(futures):
        assert future.result(SOON) == [10 * base, 10 * base + 1, 10 * base + 2]


# Its beginning and its end.


def test_what_run_is_given_is_in_the_start_event(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=(ev.topic, ev["depth"], ev.get("missing", "none"), type(ev)))

    assert W().run(topic="x", depth=2).result(SOON) == ("x", 2, "none", StartEvent)


class MyStart(StartEvent):
    topic: str
    depth: int = 3


class MyStop(StopEvent):
    pages: list[str]


class Own(Workflow):
    @step
    def begin(self, ev: MyStart) -> MyStop:
        return MyStop(pages=[ev.topic] * ev.depth)


def test_a_start_event_of_ones_own_is_made_of_what_run_is_given(lab: Lab) -> None:
    assert Own().run(topic="x").result(SOON).pages == ["x", "x", "x"]
    assert Own().run(start_event=MyStart(topic="y", depth=1)).result(SOON).pages == ["y"]


def test_the_value_of_a_stop_event_of_ones_own_is_the_event(lab: Lab) -> None:
    value = Own().run(topic="x", depth=1).result(SOON)
    assert type(value) is MyStop
    assert value.result is None


@pytest.mark.parametrize("value", [None, 0, "text", [1], (1, 2), {"a": A()}])
def test_the_value_of_a_plain_stop_event_is_its_result(value: Any, lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=value)

    assert W().run().result(SOON) is value


def test_the_first_stop_event_ends_the_run_and_stops_the_rest(lab: Lab) -> None:
    cancelled, at_work = threading.Event(), threading.Barrier(4)
    seen: list[bool] = []
    thread_over = threading.Event()

    class W(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> A | B | C | D:
            for event in (A(), B(), C(), *[D() for _ in range(5)]):
                ctx.send_event(event)

        @step
        async def first(self, ev: A) -> StopEvent:
            await asyncio.get_running_loop().run_in_executor(None, at_work.wait, SOON)
            return StopEvent(result="first")

        @step
        async def second(self, ev: B) -> StopEvent:
            try:
                await asyncio.get_running_loop().run_in_executor(None, at_work.wait, SOON)
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise
            return StopEvent(result="second")

        @step
        def third(self, ev: C) -> StopEvent:
            at_work.wait(SOON)
            eventually(lambda: fl.current().cancelled)
            seen.append(fl.current().cancelled)
            thread_over.set()
            return StopEvent(result="third")

        @step(num_workers=1)
        def queued(self, ev: D) -> None:
            if not at_work.broken and ev is not None:
                at_work.wait(SOON)
                eventually(lambda: fl.current().cancelled)

    future = W(skip_graph_checks=["dead_end"]).run()
    assert future.result(SOON) == "first"
    assert cancelled.wait(SOON)
    assert thread_over.wait(SOON)
    assert seen == [True]
    lab.settled()
    assert states(future, "second") == ["cancelled"]
    assert states(future, "third") == ["cancelled"]
    assert len(steps(future, "queued")) == 1, "events that wait for a worker have no task"
    assert future.result() == "first"
    check_log(future.run)


def test_a_stop_event_may_be_sent(lab: Lab) -> None:
    after = threading.Event()

    class W(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> StopEvent | A:
            ctx.send_event(StopEvent(result="sent"))
            ctx.send_event(A())
            after.set()
            return StopEvent(result="returned")

        @step
        def never(self, ev: A) -> None:
            raise AssertionError("it was sent after the end")

    future = W(skip_graph_checks=["dead_end"]).run()
    assert future.result(SOON) == "sent"
    assert after.wait(SOON)
    lab.settled()
    assert steps(future, "never") == []
    assert [kind for kind, _ in sent(future)] == ["StartEvent"]


def test_what_stops_it_from_outside(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            gate.stand()
            return StopEvent(result="inside")

    future = W().run()
    gate.reached()
    future.send_event(StopEvent(result="outside"))
    assert future.result(SOON) == "outside"
    gate.open()


# Where events go.


def test_an_event_goes_to_every_step_that_takes_its_type(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A:
            return A(n=5)

        @step
        def one(self, ev: A) -> B:
            return B(n=ev.n)

        @step
        def two(self, ev: A | C) -> B:
            return B(n=10 * ev.n)

        @step
        def three(self, ev: C) -> B:
            raise AssertionError("this is no C")

        @step
        def gather(self, ctx: Context, ev: B) -> StopEvent | C:
            got = ctx.collect_events(ev, [B, B])
            return None if got is None else StopEvent(result=sorted(one.n for one in got))

    future = W().run()
    assert future.result(SOON) == [5, 50]
    assert sent(future)[:2] == [("StartEvent", ("begin",)), ("A", ("one", "two"))]


def test_an_event_may_be_sent_to_one_step(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A:
            ctx.send_event(A(n=1), step="two")

        @step
        def one(self, ev: A) -> StopEvent:
            return StopEvent(result="one")

        @step
        def two(self, ev: A) -> StopEvent:
            return StopEvent(result="two")

    future = W().run()
    assert future.result(SOON) == "two"
    assert sent(future)[1] == ("A", ("two",))


def test_types_are_taken_exactly(lab: Lab) -> None:
    class Below(A):
        pass

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A | Below:
            return Below()

        @step
        def base(self, ev: A) -> StopEvent:
            return StopEvent(result="base")

        @step
        def below(self, ev: Below) -> StopEvent:
            return StopEvent(result="below")

    assert W().run().result(SOON) == "below"


def test_subclasses_are_taken_where_it_is_said(lab: Lab) -> None:
    class Below(A):
        pass

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> Below:
            return Below(n=3)

        @step(accept_event_subclasses=True)
        def base(self, ev: A) -> StopEvent:
            return StopEvent(result=(type(ev), ev.n))

    assert W().run().result(SOON) == (Below, 3)


def test_a_step_gets_the_very_event(lab: Lab) -> None:
    event = A(n=1)

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A:
            return event

        @step
        def end(self, ev: A) -> StopEvent:
            return StopEvent(result=ev is event)

    assert W().run().result(SOON) is True


def test_none_gives_nothing(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A | B:
            ctx.send_event(A())
            ctx.send_event(B())

        @step
        def nothing(self, ev: A) -> B | None:
            return None

        @step
        def end(self, ev: B) -> StopEvent:
            return StopEvent(result="end")

    future = W().run()
    assert future.result(SOON) == "end"
    assert [kind for kind, _ in sent(future)] == ["StartEvent", "A", "B"]


def test_an_event_that_nobody_takes_is_recorded_and_warned_of_once(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> StopEvent:
            for n in range(7):
                ctx.send_event(A(n=n))
            ctx.send_event(B())
            return StopEvent()

    with pytest.warns(UnhandledEventWarning) as warned:
        future = W().run()
        future.result(SOON)
        lab.settled()
    assert len(warned) == 1
    text = str(warned[0].message)
    assert "A(n=0)" in text
    assert "8 events" in text
    assert "write_event_to_stream" in text
    assert sent(future)[1:] == [*[("A", ())] * 7, ("B", ())]
    state = future.run.snapshot().workflows[future.id]
    assert [state.events[id].type for id in state.unhandled] == [*"AAAAAAA", "B"]
    assert "7 A events" in future.explain()
    assert "no step takes" in future.explain()


def test_the_explanation_of_a_run_under_way_names_an_event_that_nobody_takes(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> StopEvent:
            ctx.send_event(A(n=17))
            gate.stand()
            return StopEvent()

    with pytest.warns(UnhandledEventWarning):
        future = W().run()
        gate.reached()
        assert "1 A event was sent by begin and no step takes it" in future.explain()
        gate.open()
        future.result(SOON)
        lab.settled()


# In parallel.


def test_steps_on_threads_run_in_parallel(lab: Lab) -> None:
    together = threading.Barrier(4)

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A() for _ in range(4)]

        @step
        def work(self, ev: A) -> B:
            return B(n=together.wait(SOON))

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    assert W().run().result(SOON) == [0, 1, 2, 3]


def test_a_step_that_blocks_its_thread_does_not_stop_the_others(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A | B]:
            return [A(), B(), B(), B()]

        @step
        def blocks(self, ev: A) -> C:
            gate.stand()
            return C(n=0)

        @step
        async def goes_on(self, ev: B) -> C:
            await asyncio.get_running_loop().run_in_executor(None, gate.reached)
            return C(n=1)

        @step
        def count(self, ctx: Context, ev: C) -> D:
            if ev.n and ctx.collect_events(ev, [C] * 3):
                gate.open()
            return D(n=ev.n)

        @step
        def end(self, evs: list[D]) -> StopEvent:
            return StopEvent(result=[one.n for one in evs])

    assert sorted(W().run().result(SOON)) == [0, 1, 1, 1]


def test_steps_of_one_run_and_of_others_share_nothing_but_threads(lab: Lab) -> None:
    together = threading.Barrier(3)

    class W(Workflow):
        @step(num_workers=1)
        def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=together.wait(SOON))

    w = W()
    assert sorted(future.result(SOON) for future in [w.run() for _ in range(3)]) == [0, 1, 2]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_context_variable_of_whoever_runs_it_is_seen_in_its_steps(is_async: bool, lab: Lab) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="nothing")

    class OnLoop(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=variable.get())

    class OnThread(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=variable.get())

    variable.set("mine")
    assert (OnLoop if is_async else OnThread)().run().result(SOON) == "mine"


def test_tasks_may_be_submitted_and_waited_for_in_steps(lab: Lab) -> None:
    @fl.task
    def square(x: int) -> int:
        return x * x

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A:
            return A(n=square(3))

        @step
        async def end(self, ev: A) -> StopEvent:
            return StopEvent(result=await square.submit(ev.n))

    future = W().run()
    assert future.result(SOON) == 81
    names = {task.name: task.parent for task in future.run.snapshot().tasks.values()}
    assert names["square"] in [task.id for task in steps(future)]


def test_a_task_below_a_step_may_use_the_context(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> list[A]:
            return [A(n=1)]

        @step
        def work(self, ctx: Context, ev: A) -> B:
            @fl.task
            def below() -> None:
                ctx.send_event(B(n=7))

            below()

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=[one.n for one in evs])

    future = W().run()
    assert future.result(SOON) == [7]
    last = next(record for record in of(future, r.EventSent) if record.type == "B")
    assert last.by == steps(future, "work")[0].id


# What the log tells.


def test_the_log_of_a_run_reads_as_it_went(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> A:
            return A(n=2)

        @step
        async def end(self, ev: A) -> StopEvent:
            return StopEvent(result=ev.n)

    future = W(timeout=None).run(topic="x")
    assert future.result(SOON) == 2
    lab.settled()
    told = [
        (type(record).__name__, getattr(record, "task", None))
        for record in future.run.log
        if not isinstance(record, (r.Queued, r.Read))
    ]
    node, one, two = future.id, *[task.id for task in steps(future)]
    assert told == [
        ("Opened", None), ("Submitted", node), ("Waiting", node), ("Routes", node), ("EventSent", node),
        ("Submitted", one), ("EventsTaken", one), ("Started", one), ("Finished", one), ("EventSent", node),
        ("Submitted", two), ("EventsTaken", two), ("Started", two), ("Finished", two), ("EventPublished", node),
        ("Finished", node), ("Closed", None),
    ]  # fmt: skip
    start, event = of(future, r.EventSent)
    assert (start.event, start.by, start.type, start.to) == (1, 0, "StartEvent", ("begin",))
    assert (event.event, event.by, event.type, event.to) == (2, one, "A", ("end",))
    assert "2" in event.text
    assert [record.events for record in of(future, r.EventsTaken)] == [(1,), (2,)]
    node_task, first, second = (future.run.snapshot().tasks[id] for id in (node, one, two))
    assert (node_task.role, node_task.executor, node_task.spans[1].note) == ("workflow", "pipeline", "its steps")
    assert (first.role, first.name, first.parent, first.args, first.refs) == ("step", "begin", node, "", ())
    assert (second.refs, second.takes) == ((one,), (2,))
    check_log(future.run)


def test_the_references_of_a_step_are_the_tasks_that_gave_its_events(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(3)]

        @step
        def work(self, ev: A) -> B:
            return B(n=ev.n)

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent()

    future = W().run()
    future.result(SOON)
    begin, *work, end = steps(future)
    assert {task.refs for task in work} == {(begin.id,)}
    assert sorted(end.refs) == [task.id for task in work]


def test_the_future_of_a_step_can_be_looked_at(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            print("hello from the step")
            gate.stand()
            return StopEvent()

    future = W().run()
    gate.reached()
    one = step_named(future, "begin")
    assert one.parent is future
    assert future.children == [one]
    assert future.ctx.running_steps() == ["begin"]
    assert future.ctx.is_running
    gate.open()
    future.result(SOON)
    assert "hello from the step" in one.logs
    assert future.ctx.running_steps() == []
    assert not future.ctx.is_running


# Steps of all kinds.


def test_steps_may_be_functions_static_methods_inherited_and_overridden(lab: Lab) -> None:
    class Base(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A:
            return A(n=1)

        @step
        def work(self, ev: A) -> B:
            return B(n=ev.n + 1)

        @staticmethod
        @step
        def more(ev: B) -> C:
            return C(n=10 * ev.n)

    class Derived(Base):
        @step
        async def work(self, ev: A) -> B:
            return B(n=Base.work(self, ev).n + 100)

    @step(workflow=Derived)
    async def end(ctx: Context, ev: C) -> StopEvent:
        return StopEvent(result=ev.n)

    assert Derived().run().result(SOON) == 1020


@pytest.mark.parametrize("ending", ["bare", "named", "first", "only by name"])
def test_parameters_of_a_step_stand_in_any_order(ending: str, lab: Lab) -> None:
    class W(Workflow):
        @step
        def bare(self, ev: StartEvent) -> A:
            return A(n=1)

        @step
        def named(self, what: A, where: Context) -> B:
            where.send_event(B(n=what.n))

        @step
        def first(self, ctx: Context, what: B, factor: int = 3) -> C:
            return C(n=what.n * factor)

        @step
        def only_by_name(self, *, ctx: Context, what: C) -> StopEvent:
            return StopEvent(result=what.n)

    assert W().run().result(SOON) == 3


def test_ten_thousand_events_of_one_list_are_taken_once_each(lab: Lab) -> None:
    count = 10_000

    class W(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(count)]

        @step
        async def work(self, ev: A) -> B:
            return B(n=ev.n)

        @step
        async def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sum(one.n for one in evs))

    future = W(timeout=None).run()
    assert future.result(40) == sum(range(count))
    taken = Counter(event for record in of(future, r.EventsTaken) for event in record.events)
    assert set(taken.values()) == {1}
    assert len(taken) == 2 * count + 1


def test_a_chain_of_ten_thousand_steps_needs_no_stack(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A:
            return A(n=10_000)

        @step
        def again(self, ev: A) -> A | StopEvent:
            return A(n=ev.n - 1) if ev.n else StopEvent(result="end")

    before = sys.getrecursionlimit()
    assert W(timeout=None).run().result(40) == "end"
    assert sys.getrecursionlimit() == before


def test_a_chain_of_steps_on_the_loop_lets_others_run(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> A:
            return A(n=0)

        @step
        async def again(self, ev: A) -> A | StopEvent:
            return StopEvent(result=ev.n) if other.done() else A(n=ev.n + 1)

    @fl.task
    async def beside() -> str:
        for _ in range(5):
            await asyncio.sleep(0)
        return "done"

    other = beside.submit()
    assert W(timeout=None).run().result(SOON) >= 0


def test_what_a_failing_callback_does_is_its_own_affair(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    future = Double().run(n=1)

    def raises(_: Any) -> None:
        raise Boom

    future.add_done_callback(raises)
    assert future.result(SOON) == 2
    eventually(lambda: "exception calling callback" in caplog.text)


def test_events_sent_after_the_end_from_outside_are_refused(lab: Lab) -> None:
    future = Double().run(n=1)
    future.result(SOON)
    with pytest.raises(WorkflowRuntimeError, match="has ended"):
        future.send_event(A())
    with pytest.raises(WorkflowRuntimeError, match="has ended"):
        future.send_event(StopEvent())


def test_a_body_that_was_given_up_sends_into_nothing(lab: Lab) -> None:
    gate, sent_late = Gate(), threading.Event()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A | B]:
            return [A(), B()]

        @step
        def slow(self, ctx: Context, ev: A) -> C | StopEvent:
            gate.stand()
            try:
                ctx.send_event(C())
            finally:
                sent_late.set()

        @step
        def quick(self, ev: B) -> StopEvent:
            gate.reached()
            return StopEvent(result="quick")

        @step
        def never(self, ev: C) -> None:
            raise AssertionError("it was sent after the end")

    future = W(skip_graph_checks=["dead_end"]).run()
    assert future.result(SOON) == "quick"
    gate.open()
    assert sent_late.wait(SOON)
    lab.settled()
    assert steps(future, "never") == []


def test_a_run_inside_a_task_that_was_stopped_never_begins(lab: Lab) -> None:
    gate, ran = Gate(), threading.Event()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            ran.set()
            return StopEvent()

    found: list[WorkflowFuture[Any]] = []

    @fl.task
    def outer() -> None:
        gate.stand()
        found.append(W().run())

    future = outer.submit()
    gate.reached()
    future.cancel()
    gate.open()
    eventually(lambda: found)
    with pytest.raises(TaskCancelled):
        found[0].result(SOON)
    assert not ran.is_set()


def test_many_bodies_at_once_on_the_loop(lab: Lab) -> None:
    together = Together()

    class W(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> list[A]:
            return [A() for _ in range(50)]

        @step(num_workers=20)
        async def work(self, ev: A) -> B:
            with together.inside():
                await asyncio.sleep(0)
            return B()

        @step
        async def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=len(evs))

    assert W().run().result(SOON) == 50
    assert together.most == 20


def test_an_event_may_hold_anything(lab: Lab) -> None:
    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError("cannot be shown")

    class Holder(Event):
        what: Any = None

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> Holder:
            return Holder(what=Odd(), lock=threading.Lock(), cls=Odd)

        @step
        def end(self, ev: Holder) -> StopEvent:
            return StopEvent(result=type(ev.what))

    future = W().run()
    assert future.result(SOON) is Odd
    check_log(future.run, closed=False)
