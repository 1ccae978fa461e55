"""A hundred thousand tasks in one view: every tab answers, one can come close, and the page stays small."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.actions.desk import LOAD, Desk
from tests.browser.harness import LabPage

LARGE = """%%flow large
@task
def tiny(n):
    if n % 20_000 == 77:
        raise ValueError(f"{n} is not liked")
    return n

done, _ = fl.wait(tiny.map(range(100_000)))
len(done)
"""
# What the page's own objects take, once what is not needed any more has gone.
MOST_BYTES = 300_000_000


@pytest.mark.timeout(180)
def test_a_hundred_thousand_tasks(lab_page: LabPage) -> None:
    page = lab_page
    page.server.write_notebook("large.ipynb", [LOAD])
    page.open_notebook("large.ipynb")
    page.run_cell(0)
    view = Desk(page).run(LARGE)
    # The view answers while the tasks are at work.
    view.tab("Table")
    expect(view.rows.first).to_be_visible()
    view.tab("Timeline")
    view.expect_state("succeeded", 90)
    view.in_sight()
    lane = view.root.locator(".ipf-label-lane").filter(has_text="tiny")
    expect(lane).to_contain_text("×100\u202f000")
    view.screenshot("timeline")
    whole = view.stretch()
    bars = view.root.locator(".ipf-bars").bounding_box()
    assert bars is not None
    x, y = bars["x"] + bars["width"] / 2, bars["y"] + 60
    mouse, keyboard = page.page.mouse, page.page.keyboard
    mouse.move(x, y)
    keyboard.down("Control")
    for part in (0.6, 0.4, 0.25):
        mouse.wheel(0, -400)
        near = view.wait_stretch("to - from < of[0]", part * (whole[1] - whole[0]))
    keyboard.up("Control")
    mouse.down()
    for step in range(1, 11):
        mouse.move(x - 20 * step, y)
    mouse.up()
    view.wait_stretch("from > of[0]", near[0])
    view.screenshot("near")
    view.button("Show all").click()
    view.tab("Graph")
    expect(view.root.locator(".ipf-node")).to_have_count(2)
    view.screenshot("graph")
    view.tab("Table")
    view.root.get_by_role("button", name=re.compile("Only failed")).click()
    expect(view.rows).to_have_count(5)
    view.rows.last.click()
    expect(view.detail.locator(".ipf-exception")).to_contain_text("is not liked")
    session = page.page.context.new_cdp_session(page.page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    assert metrics["JSHeapUsedSize"] < MOST_BYTES
    assert page.errors == []
