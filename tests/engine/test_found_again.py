"""A body that is run again finds what is done: only what is surely the same, and with the value that it had."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.engine import earlier
from ipyflow.engine.sources import same_function
from ipyflow.errors import DependencyError
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON


@pytest.fixture
def lab() -> Iterator[Lab]:
    with engine(threads=4) as lab:
        yield lab
        lab.settled(SOON)


def begun_again(body: Callable[[], Any], change: Callable[[], object]) -> Any:
    """What a flow gives that has failed behind its body, once something was changed and it is retried."""
    broken = [True]

    @fl.flow
    def whole() -> Any:
        value = body()
        if broken:
            raise ValueError("behind the body")
        return value

    future = whole.submit()
    assert isinstance(future.exception(SOON), ValueError)
    gc.collect()
    broken.clear()
    change()
    return future.retry().result(SOON)


def test_a_method_of_another_instance_is_another_task(lab: Lab) -> None:
    class Model:
        def __init__(self, factor: int) -> None:
            self.factor = factor

        @fl.task
        def fit(self, x: int) -> int:
            return self.factor * x

    factors = [2, 3]

    def body() -> list[Any]:
        steps = [Model(factor).fit.step_task().submit(1).result() for factor in factors]
        return [*steps, *(sum(Model(factor).fit.map(range(8), batch=4).results()) for factor in factors)]

    assert begun_again(body, lambda: factors.__setitem__(slice(None), [5, 7])) == [5, 7, 5 * 28, 7 * 28]


def test_a_task_made_in_a_loop_gives_no_value_to_another_of_its_name(lab: Lab) -> None:
    """Of the first nobody holds the future, of the last somebody does."""
    factors, held, ran = [2, 3], [], []

    def made(factor: int) -> fl.Task:
        @fl.task
        def times(x: int) -> int:
            ran.append(factor)
            return factor * x

        return times

    def body() -> list[int]:
        values = []
        for factor in factors:
            future = made(factor).submit(10)
            values.append(future.result())
        held.append(future)
        return values

    assert begun_again(body, lambda: factors.remove(2)) == [30]
    assert ran in ([2, 3], [2, 3, 3])


def test_what_ran_other_code_before_stays_out_of_later_attempts(lab: Lab) -> None:
    """Two attempts with code of now: the third does not go back to a value of the first."""
    codes = ["x + 1", "x + 2", "x + 2"]
    fails = [True, True, False]
    attempt = iter(range(3))

    @fl.flow
    def whole() -> list[int]:
        now = next(attempt)
        space: dict[str, Any] = {"fl": fl, "fails": fails[now]}
        exec(
            "def make():\n    @fl.task\n    def part(x):\n        if x == 9 and fails: raise ValueError\n"
            f"        return {codes[now]}\n    return part\n",
            space,
        )
        part = space["make"]()
        values = [part.submit(x).result() for x in range(3)]
        return [*values, part.submit(9).result()]

    future = whole.submit()
    for _ in range(2):
        assert isinstance(future.exception(SOON), ValueError)
        gc.collect()
        future.retry()
    assert future.result(SOON) == [2, 3, 4, 11]


def test_two_questions_of_one_name_are_two(lab: Lab) -> None:
    asked: list[str] = []

    def answer(text: str) -> str:
        asked.append(text)
        return text.upper()

    texts = ["name?", "age?"]

    def body() -> list[str]:
        return [fl.Prompt(text, str).submit().result() for text in texts]

    with fl.configure(answers={"prompt": answer}):
        assert begun_again(body, lambda: texts.__setitem__(slice(None), ["age?", "town?"])) == ["AGE?", "TOWN?"]
    assert asked == ["name?", "age?", "town?"]


@pytest.mark.parametrize(
    "value",
    [[set()], [frozenset({1})], {"a": set()}, [frozenset({frozenset({1})})], [-0j], [1, "a", (2.5, None)], "x" * 300],
    ids=["empty set", "frozen set", "in a dict", "nested", "minus zero", "plain", "long"],
)
def test_a_value_of_the_log_is_what_it_was(lab: Lab, value: Any) -> None:
    @fl.task
    def give() -> Any:
        return value

    read = begun_again(lambda: give.submit().result(), lambda: None)
    assert (type(read), repr(read)) == (type(value), repr(value))


def made(text: str, **names: Any) -> Callable[..., Any]:
    exec(text, names)
    return names["f"]  # type: ignore[no-any-return]


class Silent:
    """Whatever it holds, its text is the same."""

    def __repr__(self) -> str:
        return "Silent()"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(xs): return [x * 2 for x in xs]", "def f(xs): return [x * 3 for x in xs]"),
        ("def f(): return lambda x: x + 1", "def f(): return lambda x: x - 1"),
        ("def f(x, *, k=1): return k", "def f(x, *, k=2): return k"),
        ("def f(x, k=Silent()): return k", "def f(x, k=Silent()): return k"),
        ("def f(x, k=(1, Silent())): return k", "def f(x, k=(1, Silent())): return k"),
    ],
)
def test_functions_that_differ_inside_or_in_a_default_are_not_the_same(one: str, other: str) -> None:
    assert not same_function(made(one, Silent=Silent), made(other, Silent=Silent))
    if "Silent" not in one:
        assert same_function(made(one), made(one))


def test_a_retry_that_could_not_begin_can_be_asked_for_again(lab: Lab) -> None:
    """The code of now wants an executor that is not there."""
    tries: list[int] = []

    @fl.task
    def part() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("the first time")
        return 1

    future = part.submit()
    assert isinstance(future.exception(SOON), ValueError)
    call, executors = future._call, lab.engine.executors
    assert call is not None
    lab.engine.executors = {}
    try:
        with pytest.raises(KeyError):
            future.retry()
    finally:
        lab.engine.executors = executors
    assert future.state == "failed"
    assert future.retry().result(SOON) == 1


def test_a_dependant_that_cannot_be_run_again_leaves_what_it_depends_on_not_behind(lab: Lab) -> None:
    broken = [True]

    @fl.task
    def first() -> int:
        if broken:
            raise ValueError("the first time")
        return 1

    @fl.task(resolve=True, executor="inline")
    def second(x: int) -> int:
        return x + 1

    future = first.submit()
    dependant = second.submit(future)
    assert isinstance(dependant.exception(SOON), DependencyError)
    broken.clear()
    executors = lab.engine.executors
    lab.engine.executors = {"threads": executors["threads"]}
    try:
        with pytest.raises(KeyError):
            future.retry()
        assert future.result(SOON) == 1
    finally:
        lab.engine.executors = executors
    assert dependant.retry().result(SOON) == 2


ran: list[int] = []


@fl.task
def part(x: int) -> int:
    ran.append(x)
    return x


def test_what_is_below_each_is_looked_for_once_where_many_are_run_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a run of many flows that have failed would be looked through for each of them."""
    made: list[earlier.Children] = []
    broken = [True]

    class Counted(earlier.Children):
        def __init__(self, run: fl.Run) -> None:
            super().__init__(run)
            made.append(self)

    monkeypatch.setattr(earlier, "Children", Counted)

    @fl.flow
    def one(x: int) -> int:
        value = part(x)
        if broken:
            raise ValueError("not yet")
        return value

    @fl.flow
    def whole(how: str) -> int:
        futures = one.map(range(20))
        if how == "read":
            return sum(futures.results())
        fl.wait(futures)
        return len(futures)

    for how, value in (("read", 190), ("waited for", 20)):
        broken[:] = [True]
        made.clear()
        ran.clear()
        future = whole.submit(how)
        future.exception(SOON)
        assert future.run.wait(SOON)
        broken.clear()
        future.run.retry()
        assert future.run.wait(SOON)
        assert (future.result(SOON), len(ran), len(made)) == (value, 20, 1)
        made.clear()
        gc.collect()
        assert future.run.children is None or future.run.children() is None
