"""Whatever happens, each task ends with an outcome that somebody can see."""

import dataclasses
import threading

import pytest

import ipyflow as fl
from ipyflow.errors import DependencyError, UnobservedFailureWarning
from ipyflow.testing import Lab
from tests.engine.gates import SOON, eventually


@fl.task
def value(x: object) -> object:
    return x


class Unpicklable(Exception):
    def __init__(self, lock: object) -> None:
        super().__init__("holds a lock")
        self.lock = lock

    def __reduce__(self) -> object:
        raise TypeError("cannot be pickled")


class BadStr(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no str")

    __repr__ = __str__


class ExitingStr(Exception):
    def __str__(self) -> str:
        raise SystemExit


class NoNotes(Exception):
    def add_note(self, note: str) -> None:
        raise RuntimeError("no notes")

    @property
    def __notes__(self) -> list:
        raise RuntimeError("no notes")


class OddNotes(Exception):
    __notes__ = 7


class Huge(Exception):
    def __str__(self) -> str:
        return "x" * 10_000_000


HOSTILE_ERRORS = [
    Unpicklable(threading.Lock()),
    BadStr(),
    ExitingStr(),
    NoNotes("n"),
    OddNotes("o"),
    Huge(),
    Exception(10**5000),
]


@pytest.mark.parametrize("error", HOSTILE_ERRORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("is_async", [False, True], ids=["thread", "async"])
def test_a_hostile_exception_is_raised_as_it_is_and_recorded_somehow(
    lab: Lab, error: Exception, is_async: bool
) -> None:
    def body() -> None:
        raise error

    async def coroutine() -> None:
        raise error

    future = fl.task(coroutine if is_async else body).submit()
    with pytest.raises(type(error)) as caught:
        future.result(SOON)
    assert caught.value is error
    task = future.run.snapshot().tasks[future.id]
    assert task.state == "failed"
    assert task.type == type(error).__name__
    assert len(task.text) < 3000
    assert task.traceback
    assert len(task.traceback) < 30_000
    assert repr(future)


@pytest.mark.parametrize("error", HOSTILE_ERRORS, ids=lambda e: type(e).__name__)
def test_a_hostile_exception_passes_through_dependants_and_warnings(lab: Lab, error: Exception) -> None:
    @fl.task
    def bad() -> None:
        raise error

    @fl.task(resolve=True)
    def after(x: object) -> None: ...

    @fl.flow(on_leak="ignore")
    def top() -> None:
        bad.submit()

    dependent = after.submit(bad.submit())
    failure = dependent.exception(SOON)
    assert isinstance(failure, DependencyError)
    assert failure.__cause__ is error
    with pytest.warns(UnobservedFailureWarning, match="bad#"):
        run = top.submit().run
        assert run.wait(SOON)


class HugeRepr:
    def __repr__(self) -> str:
        raise AssertionError("the engine must not call a repr")

    __str__ = __repr__


@dataclasses.dataclass
class Plain:
    inside: object


class BadIter(list):
    def __iter__(self) -> object:
        raise RuntimeError("no iteration")


class BadProperty:
    @property
    def shape(self) -> object:
        raise RuntimeError("no shape")


class BadClass:
    @property
    def __class__(self) -> type:
        raise RuntimeError("no class")


class BadMeta(type):
    def __hash__(cls) -> int:
        raise RuntimeError("no hash")

    def __eq__(cls, other: object) -> bool:
        raise RuntimeError("no equality")


class OfBadMeta(metaclass=BadMeta):
    pass


HOSTILE_VALUES = [
    HugeRepr(), [HugeRepr()] * 1000, {"k": HugeRepr()}, Plain(HugeRepr()), BadIter([1]), BadProperty(), BadClass(),
    "x" * 10**7, 10**5000,
]  # fmt: skip


@pytest.mark.parametrize("which", range(len(HOSTILE_VALUES)))
def test_a_hostile_value_goes_in_and_out(lab: Lab, which: int) -> None:
    given = HOSTILE_VALUES[which]

    future = value.submit(given)
    assert future.result(SOON) is given
    task = future.run.snapshot().tasks[future.id]
    assert task.state == "succeeded"
    assert len(task.text) < 200
    assert len(task.args) < 300


@pytest.mark.parametrize("which", range(len(HOSTILE_VALUES)))
def test_a_hostile_value_is_returned_by_a_flow_with_children(lab: Lab, which: int) -> None:
    given = HOSTILE_VALUES[which]

    @fl.flow(on_leak="ignore")
    def top() -> object:
        value.submit(1)
        return given

    future = top.submit()
    assert future.result(SOON) is given
    assert future.run.wait(SOON)


@pytest.mark.parametrize("is_async", [False, True], ids=["thread", "async"])
def test_a_value_whose_very_type_raises_fails_its_task(lab: Lab, is_async: bool) -> None:
    given = OfBadMeta()

    async def coroutine() -> object:
        return given

    future = fl.task(coroutine if is_async else lambda: given).submit()
    assert isinstance(future.exception(SOON), RuntimeError)
    assert future.state == "failed"
    assert value(3) == 3


def test_the_same_exception_object_raised_by_many_tasks_is_fine(lab: Lab) -> None:
    shared = ValueError("shared")

    @fl.task
    def bad(i: int) -> None:
        raise shared

    futures = bad.map(range(200))
    fl.wait(futures)
    assert all(f.exception() is shared for f in futures)
    assert len(shared.__notes__) <= 20


def test_an_exception_group_comes_through(lab: Lab) -> None:
    @fl.task
    def bad() -> None:
        raise ExceptionGroup("many", [ValueError(1), OSError(2)])

    with pytest.raises(ExceptionGroup) as caught:
        bad.submit().result(SOON)
    assert len(caught.value.exceptions) == 2


def test_endless_recursion_in_a_body_fails_that_task_only(lab: Lab) -> None:
    @fl.task
    def deep(n: int) -> int:
        def down(k: int) -> int:
            return down(k + 1)

        return down(0)

    @fl.task
    def parent() -> str:
        return type(deep.submit(1).exception()).__name__

    assert parent.submit().result(SOON) == "RecursionError"
    assert value.map(range(50)).results(SOON) == list(range(50))


@pytest.mark.parametrize("room", [20, 60, 100, 140, 180, 220, 260, 300, 400])
def test_waiting_near_the_recursion_limit_loses_no_task(lab: Lab, room: int) -> None:
    @fl.task
    def leaf(n: int) -> int:
        return sum(fl.progress(range(n)))

    @fl.task
    def parent() -> list:
        futures = []

        def down(k: int) -> None:
            if k:
                down(k - 1)
                return
            futures.append(leaf.submit(3))
            futures[0].result()

        try:
            down(1000 - room)
        except RecursionError:
            pass
        return futures

    futures = parent.submit().result(SOON)
    for future in futures:
        fl.wait([future], SOON)
        assert future.done()
    eventually(lambda: not lab.engine.unfinished())


def test_nothing_is_lost_when_a_flow_fails_in_the_middle(lab: Lab) -> None:
    seen = []

    @fl.task
    def child(i: int) -> int:
        seen.append(i)
        return i

    @fl.flow
    def top() -> None:
        for i in range(10):
            child.submit(i)
        raise ValueError("top")

    future = top.submit()
    with pytest.raises(ValueError, match="top"):
        future.result(SOON)
    assert future.run.wait(SOON)
    assert sorted(seen) == list(range(10))
    assert future.run.state == "failed"
