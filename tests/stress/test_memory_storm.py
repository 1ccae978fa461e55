"""Cached, deferred and recurrent tasks under random acts of several threads."""

from pathlib import Path

import pytest

from tests.stress.memory_storms import weather


@pytest.mark.parametrize("part", range(4))
def test_whatever_happens_each_ends_with_the_right_value(part: int, tmp_path: Path) -> None:
    for seed in range(9 * part, 9 * part + 9):
        weather(seed, [None, ":memory:", tmp_path / f"{seed}.sqlite"][seed % 3])
