"""Bodies in other processes that submit, wait for and steer tasks of their own: one graph, and nothing deadlocks."""

import asyncio
import concurrent.futures
import contextvars
import os
import threading
import time
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import ipyflow as fl
from ipyflow.errors import (
    DependencyError,
    LeakedFuture,
    LeakedFutureWarning,
    NotPicklable,
    TaskCancelled,
    TaskTimeout,
    UnobservedFailureWarning,
)
from ipyflow.testing import Lab
from tests.executors.cells import Cells
from tests.executors.gates import SOON, Gate, Marks, eventually
from tests.executors.places import Place, talking


@fl.task(executor="threads")
def here(x: int) -> int:
    return 10 * x


@talking
def test_every_way_to_run_a_child(lab: Lab, place: Place) -> None:
    @place.task
    def child(x: int, *, plus: int = 0) -> int:
        return 2 * x + plus

    @place.task
    def parent() -> list:
        return [
            child(1),
            child(1, plus=5),
            child.submit(2).result(),
            child.map([3, 4]).results(),
            child.map([3, 4], ordered=False).wait(),
            child.with_options(name="renamed").submit(5).result(timeout=30),
            child.submit(6).exception(),
            [f.result() for f in child.map([7, 8])],
            child.fn(9),
            child.submit(10).poll(30),
        ]

    future = parent.submit()
    found = future.result(SOON)
    assert found[:4] == [2, 7, 4, [6, 8]]
    assert found[5:] == [10, None, [14, 16], 18, 20]
    tasks = future.run.snapshot().tasks
    assert [t.name for t in tasks.values() if t.parent == future.id].count("child") == 11
    assert [t.name for t in tasks.values() if t.parent == future.id].count("renamed") == 1
    assert {child.parent.id for child in future.children} <= {future.id}


@talking
def test_children_on_every_executor(lab: Lab, place: Place) -> None:
    @fl.task(executor="inline")
    def on_the_spot(x: int) -> int:
        return x + 1

    @fl.task
    async def coroutine(x: int) -> int:
        await asyncio.sleep(0)
        return x + 2

    @place.task
    def parent() -> list:
        return [here(1), on_the_spot(1), coroutine(1), coroutine.submit(2).result(), here.map([1, 2]).results()]

    assert parent.submit().result(SOON) == [10, 2, 3, 4, [10, 20]]


@talking
def test_a_child_there_of_a_task_here(lab: Lab, place: Place) -> None:
    @place.task
    def there(x: int) -> int:
        return here(x) + 1

    @fl.task
    def both(x: int) -> list:
        return [future.result() for future in (there.submit(x), here.submit(x))]

    assert both.submit(4).result(SOON) == [41, 40]


@talking
def test_as_deep_as_one_likes(lab: Lab, place: Place) -> None:
    @place.task
    def down(n: int) -> int:
        return 1 + down(n - 1) if n else 0

    assert down.submit(9).result(SOON) == 9


@talking
def test_deep_by_turns_there_and_here(lab: Lab, place: Place) -> None:
    cells = Cells(place=place)
    cells.run("""
    @place.task
    def there(n): return 1 + here(n - 1) if n else 0
    @fl.task
    def here(n): return 1 + there(n - 1) if n else 0
    """)
    assert cells["there"].submit(7).result(SOON) == 7


@talking
def test_many_parents_with_many_children(lab: Lab, place: Place) -> None:
    @place.task
    def child(x: int) -> int:
        return x

    @place.task
    def parent(n: int) -> int:
        return sum(child.map(range(n)).results())

    assert parent.map([20] * 8).results(SOON) == [190] * 8


