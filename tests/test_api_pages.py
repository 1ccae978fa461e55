"""docs/api/ says what the docstrings say, of every public name."""

import importlib
from pathlib import Path

import pytest

import ipyflow
from scripts.api import FOLDER, pages, places


def test_the_pages_are_those_of_the_docstrings() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    stale = [name for name, text in pages().items() if written.get(name) != text]
    assert stale == [], "type `make docs`, and look at what it changed"
    assert written.keys() == pages().keys()


@pytest.mark.parametrize("module", ["ipyflow", "ipyflow.workflows", "ipyflow.testing"])
def test_every_public_name_has_its_place(module: str) -> None:
    missing = [name for name in importlib.import_module(module).__all__ if name not in places()]
    assert missing == [], "give them a place in PAGES of scripts/api_table.py"


def test_places_are_headings() -> None:
    for name, place in places().items():
        page, _, anchor = place.partition("#")
        headings = [line for line in pages()[page].split("\n") if line == f"## `{name}`"]
        assert len(headings) == 1, place
        assert anchor.startswith(name.lower())


def test_text_of_docstrings_becomes_markdown() -> None:
    text = pages()["futures.md"]
    assert "``" not in text.replace("```", "")
    assert ":meth:" not in text
    assert "**Raises**\n\n- `" in text
    assert ">>> double.submit(21).result()\n42\n```" in text


def test_there_is_a_docstring_for_each_name() -> None:
    bare = [name for name in ipyflow.__all__ if callable(getattr(ipyflow, name)) and not getattr(ipyflow, name).__doc__]
    assert bare == []


def test_the_folder_is_where_the_guide_says() -> None:
    assert (Path(__file__).parent.parent / "docs" / "index.md").read_text(encoding="utf-8").count("api/index.md") == 1
