"""`retries=`: attempts, pauses, what is retried; tenacity's strategies; and `retry()` on request."""

import random
import threading

import pytest
import tenacity

import ipyflow as fl
from ipyflow.engine.options import Retry
from ipyflow.errors import DependencyError
from ipyflow.testing import Lab
from tests.engine.gates import SOON, Gate, eventually


class Flaky:
    """Fails so many times, then gives the number of the attempt."""

    def __init__(self, failures: int, error: BaseException | None = None) -> None:
        self.failures, self.calls, self.error = failures, 0, error or OSError("flaky")

    def __call__(self) -> int:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return self.calls


def attempts(future: fl.Future) -> list[str]:
    return [attempt.type for attempt in future.run.snapshot().tasks[future.id].attempts]


@pytest.mark.parametrize("is_async", [False, True], ids=["thread", "async"])
def test_n_retries_are_n_plus_one_attempts_each_recorded(lab: Lab, is_async: bool) -> None:
    body = Flaky(99)

    @fl.task(retries=3)
    def sync() -> int:
        return body()

    @fl.task(retries=3)
    async def coroutine() -> int:
        return body()

    future = (coroutine if is_async else sync).submit()
    with pytest.raises(OSError, match="flaky"):
        future.result(SOON)
    assert body.calls == 4
    assert attempts(future) == ["OSError"] * 4
    assert [a.number for a in future.run.snapshot().tasks[future.id].attempts] == [1, 2, 3, 4]


def test_waiters_wait_through_retries(lab: Lab) -> None:
    gate = Gate()
    body = Flaky(2)

    @fl.task(retries=5)
    def work() -> int:
        gate.stand()
        return body()

    future = work.submit()
    heard: list[int] = []
    waiter = threading.Thread(target=lambda: heard.append(future.result(SOON)))
    waiter.start()
    gate.open()
    waiter.join(SOON)
    assert heard == [3]
    assert attempts(future) == ["OSError", "OSError", ""]


def test_the_attempt_is_known_in_the_body(lab: Lab) -> None:
    seen = []

    @fl.task(retries=2)
    def work() -> None:
        seen.append(fl.current().attempt)
        if len(seen) < 3:
            raise OSError

    work()
    assert seen == [1, 2, 3]


def test_true_is_without_limit(clocked: Lab) -> None:
    body = Flaky(40)
    task = fl.task(retries=True)(body)
    future = task.submit()
    while not future.done():
        eventually(lambda: future.done() or clocked.clock.planned)
        clocked.clock.advance(60)
    assert future.result() == 41


def test_the_pause_grows_evenly_between_its_bounds(clocked: Lab) -> None:
    @fl.task(retries=Retry(4, backoff=(1, 7)))
    def work() -> None:
        starts.append(clocked.clock.now())
        raise OSError

    starts: list[float] = []
    future = work.submit()
    for pause in (1, 3, 5, 7):
        eventually(lambda: clocked.clock.planned == 1)
        assert future.state == "waiting"
        assert "retry" in future.run.snapshot().tasks[future.id].reason
        clocked.clock.advance(pause)
    assert isinstance(future.exception(SOON), OSError)
    assert starts == [0, 1, 4, 9, 16]


def test_without_a_limit_the_pause_is_drawn_between_the_bounds() -> None:
    policy, rng = Retry(None, backoff=(2, 5)), random.Random(1)
    pauses = [policy.pause(i, OSError(), rng) for i in range(1, 200)]
    assert 2 <= min(pauses) < 2.2
    assert 4.8 < max(pauses) <= 5


def test_jitter_adds_up_to_so_many_seconds() -> None:
    policy, rng = Retry(3, backoff=(1, 1), jitter=0.5), random.Random(1)
    pauses = [policy.pause(1, OSError(), rng) for _ in range(200)]
    assert 1 <= min(pauses) < 1.05
    assert 1.45 < max(pauses) <= 1.5


def test_default_backoffs() -> None:
    assert Retry(3).backoff == (1.0, 60.0)
    assert fl.task(retries=3)(lambda: None).options.retries.backoff == (0.0, 0.0)


@pytest.mark.parametrize("when", [OSError, (OSError, KeyError), lambda error: "flaky" in str(error)])
def test_only_what_when_says_is_retried(lab: Lab, when: object) -> None:
    good, bad = Flaky(1), Flaky(1, ValueError("solid"))
    retries = Retry(2, backoff=(0, 0), when=when)
    assert fl.task(retries=retries)(good).submit().result(SOON) == 2
    with pytest.raises(ValueError, match="solid"):
        fl.task(retries=retries)(bad).submit().result(SOON)
    assert bad.calls == 1


