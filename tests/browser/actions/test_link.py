"""A link that loses messages, a kernel or a page that begins anew: the view comes to the truth."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.actions.desk import HELD, LOAD, ORDER, Desk, View
from tests.browser.actions.links import PoorLink
from tests.browser.harness import LabPage

BUSY = """%%flow busy --view table
@task
def short(n):
    time.sleep(0.04)
    print("did", n)
    if n == 77:
        raise ValueError("77 is not liked")
    return n

for part in range(18):
    short.map(range(part * 6, part * 6 + 6)).wait()
"""


def opened(page: LabPage, name: str) -> Desk:
    page.server.write_notebook(name, [LOAD])
    page.open_notebook(name)
    page.run_cell(0)
    return Desk(page)


def all_said(view: View) -> None:
    """What is true at the end of BUSY."""
    view.expect_state("succeeded")
    expect(view.number("succeeded")).to_have_text("108")
    expect(view.number("failed")).to_have_text("1")
    search = view.root.get_by_role("searchbox", name="Filter the rows by text")
    search.fill("ValueError")
    row = view.rows.filter(has_text="77 is not liked")
    expect(row).to_have_count(1)
    row.click()
    expect(view.detail.locator(".ipf-traceback")).to_contain_text("raise ValueError")
    view.tab("Graph")
    expect(view.root.locator(".ipf-node").filter(has_text="short")).to_contain_text("×108")
    view.tab("Log")
    expect(view.root.get_by_role("listbox", name="Lines of the log")).to_contain_text("did")


@pytest.mark.parametrize("world", ["lab_page", "page"])
def test_a_view_heals_on_a_link_that_loses_messages(world: str, request: pytest.FixtureRequest) -> None:
    page: LabPage = request.getfixturevalue(world)
    link = PoorLink(page)
    desk = opened(page, "poor.ipynb")
    link.rough(True)
    view = desk.run(BUSY)
    view.expect_state("succeeded")
    link.rough(False)
    counts = link.counts
    assert counts["lost"] >= 3, counts
    assert counts["late"] >= 1, counts
    assert counts["resync"] >= 1, counts
    all_said(view)
    assert page.errors == []


def test_the_last_word_of_a_run_may_be_lost_too(lab_page: LabPage) -> None:
    link = PoorLink(lab_page)
    desk = opened(lab_page, "last.ipynb")
    view = desk.held("last")
    expect(view.button("Cancel", view.head)).to_be_visible()  # what is on show comes over the link
    link.deaf(True)
    desk.let_go("last")
    lab_page.page.wait_for_function("() => window.__link.lost > 0")
    assert view.pill.get_attribute("data-state") == "running"
    link.deaf(False)
    # Nothing more comes by itself: the page asks into the silence.
    view.expect_state("succeeded")
    expect(view.number("succeeded")).to_have_text("4")


def test_a_new_kernel_under_an_open_view(lab_page: LabPage) -> None:
    desk = opened(lab_page, "anew.ipynb")
    view = desk.held("anew", options="--view table")
    row = view.rows.filter(has_text="held").first
    expect(row.get_by_role("button", name=re.compile("Cancel"))).to_be_visible()
    lab_page.call("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    lab_page.wait_kernel()
    expect(view.pill).to_have_text("was running")
    expect(view.head).to_contain_text("no word from its kernel")
    lab_page.screenshot("after-restart")
    expect(view.rows).to_have_count(4)
    expect(view.button("Cancel", view.head)).to_be_hidden()
    expect(row.get_by_role("button", name=re.compile("Cancel"))).to_be_hidden()
    menu = view.open_menu("Export")
    expect(menu.get_by_role("menuitem", name="Timeline as SVG needs the kernel")).to_have_attribute(
        "aria-disabled", "true"
    )
    expect(menu.get_by_role("menuitem", name="JSON (what this page has)")).not_to_have_attribute(
        "aria-disabled", "true"
    )
    lab_page.screenshot("menu")
    lab_page.page.keyboard.press("Escape")
    row.click()
    lab_page.screenshot("detail")
    for tab in ("Timeline", "Graph", "Log"):
        view.tab(tab)
        lab_page.screenshot(tab)
    lab_page.run_cell(0)
    again = desk.held("again")
    desk.let_go("again")
    again.expect_state("succeeded")
    assert lab_page.errors == []


def test_a_notebook_that_is_closed_and_opened_again_is_live_while_its_kernel_is(lab_page: LabPage) -> None:
    page, desk = lab_page, opened(lab_page, "closed.ipynb")
    desk.held("closed", options="--view table")
    page.save()
    close = "() => { window.jupyterapp.shell.currentWidget.close() }"
    page.page.evaluate(close)
    expect(page.page.locator(".jp-NotebookPanel")).to_have_count(0)
    page.call("() => window.jupyterapp.commands.execute('docmanager:open', { path: 'closed.ipynb' }).then(() => null)")
    page.wait_kernel()
    view = View(page, 1, page.cell(1).locator("section.ipf"))
    # Heard again: what can be done is offered.
    expect(view.button("Cancel", view.head)).to_be_visible()
    expect(view.root.get_by_role("tab", name="Table")).to_have_attribute("aria-selected", "true")
    clock = view.root.locator(".ipf-clock").inner_text()
    expect(view.root.locator(".ipf-clock")).not_to_have_text(clock)
    desk.let_go("closed")
    view.expect_state("succeeded")
    # Saved now, the file holds the end, though the page knows the output from a file only.
    page.page.wait_for_function(
        "() => JSON.stringify(window.jupyterapp.shell.currentWidget.content.widgets[1].model.outputs.toJSON())"
        ".includes('succeeded · ')"
    )
    page.save()
    page.server.shutdown_kernels()
    page.open_notebook("closed.ipynb", kernel=False, trusted=True)
    view.expect_state("succeeded")
    expect(view.rows.filter(has_text="held").filter(has_text="succeeded")).to_have_count(3)
    view.tab("Log")
    expect(view.lines.filter(has_text="closed 2 ended")).to_have_count(1)
    assert page.errors == []


def test_without_the_extension_two_views_say_the_same_and_a_new_kernel_leaves_a_picture(page: LabPage) -> None:
    desk = opened(page, "plain.ipynb")
    view = desk.held("plain", options="--view table")
    twin = desk.run("%flow show")
    page.server.write_notebook("other.ipynb", ["1"])
    twin.tab("Table")
    view.button("Pause").click()
    for one in (view, twin):
        expect(one.pill).to_have_text("running, paused")
    twin.button("Resume").click()
    expect(view.pill).to_have_text("running")
    page.call("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.wait_kernel()
    for one in (view, twin):
        expect(one.pill).to_have_text("was running")
        expect(one.button("Cancel", one.head)).to_be_hidden()
    page.screenshot("after-restart")
    page.run_cell(0)
    again = desk.held("again")
    desk.let_go("again")
    again.expect_state("succeeded")
    page.screenshot("again")
    assert page.errors == []


def test_notebook_7_has_the_same_views(lab_page: LabPage) -> None:
    page = lab_page
    page.server.write_notebook(
        "seven.ipynb", [LOAD, ORDER.format(options=" --view table"), HELD.format(name="seven", n=3, options="")]
    )
    page.open_notebook("seven.ipynb", app="notebook")
    own = "filebrowser:open-path", "reading 'schema'"  # Notebook 7's, also where nothing of ours is installed
    for cell in (0, 1, 2):
        page.run_cell(cell)
    view, held = (View(page, cell, page.cell(cell).locator("section.ipf")) for cell in (1, 2))
    view.expect_state("succeeded")
    view.in_sight()
    view.rows.filter(has_text="check_payment").click()
    expect(view.detail.locator(".ipf-traceback")).to_contain_text("raise ValueError")
    page.page.keyboard.press("Escape")
    for tab, said in (("Log", "product 3 is rare"), ("Graph", "×6"), ("Timeline", "load_user")):
        view.tab(tab)
        expect(view.root).to_contain_text(said)
    view.button("Zoom in").click()
    with page.page.expect_download() as coming:
        view.open_menu("Export").get_by_role("menuitem", name="Timeline as SVG").click()
    assert coming.value.suggested_filename.endswith(".svg")
    view.button("Replay").click()
    view.root.get_by_role("slider").press("Home")
    expect(view.number("succeeded")).to_be_hidden()
    view.button("Now").click()
    page.screenshot("seven")
    held.expect_state("running")
    held.button("Cancel", held.head).click()
    page.page.evaluate(
        "() => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
        ".requestExecute({ code: 'gates[\"seven\"].set()' }) }"
    )
    held.expect_state("cancelled")
    assert [error for error in page.errors if not any(known in error for known in own)] == []