@talking
def test_wait_and_its_ways(lab: Lab, place: Place, gate: Gate) -> None:
    standing = place.standing()

    @place.task
    def quick(x: int) -> int:
        return x

    @place.task
    def parent() -> tuple:
        slow = standing.submit(gate)
        fast = quick.submit(3)
        done, rest = fl.wait([slow, fast], return_when=fl.FIRST_COMPLETED)
        first = (list(done) == [fast], list(rest) == [slow])
        done, rest = fl.wait([slow, fast], timeout=0.05)
        second = (len(done), len(rest))
        third = len(fl.wait([slow, fast], n=1).done)
        polled = slow.poll(0.01, "not yet")
        try:
            slow.result(0.01)
        except TimeoutError:
            polled += ", still"
        gate.open()
        done, rest = fl.wait([slow, fast])
        return first, second, third, polled, (len(done), len(rest)), fl.wait([]).done == set()

    assert parent.submit().result(SOON) == ((True, True), (1, 1), 1, "not yet, still", (2, 0), True)


@talking
def test_as_completed_and_select(lab: Lab, place: Place, gate: Gate) -> None:
    standing = place.standing()

    @place.task
    def quick(x: int) -> int:
        return x

    @place.task
    def parent() -> tuple:
        slow = standing.submit(gate)
        winner, rest = fl.select([slow, quick.submit(1)])
        order = []
        for future in fl.as_completed([slow, quick.submit(2)]):
            order.append(future is slow)
            gate.open()
        for _ in fl.as_completed([quick.submit(3), quick.submit(4)]):
            break  # leaving early is fine
        return winner.result(), list(rest) == [slow], order

    with pytest.warns(LeakedFutureWarning):
        future = parent.submit()
        assert future.result(SOON) == (1, True, [False, True])
        assert future.run.engine is lab.engine
        lab.engine.end_scope(future.run)
        assert future.run.wait(SOON)


@talking
def test_what_the_standard_library_does_with_futures(lab: Lab, place: Place) -> None:
    @place.task
    def child(x: int) -> int:
        return x

    @place.task(resolve=True)
    def before(x: int) -> int:
        return x - 1

    @place.task
    def parent() -> tuple:
        futures = [child.submit(x) for x in range(3)]
        done, _ = concurrent.futures.wait(futures)
        called: list = []
        futures[0].add_done_callback(lambda future: called.append(future.result()))
        later = child.submit(5)
        later.add_done_callback(lambda future: called.append(future.result()))
        later.result()

        async def gather() -> list:
            # Awaited is the one that ends last: the standard library's wait alone does not give a worker's slot back,
            # and Dask may have queued its task behind this very body while that lent its slot (docs/roadmap.md).
            eight = child.submit(8)
            return await asyncio.gather(before.submit(eight), asyncio.wrap_future(eight))

        completed = sorted(future.result() for future in concurrent.futures.as_completed(futures))
        return len(done), completed, sorted(called), asyncio.run(gather())

    assert parent.submit().result(SOON) == (3, [0, 1, 2], [0, 5], [7, 8])


@talking
def test_groups(lab: Lab, place: Place) -> None:
    @place.task
    def child() -> str | None:
        return fl.current().group

    @place.task
    def parent() -> tuple:
        with fl.group("outer"):
            first = child.submit()
            with fl.group("inner"):
                second = child.submit()
                inside = fl.current().group
        return first.result(), second.result(), child(), inside, fl.current().group

    future = parent.submit()
    assert future.result(SOON) == ("outer", "outer/inner", None, "outer/inner", None)
    groups = [t.group for t in future.run.snapshot().tasks.values()]
    assert groups == [None, "outer", "outer/inner", None]


@talking
def test_a_child_that_fails(lab: Lab, place: Place) -> None:
    cells = Cells(place=place)
    cells.run("""
    class Mine(Exception): pass

    @place.task
    def child(x): raise Mine(x)

    @place.task
    def parent():
        future = child.submit(3)
        error = future.exception()
        try:
            child(4)
        except Mine as caught:
            return type(error) is Mine, error.args, caught.args, future.state, "in child" in future.traceback
    """)
    assert cells["parent"].submit().result(SOON) == (True, (3,), (4,), "failed", True)


