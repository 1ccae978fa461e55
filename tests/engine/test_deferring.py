"""`defer=`: the newest call takes the place of an equal one that has not begun."""

import asyncio
import dataclasses
import gc
import sys
import threading
import warnings
import weakref
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ipyflow as fl
from ipyflow.compat import coflux as cf
from ipyflow.errors import DependencyError, LeakedFutureWarning, TaskCancelled, TaskTimeout, UnobservedFailureWarning
from ipyflow.model.records import Continued
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, eventually


def texts(run: fl.Run) -> str:
    return run.export("text")


def test_the_newest_call_is_run_once_and_all_get_its_value(inline: Lab) -> None:
    ran = []

    @fl.task(delay=60, defer="user")
    def notify(user: str, text: str) -> str:
        ran.append(text)
        return text

    first = notify.submit("ada", "one")
    inline.clock.advance(40)
    second = notify.submit("ada", "two")
    other = notify.submit("ben", "three")
    inline.clock.advance(40)
    assert ran == []  # a pause of 60 s between two calls has not come yet
    third = notify.submit(text="four", user="ada")
    inline.clock.advance(20)
    assert ran == ["three"]
    inline.clock.advance(40)
    assert ran == ["three", "four"]
    assert [future.result() for future in (first, second, third, other)] == ["four", "four", "four", "three"]
    assert [future.state for future in (first, second, third)] == ["succeeded"] * 3


def test_it_is_said_which_call_stands_in_which_place(inline: Lab) -> None:
    @fl.task(delay=5, defer=True)
    def save(path: str) -> None: ...

    first, second, third = (save.submit("a.txt") for _ in range(3))
    assert [(e.task, e.into) for e in first.run.log if isinstance(e, Continued)] == [
        (first.id, second.id),
        (second.id, third.id),
    ]
    assert first.explain() == (
        f"save#{first.id} waits for the newer call in its place: save#{third.id} (waiting: delay of 5 s).\n"
        f"save#{third.id} waits for delay of 5 s (for 0 µs)."
    )
    inline.clock.advance(5)
    assert "It was not run itself: save#3, a newer call, took its place." in first.explain()
    assert texts(first.run).count("save#3 ran in its place") == 2
    assert first.result() is None


def test_without_a_delay_only_what_still_waits_is_replaced(lab: Lab) -> None:
    gate, ran = Gate(), []

    @fl.task(defer="key", limit=1)
    def work(key: str, number: int) -> int:
        ran.append(number)
        if number == 1:
            gate.stand()
        return number

    first = work.submit("a", 1)
    gate.reached()  # it runs: nothing takes its place any more
    waiting = [work.submit("a", number) for number in range(2, 6)]
    gate.open()
    assert first.result(SOON) == 1
    assert [future.result(SOON) for future in waiting] == [5, 5, 5, 5]
    assert ran == [1, 5]


def test_a_call_that_stands_in_the_queue_of_a_pool_is_replaced() -> None:
    gate, ran = Gate(), []

    @fl.task
    def busy() -> None:
        gate.stand()

    @fl.task(defer=())
    def work(number: int) -> int:
        ran.append(number)
        return number

    with engine(threads=1):
        busy.submit()
        gate.reached()
        futures = [work.submit(number) for number in range(5)]
        gate.open()
        assert [future.result(SOON) for future in futures] == [4] * 5
    assert ran == [4]


async def _double(x: int, y: int) -> int:
    return y


def test_coroutines(clocked: Lab) -> None:
    work = fl.task(delay=1, defer="x")(_double)
    first, second = work.submit(1, 2), work.submit(1, 3)
    clocked.clock.advance(1)

    async def both() -> list[int]:
        return list(await asyncio.gather(first, second))

    assert asyncio.run(both()) == [3, 3]


# What counts as the same call.


@dataclasses.dataclass
class Point:
    x: int
    tags: list[str]


class Model:
    def __init__(self) -> None:
        self.saved: list[int] = []

    @fl.task(delay=1, defer="self")
    def save(self, number: int) -> int:
        self.saved.append(number)
        return number


def runs(lab: Lab, *calls: tuple[tuple[Any, ...], dict[str, Any]], **options: Any) -> int:
    """How many of these calls are run."""
    count = []

    @fl.task(delay=1, **{"defer": True, **options})
    def work(a: Any = 0, *rest: Any, b: Any = 0, **more: Any) -> None:
        count.append(a)

    for args, kwargs in calls:
        work.submit(*args, **kwargs)
    lab.clock.advance(1)
    return len(count)


