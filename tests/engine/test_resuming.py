"""A run that goes on with one of another process: what is found done, what is run again, and what is said of it.

Here both runs are of this process; that nothing depends on it is held by ``tests/test_resume.py``.
"""

from __future__ import annotations

import dataclasses
import gc
import threading
import warnings
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ipyflow as fl
from ipyflow.engine.inner_code import code_mark
from ipyflow.engine.past import Past
from ipyflow.engine.resuming import Resumed
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON

BROKEN = [True]
RAN: list[Any] = []


@pytest.fixture(params=[True, False], ids=["values kept", "plain values"])
def any_lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    yield from _lab(request.param)


@pytest.fixture
def lab() -> Iterator[Lab]:
    yield from _lab(True)


def _lab(keep_results: bool) -> Iterator[Lab]:
    BROKEN[:], RAN[:] = [True], []
    with engine(threads=4, database=":memory:", keep_results=keep_results) as lab:
        yield lab
        lab.settled(SOON)


def past(lab: Lab, run: Any, said: list[str] | None = None) -> Past:
    """What the store has of a run."""
    memory: Any = lab.engine.memory
    run.wait(SOON)
    assert memory.flush()
    shelf, row = memory.shelf, memory.shelf.find(run.key).id
    lost = pytest.fail if said is None else said.append
    kept = shelf.outcomes(row)
    return Past(run.key, run.snapshot(), shelf.marks(row), kept, lambda task: shelf.outcome(row, task), lost)


def goes_on(lab: Lab, *runs: Past, flow: Any, args: tuple[Any, ...] = ()) -> Any:
    """The future of a flow that goes on with some runs, the newest first."""
    gc.collect()
    resumed = Resumed([(one, one.root) for one in runs if one.root is not None])
    return lab.engine.submit(flow, args, {}, resumed=resumed)


def died(flow: Any, *args: Any) -> Any:
    """The run of a flow that breaks at its first attempt."""
    future = flow.submit(*args)
    assert isinstance(future.exception(SOON), RuntimeError), future.exception()
    return future.run


def breaks() -> None:
    if BROKEN:
        BROKEN.clear()
        raise RuntimeError("the kernel dies here")


def ran() -> list[Any]:
    """What has run since it was last asked."""
    found = RAN[:]
    RAN.clear()
    return found


def states(run: Any) -> dict[str, list[str]]:
    run.wait(SOON)
    found: dict[str, list[str]] = {}
    for task in run.snapshot().tasks.values():
        found.setdefault(task.name, []).append(str(task.state))
    return found


@fl.task
def plus(x: int) -> int:
    RAN.append(x)
    return x + 1


@fl.task
def ones(n: int) -> Any:
    RAN.append(("ones", n))
    return np.ones(n)


@fl.task
def total(values: Any) -> float:
    RAN.append(("total", len(values)))
    return float(sum(values))


@fl.task
def count() -> int:
    RAN.append(len(RAN))
    return len(RAN) - 1


def test_what_had_ended_well_is_not_run_again(any_lab: Lab) -> None:
    @fl.flow
    def whole(n: int) -> int:
        found = sum(plus.map(range(n)).results())
        breaks()
        return found + plus.submit(n).result()

    before = died(whole, 5)
    assert sorted(ran()) == [0, 1, 2, 3, 4]
    future = goes_on(any_lab, past(any_lab, before), flow=whole, args=(5,))
    assert future.result(SOON) == 15 + 6
    assert ran() == [5]
    run = future.run
    assert states(run) == {"whole": ["succeeded"], "plus": ["cached"] * 5 + ["succeeded"]}
    assert run.resumes == before.key
    found = {task.args: task.reused for task in run.snapshot().tasks.values() if task.reused}
    there = {task.args: task for task in before.snapshot().tasks.values() if task.name == "plus"}
    assert {args: (reuse.how, reuse.run, reuse.task) for args, reuse in found.items()} == {
        args: ("resumed", before.key, task.id) for args, task in there.items()
    }
    memory: Any = any_lab.engine.memory
    assert memory.flush()
    assert memory.shelf.find(run.key).resumes == before.key
    assert any(kind == "resumed" and "5 tasks" in text for kind, text in run.snapshot().tasks[future.id].notes)


