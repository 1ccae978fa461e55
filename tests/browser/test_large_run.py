"""A run of 100,000 tasks in one view: aggregated, quick to open, answering while it grows."""

import pytest
from playwright.sync_api import expect

from tests.browser.harness import LabPage

LOAD = """%load_ext ipyflow
import ipyflow as fl

@fl.task
def square(n):
    if n % 25_000 == 7:
        raise ValueError(f"{n} is not allowed")
    return n * n
"""
FLOW = """%%flow squares
futures = square.map(range(100_000))
done, _ = fl.wait(futures)
sum(1 for f in done if f.exception() is None)
"""


@pytest.mark.timeout(180)
def test_a_run_of_100_000_tasks_stays_usable(page: LabPage) -> None:
    page.server.write_notebook("large.ipynb", [LOAD, FLOW, "_flow.result()"])
    page.open_notebook("large.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    view = page.cell(1).locator(".ipf")
    pill = view.locator(".ipf-head .ipf-pill")
    # The view answers while the tasks are at work.
    view.get_by_role("tab", name="Table", exact=True).click()
    expect(view.get_by_role("grid")).to_be_visible()
    view.get_by_role("tab", name="Timeline", exact=True).click()
    expect(pill).to_have_attribute("data-state", "succeeded", timeout=90_000)
    page.run_cell(2)
    assert page.outputs(2)[0]["data"]["text/plain"] == "99996"
    page.screenshot("timeline", of=view)
    # One lane for 100,000 tasks.
    lane = view.get_by_role("treeitem", name="square, 100", exact=False)
    expect(lane.filter(has_text="×100")).to_have_count(1)
    view.get_by_role("tab", name="Graph", exact=True).click()
    expect(view.locator(".ipf-node")).to_have_count(2)
    page.screenshot("graph", of=view)
    view.get_by_role("tab", name="Table", exact=True).click()
    view.get_by_placeholder("Filter").fill("not allowed")
    rows = view.get_by_role("row").filter(has_text="ValueError")
    expect(rows).to_have_count(4)
    page.screenshot("table", of=view)
    rows.first.click()
    expect(view.locator(".ipf-detail .ipf-exception")).to_contain_text("is not allowed")
    assert page.errors == []
