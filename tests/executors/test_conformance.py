"""What every executor does alike. A new one joins by a line in EXECUTORS."""

import asyncio
import contextvars
import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import TaskCancelled, TaskTimeout
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, eventually

EXECUTORS = ["inline", "threads", "loop"]
BACKGROUND = [name for name in EXECUTORS if name != "inline"]
"""Those on which a body runs while its submitter goes on."""

everywhere = pytest.mark.parametrize("place", EXECUTORS)
in_background = pytest.mark.parametrize("place", BACKGROUND)

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


@pytest.fixture
def lab() -> Iterator[Lab]:
    with engine(threads=2) as lab:
        yield lab
        lab.settled()


def task(place: str, **options: Any) -> Callable[[Callable[..., Any]], fl.Task]:
    """``@task`` at a place: a plain function becomes ``async def`` for the loop."""

    def decorate(fn: Callable[..., Any]) -> fl.Task:
        if place != "loop":
            return fl.task(executor=place, **options)(fn)

        @functools.wraps(fn)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            value = fn(*args, **kwargs)
            return await value if inspect.isawaitable(value) else value

        return fl.task(**options)(coroutine)

    return decorate


def stands(place: str, gate: Gate) -> Callable[[], Any]:
    """A body that stands at ``gate``, in the way of the place."""
    return gate.stand_async if place == "loop" else gate.stand


@everywhere
def test_value_and_arguments(lab: Lab, place: str) -> None:
    @task(place)
    def work(a: int, *rest: int, k: int = 0) -> tuple:
        return a, rest, k

    assert work.submit(1, 2, 3, k=4).result(SOON) == (1, (2, 3), 4)
    assert work.submit(1).state in ("queued", "running", "succeeded")


@everywhere
def test_exception_with_its_traceback(lab: Lab, place: str) -> None:
    @task(place)
    def work() -> None:
        raise ValueError("boom")

    future = work.submit()
    with pytest.raises(ValueError, match="boom") as caught:
        future.result(SOON)
    assert caught.traceback[-1].name == "work"
    assert future.state == "failed"
    assert "in work" in future.traceback
    assert any("work#" in note for note in caught.value.__notes__)


@everywhere
@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit, type("Own", (BaseException,), {})])
def test_exits_and_interrupts_fail_that_task_only(lab: Lab, place: str, error: type[BaseException]) -> None:
    @task(place)
    def work() -> None:
        raise error("from the body")

    @task(place)
    def fine() -> int:
        return 1

    future = work.submit()
    with pytest.raises(error):
        future.result(SOON)
    assert future.state == "failed"
    assert [fine.submit().result(SOON) for _ in range(5)] == [1] * 5


@in_background
def test_cancel_before_it_starts(lab: Lab, place: str) -> None:
    ran = []

    @task(place, delay=60)
    def work() -> None:
        ran.append(1)

    future = work.submit()
    assert future.cancel()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    assert future.state == "cancelled"
    assert ran == []


@in_background
def test_cancel_while_it_runs(lab: Lab, place: str) -> None:
    gate, seen = Gate(), []

    def body() -> Any:
        return stands(place, gate)()

    work = task(place)(body)
    future = work.submit()
    future.add_done_callback(lambda f: seen.append(f.cancelled()))
    gate.reached()
    assert future.cancel()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    gate.open()
    eventually(lambda: future.state == "cancelled")
    assert seen == [True]


@everywhere
def test_a_body_that_cancels_itself(lab: Lab, place: str) -> None:
    @task(place)
    def work() -> None:
        me = fl.current()
        me.future.cancel()
        assert me.cancelled
        me.check()

    future = work.submit()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    eventually(lambda: future.state == "cancelled")


@in_background
def test_timeout(lab: Lab, place: str) -> None:
    gate = Gate()

    def body() -> Any:
        return stands(place, gate)()

    future = task(place, timeout=0.02)(body).submit()
    with pytest.raises(TaskTimeout):
        future.result(SOON)
    assert future.state == "timed_out"
    gate.open()


