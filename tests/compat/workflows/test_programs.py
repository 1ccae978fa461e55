"""Programs written for llama-index-workflows give what they give there, with only their import lines changed."""

import asyncio
import json
import warnings
from collections.abc import Iterator

import pytest

from ipyflow.errors import IpyflowWarning
from ipyflow.testing import engine
from tests.compat.workflows.corpus import PROGRAMS, load, outcomes, rewritten

RECORDED = outcomes()


@pytest.fixture(autouse=True)
def lab() -> Iterator[None]:
    with engine(threads=4) as lab:
        yield
        lab.settled()


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_gives_what_it_gives_there(name: str) -> None:
    recorded = RECORDED[name]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", IpyflowWarning)
        outcome = json.loads(json.dumps(asyncio.run(load(name, here=True).main())))
    assert outcome == recorded.get("here", recorded["original"])
    assert sorted({warning.category.__name__ for warning in seen}) == recorded.get("warns", [])


def test_each_difference_says_why() -> None:
    for name, recorded in RECORDED.items():
        assert name in PROGRAMS, f"{name} is recorded, and there is no such program: run record.py again"
        if "here" in recorded:
            assert recorded["here"] != recorded["original"], name
        assert ("here" in recorded or "warns" in recorded) == ("why" in recorded), name


def test_only_import_lines_are_changed() -> None:
    text = [
        "from workflows import step",
        "from workflows.events import Event",
        "from llama_index.core.workflow import Context",
        "from llama_index.utils.workflow import draw_all_possible_flows",
        "workflows = 'from workflows'",
    ]
    assert rewritten("\n".join(text)).splitlines() == [
        "from ipyflow.compat.workflows import step",
        "from ipyflow.compat.workflows.events import Event",
        "from ipyflow.compat.workflows import Context",
        "from ipyflow.compat.workflows.drawing import draw_all_possible_flows",
        "workflows = 'from workflows'",
    ]
