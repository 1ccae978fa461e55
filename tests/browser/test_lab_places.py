"""The extension in other places and conditions: consoles, views of outputs, settings, lost messages, many tasks."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.harness import Gate, LabPage
from tests.browser.test_lab import command, open_run, pill, runs, tab, wait_layout
from tests.browser.test_run_view import ASYNC, FLOW, LOAD, expect_state, view


@pytest.fixture
def settings(lab_page: LabPage) -> Iterator[None]:
    """The server remembers what is chosen: at the end nothing is."""
    yield
    save(lab_page, {})


def save(page: LabPage, chosen: dict[str, object]) -> None:
    code = "text => window.jupyterapp.serviceManager.settings.save('ipyflow-parallel:plugin', text)"
    page.call(code, json.dumps(chosen))


def test_settings_are_obeyed(lab_page: LabPage, settings: None) -> None:
    page = lab_page
    page.server.write_notebook("chosen.ipynb", [LOAD, FLOW, ASYNC])
    page.open_notebook("chosen.ipynb")
    save(page, {"tab": "graph", "foldFinished": True, "status": False, "badges": False})
    page.open_notebook("chosen.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    expect(view(page, 1).get_by_role("tab", name="Graph", include_hidden=True)).to_have_attribute(
        "aria-selected", "true"
    )
    expect_state(page, 1, "succeeded")
    expect(view(page, 1).get_by_role("button", name="Unfold the run")).to_be_visible()
    page.run_cell(2)
    expect(view(page, 2).get_by_role("tab", name="Table")).to_have_attribute("aria-selected", "true")
    expect(page.page.locator(".ipf-lab-badge")).to_have_count(0)
    expect(page.page.locator(".ipf-lab-status")).to_have_count(0)


def test_a_run_begun_in_a_console_is_live_there_and_listed(lab_page: LabPage) -> None:
    page = lab_page
    page.server.write_notebook("beside.ipynb", ["1"])
    page.open_notebook("beside.ipynb")
    page.call(
        "() => window.jupyterapp.commands.execute('console:create', { kernelPreference: { name: 'python3' } })"
        ".then(() => null)"
    )
    page.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget?.console?.sessionContext?.session?.kernel?.status === 'idle'"
    )
    for code in (LOAD, ASYNC):
        page.call("code => window.jupyterapp.shell.currentWidget.console.inject(code)", code)
    expect(pill(page.page.locator(".jp-CodeConsole"))).to_have_attribute("data-state", "running")
    command(page, "ipyflow:show-runs")
    expect(runs(page)).to_have_count(1)
    page.page.locator(".jp-CodeConsole").get_by_role("button", name="Cancel", exact=True).first.click()
    expect(pill(page.page.locator(".jp-CodeConsole"))).to_have_attribute("data-state", "cancelled")


def test_a_new_view_of_an_output_is_live_too(lab_page: LabPage) -> None:
    page = lab_page
    open_run(page, "clone.ipynb", ASYNC)
    expect_state(page, 1, "running")
    page.page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1 }")
    command(page, "notebook:create-output-view")
    clone = page.page.locator(".jp-LinkedOutputView")
    expect(pill(clone)).to_have_attribute("data-state", "running")
    expect(page.page.locator(".ipf-lab-status")).to_contain_text("3 running")
    command(page, "ipyflow:cancel-latest")
    expect(pill(clone)).to_have_attribute("data-state", "cancelled")


def test_a_view_heals_when_messages_are_lost(lab_page: LabPage) -> None:
    page = lab_page
    many = "%%flow many\n@task\ndef part(n):\n    time.sleep(0.05)\n\npart.map(range(150)).wait()\n"
    page.server.write_notebook("lost.ipynb", [LOAD, many])
    page.open_notebook("lost.ipynb")
    page.run_cell(0)
    # Every third of the kernel's messages to this page is thrown away.
    lose = """() => {
        const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
        const emit = kernel.iopubMessage.emit.bind(kernel.iopubMessage);
        let n = 0;
        window.lost = 0;
        kernel.iopubMessage.emit = message => {
            const data = message.content.data;
            if (data?.ipyflow && data.sub !== null && (n += 1) % 3 === 0) window.lost += 1;
            else emit(message);
        };
    }"""
    page.page.evaluate(lose)
    page.run_cell(1)
    expect_state(page, 1, "succeeded")
    assert page.page.evaluate("window.lost") > 3
    view(page, 1).get_by_role("tab", name="Table").click()
    expect(view(page, 1).locator(".ipf-number[data-state=succeeded]")).to_contain_text("151")


def test_run_again_goes_over_to_the_new_run(lab_page: LabPage) -> None:
    page, gate = lab_page, Gate(lab_page.server)
    gate.open()
    open_run(page, "again.ipynb", FLOW + gate.code)
    expect_state(page, 1, "succeeded")
    view(page, 1).get_by_role("tab", name="Table").click()
    gate.shut()
    view(page, 1).get_by_role("button", name="Rerun", exact=True).click()
    expect_state(page, 1, "running")
    expect(view(page, 1).get_by_role("tab", name="Table")).to_have_attribute("aria-selected", "true")
    command(page, "ipyflow:show-runs")
    expect(runs(page)).to_have_count(2)
    gate.open()
    expect_state(page, 1, "succeeded")
    page.page.wait_for_timeout(2500)
    expect_state(page, 1, "succeeded")
    assert page.errors == []


def test_two_pages_on_one_kernel_see_the_same_run(lab_page: LabPage) -> None:
    page = lab_page
    open_run(page, "pages.ipynb", ASYNC)
    page.save()
    other = LabPage(page.server, page.page.context.new_page(), "other")
    other.open_notebook("pages.ipynb")
    expect_state(other, 1, "running")
    view(other, 1).locator(".ipf-head").get_by_role("button", name="Cancel", exact=True).click()
    expect_state(other, 1, "cancelled")
    expect_state(page, 1, "cancelled")
    command(other, "ipyflow:show-runs")
    expect(runs(other)).to_have_count(1)


def test_a_tab_comes_back_without_its_notebook_and_says_when_its_kernel_is_gone(lab_page: LabPage) -> None:
    page = lab_page
    open_run(page, "alone.ipynb", ASYNC)
    expect(page.page.locator(".ipf-lab-status")).to_contain_text("3 running")
    command(page, "ipyflow:open-latest")
    expect(pill(tab(page))).to_have_attribute("data-state", "running")
    close = """() => { for (const w of window.jupyterapp.shell.widgets('main'))
        if (w.title.label === 'alone.ipynb') w.context.save().then(() => w.close()) }"""
    page.page.evaluate(close)
    expect(page.page.locator(".jp-NotebookPanel")).to_have_count(0)
    # Its line went with the notebook: the tab finds one of its own.
    pause = tab(page).get_by_role("button", name="Pause", exact=True)
    pause.click()
    expect(pill(tab(page))).to_contain_text("paused")
    tab(page).get_by_role("button", name="Resume", exact=True).click()
    expect(pill(tab(page))).not_to_contain_text("paused")
    wait_layout(page, "ipyflow-runs:", lacks="notebook:")
    page.page.reload(wait_until="domcontentloaded")
    expect(pill(tab(page))).to_have_attribute("data-state", "running")
    page.server.shutdown_kernels()
    page.page.reload(wait_until="domcontentloaded")
    expect(page.page.locator(".ipf-lab-gone")).to_contain_text("No kernel knows this run")
    page.screenshot("gone")
