"""Edits of a store and who writes when: coroutines and threads, in the order asked, whatever becomes of them."""

import asyncio
import contextvars
import gc
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import ipyflow as fl
from ipyflow.errors import TaskCancelled, WouldDeadlock
from ipyflow.flows.workflow.state import DictState
from ipyflow.flows.workflow.store import Store
from ipyflow.model import records as r
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, eventually


class Counted(BaseModel):
    count: int = 0


@pytest.fixture
def lab() -> Iterator[Lab]:
    with engine(threads=4) as lab:
        yield lab
        lab.settled()


def queued(store: Store[Any]) -> int:
    return len(store._writers._queue)


def now(store: Store[Any], path: str, default: Any = None) -> Any:
    return store.get(path, default).result()


# Edits.


async def test_an_edit_counts_as_a_whole_or_not_at_all() -> None:
    store = Store()
    async with store.edit_state() as state:
        state["a"] = state.b = 1
        assert await store.get("a", default=None) is None
        assert dict(await store.get_state()) == {}
    assert dict(await store.get_state()) == {"a": 1, "b": 1}
    with pytest.raises(KeyError):
        async with store.edit_state() as state:
            state["a"] = 2
            raise KeyError
    assert await store.get("a") == 1
    state["a"] = 3  # after the block it is nobody's
    assert await store.get("a") == 1


async def test_writing_inside_an_edit_of_the_same_step_is_an_error_that_says_so() -> None:
    store, other = Store(), Store()

    async def helper() -> None:
        await store.set("x", 1)

    async with store.edit_state() as state:
        with pytest.raises(WouldDeadlock, match=r"edit_state\(\) inside edit_state\(\).*use the state that the first"):
            async with store.edit_state():
                pass
        with pytest.raises(WouldDeadlock, match="inside edit_state"), store.edit_state():
            pass
        for write in (lambda: store.set("x", 1), lambda: store.set_state(DictState()), store.clear):
            with pytest.raises(WouldDeadlock, match="change the state that edit_state"):
                write()
        with pytest.raises(WouldDeadlock):
            await asyncio.gather(helper())
        async with other.edit_state() as second:  # another store is another matter
            second.ok = True
        state.ok = True
    await store.set("x", 1)
    assert (now(store, "ok"), now(other, "ok"), now(store, "x")) == (True, True, 1)


def test_a_thread_inside_an_edit_is_told_too() -> None:
    store = Store()
    with store.edit_state(), pytest.raises(WouldDeadlock, match="inside edit_state"):
        store.set("x", 1)
    store.set("x", 2).result()
    assert now(store, "x") == 2


def test_another_step_that_was_started_inside_an_edit_waits_for_it(lab: Lab) -> None:
    store = Store()

    @fl.task
    def adds() -> None:
        with store.edit_state() as state:
            state.seen = state.get("by")

    @fl.task
    async def starts() -> Any:
        async with store.edit_state() as state:
            child = adds.submit()
            while not queued(store):
                await asyncio.sleep(0)
            state.by = "starts"
        await child
        return await store.get("seen")

    assert starts() == "starts"


async def test_writers_take_turns_in_the_order_asked() -> None:
    store = Store()
    done: list[int] = []

    async def edit(n: int) -> None:
        async with store.edit_state() as state:
            await asyncio.sleep(0)
            state[f"n{n}"] = n
            done.append(n)

    async def write(n: int) -> None:
        await store.set(f"n{n}", n)
        done.append(n)

    first = asyncio.create_task(edit(0))
    await asyncio.sleep(0)
    tasks = [asyncio.create_task(edit(n) if n % 3 else write(n)) for n in range(1, 10)]
    await asyncio.gather(first, *tasks)
    assert [n for n in done if n % 3] == [
        1,
        2,
        4,
        5,
        7,
        8,
    ]  # of writes, only the telling is later
    assert dict(await store.get_state()) == {f"n{n}": n for n in range(10)}


