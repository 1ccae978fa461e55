"""`recurrent=True`: run again while it gives None."""

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ipyflow as fl
from ipyflow.errors import TaskCancelled, TaskTimeout
from ipyflow.model.records import Recurred
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, eventually


def counter(last: int, times: list[float] | None = None, now: Callable[[], float] | None = None) -> Callable[[], Any]:
    """A body that gives None until it is run for the `last` time."""
    count = [0]

    def body() -> int | None:
        count[0] += 1
        if times is not None and now is not None:
            times.append(now())
        return count[0] if count[0] == last else None

    return body


def test_it_ends_with_the_first_value_that_is_not_none(inline: Lab) -> None:
    times: list[float] = []
    poll = fl.task(recurrent=True, delay=60, name="poll")(counter(4, times, inline.clock.now))
    future = poll.submit()
    assert times == [0]  # the delay is the pause between two times
    assert future.state == "waiting"
    assert future.explain() == (
        f"poll#{future.id} waits for pause of 60 s: it gave None (for 0 µs).\nIt gave None once, and was run again."
    )
    inline.clock.advance(150)
    assert times == [0, 60, 120]
    assert not future.done()
    inline.clock.advance(60)
    assert future.result() == 4
    task = future.run.snapshot().tasks[future.id]
    assert [(attempt.number, attempt.type) for attempt in task.attempts] == [
        (1, "NoneType"), (2, "NoneType"), (3, "NoneType"), (4, ""),
    ]  # fmt: skip
    assert [e.attempt for e in future.run.log if isinstance(e, Recurred)] == [1, 2, 3]


@pytest.mark.parametrize("value", [0, False, "", [], 0.0], ids=repr)
def test_only_none_is_nothing(inline: Lab, value: Any) -> None:
    assert fl.task(recurrent=True)(lambda: value).submit().result() == value


def test_without_a_delay_it_is_run_again_at_once_without_a_stack(inline: Lab) -> None:
    assert fl.task(recurrent=True)(counter(3_000)).submit().result() == 3_000


def test_on_threads_what_is_queued_has_its_turn_in_between() -> None:
    order: list[str] = []
    gate = Gate()

    @fl.task(recurrent=True)
    def poll() -> bool | None:
        order.append("poll")
        if len(order) == 1:
            gate.stand()
        return True if "other" in order else None

    @fl.task
    def other() -> None:
        order.append("other")

    with engine(threads=1):
        future = poll.submit()
        gate.reached()
        between = other.submit()
        gate.open()
        assert future.result(SOON)
        between.result(SOON)
    assert order == ["poll", "other", "poll"]


def test_coroutines(clocked: Lab) -> None:
    count = []

    @fl.task(recurrent=True, delay=2)
    async def poll() -> int | None:
        count.append(clocked.clock.now())
        return 7 if len(count) == 3 else None

    future = poll.submit()
    for _ in range(2):
        eventually(lambda: clocked.clock.planned)
        clocked.clock.advance(2)
    assert future.result(SOON) == 7
    assert count == [0, 2, 4]


def _append(path: str) -> str | None:
    with open(path, "a") as file:
        file.write("x")
    with open(path) as file:
        return file.read() if len(file.read()) > 2 else None


def test_in_processes(tmp_path: Any) -> None:
    with engine(processes=1):
        poll = fl.task(executor="processes", recurrent=True)(_append)
        future = poll.submit(str(tmp_path / "x"))
        assert future.result(60) == ""
    assert (tmp_path / "x").read_text() == "xxx"


def test_whoever_waits_for_it_waits_for_its_value(lab: Lab) -> None:
    poll = fl.task(recurrent=True, delay=0.001, name="poll")(counter(3))

    @fl.task(resolve=True)
    def double(x: int) -> int:
        return 2 * x

    @fl.flow
    def top() -> int:
        return double.submit(poll.submit()).result()

    assert top.submit().result(SOON) == 6


# Failing, stopping, limits.


def test_each_time_has_its_own_retries(inline: Lab) -> None:
    said = iter(["fail", "fail", None, "fail", "fail", None, "fail", "done"])

    @fl.task(recurrent=True, retries=2, delay=1)
    def poll() -> str | None:
        value = next(said)
        if value == "fail":
            raise OSError
        return value

    future = poll.submit()
    inline.clock.advance(5)
    assert future.result() == "done"
    assert next(said, "all") == "all"


def test_a_failure_ends_it_and_a_retry_goes_on(inline: Lab) -> None:
    said = iter([None, "fail", None, None, "done"])

    @fl.task(recurrent=True, delay=1)
    def poll() -> str | None:
        value = next(said)
        if value == "fail":
            raise OSError("gone")
        return value

    future = poll.submit()
    inline.clock.advance(10)
    assert isinstance(future.exception(), OSError)
    assert "Attempt" not in future.explain()  # what gave None has not failed
    future.retry()
    inline.clock.advance(10)
    assert future.result() == "done"