def test_arguments_are_compared_by_parameter_and_value(inline: Lab) -> None:
    assert runs(inline, ((), {}), ((0,), {}), ((), {"a": 0, "b": 0})) == 1
    assert runs(inline, ((1,), {}), ((1.0,), {}), ((True,), {})) == 3
    assert runs(inline, (([1, {"k": (2, "x")}],), {}), (([1, {"k": (2, "x")}],), {})) == 1
    assert runs(inline, ((1, 2), {}), ((1, 3), {})) == 2
    assert runs(inline, ((), {"c": 1}), ((), {"c": 2}), ((), {"c": 2})) == 2
    assert runs(inline, ((Point(1, ["a"]),), {}), ((Point(1, ["a"]),), {}), ((Point(1, ["b"]),), {})) == 2
    assert runs(inline, ((1, 2), {}), ((1, 3), {}), ((2, 3), {}), defer="a") == 2
    assert runs(inline, ((1,), {}), ((2,), {}), defer=fl.Defer(())) == 1
    assert runs(inline, (([0] * 5000,), {}), (([0] * 5000,), {}), (([0] * 4999 + [1],), {})) == 2


def test_arrays_are_compared_by_what_is_in_them(inline: Lab) -> None:
    numpy = pytest.importorskip("numpy")
    a, b = numpy.arange(10), numpy.arange(10)
    assert runs(inline, ((a,), {}), ((b,), {}), ((b + 1,), {})) == 2


def test_futures_among_the_arguments_are_themselves(inline: Lab) -> None:
    @fl.task
    def one() -> int:
        return 1

    a, b = one.submit(), one.submit()
    assert runs(inline, ((a,), {}), (([a],), {}), ((b,), {}), ((a,), {})) == 3
    numpy = pytest.importorskip("numpy")
    assert runs(inline, ((a, numpy.arange(3)), {}), ((a, numpy.arange(3)), {}), ((b, numpy.arange(3)), {})) == 2


def test_a_method_of_another_object_is_another_call(inline: Lab) -> None:
    one, two = Model(), Model()
    for number in range(3):
        one.save.submit(number)
        two.save.submit(number + 10)
        one.saved.append(-1)  # it stays the same object
    one.save.send(5).submit()
    inline.clock.advance(1)
    assert (one.saved, two.saved) == ([-1, -1, -1, 5], [12])


def test_objects_that_say_nothing_of_equality_are_themselves(inline: Lab) -> None:
    one, two = threading.Lock(), threading.Lock()
    assert runs(inline, ((one,), {}), (([{"k": one}],), {}), ((two,), {}), ((one,), {}), (([{"k": one}],), {})) == 3


class Closed:
    def __eq__(self, other: object) -> bool:
        raise AssertionError("foreign code")

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> Any:
        raise OSError("no way in")


def test_what_cannot_be_compared_is_refused_and_nothing_is_begun(inline: Lab) -> None:
    @fl.task(delay=1, defer=True)
    def work(number: int, value: Any) -> None: ...

    with pytest.raises(TypeError, match=r"work has defer=, but the argument value cannot be compared .*defer=Defer\("):
        work.submit(1, Closed())
    deep: list[Any] = []
    deep.append(deep)
    with pytest.raises(TypeError, match="nested too deep"):
        work.submit(1, deep)
    assert inline.engine.unfinished() == []
    assert work.with_options(defer="number").submit(1, Closed()).state == "waiting"
    inline.clock.advance(1)


def test_arguments_that_do_not_fit_are_the_functions_own_error(inline: Lab) -> None:
    @fl.task(delay=1, defer=True)
    def work(number: int) -> None: ...

    future = work.submit(1, 2, 3)
    inline.clock.advance(1)
    assert isinstance(future.exception(), TypeError)


def test_wrong_options_are_refused_where_they_are_written() -> None:
    with pytest.raises(ValueError, match="has no parameter 'colour'; it has x, y"):
        fl.task(defer="x, colour")(lambda x, y: None)
    with pytest.raises(TypeError, match="defer=3: give True, parameter names"):
        fl.task(defer=3)(lambda x: None)
    with pytest.raises(ValueError, match="with_state=True: a call that another one takes the place of"):
        fl.task(defer=True, with_state=True)(lambda state, x: None)
    with pytest.raises(ValueError, match="defer= tells by the arguments of single calls"):
        fl.task(defer=True)(lambda x: x).map([1, 2], batch=2)
    assert fl.task(defer=cf.Defer(params=["x"]))(lambda x, y: None).options.defer == {"x"}


# How it ends.


