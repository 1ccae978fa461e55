"""An engine of its own for a test of running workflows: at the end nothing may hang, and the invariants must hold."""

from collections.abc import Iterator

import pytest

from ipyflow.testing import Lab, engine


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Eight threads and a loop in real time."""
    with engine(threads=8) as lab:
        yield lab
        lab.settled()


@pytest.fixture
def timed() -> Iterator[Lab]:
    """The same with a clock set by hand."""
    with engine(threads=8, manual=True) as lab:
        yield lab
        lab.settled()
