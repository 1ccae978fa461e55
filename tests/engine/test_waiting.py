"""`wait`, `as_completed`, `select`, `cancel` over futures of every kind."""

import asyncio
import concurrent.futures
import threading

import pytest

import ipyflow as fl
from ipyflow.errors import WouldDeadlock
from ipyflow.testing import Lab
from tests.engine.gates import SOON, Gate, eventually


@fl.task
def double(x: int) -> int:
    return 2 * x


@fl.task
def fail() -> None:
    raise ValueError("boom")


@fl.task
def stand(gate: Gate) -> str:
    gate.stand()
    return "stood"


@fl.task
async def stand_async(gate: Gate) -> str:
    await gate.stand_async()
    return "stood"


@fl.flow
def stand_flow(gate: Gate) -> str:
    return stand.submit(gate).result()


KINDS = [stand, stand_async, stand_flow]
kinds = pytest.mark.parametrize("kind", KINDS, ids=["thread", "async", "flow"])


def test_all_completed_gives_two_sets_in_the_order_given(lab: Lab) -> None:
    futures = [double.submit(i) for i in range(10)]
    given = futures[::-1]
    waited = fl.wait(given)
    assert list(waited.done) == given
    assert waited.done == set(futures)
    assert waited.not_done == set()
    assert waited == (waited.done, waited.not_done)
    done, not_done = waited
    assert futures[0] in done
    assert done - {futures[0]} == set(futures[1:])
    assert len(not_done) == 0


def test_wait_of_nothing_returns_at_once(lab: Lab) -> None:
    assert fl.wait([]) == (set(), set())
    assert fl.wait([], return_when=fl.FIRST_COMPLETED) == (set(), set())
    assert fl.wait([], n=3) == (set(), set())


def test_wait_never_raises_the_exceptions(lab: Lab) -> None:
    bad = fail.submit()
    assert fl.wait([bad, double.submit(1)]).not_done == set()
    assert isinstance(bad.exception(), ValueError)


@kinds
def test_first_completed_returns_at_the_first_of_any_kind(lab: Lab, kind: fl.Task) -> None:
    gates = [Gate(), Gate()]
    slow, quick = kind.submit(gates[0]), kind.submit(gates[1])
    gates[1].open()
    done, not_done = fl.wait([slow, quick], SOON, fl.FIRST_COMPLETED)
    assert (done, not_done) == ({quick}, {slow})
    gates[0].open()
    assert slow.result() == "stood"


def test_first_completed_mixes_kinds_runs_and_foreign_futures(lab: Lab) -> None:
    gates = [Gate() for _ in KINDS]
    mixed = [kind.submit(gate) for kind, gate in zip(KINDS, gates, strict=True)]
    run = mixed[2].run
    foreign: concurrent.futures.Future[int] = concurrent.futures.Future()
    handles = [*mixed, run, foreign]
    foreign.set_result(1)
    assert fl.wait(handles, SOON, fl.FIRST_COMPLETED).done == {foreign}
    gates[0].open()
    done, _ = fl.wait([*mixed, run], SOON, fl.FIRST_COMPLETED)
    assert done == {mixed[0]}
    for gate in gates:
        gate.open()
    done, not_done = fl.wait(handles, SOON)
    assert list(done) == handles
    assert not not_done


@kinds
def test_first_exception_returns_at_the_first_failure(lab: Lab, kind: fl.Task) -> None:
    gate = Gate()
    slow, good, bad = kind.submit(gate), double.submit(1), fail.submit()
    done, not_done = fl.wait([slow, good, bad], SOON, fl.FIRST_EXCEPTION)
    assert bad in done
    assert slow in not_done
    gate.open()
    assert slow.result(SOON) == "stood"


def test_first_exception_waits_for_all_when_none_fails_and_takes_no_cancelled_one_for_a_failure(lab: Lab) -> None:
    gates = [Gate(), Gate()]
    first, second = stand.submit(gates[0]), stand.submit(gates[1])
    gates[0].reached()
    first.cancel()
    assert fl.wait([first, second], 0.01, fl.FIRST_EXCEPTION) == ({first}, {second})
    for gate in gates:
        gate.open()
    assert fl.wait([first, second], SOON, fl.FIRST_EXCEPTION).not_done == set()