def test_what_the_newest_fails_with_all_fail_with(inline: Lab) -> None:
    @fl.task(delay=1, defer=())
    def work(number: int) -> None:
        raise OSError(number)

    @fl.task(resolve=True)
    def after(value: Any) -> Any:
        return value

    first, second = work.submit(1), work.submit(2)
    follower = after.submit(first)
    inline.clock.advance(1)
    assert first.exception() is second.exception()
    assert str(first.exception()) == "2"
    assert "work#2(2)" in "".join(second.exception().__notes__)  # type: ignore[union-attr]
    assert "work#1" not in "".join(second.exception().__notes__)  # type: ignore[union-attr]
    assert isinstance(follower.exception(), DependencyError)


def test_a_timeout_is_one_for_all(lab: Lab) -> None:
    gate = Gate()

    @fl.task(defer=(), timeout=0.05, delay=0.01)
    def work() -> None:
        gate.stand()

    first, second = work.submit(), work.submit()
    assert isinstance(first.exception(SOON), TaskTimeout)
    assert isinstance(second.exception(SOON), TaskTimeout)
    assert (first.state, second.state) == ("timed_out", "timed_out")
    gate.open()


def test_cancelling_the_newest_cancels_those_that_moved_over(inline: Lab) -> None:
    @fl.task(delay=1, defer=())
    def work() -> int:
        return 1

    first, second, third = work.submit(), work.submit(), work.submit()
    assert third.cancel()
    assert [future.state for future in (first, second, third)] == ["cancelled"] * 3
    with pytest.raises(TaskCancelled, match="work#1: work#3, which took its place, was cancelled"):
        first.result()
    fourth = work.submit()
    inline.clock.advance(1)
    assert fourth.result() == 1


def test_cancelling_one_that_moved_over_leaves_the_newest_alone(inline: Lab) -> None:
    @fl.task(delay=1, defer=())
    def work() -> int:
        return 1

    first, second, third = work.submit(), work.submit(), work.submit()
    assert second.cancel()
    assert second.state == "cancelled"
    assert first.state == "waiting"
    assert f"work#{third.id}" in first.explain()
    inline.clock.advance(1)
    assert first.result() == third.result() == 1
    assert second.cancelled()


def test_a_retry_of_either_runs_the_newest_again(inline: Lab) -> None:
    fails = [True]

    @fl.task(delay=1, defer=())
    def work(number: int) -> int:
        if fails:
            fails.pop()
            raise OSError
        return number

    first, second = work.submit(1), work.submit(2)
    inline.clock.advance(1)
    assert first.state == second.state == "failed"
    first.retry()
    assert (first.result(), second.result()) == (2, 2)
    fails.append(True)
    first, second = work.submit(1), work.submit(2)
    inline.clock.advance(1)
    first.run.retry()
    assert (first.result(), second.result()) == (2, 2)


def test_one_that_was_cancelled_itself_runs_as_itself_when_it_is_retried(inline: Lab) -> None:
    @fl.task(delay=1, defer=())
    def work(number: int) -> int:
        if number == 1 and not ready:
            raise OSError
        return number

    ready: list[int] = []
    first, second = work.submit(1), work.submit(2)
    first.cancel()
    inline.clock.advance(1)
    assert second.result() == 2
    with pytest.raises(OSError):
        first.retry().result()
    ready.append(1)
    assert first.retry().result() == 1


def test_cancelled_ones_go_on_with_the_newest_when_that_is_retried(inline: Lab) -> None:
    @fl.task(delay=1, defer=())
    def work(number: int) -> int:
        return number

    first, second = work.submit(1), work.submit(2)
    second.cancel()
    assert first.cancelled()
    second.retry()
    assert (first.result(), second.result()) == (2, 2)


def test_own_retries_are_not_replaced(inline: Lab) -> None:
    ran = []

    @fl.task(delay=1, defer=(), retries=fl.Retry(1, backoff=(10, 10)))
    def work(number: int) -> int:
        ran.append(number)
        if ran == [1]:
            raise OSError
        return number

    first = work.submit(1)
    inline.clock.advance(1)
    assert "retry" in first.explain()
    second = work.submit(2)  # the first has begun: it is to be done
    inline.clock.advance(20)
    assert (first.result(), second.result(), ran) == (1, 2, [1, 2, 1])


def test_nobody_comes_to_wait_for_what_waits_for_them(inline: Lab) -> None:
    @fl.task(delay=1, defer=(), resolve=True)
    def work(value: Any) -> Any:
        return value

    @fl.task(resolve=True)
    def through(value: Any) -> Any:
        return value

    first = work.submit(1)
    second = work.submit([through.submit(first)])  # has to wait for the first: both are run
    inline.clock.advance(5)
    assert (first.result(), second.result()) == (1, [1])


