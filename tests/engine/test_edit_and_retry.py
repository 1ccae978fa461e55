"""See it fail, edit the cell, retry: the new code runs, what is done stays done, what waited goes on."""

from __future__ import annotations

import linecache
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ipyflow as fl
from ipyflow.errors import DependencyError
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, eventually

Cell = Callable[..., Any]
_numbers = iter(range(1_000_000))


@pytest.fixture
def lab() -> Iterator[Lab]:
    with engine(threads=4) as lab:
        yield lab
        lab.settled(SOON)


def cell(space: dict[str, Any], text: str) -> None:
    """Run a cell as a notebook does: its lines stay known under a name of their own."""
    name = f"<cell {next(_numbers)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), space)


def notebook(**names: Any) -> dict[str, Any]:
    return {"fl": fl, "__name__": f"a_notebook_{next(_numbers)}", **names}


HOW = {
    "threads": "@fl.task\ndef item",
    "inline": "@fl.task(executor='inline')\ndef item",
    "processes": "@fl.task(executor='processes')\ndef item",
    "async": "@fl.task\nasync def item",
}
BROKEN = "{how}(x):\n    if x == 57:\n        raise ValueError('not that one')\n    return x * x\n"
MENDED = "{how}(x):\n    return x * x if x != 57 else 0\n"
RESULT = sum(x * x for x in range(100)) - 57 * 57


def story(run: fl.Run, name: str = "item") -> dict[str, Any]:
    """What the log says of the tasks of that name."""
    tasks = [task for task in run.snapshot().tasks.values() if task.name == name]
    return {
        "tasks": len(tasks),
        "attempts": sorted(len(task.attempts) for task in tasks),
        "revised": [(len(task.revisions), task.revisions[0].attempt) for task in tasks if task.revisions],
    }


ONE_MENDED = {"tasks": 100, "attempts": [1] * 99 + [2], "revised": [(1, 2)]}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("shape", ["map", "wait", "resolve"])
def test_one_of_a_hundred_is_mended_in_the_middle_of_the_flow(lab: Lab, how: str, shape: str) -> None:
    """The flow waits for the last, which stands at a gate: meanwhile one that failed is edited and retried."""
    gate, begun = Gate(), []
    space = notebook(begun=begun, gate=gate)
    cell(space, BROKEN.format(how=HOW[how]))
    cell(
        space,
        "@fl.task\ndef slow():\n    gate.stand()\n    return 0\n"
        "@fl.task(resolve=True)\ndef total(items, last):\n    return sum(items) + last\n"
        "@fl.flow\ndef whole(shape):\n"
        "    begun.append(1)\n"
        "    last = slow.submit()\n"
        "    items = item.map(range(100))\n"
        "    if shape == 'resolve':\n"
        "        return total.submit(items, last)\n"
        "    if shape == 'wait':\n"
        "        fl.wait([last, *items])\n"
        "        return sum(f.result() for f in items) + last.result()\n"
        "    return sum(fl.wait([*items, last]) and items.results()) + last.result()\n",
    )
    future = space["whole"].submit(shape)
    gate.reached()
    eventually(lambda: future.run.failed)
    (failed,) = list(future.run.failed.values())
    cell(space, MENDED.format(how=HOW[how]))
    failed.retry()
    assert failed.result(SOON) == 0
    gate.open()
    assert future.result(SOON) == RESULT
    assert len(begun) == 1
    assert story(future.run) == ONE_MENDED
    revision = future.run.snapshot().tasks[failed.id].revisions[0]
    assert "not that one" in revision.before
    assert "else 0" in revision.after
    assert revision.before.startswith("@fl.task")


@pytest.mark.parametrize("how", HOW)
def test_a_flow_that_has_raised_is_run_again_and_finds_what_is_done(lab: Lab, how: str) -> None:
    begun: list[int] = []
    space = notebook(begun=begun)
    cell(space, BROKEN.format(how=HOW[how]))
    cell(
        space,
        "@fl.flow\ndef whole():\n    begun.append(1)\n    return sum(item.map(range(100)).results())\n",
    )
    future = space["whole"].submit()
    with pytest.raises(ValueError, match="not that one"):
        future.result(SOON)
    assert future.run.wait(SOON)
    said = f"retry the run: the code of {future.label} is run again and finds the results of 99 tasks that are done."
    assert said in future.explain()
    cell(space, MENDED.format(how=HOW[how]))
    future.run.retry()
    assert future.result(SOON) == RESULT
    assert len(begun) == 2
    assert story(future.run) == ONE_MENDED
    assert "the results of 99 tasks" in dict(future.run.snapshot().tasks[future.id].notes)["reused"]


