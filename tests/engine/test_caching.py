"""cache=: results that are used again, and equal calls of which one runs."""

from __future__ import annotations

import asyncio
import concurrent.futures
import subprocess
import sys
import textwrap
import threading
import types
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ipyflow as fl
from ipyflow.errors import MemoryWarning
from ipyflow.model import records as r
from ipyflow.model.run import Reuse
from ipyflow.model.status import State
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, eventually

seen: Any = types.ModuleType("seen")
"""What bodies leave behind: a module, which counts by its name, so that no key depends on it."""


@pytest.fixture(autouse=True)
def _nothing_seen() -> Iterator[None]:
    seen.ran, seen.gate, seen.fail = [], threading.Event(), False
    yield
    seen.gate.set()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


@pytest.fixture
def lab(place: Path) -> Iterator[Lab]:
    with engine(database=place) as made:
        yield made


@fl.task(cache=True)
def squared(x: Any) -> Any:
    seen.ran.append(x)
    return [x * x]


@fl.task(cache=True)
def held(x: Any) -> Any:
    seen.ran.append(x)
    assert seen.gate.wait(SOON)
    if seen.fail:
        raise OSError("no")
    return x


def reuse(future: Any) -> Reuse:
    found = future.run.snapshot().tasks[future.id].reused
    assert found is not None
    return found  # type: ignore[no-any-return]


def at_work(task: Any, *args: Any) -> Any:
    """A call of ``held`` whose body runs."""
    before = len(seen.ran)
    future = task.submit(*args)
    eventually(lambda: len(seen.ran) > before)
    return future


# Results that were kept.


def test_an_equal_call_has_the_value_without_running(lab: Lab) -> None:
    first = squared.submit(3)
    assert first.result() == [9]
    second = squared.submit(x=3)
    assert second.result() == [9]
    assert (first.state, second.state, seen.ran) == (State.SUCCEEDED, State.CACHED, [3])
    assert second.result() is not first.result(), "a value of its own: whoever changes it changes no other's"
    where = reuse(second)
    assert lab.engine.memory is not None
    assert (where.how, where.run, where.task) == ("cache", lab.engine.memory.key_of(first.run.id), first.id)
    task = second.run.snapshot().tasks[second.id]
    assert (task.text, task.type, task.attempts) == ("[9]", "list", [])
    assert squared(4) == [16]


def test_it_outlives_the_engine(place: Path) -> None:
    with engine(database=place) as lab:
        squared(3)
        assert lab.engine.memory is not None
        key = lab.engine.memory.key_of(lab.runs[0].id)
    with engine(database=place):
        again = squared.submit(3)
        assert again.result() == [9]
        assert (again.state, reuse(again).run, seen.ran) == (State.CACHED, key, [3])


