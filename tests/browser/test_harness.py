"""The harness itself: what the other browser tests take for granted."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Error

from tests.browser.harness import Gate, LabPage


def test_a_cell_prints_in_jupyterlab(page: LabPage) -> None:
    page.server.write_notebook("sum.ipynb", ["print(1 + 1)"])
    page.open_notebook("sum.ipynb")
    cell = page.run_cell(0)
    assert page.outputs(0) == [{"name": "stdout", "output_type": "stream", "text": "2\n"}]
    assert cell.locator(".jp-OutputArea-output").inner_text().strip() == "2"
    assert page.screenshot().stat().st_size > 10_000


def test_a_cell_runs_in_notebook_7(page: LabPage) -> None:
    page.server.write_notebook("seven.ipynb", ["print(3 + 4)"])
    page.open_notebook("seven.ipynb", app="notebook")
    assert page.run_cell(0).locator(".jp-OutputArea-output").inner_text().strip() == "7"


def test_a_saved_notebook_opens_without_a_kernel(page: LabPage) -> None:
    page.server.write_notebook("saved.ipynb", ["print('kept')"])
    page.open_notebook("saved.ipynb")
    page.run_cell(0)
    page.save()
    assert page.server.read_notebook("saved.ipynb").cells[0].outputs[0].text == "kept\n"
    page.server.shutdown_kernels()
    page.open_notebook("saved.ipynb", kernel=False)
    assert page.cell(0).locator(".jp-OutputArea-output").inner_text().strip() == "kept"
    assert page.server.api("GET", "sessions") == []


def test_a_reloaded_page_finds_its_busy_kernel(page: LabPage) -> None:
    gate = Gate(page.server)
    page.server.write_notebook("reload.ipynb", ["x = 41", f"{gate.code}\nx += 1", "print(x)"])
    page.open_notebook("reload.ipynb")
    page.run_cell(0)
    page.start_cell(1)
    gate.reached()
    page.reload()
    gate.open()
    page.run_cell(2)
    assert page.outputs(2)[0]["text"] == "42\n"


def test_waiting_for_a_cell_ends_at_the_timeout(page: LabPage) -> None:
    page.server.write_notebook("slow.ipynb", [Gate(page.server).code])  # which nobody opens
    page.open_notebook("slow.ipynb")
    with pytest.raises(Error, match="Timeout 1000ms exceeded"):
        page.run_cell(0, timeout=1)


def test_nothing_outside_the_machine_is_reached(page: LabPage) -> None:
    page.server.write_notebook("offline.ipynb", [""])
    page.open_notebook("offline.ipynb")
    with pytest.raises(RuntimeError, match="Failed to fetch"):
        page.call("() => fetch('https://example.org/')")
    assert page.blocked == ["https://example.org/"]
    page.blocked.clear()


@pytest.mark.kernel
@pytest.mark.parametrize("version", ["6.31.0", "7.2.0"])
def test_a_notebook_runs_on_another_ipykernel(page: LabPage, kernelspec: Callable[[str], str], version: str) -> None:
    page.server.write_notebook("other.ipynb", ["import ipykernel; print(ipykernel.__version__)"], kernelspec(version))
    page.open_notebook("other.ipynb")
    page.run_cell(0)
    assert page.outputs(0)[0]["text"] == f"{version}\n"
