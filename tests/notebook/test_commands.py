from pathlib import Path

import pytest

import ipyflow as fl
from tests.notebook.conftest import Shell


@pytest.fixture
def busy(ready: Shell) -> Shell:
    """Two runs that wait for a gate."""
    ready.value("import asyncio\ngate = threading.Event()")
    ready.value("%%flow one --view none\nawait asyncio.sleep(600)")
    ready.value("%%flow two --view none\nawait asyncio.sleep(600)")
    return ready


def test_without_words_it_lists_the_runs_newest_first(busy: Shell) -> None:
    busy.value("%flow")
    lines = busy.out.splitlines()
    assert [line.split()[1:3] for line in lines] == [["two", "running"], ["one", "running"]]


def test_cancel_wants_a_name_where_several_run(busy: Shell) -> None:
    assert "2 runs go on: two (2), one (1). Name one, or write %flow cancel all" in busy.fails("%flow cancel")
    busy.value("%flow cancel one")
    assert busy.out == "one: told to stop\n"
    fl.runs()[1].wait()
    busy.value("%flow cancel")
    assert busy.out == "two: told to stop\n"
    fl.runs()[0].wait()
    busy.value("%flow cancel")
    assert busy.out == "nothing runs\n"


def test_cancel_all_and_wait(busy: Shell) -> None:
    busy.value("%flow cancel all")
    busy.value("%flow wait")
    assert {run.state.value for run in fl.runs()} == {"cancelled"}


def test_a_task_goes_by_name_and_number(busy: Shell) -> None:
    future = fl.runs()[0].root
    assert future is not None
    busy.value(f"%flow cancel two#{future.id}")
    assert future.cancelled()


def test_explain_and_wait_by_number(ready: Shell) -> None:
    ready.value("%%flow f --view none\n1/0")
    ready.value("%flow wait 1")
    assert ready.out == "f: failed\n"
    ready.value("%flow explain f")
    assert "ZeroDivisionError" in ready.out


def test_retry_runs_what_failed_with_the_code_of_now(ready: Shell) -> None:
    ready.value("%%flow f --view none\n1/0")
    ready.value("%flow wait")
    first = ready["_flow"]
    ready.value("%%flow f --view none --wait\n5")
    assert "nothing of f has failed" in ready.fails("%flow retry f")
    ready.value("%flow retry 1")
    assert first.result() == 5


def test_export_writes_the_file_that_the_path_says(ready: Shell, tmp_path: Path) -> None:
    ready.value("%%flow first --view none --wait\n1")
    ready.value("%%flow second --view none --wait\n2")
    ready.value(f"%flow export {tmp_path / 'run.svg'}")
    assert ready.out == f"second: written to {tmp_path / 'run.svg'}\n"
    ready.value(f"%flow export first {tmp_path / 'first.html'}")
    assert ready.out == f"first: written to {tmp_path / 'first.html'}\n"
    assert "Timeline of second" in (tmp_path / "run.svg").read_text("utf-8")
    assert "<title>first</title>" in (tmp_path / "first.html").read_text("utf-8")
    assert "no format" in ready.fails(f"%flow export {tmp_path / 'run.pdf'}")
    assert "No such file" in ready.fails(f"%flow export {tmp_path / 'nowhere' / 'run.svg'}")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%flow cancle", "%flow cancle is not known: did you mean %flow cancel?"),
        ("%flow history", "%flow history is not there yet"),
        ("%flow show", "there is no run yet"),
        ("%flow export", "%flow export needs a path, such as run.html"),
        ("%flow export png", "%flow export needs a path, such as run.png"),
        ("%flow export run.svg", "there is no run yet"),
        ("%flow wait nobody", "no run goes by nobody"),
        ("%flow retry", "needs the name or number"),
        ("%flow auto", "write on or off; it is on"),
        ("%flow show a b", "one name or number, please"),
        ("%flow show --view pie", "--view pie: choose one of timeline, graph, table"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(ready: Shell, line: str, said: str) -> None:
    told = ready.fails(line)
    assert told.startswith("UsageError: ")
    assert said in told
