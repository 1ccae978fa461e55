"""The examples of Oryonix's page on parallel operations, run by our own names and with only the import line changed.

And what that system leaves open: the first of any kind, the first failure, the first n, a timeout, losers, cancelling,
leaks.
"""

from collections.abc import Iterator
from typing import Any

import pytest

import ipyflow
from ipyflow.compat import oryonix
from ipyflow.errors import LeakedFutureWarning, TaskCancelled
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, eventually


class Own:
    """Our own names in the place of the module's; ``start`` is ``submit`` there."""

    flow, action = ipyflow.flow, ipyflow.task
    wait = ipyflow.wait
    ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION = (
        ipyflow.ALL_COMPLETED,
        ipyflow.FIRST_COMPLETED,
        ipyflow.FIRST_EXCEPTION,
    )


def started(function: object, **arguments: object) -> ipyflow.Future:
    """``function.start(...)`` in the shim, ``function.submit(...)`` by our own name."""
    return getattr(function, "start", function.submit)(**arguments)


both = pytest.mark.parametrize("onix", [Own, oryonix], ids=["ipyflow", "compat"])


@pytest.fixture
def lab() -> Iterator[Lab]:
    with engine(threads=4) as lab:
        yield lab
        lab.settled()


@both
def test_launch_parallel_work(lab: Lab, onix: type[Own]) -> None:
    together = Gate()

    @onix.action
    def fetch_profile(user_id: str):
        together.stand()
        return {"user_id": user_id, "name": "Ada"}

    @onix.action
    def fetch_recent_orders(user_id: str):
        together.reached()  # the profile is being fetched at this moment
        together.open()
        return [{"id": "ord-1"}, {"id": "ord-2"}]

    @onix.flow
    def get_dashboard(user_id: str):
        profile_future = started(fetch_profile, user_id=user_id)
        orders_future = started(fetch_recent_orders, user_id=user_id)
        profile = profile_future.result()
        orders = orders_future.result()
        return {"profile": profile, "orders": orders}

    future = started(get_dashboard, user_id="u1")
    assert future.result(SOON) == {
        "profile": {"user_id": "u1", "name": "Ada"},
        "orders": [{"id": "ord-1"}, {"id": "ord-2"}],
    }
    assert future.run.wait(SOON)
    rows = {t.name: t for t in future.run.snapshot().tasks.values()}
    profile, orders = rows["fetch_profile"], rows["fetch_recent_orders"]
    assert profile.started < orders.ended
    assert orders.started < profile.ended
    assert get_dashboard(user_id="u2")["profile"]["user_id"] == "u2"


@both
def test_wait_for_all(lab: Lab, onix: type[Own]) -> None:
    @onix.action
    def check_inventory(order_id: str):
        if order_id == "ord-1":
            return []
        else:
            return ["item out of stock"]

    @onix.action
    def check_shipping_address(order_id: str):
        return []

    @onix.action
    def check_fraud(order_id: str):
        return ["too many orders"] if order_id == "ord-3" else []

    validation_checks = [check_inventory, check_shipping_address, check_fraud]

    @onix.flow
    def validate_order(order_id: str):
        check_futures = [started(f, order_id=order_id) for f in validation_checks]
        done, not_done = onix.wait(check_futures, return_when=onix.ALL_COMPLETED)
        assert not not_done
        errors = []
        for f in done:
            errors.extend(f.result())
        return {"ok": not errors, "errors": errors}

    assert validate_order(order_id="ord-1") == {"ok": True, "errors": []}
    assert validate_order(order_id="ord-2") == {"ok": False, "errors": ["item out of stock"]}
    assert validate_order("ord-3") == {"ok": False, "errors": ["item out of stock", "too many orders"]}


@both
@pytest.mark.parametrize("kind", ["flow", "action", "async", "mixed"])
@pytest.mark.parametrize("quickest", [0, 1])
def test_wait_for_the_fastest_of_any_kind(lab: Lab, onix: type[Own], kind: str, quickest: int) -> None:
    gates = [Gate(), Gate()]
    make = {
        "flow": [onix.flow] * 2,
        "action": [onix.action] * 2,
        "mixed": [onix.flow, onix.action],
        "async": [onix.action] * 2,
    }[kind]

    def fetch_from_cache(user_id: str):
        gates[0].stand()
        return {"user_id": user_id, "source": "cache"}

    async def fetch_from_cache_async(user_id: str):
        await gates[0].stand_async()
        return {"user_id": user_id, "source": "cache"}

    def fetch_from_db(user_id: str):
        gates[1].stand()
        return {"user_id": user_id, "source": "db"}

    first = make[0](fetch_from_cache_async if kind == "async" else fetch_from_cache)
    second = make[1](fetch_from_db)

    @onix.flow
    def get_user_info(user_id: str):
        f1 = started(first, user_id=user_id)
        f2 = started(second, user_id=user_id)
        done, not_done = onix.wait([f1, f2], return_when=onix.FIRST_COMPLETED)
        (other,) = not_done
        gates[1 - quickest].open()
        other.result()  # or it leaks
        return done.pop().result()

    future = started(get_user_info, user_id="u1")
    gates[quickest].open()
    assert future.result(SOON) == {"user_id": "u1", "source": ["cache", "db"][quickest]}


