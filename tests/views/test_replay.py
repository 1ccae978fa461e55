from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipyflow.engine.log import CHUNK
from ipyflow.engine.log import Log as RunLog
from ipyflow.model import records as r
from ipyflow.model.run import check_invariants, fold
from ipyflow.views.payload import payload
from ipyflow.views.replay import as_of, replayed
from tests.views.build import Log
from tests.views.golden import GOLDEN, fan_out, load


@given(st.sampled_from(sorted(GOLDEN)), st.floats(0, 1.2))
@settings(max_examples=100, deadline=None)
def test_at_every_instant_it_is_a_run_that_goes_by_the_rules(name: str, part: float) -> None:
    log = GOLDEN[name]()
    whole = log.state()
    at = part * ((whole.closed or whole.last) - whole.opened)
    state = as_of(log.records, at)
    check_invariants(state)
    made = replayed(log.records, at)
    json.dumps(made)
    assert made["run"]["total"] == len(made["tasks"]) == sum(made["run"]["counts"].values())
    assert all(record["submitted"] <= at + 2e-6 for record in made["tasks"])
    assert all(record["ended"] is None or record["ended"] <= at + 2e-6 for record in made["tasks"])
    if made["run"]["closed"] is None:
        assert made["run"]["now"] == pytest.approx(at, abs=2e-6)
        assert made["run"]["critical"] == []


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_at_the_end_it_is_the_run_itself(name: str) -> None:
    log = GOLDEN[name]()
    whole = log.state()
    last = round((whole.closed or whole.last) - whole.opened, 6)
    assert replayed(log.records, last) == payload(load(name), now=whole.opened + last)


def test_in_the_middle_what_ended_later_still_runs_and_what_came_later_is_not_there() -> None:
    log = Log()
    first = log.run(0, 1, 50, "a")
    log.run(60, 61, 90, "b")
    log.close(100)
    made = replayed(iter(log.records), 0.03)
    assert [(task["id"], task["state"]) for task in made["tasks"]] == [(first, "running")]
    assert made["run"]["now"] == 0.03
    assert replayed(log.records, -1)["tasks"][0]["state"] == "queued"


def test_a_large_run_is_aggregated_as_it_was() -> None:
    log = fan_out(300)
    log.state()
    made = replayed(log.records, 0.1, limit=100)
    assert made["run"]["aggregated"]
    assert made["lanes"]
    assert made["run"]["counts"]["running"] > 1


def test_no_more_of_the_log_is_taken_than_needed() -> None:
    log = Log()
    log.run(0, 1, 50, "a")
    taken = []

    def records():  # type: ignore[no-untyped-def]
        for record in log.records:
            taken.append(record)
            yield record

    replayed(records(), 0.01)
    assert len(taken) == 4


def test_a_log_that_has_forgotten_its_beginning_says_so() -> None:
    kept = RunLog(limit=CHUNK)
    log = Log()
    for i in range(CHUNK):
        log.run(i, i, i + 1, "a")
    for record in log.records:
        kept.append(record)
    while kept.seal(CHUNK):
        pass
    assert kept.forgotten
    with pytest.raises(ValueError, match="run it without log_limit="):
        replayed(kept.read()[1], 1)
    with pytest.raises(ValueError, match="begins with nothing"):
        as_of([], 0)


def test_a_prefix_is_what_folding_it_gives() -> None:
    log = fan_out(50)
    log.state()
    until = log.records[120].time
    prefix = [record for record in log.records if record.time <= until]
    assert as_of(log.records, until - log.records[0].time) == fold(prefix)
    assert isinstance(log.records[0], r.Opened)
