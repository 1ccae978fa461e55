"""The magics in IPython under a pseudo-terminal, and the tree that is drawn while a cell waits."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pexpect")
if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

from tests.notebook.ttys import Terminal, screen

pytestmark = pytest.mark.kernel

HELD = "held = fl.task(lambda name: [time.sleep(.01) for _ in iter(Path(name).exists, True)] and name, name='held')"


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    made = Terminal(tmp_path_factory.mktemp("terminal"))
    made.run("%load_ext ipyflow")
    made.run("import ipyflow as fl, time, threading; from pathlib import Path")
    made.run("broken = lambda n: 10 // n")
    made.run(HELD)
    yield made
    made.child.close(force=True)


def let_go(terminal: Terminal, name: str) -> None:
    (Path(terminal.child.cwd) / name).touch()


def test_a_screen_is_what_stands_there_in_the_end() -> None:
    assert screen("a\r\nb\r\nc\r\n\x1b[2A\r\x1b[Jd\r\n\x1b[1;31me\x1b[0m") == "a\nd\ne"


def test_while_a_cell_waits_a_tree_is_drawn_and_prints_stand_above_it_whole(terminal: Terminal) -> None:
    terminal.run("speak = lambda: ([time.sleep(.01) for _ in iter(Path('speak').exists, True)], print('one\\ntwo'))")
    terminal.begin("print('first', end=' '); print('line'); threading.Thread(target=speak).start(); held('go')")
    seen = terminal.sees(r"▸\x1b\[0m held")
    let_go(terminal, "speak")
    seen += terminal.sees("two") + terminal.sees(r"▸\x1b\[0m held")
    let_go(terminal, "go")
    stands = terminal.end(seen)
    lines = stands.splitlines()
    place = next(i for i, line in enumerate(lines) if line == "first line")
    assert lines[place + 1 : place + 3] == ["one", "two"]
    assert "Out[" in lines[place + 3]
    # In the end it stands there once, as it was at the end.
    assert stands.count("✓ held") == 1
    assert "▸" not in stands


def test_ctrl_c_ends_the_wait_and_leaves_the_tree_as_it_stands(terminal: Terminal) -> None:
    terminal.begin("future = held.submit('never'); future.result()")
    seen = terminal.sees(r"▸\x1b\[0m held")
    terminal.child.sendintr()
    stands = terminal.end(seen)
    assert "the wait was interrupted, the work goes on" in stands
    assert stands.count("▸ held") == 1
    assert "told to stop" in terminal.run("%flow cancel")
    let_go(terminal, "never")


def test_a_wait_that_is_short_shows_nothing_and_one_for_many_runs_the_newest(terminal: Terminal) -> None:
    let_go(terminal, "at once")
    # However slow the machine is, it is a short one.
    terminal.run("from ipyflow.notebook import terminal; early, terminal.EARLY = terminal.EARLY, 60")
    assert "✓" not in terminal.run("held('at once')")
    terminal.run("terminal.EARLY = early")
    terminal.begin(
        "several = [fl.flow(lambda: held('later'), name=f'flow_{n}').submit() for n in range(5)]; several[0].result()"
    )
    seen = terminal.sees("flow_4")
    let_go(terminal, "later")
    assert "flow_4" in terminal.end(seen)


def test_every_magic_says_in_a_terminal_what_it_says_in_a_notebook(terminal: Terminal) -> None:
    assert "Out[" not in terminal.run("%%task twice(n)", "return 2 * n")
    flow = terminal.run("%%flow order(n=3) -o answer", "parts = twice.map(range(n)).results()", "sum(parts)")
    assert "order" in flow
    assert "order: succeeded" in terminal.run("%flow wait order")
    assert re.search(r"Out\[\d+\]: 6", terminal.run("answer.result()"))
    assert "order" in terminal.run("%flow")
    assert "✓ twice(2)" in terminal.run("%flow show order")
    assert "order" in terminal.run("%flow explain order")
    assert "written to run.html" in terminal.run("%flow export order run.html")
    assert (Path(terminal.child.cwd) / "run.html").stat().st_size > 1000
    assert "at work; one after another" in terminal.run("%flow whatif order --workers 1,8")
    assert "Error" not in terminal.run("%flow lint order")
    assert "threads" in terminal.run("%flow config")
    assert "cells show the runs they start: on" in terminal.run("%flow auto")
    assert "%flow cancel" in terminal.run("%flow help")
    assert "did you mean %flow cancel" in terminal.run("%flow cancle")


def test_a_failure_is_seen_explained_debugged_mended_and_tried_again(terminal: Terminal) -> None:
    terminal.run("divide = fl.task(lambda n: broken(n), name='divide')")
    failed = terminal.run("%%flow ratio --wait", "divide.submit(0).result()")
    assert "ZeroDivisionError" in failed
    assert "✗ divide(0)" in terminal.run("%flow show ratio")
    assert "ZeroDivisionError" in terminal.run("%flow explain ratio")
    terminal.begin("%flow debug ratio")
    terminal.sees(r"i?pdb>")
    terminal.child.sendline("q")
    terminal.end()
    terminal.run("broken = lambda n: 10")
    terminal.run("%flow retry ratio")
    assert "ratio: succeeded" in terminal.run("%flow wait ratio")
    terminal.run("%unload_ext ipyflow")
    assert "not found" in terminal.run("%flow")
    assert "Guard" not in terminal.run("import sys; print(type(sys.stdout).__name__)")
