"""Pipelines under cells, as a person sees and steers them in JupyterLab. Gates hold their entries; cells open them."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.harness import LabPage

LOAD = """%load_ext ipyflow
import threading
from ipyflow import in_parallel, task

gates = [threading.Event() for _ in range(4)]
broken = [True]

@task
def load():
    return "orders"

@task
def fetch(name, n):
    gates[n].wait()
    return n

@task
def check(n):
    if n == 1:
        raise ValueError("order 1 has no price")
    return n

@task
def heal(error):
    return 100

@task(with_state=True)
def total(state, numbers):
    return {"seen": len(numbers)}, sum(numbers)

@task
def close():
    print("closed")
"""
GROUP = """%%flow nightly -o answer
branches = [fetch.send(n).continue_with(check).exceptionally(heal) for n in range(4)]
whole = load.send().continue_with(in_parallel(branches, max_parallelism=2)).continue_with(total).finally_do(close)
whole.submit()
"""
STEPS = """@task
def first():
    return 1

@task
def held(n):
    gates[n].wait()
    return n + 1

@task
def fragile(n):
    if broken[0]:
        raise ValueError("not yet")
    return n * 10

@task
def double(n):
    return n * 2
"""


def view(page: LabPage, cell: int) -> Locator:
    """The live view under a cell."""
    return page.cell(cell).locator(".ipf")


def row(page: LabPage, cell: int, said: str) -> Locator:
    """A row of the timeline by a pattern of what is said of it to those who listen."""
    return view(page, cell).get_by_role("treeitem", name=re.compile(said))


def number(page: LabPage, cell: int, state: str) -> Locator:
    """How many tasks are in a state, in the head of the view."""
    return view(page, cell).locator(f".ipf-number[data-state={state}] b")


def expect_state(page: LabPage, cell: int, state: str) -> None:
    pill = view(page, cell).locator(".ipf-head .ipf-pill")
    expect(pill).to_have_attribute("data-state", state)


def test_a_group_fills_branch_by_branch_and_a_failed_one_is_healed(page: LabPage) -> None:
    cells = [LOAD, GROUP, "gates[0].set()", "for gate in gates: gate.set()", "answer.result()"]
    page.server.write_notebook("group.ipynb", cells)
    page.open_notebook("group.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    # Two branches at once: the others wait for a slot, and what follows is there as a plan.
    expect(row(page, 1, r"in_parallel #\d+, group, waiting, 0 of 4 branches")).to_be_visible()
    slot = r"fetch #\d+, branch {}, waiting, branch slot of in_parallel#\d+ \(2 at once\)"
    for branch in (2, 3):
        expect(row(page, 1, slot.format(branch))).to_be_visible()
    expect(row(page, 1, r"total #\d+, planned")).to_be_visible()
    expect(row(page, 1, r"close #\d+, finaliser, planned")).to_be_visible()
    expect(number(page, 1, "planned")).to_have_text("10")
    row(page, 1, slot.format(2)).hover()
    row(page, 1, slot.format(2)).hover(position={"x": 80, "y": 9})  # the first one scrolled, which closes cards
    expect(page.page.locator(".ipf-card[data-open]")).to_contain_text("branch 2 of in_parallel")
    page.screenshot("waiting", of=view(page, 1))
    # One branch ends: its slot goes to the next.
    page.run_cell(2)
    expect(row(page, 1, r"in_parallel #\d+, group, waiting, 1 of 4 branches")).to_be_visible()
    expect(row(page, 1, r"fetch #\d+, branch 2, running")).to_be_visible()
    view(page, 1).get_by_role("tab", name="Graph").click()
    group = view(page, 1).get_by_role("option", name=re.compile(r"in_parallel #\d+, group, .*1 of 4 branches"))
    expect(group).to_be_visible()
    expect(view(page, 1).locator(".ipf-node[data-back=planned]").filter(has_text="total")).to_be_visible()
    page.screenshot("graph", of=view(page, 1))
    # The rest.
    page.run_cell(3)
    expect_state(page, 1, "succeeded")
    expect(number(page, 1, "planned")).to_be_hidden()
    view(page, 1).get_by_role("tab", name="Timeline").click()
    expect(row(page, 1, r"check #\d+, branch 1, failed, ValueError: order 1 has no price")).to_be_visible()
    expect(row(page, 1, r"heal #\d+, handler, branch 1, succeeded, 100")).to_be_visible()
    expect(row(page, 1, r"heal #\d+, handler, branch \d, skipped, nothing failed before it")).to_have_count(3)
    expect(row(page, 1, r"in_parallel #\d+, group, succeeded")).to_be_visible()
    page.screenshot("timeline", of=view(page, 1))
    view(page, 1).get_by_role("tab", name="Table").click()
    view(page, 1).get_by_role("button", name="Only skipped (3)").click()
    expect(view(page, 1).get_by_role("row").filter(has_text="nothing failed before it")).to_have_count(3)
    view(page, 1).get_by_role("button", name="Only skipped (3)").click()
    total = view(page, 1).get_by_role("row").filter(has=page.page.locator(".ipf-name", has_text="total"))
    total.scroll_into_view_if_needed()
    total.click()
    expect(view(page, 1).locator(".ipf-part-state")).to_contain_text("{'seen': 4}")
    page.screenshot("table", of=view(page, 1))
    page.run_cell(4)
    assert page.outputs(4)[0]["data"]["text/plain"] == "105"
    assert page.errors == []


def test_retry_of_a_failed_entry_makes_the_pipeline_go_on(page: LabPage) -> None:
    start = "steps = first.send().continue_with(fragile).continue_with(double).submit()\nrepr(steps.exception())"
    cells = [LOAD, STEPS, start, "broken[0] = False", "steps.result()"]
    page.server.write_notebook("retry_entry.ipynb", cells)
    page.open_notebook("retry_entry.ipynb")
    for cell in (0, 1, 2):
        page.run_cell(cell)
    expect_state(page, 2, "failed")
    view(page, 2).get_by_role("tab", name="Table").click()
    failed = view(page, 2).get_by_role("row").filter(has=page.page.locator(".ipf-name", has_text="fragile"))
    expect(failed).to_contain_text("ValueError: not yet")
    double = view(page, 2).get_by_role("row").filter(has=page.page.locator(".ipf-name", has_text="double"))
    expect(double).to_contain_text("skipped")
    page.screenshot("failed", of=view(page, 2))
    page.run_cell(3)
    failed.get_by_role("button", name="Retry fragile").click()
    expect(double).to_contain_text("succeeded")
    expect_state(page, 2, "succeeded")
    page.screenshot("went-on", of=view(page, 2))
    page.run_cell(4)
    assert page.outputs(4)[0]["data"]["text/plain"] == "20"
    assert page.errors == []


def test_a_click_pauses_a_pipeline_and_another_lets_it_go_on(page: LabPage) -> None:
    start = "slow = first.send().continue_with(held).continue_with(held).submit()\nslow.run"
    page.server.write_notebook("pause.ipynb", [LOAD, STEPS, start, "gates[1].set()", "gates[2].set()"])
    page.open_notebook("pause.ipynb")
    for cell in (0, 1, 2):
        page.run_cell(cell)
    head = view(page, 2).locator(".ipf-head")
    expect(row(page, 2, r"held #3, running")).to_be_visible()
    # The run: what is at work goes on, what comes next does not begin.
    head.get_by_role("button", name="Pause", exact=True).click()
    expect(head.locator(".ipf-pill")).to_have_text("running, paused")
    expect(view(page, 2).locator(".ipf-said")).to_contain_text("starts nothing new")
    page.run_cell(3)
    expect(row(page, 2, r"held #3, succeeded")).to_be_visible()
    expect(row(page, 2, r"held #4, (planned|waiting, .*paused)")).to_be_visible()
    page.screenshot("paused", of=view(page, 2))
    head.get_by_role("button", name="Resume", exact=True).click()
    expect(row(page, 2, r"held #4, running")).to_be_visible()
    expect(head.locator(".ipf-pill")).to_have_text("running")
    # The pipeline itself, from its details.
    row(page, 2, r"pipeline #1, pipeline, waiting").click()
    detail = view(page, 2).locator(".ipf-detail")
    detail.get_by_role("button", name="Pause pipeline #1").click()
    expect(detail).to_contain_text("paused: starts nothing new")
    detail.get_by_role("button", name="Resume pipeline #1").click()
    expect(detail.get_by_role("button", name="Pause pipeline #1")).to_be_visible()
    page.run_cell(4)
    expect_state(page, 2, "succeeded")
    page.screenshot("ended", of=view(page, 2))
    assert page.errors == []
