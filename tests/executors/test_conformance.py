"""What every executor does alike. A new one joins by a line in EXECUTORS, in tests/executors/places.py."""

import asyncio
import contextvars
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import DependencyError, TaskCancelled, TaskTimeout
from ipyflow.testing import Lab, engine
from tests.executors.gates import SOON, Gate, Marks, eventually
from tests.executors.places import Place, everywhere, in_background, places

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


class Own(BaseException):
    """Not an Exception."""


@everywhere
def test_value_and_arguments(lab: Lab, place: Place) -> None:
    @place.task
    def work(a: int, *rest: int, k: int = 0) -> tuple:
        return a, rest, k

    assert work.submit(1, 2, 3, k=4).result(SOON) == (1, (2, 3), 4)
    assert work.submit(1).state in ("queued", "running", "succeeded")
    assert work(5) == (5, (), 0)


@everywhere
def test_exception_with_its_traceback(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> None:
        raise ValueError("boom")

    future = work.submit()
    with pytest.raises(ValueError, match="boom") as caught:
        future.result(SOON)
    if place.elsewhere:
        assert 'raise ValueError("boom")' in str(caught.value.__cause__)
    else:
        assert caught.traceback[-1].name == "work"
    assert future.state == "failed"
    assert "in work" in future.traceback
    assert 'raise ValueError("boom")' in future.traceback
    assert any("work#" in note for note in caught.value.__notes__)


@everywhere
@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit, Own])
def test_exits_and_interrupts_fail_that_task_only(lab: Lab, place: Place, error: type[BaseException]) -> None:
    @place.task
    def work() -> None:
        raise error("from the body")

    @place.task
    def fine() -> int:
        return 1

    future = work.submit()
    with pytest.raises(error):
        future.result(SOON)
    assert future.state == "failed"
    assert [fine.submit().result(SOON) for _ in range(5)] == [1] * 5


@in_background
def test_cancel_before_it_starts(lab: Lab, place: Place, marks: Marks) -> None:
    @place.task(delay=60)
    def work() -> None:
        marks.add("ran")

    future = work.submit()
    assert future.cancel()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    assert future.state == "cancelled"
    assert marks.all() == []


@places(lambda place: place.background and not place.coroutines)
def test_cancel_in_the_queue(lab: Lab, place: Place, gate: Gate, marks: Marks) -> None:
    first = [place.standing().submit(gate) for _ in range(2)]
    gate.reached(2)

    @place.task
    def work(x: int) -> int:
        marks.add(x)
        return x

    queued = [work.submit(x) for x in range(4)]
    assert queued[1].cancel()
    assert queued[2].cancel()
    with pytest.raises(TaskCancelled):
        queued[1].result(SOON)
    gate.open()
    assert [future.exception(SOON) for future in first] == [None, None]
    assert [queued[0].result(SOON), queued[3].result(SOON)] == [0, 3]
    assert sorted(marks.all()) == ["0", "3"]
    assert [future.state for future in queued] == ["succeeded", "cancelled", "cancelled", "succeeded"]


@in_background
def test_cancel_while_it_runs(lab: Lab, place: Place, gate: Gate) -> None:
    seen = []
    future = place.standing().submit(gate)
    future.add_done_callback(lambda f: seen.append(f.cancelled()))
    gate.reached()
    assert future.cancel()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    if not place.kills:
        gate.open()
    eventually(lambda: future.state == "cancelled")
    assert seen == [True]


@everywhere
def test_a_body_that_cancels_itself(lab: Lab, place: Place) -> None:
    if not place.talks:
        pytest.skip("it has no way to say so")

    @place.task
    def work() -> None:
        me = fl.current()
        me.future.cancel()
        while not me.cancelled:
            time.sleep(0.001)
        me.check()

    future = work.submit()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    eventually(lambda: future.state == "cancelled")


@in_background
def test_timeout(lab: Lab, place: Place, gate: Gate) -> None:
    future = place.standing(timeout=0.02).submit(gate)
    with pytest.raises(TaskTimeout):
        future.result(SOON)
    assert future.state == "timed_out"


@in_background
def test_the_time_of_a_task_begins_when_its_body_does(lab: Lab, place: Place, gate: Gate) -> None:
    first = [place.standing().submit(gate) for _ in range(2)]
    gate.reached(2)

    @place.task(timeout=5)
    def quick() -> str:
        return "in time"

    future = quick.submit()
    threading.Timer(0.2, gate.open).start()
    assert future.result(SOON) == "in time"
    fl.wait(first)


@in_background
def test_a_timeout_is_retried(lab: Lab, place: Place, gate: Gate, marks: Marks) -> None:
    stands = gate.stand_async if place.coroutines else gate.stand

    @place.task(timeout=1, retries=1)
    def work() -> object:
        return stands() if marks.add(fl.current().attempt) == 1 else "second"

    assert work.submit().result(SOON) == "second"
    assert marks.all() == ["1", "2"]


@everywhere
def test_retry(lab: Lab, place: Place, marks: Marks) -> None:
    @place.task(retries=3)
    def work() -> int:
        count = marks.add(fl.current().attempt)
        if count < 3:
            raise OSError
        return count

    assert work.submit().result(SOON) == 3
    assert marks.all() == ["1", "2", "3"]


