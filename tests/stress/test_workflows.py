"""Random workflows, steered from several threads at once, with the interpreter switching threads all the time."""

import pytest

from tests.stress.workflow_storms import ALL_ACTS, patience, weather


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_done_to_a_workflow_it_ends_and_nothing_is_lost(seed: int) -> None:
    weather(seed)


@pytest.mark.parametrize("seed", range(12))
def test_a_workflow_retried_until_it_succeeds_has_done_what_it_would_have_done(seed: int) -> None:
    patience(seed)


@pytest.mark.parametrize("seed", range(6))
def test_pauses_and_events_from_outside_alone_lose_nothing(seed: int) -> None:
    weather(seed, ("pause", "resume", "pause a step", "resume a step", "pause the run", "resume the run", "send"))


def test_every_act_is_known() -> None:
    assert {"cancel", "retry", "pause", "resume", "send", "cancel a step", "retry a step"} <= set(ALL_ACTS)
