"""The notebook layer in real kernels."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbformat import NotebookNode, v4

from tests.executors.gates import TELL_WHEN_WAITING, eventually

LOAD = "%load_ext ipyflow\nimport threading, time\nimport ipyflow as fl\nfrom ipyflow import flow, task"
FLOW = """%%flow order -o future
@task
def load(n):
    print("loading", n)
    time.sleep(0.5)
    return n

sum(f.result() for f in load.map([1, 2]))"""
RUN_MIME = "application/vnd.ipyflow-parallel.run+json"
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"

pytestmark = pytest.mark.kernel


@pytest.fixture
def execute(kernelspec: Callable[[str], str]) -> Callable[..., NotebookNode]:
    """Run a notebook from end to end as papermill and nbconvert do."""

    def run(*cells: str, version: str | None = None) -> NotebookNode:
        notebook = v4.new_notebook(cells=[v4.new_code_cell(LOAD), *(v4.new_code_cell(cell) for cell in cells)])
        NotebookClient(notebook, kernel_name=kernelspec(version) if version else "python3", timeout=30).execute()
        return notebook

    return run


def pictures(cell: NotebookNode) -> list[Any]:
    """The saved payloads under a cell."""
    return [output.data[RUN_MIME] for output in cell.outputs if RUN_MIME in output.get("data", {})]


def text(cell: NotebookNode) -> str:
    """What a cell printed."""
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


@pytest.mark.parametrize("version", [None, "7.2.0", "6.31.0"])
def test_a_headless_run_ends_with_final_pictures(execute: Callable[..., NotebookNode], version: str | None) -> None:
    notebook = execute(FLOW, "1 + 1", "%flow wait order", version=version)
    [picture] = pictures(notebook.cells[1])
    assert picture["run"]["state"] == "succeeded"
    assert picture["run"]["counts"] == {"succeeded": 3}
    view, saved = notebook.cells[1].outputs
    assert WIDGET_MIME in view.data
    assert (view.data["text/html"], view.data["text/plain"]) == ("", "")
    assert WIDGET_MIME not in saved.data
    assert "<img" in saved.data["text/html"]
    assert "succeeded" in saved.data["text/plain"]
    assert text(notebook.cells[3]) == "order: succeeded\n"


def test_an_exported_page_shows_the_picture(execute: Callable[..., NotebookNode]) -> None:
    notebook = execute(FLOW, "%flow wait")
    page, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    assert 'alt="Timeline of order"' in page


def test_a_run_that_ends_under_a_later_cell_is_brought_up_to_date(execute: Callable[..., NotebookNode]) -> None:
    notebook = execute(FLOW, "future.result()", "while not future.run.closed:\n    time.sleep(0.01)")
    [picture] = pictures(notebook.cells[1])
    assert picture["run"]["state"] == "succeeded"


@pytest.mark.parametrize("version", [None, "6.31.0"])
def test_prints_are_filed_under_their_tasks(execute: Callable[..., NotebookNode], version: str | None) -> None:
    notebook = execute(
        FLOW, "future.result()", "print([r.text for r in future.run.log if 'Output' in repr(r)])", version=version
    )
    assert [text(cell) for cell in notebook.cells[:3]] == ["", "", ""]
    assert sorted(ast.literal_eval(text(notebook.cells[3]))) == ["loading 1\n", "loading 2\n"]


def test_a_failure_ends_the_notebook_with_the_cells_own_line(execute: Callable[..., NotebookNode]) -> None:
    with pytest.raises(CellExecutionError) as caught:
        execute("%%flow --wait\nx = 0\n1 / x")
    assert caught.value.ename == "ZeroDivisionError"
    said = re.sub(r"\x1b\[[0-9;]*m", "", caught.value.traceback)
    assert re.search(r"Cell In\[2\], line 3.*\n      1 %%flow --wait\n      2 x = 0\n----> 3 1 / x\n", said)


def test_a_syntax_error_ends_the_notebook(execute: Callable[..., NotebookNode]) -> None:
    with pytest.raises(CellExecutionError) as caught:
        execute("%%flow\nx = = 1")
    assert caught.value.ename == "SyntaxError"


def test_cells_show_the_runs_they_start_but_not_a_single_finished_call(execute: Callable[..., NotebookNode]) -> None:
    define = "@task\ndef f(x, pause=0):\n    time.sleep(pause)\n    return x"
    cells = [
        define,
        "f(1)",
        "[f(n) for n in range(3)]",
        "one = f.submit(1)",
        "[g.submit(n) for n in range(5)]",
        "%flow auto off",
        "[f(n) for n in range(3)]",
        "%flow auto on",
        "future = f.submit(2)\nfuture.result()\nfuture",
        "f.submit(3, pause=0.5)",
    ]
    cells[0] += "\n@flow\ndef g(x):\n    return f(x)"
    notebook = execute(*cells)
    names = [[picture["run"]["name"] for picture in pictures(cell)] for cell in notebook.cells[1:]]
    assert names == [
        [],
        [],
        ["Cell In[4]"],
        ["Cell In[5]"],
        ["g", "g", "g"],
        [],
        [],
        [],
        ["Cell In[10]"],
        ["Cell In[11]"],
    ]
    assert "this cell started 2 more runs; %flow lists them" in text(notebook.cells[5])


def test_unloading_during_a_run_leaves_its_picture(execute: Callable[..., NotebookNode]) -> None:
    notebook = execute(
        "gate = threading.Event()",
        "%%flow long -o future\ngate.wait()\n7",
        "%unload_ext ipyflow",
        "gate.set()\nfuture.result()",
        "%load_ext ipyflow",
        "future",
    )
    assert "1 run (long) goes on, ipyflow.shutdown() stops it" in text(notebook.cells[3])
    assert pictures(notebook.cells[2])[0]["run"]["state"] == "running"
    assert notebook.cells[4].outputs[0].data["text/plain"] == "7"
    assert pictures(notebook.cells[6])[0]["run"]["state"] == "succeeded"


@pytest.fixture(params=["7.4.0", "7.2.0", "6.31.0"])
def client(request: pytest.FixtureRequest, kernelspec: Callable[[str], str]) -> Iterator[BlockingKernelClient]:
    manager, made = start_new_kernel(kernel_name=kernelspec(request.param))
    made.manager = manager
    try:
        yield made
    finally:
        made.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client: BlockingKernelClient, code: str, interrupt: Path | None = None) -> list[dict[str, Any]]:
    """The messages of a cell; the kernel is interrupted once there is a file ``interrupt``."""
    manager: KernelManager = client.manager  # type: ignore[attr-defined]
    sent = client.execute(code)
    if interrupt is not None:
        eventually(interrupt.exists)
        manager.interrupt_kernel()
    messages = []
    while True:
        message = client.get_iopub_msg(timeout=20)
        if message["parent_header"].get("msg_id") != sent:
            continue
        messages.append(message)
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return messages


def printed(messages: list[dict[str, Any]]) -> str:
    return "".join(message["content"]["text"] for message in messages if message["msg_type"] == "stream")


def test_an_interrupt_ends_the_wait_and_not_the_work(client: BlockingKernelClient, tmp_path: Path) -> None:
    run(client, LOAD)
    run(client, TELL_WHEN_WAITING)
    run(client, "gate = threading.Event()")
    run(client, "%%flow long -o future\ngate.wait()\n7")
    waiting = tmp_path / "waiting"
    messages = run(client, f"tell_when_waiting({str(waiting)!r})\nfuture.result()", interrupt=waiting)
    assert [m["content"]["ename"] for m in messages if m["msg_type"] == "error"] == ["KeyboardInterrupt"]
    assert "the wait was interrupted, the work goes on: 1 task of long" in printed(messages)
    run(client, "gate.set()")
    messages = run(client, "future.result(10)")
    assert [m["content"]["data"]["text/plain"] for m in messages if m["msg_type"] == "execute_result"] == ["7"]
    # The same where the wait keeps the loop turning, which itself tells that it does.
    run(client, "import asyncio, pathlib\n%flow config nested_loops on\ngate.clear()")
    run(client, "%%flow long -o future\ngate.wait()\n8")
    turning = tmp_path / "turning"
    tell = f"asyncio.get_running_loop().call_soon(pathlib.Path({str(turning)!r}).touch)"
    messages = run(client, f"{tell}\nfuture.result()", interrupt=turning)
    assert [m["content"]["ename"] for m in messages if m["msg_type"] == "error"] == ["KeyboardInterrupt"]
    assert "the wait was interrupted, the work goes on: 1 task of long" in printed(messages)
    messages = run(client, "gate.set()\nfuture.result(10)")
    assert [m["content"]["data"]["text/plain"] for m in messages if m["msg_type"] == "execute_result"] == ["8"]


@pytest.mark.parametrize("version", [None, "6.31.0"])
def test_a_wait_keeps_the_kernels_loop_turning(execute: Callable[..., NotebookNode], version: str | None) -> None:
    notebook = execute(
        "import asyncio\ngate = threading.Event()\n@task\ndef held():\n    return gate.wait(20)",
        "async def opens():\n    await asyncio.sleep(0.1)\n    gate.set()",
        "%flow config nested_loops on",
        "opening = asyncio.ensure_future(opens())\nheld.submit().result()",
        "await opening\nawait held.submit()",
        version=version,
    )
    assert [cell.outputs[-1]["data"]["text/plain"] for cell in notebook.cells[4:]] == ["True", "True"]