@everywhere
def test_a_retry_by_hand(lab: Lab, place: Place, marks: Marks) -> None:
    @place.task
    def work(x: int) -> int:
        if marks.add(fl.current().attempt) == 1:
            raise OSError
        return x

    future = work.submit(7)
    assert isinstance(future.exception(SOON), OSError)
    future.retry()
    assert future.result(SOON) == 7
    assert marks.all() == ["1", "2"]


@everywhere
def test_a_policy_that_looks_at_the_error(lab: Lab, place: Place, marks: Marks) -> None:
    class Passing(Exception):
        pass

    @place.task(retries=fl.Retry(5, backoff=(0, 0), when=Passing))
    def work() -> None:
        if marks.add("tried") < 3:
            raise Passing("once more")
        raise ValueError("for good")

    with pytest.raises(ValueError, match="for good"):
        work.submit().result(SOON)
    assert len(marks.all()) == 3


@everywhere
def test_nested_submit(lab: Lab, place: Place) -> None:
    if not place.talks:
        pytest.skip("it takes no children")
    depth = 3 if place.elsewhere else 5

    @place.task
    def leaf(x: int) -> int:
        return x

    if place.coroutines:

        @fl.task
        async def tree(n: int) -> int:
            parts = [tree.submit(n - 1), tree.submit(n - 1)] if n else [leaf.submit(1)]
            return sum(await asyncio.gather(*parts))
    else:

        @place.task
        def tree(n: int) -> int:
            parts = [tree.submit(n - 1), tree.submit(n - 1)] if n else [leaf.submit(1)]
            return sum(f.result() for f in parts)

    future = tree.submit(depth)
    assert future.result(SOON) == 2**depth
    tasks = future.run.snapshot().tasks
    assert len(tasks) == 2 ** (depth + 1) - 1 + 2**depth
    assert all(t.parent == 0 or t.parent in tasks for t in tasks.values())


