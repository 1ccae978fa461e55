from pathlib import Path

import pytest

import ipyflow as fl
from ipyflow.notebook.grammar import words
from ipyflow.notebook.header import parse, parse_task
from ipyflow.notebook.table import COMMANDS, FLOW, TASK
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


def test_the_table_and_what_is_done_are_the_same(ready: Shell) -> None:
    commands = ready.ip.magics_manager.magics["line"]["flow"].__self__.commands
    assert set(COMMANDS) == set(commands._does)


def test_a_paused_run_goes_on_when_it_is_told(ready: Shell) -> None:
    ready.value("@fl.task\ndef f(): return 1")
    ready.value("gate = threading.Event()")
    ready.value("%%flow held\ngate.wait()\nf.submit().result()")
    ready.value("%flow pause held\ngate.set()")
    assert ready.out == "held: paused, what runs goes on; %flow resume lets the rest go on\n"
    ready.value("%flow list")
    assert "paused" in ready.out
    ready.value("%flow resume")
    assert ready.out == "held: goes on\n"
    assert ready["_flow"].result() == 1
    assert "held is not paused" in ready.fails("%flow resume held")
    ready.value("%flow wait")
    assert "held has ended: there is nothing to pause" in ready.fails("%flow pause held")


def test_a_task_goes_by_its_name_where_one_is_meant_and_by_a_variable(ready: Shell) -> None:
    ready.value("@fl.task\ndef load(n):\n    return 1 / n")
    ready.value("%%flow f\nkept = [load.submit(n) for n in (1, 0, 2)]\nfl.wait(kept)\nkept")
    ready.value("kept = _flow.result()\n%flow wait")
    ready.value("%flow explain load")
    assert "ZeroDivisionError" in ready.out, "the one that failed is meant"
    assert "3 tasks of f go by load: name one of load#4, load#3, load#2" in ready.fails("%flow cancel load")
    ready.value("first = kept[0]\n%flow explain first")
    assert "load#2" in ready.out


def test_a_task_that_nobody_holds_says_so(ready: Shell) -> None:
    ready.value("%%task load(n)\nreturn n")
    ready.value("load.map(range(3)).results()")
    said = ready.fails("%flow explain load#2")
    assert "load#2 succeeded, and nobody holds its future any more: keep what submit() or map() gives" in said


def test_a_run_with_blanks_in_its_name_goes_by_quotes(ready: Shell) -> None:
    ready.value("%%flow --wait\n1 + 2")
    ready.value("%flow wait '1 + 2'")
    assert ready.out == "1 + 2: succeeded\n"


def test_a_run_is_begun_anew_with_other_arguments(ready: Shell) -> None:
    ready.value("%%flow order(user=17, cart=(1, 2)) --wait\nuser, cart")
    ready.value("%flow rerun order user=2+1 cart=[4]")
    assert ready["_flow"].result() == (3, [4])
    ready.value("%flow rerun")
    assert ready["_flow"].result() == (3, [4])
    assert len(fl.runs()) == 3
    for line, said in (
        ("%flow rerun order usr=3", "has no parameter usr: did you mean user?"),
        ("%flow rerun order user=", "user=: give a value"),
        ("%flow rerun order user=1 user=2", "got user= twice"),
        ("%flow rerun order again", "got two names, order and again"),
        ("%flow rerun user=nobody", "user= nobody: NameError"),
    ):
        told = ready.fails(line)
        assert told.startswith("UsageError: ")
        assert said in told
    assert len(fl.runs()) == 3


