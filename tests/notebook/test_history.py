"""`%flow history`, and the other subcommands with runs of kernels that are gone."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import ipyflow as fl
from ipyflow.past.history import History
from tests.notebook.conftest import Shell
from tests.notebook.test_completion import offered
from tests.past.conftest import PROGRAM


@pytest.fixture
def later(ready: Shell, tmp_path: Path) -> Iterator[Callable[..., Shell]]:
    """The shell, after another kernel has run statements and is gone; both have one history."""

    def begin(statements: str) -> Shell:
        database = tmp_path / "history.sqlite"
        file = tmp_path / "program.py"
        file.write_text(f"{PROGRAM}\nfl.configure(database={str(database)!r})\n{statements}\nfl.shutdown()\n")
        subprocess.run([sys.executable, str(file)], capture_output=True, timeout=60)
        ready.value(f"fl.configure(database={str(database)!r})")
        return ready

    yield begin
    fl.shutdown(cancel=True)
    fl.configure(database="default")


def test_runs_of_a_kernel_that_is_gone_are_listed_shown_and_explained(later: Callable[..., Shell]) -> None:
    shell = later("nightly(2)")
    shell.value("%flow")
    assert "no runs yet" in shell.out
    assert "%flow history has those of other kernels" in shell.out
    shell.value("%flow history")
    key = fl.history()[0].key
    assert key in shell.out
    assert "✓ succeeded" in shell.out
    assert "%flow show KEY opens one" in shell.out
    for line in (f"%flow show {key}", f"%flow show {key[:4]}", "%flow show nightly --view graph"):
        shell.value(line)
        assert "✓ nightly" in shell.out, line
    shell.value(f"%flow explain {key}")
    assert "nightly succeeded" in shell.out
    shell.value("%flow lint nightly")
    assert "nightly: " in shell.out
    shell.value("%flow whatif nightly --workers 1,2")
    assert "2 threads" in shell.out
    shell.value("run = fl.history()[0]")
    shell.value("%flow show run")
    assert "✓ nightly" in shell.out


def test_a_run_of_this_kernel_goes_by_its_key_too_and_comes_first(later: Callable[..., Shell]) -> None:
    shell = later("nightly(2)")
    shell.value("@fl.flow\ndef nightly(n):\n    return n\nnightly(1)")
    key = fl.runs()[0].key
    shell.value(f"%flow wait {key}")
    assert shell.out == "nightly: succeeded\n"
    shell.value(f"%flow rerun {key} n=3")
    shell.value("_flow.result()")
    assert len(fl.history("nightly")) == 3


def test_a_lost_run_says_how_it_goes_on(later: Callable[..., Shell]) -> None:
    shell = later("dies(1)")
    shell.value("%flow history --state lost")
    assert "† lost" in shell.out
    key = fl.history()[0].key
    shell.value("%flow explain dies")
    assert shell.out.startswith(f"dies ({key}) is lost: its kernel ended before it did.")
    assert shell.out.endswith(f"%flow resume {key}\n")


def test_what_is_past_cannot_be_steered(later: Callable[..., Shell]) -> None:
    shell = later("nightly(2)")
    key = fl.history()[0].key
    for command in ("cancel", "pause", "retry", "rerun", "wait", "debug"):
        assert f"nightly ({key}) is a run of the past: %flow show {key} shows it" in shell.fails(
            f"%flow {command} {key}"
        )
    told = shell.fails("fl.history()[0].cancel()")
    assert "is read from the history, where there is nothing to cancel" in told
    assert "there is no run yet that goes by zzz; %flow history has those" in shell.fails("%flow show zzz")


def test_runs_are_chosen_deleted_and_taken_along(later: Callable[..., Shell], tmp_path: Path) -> None:
    shell = later("nightly(2)\nnightly(1)")
    newest = fl.history()[0].key
    shell.value(f"%flow history {newest}")
    assert len(shell.out.splitlines()) == 3
    shell.value(f"%flow export {newest} '{tmp_path / 'a run.json'}'")
    assert "written to" in shell.out
    assert "leave out --state" in shell.fails(f"%flow history {newest} --state failed")
    shell.value(f"%flow history {newest} --delete")
    assert shell.out == "1 run deleted\n"
    shell.value("%flow history night* --until 1h --delete")
    assert shell.out == "0 runs deleted\n"
    shell.value("%flow history night* --since '1 h' --delete")
    assert shell.out == "1 run deleted\n"
    shell.value("%flow history")
    assert shell.out == "no runs in the history yet\n"
    shell.value(f"%flow history --read '{tmp_path / 'a run.json'}'")
    assert shell.out == f"nightly is in the history: %flow show {newest}\n"
    shell.value("%flow history --disk")
    assert "The history takes" in shell.out
    assert "history.sqlite" in shell.out
    assert "leave out --limit" in shell.fails("%flow history nightly --limit 2 --delete")


def test_names_and_keys_of_the_past_are_offered(later: Callable[..., Shell]) -> None:
    shell = later("nightly(2)\nnightly(1)")
    key = fl.history()[0].key
    assert offered(shell, "%flow show ni") == ["nightly"]
    assert key in offered(shell, f"%flow export {key[:3]}")
    assert offered(shell, "%flow history n") == ["nightly"]
    assert offered(shell, "%flow history --state l") == ["lost"]
    assert "nightly" not in offered(shell, "%flow cancel ni")


def test_where_nothing_is_kept_it_says_so(ready: Shell) -> None:
    ready.value("fl.configure(database=None)")
    assert "no history is kept here" in ready.fails("%flow history")
    assert "there is no run yet" in ready.fails("%flow show nightly")
    fl.configure(database="default")


def test_a_history_is_a_table_in_a_notebook(later: Callable[..., Shell]) -> None:
    shell = later("nightly(2)")
    listed = shell.value("fl.history()")
    assert isinstance(listed, History)
    assert "<table>" in shell.ip.display_formatter.format(listed)[0]["text/html"]


def test_every_view_of_a_lost_run_says_so(later: Callable[..., Shell], tmp_path: Path) -> None:
    shell = later("dies(1)")
    shell.value("%flow show dies")
    assert "! lost: its kernel ended before it did" in shell.out
    shell.value(f"%flow export dies {tmp_path / 'dies.html'}")
    assert "its kernel ended before it did" in (tmp_path / "dies.html").read_text("utf-8")


def test_a_log_that_is_damaged_is_said_in_a_line(later: Callable[..., Shell], tmp_path: Path) -> None:
    shell = later("nightly(2)")
    key = fl.history()[0].key
    with closing(sqlite3.connect(tmp_path / "history.sqlite")) as connection:
        connection.execute("UPDATE chunks SET rows = x'00112233'")
        connection.commit()
    for line in (f"%flow show {key}", f"%flow explain {key}", f"%flow export {key} run.html", f"%flow lint {key}"):
        told = shell.fails(line)
        assert told.startswith(f"UsageError: the log of nightly ({key}) is damaged"), line
    shell.value("%flow history nightly --delete")
    assert shell.out == "1 run deleted\n"