def test_an_executor_of_another_library_and_a_flow_in_a_flow(lab: Lab) -> None:
    with ThreadPoolExecutor(2) as pool:
        space = notebook(pool=pool)
        cell(space, BROKEN.format(how="@fl.task(executor=pool)\ndef item"))
        cell(space, "@fl.flow\ndef part(n):\n    return sum(item.map(range(10 * n, 10 * n + 10)).results())\n")
        cell(space, "@fl.flow\ndef whole():\n    return sum(part.map(range(10)).results())\n")
        future = space["whole"].submit()
        assert isinstance(future.exception(SOON), ValueError)
        assert future.run.wait(SOON)
        cell(space, MENDED.format(how="@fl.task(executor=pool)\ndef item"))
        future.run.retry()
        assert future.result(SOON) == RESULT
        assert story(future.run) == ONE_MENDED
        assert story(future.run, "part")["attempts"] == [1] * 9 + [2]


def test_entries_of_a_pipeline(lab: Lab) -> None:
    space = notebook()
    cell(space, BROKEN.format(how="@fl.task\ndef item") + "@fl.task\ndef total(items):\n    return sum(items)\n")
    branches = [space["item"].send(x) for x in range(100)]
    future = fl.in_parallel(branches).continue_with(space["total"]).submit()
    with pytest.raises(fl.errors.GroupError):
        future.result(SOON)
    cell(space, MENDED.format(how="@fl.task\ndef item"))
    future.retry()
    assert future.result(SOON) == RESULT
    assert story(future.run) == ONE_MENDED
    assert sum(story(future.run, "total")["attempts"]) == 1


def test_what_nobody_held_any_more_is_read_from_the_log_or_run_again(lab: Lab) -> None:
    """The flow keeps no futures: plain values are in the log, others have to be made again."""
    ran: list[str] = []
    space = notebook(ran=ran)
    cell(
        space,
        "@fl.task\ndef plain(x):\n    ran.append('plain')\n    return [x, 'text']\n"
        "@fl.task\ndef thing():\n    ran.append('thing')\n    return object()\n"
        "@fl.task\ndef use(thing, plain):\n    return 1 / 0\n"
        "@fl.flow\ndef whole():\n    return use(thing(), plain(x=3))\n",
    )
    future = space["whole"].submit()
    assert isinstance(future.exception(SOON), ZeroDivisionError)
    cell(space, "@fl.task\ndef use(thing, plain):\n    return plain\n")
    future.run.retry()
    assert future.result(SOON) == [3, "text"]
    assert sorted(ran) == ["plain", "thing", "thing"]


def test_arguments_are_compared_whole_and_what_cannot_be_is_run_anew(lab: Lab) -> None:
    ran: list[Any] = []
    broken = [True]
    one, other = object(), object()
    calls = [
        [1] * 10,
        [1] * 9 + [2],
        [1.0] * 10,
        [-1] * 9,
        [-2] * 9,
        Path("a"),
        Path("b"),
        date(2026, 1, 1),
        one,
        other,
    ]
    calls += ["x" * 200, "x" * 199 + "y", {"deep": [[[["a"]]]]}, {"deep": [[[["b"]]]]}, range(3)]

    @fl.task
    def item(x: Any) -> Any:
        ran.append(x)
        if broken[0] and x == Path("b"):
            raise ValueError(x)
        return x

    @fl.flow
    def whole(backwards: bool) -> list[Any]:
        return item.map(calls[::-1] if broken[0] else calls).results()

    future = whole.submit(True)
    assert isinstance(future.exception(SOON), ValueError)
    assert future.run.wait(SOON)
    broken[0] = False
    ran.clear()
    assert future.retry().result(SOON) == calls  # in another order, and each has its own
    assert [type(x) for x in future.result()] == [type(x) for x in calls]
    assert sorted(map(type, ran), key=str) == sorted(map(type, [Path("b"), one, other]), key=str)


