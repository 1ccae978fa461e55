"""Places that other packages offer: the entry-point group ``ipyflow.executors``, as `docs/executors.md` tells it."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import ExecutorUnavailable
from ipyflow.testing import engine

Offer = Callable[..., Path]


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Offer]:
    """Installs a package in a folder of its own: its code, and its entry points."""
    modules: list[str] = []

    def install(package: str, code: str, **points: str) -> Path:
        folder = tmp_path / package
        info = folder / f"{package}-1.0.dist-info"
        info.mkdir(parents=True)
        (folder / f"{package}.py").write_text(textwrap.dedent(code), "utf-8")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", "utf-8")
        lines = "\n".join(f"{name} = {target}" for name, target in points.items())
        (info / "entry_points.txt").write_text(f"[ipyflow.executors]\n{lines}\n", "utf-8")
        monkeypatch.syspath_prepend(str(folder))
        importlib.invalidate_caches()
        modules.append(package)
        return folder

    yield install
    for name in modules:
        sys.modules.pop(name, None)


POOL = """
from concurrent.futures import ThreadPoolExecutor

made = []

def make(settings):
    made.append(settings)
    return ThreadPoolExecutor(2, thread_name_prefix="annex")
"""

BESIDE = """
from ipyflow.executors.inline import InlineExecutor

class Beside(InlineExecutor):
    name = "beside"

    def __init__(self, settings):
        self.settings, self.seen = settings, []

    def dispatch(self, work):
        self.seen.append(work.label)
        super().dispatch(work)
"""


def double(n: int) -> int:
    return 2 * n


def pool_of(package: str) -> Any:
    return importlib.import_module(package)


def test_a_package_offers_an_executor_of_the_standard_library(offer: Offer) -> None:
    offer("annex", POOL, annex="annex:make")
    task = fl.task(executor="annex")(double)
    with engine(threads=3) as lab:
        assert task.map(range(4)).results() == [0, 2, 4, 6]
        (settings,) = pool_of("annex").made
        assert settings.threads == 3
        (run,) = lab.runs
        assert all(one.worker.startswith("annex") for one in run.snapshot().tasks.values())


def test_it_is_imported_when_a_task_is_submitted_and_not_before(offer: Offer) -> None:
    offer("annex", POOL, annex="annex:make")
    task = fl.task(executor="annex")(double)
    assert "annex" not in sys.modules
    with engine():
        assert task(1) == 2
        assert "annex" in sys.modules


def test_each_engine_makes_its_own_and_makes_it_once(offer: Offer) -> None:
    offer("annex", POOL, annex="annex:make")
    task = fl.task(executor="annex")(double)
    for times in (1, 2):
        with engine():
            assert task.map(range(3)).results() == [0, 2, 4]
            assert task(4) == 8
            assert len(pool_of("annex").made) == times


def test_a_package_offers_a_place_of_its_own_kind(offer: Offer) -> None:
    offer("beside_it", BESIDE, beside="beside_it:Beside")
    task = fl.task(executor="beside")(double)
    with engine() as lab:
        assert task(3) == 6
        place = lab.engine.executors["beside"]
        assert [label.partition("#")[0] for label in place.seen] == ["double"]  # type: ignore[attr-defined]


def test_a_name_that_nobody_offers_is_refused_with_those_there_are(offer: Offer) -> None:
    offer("annex", POOL, annex="annex:make")
    with pytest.raises(ValueError, match="did you mean 'annex'"):
        fl.task(executor="anex")(double)
    with pytest.raises(ValueError, match=r"'processes'.*'annex'"):
        fl.task(executor="moon")(double)


def test_a_name_of_ours_stays_ours(offer: Offer) -> None:
    offer("annex", POOL, threads="annex:make")
    with engine():
        assert fl.task(executor="threads")(double)(1) == 2
    assert "annex" not in sys.modules


def test_what_was_uninstalled_meanwhile_is_missed_by_its_name(offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = offer("annex", POOL, annex="annex:make")
    task = fl.task(executor="annex")(double)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry != str(folder)])
    importlib.invalidate_caches()
    with engine(), pytest.raises(ExecutorUnavailable, match="'annex' is not there any more"):
        task.submit(1)


def test_what_a_package_raises_when_it_makes_its_place_is_raised_at_submit(offer: Offer) -> None:
    offer("annex", "def make(settings): raise OSError('no route to the annex')", annex="annex:make")
    task = fl.task(executor="annex")(double)
    with engine() as lab:
        with pytest.raises(OSError, match="no route"):
            task.submit(1)
        assert all(not run.futures for run in lab.runs)