def test_limits_and_timers_of_a_replaced_call_are_given_back(clocked: Lab) -> None:
    @fl.task(delay=1, defer=(), limit=1, rate="1/s")
    def work(number: int) -> int:
        return number

    futures = [work.submit(number) for number in range(50)]
    assert clocked.clock.planned == 1
    clocked.clock.advance(1)
    assert [future.result(SOON) for future in futures] == [49] * 50
    assert clocked.engine.deferred == {}
    assert all(limit.used == 0 for limit in clocked.engine.limits.values())


def test_ten_thousand_calls_in_one_place_need_no_stack(inline: Lab) -> None:
    @fl.task(delay=1, defer=())
    def work(number: int) -> int:
        return number

    futures = [work.submit(number) for number in range(10_000)]
    inline.clock.advance(1)
    assert futures[0].result() == futures[5_000].result() == 9_999
    assert sys.getrecursionlimit() < 10_000


# Runs, flows, pipelines, elsewhere.


def test_across_runs_both_stay_open_until_the_newest_has_ended(inline: Lab) -> None:
    @fl.flow(delay=1, defer="key")
    def build(key: str, number: int) -> int:
        return number

    first, second = build.submit("a", 1), build.submit("a", 2)
    assert first.run is not second.run
    assert not first.run.closed
    assert f"A newer call in another run, #{second.id}, took its place." in first.explain()
    inline.clock.advance(1)
    assert first.run.result() == second.run.result() == 2
    assert first.run.closed
    assert second.run.closed


def test_a_flow_that_reads_one_has_read_the_one_that_ran(inline: Lab) -> None:
    @fl.task(delay=1, defer=())
    def work(number: int) -> int:
        return number

    @fl.flow
    async def top() -> int:
        first, second, third = work.submit(1), work.submit(2), work.submit(3)
        assert second is not third
        return await first

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        future = top.submit()
        eventually(lambda: inline.clock.planned)
        inline.clock.advance(1)
        assert future.result(SOON) == 3
        assert future.run.wait(SOON)
    assert [str(one.message) for one in said] == []


def test_of_calls_that_nobody_reads_only_the_one_that_ran_is_named(lab: Lab) -> None:
    @fl.task(delay=0.01, defer=())
    def work(number: int) -> None:
        raise OSError(number)

    @fl.flow
    def top() -> None:
        for number in range(3):
            work.submit(number)

    with pytest.warns() as said:
        future = top.submit()
        future.result(SOON)
        future.run.wait(SOON)
    leaks = [str(w.message) for w in said if isinstance(w.message, LeakedFutureWarning)]
    unseen = [str(w.message) for w in said if isinstance(w.message, UnobservedFailureWarning)]
    assert len(leaks) == len(unseen) == 1
    assert "1 future that nobody read: work#4." in leaks[0]
    assert "1 failure that nobody looked at: work#4 (OSError: 2)" in unseen[0]


def test_with_a_cache_the_newest_looks_and_leads() -> None:
    ran = []

    @fl.task(delay=1, defer=True, cache=fl.Cache(version=1))
    def work(number: int) -> int:
        ran.append(number)
        return number

    with engine(inline=True, database=":memory:") as lab:
        futures = [work.submit(1) for _ in range(3)]
        eventually(lambda: lab.clock.planned)
        lab.clock.advance(1)
        assert [future.result(SOON) for future in futures] == [1, 1, 1]
        again = [work.submit(1) for _ in range(3)]
        assert [future.result(SOON) for future in again] == [1, 1, 1]
        assert again[-1].state == "cached"
        assert ran == [1]


def test_whoever_waits_for_an_equal_call_waits_not_for_what_took_its_place(inline: Lab) -> None:
    ran = []

    @fl.task(delay=1, defer="who", cache=fl.Cache(params="x", version=1), wait=True)
    def work(x: int, who: str, more: Any = None) -> tuple[int, str]:
        ran.append(who)
        return x, who

    first = work.submit(1, "a")

    @fl.flow
    def elsewhere() -> Any:
        return work.submit(1, "b")

    equal = elsewhere.submit()  # waits for the value of the first
    assert f"equal call {first.label}" in texts(equal.run)
    newest = work.submit(2, "a", equal)  # takes its place, and waits for the one that waited for it
    inline.clock.advance(1)
    assert equal.result(SOON) == (1, "b")
    inline.clock.advance(1)
    assert newest.result(SOON) == first.result(SOON) == (2, "a")
    assert ran == ["b", "a"]