def test_batches_that_are_done_stay(lab: Lab) -> None:
    ran: list[int] = []
    space = notebook(ran=ran)
    text = "@fl.task\ndef item(x):\n    ran.append(x)\n    return x if x != 13 else {there}\n"
    cell(space, text.format(there="1 / 0"))
    cell(space, "@fl.flow\ndef whole():\n    return sum(item.map(range(40), batch=10).results())\n")
    future = space["whole"].submit()
    assert isinstance(future.exception(SOON), ZeroDivisionError)
    assert future.run.wait(SOON)
    ran.clear()
    cell(space, text.format(there="13"))
    future.run.retry()
    assert future.result(SOON) == sum(range(40))
    assert sorted(ran) == list(range(10, 20))
    revised = [task.revisions for task in future.run.snapshot().tasks.values() if task.revisions]
    assert len(revised) == 1
    assert "1 / 0" in revised[0][0].before


def test_tasks_made_by_the_flow_itself_are_compared_with_what_they_were(lab: Lab) -> None:
    """A flow cell defines its tasks in its body: each time they are made anew, perhaps otherwise."""
    ran: list[str] = []
    space = notebook(ran=ran)
    flow = (
        "@fl.flow\ndef whole():\n    factor = {factor}\n    word = 'part'\n"
        "    @fl.task\n    def scale(x):\n        ran.append(f'scale {{x}}')\n        return x * factor\n"
        "    @fl.task\n    def keep(x):\n        ran.append(f'keep {{x}}')\n        return [word, object()]\n"
        "    @fl.task\n    def check(x):\n        ran.append(f'check {{x}}')\n        {check}\n        return x\n"
        "    parts = [keep.submit(1), scale.submit(1), check.submit(1)]\n"
        "    fl.wait(parts)\n    return [p.result() for p in parts][1:]\n"
    )
    cell(space, flow.format(factor=10, check="1 / 0"))
    future = space["whole"].submit()
    assert isinstance(future.exception(SOON), ZeroDivisionError)
    ran.clear()
    cell(space, flow.format(factor=100, check="pass"))
    future.retry()
    assert future.result(SOON) == [100, 1]
    assert sorted(ran) == ["check 1", "scale 1"]
    assert story(future.run, "check") == {"tasks": 1, "attempts": [2], "revised": [(1, 2)]}
    assert story(future.run, "whole")["revised"] == [(1, 2)]


def test_a_branch_is_run_again_of_what_goes_on_and_of_what_was_handled(lab: Lab) -> None:
    """`retry()` of a flow that has not failed: what failed below it, and nothing beside it."""
    gate, broken = Gate(), [True]

    @fl.task
    def item(x: int) -> int:
        if broken[0] and x % 2:
            raise ValueError(x)
        return x

    @fl.flow
    def part(n: int) -> int:
        items = item.map(range(n, n + 4))
        fl.wait(items)
        if n == 0:
            gate.stand()
        return sum(f.result() if f.exception() is None else 100 for f in items)

    @fl.flow
    def whole() -> list[int]:
        return part.map([0, 10]).results()

    future = whole.submit()
    gate.reached()
    eventually(lambda: len(future.run.failed) == 4)
    first, second = future.children
    broken[0] = False
    first.retry()
    fl.wait(first.children)
    assert [f.state for f in first.children] == ["succeeded"] * 4
    assert sorted(f.state for f in second.children) == ["failed", "failed", "succeeded", "succeeded"]
    gate.open()
    assert future.result(SOON) == [0 + 1 + 2 + 3, 10 + 12 + 200]
    future.retry()  # it has succeeded: still there is what failed below it
    fl.wait(second.children)
    assert not future.run.failed