def test_values_of_any_kind_are_had_again_where_they_were_kept(any_lab: Lab) -> None:
    keeps = any_lab.engine.memory.keeps_results  # type: ignore[union-attr]

    @fl.flow
    def whole() -> float:
        first = total.submit(ones.submit(3).result()).result()
        breaks()
        return first

    run = died(whole)
    ran()
    future = goes_on(any_lab, past(any_lab, run), flow=whole)
    assert future.result(SOON) == 3.0
    # The array is given to `total`: without its value, or a way to compare it, both are run again.
    assert ran() == ([] if keeps else [("ones", 3), ("total", 3)])
    notes = [text for kind, text in future.run.snapshot().tasks[future.id].notes if kind == "resumed"]
    assert (
        "; the value of one was not kept (configure(keep_results=True) keeps all), so it runs again" in notes[0]
    ) is not keeps


def test_futures_among_the_arguments_are_known_by_their_places(lab: Lab) -> None:
    sums = total.with_options(name="sums", resolve=True)

    @fl.flow
    def whole(n: int) -> list[float]:
        plus.submit(100 * n).result()  # so that numbers are others, the next time
        parts = [sums.submit(ones.submit(size)) for size in range(3)]
        items = total.map([[1, 2], [3]], batch=2)
        of_items = fl.task(name="of items")(lambda one, other: one.result() + other.result()).submit(*items)
        found = [part.result() for part in parts]
        breaks()
        return [*found, of_items.result(), sums.submit(ones.submit(9)).result()]

    run = died(whole, 1)
    run.wait(SOON)
    ran()
    future = goes_on(lab, past(lab, run), flow=whole, args=(2,))
    assert future.result(SOON) == [0.0, 1.0, 2.0, 6.0, 9.0]
    assert ran() == [200, ("ones", 9), ("total", 9)]


def test_an_unfinished_child_finds_its_own_children_done(lab: Lab) -> None:
    @fl.flow
    def part(n: int) -> float:
        RAN.append(("part", n))
        found = total.submit(ones.submit(n).result()).result()
        if n == 2:
            breaks()
        return found

    @fl.flow
    def whole() -> list[float]:
        return [future.result() for future in [part.submit(n) for n in (1, 2)]]

    run = died(whole)
    ran()
    future = goes_on(lab, past(lab, run), flow=whole)
    assert future.result(SOON) == [1.0, 2.0]
    assert ran() == [("part", 2)]
    assert states(future.run) == {
        "whole": ["succeeded"], "part": ["cached", "succeeded"], "ones": ["cached"], "total": ["cached"],
    }  # fmt: skip


@pytest.mark.parametrize("change", ["nothing", "around", "code", "data around"])
def test_a_task_made_by_the_flow_is_known_by_its_code_and_what_is_around(lab: Lab, change: str) -> None:
    around, data = [3], [np.arange(4.0)]
    texts = ["return factor * x + len(data)"]

    @fl.flow
    def whole() -> int:
        space: dict[str, Any] = {"fl": fl, "RAN": RAN}
        exec(
            f"def make(factor, data):\n  @fl.task\n  def times(x):\n    RAN.append(x)\n    {texts[0]}\n  return times",
            space,
        )
        found = space["make"](around[0], data[0]).submit(10).result()
        breaks()
        return int(found)

    run = died(whole)
    assert ran() == [10]
    if change == "around":
        around[0] = 4
    elif change == "code":
        texts[0] = "return factor * x - len(data)"
    elif change == "data around":
        data[0] = np.zeros(4)
    data[0] = data[0].copy()
    future = goes_on(lab, past(lab, run), flow=whole)
    assert future.result(SOON) == {"nothing": 34, "around": 44, "code": 26, "data around": 34}[change]
    assert ran() == ([] if change == "nothing" else [10])


def test_long_and_strange_arguments_are_told_apart(lab: Lab) -> None:
    @dataclasses.dataclass
    class Row:
        name: str
        values: list[int]

    given: list[Any] = [
        "x" * 500 + "a", "x" * 500 + "b", list(range(1000)), [*range(999), 0], Row("a", [1] * 90), Row("a", [2] * 90),
        np.arange(50), np.arange(50) + 1, 1, Decimal(1), {}, set(), -1, -2, 1.0, True,
    ]  # fmt: skip

    @fl.task
    def same(value: Any) -> Any:
        RAN.append(value)
        return value

    @fl.flow
    def whole() -> list[Any]:
        found = [same.submit(value).result() for value in given]
        breaks()
        return found

    before = past(lab, died(whole))
    ran()
    given.reverse()
    found = goes_on(lab, before, flow=whole).result(SOON)
    assert [(type(value), str(value)) for value in found] == [(type(value), str(value)) for value in given]
    assert ran() == []
    assert len(before.marks) >= 9


