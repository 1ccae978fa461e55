"""The form with which a run is begun anew: its fields, what they hold, and what comes of what is typed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Literal

import pytest

import ipyflow as fl
from ipyflow.errors import FormError
from ipyflow.notebook.rerun_form import form_of, has_form, rerun_with
from ipyflow.testing import Lab, engine

SOON = 10


@pytest.fixture
def lab() -> Iterator[Lab]:
    with engine(threads=2) as lab:
        yield lab
        lab.settled(SOON)


def test_it_holds_the_arguments_of_the_run_and_starts_with_what_is_typed(lab: Lab) -> None:
    lock = threading.Lock()

    @fl.flow
    def train(rate: float, *sizes: int, kind: Literal["fast", "slow"] = "slow", lock: Any = None, **more: str) -> Any:
        """Train it.

        Args:
            rate: how fast it learns.
        """
        return rate, sizes, kind, lock, more

    run = train.submit(0.5, 1, 2, lock=lock, name="Ada").run
    assert has_form(run)
    form = form_of(run)
    assert form["name"] == "train"
    by_name = {field["name"]: field for field in form["fields"]}
    assert list(by_name) == ["rate", "sizes", "kind", "lock", "more"]
    assert (by_name["rate"]["doc"], by_name["rate"]["required"]) == ("how fast it learns.", False)
    values = form["values"]
    assert (values["rate"], values["sizes"], values["kind"]) == (0.5, [1, 2], "slow")
    same = rerun_with(run, values).result(SOON)
    assert same == (0.5, (1, 2), "slow", lock, {"name": "Ada"})  # what no text can say is handed on as it is
    other = rerun_with(run, {"rate": "0.25", "kind": "fast"})
    assert other.result(SOON) == (0.25, (1, 2), "fast", lock, {"name": "Ada"})
    assert form_of(other.run)["values"]["rate"] == 0.25


def test_what_is_wrong_starts_nothing(lab: Lab) -> None:
    @fl.flow
    def train(rate: float, epochs: int = 10) -> float:
        return rate * epochs

    run = train.submit(0.5).run
    runs = len(lab.runs)
    with pytest.raises(FormError) as caught:
        rerun_with(run, {"rate": "fast", "epochs": 1.5, "size": 3})
    assert set(caught.value.errors) == {"rate", "epochs", "size"}
    assert len(lab.runs) == runs


def test_what_has_no_parameters_has_no_form(lab: Lab) -> None:
    @fl.flow
    def plain() -> int:
        return 1

    @fl.task
    def double(n: int) -> int:
        return 2 * n

    assert not has_form(plain.submit().run)
    piped = double.send(2).submit().run
    assert not has_form(piped)
    with pytest.raises(ValueError, match="has no parameters of its own"):
        form_of(piped)
    with pytest.raises(ValueError, match="does not know its arguments"):
        form_of(double.submit(1).run)
