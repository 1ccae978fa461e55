"""Runs in JupyterLab with our extension: under their cells, in the side panel, in tabs, in the status bar."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.harness import Gate, LabPage
from tests.browser.test_run_view import ASYNC, FLOW, LOAD, expect_state, still_runs, view

MIME = "application/vnd.ipyflow-parallel.run+json"
OUTPUT = "window.jupyterapp.shell.currentWidget.content.widgets[1].model.outputs.get(0).toJSON()"
# JupyterLab writes its layout down a second after the last change, or later.
LAYOUT_IS_KEPT = """async ([holds, lacks]) => {
    const [, name] = /workspaces\\/([^/]+)/.exec(window.location.pathname);
    for (;;) {
        const { data } = await window.jupyterapp.serviceManager.workspaces.fetch(name);
        const layout = JSON.stringify(data['layout-restorer:data']?.main?.dock ?? null);
        if (layout.includes(holds) && !(lacks && layout.includes(lacks))) return;
        await new Promise(goOn => setTimeout(goOn, 100));
    }
}"""
WIDGET = "application/vnd.jupyter.widget-view+json"


def panel(page: LabPage) -> Locator:
    return page.page.locator("#ipyflow-parallel-runs")


def runs(page: LabPage) -> Locator:
    return panel(page).locator(".ipf-lab-run")


def tab(page: LabPage) -> Locator:
    return page.page.locator(".ipf-lab-tab")


def pill(view: Locator) -> Locator:
    return view.locator(".ipf-head .ipf-pill")


def command(page: LabPage, id: str) -> None:
    page.call("id => window.jupyterapp.commands.execute(id).then(() => null)", id)


def wait_layout(page: LabPage, holds: str, lacks: str = "") -> None:
    """Wait until a reload will bring the widget `holds` back, and not `lacks`."""
    page.call(LAYOUT_IS_KEPT, [holds, lacks])


def open_run(page: LabPage, name: str, *cells: str) -> None:
    """Open a notebook and run all its cells, the first one with `LOAD`."""
    page.server.write_notebook(name, [LOAD, *cells])
    page.open_notebook(name)
    for index in range(len(cells) + 1):
        page.run_cell(index)


def test_a_run_is_one_output_and_live_while_a_cell_blocks(lab_page: LabPage) -> None:
    page, gate = lab_page, Gate(lab_page.server)
    open_run(page, "live.ipynb", FLOW, ASYNC)
    assert [list(output["data"]) for output in page.outputs(1)] == [[MIME, "text/html", "text/plain"]]
    command(page, "notebook:insert-cell-below")
    page.call(
        "code => { window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource(code) }",
        gate.code,
    )
    blocked = page.start_cell(3)
    gate.reached()
    expect_state(page, 1, "succeeded")
    expect_state(page, 2, "running")
    # The kernel's light says what the cell does, not what we ask.
    assert page.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status") == "busy"
    command(page, "ipyflow:show-runs")
    expect(runs(page)).to_have_count(2)
    expect(runs(page).first).to_contain_text("0 of 4 finished")
    expect(runs(page).nth(1)).to_contain_text("5 tasks · 1 failed")
    expect(page.page.locator(".ipf-lab-status")).to_contain_text("3 running")
    expect(page.page.locator(".ipf-lab-status")).to_contain_text("1 failed")
    page.screenshot("panel")
    # A click in the panel is heard while the cell blocks.
    runs(page).first.get_by_role("button", name="Cancel listen").click()
    expect_state(page, 2, "cancelled")
    expect(runs(page).first).to_have_attribute("data-state", "cancelled")
    assert still_runs(page, blocked)
    gate.open()
    page.wait_cell(blocked)
    assert page.errors == []


def test_a_cell_whose_run_goes_on_is_marked_until_it_ends(lab_page: LabPage) -> None:
    page = lab_page
    open_run(page, "badge.ipynb", ASYNC)
    badge = page.cell(1).locator(".ipf-lab-badge")
    expect(badge).to_be_visible()
    expect(badge).to_have_attribute("title", "listen: 0 of 4 finished")
    expect(page.cell(0).locator(".ipf-lab-badge")).to_have_count(0)
    command(page, "ipyflow:cancel-latest")
    expect(badge).to_have_count(0)


def test_the_panel_and_the_view_live_on_after_a_reload_while_a_cell_blocks(lab_page: LabPage) -> None:
    page, gate = lab_page, Gate(lab_page.server)
    page.server.write_notebook("reload.ipynb", [LOAD, ASYNC, gate.code])
    page.open_notebook("reload.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    command(page, "ipyflow:show-runs")
    expect(runs(page)).to_have_count(1)
    page.save()
    page.start_cell(2)
    gate.reached()
    page.reload()
    expect(runs(page)).to_have_count(1)
    expect(runs(page).first).to_have_attribute("data-state", "running")
    view(page, 1).locator(".ipf-head").get_by_role("button", name="Cancel", exact=True).click()
    expect_state(page, 1, "cancelled")
    expect(runs(page).first).to_have_attribute("data-state", "cancelled")
    # JupyterLab has forgotten which output is meant: the view itself brings its picture up to date.
    state = f"() => {OUTPUT}.data['{MIME}'].run.state === 'cancelled'"
    page.page.wait_for_function(state)
    page.save()
    saved = next(output for output in page.server.read_notebook("reload.ipynb").cells[1].outputs if "data" in output)
    assert saved.data[MIME]["run"]["state"] == "cancelled"
    assert "cancelled" in saved.data["text/plain"]


def test_a_run_opens_in_a_tab_that_comes_back_after_a_reload(lab_page: LabPage) -> None:
    page = lab_page
    open_run(page, "tab.ipynb", ASYNC)
    view(page, 1).get_by_role("button", name="Open in a tab").or_(view(page, 1).locator(".ipf-pop-out")).first.click()
    expect(pill(tab(page))).to_have_attribute("data-state", "running")
    expect(tab(page)).to_be_visible()
    page.screenshot("tab")
    box = tab(page).locator(".ipf-run").bounding_box()
    assert box is not None
    assert box["height"] > 600, "a tab's view is as large as the tab"
    wait_layout(page, "ipyflow-runs:")
    page.page.reload(wait_until="domcontentloaded")
    expect(pill(tab(page))).to_have_attribute("data-state", "running")
    tab(page).locator(".ipf-head").get_by_role("button", name="Cancel", exact=True).click()
    expect(pill(tab(page))).to_have_attribute("data-state", "cancelled")


def test_two_views_and_two_notebooks_on_one_kernel_say_the_same(lab_page: LabPage) -> None:
    page = lab_page
    open_run(page, "one.ipynb", ASYNC, "%flow show")
    page.server.write_notebook("two.ipynb", ["1"])
    share = """async () => {
        const app = window.jupyterapp, id = app.shell.currentWidget.sessionContext.session.kernel.id;
        await app.commands.execute('docmanager:open', { path: 'two.ipynb', kernel: { id } });
    }"""
    page.call(share)
    command(page, "ipyflow:show-runs")
    expect(panel(page)).to_contain_text("two.ipynb")
    expect(runs(page)).to_have_count(1)
    runs(page).first.get_by_role("button", name="Cancel listen").click()
    for cell in (1, 2):
        expect(
            page.page.locator(".jp-NotebookPanel").first.locator(".jp-Cell").nth(cell).locator(".ipf-pill").first
        ).to_have_attribute("data-state", "cancelled")
    runs(page).first.get_by_role("button", name="Show the cell of listen").click()
    expect(panel(page)).to_contain_text("one.ipynb")
    # The notebook whose line was used is closed: the other one's is.
    page.call(
        "() => { for (const w of window.jupyterapp.shell.widgets('main'))"
        " if (w.title.label === 'one.ipynb') { w.context.save().then(() => w.close()) } }"
    )
    expect(panel(page)).to_contain_text("two.ipynb")
    expect(runs(page)).to_have_count(1)


def test_a_restart_leaves_the_picture_and_empties_the_list(lab_page: LabPage) -> None:
    page = lab_page
    open_run(page, "restart.ipynb", ASYNC)
    view(page, 1).get_by_role("tab", name="Graph").click()
    command(page, "ipyflow:show-runs")
    expect(runs(page)).to_have_count(1)
    page.call("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect(runs(page)).to_have_count(0)
    expect(panel(page)).to_contain_text("ipyflow is not loaded in this kernel")
    expect(view(page, 1).get_by_role("tab", name="Graph")).to_have_attribute("aria-selected", "true")
    expect(page.page.locator(".ipf-lab-badge")).to_have_count(0)
    page.wait_kernel()
    page.run_cell(0)
    expect(panel(page)).to_contain_text("Nothing has been run")
    page.run_cell(1)
    expect(runs(page)).to_have_count(1)
    expect_state(page, 1, "running")
    assert page.errors == []


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "untrusted"])
def test_a_saved_file_without_its_kernel_shows_one_picture(lab_page: LabPage, trusted: bool) -> None:
    page = lab_page
    open_run(page, f"saved-{trusted}.ipynb", FLOW)
    expect_state(page, 1, "succeeded")
    page.run_cell(0)  # the end of a cell brings pictures up to date
    page.save()
    page.server.shutdown_kernels()
    page.open_notebook(f"saved-{trusted}.ipynb", kernel=False, trusted=trusted)
    assert len([output for output in page.outputs(1) if "data" in output]) == 1
    output = page.cell(1).locator(f"[data-mime-type='{MIME if trusted else 'text/html'}']")
    expect(output).to_have_count(1)
    if trusted:
        expect_state(page, 1, "succeeded")
        view(page, 1).get_by_role("tab", name="Table").click()
        expect(view(page, 1).get_by_role("row").filter(has_text="check_payment")).to_contain_text("failed")
    else:
        expect(page.cell(1).locator(".ipf")).to_have_count(0)
        expect(output.locator("img").first).to_be_visible()
    page.screenshot("saved")
    assert page.errors == []


def test_outputs_of_the_world_without_the_extension_are_drawn_once(page: LabPage, lab_page: LabPage) -> None:
    open_run(page, "old.ipynb", FLOW)
    expect_state(page, 1, "succeeded")
    page.run_cell(0)
    page.save()
    kinds = [next(iter(output["data"])) for output in page.outputs(1) if "data" in output]
    assert kinds == [WIDGET, MIME]
    (lab_page.server.root / "old.ipynb").write_text((page.server.root / "old.ipynb").read_text())
    lab_page.open_notebook("old.ipynb", kernel=False, trusted=True)
    expect_state(lab_page, 1, "succeeded")
    expect(lab_page.cell(1).get_by_text("model not found")).to_have_count(0)
    expect(lab_page.cell(1).locator(".jp-OutputArea-child:visible:not(:has(.jp-RenderedText))")).to_have_count(1)


def test_commands_stand_in_the_palette_and_act_on_the_latest_run(lab_page: LabPage) -> None:
    page = lab_page
    open_run(page, "palette.ipynb", ASYNC)
    expect(page.page.locator(".ipf-lab-status")).to_contain_text("3 running")
    page.page.keyboard.press("Control+Shift+C")
    page.page.keyboard.type("ipyflow")
    listed = page.page.locator(".lm-CommandPalette-item")
    for label in ("Show the Runs", "Cancel the Latest Run", "Pause or Resume", "Open the Lessons"):
        expect(listed.filter(has_text=label)).to_have_count(1)
    page.screenshot("palette")
    page.page.keyboard.press("Escape")
    page.page.keyboard.press("Alt+Shift+R")
    expect(runs(page)).to_have_count(1)
    page.page.keyboard.press("Alt+Shift+P")
    expect(runs(page).first).to_contain_text("paused")
    page.page.keyboard.press("Alt+Shift+P")
    expect(runs(page).first).not_to_contain_text("paused")
    page.page.keyboard.press("Alt+Shift+O")
    expect(pill(tab(page))).to_have_attribute("data-state", "running")
    page.page.keyboard.press("Alt+Shift+K")
    expect(pill(tab(page))).to_have_attribute("data-state", "cancelled")


def test_the_line_of_a_magic_is_coloured_and_python_stays_python(lab_page: LabPage) -> None:
    page = lab_page
    page.server.write_notebook("colour.ipynb", ["%%flow order(user=17) --view table\nx = 1", "x = '%%flow f'"])
    page.open_notebook("colour.ipynb", kernel=False)
    for part, text in [("magic", "%%flow"), ("name", "order"), ("parameter", "user"), ("option", "--view")]:
        expect(page.cell(0).locator(f".ipf-magic-{part}").first).to_contain_text(text)
    expect(page.cell(0).locator(".cm-line").nth(1).locator(".ipf-magic")).to_have_count(0)
    expect(page.cell(1).locator(".ipf-magic")).to_have_count(0)


def test_the_lessons_are_copied_where_there_are_none(lab_page: LabPage) -> None:
    page = lab_page
    page.server.write_notebook("lessons.ipynb", ["1"])
    page.open_notebook("lessons.ipynb", kernel=False)
    page.page.evaluate("void window.jupyterapp.commands.execute('ipyflow:open-lessons')")
    page.page.get_by_role("button", name="Copy and open").click()
    expect(page.page.locator(".jp-NotebookPanel").filter(has_text="The lessons")).to_have_count(1)
    assert (page.server.root / "ipyflow-lessons" / "01-futures.ipynb").is_file()


def test_notebook_7_draws_runs_and_has_the_panel(lab_page: LabPage) -> None:
    page = lab_page
    page.server.write_notebook("seven.ipynb", [LOAD, ASYNC])
    page.open_notebook("seven.ipynb", app="notebook")
    page.run_cell(0)
    page.run_cell(1)
    expect_state(page, 1, "running")
    expect(page.cell(1).locator(".ipf-lab-badge")).to_be_visible()
    command(page, "ipyflow:show-runs")
    expect(runs(page)).to_have_count(1)
    page.screenshot("notebook")
    runs(page).first.get_by_role("button", name="Cancel listen").click()
    expect_state(page, 1, "cancelled")


def test_by_night(lab_page: LabPage, lab_dark: Callable[[], None]) -> None:
    page = lab_page
    open_run(page, "night.ipynb", FLOW, ASYNC)
    lab_dark()
    command(page, "ipyflow:show-runs")
    expect(runs(page)).to_have_count(2)
    page.screenshot("dark")