def test_what_nobody_can_compare_is_run_again(any_lab: Lab) -> None:
    lock = threading.Lock()

    @fl.flow
    def whole() -> list[Any]:
        found: list[Any] = [total.submit(value).result() for value in ([lock], [1])] if not BROKEN else []
        found += [fl.task(name="number")(lambda *values: RAN.append(len(values))).submit(lock, 1).result()]
        breaks()
        return found

    run = died(whole)
    assert ran() == [2]
    with pytest.raises(TypeError):
        goes_on(any_lab, past(any_lab, run), flow=whole).result(SOON)
    assert ran() == [("total", 1)]


def test_what_had_failed_is_run_again_and_what_had_been_done_for_it_counts(lab: Lab) -> None:
    @fl.task
    def careful(n: int) -> int:
        RAN.append(n)
        breaks()
        return n

    @fl.flow
    def whole() -> int:
        try:
            return careful.submit(7).result()
        except RuntimeError:
            found = careful.submit(7).result()
        if gone:
            raise RuntimeError("the kernel dies here")
        return found

    gone = [True]
    run = died(whole)
    assert ran() == [7, 7]
    gone.clear()
    assert goes_on(lab, past(lab, run), flow=whole).result(SOON) == 7
    assert ran() == [], "the second call gave a value: it is there for the first"


def test_calls_with_memo_share_one_value_again(lab: Lab) -> None:
    once = plus.with_options(memo=True)

    @fl.flow
    def whole() -> list[int]:
        found = [once.submit(1).result() for _ in range(3)]
        breaks()
        return [*found, *(once.submit(n).result() for n in (1, 2, 2))]

    run = died(whole)
    assert ran() == [1]
    future = goes_on(lab, past(lab, run), flow=whole)
    assert future.result(SOON) == [2, 2, 2, 2, 3, 3]
    assert ran() == [2]
    assert states(future.run)["plus"] == ["cached", "succeeded"]


def test_equal_numbers_of_two_processes_are_not_mixed_up() -> None:
    once = plus.with_options(memo=True)

    @fl.flow
    def flow(xs: list[int]) -> list[int]:
        values = [once.submit(x).result() for x in xs]
        breaks()
        return values

    def dies(x: int) -> Past:
        BROKEN[:] = [True]
        with engine(threads=4, database=":memory:") as lab:
            return past(lab, died(flow, [x]))

    first, second = dies(1), dies(2)  # each counts its tasks from 1 on
    assert ran() == [1, 2]
    with engine(threads=4, database=":memory:") as lab:
        assert goes_on(lab, second, first, flow=flow, args=([1, 2, 1],)).result(SOON) == [2, 3, 2]
    assert ran() == []


def test_what_was_answered_is_not_asked_again(lab: Lab) -> None:
    @fl.flow
    def whole() -> Any:
        answers = [fl.Prompt(text, str).submit().result() for text in ("name?", "town?")]
        breaks()
        return answers

    asked: list[str] = []

    def answer(text: str) -> str:
        asked.append(text)
        return text.upper()

    with fl.configure(answers={"prompt": answer}):
        run = died(whole)
        assert goes_on(lab, past(lab, run), flow=whole).result(SOON) == ["NAME?", "TOWN?"]
    assert asked == ["name?", "town?"]


def test_a_retry_in_the_new_run_still_finds_what_the_old_one_had(lab: Lab) -> None:
    stages, held = [1, 2], []

    @fl.flow
    def whole() -> float:
        first = ones.submit(2).result()
        if stages == [1, 2]:
            raise RuntimeError("the kernel dies here")  # the second time it has not come to what follows
        held.append(ones.submit(3))  # as a variable of the notebook does
        second = held[0].result()
        if stages == [2]:
            raise RuntimeError("fails here, in the new kernel")
        return float(sum(first) + sum(second))

    run = died(whole)
    assert ran() == [("ones", 2)]
    stages.remove(1)
    future = goes_on(lab, past(lab, run), flow=whole)
    assert isinstance(future.exception(SOON), RuntimeError)
    assert ran() == [("ones", 3)]
    stages.clear()
    assert future.retry().result(SOON) == 5.0
    assert ran() == []


