from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ipyflow.model import records as r
from ipyflow.model.run import RunState
from ipyflow.views.whatif.forecast import Facts, checked, forecast
from tests.views.build import Log
from tests.views.golden import GOLDEN, load
from tests.views.whatif.machine import WITHOUT_END, Act, Machine

acts = st.lists(st.tuples(st.sampled_from(("run", "call", "call", "wait")), st.integers(1, 30)), min_size=1, max_size=7)
programs = st.lists(acts, min_size=1, max_size=6)


def seconds(facts: Facts) -> dict[int, float]:
    return {one.workers: one.seconds for one in facts.forecasts}


@given(programs, st.integers(1, 4))
@settings(max_examples=120, deadline=None)
def test_what_is_said_of_other_workers_is_what_they_then_take(script: list[list[Act]], workers: int) -> None:
    machine = Machine(script, workers)
    others = {number: Machine(script, number) for number in (1, 2, 3, 5, WITHOUT_END)}
    assume(not any(one.has_ties for one in (machine, *others.values())))
    facts = forecast(machine.state, others, machine.reads)
    assert facts.measured == pytest.approx(machine.seconds, abs=1e-6)
    if facts.own == workers:  # fewer were at work at once, or for too short a time to tell
        assert facts.again == pytest.approx(machine.seconds, abs=1e-6)
    for number, told in seconds(facts).items():
        assert told == pytest.approx(others[number].seconds, abs=1e-6)
    assert facts.best == pytest.approx(others[WITHOUT_END].seconds, abs=1e-6)


@given(programs, st.integers(1, 4))
@settings(max_examples=120, deadline=None)
def test_never_below_the_longest_chain_and_never_above_all_of_it(script: list[list[Act]], workers: int) -> None:
    machine = Machine(script, workers)
    facts = forecast(machine.state, [1, 2, 3, 4, 100], machine.reads)
    told = seconds(facts)
    for took in told.values():
        assert facts.free - 1e-9 <= facts.best <= took + 1e-9
        assert took <= facts.sequential + 1e-6  # nothing else takes time in these programs
    assert sum(link.seconds for link in facts.chain) <= facts.best + 1e-9
    assert sum(link.seconds for link in facts.chain) >= 0.5 * facts.best - 1e-9


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_any_ended_run_can_be_played_again_and_comes_near_to_what_it_was(name: str) -> None:
    state = load(name)
    if state.closed is None:
        with pytest.raises(ValueError, match="goes on"):
            forecast(state)
        return
    facts = forecast(state)
    played = facts.measured - facts.person
    assert facts.again == pytest.approx(played, rel=0.4)  # they were not made by the rule of the engine
    assert facts.free <= facts.best + 1e-9
    for one in facts.forecasts:
        assert one.seconds >= facts.free - 1e-9
        assert 0 <= one.busy <= 1


def fan(workers: int = 2, count: int = 8, each: float = 100) -> Log:
    """A flow that waits for some tasks of 100 ms each, a few at a time."""
    log = Log("score_all")
    flow = log.task(0, "score_all")
    log.start(0, flow, "thread-9")
    ids = [log.task(0, "score", flow) for _ in range(count)]
    log.block(0, flow, *ids)
    for i, task in enumerate(ids):
        begin = i // workers * each
        log.start(begin, task, f"thread-{i % workers + 1}").done(begin + each, task)
    end = (count + workers - 1) // workers * each
    log.unblock(end, flow).done(end, flow).close(end)
    return log


def test_a_fan_out_is_as_many_times_as_fast_as_there_are_workers() -> None:
    facts = forecast(fan().state(), [1, 2, 4, 8, 16])
    assert seconds(facts) == pytest.approx({1: 0.8, 2: 0.4, 4: 0.2, 8: 0.1, 16: 0.1})
    assert (facts.own, facts.enough) == (2, 8)
    assert [(link.name, link.tasks) for link in facts.chain] == [("score", 1)]
    assert facts.best == facts.free == pytest.approx(0.1)


def test_asked_for_nothing_it_tells_of_the_usual_ones_and_of_its_own_up_to_enough() -> None:
    assert [one.workers for one in forecast(fan(3).state()).forecasts] == [1, 2, 3, 4, 8]
    assert [one.workers for one in forecast(fan(2, 40).state()).forecasts] == [1, 2, 4, 8, 16, 40]


def test_a_limit_stays_and_is_said_to_be_what_holds_it() -> None:
    log = Log("fetch_all")
    ids = [log.task(0, "fetch") for _ in range(6)]
    for i, task in enumerate(ids):
        begin = i // 2 * 100
        if begin:
            log.wait(0, task, "limit fetch (2 at once)").queue(begin, task)
        log.start(begin, task, f"thread-{i % 2 + 1}").done(begin + 100, task)
    facts = forecast(log.close(300).state(), [1, 8])
    assert seconds(facts) == pytest.approx({1: 0.6, 8: 0.3})
    assert (facts.best, facts.free, facts.limits) == (pytest.approx(0.3), pytest.approx(0.1), ("fetch",))


def test_a_rate_and_a_delay_stay() -> None:
    log = Log("calls")
    for i in range(8):
        task = log.task(0, "call")
        at = max(i - 3, 0) * 250
        log.wait(0, task, "rate call 4/1s").queue(at, task)
        log.start(at, task, "thread-1").done(at + 1, task)
    late = log.task(0, "late")
    log.wait(0, late, "delay of 5 s").queue(5000, late).start(5000, late).done(5010, late)
    facts = forecast(log.close(5010).state(), [1, 8])
    assert seconds(facts) == pytest.approx({1: 5.01, 8: 5.01}, abs=0.01)
    assert facts.enough == 1


