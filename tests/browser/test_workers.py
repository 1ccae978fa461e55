"""Tasks in worker processes, as a person sees them in JupyterLab."""

from playwright.sync_api import expect

from tests.browser.harness import LabPage
from tests.browser.test_run_view import expect_state, view

LOAD = """%load_ext ipyflow
import os, time
import ipyflow as fl
from ipyflow import current, progress, task
fl.configure(processes=3);"""
RENDER = """%%flow render
@task(executor="processes", retries=1)
def tile(n):
    print("tile", n)
    for _ in progress(range(4), label="lines"):
        time.sleep(0.1)
        if n == 2 and current().attempt == 1:
            os._exit(1)
    return n

tile.map(range(7)).results()
"""
BESIDE = '_flow.run.timeline(_flow, by="worker")'


def test_workers_have_rows_and_one_that_was_lost_is_seen(page: LabPage) -> None:
    page.server.write_notebook("workers.ipynb", [LOAD, RENDER, BESIDE])
    page.open_notebook("workers.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    expect_state(page, 1, "succeeded")
    shown = view(page, 1)
    page.screenshot("workers-tasks", of=shown)
    shown.get_by_role("button", name="A row for each worker").click()
    for process in ("process-1", "process-2", "process-3"):
        expect(shown.locator(".ipf-label-worker .ipf-name", has_text=process)).to_be_visible()
    page.screenshot("workers", of=shown)
    again = shown.get_by_role("button", name="A row for each task")
    again.click()
    lost = shown.locator(".ipf-label-task", has_text="(2)")
    lost.hover()
    card = shown.page.locator(".ipf-card[data-open]")
    expect(card).to_contain_text("2, after WorkerLost")
    expect(card).to_contain_text("processes")
    word = card.locator("dt", has_text="submitted").bounding_box()
    assert word is not None
    assert word["height"] < 24, "the words of the card are broken"
    page.screenshot("workers-card")
    shown.get_by_role("tab", name="Table").click()
    shown.locator(".ipf-search").fill("processes")  # where it runs is searched too, however narrow the table is
    expect(shown.locator(".ipf-tr")).to_have_count(7)
    page.screenshot("workers-table", of=shown)
    page.run_cell(2)
    expect(page.cell(2).locator("img")).to_have_count(1)
    page.screenshot("workers-beside", of=page.cell(2))
    assert page.errors == []
