"""`%flow compare`."""

from pathlib import Path

import pytest

import ipyflow as fl
from ipyflow.views.compare.shown import MIME
from tests.notebook.conftest import Shell


@pytest.fixture
def two(ready: Shell, tmp_path: Path) -> Shell:
    """A flow has run twice, the second time with another task."""
    ready.value(f"fl.configure(database={str(tmp_path / 'history.sqlite')!r});")
    ready.value("@fl.task\ndef load(n):\n    return n")
    ready.value("%%flow nightly(n=2) --view none --wait\nload.map(range(n)).results()")
    ready.value("%%flow other --view none --wait\n1")
    ready.value("@fl.task\ndef load(n):\n    return 1 / n")
    ready.value("%%flow nightly(n=2) --view none --wait\nfl.wait(load.map(range(n)))")
    return ready


def test_one_run_is_compared_with_the_one_before_of_its_name(two: Shell) -> None:
    last, _, first = fl.runs()
    two.value("%flow compare")
    assert f"nightly: {first.key} before, {last.key} after" in two.out
    assert "ZeroDivisionError: division by zero" in two.out
    for words in ("nightly", f"{first.id} {last.id}", f"{first.key} {last.key}", f"{first.key} nightly"):
        two.value(f"%flow compare {words}")
        assert f"nightly: {first.key} before, {last.key} after" in two.out, words


def test_changed_code_is_shown(two: Shell) -> None:
    two.value("%flow compare nightly")
    assert "-     return n" in two.out
    assert "+     return 1 / n" in two.out


def test_it_shows_itself_in_every_form(two: Shell) -> None:
    bundle = two.value("fl.compare('nightly')")._repr_mimebundle_()
    assert list(bundle) == [MIME, "text/plain", "text/html"]
    assert bundle[MIME]["title"] in bundle["text/html"]


def test_what_cannot_be_compared_is_a_usage_error(two: Shell) -> None:
    assert "no other run of other came before" in two.fails("%flow compare other")
    assert "is the same run twice" in two.fails("%flow compare nightly nightly")
    assert "no run and no task goes by weekly" in two.fails("%flow compare weekly")
    assert "takes 2 at most" in two.fails("%flow compare 1 2 3")