def test_a_second_attempt_comes_after_its_pause_and_the_first_had_a_worker_too() -> None:
    log = Log()
    task = log.task(0, "fetch")
    log.start(0, task).add(r.AttemptFailed, 40, task, 1, "OSError", "down", "")
    log.wait(40, task, "retry 1 after 1 s").queue(1040, task).start(1040, task, attempt=2).done(1100, task)
    facts = forecast(log.close(1100).state(), [1])
    assert facts.sequential == pytest.approx(0.1)
    assert seconds(facts) == pytest.approx({1: 1.1})


def test_branches_take_no_more_slots_than_they_had() -> None:
    log = Log("in_parallel")
    group = log.task(0, "in_parallel", executor="pipeline", role="group")
    log.wait(0, group, "its branches")
    for i in range(6):
        begin = i // 2 * 100
        first = log.task(begin, "load", group, branch=i)
        log.start(begin, first, f"thread-{i % 2 + 1}").done(begin + 60, first)
        second = log.task(begin + 60, "score", group, branch=i, refs=(first,))
        log.start(begin + 60, second, f"thread-{i % 2 + 1}").done(begin + 100, second)
    log.done(300, group).close(300)
    facts = forecast(log.state(), [1, 2, 8])
    assert seconds(facts) == pytest.approx({1: 0.6, 2: 0.3, 8: 0.3})
    assert facts.free == pytest.approx(0.1)


def test_branches_without_limit_are_as_many_as_there_are_workers() -> None:
    log = Log("in_parallel")
    group = log.task(0, "in_parallel", executor="pipeline", role="group")
    log.wait(0, group, "its branches")
    ids = [log.task(0, "load", group, branch=i) for i in range(6)]
    for i, task in enumerate(ids):
        log.start(i // 2 * 100, task, f"thread-{i % 2 + 1}").done(i // 2 * 100 + 100, task)
    log.done(300, group).close(300)
    assert seconds(forecast(log.state(), [2, 3, 6])) == pytest.approx({2: 0.3, 3: 0.2, 6: 0.1})


def test_what_waits_for_the_first_of_some_goes_on_with_the_first_of_them() -> None:
    log = Log("race")
    flow = log.task(0, "race")
    log.start(0, flow, "thread-9")
    slow, fast = log.task(0, "slow", flow), log.task(0, "fast", flow)
    log.block(0, flow, slow, fast).start(0, slow, "thread-1").start(0, fast, "thread-2")
    log.done(50, fast).unblock(50, flow).done(70, flow).done(200, slow).close(200)
    assert seconds(forecast(log.state(), [1, 2])) == pytest.approx({1: 0.27, 2: 0.2})


def test_a_wait_that_names_nobody_is_for_the_first_of_those_that_were_read_then() -> None:
    """As ``as_completed`` waits."""
    log = Log("first_come")
    flow = log.task(0, "first_come")
    log.start(0, flow, "thread-9")
    ids = [log.task(0, "load", flow) for _ in range(4)]
    for i, task in enumerate(ids):
        log.start(i * 100, task, "thread-1").done(i * 100 + 100, task)
        log.block(i * 100, flow).unblock(i * 100 + 100, flow, task)
    log.done(400, flow).close(400)
    reads = [record for record in log.records if isinstance(record, r.Read)]
    assert seconds(forecast(log.state(), [1, 2, 4], reads)) == pytest.approx({1: 0.4, 2: 0.2, 4: 0.1})


def test_a_permit_that_another_order_would_never_give_back_does_not_hang_it() -> None:
    log = Log("knot")
    outer, inner = log.task(0, "one"), log.task(0, "one")
    log.start(0, inner, "thread-1").done(50, inner)
    log.wait(0, outer, "limit one (1 at once)").queue(50, outer).start(50, outer, "thread-1")
    log.block(60, outer, inner).unblock(70, outer).done(80, outer)
    assert all(one.seconds > 0 for one in forecast(log.close(80).state(), [1, 2]).forecasts)


def test_numbers_that_are_none_are_refused_before_anything_is_played() -> None:
    state = fan().state()
    for wrong in ([0], [-1], [], [10**9], range(1, 100)):
        with pytest.raises(ValueError, match="workers"):
            forecast(state, wrong)
    for wrong in ([2.5], ["4"], [True], "48"):
        with pytest.raises(TypeError, match="whole numbers"):
            forecast(state, wrong)  # type: ignore[arg-type]
    assert checked(8) == [8]  # type: ignore[arg-type]


def test_a_run_in_which_nothing_ran_and_one_that_is_not_whole_say_so() -> None:
    with pytest.raises(ValueError, match="nothing ran"):
        forecast(Log().close(10).state())
    state = fan().state()
    state.drop_ended()
    with pytest.raises(ValueError, match="log_limit"):
        forecast(state)
    with pytest.raises(ValueError, match="goes on"):
        forecast(RunState())


def test_a_process_that_begins_before_the_word_of_the_last_end_is_one_process() -> None:
    log = Log("strips")
    flow = log.task(0, "strips")
    log.start(0, flow)
    strips = [log.task(1, "strip", flow, executor="processes") for _ in range(8)]
    log.block(1, flow, *strips)
    for n, strip in enumerate(strips):
        begin = 2 + 100 * (n // 2)
        log.start(begin, strip, f"process-{n % 2}").done(begin + 100.2, strip)
    facts = forecast(log.unblock(403, flow).done(403, flow).close(403).state(), [1, 2])
    assert facts.own == 2
    told = seconds(facts)
    assert told[1] == pytest.approx(0.804, abs=0.01)
    assert told[2] == pytest.approx(0.403, abs=0.01)
