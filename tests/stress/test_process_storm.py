"""Random tasks in processes, steered from several threads at once while their workers are killed."""

import pytest

from tests.stress.process_storms import calm, patience, shutdown, weather


@pytest.mark.parametrize("seed", [0, 3, 9, 13])
def test_tasks_that_crash_hang_and_nest_end_as_they_must(seed: int) -> None:
    calm(seed)


@pytest.mark.parametrize("seed", [3, 7, 9, 12, 13])
def test_whatever_is_done_to_them_they_end_and_nothing_is_left(seed: int) -> None:
    weather(seed)


@pytest.mark.parametrize("seed", [3, 7, 13])
def test_retried_until_they_succeed_they_give_what_they_would_have_given(seed: int) -> None:
    patience(seed)


@pytest.mark.parametrize("seed", range(6))
def test_all_is_stopped_at_any_moment(seed: int) -> None:
    shutdown(seed)