def test_turns_go_across_threads_and_loops() -> None:
    store, order = Store(), []
    gate = Gate()

    def holder() -> None:
        with store.edit_state() as state:
            gate.stand()
            state.order = ["holder"]

    def on_a_thread(name: str) -> None:
        with store.edit_state() as state:
            state.order.append(name)
            order.append(name)

    async def on_a_loop(name: str) -> None:
        async with store.edit_state() as state:
            await asyncio.sleep(0)
            state.order.append(name)
            order.append(name)

    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(holder)
        gate.reached()
        others = []
        for n, name in enumerate("abcd"):
            others.append(pool.submit(on_a_thread, name) if n % 2 else pool.submit(asyncio.run, on_a_loop(name)))
            eventually(lambda n=n: queued(store) == n + 1)  # type: ignore[misc]
        gate.open()
        for one in (first, *others):
            one.result(SOON)
    assert order == [*"abcd"]
    assert now(store, "order") == ["holder", *"abcd"]


async def test_a_write_that_waits_is_done_whether_or_not_it_is_awaited() -> None:
    store = Store()
    async with store.edit_state() as state:
        state.a = 1
        waiting = await in_another_task(lambda: store.set("a", 2))
        assert "waits for its turn" in repr(waiting)
        assert now(store, "a") is None
    assert now(store, "a") == 2
    await waiting
    assert "done" in repr(waiting)


async def in_another_task(write: Callable[[], Any]) -> Any:
    """What ``write`` gives where no edit is around it."""
    return contextvars.Context().run(write)


async def test_a_write_that_fails_later_tells_whoever_waits_or_warns() -> None:
    store = Store(Counted)
    async with store.edit_state():
        waiting = await in_another_task(lambda: store.set("count", "many"))
    with pytest.raises(ValidationError):
        await waiting
    with pytest.warns(RuntimeWarning, match=r"store.set\('count'\) failed, and nobody has awaited it: ValidationError"):
        async with store.edit_state():
            await in_another_task(lambda: store.set("count", "many"))
        gc.collect()
    assert await store.get("count") == 0


async def test_cancelling_whoever_waits_or_is_inside_leaves_the_store_usable() -> None:
    store = Store()
    inside, waiting = asyncio.Event(), asyncio.Event()

    async def edit(come: asyncio.Event, wait: bool) -> None:
        come.set()
        async with store.edit_state() as state:
            state.by = "cancelled"
            if wait:
                await asyncio.Event().wait()

    async def write() -> None:
        await store.set("written", True)

    first = asyncio.create_task(edit(inside, True))
    await inside.wait()
    second, third, last = (
        asyncio.create_task(edit(waiting, False)), asyncio.create_task(write()), asyncio.create_task(write())
    )  # fmt: skip
    await waiting.wait()
    await asyncio.sleep(0)
    for task in (second, third, first):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await last
    assert dict(await store.get_state()) == {"written": True}


async def test_an_edit_that_is_cancelled_as_it_gets_its_turn_passes_it_on() -> None:
    store = Store()

    async def edit(n: int) -> None:
        async with store.edit_state() as state:
            state[f"n{n}"] = n

    async with store.edit_state():
        tasks = [await in_another_task(lambda n=n: asyncio.ensure_future(edit(n))) for n in range(3)]  # type: ignore[misc]
        while queued(store) < 3:
            await asyncio.sleep(0)
    tasks[0].cancel()  # it was given its turn and has not run yet
    await asyncio.gather(*tasks, return_exceptions=True)
    assert dict(await store.get_state()) == {"n1": 1, "n2": 2}


def test_a_plain_with_in_a_coroutine_on_the_engines_loop_is_refused(lab: Lab) -> None:
    store = Store()

    @fl.task
    async def step() -> None:
        with store.edit_state():
            pass

    with pytest.raises(WouldDeadlock, match="write `async with`"):
        step()