def test_a_run_that_died_twice_goes_on_with_both(lab: Lab) -> None:
    reached = [2]

    @fl.flow
    def whole() -> int:
        found = 0
        for n in range(6):
            if n == reached[0]:
                raise RuntimeError("the kernel dies here")
            found += plus.submit(n).result()
        return found

    one = past(lab, died(whole))
    assert ran() == [0, 1]
    reached[0] = 4
    second = goes_on(lab, one, flow=whole)
    assert second.exception(SOON) is not None
    assert ran() == [2, 3]
    two = past(lab, second.run)
    reached[0] = 1
    third = goes_on(lab, two, one, flow=whole)  # it dies before it has come as far as those before
    assert third.exception(SOON) is not None
    assert ran() == []
    three = past(lab, third.run)
    reached[0] = 6
    assert goes_on(lab, three, two, one, flow=whole).result(SOON) == 21
    assert ran() == [4, 5]


def test_a_value_that_no_longer_loads_is_said_and_made_anew(lab: Lab) -> None:
    @fl.flow
    def whole() -> float:
        found = ones.submit(2).result()
        breaks()
        return float(sum(found))

    said: list[str] = []
    before = past(lab, died(whole), said)

    def gone(task: int) -> Any:
        raise AttributeError("there is no class Gone")

    before._value = gone
    ran()
    assert goes_on(lab, before, flow=whole).result(SOON) == 2.0
    assert ran() == [("ones", 2)]
    assert said == ["the value of ones no longer loads (AttributeError: there is no class Gone); it is run again"]


def test_only_what_counts_for_the_last_attempt_of_a_body_is_found(lab: Lab) -> None:
    """Its own retries begin anew; so does the run that goes on with them."""
    attempts = iter(range(3))

    @fl.flow(retries=fl.Retry(1, backoff=(0, 0)))
    def whole() -> int:
        attempt = next(attempts)
        found = count.submit().result()
        if attempt < 2:
            raise RuntimeError("the kernel dies here")
        return found

    run = died(whole)
    assert ran() == [0, 1]
    assert goes_on(lab, past(lab, run), flow=whole).result(SOON) == 1
    assert ran() == []


def test_a_reused_child_is_a_future_like_any_other(lab: Lab) -> None:
    held: list[Any] = []

    @fl.flow
    def whole() -> Any:
        held[:] = [plus.submit(1), plus.submit(2)]
        value = held[0].result()
        if BROKEN:
            held[1].result()
        breaks()
        return value

    before = past(lab, died(whole))
    ran()
    with pytest.warns(fl.errors.LeakedFutureWarning, match="plus"):
        assert goes_on(lab, before, flow=whole).result(SOON) == 2
        lab.settled(SOON)
    future = held[0]
    assert future.done()
    assert future.is_final()
    assert future.exception() is None
    assert not future.cancel()
    assert future.retry().result(SOON) == 2, "somebody does not trust it"
    assert ran() == [1]


def test_children_of_bodies_elsewhere_are_found_too(lab: Lab) -> None:
    elsewhere = fl.task(executor="processes")(_part)

    @fl.flow
    def whole() -> list[int]:
        found = [elsewhere.submit(1).result(), elsewhere.submit([2]).result()]
        breaks()
        return found

    run = died(whole)
    assert goes_on(lab, past(lab, run), flow=whole).result(SOON) == [10, [2] * 10]


def _part(x: Any) -> Any:
    return x * 10


def test_nothing_is_kept_of_what_is_no_flow_and_nothing_of_one_that_ended_well(lab: Lab) -> None:
    @fl.flow
    def whole(values: Any) -> Any:
        return total.submit(values).result()

    memory: Any = lab.engine.memory
    ones.submit(3).result(SOON)
    whole.submit(np.ones(4)).result(SOON)
    lab.settled(SOON)
    assert memory.flush()
    assert memory.shelf.read("SELECT * FROM outcomes") == []


