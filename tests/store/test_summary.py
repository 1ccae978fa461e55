"""What a listing counts is what the fold of the log says."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipyflow.model.records import pack
from ipyflow.model.run import fold
from ipyflow.model.status import FINAL_STATES
from ipyflow.store.packing import pack_rows, unpack_rows
from ipyflow.store.summary import Summary
from tests.views.golden import GOLDEN


@pytest.mark.parametrize("name", sorted(GOLDEN))
@settings(max_examples=20)
@given(cuts=st.lists(st.integers(0, 400), max_size=4))
def test_counts_are_those_of_the_fold_wherever_the_log_is_cut(name: str, cuts: list[int]) -> None:
    records = GOLDEN[name]().records
    rows = unpack_rows(pack_rows([pack(record) for record in records]))
    state = fold(iter(records))
    summary = Summary()
    places = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    for begin, end in itertools.pairwise(places):
        summary.feed(rows[begin:end])
    tasks = list(state.tasks.values())
    states = [task.state for task in tasks]
    assert summary.tasks == len(states)
    assert summary.ended == sum(one in FINAL_STATES for one in states)
    assert summary.failed == sum(one in ("failed", "timed_out") for one in states)
    assert summary.cached == sum(one == "cached" for one in states)
    assert summary.opened == state.wall
    assert all(task.name in summary.values()[-1] for task in tasks)
