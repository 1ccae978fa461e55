"""The examples in the docstrings run."""

import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import ipyflow

SKIPPED = ("ipyflow.notebook",)  # its examples need a notebook; tests/notebook has them


def modules() -> Iterator[str]:
    yield "ipyflow"
    for found in pkgutil.walk_packages(ipyflow.__path__, "ipyflow."):
        if not found.name.startswith(SKIPPED):
            yield found.name


@pytest.mark.parametrize("name", list(modules()))
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_there_are_examples() -> None:
    found = sum(len(doctest.DocTestFinder().find(importlib.import_module(name))) for name in modules())
    assert found > 100


@pytest.fixture(autouse=True, scope="module")
def afterwards() -> Iterator[None]:
    yield
    ipyflow.shutdown(cancel=True)