def test_a_class_of_the_notebook_is_that_of_now(tmp_path: Path) -> None:
    program = textwrap.dedent(
        f"""
        import ipyflow as fl
        fl.configure(database={str(tmp_path / "h")!r})
        class Point:
            def __init__(self, x): self.x = x
        @fl.task(cache=True)
        def make(x):
            return Point(x)
        future = make.submit(3)
        value = future.result()
        print(future.state, isinstance(value, Point), value.x)
        fl.shutdown()
        """
    )
    run = [sys.executable, "-c", program]
    said = [subprocess.run(run, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert said == ["succeeded True 3\n", "cached True 3\n"]


def test_changed_code_runs(lab: Lab) -> None:
    def defined(body: str) -> Any:
        namespace: dict[str, Any] = {"__name__": "__main__", "seen": seen}
        exec(f"def f(x):\n    seen.ran.append(x)\n    return {body}", namespace)
        return fl.task(cache=True)(namespace["f"])

    assert [defined(body)(2) for body in ("x + 1", "x + 1", "x + 2", "x + 1")] == [3, 3, 4, 3]
    assert seen.ran == [2, 2]


def test_a_call_that_ran_says_what_is_not_as_it_was(lab: Lab) -> None:
    def defined(body: str, **around: Any) -> Any:
        space: dict[str, Any] = {"__name__": "__main__", **around}
        exec(f"def f(x):\n    calls.append(x)\n    return helper(x)\ndef helper(x):\n    return {body}", space)
        return fl.task(cache=True)(space["f"])

    calls: list[int] = []
    task = defined("x", calls=calls)
    futures = [task.submit(1)]
    futures[-1].result()
    futures.append(task.submit(1))
    futures[-1].result()
    for body in ("x", "x + 1"):
        futures.append(defined(body, calls=[1, 1]).submit(1))
        futures[-1].result()
    notes = [future.run.snapshot().tasks[future.id].notes for future in futures]
    found = "nothing was found, for {} is not as it was for f#{}"
    assert notes == [
        [], [("cache", found.format("the global calls that f reads", 1))],
        [("cache", found.format("the global calls that f reads", 2))],
        [("cache", found.format("the code of helper", 3))],
    ]  # fmt: skip
    assert "Note: cache: nothing was found, for the code of helper is not as it was for f#3." in futures[-1].explain()
    other = task.submit(2)
    other.result()
    assert other.run.snapshot().tasks[other.id].notes == [], "other arguments: nothing to compare with"


def test_the_reader_says_how_old_it_may_be(lab: Lab) -> None:
    squared(3)
    for cache, state in [
        (1e-9, State.SUCCEEDED), (3600, State.CACHED), (timedelta(days=1), State.CACHED),
        (fl.Cache(max_age=timedelta(microseconds=1)), State.SUCCEEDED), (fl.Cache(), State.CACHED),
    ]:  # fmt: skip
        future = squared.with_options(cache=cache).submit(3)
        assert (future.result(), future.state) == ([9], state)


def test_a_value_is_kept_as_it_was_when_the_body_returned_it(lab: Lab) -> None:
    future = squared.submit(3)
    future.add_done_callback(lambda done: done.result().append("changed"))
    assert future.result()[0] == 9
    assert squared(3) == [9]


def test_what_a_task_goes_on_as_is_kept(lab: Lab) -> None:
    @fl.task(cache=True)
    def leads(x: int) -> Any:
        return squared.submit(x)

    assert leads(3) == [9]
    again = leads.submit(3)
    assert again.result() == [9]
    assert (again.state, again.children) == (State.CACHED, [])


def test_a_hit_waits_for_no_delay_rate_or_limit(lab: Lab) -> None:
    squared(3)
    late = squared.with_options(delay=3600, rate="1/h", limit=1)
    futures = [late.submit(3) for _ in range(3)]
    assert [future.result(timeout=SOON) for future in futures] == [[9]] * 3
    assert {future.state for future in futures} == {State.CACHED}


def test_failures_are_not_kept(lab: Lab) -> None:
    seen.fail = True
    seen.gate.set()
    assert isinstance(held.submit(1).exception(), OSError)
    seen.fail = False
    assert held(1) == 1
    assert seen.ran == [1, 1]


def test_attempts_of_one_call_are_one_call(lab: Lab) -> None:
    @fl.task(cache=True, retries=2)
    def third_time(x: int) -> int:
        seen.ran.append(x)
        if len(seen.ran) < 3:
            raise OSError("not yet")
        return x

    assert third_time(5) == 5
    again = third_time.submit(5)
    assert (again.result(), again.state, seen.ran) == (5, State.CACHED, [5, 5, 5])


STEPS = st.tuples(st.sampled_from(["call", "call", "fail", "retry", "newer", "older"]), st.integers(0, 2))


@settings(max_examples=120, deadline=None)
@given(st.lists(STEPS, max_size=14))
def test_any_order_of_calls_failures_and_retries(steps: list[tuple[str, int]]) -> None:
    """Against a dict: what was made last under a version and an argument is what later calls have."""
    seen.made = seen.fail = 0

    @fl.task
    def makes(x: int) -> tuple[int, int]:
        seen.made += 1
        if seen.fail:
            raise OSError("no")
        return x, seen.made

    kept: dict[tuple[int, int], tuple[int, int]] = {}
    version, last = 0, {}
    with engine(threads=1, database=":memory:"):
        for what, x in steps:
            seen.fail = what == "fail"
            if what in ("newer", "older"):
                version += 1 if what == "newer" else -1
                continue
            made = seen.made
            if what == "retry":
                known = last.get(x)
                if known is None or known[0].state is State.SUCCEEDED:
                    continue
                future, of = known
                found = None
                future.retry()
            else:
                of = (version, x)
                found = kept.get(of)
                future = makes.with_options(cache=fl.Cache(version=version)).submit(x)
                last[x] = (future, of)
            error = future.exception()
            if found is not None:
                assert (future.result(), future.state, seen.made) == (found, State.CACHED, made)
            elif error is not None:
                assert (what, seen.made) == ("fail", made + 1)
            else:
                assert (future.result(), future.state) == ((x, made + 1), State.SUCCEEDED)
                kept[of] = future.result()


# Retries.


def test_a_retry_of_what_was_found_makes_it_anew_and_keeps_that(lab: Lab) -> None:
    squared(3)
    cached = squared.submit(3)
    cached.result()
    assert cached.state is State.CACHED
    cached.retry()
    assert cached.result() == [9]
    assert (cached.state, len(seen.ran)) == (State.SUCCEEDED, 2)
    assert cached.run.snapshot().tasks[cached.id].reused is None
    after = squared.submit(3)
    after.result()
    assert reuse(after).task == cached.id, "later calls have the new one"
    with pytest.raises(RuntimeError, match="succeeded and cannot be retried"):
        cached.retry()


def test_a_retry_of_a_failure_asks_no_cache(lab: Lab) -> None:
    seen.gate.set()
    seen.fail = True
    failed = held.submit(1)
    failed.exception()
    seen.fail = False
    assert held(1) == 1
    assert failed.retry().result() == 1
    assert (failed.state, len(seen.ran)) == (State.SUCCEEDED, 3)


def test_an_entry_of_a_pipeline_that_was_found_is_not_run_again(lab: Lab) -> None:
    @fl.task
    def head(value: list[int]) -> int:
        return value[0]

    pipeline = squared.send(3).continue_with(head)
    assert [pipeline.submit().result() for _ in range(2)] == [9, 9]
    assert seen.ran == [3]
    cached = [t for t in lab.runs[-1].snapshot().tasks.values() if t.state is State.CACHED]
    assert [(t.name, t.text) for t in cached] == [("squared", "[9]")]


def test_an_entry_that_cannot_be_compared_fails(lab: Lab) -> None:
    future = squared.send(threading.Lock()).submit()
    assert "the argument x cannot be compared" in str(future.exception())


# Equal calls at once.


def test_of_equal_calls_one_runs(lab: Lab) -> None:
    first = at_work(held, 1)
    others = [held.submit(1) for _ in range(5)]
    eventually(lambda: all(other.state is State.WAITING for other in others))
    assert "equal call held#1" in others[0].explain()
    seen.gate.set()
    assert [future.result() for future in (first, *others)] == [1] * 6
    assert seen.ran == [1]
    assert {(other.state, reuse(other).how, reuse(other).task) for other in others} == {(State.CACHED, "flight", 1)}


def test_of_equal_calls_one_runs_without_a_memory_too() -> None:
    with engine():
        first = at_work(held, 1)
        second = held.submit(1)
        seen.gate.set()
        assert [first.result(), second.result(), second.state, reuse(second).run] == [1, 1, State.CACHED, ""]
        third = held.submit(1)
        assert (third.result(), third.state, seen.ran) == (1, State.SUCCEEDED, [1, 1])


def test_when_the_one_fails_the_next_runs(lab: Lab) -> None:
    seen.fail = True
    first = at_work(held, 1)
    others = [held.submit(1) for _ in range(3)]
    eventually(lambda: all(other.state is State.WAITING for other in others))
    seen.gate.set()
    assert isinstance(first.exception(), OSError)
    assert [type(other.exception()) for other in others] == [OSError] * 3
    assert seen.ran == [1] * 4


@pytest.mark.parametrize("executor", ["threads", "loop"])
def test_when_the_one_is_cancelled_the_next_runs(lab: Lab, executor: str) -> None:
    @fl.task(cache=True)
    async def waits(x: int) -> int:
        seen.ran.append(x)
        while len(seen.ran) < 2:
            await asyncio.sleep(0.001)
        return x

    task = held if executor == "threads" else waits
    first = at_work(task, 1)
    second = task.submit(1)
    eventually(lambda: second.state is State.WAITING)
    first.cancel()
    eventually(lambda: len(seen.ran) == 2)
    seen.gate.set()
    assert second.result() == 1
    assert (first.cancelled(), second.state) == (True, State.SUCCEEDED)


def test_a_call_that_waits_for_an_equal_one_can_be_cancelled(lab: Lab) -> None:
    first = at_work(held, 1)
    second = held.submit(1)
    eventually(lambda: second.state is State.WAITING)
    assert second.cancel()
    assert second.cancelled()
    seen.gate.set()
    assert first.result() == 1
    assert second.retry().result() == 1
    assert second.state is State.SUCCEEDED, "a retry runs"


def test_what_is_too_old_for_the_one_that_waits_is_made_anew(place: Path) -> None:
    with engine(database=place) as lab:
        squared(3)
        memory: Any = lab.engine.memory
        asked: list[Any] = []
        look_up, memory.look_up = memory.look_up, lambda *about: asked.append(about)
        patient, strict = squared.submit(3), squared.with_options(cache=1e-9).submit(3)
        eventually(lambda: strict.state is State.WAITING and len(asked) == 1)
        memory.look_up = look_up
        look_up(*asked[0])
        assert patient.result() == strict.result() == [9]
        assert (patient.state, strict.state, len(seen.ran)) == (State.CACHED, State.SUCCEEDED, 2)


def test_a_call_waits_for_none_that_it_is_below(lab: Lab) -> None:
    @fl.task(cache=True)
    def again(x: int) -> int:
        seen.ran.append(x)
        return x if len(seen.ran) > 1 else again.submit(x).result(SOON) + 1

    assert again.submit(1).result(2 * SOON) == 2
    assert seen.ran == [1, 1]


def test_nor_for_one_above_a_task_that_has_ended(lab: Lab) -> None:
    @fl.task
    def opens() -> None:
        seen.gate.wait(SOON)

    @fl.task(cache=fl.Cache(params="x", version=1), wait="after")
    def total(x: int, depth: int, after: Any = None) -> int:
        if depth == 0:
            return x
        (child,) = between.submit(x, depth).result()
        seen.gate.set()  # what is between has ended, and only now its child looks for equal calls
        return child.result() + 1

    @fl.task
    def between(x: int, depth: int) -> list[Any]:
        return [total.submit(x, depth - 1, opens.submit().detach())]

    assert total.submit(1, 1).result(SOON) == 2


def test_many_equal_calls_from_many_threads(lab: Lab) -> None:
    inside: dict[int, int] = {}
    seen.inside, seen.worst, seen.lock = inside, 0, threading.Lock()

    @fl.task(cache=True)
    def counted(x: int) -> int:
        with seen.lock:
            seen.inside[x] = seen.inside.get(x, 0) + 1
            seen.worst = max(seen.worst, seen.inside[x])
            seen.ran.append(x)
            fails = seen.ran.count(x) == 1
        with seen.lock:
            seen.inside[x] -= 1
        if fails:
            raise OSError("the first of each")
        return x

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        submitted = list(pool.map(lambda n: counted.submit(n % 5), range(200)))
    states = [future.exception() for future in submitted]
    assert sum(error is not None for error in states) == 5
    assert seen.worst == 1
    assert sorted(seen.ran) == sorted([*range(5)] * 2), "one failed, one made it, of each"


# Arguments that are still to come.


def test_futures_are_waited_for_and_count_by_their_values(lab: Lab) -> None:
    @fl.task(cache=True)
    def total(parts: list[Any]) -> int:
        seen.ran.append(len(parts))
        return sum(part.result() for part in parts)

    @fl.task
    def number(n: int) -> int:
        return n

    for numbers, state in [((1, 2), State.SUCCEEDED), ((1, 2), State.CACHED), ((2, 1), State.SUCCEEDED)]:
        future = total.submit([number.submit(n) for n in numbers])
        assert (future.result(), future.state) == (3, state)


def test_resolved_values_count_as_values(lab: Lab) -> None:
    resolving = squared.with_options(resolve=True)
    assert resolving(fl.task(lambda: 3).submit()) == [9]
    again = squared.submit(3)
    assert (again.result(), again.state) == ([9], State.CACHED)


def test_with_a_failed_argument_it_runs_and_nothing_is_kept(lab: Lab) -> None:
    @fl.task(cache=True)
    def says(x: Any) -> str:
        seen.ran.append(1)
        return type(x.exception()).__name__

    def broken() -> None:
        raise KeyError("x")

    for _ in range(2):
        assert says(fl.task(broken).submit()) == "KeyError"
    assert seen.ran == [1, 1]


def test_only_futures_that_count_are_waited_for(lab: Lab) -> None:
    @fl.task(cache=fl.Cache(params="x"))
    def first(x: Any, log: Any) -> Any:
        return x

    blocked = held.submit(1)
    assert first(5, blocked) == 5
    assert not blocked.done()


def test_an_argument_that_comes_and_cannot_be_compared_is_the_failure(lab: Lab) -> None:
    future = squared.submit(fl.task(threading.Lock).submit())
    assert "the argument x cannot be compared" in str(future.exception())
    assert seen.ran == []


class Leaves:
    def __reduce_ex__(self, protocol: Any) -> Any:
        raise SystemExit(f"asked for {protocol}")


def test_whatever_an_argument_raises_that_comes_is_the_failure(lab: Lab) -> None:
    @fl.task
    def leaves() -> Leaves:
        return Leaves()

    source = leaves.submit()
    future = squared.submit(source)
    with pytest.raises(SystemExit, match="asked for 4"):
        future.result(SOON)
    assert source.result(SOON) is not None


def test_what_cannot_be_compared_is_refused_before_anything_begins(lab: Lab) -> None:
    told = r"squared has cache=, but the argument x cannot be compared.*Cache\(params=\(\)\)"
    with pytest.raises(TypeError, match=told):
        squared.submit(threading.Lock())
    with pytest.raises(TypeError, match="the argument x"):
        squared.submit([threading.Lock(), fl.task(lambda: 1).submit()])
    assert not any(isinstance(record, r.Submitted) and record.name == "squared" for record in lab.records)


def test_arguments_that_do_not_fit_are_pythons_error(lab: Lab) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'y'"):
        squared(1, y=2)  # type: ignore[call-arg]


# Places.


@pytest.mark.parametrize("executor", ["processes", "inline", "loop", "flow"])
def test_everywhere(lab: Lab, executor: str) -> None:
    def plain(x: int) -> list[int]:
        return [x, x]

    async def awaited(x: int) -> list[int]:
        return [x, x]

    task: Any
    if executor == "loop":
        task = fl.task(cache=True)(awaited)
    elif executor == "flow":
        task = fl.flow(cache=True)(plain)
    else:
        task = fl.task(cache=True, executor=executor)(plain)
    futures = [task.submit(4)]
    futures[0].result()
    futures.append(task.submit(4))
    assert [future.result() for future in futures] == [[4, 4], [4, 4]]
    assert [future.state for future in futures] == [State.SUCCEEDED, State.CACHED]
    lab.settled()


def test_a_body_elsewhere_has_what_was_kept_here(lab: Lab) -> None:
    @fl.task(cache=True)
    def inner(x: int) -> int:
        return x + 1

    @fl.task(executor="processes")
    def outer(x: int) -> int:
        return inner.submit(x).result()

    assert [outer(1), outer(1)] == [2, 2]
    tasks = lab.runs[0].snapshot().tasks.values()
    assert [task.state for task in tasks if task.name == "inner"] == [State.SUCCEEDED, State.CACHED]


def test_on_one_thread_with_a_clock_of_its_own(place: Path) -> None:
    with engine(inline=True, database=place):

        @fl.task(cache=True)
        def above(x: int) -> int:
            return int(squared(x)[0]) + 1

        assert [above(3), above(3), above(4)] == [10, 10, 17]
    assert seen.ran == [3, 4]


def test_what_hears_of_a_hit_may_submit(lab: Lab) -> None:
    squared(3)
    heard: list[Any] = []
    done = threading.Event()

    def then(future: Any) -> None:
        heard.append(squared.submit(3))
        heard[0].add_done_callback(lambda _: done.set())

    squared.submit(3).add_done_callback(then)
    assert done.wait(SOON)
    assert heard[0].state is State.CACHED


# What goes wrong with the memory.


def test_a_result_that_cannot_be_pickled_is_said_once_and_given(lab: Lab) -> None:
    @fl.task(cache=True)
    def lock(x: int) -> Any:
        seen.ran.append(x)
        return threading.Lock()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            assert lock(1).acquire(blocking=False)
    assert [w.category for w in caught] == [MemoryWarning]
    assert seen.ran == [1] * 3


def test_a_result_that_no_longer_loads_is_made_anew(place: Path) -> None:
    module = types.ModuleType("a_module_of_then")
    exec("class Old:\n    pass", module.__dict__)
    sys.modules[module.__name__] = module
    seen.old = module.Old

    @fl.task(cache=True)
    def makes(x: int) -> Any:
        seen.ran.append(x)
        return seen.old()

    try:
        with engine(database=place):
            makes(1)
    finally:
        del sys.modules[module.__name__]
    seen.old = dict
    with engine(database=place), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert makes(1) == {}
        assert makes(1) == {}
    assert [w.category for w in caught] == [MemoryWarning]
    assert seen.ran == [1, 1]


# Options.


@pytest.mark.parametrize(
    ("cache", "error", "said"),
    [
        ("yes", TypeError, "cache='yes': give True, seconds, a datetime.timedelta, or Cache"),
        (0, ValueError, "cache=0: give more than 0 seconds"),
        (-1, ValueError, "more than 0"),
        ({"max_age": 1}, TypeError, "give True, seconds"),
    ],
    ids=["text", "zero", "negative", "dict"],
)
def test_a_mistake_shows_where_it_is_written(cache: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        fl.task(cache=cache)(lambda: None)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_age": "1h"}, "give seconds or a datetime.timedelta"), ({"max_age": 0}, "more than 0 seconds"),
        ({"max_age": True}, "give seconds"), ({"namespace": 3}, "give a text"),
        ({"version": [1]}, "a number or a text"),
        ({"params": "y"}, "has no parameter 'y'; it has x"),
    ],
    ids=["text", "zero", "bool", "namespace", "version", "params"],
)  # fmt: skip
def test_a_mistake_in_a_cache_too(options: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        fl.task(cache=fl.Cache(**options))(lambda x: x)


def test_what_does_not_go_together(lab: Lab) -> None:
    with pytest.raises(ValueError, match="with_state=True: a value that is reused cannot change the state"):
        fl.task(cache=True, with_state=True)(lambda state: (state, 1))
    with pytest.raises(ValueError, match="cache= reuses the values of single calls"):
        squared.map([1, 2], batch=2)
    assert squared.map([1, 2, 1]).results() == [[1], [4], [1]]
    assert sorted(seen.ran) == [1, 2]
    off = squared.with_options(cache=False).submit(1)
    assert (off.result(), off.state) == ([1], State.SUCCEEDED)


def test_memo_and_cache_together(lab: Lab) -> None:
    both = squared.with_options(memo=True)
    assert both.submit(3) is both.submit(3)
    assert both(3) == [9]
    assert seen.ran == [3]
