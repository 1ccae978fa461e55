"""A map of which one call cannot travel is refused as a whole."""

import threading

import pytest

import ipyflow as fl
from ipyflow.errors import NotPicklable
from ipyflow.testing import engine


@fl.task(executor="processes")
def work(x: object) -> int:
    return 1


@pytest.mark.parametrize("batch", [None, 2])
def test_what_was_submitted_before_is_cancelled(batch: int | None) -> None:
    with engine(processes=1) as lab:
        with pytest.raises(NotPicklable, match="lock"):
            work.map([1, 2, 3, 4, threading.Lock(), 6], batch=batch)
        lab.settled()
        assert {future.state for run in lab.runs for future in run.failed.values()} <= {"cancelled"}
        assert not lab.engine.unfinished()