@everywhere
def test_a_huge_result_is_handed_over_as_it_is_and_described_briefly(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> bytearray:
        return bytearray(100_000_000)

    future = work.submit()
    assert future.result(SOON) == bytearray(100_000_000)
    assert len(future.run.snapshot().tasks[future.id].text) < 200


@everywhere
def test_a_huge_argument(lab: Lab, place: Place) -> None:
    @place.task
    def work(data: bytearray) -> tuple[int, int]:
        return len(data), data[-1]

    future = work.submit(bytearray(99_999_999) + b"x")
    assert future.result(SOON) == (100_000_000, ord("x"))
    assert len(future.run.snapshot().tasks[future.id].args) < 200


@everywhere
def test_output(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> None:
        for n in range(50):
            print(f"printed {n}")
            fl.current().log(f"logged {n}")

    future = work.submit()
    future.result(SOON)
    lines = future.logs.splitlines()
    assert len(lines) == 100
    # What is printed may come another way than what is logged, but not behind what was logged after it.
    assert [n for n in range(50) if lines.index(f"printed {n}") > lines.index(f"logged {n}")] == []


@everywhere
def test_progress(lab: Lab, place: Place) -> None:
    if not place.talks:
        pytest.skip("it has no way to say so")

    @place.task
    def work() -> int:
        return sum(fl.progress([1, 2, 3], label="numbers"))

    future = work.submit()
    assert future.result(SOON) == 6
    assert future.run.snapshot().tasks[future.id].progress == (3, 3, "numbers")


@places(lambda place: not place.elsewhere)
def test_context_variables_are_carried_in_and_not_out(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> str:
        before = variable.get()
        variable.set("inside")
        return before

    token = variable.set("outside")
    try:
        assert work.submit().result(SOON) == "outside"
        assert variable.get() == "outside"
    finally:
        variable.reset(token)


@everywhere
def test_what_a_body_knows_of_itself(lab: Lab, place: Place) -> None:
    @place.task(name="named")
    def work() -> tuple:
        me = fl.current()
        return me.id, me.task.name, me.attempt, me.group, me.cancelled, me.check(), me.run.id, me.run.name, me.future.id

    with fl.group("outer"), fl.group("inner"):
        future = work.submit()
    run = future.run
    assert future.result(SOON) == (
        future.id, "named", 1, "outer/inner", False, None, run.id, run.name, future.id,
    )  # fmt: skip


@everywhere
def test_after_a_body_nothing_is_current(lab: Lab, place: Place, marks: Marks) -> None:
    def late() -> None:
        try:
            marks.add(fl.current().id)
        except fl.errors.NotInTask:
            marks.add("not in a task")

    @place.task
    def work() -> None:
        threading.Timer(0.01, late).start()

    work.submit().result(SOON)
    eventually(marks.all)
    assert marks.all() == ["not in a task"]


@everywhere
def test_current_and_parent(lab: Lab, place: Place) -> None:
    if not place.talks:
        pytest.skip("it takes no children")

    @place.task
    def child() -> int:
        return fl.current().future.parent.id

    if place.coroutines:

        @fl.task
        async def parent() -> tuple:
            return fl.current().id, await child.submit()
    else:

        @place.task
        def parent() -> tuple:
            return fl.current().id, child.submit().result()

    future = parent.submit()
    assert future.result(SOON) == (future.id, future.id)


@everywhere
def test_waiting_for_and_resolving_arguments(lab: Lab, place: Place) -> None:
    @place.task
    def make(x: int) -> int:
        return x

    @place.task(resolve=True)
    def add(xs: list) -> int:
        return sum(xs)

    @place.task(wait="x")
    def looks(x: fl.Future) -> bool:
        return x.done()

    assert add.submit([make.submit(1), make.submit(2)]).result(SOON) == 3
    assert looks.submit(make.submit(1)).result(SOON) is True


@everywhere
def test_a_dependency_that_fails(lab: Lab, place: Place, marks: Marks) -> None:
    @place.task
    def fails() -> None:
        raise OSError("first")

    @place.task(resolve=True)
    def never(x: object) -> None:
        marks.add("ran")

    @place.task(wait=True)
    def meets(x: fl.Future) -> str:
        try:
            return str(x.result())
        except OSError as error:
            return f"met {error}"

    bad = fails.submit()
    with pytest.raises(DependencyError) as caught:
        never.submit(bad).result(SOON)
    assert isinstance(caught.value.__cause__, OSError)
    assert meets.submit(bad).result(SOON) == "met first"
    assert marks.all() == []


@everywhere
def test_continuing_as_a_returned_future(lab: Lab, place: Place) -> None:
    if not place.talks:
        pytest.skip("it takes no children")

    @place.task
    def down(n: int) -> object:
        return down.submit(n - 1) if n else "bottom"

    assert down.submit(100).result(SOON) == "bottom"


@everywhere
def test_continuing_as_a_returned_pipeline(lab: Lab, place: Place) -> None:
    @place.task
    def double(x: int) -> int:
        return 2 * x

    @place.task
    def plan(x: int) -> object:
        return fl.in_parallel([double.send(x), double.send(x + 1)]).continue_with(sums)

    @place.task
    def sums(xs: list) -> int:
        return sum(xs)

    future = plan.submit(3)
    assert future.result(SOON) == 14


@everywhere
def test_pipelines(lab: Lab, place: Place) -> None:
    @place.task
    def fails(x: int) -> int:
        raise ValueError(x)

    @place.task
    def heal(error: Exception) -> int:
        return error.args[0] + 1

    @place.task(with_state=True)
    def counts(state: dict | None, x: int) -> tuple[dict, int]:
        return {**(state or {}), x: "seen"}, 2 * x

    @place.task
    def total(xs: list) -> int:
        return sum(xs)

    branches = [fails.send(n).exceptionally(heal).continue_with(counts) for n in range(4)]
    assert fl.in_parallel(branches, max_parallelism=2).continue_with(total).submit().result(SOON) == 20


@everywhere
def test_many(lab: Lab, place: Place) -> None:
    @place.task
    def work(x: int) -> int:
        return x

    count = 500 if place.elsewhere else 2000
    assert work.map(range(count)).results(SOON) == list(range(count))


@everywhere
def test_work_from_many_threads(lab: Lab, place: Place) -> None:
    @place.task
    def work(x: int) -> int:
        return x

    sums: list[int] = []
    threads = [threading.Thread(target=lambda: sums.append(sum(work.map(range(100)).results(SOON)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert sums == [4950] * 8


@in_background
def test_a_limit_holds(lab: Lab, place: Place, gates: Callable[[str], Gate]) -> None:
    work = place.standing(limit=1)
    first, second = work.submit(gates("first")), work.submit(gates("second"))
    gates("first").reached()
    assert second.state == "waiting"
    assert gates("second").who() == []
    gates("first").open()
    gates("second").reached()
    gates("second").open()
    assert [future.exception(SOON) for future in (first, second)] == [None, None]


@in_background
def test_shutdown_with_work_running_does_not_hang(place: Place, gate: Gate, options: dict[str, Any]) -> None:
    with engine(**options):
        futures = [place.standing().submit(gate) for _ in range(5)]
        gate.reached(2)
    assert all(future.done() for future in futures)
    with pytest.raises(TaskCancelled):
        futures[0].result(0)
    gate.open()


@everywhere
def test_a_result_whose_class_is_hostile_is_handed_over(lab: Lab, place: Place) -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError("repr")

        def __len__(self) -> int:
            raise RuntimeError("len")

        def __eq__(self, other: object) -> bool:
            raise RuntimeError("eq")

        __hash__ = None

        def __getattr__(self, name: str) -> object:
            raise RuntimeError(f"getattr {name}")

    value = Hostile()

    @place.task
    def work() -> Hostile:
        return value

    found = work.submit().result(SOON)
    assert type(found) is Hostile
    assert place.elsewhere or found is value


@everywhere
def test_a_body_that_knows_where_it_runs(lab: Lab, place: Place) -> None:
    future = place.task(os.getpid).submit()
    assert (future.result(SOON) != os.getpid()) is place.elsewhere
    assert future.run.snapshot().tasks[future.id].worker
