"""Places, an engine for each test, gates, and a look at what is left behind."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ipyflow.testing import Lab, engine
from tests.executors.gates import SOON, Gate, Marks
from tests.executors.places import Place


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """An executor; one that is adopted is made here, and ended."""
    found: Place = request.param
    if found.make is None:
        yield found
        return
    with found.make() as executor:
        yield dataclasses.replace(found, executor=executor)


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Two threads, two processes, real time."""
    with engine(threads=2) as lab:
        yield lab
        lab.settled(SOON)


@pytest.fixture
def gates(tmp_path: Path) -> Iterator[Callable[[str], Gate]]:
    """Gates by name. Ask for it behind ``lab``: at the end all are opened before the engine is looked at."""
    made: dict[str, Gate] = {}

    def gate(name: str) -> Gate:
        return made.setdefault(name, Gate(tmp_path / name))

    yield gate
    for one in made.values():
        one.open()


@pytest.fixture
def gate(gates: Callable[[str], Gate]) -> Gate:
    """A gate."""
    return gates("gate")


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    """What bodies did."""
    return Marks(tmp_path / "marks")