def test_the_first_n(lab: Lab) -> None:
    gates = [Gate() for _ in range(4)]
    futures = [stand.submit(gate) for gate in gates]
    gates[3].open()
    gates[1].open()
    done, not_done = fl.wait(futures, SOON, n=2)
    assert list(done) == [futures[1], futures[3]]
    assert list(not_done) == [futures[0], futures[2]]
    for gate in gates:
        gate.open()
    assert fl.wait(futures, SOON, n=99).done == set(futures)


def test_pop_takes_the_one_that_finished_first(lab: Lab) -> None:
    gates = [Gate() for _ in range(3)]
    futures = [stand.submit(gate) for gate in gates]
    for i in (2, 0, 1):
        gates[i].open()
        futures[i].result(SOON)
    done, _ = fl.wait(futures)
    assert [done.pop(), done.pop(), done.pop()] == [futures[2], futures[0], futures[1]]
    with pytest.raises(KeyError):
        done.pop()


def test_a_timeout_returns_what_is_done(lab: Lab) -> None:
    gate = Gate()
    slow, quick = stand.submit(gate), double.submit(1)
    quick.result()
    for n in (None, 2):
        assert fl.wait([slow, quick], 0.01, n=n) == ({quick}, {slow})
    assert fl.wait([slow], 0.01, fl.FIRST_COMPLETED) == (set(), {slow})
    gate.open()
    slow.result()


@kinds
def test_cancel_remaining_cancels_the_losers(lab: Lab, kind: fl.Task) -> None:
    gates = [Gate(), Gate()]
    slow, quick = kind.submit(gates[0]), kind.submit(gates[1])
    gates[0].reached()
    gates[1].open()
    done, not_done = fl.wait([slow, quick], SOON, fl.FIRST_COMPLETED, cancel_remaining=True)
    assert (done, not_done) == ({quick}, {slow})
    assert slow.cancelled()
    gates[0].open()


@pytest.mark.parametrize("how", [{"return_when": "SOMETIMES"}, {"n": 0}, {"n": True}, {"n": 1.5}])
def test_what_cannot_be_meant_is_refused(lab: Lab, how: dict) -> None:
    with pytest.raises(ValueError):
        fl.wait([double.submit(1)], **how)


def test_n_beside_return_when_is_refused(lab: Lab) -> None:
    with pytest.raises(ValueError, match="not both"):
        fl.wait([], n=1, return_when=fl.FIRST_COMPLETED)


def test_what_is_no_future_is_refused(lab: Lab) -> None:
    with pytest.raises(TypeError, match="submit"):
        fl.wait([1])
    with pytest.raises(TypeError, match="list of futures"):
        fl.wait(double.submit(1))
    with pytest.raises(TypeError):
        fl.select([lambda: None])


def test_the_same_future_twice_counts_once(lab: Lab) -> None:
    future = double.submit(1)
    assert list(fl.wait([future, future]).done) == [future]
    assert list(fl.as_completed([future, future])) == [future]


def test_a_future_is_in_one_of_the_two_sets_whenever_it_ends(lab: Lab) -> None:
    for _ in range(300):
        futures = [double.submit(i) for i in range(8)]
        done, not_done = fl.wait(futures, 0)
        assert len(done) + len(not_done) == 8
        assert len(list(fl.as_completed(futures, SOON))) == 8


def test_wait_in_a_task_reads_the_futures_that_are_done(lab: Lab) -> None:
    @fl.flow
    def race() -> int:
        done, _ = fl.wait([double.submit(1), double.submit(2)])
        return len(done)

    assert race() == 2  # a leak would warn


async def test_an_asyncio_future_of_another_running_loop_can_be_waited_for(lab: Lab) -> None:
    promise = asyncio.get_running_loop().create_future()
    waiting = asyncio.get_running_loop().run_in_executor(None, lambda: fl.wait([promise], SOON))
    await asyncio.sleep(0)
    promise.set_result(1)
    assert (await waiting).done == {promise}


async def test_an_asyncio_future_of_this_very_loop_cannot(lab: Lab) -> None:
    promise = asyncio.get_running_loop().create_future()
    with pytest.raises(WouldDeadlock, match="await"):
        fl.wait([promise])
    promise.set_result(1)
    assert fl.wait([promise]).done == {promise}


# as_completed


def test_as_completed_gives_them_as_they_finish(lab: Lab) -> None:
    gates = [Gate() for _ in range(3)]
    futures = [stand.submit(gate) for gate in gates]
    order = [2, 0, 1]
    gates[2].open()
    seen = []
    for future in fl.as_completed(futures, SOON):
        seen.append(futures.index(future))
        if len(seen) < 3:
            gates[order[len(seen)]].open()
    assert seen == order