def test_code_that_is_the_same_is_no_revision_and_one_nobody_knows_is_said_to_be_unknown(lab: Lab) -> None:
    space = notebook()
    text = "@fl.task\ndef item(x):\n    return 1 / x\n"
    cell(space, text)
    future = space["item"].submit(0)
    for again, revised in ((text, 0), (text.replace("1 / x", "2 / x"), 1), (text.replace("1 / x", "3"), 2)):
        assert future.exception(SOON) is not None
        if revised == 1:
            exec(again, space)  # a cell that nobody remembers
        else:
            cell(space, again)
        future.retry()
        fl.wait([future])
        revisions = future.run.snapshot().tasks[future.id].revisions or []
        assert len(revisions) == revised
    assert future.result() == 3
    assert revisions[0].after == ""
    assert revisions[1].before == ""
    assert [revision.attempt for revision in revisions] == [3, 4]


def test_retries_of_its_own_find_what_is_done_after_one_on_request(lab: Lab) -> None:
    tries: list[int] = []
    ran: list[int] = []
    futures: list[fl.Future] = []

    @fl.task
    def part() -> int:
        ran.append(1)
        return 1

    @fl.flow(retries=1)
    def whole() -> int:
        tries.append(1)
        futures.append(part.submit())
        done = futures[-1].result()
        if len(tries) < 4:
            raise OSError
        return done

    future = whole.submit()
    assert isinstance(future.exception(SOON), OSError)
    assert (len(tries), len(ran)) == (2, 2)  # by itself it begins from nothing
    assert future.retry().result(SOON) == 1
    assert (len(tries), len(ran)) == (4, 2)


def test_run_retry_from_many_threads_starts_each_once(lab: Lab) -> None:
    broken = [True]

    @fl.task
    def item(x: int) -> int:
        if broken[0] and x % 3 == 0:
            raise ValueError(x)
        return x

    @fl.flow
    def whole() -> int:
        return sum(item.map(range(30)).results())

    future = whole.submit()
    fl.wait([future])
    assert future.run.wait(SOON)
    broken[0] = False
    threads = [threading.Thread(target=future.run.retry) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert future.result(SOON) == sum(range(30))
    assert story(future.run)["attempts"] == [1] * 20 + [2] * 10


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, 19)), st.integers(0, 3), st.booleans())
def test_a_retry_keeps_all_that_has_succeeded(fails: set[int], depth: int, by_run: bool) -> None:
    """A tree of flows, some leaves of which fail once: after the retry each succeeded leaf has run once."""
    ran: dict[int, int] = {}

    @fl.task
    def leaf(x: int) -> int:
        ran[x] = ran.get(x, 0) + 1
        if x in fails and ran[x] == 1:
            raise ValueError(x)
        return x

    @fl.flow
    def tree(xs: list[int], depth: int) -> int:
        if depth == 0:
            leaves = leaf.map(xs)
            fl.wait(leaves)
            return sum(leaves.results())
        half = len(xs) // 2
        both = [tree.submit(xs[:half], depth - 1), tree.submit(xs[half:], depth - 1)]
        fl.wait(both)
        return sum(future.result() for future in both)

    with engine(threads=2) as lab:
        future = tree.submit(list(range(20)), depth)
        fl.wait([future])
        assert future.run.wait(SOON)
        assert (future.exception() is not None) == bool(fails)
        if fails:
            future.run.retry() if by_run else future.retry()
        assert future.result(SOON) == sum(range(20))
        assert future.run.wait(SOON)
        assert ran == {x: 2 if x in fails else 1 for x in range(20)}
        lab.settled(SOON)


def test_a_flow_that_has_handed_on_a_future_goes_on_without_its_code(lab: Lab) -> None:
    begun: list[int] = []
    space = notebook(begun=begun)
    cell(space, "@fl.task\ndef item(i):\n    raise ValueError('not this one')\n")
    cell(space, "@fl.task(resolve=True)\ndef double(i):\n    return 2 * i\n")
    cell(space, "@fl.flow\ndef whole():\n    begun.append(1)\n    return double.submit(item.submit(4))\n")
    future = space["whole"].submit()
    assert isinstance(future.exception(SOON), DependencyError)
    assert future.run.wait(SOON)
    said = future.explain()
    assert f"retry the run: {future.label} goes on with what comes of it." in said
    assert "is run again" not in said
    cell(space, "@fl.task\ndef item(i):\n    return i\n")
    future.run.retry()
    assert (future.result(SOON), len(begun)) == (8, 1)