@talking
def test_a_failure_goes_up_through_all_of_them(lab: Lab, place: Place) -> None:
    @place.task
    def down(n: int) -> int:
        if not n:
            raise ValueError("at the bottom")
        return down(n - 1)

    future = down.submit(3)
    with pytest.raises(ValueError, match="at the bottom"):
        future.result(SOON)
    assert "at the bottom" in future.traceback


@talking
def test_cancelling_children(lab: Lab, place: Place, gate: Gate) -> None:
    standing = place.standing()

    @place.task
    def parent() -> tuple:
        first, second, third = standing.submit(gate), standing.submit(gate), standing.submit(gate)
        cancelled = first.cancel()
        fl.cancel([second])
        done, _ = fl.wait([third], timeout=0.01, cancel_remaining=True)
        try:
            first.result()
        except TaskCancelled:
            return cancelled, first.cancelled(), second.cancelled(), third.cancelled(), len(done)
        return ()

    assert parent.submit().result(SOON) == (True, True, True, True, 0)


@talking
def test_cancelling_a_parent_cancels_its_children(lab: Lab, place: Place, gate: Gate) -> None:
    standing = place.standing()

    @place.task
    def parent() -> int:
        return sum(future.result() for future in [standing.submit(gate) for _ in range(3)])

    future = parent.submit()
    gate.reached(2)
    children = future.children
    assert len(children) == 3
    assert future.cancel()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    assert all(child.cancelled() for child in children)
    if not place.kills:
        gate.open()
    eventually(lambda: {child.state for child in children} == {"cancelled"} and future.state == "cancelled")
    assert place.task(len).submit("fine").result(SOON) == 4


@talking
def test_a_parent_that_runs_over_its_time_takes_its_children_with_it(lab: Lab, place: Place, gate: Gate) -> None:
    standing = place.standing()

    @place.task(timeout=1)
    def parent() -> int:
        return standing(gate)

    future = parent.submit()
    with pytest.raises(TaskTimeout):
        future.result(SOON)
    gate.open()
    eventually(lambda: not lab.engine.unfinished())
    states = [t.state for t in future.run.snapshot().tasks.values()]
    assert states == ["timed_out", "cancelled"]


@talking
def test_cancelling_a_child_from_outside_wakes_its_parent(lab: Lab, place: Place, gate: Gate) -> None:
    standing = place.standing()

    @place.task
    def parent() -> str:
        try:
            return standing(gate)
        except TaskCancelled:
            return "woken"

    future = parent.submit()
    gate.reached()
    [child] = future.children
    eventually(lambda: future.state == "blocked")  # where workers talk, a message behind the child's own start
    child.cancel()
    assert future.result(SOON) == "woken"


@talking
def test_a_parent_that_is_retried(lab: Lab, place: Place, marks: Marks) -> None:
    @place.task
    def child(x: int) -> int:
        return x

    @place.task(retries=2)
    def parent() -> int:
        got = child(marks.add(fl.current().attempt))
        if got < 3:
            raise OSError
        return got

    assert parent.submit().result(SOON) == 3
    assert marks.all() == ["1", "2", "3"]


@talking
def test_what_a_child_takes_and_gives(lab: Lab, place: Place) -> None:
    @place.task
    def make(n: int) -> np.ndarray:
        return np.full(300_000, float(n))

    @place.task
    def total(parts: list, plus: fl.Future) -> float:
        return float(sum(part.result().sum() for part in parts)) + plus.result()

    @place.task(resolve=True)
    def resolved(parts: list) -> float:
        return float(sum(part.sum() for part in parts))

    @place.task
    def parent(outside: fl.Future) -> tuple:
        parts = [make.submit(n) for n in range(3)]
        return total(parts, outside), resolved(parts), resolved.submit([*parts, make(4)]).result()

    assert parent.submit(here.submit(5)).result(SOON) == (900_050.0, 900_000.0, 2_100_000.0)


