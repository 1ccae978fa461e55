"""Engines of their own for the tests: at the end nothing may hang, and the invariants must hold."""

from collections.abc import Iterator

import pytest

from ipyflow.testing import Lab, engine


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Four threads and a loop in real time."""
    with engine(threads=4) as lab:
        yield lab
        lab.settled()


@pytest.fixture
def clocked() -> Iterator[Lab]:
    """Four threads and a loop, with a clock set by hand."""
    with engine(threads=4, manual=True) as lab:
        yield lab
        lab.settled()