def test_the_debugger_opens_on_what_failed(ready: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(fl.Future, "post_mortem", lambda future: opened.append(future.label))
    ready.value("%%flow f\n1/0")
    ready.value("%flow wait\n%flow debug f\n%flow debug f#1\n%flow debug #1")  # the last is what the view asks for
    assert opened == ["f#1"] * 3
    ready.value("%%flow g --wait\n1")
    assert "nothing of g has failed: its state is succeeded" in ready.fails("%flow debug g")


def test_settings_are_printed_and_set(ready: Shell) -> None:
    ready.value("%flow config threads=3 log_limit 5000")
    assert ["threads", "3"] in [line.split() for line in ready.out.splitlines()]
    assert (fl.configure().threads, fl.configure().log_limit) == (3, 5000)
    ready.value("many = 7\n%flow config threads=many log_limit=default")
    assert (fl.configure().threads, fl.configure().log_limit) == (7, None)
    assert "unknown setting thraeds=: did you mean threads=?" in ready.fails("%flow config thraeds=3")
    assert "give 1 or more" in ready.fails("%flow config log_limit=4 threads=0")
    assert fl.configure().log_limit is None, "all or nothing"
    ready.value("%flow config nested_loops on")
    assert ["nested_loops", "on"] in [line.split() for line in ready.out.splitlines()]
    assert ready.value("%flow config nested_loops") is None
    assert ready.out.split() == ["nested_loops", "on"]
    assert "%flow config nested_loops=..." in ready.fails("%flow config threads=3 nested_loops")
    assert "nested_loops='maybe'): give True or False" in ready.fails("%flow config nested_loops=maybe")
    ready.value("%flow config threads=default nested_loops off")
    ready.value("%flow config")
    assert ["threads", "default"] in [line.split() for line in ready.out.splitlines()]


def test_what_stands_in_help_is_what_there_is(ready: Shell) -> None:
    ready.value("%flow help show")
    assert ready.out.startswith("%flow show [NAME|ID|KEY] [--view V]\n")
    ready.value("%flow show --help")
    assert "--view V  which view is open at first: timeline, graph, table, log" in ready.out
    ready.value("%flow help")
    for name in COMMANDS:
        assert name in ready.out
    ready.value("%flow?\n%%flow?\n%%task?")
    for said in ("Look at and steer runs", "%%flow order(user=17, cart=[1, 2]) -o answer", "%%task load(name, n=3)"):
        assert said in ready.out


def test_every_example_of_the_help_can_be_read() -> None:
    for line in COMMANDS.values():
        for example in line.examples:
            line.read(words(example.removeprefix("%flow"), "%flow")[1:])
    for example in FLOW.examples:
        parse(example.removeprefix("%%flow"))
    for example in TASK.examples:
        parse_task(example.removeprefix("%%task"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%flow cancle", "%flow cancle is not known: did you mean %flow cancel?"),
        ("%flow show", "there is no run yet"),
        ("%flow export", "%flow export needs PATH; usage: %flow export [NAME|ID|KEY] PATH"),
        ("%flow export png", "%flow export needs a path, such as run.png"),
        ("%flow export run.svg", "there is no run yet"),
        ("%flow wait nobody", "there is no run yet"),
        ("%flow wait 'nobody", "the quote ' is not closed"),
        ("%flow retry", "there is no run yet"),
        ("%flow auto maybe", "%flow auto maybe: write one of on, off"),
        ("%flow show a b", "%flow show takes 1 at most, got a b; put quotes around a name with blanks"),
        ("%flow show --view pie", "--view pie: choose one of timeline, graph, table"),
        ("%flow show --veiw graph", "%flow show has no option --veiw; did you mean --view?"),
        ("%flow history --view graph", "%flow history has no option --view; did you mean --since?"),
        ("%flow history --since whenever", "'whenever' is no instant: give one as in '2h'"),
        ("%flow history --limit some", "--limit some: give a whole number; 0 is all"),
        ("%flow history --delete", "that would delete all there is: say which, as in %flow history --until 30d --del"),
        ("%flow history --disk --text x", "%flow history --disk stands alone, got --text"),
        ("%flow history --read nowhere.json", "No such file or directory: 'nowhere.json'"),
        ("%flow wait --view graph", "%flow wait has no option --view; usage: %flow wait [NAME|ID]"),
        ("%flow list all", "%flow list takes nothing more, got all"),
        ("%flow help me", "%flow me is not known"),
        ("%flow config threads=", "%flow config threads: give a value"),
        ("%flow form fl", "%flow form fl: fl is module; name a flow or a task"),
        ("%flow form nothing", "nothing is not defined"),
        ("%flow whatif --workers 2,x", "--workers 2,x: give numbers from 1 on"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(ready: Shell, line: str, said: str) -> None:
    told = ready.fails(line)
    assert told.startswith("UsageError: ")
    assert said in told