def made(text: str, **names: Any) -> Callable[..., Any]:
    space: dict[str, Any] = {}
    exec(f"def make({', '.join(names)}):\n  def f(x):\n    {text}\n  return f", space)
    return space["make"](*names.values())  # type: ignore[no-any-return]


def test_the_mark_of_a_function_is_that_of_its_code_and_what_is_around() -> None:
    alike: list[tuple[str, dict[str, Any]]] = [
        ("return x", {}),
        ("return x + n", {"n": 1}),
        ("return helper(x)", {"helper": made("return x * 2")}),
    ]
    for text, names in alike:
        assert code_mark(made(text, **names)) == code_mark(made(text, **names)) is not None
    assert code_mark(made("return helper(x)", helper=made("return x * 3"))) != code_mark(
        made("return helper(x)", helper=made("return x * 2"))
    )
    assert code_mark(made("return x + n", n=1)) != code_mark(made("return x + n", n=1.0))
    assert code_mark(made("return lock", lock=threading.Lock())) is None
    assert code_mark(made("return a", a=np.ones(2))) is None
    assert code_mark(made("return a", a=np.ones(2)), hashes=True) is not None
    assert code_mark([].append) is None


def test_different_values_around_are_different_marks() -> None:
    values: list[Any] = [
        {"a": 1}, {"a": 1.0}, {1: "a"}, {"a": [1]}, {"a": (1,)}, {1: 1, 2: 2}, [1, 2], (1, 2), [1, 2.0], [1, 2, 1, 2],
        [1, [2]], {}, [], (), None, -0.0, 0.0, [0.0], [-0.0], "a", b"a", ["a"], True, 1,
    ]  # fmt: skip
    marks = [code_mark(made("return n", n=value)) for value in values]
    assert None not in marks
    assert len(set(marks)) == len(values)


def test_the_mark_of_a_function_is_that_of_its_values_now() -> None:
    def around(n: Any) -> tuple[Any, Any]:
        def function(x: int) -> Any:
            return x, n

        def change(value: Any) -> None:
            nonlocal n
            n = value

        return function, change

    function, change = around(1)
    one = code_mark(function)
    assert code_mark(function) == one == code_mark(around(1)[0]) is not None
    for value in (1.0, True, 2, [1], [2]):
        change(value)
        assert code_mark(function) == code_mark(around(value)[0]) not in (None, one)
    mutable = [3]
    change(mutable)
    before = code_mark(function)
    mutable.append(4)
    assert code_mark(function) != before
    change(1)
    function.__kwdefaults__ = {"more": 1}
    assert code_mark(function) != one


# Any flow of flows, which dies twice on its way.

Tree = st.recursive(st.integers(0, 3), lambda inner: st.lists(inner, min_size=1, max_size=4), max_leaves=12)
_turn = threading.Lock()
_left = [0]


@fl.task
def leaf(x: int) -> list[int]:
    with _turn:
        _left[0] -= 1
        if _left[0] == 0:
            raise RuntimeError("the kernel dies here")
        RAN.append(x)
    return [x] * 40  # which the log has not whole


@fl.flow(on_leak="wait")
def branch(trees: list[Any]) -> int:
    futures = [branch.submit(one) if isinstance(one, list) else leaf.submit(one) for one in trees]
    values = [future.result() for future in futures]
    return sum(value if isinstance(value, int) else sum(value) for value in values)


def leaves(tree: Any) -> list[int]:
    return [x for one in tree for x in leaves(one)] if isinstance(tree, list) else [tree]


@settings(max_examples=25)
@given(st.lists(Tree, min_size=1, max_size=4), st.integers(1, 14), st.integers(1, 14))
def test_whatever_dies_wherever_each_call_gives_its_value_once(trees: list[Any], first: int, second: int) -> None:
    RAN.clear()
    with engine(threads=4, database=":memory:", keep_results=True) as lab, warnings.catch_warnings():
        warnings.simplefilter("ignore", fl.errors.IpyflowWarning)
        _left[0] = first
        future = branch.submit(trees)
        runs: list[Past] = []
        for dies in (second, 0):
            if future.exception(SOON) is None:
                break
            runs.insert(0, past(lab, future.run))
            _left[0] = dies
            future = goes_on(lab, *runs, flow=branch, args=(trees,))
        assert future.result(SOON) == 40 * sum(leaves(trees))
        lab.settled(SOON)
    assert sorted(RAN) == sorted(leaves(trees))
