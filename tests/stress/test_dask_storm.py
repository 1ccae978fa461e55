"""A storm small enough for every run of the tests; the full size is a command, see ``dask_storm``."""

from tests.stress.dask_mixed_storm import storm as mixed
from tests.stress.dask_storm import storm


def test_workers_are_killed_one_after_the_other() -> None:
    result = storm(2500, every=0.5)
    assert (result.twice, result.unrecorded, result.wrong) == ([], 0, [])
    assert result.right + result.lost == result.count
    assert result.killed >= 2
    # A worker takes with it what it runs and what stands ready behind that, and nothing else.
    assert 1 <= result.lost + result.losses <= 3 * result.killed


def test_all_that_travels() -> None:
    killed, wrong = mixed(0, 3)
    assert wrong == []
    assert killed >= 1
