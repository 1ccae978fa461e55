"""The log packs its past and may forget it; places and what they came to stay."""

from ipyflow.engine.log import CHUNK, MOST, Log
from ipyflow.model import records as r
from ipyflow.model.run import check_invariants
from ipyflow.model.status import State


def filled(tasks: int, limit: int | None = None, tidy: bool = False) -> Log:
    log = Log(limit)
    log.append(r.Opened(0.0, 1, "run", "script", 1000.0))
    for task in range(1, tasks + 1):
        log.append(r.Submitted(1.0, task, 0, "f", "m", "threads", str(task), (), None, None, None))
        log.append(r.Started(2.0, task, "thread-1", 1))
        log.append(r.Finished(3.0, task, "succeeded", "int", str(task), None))
        if tidy:
            log.tidy()
    return log


def test_a_packed_log_reads_the_same_from_every_place() -> None:
    plain, packed = filled(5000), filled(5000)
    while packed.seal(keep=0):
        pass
    assert len(packed.tail) < CHUNK
    assert len(plain) == len(packed) == 15_001
    for since in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 15_000, 15_001):
        assert packed.read(since) == plain.read(since)
        assert packed.read(since)[0] == 15_001
    assert packed.state() == plain.state()


def test_packing_makes_the_log_a_tenth_as_large() -> None:
    log = filled(10_000)
    while log.seal(keep=0):
        pass
    assert sum(map(len, log._chunks)) < 20 * 30_000


def test_in_the_middle_of_work_only_a_very_long_log_is_packed() -> None:
    log = filled(MOST // 3, tidy=True)
    assert not log._chunks
    log = filled(MOST // 3 + CHUNK, tidy=True)
    assert log._chunks
    assert len(log) == 3 * (MOST // 3 + CHUNK) + 1


def test_a_log_with_a_limit_forgets_what_ended_down_to_its_counts() -> None:
    log = filled(20_000, limit=CHUNK, tidy=True)
    assert log.forgotten > 0
    assert len(log) == 60_001
    place, records = log.read()
    assert place == 60_001
    assert len(records) == 60_001 - log.forgotten < 4 * CHUNK
    state = log.state()
    assert state.counts[State.SUCCEEDED] == 20_000
    assert len(state.tasks) + sum(state.forgotten.values()) == 20_000
    assert state.seq == 60_001
    check_invariants(state)
