"""A run begun anew: the same arguments, the code of now, a run of its own."""

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.engine.scheduler import STARTABLE
from ipyflow.testing import Lab, engine
from ipyflow.workflows import StartEvent, StopEvent, Workflow, step

SOON = 10


@pytest.fixture
def lab() -> Iterator[Lab]:
    with engine(threads=2) as lab:
        yield lab
        lab.settled(SOON)


def test_a_flow_runs_with_its_arguments_in_a_run_of_its_own(lab: Lab) -> None:
    seen = []

    @fl.flow
    def order(user: int, *, fast: bool) -> int:
        seen.append((user, fast))
        return len(seen)

    first = order.submit(17, fast=True)
    assert first.result(SOON) == 1
    second = first.run.rerun()
    assert second.result(SOON) == 2
    assert seen == [(17, True), (17, True)]
    assert second.run is not first.run
    assert first.result() == 1


def test_it_runs_with_the_code_of_now(lab: Lab) -> None:
    def make(n: int) -> Any:
        cell: dict[str, Any] = {"fl": fl, "__name__": "a_notebook"}
        exec(f"@fl.flow\ndef answer(): return {n}", cell)  # as a cell does: not inside a function
        return cell["answer"]

    future = make(1).submit()
    assert future.result(SOON) == 1
    make(2)
    assert future.run.rerun().result(SOON) == 2


def test_what_failed_can_be_begun_anew_and_from_inside_a_task_it_is_no_child(lab: Lab) -> None:
    tries = []

    @fl.flow
    def careful() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("not yet")
        return "done"

    failed = careful.submit()
    with pytest.raises(ValueError, match="not yet"):
        failed.result(SOON)

    @fl.task
    def again() -> Any:
        return failed.run.rerun().run

    run = again.submit().result(SOON)
    assert run.result(SOON) == "done"
    assert run.root.parent_id == 0
    assert run not in (failed.run, lab.runs[0])


def test_a_pipeline_and_a_workflow(lab: Lab) -> None:
    @fl.task
    def double(n: int) -> int:
        return 2 * n

    piped = double.send(4).continue_with(double).submit()
    assert piped.result(SOON) == 16
    assert piped.run.rerun().result(SOON) == 16

    class Greeting(Workflow):
        @step
        async def greet(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=f"hello {ev.name}")

    greeted = Greeting().run(name="Ada")
    assert greeted.result(SOON) == "hello Ada"
    assert greeted.run.rerun().result(SOON) == "hello Ada"


def test_a_run_without_a_beginning_says_what_to_do(lab: Lab) -> None:
    @fl.task
    def plain() -> int:
        return 1

    future = plain.submit()
    assert future.result(SOON) == 1
    with pytest.raises(RuntimeError, match="it was no flow that began it: submit it again"):
        future.run.rerun()


def test_arguments_live_no_longer_than_the_newest_runs(lab: Lab) -> None:
    class Large:
        pass

    @fl.flow
    def look(large: Large | None) -> None:
        pass

    large = Large()
    seen = weakref.ref(large)
    first = look.submit(large)
    first.result(SOON)
    del large
    gc.collect()
    assert seen() is not None
    for _ in range(STARTABLE):
        look.submit(None).result(SOON)
    lab.settled(SOON)
    gc.collect()
    assert seen() is None
    with pytest.raises(RuntimeError, match="its arguments are no longer kept: submit it again"):
        first.run.rerun()


def test_other_arguments_are_given_by_name_and_checked_before_anything_starts(lab: Lab) -> None:
    @fl.flow
    def order(user: int, /, product: str = "tea", *rest: int, fast: bool = False, **more: Any) -> Any:
        return user, product, rest, fast, more

    first = order.submit(1, "milk", 2, 3, fast=True, colour="red")
    run = first.run
    assert run.rerun(user=9).result(SOON) == (9, "milk", (2, 3), True, {"colour": "red"})
    assert run.rerun(rest=(), fast=False, size=4).result(SOON) == (1, "milk", (), False, {"colour": "red", "size": 4})
    again = run.rerun(product="oil")
    assert again.run.rerun(user=5).result(SOON) == (5, "oil", (2, 3), True, {"colour": "red"})

    @fl.flow
    def strict(width: int, height: int = 2) -> int:
        return width * height

    done = strict.submit(3)
    assert done.run.rerun(height=4).result(SOON) == 12
    runs = len(lab.runs)
    with pytest.raises(TypeError, match="has no parameter heigth: did you mean height"):
        done.run.rerun(heigth=4)
    assert len(lab.runs) == runs

    @fl.task
    def double(n: int) -> int:
        return 2 * n

    with pytest.raises(TypeError, match="build it anew"):
        double.send(4).submit().run.rerun(n=3)


def test_where_the_parameters_have_changed_since_it_says_so(lab: Lab) -> None:
    cell: dict[str, Any] = {"fl": fl, "__name__": "a_changing_notebook"}
    exec("@fl.flow\ndef area(width, height=2): return width * height", cell)
    run = cell["area"].submit(3).run
    exec("@fl.flow\ndef area(width, depth, height=2): return width * height * depth", cell)
    assert run.rerun(depth=10).result(SOON) == 60
    with pytest.raises(TypeError, match="depth"):
        run.rerun(height=3)
    exec("@fl.flow\ndef area(side): return side * side", cell)
    with pytest.raises(TypeError, match="no longer takes width"):
        run.rerun(side=3)
