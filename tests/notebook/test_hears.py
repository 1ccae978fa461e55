"""A page without the extension is told whether the kernel hears it while a cell runs, by the way its messages come."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

FLOW = "%load_ext ipyflow\nfrom ipyflow import task\n@task\ndef load(n):\n    return n\n\nload.submit(1)"
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"

pytestmark = pytest.mark.kernel


class Page:
    """What a widget does in a browser, without the browser."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client
        self.comm = ""

    def show(self) -> None:
        def widget(message: dict[str, Any]) -> str | None:
            data = message["content"].get("data", {}) if message["msg_type"] == "display_data" else {}
            return str(data[WIDGET_MIME]["model_id"]) if WIDGET_MIME in data else None

        self.client.execute(FLOW, allow_stdin=False)
        self.comm = self.until(widget)

    def is_told(self, hears: bool, subshell: str | None) -> None:
        """Send a message to this subshell, and wait for a snapshot that says so.

        One that was sent before, because nobody had been heard of, may still be on its way.
        """
        content = {"comm_id": self.comm, "data": {"method": "custom", "content": {"type": "ready"}}}
        message = self.client.session.msg("comm_msg", content)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)

        def says(message: dict[str, Any]) -> bool | None:
            said = message["content"].get("data", {}).get("content", {}) if message["msg_type"] == "comm_msg" else {}
            return (said.get("type") == "snapshot" and said["payload"]["run"]["hears"] is hears) or None

        self.until(says)

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


@pytest.mark.parametrize("page", ["6.31.0"], indirect=True)
def test_ipykernel_6_hears_between_cells(page: Page) -> None:
    page.show()
    page.is_told(False, None)