def might(onix: type[Own]) -> object:
    @onix.action
    def might_fail(x):
        if x == 0:
            raise Exception("x cannot be zero")
        return 10 / x

    return might_fail


@both
def test_failures_are_raised_when_the_result_is_asked_for(lab: Lab, onix: type[Own]) -> None:
    might_fail = might(onix)

    @onix.flow
    def test_parallel_failures(x):
        future = started(might_fail, x=x)
        try:
            return future.result()
        except Exception as e:
            return f"Caught exception: {e}"

    assert test_parallel_failures(0) == "Caught exception: x cannot be zero"
    assert test_parallel_failures(5) == 2


@both
def test_exception_gives_it_instead_of_raising_it(lab: Lab, onix: type[Own]) -> None:
    might_fail = might(onix)

    @onix.flow
    def looks(x):
        return started(might_fail, x=x).exception()

    assert str(looks(0)) == "x cannot be zero"
    assert looks(1) is None


@both
def test_wait_does_not_raise_the_failures(lab: Lab, onix: type[Own]) -> None:
    might_fail = might(onix)

    @onix.flow
    def test_wait_failures(x):
        future1 = started(might_fail, x=x)
        future2 = started(might_fail, x=x + 1)
        done, _ = onix.wait([future1, future2], return_when=onix.ALL_COMPLETED)
        results = []
        for f in done:
            try:
                results.append(f.result())
            except Exception as e:
                results.append(f"Caught exception: {e}")
        return results

    assert test_wait_failures(0) == ["Caught exception: x cannot be zero", 10.0]
    assert test_wait_failures(-1) == [-10.0, "Caught exception: x cannot be zero"]


# What that system leaves open.


@both
def test_the_first_exception(lab: Lab, onix: type[Own]) -> None:
    gate, might_fail = Gate(), might(onix)

    @onix.action
    def slow(x):
        gate.stand()
        return x

    @onix.flow
    def top():
        futures = [started(slow, x=1), started(might_fail, x=0)]
        done, not_done = onix.wait(futures, return_when=onix.FIRST_EXCEPTION)
        gate.open()
        return [type(f.exception()).__name__ for f in done], [f.result() for f in not_done]

    assert started(top).result(SOON) == (["Exception"], [1])


@both
def test_the_first_n_a_timeout_and_cancelling_the_losers(lab: Lab, onix: type[Own]) -> None:
    gates = [Gate() for _ in range(4)]

    @onix.action
    def stand(i):
        gates[i].stand()
        return i

    @onix.flow
    def top():
        futures = [started(stand, i=i) for i in range(4)]
        timed = onix.wait(futures, timeout=0.01)
        assert len(timed.not_done) == 4
        gates[3].open()
        gates[1].open()
        done, not_done = onix.wait(futures, n=2, cancel_remaining=True)
        return sorted(f.result() for f in done), [f.cancelled() for f in not_done]

    future = started(top)
    assert future.result(SOON) == ([1, 3], [True, True])
    for gate in gates:
        gate.open()


@both
def test_a_future_in_flight_can_be_cancelled(lab: Lab, onix: type[Own]) -> None:
    gate = Gate()

    @onix.action
    def stand():
        gate.stand()

    future = started(stand)
    gate.reached()
    assert future.cancel()
    with pytest.raises(TaskCancelled):
        future.result(SOON)
    gate.open()
    eventually(lambda: future.state == "cancelled")


@both
@pytest.mark.parametrize("detached", [False, True])
def test_leaked_futures_run_on_and_are_warned_of_unless_detached(lab: Lab, onix: type[Own], detached: bool) -> None:
    gate = Gate()

    @onix.action
    def stand():
        gate.stand()
        return "done"

    held = []

    @onix.flow
    def leaky():
        held.append(started(stand))
        if detached:
            held[0].detach()
        return 1

    def go() -> None:
        future = started(leaky)
        assert future.result(SOON) == 1
        gate.open()
        assert future.run.wait(SOON)

    if detached:
        go()
    else:
        with pytest.warns(LeakedFutureWarning, match="stand#"):
            go()
    assert held[0].result() == "done"


def test_start_survives_with_options_and_decorators_with_options(lab: Lab) -> None:
    @oryonix.action(name="labelled", retries=1)
    def work(x: int) -> int:
        return x

    assert work.start(3).result(SOON) == 3
    assert work.with_options(name="other").start(x=4).result(SOON) == 4
    assert work.name == "labelled"


@pytest.mark.parametrize("word", ["action", "flow"])
def test_a_retry_runs_the_code_of_now(lab: Lab, word: str) -> None:
    here: dict[str, Any] = {"onix": oryonix, "__name__": "a_notebook"}
    exec(f"@onix.{word}\ndef edited(x):\n    return x / 0", here)
    future = here["edited"].start(41)
    with pytest.raises(ZeroDivisionError):
        future.result(SOON)
    exec(f"@onix.{word}(retries=1)\ndef edited(x):\n    return x + 1", here)
    assert future.retry().result(SOON) == 42


def test_what_is_a_task_already_is_refused() -> None:
    @oryonix.action
    def work() -> int:
        return 1

    with pytest.raises(TypeError, match="work is a task already"):
        oryonix.flow(work)
    with pytest.raises(TypeError, match="goes on a function"):
        oryonix.action("a name")