def test_cancelled_in_the_pause_it_is_not_run_again(inline: Lab) -> None:
    ran = []

    @fl.task(recurrent=True, delay=1)
    def poll() -> None:
        ran.append(1)

    future = poll.submit()
    inline.clock.advance(3)
    assert future.cancel()
    assert future.state == "cancelled"
    inline.clock.advance(3)
    assert len(ran) == 4
    assert inline.clock.planned == 0


def test_cancelled_while_it_runs_it_is_not_run_again(lab: Lab) -> None:
    gate, ran = Gate(), []

    @fl.task(recurrent=True)
    def poll() -> None:
        ran.append(1)
        gate.stand()

    future = poll.submit()
    gate.reached()
    future.cancel()
    with pytest.raises(TaskCancelled):
        future.result()
    gate.open()
    eventually(future.is_final)
    assert (future.state, ran) == ("cancelled", [1])


def test_a_timeout_is_that_of_one_time(clocked: Lab) -> None:
    gate, ran = Gate(), []

    @fl.task(recurrent=True, delay=8, timeout=10)
    def poll() -> None:
        ran.append(1)
        if len(ran) == 3:
            gate.stand()

    future = poll.submit()
    for _ in range(2):  # 16 s in all, and none of them too long
        eventually(lambda: future.state == "waiting")
        clocked.clock.advance(8)
    gate.reached()
    assert clocked.clock.planned == 1
    clocked.clock.advance(10)
    assert isinstance(future.exception(SOON), TaskTimeout)
    gate.open()


def test_its_permit_is_free_in_the_pause(inline: Lab) -> None:
    ran: list[str] = []

    @fl.task(recurrent=True, limit=1, delay=10)
    def work(name: str) -> str | None:
        ran.append(name)
        return name if ran.count(name) == 2 else None

    first, second = work.submit("a"), work.submit("b")
    assert ran == ["a", "b"]
    inline.clock.advance(10)
    assert (first.result(), second.result()) == ("a", "b")
    assert all(limit.used == 0 for limit in inline.engine.limits.values())


def test_a_rate_counts_each_time(inline: Lab) -> None:
    times: list[float] = []
    fl.task(recurrent=True, rate="1/s", name="poll")(counter(4, times, inline.clock.now)).submit()
    inline.clock.advance(10)
    assert times == [0, 1, 2, 3]


def test_paused_it_is_not_run_again_until_it_goes_on(inline: Lab) -> None:
    times: list[float] = []
    future = fl.task(recurrent=True, delay=1)(counter(3, times, inline.clock.now)).submit()
    future.pause()
    inline.clock.advance(5)
    assert times == [0]
    future.resume()
    inline.clock.advance(5)
    assert future.result() == 3


# Flows, what a body returns, children.


def test_each_time_a_flow_has_children_of_its_own(inline: Lab) -> None:
    stock = [3, 2, 1, 0]

    @fl.task
    def look(i: int) -> int:
        return stock[i]

    @fl.flow(recurrent=True, delay=60)
    def wait_for_it() -> str | None:
        count[0] += 1
        return None if look(count[0] - 1) else "empty"

    count = [0]
    future = wait_for_it.submit()
    inline.clock.advance(300)
    assert future.result() == "empty"
    assert future.run.state == "succeeded"
    assert len(future.run.snapshot().tasks) == 5


@pytest.mark.parametrize("on_leak", ["wait", "ignore", "cancel"])
def test_what_a_time_leaves_behind_is_dealt_with_before_the_next(clocked: Lab, on_leak: str) -> None:
    running, most = [0], [0]
    lock = threading.Lock()

    @fl.task(delay=1)
    def child() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        with lock:
            running[0] -= 1

    times: list[float] = []

    @fl.flow(recurrent=True, on_leak=on_leak)
    def top() -> str | None:
        times.append(clocked.clock.now())
        if len(times) == 3:
            return "done"
        child.submit()
        return None

    future = top.submit()
    eventually(lambda: future.done() or clocked.clock.advance(0.5))
    assert future.result() == "done"
    assert future.run.wait(0) or on_leak == "ignore"
    clocked.clock.advance(5)
    if on_leak == "wait":
        assert times[1] >= 1
        assert times[2] >= times[1] + 1


