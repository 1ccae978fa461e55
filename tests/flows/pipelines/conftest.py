"""Engines of their own for the tests: at the end nothing may hang, and the invariants must hold."""

from collections.abc import Iterator

import pytest

from ipyflow.testing import Lab, engine


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Eight threads and a loop in real time."""
    with engine(threads=8) as lab:
        yield lab
        lab.settled()


@pytest.fixture(params=["threads", "one thread", "inline"])
def everywhere(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The same on many threads, on one, and on the thread that submits."""
    with engine(threads=8 if request.param == "threads" else 1, inline=request.param == "inline") as lab:
        yield lab
        lab.settled()