def test_an_entry_of_a_pipeline_goes_on_with_the_newest(inline: Lab) -> None:
    @fl.task(delay=1, defer=())
    def work(number: int) -> int:
        return number

    @fl.task
    def double(number: int) -> int:
        return 2 * number

    first = work.send(1).continue_with(double).submit()
    second = work.send(5).continue_with(double).submit()
    inline.clock.advance(1)
    assert (first.result(), second.result()) == (10, 10)


def test_an_entry_that_cannot_be_compared_fails_like_any_other(inline: Lab) -> None:
    @fl.task(delay=1, defer=True)
    def work(value: Any) -> None: ...

    @fl.task
    def make() -> Any:
        return Closed()

    future = make.send().continue_with(work).submit()
    assert "cannot be compared" in str(future.exception())


def test_in_processes(request: pytest.FixtureRequest) -> None:
    gate = Gate()

    @fl.task
    def busy() -> None:
        gate.stand()

    with engine(processes=1):
        work = fl.task(executor="processes", defer="key", wait="after")(_number)
        first_one = busy.submit()
        futures = [work.submit("a", number, first_one) for number in range(4)]
        gate.open()
        assert [future.result(60) for future in futures] == [3] * 4


def _number(key: str, number: int, after: Any) -> int:
    return number


def test_nothing_is_kept_alive_by_those_that_were_replaced(inline: Lab) -> None:
    class Large:
        pass

    @fl.task(delay=1, defer="key")
    def work(key: str, value: Any) -> None: ...

    large = Large()
    seen = weakref.ref(large)
    first = work.submit("a", large)
    del large
    second = work.submit("a", None)
    inline.clock.advance(1)
    assert first.done()
    assert second.done()
    gc.collect()
    assert seen() is None


def test_many_threads_at_once(lab: Lab) -> None:
    ran = []

    @fl.task(defer="key", limit=2)
    def work(key: int, number: int) -> tuple[int, int]:
        ran.append((key, number))
        return key, number

    futures: list[tuple[int, fl.Future[Any]]] = []

    def submit(number: int) -> None:
        futures.extend([(key, work.submit(key, number)) for key in range(20)])

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    for key, future in futures:
        assert future.result(SOON)[0] == key
        assert future.result() in ran
    assert lab.engine.deferred == {}


# Any order of calls, cancels and times.

acts = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), st.integers(0, 2)),
        st.tuples(st.just("advance"), st.integers(1, 4)),
        st.tuples(st.just("cancel"), st.integers(0, 12)),
    ),
    max_size=25,
)


@settings(max_examples=80, suppress_health_check=list(HealthCheck), deadline=None)
@given(acts, st.integers(0, 3))
def test_each_call_ends_as_the_last_of_its_burst(acts: list[tuple[str, int]], delay: int) -> None:
    """Against a plain account: a burst of calls of one key ends with a pause of ``delay``, or with a cancel."""
    ran: list[int] = []

    @fl.task(delay=delay, defer="key")
    def work(key: int, number: int) -> int:
        ran.append(number)
        return number

    with engine(inline=True) as lab:
        futures: list[fl.Future[Any]] = []
        bursts: dict[int, tuple[list[int], int]] = {}  # by key: who belongs to it, and when it is due
        expected: dict[int, int | str] = {}
        now = 0

        def due() -> None:
            for key, (burst, when) in sorted(bursts.items()):
                if when <= now:
                    for number in burst:
                        expected.setdefault(number, burst[-1])
                    del bursts[key]

        for act, value in acts:
            if act == "submit":
                number = len(futures)
                futures.append(work.submit(value, number))
                bursts[value] = ([*bursts.get(value, ([], 0))[0], number], now + delay)
            elif act == "advance":
                lab.clock.advance(value)
                now += value
            elif value < len(futures):
                futures[value].cancel()
                for key, (burst, _) in list(bursts.items()):
                    if value == burst[-1]:
                        for number in burst:
                            expected.setdefault(number, "cancelled")
                        del bursts[key]
                    elif value in burst:
                        expected.setdefault(value, "cancelled")
            due()
        lab.clock.advance(10)
        now += 10
        due()
        got = {number: "cancelled" if future.cancelled() else future.result() for number, future in enumerate(futures)}
        assert got == expected
        assert sorted(ran) == sorted({value for value in expected.values() if value != "cancelled"})
        assert lab.engine.deferred == {}
        assert lab.clock.planned == 0