def test_one_that_goes_on_as_another_is_run_again_if_that_gives_none(inline: Lab) -> None:
    @fl.task
    def child(i: int) -> int | None:
        return None if i < 3 else i

    count = [0]

    @fl.flow(recurrent=True, delay=1)
    def top() -> Any:
        count[0] += 1
        return child.submit(count[0])

    @fl.flow(recurrent=True, delay=1)
    def piped() -> Any:
        count[0] += 1
        return child.send(count[0])

    future = top.submit()
    inline.clock.advance(5)
    assert (future.result(), count) == (3, [3])
    count[0] = 0
    future = piped.submit()
    inline.clock.advance(5)
    assert (future.result(), count) == (3, [3])


def test_an_entry_of_a_pipeline(inline: Lab) -> None:
    poll = fl.task(recurrent=True, delay=1, name="poll")(counter(3))

    @fl.task
    def double(x: int) -> int:
        return 2 * x

    future = poll.send().continue_with(double).submit()
    inline.clock.advance(5)
    assert future.result() == 6


def test_calls_of_which_the_newest_is_run_wait_before_the_first_time_too(inline: Lab) -> None:
    times: list[float] = []
    poll = fl.task(recurrent=True, defer=True, delay=2)(counter(3, times, inline.clock.now))
    first, second = poll.submit(), poll.submit()
    inline.clock.advance(10)
    assert first.result() == second.result() == 3
    assert times == [2, 4, 6]


def test_the_value_it_comes_to_is_kept_in_the_cache() -> None:
    count = []

    @fl.task(recurrent=True, delay=1, cache=fl.Cache(version=1))
    def poll() -> int | None:
        count.append(1)
        return 7 if len(count) == 3 else None

    with engine(inline=True, database=":memory:") as lab:
        first, second = poll.submit(), poll.submit()
        eventually(lambda: count)
        eventually(lambda: first.done() or (lab.clock.planned and lab.clock.advance(1)))
        assert (first.result(SOON), second.result(SOON), len(count)) == (7, 7, 3)
        assert second.state == "cached"
        third = poll.submit()
        assert (third.result(SOON), third.state, len(count)) == (7, "cached", 3)


def test_it_goes_not_with_what_looks_at_the_value(inline: Lab) -> None:
    with pytest.raises(ValueError, match="recurrent=True with with_state=True"):
        fl.task(recurrent=True, with_state=True)(lambda state: (state, None))
    with pytest.raises(ValueError, match="recurrent=True looks at the values of single calls"):
        fl.task(recurrent=True)(lambda x: x).map([1], batch=1)
    with pytest.raises(TypeError, match="recurrent=1: give True or False"):
        fl.task(recurrent=1)(lambda: None)


# Any course.

courses = st.lists(st.sampled_from(["none", "none", "none", "fail"]), max_size=8)


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(courses, st.sampled_from(["value", "fail"]), st.integers(0, 2), st.sampled_from([0, 3]), st.booleans())
def test_it_is_run_as_often_as_a_plain_loop_would(
    course: list[str], end: str, retries: int, delay: int, is_async: bool
) -> None:
    """Against a plain loop: retries begin afresh each time, pauses lie between two times and not between retries."""
    course = [*course, end, *["fail"] * (retries + 1)]
    expected: list[int] = []
    clock, left = 0, retries
    outcome = ""
    for said in course:
        expected.append(clock)
        if said == "none":
            clock, left = clock + delay, retries
        elif said == "fail" and left:
            left -= 1
        else:
            outcome = said
            break

    with engine(inline=True) as lab:
        steps, times = iter(course), []

        def step() -> str | None:
            times.append(lab.clock.now())
            said = next(steps)
            if said == "fail":
                raise OSError
            return said if said == "value" else None

        async def step_async() -> str | None:
            return step()

        poll: Any = fl.task(recurrent=True, retries=retries, delay=delay)(step_async if is_async else step)
        future = poll.submit()
        eventually(lambda: future.done() or (lab.clock.planned and lab.clock.advance(delay or 1)))
        got = "fail" if future.exception() is not None else future.result()
        assert (got, times) == (outcome, expected)
        assert lab.clock.planned == 0


@pytest.mark.parametrize("delay", [0, 3600])
def test_a_shutdown_does_not_wait_for_what_recurs_for_ever(delay: float) -> None:
    said = _in_a_process(f"""
        import threading
        began = threading.Event()

        @fl.task(recurrent=True, delay={delay})
        def poll():
            began.set()

        @fl.flow
        def top():
            return poll()

        future = top.submit()
        began.wait()
        fl.shutdown()
        print(future.state, future.exception())
    """)
    assert said == "failed poll#2: the engine was shut down, so it is not run again\n"


def _in_a_process(code: str) -> str:
    program = f"import ipyflow as fl\nfl.configure(database=None)\n{textwrap.dedent(code)}"
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=True).stdout
