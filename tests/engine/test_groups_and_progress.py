"""`group`, `progress`, `current`: what a body says of itself."""

import asyncio
import contextvars
import threading

import pytest

import ipyflow as fl
from ipyflow.errors import NotInTask
from ipyflow.model import records as r
from ipyflow.testing import Lab
from tests.engine.gates import SOON


@fl.task
def label() -> str | None:
    return fl.current().group


def test_a_group_labels_the_children_submitted_inside(lab: Lab) -> None:
    @fl.flow
    def top() -> list:
        before = label.submit()
        with fl.group("downloads"):
            inside = label.submit()
            with fl.group("big"):
                deeper = label.submit()
                assert fl.current().group == "downloads/big"
        after = label.submit()
        return [f.result() for f in (before, inside, deeper, after)]

    assert top() == [None, "downloads", "downloads/big", None]


def test_a_group_at_top_level_labels_too_and_children_do_not_inherit_it(lab: Lab) -> None:
    @fl.task
    def parent() -> list:
        return [fl.current().group, label.submit().result()]

    with fl.group("top"):
        future = parent.submit()
    assert future.result(SOON) == ["top", None]
    assert future.run.snapshot().tasks[future.id].group == "top"


async def test_groups_in_coroutines_do_not_meet(lab: Lab) -> None:
    @fl.flow
    async def top() -> list:
        async def one(name: str) -> str:
            with fl.group(name):
                await asyncio.sleep(0)
                return await label.submit()

        return await asyncio.gather(one("a"), one("b"))

    assert await top.submit() == ["a", "b"]


@pytest.mark.parametrize("bad", ["", None, 3])
def test_a_group_needs_a_name(bad: object) -> None:
    with pytest.raises(TypeError, match="name"), fl.group(bad):
        pass


def test_progress_draws_a_bar_in_the_tasks_row(inline: Lab) -> None:
    @fl.task
    def work() -> int:
        total = 0
        for i in fl.progress(range(100), label="items"):
            inline.clock.advance(0.01)
            total += i
        return total

    future = work.submit()
    assert future.result() == 4950
    shown = [x for x in future.run.log if isinstance(x, r.Progress)]
    assert (shown[0].done, shown[0].total, shown[0].label) == (0, 100, "items")
    assert shown[-1].done == 100
    assert 15 <= len(shown) <= 25
    assert future.run.snapshot().tasks[future.id].progress == (100, 100, "items")


def test_progress_of_what_has_no_length(inline: Lab) -> None:
    @fl.task
    def work() -> list:
        return [*fl.progress(iter("abc")), *fl.progress(iter("de"), total=2)]

    future = work.submit()
    assert future.result() == list("abcde")
    assert [x.total for x in future.run.log if isinstance(x, r.Progress)] == [None, None, 2, 2]


def test_progress_outside_a_task_only_iterates() -> None:
    assert list(fl.progress([1, 2])) == [1, 2]


# current


def test_current_knows_its_task(lab: Lab) -> None:
    @fl.task
    def work() -> None:
        me = fl.current()
        seen.update(id=me.id, task=me.task, run=me.run, attempt=me.attempt, group=me.group, cancelled=me.cancelled)
        me.check()
        me.log("a line")
        me.log(42)
        assert "work" in repr(me)

    seen: dict = {}
    future = work.submit()
    future.result(SOON)
    assert seen == {"id": future.id, "task": work, "run": future.run, "attempt": 1, "group": None, "cancelled": False}
    assert future.logs == "a line\n42\n"


def test_current_outside_a_task_raises() -> None:
    with pytest.raises(NotInTask, match="@task"):
        fl.current()


def test_current_travels_into_coroutines_and_to_thread(lab: Lab) -> None:
    @fl.task
    async def work() -> list:
        async def inner() -> int:
            return fl.current().id

        return [await inner(), await asyncio.create_task(inner()), await asyncio.to_thread(lambda: fl.current().id)]

    future = work.submit()
    assert future.result(SOON) == [future.id] * 3


def test_context_variables_of_the_submitter_are_seen_in_the_body_and_changes_stay_there(lab: Lab) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

    @fl.task
    def reads() -> str:
        before = variable.get()
        variable.set("changed inside")
        return before

    @fl.task
    async def reads_async() -> str:
        return variable.get()

    variable.set("outer")
    assert reads.submit().result(SOON) == "outer"
    assert reads_async.submit().result(SOON) == "outer"
    assert variable.get() == "outer"


def test_a_thread_that_a_body_starts_is_not_in_the_task(lab: Lab) -> None:
    caught = []

    def look() -> None:
        try:
            fl.current()
        except NotInTask:
            caught.append(1)

    @fl.task
    def work() -> None:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    work()
    assert caught == [1]
