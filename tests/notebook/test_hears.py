"""A page without the extension is told whether the kernel hears it while a cell runs, by the way its messages come."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from tests.executors.gates import eventually

FLOW = "%load_ext ipyflow\nfrom ipyflow import task\n@task\ndef load(n):\n    return n\n\nload.submit(1)"
# As on a machine so slow that the page says only later that it is there. Whether to ask by input() is looked at while
# the cell waits; `looked` is a file that is there from then on.
ASKS = """%load_ext ipyflow
import ipyflow as fl
from ipyflow.notebook import asker
asker.PATIENCE = 0
go = fl.Prompt("Go?").submit()

from pathlib import Path
from ipyflow.engine import resting
look = resting.meanwhile
def look_and_tell():
    look()
    Path({looked!r}).touch()
resting.meanwhile = look_and_tell
"""
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"

pytestmark = pytest.mark.kernel


class Page:
    """What a widget does in a browser, without the browser."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client
        self.comm = ""

    def show(self, code: str = FLOW) -> None:
        def widget(message: dict[str, Any]) -> str | None:
            data = message["content"].get("data", {}) if message["msg_type"] == "display_data" else {}
            return str(data[WIDGET_MIME]["model_id"]) if WIDGET_MIME in data else None

        self.client.execute(code)
        self.comm = self.until(widget)

    def is_told(self, hears: bool, subshell: str | None) -> None:
        """Send a message to this subshell, and wait for a snapshot that says so.

        One that was sent before, because nobody had been heard of, may still be on its way.
        """
        self.send({"type": "ready"}, subshell)

        def says(message: dict[str, Any]) -> bool | None:
            said = message["content"].get("data", {}).get("content", {}) if message["msg_type"] == "comm_msg" else {}
            return (said.get("type") == "snapshot" and said["payload"]["run"]["hears"] is hears) or None

        self.until(says)

    def send(self, said: dict[str, Any], subshell: str | None) -> None:
        content = {"comm_id": self.comm, "data": {"method": "custom", "content": said}}
        message = self.client.session.msg("comm_msg", content)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)

    def subshell(self) -> str:
        self.client.control_channel.send(self.client.session.msg("create_subshell_request"))
        return str(self.client.get_control_msg(timeout=20)["content"]["subshell_id"])

    def until(self, found: Callable[[dict[str, Any]], Any]) -> Any:
        end = time.monotonic() + 20
        while True:
            value = found(self.client.get_iopub_msg(timeout=max(0.01, end - time.monotonic())))
            if value is not None:
                return value


@pytest.fixture
def page(request: pytest.FixtureRequest, kernelspec: Callable[[str], str]) -> Iterator[Page]:
    manager, client = start_new_kernel(kernel_name=kernelspec(request.param))
    try:
        yield Page(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("page", ["7.4.0", "7.2.0"], indirect=True)
def test_what_comes_over_a_subshell_is_heard_at_once(page: Page) -> None:
    page.show()
    subshell = page.subshell()
    page.is_told(True, subshell)
    # A page of an older JupyterLab, on the same kernel.
    page.is_told(False, None)


@pytest.mark.parametrize("page", ["7.4.0", "7.2.0"], indirect=True)
def test_a_cell_that_waits_asks_nobody_while_a_page_that_will_be_heard_is_on_its_way(
    page: Page, tmp_path: Path
) -> None:
    looked = tmp_path / "looked"
    page.show(ASKS.format(looked=str(looked)))
    subshell = page.subshell()
    page.client.execute("go.result()")
    eventually(looked.exists)
    page.send({"type": "answer_prompt", "task": 1, "action": "Approve", "values": {}}, subshell)

    def value(message: dict[str, Any]) -> str | None:
        return str(message["content"]["data"]["text/plain"]) if message["msg_type"] == "execute_result" else None

    assert page.until(value) == "True"
    assert not page.client.stdin_channel.msg_ready()


@pytest.mark.parametrize("page", ["6.31.0"], indirect=True)
def test_ipykernel_6_hears_between_cells(page: Page) -> None:
    page.show()
    page.is_told(False, None)
