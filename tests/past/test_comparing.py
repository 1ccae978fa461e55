"""Real runs beside each other: of this kernel, of the past, of kernels that died; what a person may call them."""

import linecache
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import MemoryWarning
from ipyflow.past.run import PastRun

BEFORE = """
@fl.task
def load(x):
    return x

@fl.task
def check(x):
    return x
"""
AFTER = """
@fl.task
def load(x):
    return x + 0

@fl.task
def check(x):
    if x == 2:
        raise ValueError("<b>two</b>")
    return x
"""
FLOW = """
@fl.flow
def nightly(n):
    fl.wait([check.submit(load(i)) for i in range(n)])
"""


def cell(code: str, number: int) -> dict[str, Any]:
    """What a cell defines; its lines stay known, as those of a notebook do."""
    name = f"<cell {number} of test_comparing>"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    found: dict[str, Any] = {"fl": fl, "__name__": "__main__"}
    exec(compile(code, name, "exec"), found)
    return found


def ran(code: str, n: int, number: int) -> fl.Run:
    run: fl.Run = cell(code + FLOW, number)["nightly"].submit(n).run
    run.wait()
    return run


def test_two_runs_of_this_kernel_with_what_changed_in_their_code(database: Path) -> None:
    one, other = ran(BEFORE, 3, 1), ran(AFTER, 4, 2)
    found = fl.compare(one, other)
    assert [(change.name, change.args) for change in found.of("failing")] == [("check", "2")]
    assert {(change.name, change.args) for change in found.of("new")} == {("load", "3"), ("check", "3")}
    assert {code.name for code in found.facts.code} == {"load", "check"}
    assert "+         raise ValueError(" in str(found)
    assert "ValueError: <b>two</b>" in str(found)


def test_the_run_before_of_the_same_name_is_meant_where_one_is_named(database: Path) -> None:
    one, between, other = ran(BEFORE, 2, 1), ran(BEFORE.replace("load", "fetch"), 2, 2), ran(AFTER, 3, 3)
    between.name = "another"
    for given in (other, "nightly", other.key, str(other.id), other.id, other.root):
        facts = fl.compare(given).facts
        assert (facts.before.key, facts.after.key) == (one.key, other.key), given


def test_runs_of_other_kernels_and_those_that_died_can_be_compared(
    database: Path, elsewhere: Callable[[str], None]
) -> None:
    elsewhere("nightly(3)")
    first = fl.history("nightly")[0]
    elsewhere("dies(3)")
    second = fl.history("dies")[0]
    assert isinstance(second, PastRun)
    assert second.lost
    found = fl.compare(first.key, second)
    assert (found.facts.before.key, found.facts.after.key) == (first.key, second.key)
    assert [(change.name, change.kind) for change in found.of("failing")] == [("dies", "failing")]
    assert {change.name for change in found.of("new")} >= {"stand"}
    assert "and was lost" in str(found).splitlines()[1]
    assert found.to_json()["after"]["lost"]
    assert not [change for change in found.of("gone") if change.name == "load"], "they are in both"


def test_the_same_run_from_here_and_from_the_history_is_the_same(database: Path) -> None:
    run = ran(BEFORE, 3, 1)
    again = ran(BEFORE, 3, 2)
    past = fl.history().open(again.key)
    live, read = fl.compare(run, again).to_json(), fl.compare(run, past).to_json()
    for found in (live, read):
        found["after"].pop("id")
    assert live == read
    backwards = "What stands here as before began later than the other"
    assert backwards in str(fl.compare(past, run))
    assert backwards not in str(fl.compare(run, past))
    with pytest.raises(ValueError, match="is the same run twice"):
        fl.compare(again, past)


def test_without_a_history_runs_of_this_kernel_can_be_compared() -> None:
    fl.shutdown(cancel=True)
    with fl.configure(database=None):
        one, other = ran(BEFORE, 1, 1), ran(AFTER, 1, 2)
        assert list(fl.compare(one, other)) == []
        assert fl.compare(other).facts.before.id == one.id
        with pytest.raises(LookupError, match=r"no run goes by a3f9c1-3.*nightly \(\d+\)"):
            fl.compare("a3f9c1-3")
    fl.shutdown(cancel=True)


def test_with_a_history_that_cannot_be_read_runs_of_this_kernel_can_be_compared(tmp_path: Path) -> None:
    fl.shutdown(cancel=True)
    broken = tmp_path / "broken.sqlite"
    broken.write_text("no database")
    with warnings.catch_warnings(record=True) as said, fl.configure(database=broken):
        warnings.simplefilter("always")
        one, other = ran(BEFORE, 1, 1), ran(AFTER, 1, 2)
        assert fl.compare(one, other).facts.before.id == one.id
        assert "nightly" in other.export("json")
        fl.shutdown(cancel=True)
    assert [warning.category for warning in said] == [MemoryWarning], "it is said once"


def test_what_cannot_be_compared_is_said(database: Path) -> None:
    run = ran(BEFORE, 1, 1)
    with pytest.raises(ValueError, match=r"nightly .* is the same run twice"):
        fl.compare(run, run.root)
    with pytest.raises(LookupError, match="no other run of nightly came before"):
        fl.compare(run)
    with pytest.raises(LookupError, match="no run goes by weekly, neither here nor in the history"):
        fl.compare(run, "weekly")
    with pytest.raises(TypeError, match=r"3\.5 is no run: give one, a future of it"):
        fl.compare(run, 3.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="True is no run"):
        fl.compare(True)
