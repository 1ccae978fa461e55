"""Prompts where there is a kernel without anybody at it, and where there is a terminal."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import nbformat
import pexpect
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

LOAD = """%load_ext ipyflow
from typing import Literal
import ipyflow as fl
approve = fl.Prompt("Send {count} mails?", title="Mails")
size = fl.Prompt("How many?", int, name="size")"""
SOON = 30


@pytest.mark.kernel
@pytest.mark.parametrize("version", [None, "6.31.0"])
def test_run_by_nbclient_prompts_take_what_was_given_or_fail(
    kernelspec: Callable[[str], str], version: str | None
) -> None:
    cells = [
        LOAD,
        "fl.configure(answers={'Mails': True})\napprove(count=3), fl.Prompt('Size?', int, default=4)()",
        "%%flow ask --wait\nsize()",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    kernel = kernelspec(version) if version else "python3"
    NotebookClient(notebook, kernel_name=kernel, timeout=SOON, allow_errors=True).execute()
    [value] = [output for output in notebook.cells[1].outputs if output.output_type == "execute_result"]
    assert value["data"]["text/plain"] == "(True, 4)"
    told = notebook.cells[1].outputs[-1]["data"]["text/plain"]
    assert "? Mails(Send 3 mails?)  → Approve" in told
    assert "? prompt(Size?)  → Send: 4" in told
    [error] = [output for output in notebook.cells[2].outputs if output.output_type == "error"]
    assert error.ename == "NoAnswer"
    assert "configure(answers={'size': ...})" in error.evalue


@pytest.mark.kernel
def test_where_no_page_hears_a_cell_that_waits_asks_by_input(kernelspec: Callable[[str], str]) -> None:
    """A console, or a front end whose messages are read only between cells: typed into the cell's own box."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SOON)
        client.execute_interactive(LOAD, timeout=SOON)
        answers = iter(["s", "many", "7"])
        results: list[str] = []

        def heard(message: Any) -> None:
            if message["msg_type"] == "execute_result":
                results.append(message["content"]["data"]["text/plain"])

        client.execute_interactive(
            "size()", allow_stdin=True, timeout=SOON, output_hook=heard,
            stdin_hook=lambda message: client.input(next(answers)),
        )  # fmt: skip
        assert results == ["7"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def terminal(own_home: Any) -> Iterator[Any]:
    command = ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor", "--no-confirm-exit"]
    child = pexpect.spawn(sys.executable, command, encoding="utf-8", timeout=SOON, dimensions=(40, 160))
    child.expect_exact("In [1]: ")
    yield child
    child.close(force=True)


def test_in_a_terminal_a_cell_that_waits_asks(terminal: Any) -> None:
    def type_in(line: str, then: str) -> None:
        terminal.sendline(line)
        terminal.expect_exact(then)

    type_in("%load_ext ipyflow", "In [2]: ")
    type_in("import ipyflow as fl; approve = fl.Prompt('Send {n} mails?', title='Mails')", "In [3]: ")
    type_in("approve(n=3)", "Mails: Send 3 mails?")
    terminal.expect_exact("Approve or Dismiss? [Approve] ")
    type_in("what", "Approve or Dismiss? [Approve] ")
    type_in("", "Out[3]: True")
    terminal.expect_exact("In [4]: ")
    # From the next cell, without a wait.
    type_in("size = fl.Prompt('How many?', int).submit()", "In [5]: ")
    type_in("size.answer('x')", "FormError: answer: a whole number, please, not 'x'")
    terminal.expect_exact("In [6]: ")
    type_in("size.answer(4), size.result()", "Out[6]: (True, 4)")
    terminal.expect_exact("In [7]: ")
    # Ctrl-C ends the wait, and the question stays.
    type_in("more = fl.Prompt('More?').submit(); more.result()", "Approve or Dismiss? [Approve] ")
    terminal.sendintr()
    terminal.expect_exact("KeyboardInterrupt")
    terminal.expect_exact("In [8]: ")
    type_in("more.dismiss(), str(more.state)", "Out[8]: (True, 'failed')")
    terminal.expect_exact("In [9]: ")
    # Asked again it is another question.
    type_in("more.retry(); more.result()", "Approve or Dismiss? [Approve] ")
    type_in("", "Out[9]: True")
    terminal.expect_exact("In [10]: ")
