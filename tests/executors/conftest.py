"""Places, an engine for each test, gates, and a look at what is left behind."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """A Dask cluster of two workers with one thread each."""
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
    options["scheduler_kwargs"] = {"dashboard_address": ":0"}  # or it listens where somebody else may
    with (
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Of the test's engine: two bodies at once in each place."""
    here = request.getfixturevalue("place").name if "place" in request.fixturenames else ""
    return {"threads": 2, "processes": 2, "dask": request.getfixturevalue("cluster") if here == "dask" else None}


@pytest.fixture
def lab(options: dict[str, Any]) -> Iterator[Lab]:
    """An engine in real time."""
    with engine(**options) as lab:
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