def test_exits_and_interrupts_are_not_retried(lab: Lab) -> None:
    body = Flaky(1, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        fl.task(retries=3)(body).submit().result(SOON)
    assert body.calls == 1


def test_a_predicate_that_raises_ends_the_task_with_its_own_error_and_a_note(lab: Lab) -> None:
    def broken(error: BaseException) -> bool:
        raise RuntimeError("in the predicate")

    with pytest.raises(OSError, match="flaky") as caught:
        fl.task(retries=Retry(3, when=broken))(Flaky(9)).submit().result(SOON)
    assert any("in the predicate" in note for note in caught.value.__notes__)


@pytest.mark.parametrize(
    ("strategy", "calls"),
    [
        (tenacity.stop_after_attempt(3), 3),
        (tenacity.stop_any(tenacity.stop_after_attempt(4), tenacity.stop_after_delay(1000)), 4),
        (tenacity.retry_if_exception_type(ValueError), 1),
        (tenacity.retry_if_exception_message(match="solid"), 1),
        (tenacity.retry_if_not_exception_type(OSError), 1),
    ],
    ids=["stop", "stop_any", "retry", "message", "not"],
)
def test_tenacitys_stop_and_retry_strategies(lab: Lab, strategy: object, calls: int) -> None:
    body = Flaky(99)
    with pytest.raises(OSError, match="flaky"):
        fl.task(retries=strategy)(body).submit().result(SOON)
    assert body.calls == calls


@pytest.mark.parametrize(
    "strategy", [tenacity.retry_if_exception_type(OSError), tenacity.retry_if_exception(lambda e: True)]
)
def test_tenacitys_retry_strategies_go_on_while_they_say_so(lab: Lab, strategy: object) -> None:
    assert fl.task(retries=strategy)(Flaky(5)).submit().result(SOON) == 6


def test_tenacitys_wait_strategies(clocked: Lab) -> None:
    @fl.task(retries=tenacity.wait_exponential(multiplier=1))
    def work() -> int:
        starts.append(clocked.clock.now())
        return body()

    starts: list[float] = []
    body = Flaky(3)
    future = work.submit()
    for pause in (1, 2, 4):
        eventually(lambda: clocked.clock.planned == 1)
        clocked.clock.advance(pause)
    assert future.result(SOON) == 4
    assert starts == [0, 1, 3, 7]


def test_tenacitys_stop_after_delay_counts_from_the_first_attempt(clocked: Lab) -> None:
    body = Flaky(10**9)

    @fl.task(retries=tenacity.stop_after_delay(5))
    def work() -> int:
        clocked.clock.advance(1)
        return body()

    with pytest.raises(OSError, match="flaky"):
        work.submit().result(SOON)
    assert body.calls == 5


@pytest.mark.parametrize("bad", ["often", 2.5, object()])
def test_what_is_no_policy_is_refused(bad: object) -> None:
    with pytest.raises(TypeError, match="Retry"):
        fl.task(retries=bad)(lambda: None)


def test_any_other_callable_is_refused() -> None:
    with pytest.raises(TypeError, match="tenacity"):
        fl.task(retries=lambda state: True)(lambda: None)


@pytest.mark.parametrize(
    "make",
    [lambda: Retry(-1), lambda: Retry(1.5), lambda: Retry(True), lambda: Retry(1, (3, 2)), lambda: Retry(1, (-1, 2)),
     lambda: Retry(1, jitter=-1), lambda: fl.task(retries=-1)(lambda: None)],
)  # fmt: skip
def test_impossible_policies_are_refused(make: object) -> None:
    with pytest.raises(ValueError):
        make()


def test_when_must_be_something_to_ask() -> None:
    with pytest.raises(TypeError, match="when"):
        Retry(1, when=3)


# retry() on request


def test_retry_resets_the_same_future_and_waiters_wait_again(lab: Lab) -> None:
    gate = Gate()
    body = Flaky(1)

    @fl.task
    def work() -> int:
        if body.calls:
            gate.stand()
        return body()

    future = work.submit()
    assert isinstance(future.exception(), OSError)
    assert future.retry() is future
    assert not future.done()
    gate.open()
    assert future.result(SOON) == 2
    assert future.state == "succeeded"
    assert attempts(future) == ["OSError", ""]


def test_retry_of_what_has_not_failed_is_refused(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def work() -> None:
        gate.stand()

    future = work.submit()
    with pytest.raises(RuntimeError, match="has not ended"):
        future.retry()
    gate.open()
    future.result()
    with pytest.raises(RuntimeError, match="submit the task again"):
        future.retry()


def test_dependants_that_failed_because_of_it_go_on(lab: Lab) -> None:
    body = Flaky(1)
    source = fl.task(name="source")(body)

    @fl.task(resolve=True)
    def double(x: int) -> int:
        return 2 * x

    first = source.submit()
    second = double.submit(first)
    third = double.submit(second)
    assert isinstance(third.exception(SOON), DependencyError)
    assert isinstance(second.exception(SOON), DependencyError)
    first.retry()
    assert third.result(SOON) == 8
    assert second.result(SOON) == 4


def test_a_result_that_is_still_blocked_goes_on_after_a_retry(lab: Lab) -> None:
    gate = Gate()
    body = Flaky(1)

    @fl.task
    def source() -> int:
        if body.calls:
            gate.stand()
        return body()

    future = source.submit()
    fl.wait([future])
    future.retry()

    @fl.flow
    def reads() -> int:
        return future.result()

    reading = reads.submit()
    eventually(lambda: reading.state == "blocked")
    gate.open()
    assert reading.result(SOON) == 2


def test_retry_of_a_cancelled_task_runs_it(lab: Lab) -> None:
    @fl.task(delay=60)
    def late() -> int:
        return 1

    future = late.submit()
    future.cancel()
    future.retry()
    assert future.result(SOON) == 1


def test_retry_on_request_has_its_automatic_retries_afresh(lab: Lab) -> None:
    body = Flaky(5)
    task = fl.task(retries=2, name="afresh")(body)
    future = task.submit()
    assert isinstance(future.exception(), OSError)
    assert body.calls == 3
    future.retry()
    assert future.result(SOON) == 6


def test_run_retry_runs_again_all_that_failed(lab: Lab) -> None:
    body = Flaky(2)

    @fl.task
    def work() -> int:
        return body()

    @fl.task(resolve=True)
    def after(x: int) -> int:
        return x

    first = work.submit()
    second = work.submit()
    fl.wait([first, second])
    third = after.submit(first)
    fl.wait([third])
    first.run.retry()
    assert sorted([first.result(SOON), second.result(SOON)]) == [3, 4]
    assert third.result(SOON) == first.result()


def test_retry_of_a_task_made_in_a_function_runs_its_own_code(lab: Lab) -> None:
    def make(n: int) -> fl.Task:
        body = Flaky(1)

        @fl.task
        def local() -> int:
            body()
            return n

        return local

    first, second = make(1), make(2)
    future = first.submit()
    fl.wait([future])
    assert future.retry().result(SOON) == 1
    assert isinstance(second.submit().exception(), OSError)


def test_retry_runs_the_code_of_now(lab: Lab) -> None:
    space: dict = {"fl": fl, "__name__": "a_cell"}
    exec("@fl.task\ndef work(x):\n    return x / 0\n", space)
    future = space["work"].submit(6)
    assert isinstance(future.exception(), ZeroDivisionError)
    exec("@fl.task\ndef work(x):\n    return x / 2\n", space)
    assert future.retry().result(SOON) == 3


def test_two_retries_at_once_start_one_attempt(lab: Lab) -> None:
    for _ in range(30):
        body = Flaky(1)
        future = fl.task(name="racing")(body).submit()
        fl.wait([future])
        refused = []

        def again(future: fl.Future = future, refused: list = refused) -> None:
            try:
                future.retry()
            except RuntimeError:
                refused.append(1)

        threads = [threading.Thread(target=again) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert future.result(SOON) == 2
        assert len(refused) == 3


def test_retry_opens_a_closed_run_again(lab: Lab) -> None:
    body = Flaky(1)

    @fl.flow
    def top() -> int:
        return body()

    future = top.submit()
    fl.wait([future])
    assert future.run.wait(SOON)
    assert future.run.state == "failed"
    future.retry()
    assert future.result(SOON) == 2
    assert future.run.wait(SOON)
    assert future.run.state == "succeeded"
