"""`limit=`: never more at once than that, whatever waits, fails or is cancelled; and never a deadlock by it."""

import asyncio
import threading

import pytest

import ipyflow as fl
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, Together, eventually


def test_never_more_than_the_limit_run_at_once(lab: Lab) -> None:
    together = Together()

    @fl.task(limit=2)
    def work(i: int) -> int:
        with together.inside():
            threading.Event().wait(0.001)
        return i

    assert work.map(range(50)).results() == list(range(50))
    assert together.most == 2


def test_a_queued_task_says_which_limit_it_waits_for(lab: Lab) -> None:
    gate = Gate()

    @fl.task(limit=1)
    def work() -> None:
        gate.stand()

    first, second = work.submit(), work.submit()
    gate.reached()
    assert second.state == "waiting"
    assert "limit work" in second.run.snapshot().tasks[second.id].reason
    gate.open()
    fl.wait([first, second])


def test_permits_are_given_in_the_order_asked(lab: Lab) -> None:
    gate, order = Gate(), []

    @fl.task(limit=1)
    def work(i: int) -> None:
        if i == 0:
            gate.stand()
        order.append(i)

    futures = work.map(range(20))
    gate.reached()
    gate.open()
    futures.results()
    assert order == list(range(20))


def test_cancelling_one_that_queues_for_a_permit_frees_none(lab: Lab) -> None:
    gates = [Gate() for _ in range(3)]

    @fl.task(limit=1)
    def work(i: int) -> int:
        gates[i].stand()
        return i

    futures = [work.submit(i) for i in range(3)]
    gates[0].reached()
    assert futures[1].cancel()
    assert next(iter(lab.engine.limits.values())).used == 1
    assert futures[2].state == "waiting"
    gates[0].open()
    gates[2].open()
    assert futures[2].result(SOON) == 2
    eventually(lambda: next(iter(lab.engine.limits.values())).used == 0)


@pytest.mark.parametrize("end", ["cancel", "fail", "timeout"])
def test_a_body_that_ends_in_the_middle_of_a_wait_gives_its_permit_back_once(clocked: Lab, end: str) -> None:
    gate = Gate()

    @fl.task
    def child() -> None:
        gate.stand()
        if end == "fail":
            raise ValueError

    @fl.task(limit=1, timeout=5)
    def parent() -> None:
        future = child.submit()
        try:
            future.result()
        finally:
            future.detach()

    first = parent.submit()
    gate.reached()
    eventually(lambda: first.state == "blocked")
    if end == "cancel":
        first.cancel()
    elif end == "timeout":
        clocked.clock.advance(6)
    gate.open()
    fl.wait([first], SOON)
    (limit,) = clocked.engine.limits.values()
    eventually(lambda: not clocked.engine.unfinished())
    assert limit.used == 0


async def wait_all(*futures: fl.Future[int]) -> int:
    return sum(await asyncio.gather(*futures))


def test_a_blocked_thread_lends_its_permit_so_that_recursion_under_limit_one_ends(lab: Lab) -> None:
    @fl.task(limit=1)
    def fib(n: int) -> int:
        if n < 2:
            return n
        a, b = fib.submit(n - 1), fib.submit(n - 2)
        return a.result() + b.result()

    assert fib.submit(9).result(SOON) == 34


def test_an_awaiting_coroutine_lends_its_permit_and_gets_it_back_before_it_goes_on(lab: Lab) -> None:
    inside = 0

    @fl.task(limit=1)
    async def fib(n: int) -> int:
        nonlocal inside
        if n < 2:
            return n
        a, b = fib.submit(n - 1), fib.submit(n - 2)
        total = await a + await b
        inside += 1
        assert inside == 1
        await asyncio.sleep(0)
        inside -= 1
        return total

    assert fib.submit(7).result(SOON) == 13


def test_a_coroutine_that_gathers_lends_its_permit_too(lab: Lab) -> None:
    @fl.task(limit=1)
    async def fib(n: int) -> int:
        return n if n < 2 else await wait_all(fib.submit(n - 1), fib.submit(n - 2))

    assert fib.submit(7).result(SOON) == 13


def test_bodies_that_want_their_permit_back_leave_the_pool_to_the_one_that_has_it(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def shared() -> int:
        gate.stand()
        return 1

    @fl.task(limit=1)
    def parent(i: int, future: fl.Future[int]) -> int:
        return i + future.result()

    future = shared.submit()
    gate.reached()
    parents = [parent.submit(i, future) for i in range(30)]
    eventually(lambda: sum(p.state == "blocked" for p in parents) >= 20)
    gate.open()
    _, not_done = fl.wait(parents, SOON)
    assert not not_done
    assert [p.result() for p in parents] == list(range(1, 31))


def test_cancelling_a_body_that_wants_its_permit_back_wakes_it(lab: Lab) -> None:
    child_gate, second_gate, over = Gate(), Gate(), threading.Event()

    @fl.task
    def child() -> None:
        child_gate.stand()

    @fl.task(limit=1)
    def first() -> None:
        try:
            child.submit().result()
        finally:
            over.set()

    second = first.with_options(name="first")
    first_future = first.submit()
    child_gate.reached()
    eventually(lambda: first_future.state == "blocked")

    @fl.task(name="first", limit=1)
    def holder() -> None:
        second_gate.stand()

    holding = holder.submit()
    second_gate.reached()
    child_gate.open()
    assert not over.wait(0.05)
    first_future.cancel()
    assert over.wait(SOON)
    second_gate.open()
    holding.result(SOON)
    assert second.submit is not None


def test_a_limit_counts_for_the_engine_not_for_one_run(lab: Lab) -> None:
    together = Together()

    @fl.task(limit=1)
    def work(_: int) -> None:
        with together.inside():
            threading.Event().wait(0.001)

    @fl.flow
    def run() -> None:
        work.map(range(5)).results()

    fl.wait([run.submit() for _ in range(4)])
    assert together.most == 1


@pytest.mark.parametrize("value", [0, -1])
def test_a_limit_below_one_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        fl.task(limit=value)(lambda: None)


@pytest.mark.parametrize("value", [True, 1.5, "3"])
def test_a_limit_that_is_no_whole_number_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="whole number"):
        fl.task(limit=value)(lambda: None)


def test_on_a_pool_of_one_thread_a_permit_still_finds_its_worker() -> None:
    with engine(threads=1) as lab:

        @fl.task(limit=1)
        def down(n: int) -> int:
            return 0 if n == 0 else 1 + down.submit(n - 1).result()

        assert down.submit(30).result(SOON) == 30
        lab.settled()


def test_inline_bodies_in_each_other_share_one_permit() -> None:
    # The outer body stands still while the inner ones run inside its submit: they may have its permit meanwhile.
    with engine(inline=True) as lab:

        @fl.task(limit=1, executor="inline")
        def limited(depth: int) -> int:
            return depth if depth == 0 else through.submit(depth).result(SOON)

        @fl.task(executor="inline")
        def through(depth: int) -> int:
            return limited.submit(depth - 1).result(SOON)

        assert limited.submit(3).result(SOON) == 0
        assert [limit.used for limit in lab.engine.limits.values()] == [0]
