"""A run as data, and on again: ``ctx.to_dict()``, ``Context.from_dict()``, ``run(ctx=...)``."""

from __future__ import annotations

import asyncio
import json
import pickle
import threading
import warnings
from typing import Any

import pytest
from pydantic import BaseModel

from ipyflow.errors import ContextStateError, IpyflowWarning, WorkflowCancelled, WorkflowRuntimeError
from ipyflow.model import records as r
from ipyflow.testing import Lab, engine
from ipyflow.workflows import Context, JsonSerializer, PickleSerializer, StartEvent, StopEvent, Workflow, step
from tests.engine.gates import SOON, Gate, eventually
from tests.flows.workflow.common import A, Answer, B, Boom, C, D, Question, of, sent, steps, until_it_waits
from tests.flows.workflow.interpreter import Interpreter
from tests.flows.workflow.programs import SKIPPED, Acting, Generator, built, telling
from tests.flows.workflow.reading import check_log

SERIALIZERS = [JsonSerializer, PickleSerializer]


def carried(context: Context[Any], serializer: Any = None) -> dict[str, Any]:
    """What is saved, as it comes back from a file."""
    return json.loads(json.dumps(context.to_dict(serializer)))


class Asking(Workflow):
    """Collects two, keeps a number, and asks before it ends."""

    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> A | Question:
        await ctx.store.set("seen", ev.n)
        ctx.send_event(A(n=1))
        return Question(text="?")

    @step
    def pair(self, a: A, b: B) -> C:
        return C(n=a.n + b.n)

    @step
    def answered(self, ev: Answer) -> B:
        return B(n=int(ev.text))

    @step
    async def end(self, ctx: Context, ev: C) -> StopEvent:
        return StopEvent(result=[ev.n, await ctx.store.get("seen")])


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_a_run_that_waits_for_an_answer_goes_on_another_day(serializer: Any, lab: Lab) -> None:
    future = Asking(timeout=None).run(n=7)
    until_it_waits(future)
    data = carried(future.ctx, serializer())
    future.cancel()
    with pytest.raises(WorkflowCancelled):
        future.result(SOON)
    with engine(threads=2) as other:
        w = Asking(timeout=None)
        again = w.run(ctx=Context.from_dict(w, data, serializer()))
        until_it_waits(again)
        again.send_event(Answer(text="10"))
        assert again.result(SOON) == [11, 7]
        other.settled()
        check_log(again.run)
        assert steps(again, "begin") == []


def test_a_snapshot_does_not_disturb_the_run(lab: Lab) -> None:
    future = Asking(timeout=None).run(n=7)
    until_it_waits(future)
    before = carried(future.ctx)
    assert carried(future.ctx) == before
    future.send_event(Answer(text="10"))
    assert future.result(SOON) == [11, 7]


def test_a_step_in_the_middle_is_run_again_from_its_top(lab: Lab) -> None:
    gate = Gate()

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(3)]

        @step(num_workers=2)
        def work(self, ev: A) -> B:
            runs.append(ev.n)
            gate.stand()
            return B(n=ev.n)

        @step
        def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    runs: list[int] = []
    future = W(timeout=None).run()
    eventually(lambda: len(runs) == 2)
    data = carried(future.ctx)
    gate.open()
    assert future.result(SOON) == [0, 1, 2]
    runs.clear()
    w = W(timeout=None)
    again = w.run(ctx=Context.from_dict(w, data))
    assert again.result(SOON) == [0, 1, 2]
    assert sorted(runs) == [0, 1, 2]


def test_what_waits_in_lists_and_buffers_is_kept(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(4)]

        @step(num_workers=4)
        def work(self, ev: A) -> B | C:
            if ev.n == 3 and gates:
                gates[0].stand()
            return B(n=ev.n) if ev.n else C(n=ev.n)

        @step(num_workers=1)
        def pairs(self, ctx: Context, ev: B) -> D | None:
            got = ctx.collect_events(ev, [B, B, B])
            return None if got is None else D(n=sum(one.n for one in got))

        @step
        def end(self, evs: list[D | C]) -> StopEvent:
            return StopEvent(result=sorted((type(one).__name__, one.n) for one in evs))

    gates = [Gate()]
    future = W(timeout=None).run()
    gates[0].reached()
    eventually(lambda: sum(1 for one in of(future, r.EventHeld)) == 3)
    data = carried(future.ctx)
    gates[0].open()
    assert future.result(SOON) == [("C", 0), ("D", 6)]
    w = W(timeout=None)
    again = w.run(ctx=Context.from_dict(w, data))
    assert again.result(SOON) == [("C", 0), ("D", 6)]