def test_as_completed_begins_with_those_that_are_done_in_the_order_of_their_ends(lab: Lab) -> None:
    gates = [Gate() for _ in range(3)]
    futures = [stand.submit(gate) for gate in gates]
    for i in (1, 2, 0):
        gates[i].open()
        futures[i].result(SOON)
    assert list(fl.as_completed(futures)) == [futures[1], futures[2], futures[0]]


def test_as_completed_that_is_late_raises(lab: Lab) -> None:
    gate = Gate()
    slow = stand.submit(gate)
    arriving = fl.as_completed([double.submit(1), slow], timeout=0.05)
    assert next(arriving).result() == 2
    with pytest.raises(TimeoutError, match="1 of 2"):
        next(arriving)
    gate.open()
    slow.result()


def test_as_completed_in_a_task_does_not_hold_a_slot(lab: Lab) -> None:
    @fl.flow
    def collect(n: int) -> int:
        return sum(f.result() for f in fl.as_completed(double.map(range(n))))

    flows = [collect.submit(20) for _ in range(20)]
    assert [f.result(SOON) for f in flows] == [380] * 20


# select


@kinds
def test_select_gives_the_winner_and_the_rest_in_order(lab: Lab, kind: fl.Task) -> None:
    gates = [Gate() for _ in range(3)]
    futures = [kind.submit(gate) for gate in gates]
    gates[1].open()
    winner, rest = fl.select(futures, SOON)
    assert winner is futures[1]
    assert rest == [futures[0], futures[2]]
    for gate in gates:
        gate.open()
    fl.wait(rest)


def test_a_failed_or_cancelled_handle_wins_as_any_other(lab: Lab) -> None:
    gate = Gate()
    slow = stand.submit(gate)
    gate.reached()
    bad = fail.submit()
    assert fl.select([slow, bad], SOON)[0] is bad
    slow.cancel()
    assert fl.select([slow], SOON)[0] is slow
    gate.open()


def test_select_of_nothing_and_in_vain(lab: Lab) -> None:
    gate = Gate()
    slow = stand.submit(gate)
    with pytest.raises(ValueError, match="nothing"):
        fl.select([])
    with pytest.raises(TimeoutError):
        fl.select([slow], timeout=0.01)
    gate.open()
    slow.result()


def test_select_cancels_the_losers_if_asked(lab: Lab) -> None:
    gates = [Gate(), Gate()]
    slow, quick = stand.submit(gates[0]), stand.submit(gates[1])
    gates[0].reached()
    gates[1].open()
    winner, rest = fl.select([slow, quick], SOON, cancel_remaining=True)
    assert winner is quick
    assert rest == [slow]
    assert slow.cancelled()
    gates[0].open()


def test_select_mixes_runs_and_foreign_futures(lab: Lab) -> None:
    gate = Gate()
    flow = stand_flow.submit(gate)
    foreign: concurrent.futures.Future[int] = concurrent.futures.Future()
    gate.open()
    winner, rest = fl.select([foreign, flow.run], SOON)
    assert winner is flow.run
    assert rest == [foreign]
    assert winner.result() == "stood"


# cancel


def test_cancel_of_many_passes_over_those_that_are_done(lab: Lab) -> None:
    gate = Gate()
    done, slow = double.submit(1), stand.submit(gate)
    gate.reached()
    done.result()
    assert fl.cancel([done, slow]) == 1
    assert slow.cancelled()
    assert not done.cancelled()
    gate.open()


def test_cancel_takes_runs(lab: Lab) -> None:
    gate = Gate()
    flow = stand_flow.submit(gate)
    gate.reached()
    assert fl.cancel([flow.run]) == 1
    assert flow.cancelled()
    gate.open()
    eventually(lambda: flow.run.state == "cancelled")


def test_waiting_from_many_threads_at_once(lab: Lab) -> None:
    gate, counts = Gate(), []
    futures = [stand.submit(gate) for _ in range(4)] + [double.submit(i) for i in range(20)]

    def look() -> None:
        counts.append(len(fl.wait(futures, SOON).done))

    threads = [threading.Thread(target=look) for _ in range(10)]
    for thread in threads:
        thread.start()
    gate.open()
    for thread in threads:
        thread.join(SOON)
    assert counts == [24] * 10
