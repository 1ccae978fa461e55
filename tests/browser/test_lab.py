"""Runs in JupyterLab with our extension: under their cells, in the side panel, in tabs, in the status bar."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.harness import LabPage
from tests.browser.test_run_view import ASYNC, FLOW, LOAD, expect_state, still_runs, view

MIME = "application/vnd.ipyflow-parallel.run+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
STAY = "import time; time.sleep(600)"


def panel(page: LabPage) -> Locator:
    return page.page.locator("#ipyflow-parallel-runs")


def runs(page: LabPage) -> Locator:
    return panel(page).locator(".ipf-lab-run")


def command(page: LabPage, id: str) -> None:
    page.call("id => window.jupyterapp.commands.execute(id).then(() => null)", id)


def test_a_run_is_one_output_live_while_a_cell_blocks_and_heard_when_it_is_cancelled(lab_page: LabPage) -> None:
    page = lab_page
    page.server.write_notebook("live.ipynb", [LOAD, FLOW, ASYNC, "time.sleep(8)"])
    page.open_notebook("live.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    assert [list(output["data"]) for output in page.outputs(1)] == [[MIME, "text/html", "text/plain"]]
    page.run_cell(2)
    blocked = page.start_cell(3)
    expect_state(page, 1, "succeeded")
    expect_state(page, 2, "running")
    command(page, "ipyflow:show-runs")
    expect(runs(page)).to_have_count(2)
    expect(runs(page).first).to_contain_text("listen")
    expect(runs(page).first).to_contain_text("0 of 4 finished")
    page.screenshot("lab-panel")
    runs(page).first.get_by_role("button", name="Cancel listen").click()
    expect_state(page, 2, "cancelled")
    expect(runs(page).first).to_have_attribute("data-state", "cancelled")
    assert still_runs(page, blocked)
    page.screenshot("lab-cancelled")
    assert page.errors == []
