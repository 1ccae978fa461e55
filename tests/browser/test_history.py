"""Runs of kernels that are gone: in the side panel, in tabs, under their cells, gone on with and compared."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.harness import Gate, LabPage
from tests.browser.test_axe import check
from tests.browser.test_lab import command, panel, pill, runs, tab, wait_layout
from tests.browser.test_run_view import view

LOAD = """%load_ext ipyflow
import pathlib
import ipyflow as fl
from ipyflow import flow, task
fl.configure(database={database!r}, keep_results=True);"""
NIGHTLY = """@task
def fetch(n):
    with open({log!r}, "a") as log:
        print("fetch", n, file=log)
    return n

@task
def send(total):
    {gate}
    return total

@flow
def nightly(days):
    return send(sum(future.result() for future in fetch.map(range(days))))"""


def history(page: LabPage) -> Locator:
    """The rows of the history."""
    return panel(page).locator(".ipf-lab-past")


def restart(page: LabPage) -> None:
    page.call("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.wait_kernel()


def cells(page: LabPage, name: str, gate: Gate, *more: str) -> list[str]:
    """The first two cells, of a notebook with a database of its own."""
    database, log = str(page.server.root / f"{name}.sqlite"), str(page.server.root / f"{name}.log")
    return [LOAD.format(database=database), NIGHTLY.format(log=log, gate=gate.code), *more]


def test_a_flow_goes_on_that_was_lost_with_its_kernel(lab_page: LabPage) -> None:
    page, gate = lab_page, Gate(lab_page.server)
    page.server.write_notebook("lost.ipynb", cells(page, "lost", gate, "nightly.submit(3)"))
    page.open_notebook("lost.ipynb")
    for cell in (0, 1, 2):
        page.run_cell(cell)
    gate.reached()
    restart(page)
    command(page, "ipyflow:show-runs")
    for cell in (0, 1):
        page.run_cell(cell)
    # The panel knows it, and so does the output that stands since then.
    expect(history(page)).to_have_count(1)
    expect(history(page)).to_contain_text("lost")
    expect(panel(page).locator(".ipf-lab-day")).to_have_text("Today")
    expect(panel(page)).to_contain_text("on disk")
    run = view(page, 2)
    run.get_by_role("button", name="Show it from the history").click()
    expect(pill(run)).to_have_text("lost")
    expect(run.locator(".ipf-origin")).to_contain_text("Its kernel ended before it did")
    expect(run.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)
    expect(run.get_by_role("button", name="Retry", exact=True)).to_have_count(0)
    page.screenshot("lost")
    assert check(page.page, "a lost run") == []
    gate.open()
    run.locator(".ipf-resume").click()
    expect(pill(run)).to_have_text("succeeded")
    expect(run.locator(".ipf-origin")).to_have_text(
        re.compile(r"Goes on where run \w{6}-1 stopped: 3 tasks of it did not run again")
    )
    assert sorted((page.server.root / "lost.log").read_text().splitlines()) == [f"fetch {n}" for n in range(3)]
    expect(runs(page)).to_have_count(1)
    expect(history(page).get_by_role("button", name="Go on with")).to_have_count(0)
    # From what was not run again the reader gets to the run that did.
    run.get_by_role("tab", name="Table").click()
    run.get_by_role("row").filter(has_text="resumed").first.click()
    page.screenshot("gone-on-with")
    run.locator(".ipf-part-source").get_by_role("button").click()
    expect(pill(tab(page))).to_have_text("lost")
    expect(tab(page).locator(".ipf-detail-title")).to_contain_text("fetch")
    assert page.errors == []


def test_a_tab_goes_over_to_the_run_that_goes_on_and_the_lost_one_opens_in_another(lab_page: LabPage) -> None:
    page, gate = lab_page, Gate(lab_page.server)
    page.server.write_notebook("over.ipynb", cells(page, "over", gate, "nightly.submit(3)"))
    page.open_notebook("over.ipynb")
    for cell in (0, 1, 2):
        page.run_cell(cell)
    gate.reached()
    restart(page)
    command(page, "ipyflow:show-runs")
    for cell in (0, 1):
        page.run_cell(cell)
    gate.open()
    row = history(page).locator(".ipf-lab-main")
    row.click()
    expect(pill(tab(page))).to_have_text("lost")
    tab(page).locator(".ipf-resume").press("Enter")
    expect(pill(tab(page))).to_have_text("succeeded")
    expect(tab(page).locator(".ipf-head :focus")).to_have_count(1)
    row.click()
    expect(tab(page)).to_have_count(2)
    expect(pill(tab(page).last)).to_have_text("lost")
    assert page.errors == []


def test_the_history_is_searched_opened_compared_and_deleted_by_keyboard(lab_page: LabPage) -> None:
    page, gate = lab_page, Gate(lab_page.server)
    gate.open()
    more = ("nightly(2)", "nightly(4)", "[fetch.submit(n).result() for n in range(2)]")
    page.server.write_notebook("many.ipynb", cells(page, "many", gate, *more))
    page.open_notebook("many.ipynb")
    for cell in range(5):
        page.run_cell(cell)
    restart(page)
    page.run_cell(0)
    command(page, "ipyflow:show-runs")
    expect(history(page)).to_have_count(3)
    expect(panel(page)).to_contain_text("Nothing has been run")
    command(page, "ipyflow:search-history")
    expect(panel(page).get_by_role("searchbox", name="Search the history")).to_be_focused()
    page.page.keyboard.type("night")
    expect(history(page)).to_have_count(2)
    panel(page).get_by_role("combobox", name="State of the runs").select_option("failed")
    expect(history(page)).to_have_count(0)
    expect(panel(page)).to_contain_text("No earlier run fits")
    panel(page).get_by_role("combobox", name="State of the runs").select_option("")
    expect(history(page)).to_have_count(2)
    page.screenshot("searched")
    # From here on by keyboard: the newer one opens in a tab, which comes back after a reload.
    history(page).first.locator(".ipf-lab-main").focus()
    page.page.keyboard.press("Enter")
    expect(pill(tab(page))).to_have_text("succeeded")
    expect(tab(page).locator(".ipf-origin")).to_contain_text("Run ")
    wait_layout(page, "ipyflow-runs:")
    page.page.reload(wait_until="domcontentloaded")
    expect(pill(tab(page))).to_have_text("succeeded")
    expect(history(page)).to_have_count(3)
    # Two of them beside each other.
    history(page).nth(1).locator(".ipf-lab-main").focus()
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("Enter")
    expect(panel(page).locator(".ipf-lab-choice")).to_contain_text("Compare nightly")
    history(page).nth(2).locator(".ipf-lab-main").focus()
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("Enter")
    compared = page.page.locator(".ipf-compare")
    expect(compared).to_contain_text("nightly")
    expect(compared).to_contain_text("only after")
    page.screenshot("compared")
    assert check(page.page, "compared and listed") == []
    # One is deleted: the reader is asked first.
    history(page).first.locator(".ipf-lab-main").focus()
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("Enter")
    page.page.locator(".jp-Dialog").get_by_role("button", name="Delete").click()
    expect(history(page)).to_have_count(2)
    page.call("() => { [...window.jupyterapp.shell.widgets('main')].find(one => one.context).dispose() }")
    # What was compared comes back without its notebook, too.
    wait_layout(page, "ipyflow-compare:", "notebook:")
    page.page.reload(wait_until="domcontentloaded")
    expect(compared).to_contain_text("only after")
    assert page.errors == []


def test_without_the_extension_a_run_of_the_past_is_shown_too(page: LabPage) -> None:
    gate = Gate(page.server)
    gate.open()
    page.server.write_notebook("plain.ipynb", cells(page, "plain", gate, "nightly(2)", "fl.history()[0]"))
    page.open_notebook("plain.ipynb")
    for cell in (0, 1, 2):
        page.run_cell(cell)
    restart(page)
    page.run_cell(0)
    page.run_cell(3)
    run = view(page, 3)
    expect(pill(run)).to_have_text("succeeded")
    expect(run.locator(".ipf-origin")).to_contain_text("Run ")
    run.get_by_role("tab", name="Table").click()
    run.get_by_role("row").filter(has_text="fetch").first.click()
    expect(run.locator(".ipf-part-args")).to_contain_text("fetch(0)")
    expect(run.get_by_role("button", name="Copy as code")).to_have_count(0)
    assert page.errors == []