@everywhere
def test_retry(lab: Lab, place: str) -> None:
    calls = []

    @task(place, retries=3)
    def work() -> int:
        calls.append(fl.current().attempt)
        if len(calls) < 3:
            raise OSError
        return len(calls)

    assert work.submit().result(SOON) == 3
    assert calls == [1, 2, 3]


@everywhere
def test_nested_submit(lab: Lab, place: str) -> None:
    @task(place)
    def leaf(x: int) -> int:
        return x

    if place == "loop":

        @fl.task
        async def tree(n: int) -> int:
            parts = [tree.submit(n - 1), tree.submit(n - 1)] if n else [leaf.submit(1)]
            return sum(await asyncio.gather(*parts))
    else:

        @task(place)
        def tree(n: int) -> int:
            parts = [tree.submit(n - 1), tree.submit(n - 1)] if n else [leaf.submit(1)]
            return sum(f.result() for f in parts)

    future = tree.submit(5)
    assert future.result(SOON) == 32
    tasks = future.run.snapshot().tasks
    assert len(tasks) == 63 + 32
    assert all(t.parent == 0 or t.parent in tasks for t in tasks.values())


@everywhere
def test_a_huge_result_is_handed_over_as_it_is_and_described_briefly(lab: Lab, place: str) -> None:
    big = bytearray(50_000_000)

    @task(place)
    def work() -> bytearray:
        return big

    future = work.submit()
    assert future.result(SOON) is big or future.result() == big
    assert len(future.run.snapshot().tasks[future.id].text) < 200


@everywhere
def test_output(lab: Lab, place: str) -> None:
    @task(place)
    def work() -> None:
        print("printed")
        fl.current().log("logged")

    future = work.submit()
    future.result(SOON)
    assert future.logs == "printed\nlogged\n"


@everywhere
def test_progress(lab: Lab, place: str) -> None:
    @task(place)
    def work() -> int:
        return sum(fl.progress([1, 2, 3], label="numbers"))

    future = work.submit()
    assert future.result(SOON) == 6
    assert future.run.snapshot().tasks[future.id].progress == (3, 3, "numbers")


@everywhere
def test_context_variables_are_carried_in_and_not_out(lab: Lab, place: str) -> None:
    @task(place)
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
def test_current_and_parent(lab: Lab, place: str) -> None:
    @task(place)
    def child() -> int:
        return fl.current().future.parent.id

    if place == "loop":

        @fl.task
        async def parent() -> tuple:
            return fl.current().id, await child.submit()
    else:

        @task(place)
        def parent() -> tuple:
            return fl.current().id, child.submit().result()

    future = parent.submit()
    assert future.result(SOON) == (future.id, future.id)


@everywhere
def test_waiting_for_and_resolving_arguments(lab: Lab, place: str) -> None:
    @task(place)
    def make(x: int) -> int:
        return x

    @task(place, resolve=True)
    def add(xs: list) -> int:
        return sum(xs)

    @task(place, wait="x")
    def looks(x: fl.Future) -> bool:
        return x.done()

    assert add.submit([make.submit(1), make.submit(2)]).result(SOON) == 3
    assert looks.submit(make.submit(1)).result(SOON) is True


@everywhere
def test_continuing_as_a_returned_future(lab: Lab, place: str) -> None:
    @task(place)
    def down(n: int) -> object:
        return down.submit(n - 1) if n else "bottom"

    assert down.submit(100).result(SOON) == "bottom"


@everywhere
def test_many(lab: Lab, place: str) -> None:
    @task(place)
    def work(x: int) -> int:
        return x

    assert work.map(range(2000)).results(SOON) == list(range(2000))


@everywhere
def test_work_from_many_threads(lab: Lab, place: str) -> None:
    @task(place)
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
def test_shutdown_with_work_running_does_not_hang(place: str) -> None:
    gate = Gate()
    with engine(threads=2):

        def body() -> Any:
            return stands(place, gate)()

        future = task(place)(body).submit()
        gate.reached()
    assert future.done()
    with pytest.raises(TaskCancelled):
        future.result(0)
    gate.open()


@everywhere
def test_a_result_whose_class_is_hostile_is_handed_over(lab: Lab, place: str) -> None:
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

    @task(place)
    def work() -> Hostile:
        return value

    assert work.submit().result(SOON) is value