async def test_blocking_the_loop_that_holds_the_turn_is_refused() -> None:
    store = Store()
    async with store.edit_state():
        waiting = await in_another_task(lambda: store.set("a", 1))
        with pytest.raises(WouldDeadlock, match="write `await`"):
            waiting.result()
        edit = store.edit_state()
        with pytest.raises(WouldDeadlock, match="write `async with`"):
            await in_another_task(edit.__enter__)
    assert dict(await store.get_state()) == {}  # what was refused is given up


def test_result_of_a_write_waits_and_gives_up_after_its_timeout() -> None:
    store, gate = Store(), Gate()

    def holder() -> None:
        with store.edit_state():
            gate.stand()

    async def writes() -> None:
        waiting = store.set("a", 1)
        with pytest.raises(TimeoutError, match=r"its turn did not come within 0\.01 s"):
            waiting.result(0.01)
        later = store.set("b", 2)
        gate.open()
        later.result()

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(holder)
        gate.reached()
        asyncio.run(writes())
        held.result(SOON)
    assert dict(store.get_state().result()) == {"b": 2}


# In tasks of the engine.


def test_a_step_that_waits_for_its_turn_gives_up_its_slot_and_says_for_whom_it_waits() -> None:
    store, gate = Store(), Gate()

    @fl.task
    async def holds() -> None:
        async with store.edit_state() as state:
            await gate.stand_async()
            state.by = ["holds"]

    @fl.task
    def waits() -> None:
        with store.edit_state() as state:
            state.by.append("waits")

    @fl.task
    def sets() -> None:
        store.set("set", True)

    @fl.task
    def other() -> str:
        return "ran"

    @fl.flow
    async def both() -> str:
        holder = holds.submit()
        while not gate.is_reached():
            await asyncio.sleep(0)
        futures = [waits.submit(), sets.submit()]
        while queued(store) < 2:
            await asyncio.sleep(0)
        ran = await other.submit()  # the one slot is free
        assert [future.state for future in futures] == ["blocked", "blocked"]
        gate.open()
        for future in (holder, *futures):
            await future
        return ran

    with engine(threads=1) as lab:
        assert both() == "ran"
        blocked = [record for record in lab.records if isinstance(record, r.Blocked)]
        holder = next(
            record.task for record in lab.records if isinstance(record, r.Submitted) and record.name == "holds"
        )
        assert (holder,) in {record.on for record in blocked}
    assert now(store, "by") == ["holds", "waits"]
    assert now(store, "set") is True


def test_a_cancelled_step_is_woken_from_its_wait(lab: Lab) -> None:
    store, gate = Store(), Gate()
    seen: list[BaseException] = []

    @fl.task
    def holds() -> None:
        with store.edit_state() as state:
            gate.stand()
            state.by = "holds"

    @fl.task
    def waits(how: str) -> None:
        try:
            if how == "edit":
                with store.edit_state() as state:
                    state.by = "waits"
            else:
                store.set("by", "waits")
        except TaskCancelled as error:
            seen.append(error)
            raise

    holder = holds.submit()
    gate.reached()
    futures = [waits.submit("edit"), waits.submit("set")]
    eventually(lambda: queued(store) == 2)
    for future in futures:
        future.cancel()
    eventually(lambda: len(seen) == 2)
    gate.open()
    holder.result(SOON)
    assert now(store, "by") == "holds"
    store.set("by", "later").result()
    assert now(store, "by") == "later"


def test_a_thread_that_was_given_up_writes_no_more(lab: Lab) -> None:
    store, gate = Store(), Gate()
    seen: list[BaseException] = []

    @fl.task
    def slow() -> None:
        try:
            with store.edit_state() as state:
                state.late = True
                gate.stand()
        except TaskCancelled as error:
            seen.append(error)
        with pytest.raises(TaskCancelled, match="was told to stop, so it writes no more"):
            store.set("later", True)

    future = slow.submit()
    gate.reached()
    future.cancel()
    gate.open()
    lab.settled()
    eventually(lambda: seen)
    assert dict(store.get_state().result()) == {}