@talking
def test_a_dependency_that_fails_below(lab: Lab, place: Place) -> None:
    @place.task
    def fails() -> None:
        raise OSError("first")

    @place.task(resolve=True)
    def never(x: object) -> None: ...

    @place.task
    def parent() -> str:
        try:
            never(fails.submit())
        except DependencyError as error:
            return str(error.__cause__)
        return ""

    assert "first" in parent.submit().result(SOON)


@talking
def test_returning_futures_and_pipelines(lab: Lab, place: Place) -> None:
    @place.task
    def double(x: int) -> int:
        return 2 * x

    @place.task
    def returns_future() -> object:
        return double.submit(4)

    @place.task
    def returns_pipeline() -> object:
        return double.send(1).continue_with(double)

    @place.task
    def returns_both() -> object:
        return [double.submit(1), {"b": double.submit(2)}]

    @place.task
    def parent() -> tuple:
        pipeline = fl.in_parallel([double.send(1), double.send(2)]).continue_with(sum_of)
        return returns_future(), returns_pipeline(), pipeline(), pipeline.submit().result(), double.send(5)()

    @place.task
    def sum_of(xs: list) -> int:
        return sum(xs)

    assert parent.submit().result(SOON) == (8, 4, 6, 6, 10)
    a, b = returns_both.submit().result(SOON)
    assert (a.result(SOON), b["b"].result(SOON)) == (2, 4)
    assert a.task.name == "double"


@talking
@pytest.mark.parametrize("policy", ["wait", "cancel", "error", "ignore", "warn"])
def test_children_that_nobody_reads(lab: Lab, place: Place, gate: Gate, policy: str) -> None:
    standing = place.standing()

    @fl.flow(executor=place.executor or place.name, on_leak=policy)
    def careless() -> str:
        standing.submit(gate)
        return "done"

    future = careless.submit()
    if policy == "error":
        with pytest.raises(LeakedFuture):
            future.result(SOON)
    elif policy == "wait":
        gate.reached()
        assert not future.done()
        gate.open()
        assert future.result(SOON) == "done"
    else:
        assert future.result(SOON) == "done"
    # The child stood at the gate until now, so the run has not ended and nothing was said yet.
    with pytest.warns(LeakedFutureWarning) if policy == "warn" else nullcontext():
        gate.open()
        assert future.run.wait(SOON)
    states = {t.name: t.state for t in future.run.snapshot().tasks.values()}
    assert states["stand"] == ("cancelled" if policy == "cancel" else "succeeded")


@talking
def test_a_failure_below_that_nobody_looks_at_is_not_lost(lab: Lab, place: Place) -> None:
    @place.task
    def fails() -> None:
        raise ValueError("overlooked")

    @fl.flow(executor=place.executor or place.name, on_leak="ignore")
    def careless() -> None:
        fails.submit()

    with pytest.warns(UnobservedFailureWarning, match="overlooked"):
        run = careless.submit().run
        assert run.wait(SOON)


@talking
def test_who_read_what_is_in_the_log(lab: Lab, place: Place) -> None:
    @place.task
    def child(x: int) -> int:
        return x

    @place.task
    def parent() -> int:
        futures = child.map(range(3))
        fl.wait(futures)
        return futures[0].result() + futures[1].result()

    future = parent.submit()
    assert future.result(SOON) == 1
    tasks = future.run.snapshot().tasks
    assert [t.read_by for t in tasks.values() if t.name == "child"][:2] == [[future.id]] * 2


@talking
def test_a_waiting_parent_is_blocked_and_its_place_is_free(lab: Lab, place: Place, gate: Gate) -> None:
    standing = place.standing()

    @place.task
    def parent() -> int:
        return standing(gate)

    parents = [parent.submit() for _ in range(2)]
    # Two workers, and both parents in their wait: the children run all the same.
    gate.reached(2)
    eventually(lambda: [future.state for future in parents] == ["blocked"] * 2)
    gate.open()
    assert all(isinstance(future.result(SOON), int) for future in parents)
    assert {future.state for future in parents} == {"succeeded"}


