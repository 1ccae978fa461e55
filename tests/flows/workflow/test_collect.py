"""How many events of a list a parameter waits for."""

from typing import Any

import pytest

from ipyflow.flows.workflow.collect import All, Collect, Take


def test_all_are_waited_for_if_nothing_is_said() -> None:
    assert Collect() == Collect(All())
    assert Collect(Take(2)) == Collect(cardinality=Take(n=2)) != Collect(Take(3))
    assert len({Collect(), Collect(All()), Collect(Take(2))}) == 2


@pytest.mark.parametrize("n", [0, -1, True, 1.5, "2", None])
def test_take_wants_a_whole_number(n: Any) -> None:
    with pytest.raises(ValueError, match=r"give a whole number of 1 or more, as in Take\(2\)"):
        Take(n)


@pytest.mark.parametrize("wanted", [2, None, Take, "all"])
def test_collect_wants_all_or_take(wanted: Any) -> None:
    with pytest.raises(TypeError, match=r"give All\(\) or Take\(n\)"):
        Collect(wanted)