def test_what_was_collected_before_waits_for_no_worker(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A | Question:
            ctx.send_event(A(n=1))
            return Question()

        @step
        def gather(self, ctx: Context, ev: A | Answer) -> StopEvent | None:
            got = ctx.collect_events(ev, [A, Answer])
            return None if got is None else StopEvent(result=got[0].n)

    future = W(timeout=None).run()
    until_it_waits(future)
    eventually(lambda: of(future, r.EventHeld))
    data = carried(future.ctx)
    future.cancel()
    w = W(timeout=None)
    again = w.run(ctx=Context.from_dict(w, data))
    until_it_waits(again)
    state = again.run.snapshot().workflows[again.id]
    assert not +state.waiting
    assert {key: len(join.events) for key, join in state.joins.items()} == {("gather", ""): 1}
    again.send_event(Answer())
    assert again.result(SOON) == 1


def test_a_list_that_had_ended_is_not_waited_for(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> list[A]:
            return [A()]

        @step
        def split(self, ev: A) -> list[B]:
            return [B(n=1), B(n=2)]

        @step
        def inner(self, evs: list[B]) -> C:
            gate.stand()
            return C(n=len(evs))

        @step
        def outer(self, evs: list[C]) -> StopEvent:
            return StopEvent(result=[one.n for one in evs])

    gate = Gate()
    future = W(timeout=None).run()
    gate.reached()
    data = carried(future.ctx)
    gate.open()
    assert future.result(SOON) == [2]
    w = W(timeout=None)
    again = w.run(ctx=Context.from_dict(w, data))
    assert again.result(SOON) == [2]


def test_a_wait_in_the_middle_of_a_step_is_taken_up_and_its_question_not_asked_twice(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> StopEvent:
            answer = await ctx.wait_for_event(Answer, waiter_event=Question(text="?"))
            return StopEvent(result=answer.text)

    future = W(timeout=None).run()
    eventually(lambda: of(future, r.EventAwaited))
    data = carried(future.ctx)
    future.cancel()
    w = W(timeout=None)
    again = w.run(ctx=Context.from_dict(w, data))
    again.send_event(Answer(text="late"))
    assert again.result(SOON) == "late"
    assert [type(event) for event in again.stream_events()] == [StopEvent]


class Kept(BaseModel):
    count: int = 0
    names: list[str] = []


class Typed(Workflow):
    @step
    async def begin(self, ctx: Context[Kept], ev: StartEvent) -> StopEvent:
        async with ctx.store.edit_state() as state:
            state.count += 1
            state.names.append(ev.get("name", "?"))
        return StopEvent(result=(state.count, list(state.names)))


def test_a_finished_context_is_used_again_with_its_state(lab: Lab) -> None:
    w = Typed()
    first = w.run(name="a")
    assert first.result(SOON) == (1, ["a"])
    lab.settled()
    second = w.run(ctx=first.ctx, name="b")
    assert second.result(SOON) == (2, ["a", "b"])
    assert second.ctx is first.ctx
    lab.settled()
    third = w.run(ctx=Context.from_dict(w, carried(second.ctx)), name="c")
    assert third.result(SOON) == (3, ["a", "b", "c"])


def test_a_context_of_a_run_that_goes_on_is_in_use(lab: Lab) -> None:
    future = Asking(timeout=None).run(n=1)
    until_it_waits(future)
    with pytest.raises(ContextStateError, match="in use"):
        Asking().run(ctx=future.ctx)
    future.cancel()


def test_a_context_of_another_workflow(lab: Lab) -> None:
    first = Typed().run(name="a")
    first.result(SOON)
    with pytest.raises(ContextStateError, match="Typed"):
        Asking().run(ctx=first.ctx, n=1)
    with pytest.raises(ContextStateError, match="Typed"):
        Context.from_dict(Asking(), carried(first.ctx))


@pytest.mark.parametrize("wrong", [None, {}, [], "text", {"version": 99}])
def test_what_is_no_state(wrong: Any, lab: Lab) -> None:
    with pytest.raises(ContextStateError, match=r"to_dict\(\)"):
        Context.from_dict(Asking(), wrong)


def test_a_state_of_steps_that_are_gone(lab: Lab) -> None:
    future = Asking(timeout=None).run(n=1)
    until_it_waits(future)
    data = carried(future.ctx)
    future.cancel()

    class Other(Workflow):
        @step
        def begin(self, ev: StartEvent) -> StopEvent:
            return StopEvent()

    data["workflow"] = Other.__qualname__
    with pytest.raises(ContextStateError, match="pair"):
        Context.from_dict(Other(), data)


def test_a_run_that_goes_on_takes_no_start_event(lab: Lab) -> None:
    future = Asking(timeout=None).run(n=1)
    until_it_waits(future)
    data = carried(future.ctx)
    future.cancel()
    w = Asking()
    with pytest.raises(WorkflowRuntimeError, match="start event"):
        w.run(ctx=Context.from_dict(w, data), n=2)


@pytest.mark.parametrize("wrong", [3, "ctx", {}])
def test_a_context_that_is_none(wrong: Any, lab: Lab) -> None:
    with pytest.raises(ContextStateError, match="Context"):
        Asking().run(ctx=wrong, n=1)


def test_a_run_that_failed_may_be_carried_on_elsewhere(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def begin(self, ctx: Context, ev: StartEvent) -> A:
            await ctx.store.set("x", 3)
            return A(n=4)

        @step
        async def end(self, ctx: Context, ev: A) -> StopEvent:
            if broken:
                raise Boom
            return StopEvent(result=ev.n + await ctx.store.get("x"))

    broken = [True]
    future = W().run()
    with pytest.raises(Boom):
        future.result(SOON)
    data = carried(future.ctx)
    broken.clear()
    w = W()
    again = w.run(ctx=Context.from_dict(w, data))
    assert again.result(SOON) == 7
    assert steps(again, "begin") == []


def test_saving_by_pickle_keeps_what_json_cannot(lab: Lab) -> None:
    class W(Workflow):
        @step
        def begin(self, ctx: Context, ev: StartEvent) -> A | Question:
            ctx.send_event(A(n=1, when=complex(1, 2)))
            return Question()

        @step
        def pair(self, a: A, answer: Answer) -> StopEvent:
            return StopEvent(result=a.when)

    future = W(timeout=None).run()
    until_it_waits(future)
    data = pickle.loads(pickle.dumps(future.ctx.to_dict(PickleSerializer())))
    future.cancel()
    w = W(timeout=None)
    again = w.run(ctx=Context.from_dict(w, data, PickleSerializer()))
    again.send_event(Answer())
    assert again.result(SOON) == complex(1, 2)


def test_the_state_may_be_taken_inside_a_step(lab: Lab) -> None:
    found: list[dict[str, Any]] = []

    class W(Workflow):
        @step
        def begin(self, ev: StartEvent) -> A:
            return A(n=1)

        @step
        async def end(self, ctx: Context, ev: A) -> StopEvent:
            if not found:
                found.append(carried(ctx))
            return StopEvent(result=ev.n)

    assert W().run().result(SOON) == 1
    w = W()
    again = w.run(ctx=Context.from_dict(w, found[0]))
    assert again.result(SOON) == 1
    assert [kind for kind, _ in sent(again)] == ["A"]


@pytest.mark.parametrize("block", range(4))
def test_a_random_workflow_goes_on_from_any_moment(block: int) -> None:
    """Saved somewhere in the middle, and carried on by another engine: its last join gets what it would have got."""
    for seed in range(block * 15, block * 15 + 15):
        program = Generator(seed, endings=("list",), sending=False).program()
        where = f"seed {seed}"
        with telling(program), warnings.catch_warnings(), engine(threads=4) as lab:
            warnings.simplefilter("ignore", IpyflowWarning)
            made = built(program)
            w = Saving(made, seed % 9)
            future = w.workflow.run()
            assert future.result(30) == "end", where
            lab.settled(30)
            if w.data is None:
                continue
            with engine(threads=2) as other:
                workflow = made(skip_graph_checks=SKIPPED, timeout=None)
                again = workflow.run(ctx=Context.from_dict(workflow, w.data))
                assert again.result(30) == "end", where
                other.settled(30)
                check_log(again.run, where)
                sizes = [len(task.takes) for task in steps(again, "last")]
                expected = [size for (name, size) in Interpreter(program).run().sizes if name == "last"]
                assert sizes == expected, where


class Saving:
    """A made workflow whose state is saved when so many bodies have begun, by another thread."""

    def __init__(self, made: type[Acting], at: int) -> None:
        self.workflow = made(skip_graph_checks=SKIPPED, timeout=None)
        self.data: dict[str, Any] | None = None
        self.begun, self.at = 0, at
        move = self.workflow.counting.move

        def watched(name: str, by: int) -> None:
            move(name, by)
            if by > 0:
                self.begun += 1
                if self.begun == self.at + 1 and self.data is None:
                    self.save()

        self.workflow.counting.move = watched  # type: ignore[method-assign]
        act = self.workflow.act

        def kept(plan: Any, ctx: Any, given: Any) -> Any:
            self.context = ctx
            return act(plan, ctx, given)

        self.workflow.act = kept  # type: ignore[method-assign]
        self.context: Any = None

    def save(self) -> None:
        if self.context is None:
            return

        def take() -> None:
            self.data = carried(self.context)

        thread = threading.Thread(target=take)
        thread.start()
        thread.join(SOON)


def test_a_state_taken_while_events_pour_in_is_whole(lab: Lab) -> None:
    class W(Workflow):
        @step
        async def begin(self, ev: StartEvent) -> list[A]:
            return [A(n=n) for n in range(200)]

        @step
        async def work(self, ev: A) -> B:
            await asyncio.sleep(0)
            return B(n=ev.n)

        @step
        async def end(self, evs: list[B]) -> StopEvent:
            return StopEvent(result=sorted(one.n for one in evs))

    w = W(timeout=None)
    future = w.run()
    taken: list[dict[str, Any]] = []
    while not future.done() and len(taken) < 5:
        taken.append(carried(future.ctx))
    assert future.result(SOON) == list(range(200))
    for data in taken:
        if data["deliveries"]:
            again = w.run(ctx=Context.from_dict(w, data))
            assert again.result(SOON) == list(range(200))