@talking
def test_permits_are_lent_while_a_body_waits(lab: Lab, place: Place) -> None:
    @place.task(limit=1)
    def down(n: int) -> int:
        return 1 + down(n - 1) if n else 0

    assert down.submit(3).result(SOON) == 3


@talking
def test_memo_and_limits_of_children(lab: Lab, place: Place, marks: Marks) -> None:
    @place.task(memo=True)
    def once(x: int) -> int:
        marks.add(x)
        return x

    @place.task
    def parent() -> list:
        return [once(1), once(1), once(2), once.submit(1).result()]

    assert parent.submit().result(SOON) == [1, 1, 2, 1]
    assert marks.all() == ["1", "2"]


@talking
def test_what_cannot_travel_is_found_where_a_child_is_submitted(lab: Lab, place: Place) -> None:
    @place.task
    def child(x: object) -> None: ...

    @place.task
    def parent() -> tuple:
        try:
            child.submit({"guard": threading.Lock()})
        except NotPicklable as error:
            return "guard" in str(error), child(3)
        return ()

    assert parent.submit().result(SOON) == (True, None)


@talking
def test_threads_of_a_body_may_submit_too(lab: Lab, place: Place) -> None:
    @place.task
    def child(x: int) -> int:
        return x

    @place.task
    def parent() -> list:
        found: list = []
        contexts = [contextvars.copy_context() for _ in range(4)]
        threads = [
            threading.Thread(target=context.run, args=(lambda x=x: found.append(child(x)),))
            for x, context in enumerate(contexts)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(found)

    assert parent.submit().result(SOON) == [0, 1, 2, 3]


@talking
def test_flows_in_flows(lab: Lab, place: Place) -> None:
    @place.task
    def leaf(x: int) -> int:
        return x

    @fl.flow(executor=place.executor or place.name)
    def inner(n: int) -> int:
        return sum(leaf.map(range(n)).results())

    @fl.flow(executor=place.executor or place.name)
    def outer() -> int:
        return inner(3) + inner.submit(4).result()

    future = outer.submit()
    assert future.result(SOON) == 9
    assert future.run.wait(SOON)
    assert future.run.state == "succeeded"
    assert len(lab.runs) == 1
    assert len(future.run.snapshot().tasks) == 10


@talking
def test_shutdown_and_configure_in_a_body_are_refused(lab: Lab, place: Place) -> None:
    @place.task
    def shuts() -> None:
        fl.shutdown()

    with pytest.raises(RuntimeError):
        shuts.submit().result(SOON)


@talking
def test_pausing_what_runs_there(lab: Lab, place: Place, gate: Gate) -> None:
    @place.task
    def child(x: int) -> int:
        return x

    @place.task
    def parent() -> int:
        gate.stand()
        return child(1)

    future = parent.submit()
    gate.reached()
    future.pause()
    gate.open()
    eventually(lambda: any(t.name == "child" and t.state == "waiting" for t in future.run.snapshot().tasks.values()))
    assert not future.done()
    future.resume()
    assert future.result(SOON) == 1


@talking
def test_a_child_that_is_retried_while_its_parent_waits(lab: Lab, place: Place, marks: Marks) -> None:
    @place.task(retries=2)
    def child() -> int:
        count = marks.add(fl.current().attempt)
        if count < 3:
            raise OSError
        return count

    @place.task
    def parent() -> int:
        return child()

    assert parent.submit().result(SOON) == 3


@talking
def test_a_body_that_asks_how_its_child_is(lab: Lab, place: Place, gate: Gate) -> None:
    standing = place.standing()

    @place.task
    def loud() -> int:
        print("from the child")
        return 1

    @place.task
    def parent() -> tuple:
        slow = standing.submit(gate)
        while slow.state != "running":
            time.sleep(0.001)
        before = (slow.done(), slow.running(), slow.cancelled())
        gate.open()
        slow.result()
        child = loud.submit()
        child.result()
        return before, slow.done(), slow.state, child.logs, child.id > 0, "loud" in repr(child), child.task.name

    found: Any = parent.submit().result(SOON)
    assert found == ((False, True, False), True, "succeeded", "from the child\n", True, True, "loud")


@talking
def test_looking_at_a_child_that_has_given_a_large_value(lab: Lab, place: Place) -> None:
    @place.task
    def make() -> np.ndarray:
        return np.ones(500_000)

    @place.task
    def parent() -> float:
        child = make.submit()
        while not child.done():
            time.sleep(0.001)
        later = make.submit()
        while later.state != "succeeded":
            time.sleep(0.001)
        done, _ = fl.wait([child, later])
        return float(sum(future.result().sum() for future in done))

    assert parent.submit().result(SOON) == 1_000_000


@talking
def test_detached_children_go_on(lab: Lab, place: Place, gate: Gate) -> None:
    standing = place.standing()

    @fl.flow(executor=place.executor or place.name)
    def parent() -> str:
        standing.submit(gate).detach()
        return "done"

    future = parent.submit()
    assert future.result(SOON) == "done"
    gate.reached()
    gate.open()
    assert future.run.wait(SOON)
    assert {t.state for t in future.run.snapshot().tasks.values()} == {"succeeded"}


@talking
def test_a_task_made_in_a_body_keeps_its_options(lab: Lab, place: Place, marks: Marks) -> None:
    cells = Cells(place=place, options={"executor": place.executor or place.name}, marks=marks)
    cells.run("""
    def child(gives, attempts=1):
        import os
        me = fl.current()
        marks.add(f"{me.task.name} {me.attempt}")
        if me.attempt < attempts:
            os._exit(1)
        return gives, os.getpid()

    @fl.task(**options)
    def parent():
        made = fl.task(name="made", retries=2, **options)(child)
        first = made(1, 3)[0]
        changed = made.with_options(name="changed", retries=1).submit(2, 2).result()[0]
        here = fl.task(name="here", executor="threads")(child)(3)[1]
        try:
            fl.task(name="slow", timeout=0.3, **options)(__import__("time").sleep)(60)
        except fl.errors.TaskTimeout:
            return first, changed, here
    """)
    if not place.kills:
        pytest.skip("its workers are not ended by a body")
    first, changed, here = cells["parent"].submit().result(SOON)
    assert (first, changed) == (1, 2)
    assert here == os.getpid()
    assert marks.all() == ["made 1", "made 2", "made 3", "changed 1", "changed 2", "here 1"]


@fl.task(retries=2, name="patient")
def of_a_module(marks: Marks, attempts: int) -> tuple[int, int]:
    if marks.add(fl.current().attempt) < attempts:
        raise OSError
    return attempts, os.getpid()


def uses_its_module(marks: Marks) -> tuple[int, int]:
    return of_a_module.submit(marks, 3).result()


@talking
def test_tasks_of_a_module_that_workers_import(lab: Lab, place: Place, marks: Marks) -> None:
    future = place.task(uses_its_module).submit(marks)
    assert future.result(SOON) == (3, os.getpid())
    assert [t.name for t in future.run.snapshot().tasks.values()] == ["uses_its_module", "patient"]


@talking
def test_options_changed_in_a_body(lab: Lab, place: Place, marks: Marks) -> None:
    @place.task
    def child(attempts: int) -> int:
        if marks.add(fl.current().attempt) < attempts:
            raise OSError
        return attempts

    @place.task
    def parent() -> int:
        return child.with_options(retries=3, name="patient")(3)

    future = parent.submit()
    assert future.result(SOON) == 3
    assert [t.name for t in future.run.snapshot().tasks.values()] == ["parent", "patient"]