def test_a_coroutine_that_was_cancelled_may_still_write_what_became_of_it(lab: Lab) -> None:
    store, gate = Store(), Gate()

    @fl.task
    async def step() -> None:
        try:
            await gate.stand_async()
        finally:
            await store.set("state", "stopped")

    future = step.submit()
    gate.reached()
    future.cancel()
    gate.open()
    eventually(lambda: now(store, "state") == "stopped")


def test_the_same_on_the_spot() -> None:
    store = Store()

    @fl.task
    def child() -> None:
        with store.edit_state() as state:
            state.child = True

    @fl.task
    def parent() -> None:
        with store.edit_state(), pytest.raises(WouldDeadlock, match="what has to end before it"):
            child.submit().result()

    with engine(inline=True):
        parent()
        child()
    assert now(store, "child")


# Against a plain model.


ACTS = st.lists(
    st.tuples(st.sampled_from(["edit", "failed edit", "set", "set the same"]), st.sampled_from("abc"), st.booleans()),
    max_size=12,
)


@settings(max_examples=60)
@given(plans=st.lists(ACTS, min_size=1, max_size=5))
def test_random_edits_from_threads_and_coroutines_lose_nothing(plans: list[list[tuple[str, str, bool]]]) -> None:
    """Whatever the order was that the writers took turns in: done one after the other in it, they give the same."""
    store = Store()
    took: list[tuple[str, str, int]] = []
    start = threading.Barrier(len(plans))

    def change(state: DictState, act: str, key: str, tag: int) -> None:
        state[key] = state.get(key, 0) + 1
        state["log"] = [*state.get("log", []), tag]
        if act == "failed edit":
            raise KeyError
        took.append((act, key, tag))  # in its turn: nobody else is at it

    def wrote(state: Any) -> None:
        assert sum(state.get(key, 0) for key in "abc") == len(state.get("log", [])), "half an edit was seen"

    async def by_coroutines(place: int, plan: list[tuple[str, str, bool]]) -> None:
        async def one(n: int, act: str, key: str, pause: bool) -> None:
            wrote(await store.get_state())
            if act in ("set", "set the same"):
                await (store.set(f"own{place}.{n}", n) if act == "set" else store.set(f"own{place}.last", n))
                return
            try:
                async with store.edit_state() as state:
                    if pause:
                        await asyncio.sleep(0)
                    change(state, act, key, place * 100 + n)
            except KeyError:
                pass

        await asyncio.gather(*(one(n, *act) for n, act in enumerate(plan)))

    def by_a_thread(place: int, plan: list[tuple[str, str, bool]]) -> None:
        for n, (act, key, _) in enumerate(plan):
            wrote(store.get_state().result())
            if act in ("set", "set the same"):
                store.set(f"own{place}.{n}" if act == "set" else f"own{place}.last", n)
                continue
            try:
                with store.edit_state() as state:
                    change(state, act, key, place * 100 + n)
            except KeyError:
                pass

    def body(place: int) -> None:
        start.wait(SOON)
        if place % 2:
            by_a_thread(place, plans[place])
        else:
            asyncio.run(by_coroutines(place, plans[place]))

    with ThreadPoolExecutor(len(plans)) as pool:
        for done in [pool.submit(body, place) for place in range(len(plans))]:
            done.result(SOON)
    model: dict[str, Any] = {}
    for _, key, tag in took:
        model[key] = model.get(key, 0) + 1
        model.setdefault("log", []).append(tag)
    for place, plan in enumerate(plans):
        own = {str(n): n for n, (act, _, _) in enumerate(plan) if act == "set"}
        last = [n for n, (act, _, _) in enumerate(plan) if act == "set the same"]
        if own or last:
            model[f"own{place}"] = own | ({"last": last[-1]} if last else {})
    assert dict(store.get_state().result()) == model
    assert queued(store) == 0
