"""What a person does with the head, the log and the pane of a run, in JupyterLab."""

import xml.etree.ElementTree as ET

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.harness import Gate, LabPage
from tests.browser.test_run_view import LOAD, expect_state, still_runs, view

LOUD = """%%flow loud --view log
import sys, warnings

@task
def speak(n):
    for i in range(20):
        print(f"{n}: line {i}")
        time.sleep(0.1)
    return n

@task
def complain():
    print("\\x1b[31mno\\x1b[0m <b>way</b>", file=sys.stderr)
    raise ValueError("not today")

talk, trouble = speak.map(range(3)), complain.submit()
talk.wait()
"""


def choose(within: Locator, button: str, item: str) -> None:
    within.get_by_role("button", name=button, exact=True).click()
    within.get_by_role("menuitem", name=item, exact=True).click()


def lines(shown: Locator) -> Locator:
    return shown.get_by_role("listbox", name="Lines of the log").get_by_role("option")


@pytest.fixture
def gate(page: LabPage) -> Gate:
    return Gate(page.server)


@pytest.fixture
def loud(page: LabPage, gate: Gate) -> LabPage:
    page.server.write_notebook("loud.ipynb", [LOAD, LOUD, gate.code, ""])
    page.open_notebook("loud.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    return page


def test_the_log_follows_a_run_while_a_cell_blocks_and_is_chosen_from(loud: LabPage, gate: Gate) -> None:
    shown = view(loud, 1)
    blocked = loud.start_cell(2)
    gate.reached()
    expect(lines(shown).filter(has_text="line 19")).to_have_count(3)
    loud.screenshot("log", of=shown)
    expect_state(loud, 1, "succeeded")
    assert still_runs(loud, blocked)
    shown.get_by_role("button", name="Only stderr").click()
    expect(lines(shown)).to_have_count(1)
    expect(lines(shown)).to_contain_text("no <b>way</b>")
    lines(shown).locator("[data-task]").click()
    detail = shown.locator(".ipf-detail")
    expect(detail).to_contain_text("not today")
    shown.get_by_role("button", name="Only stderr").click()
    detail.get_by_role("button", name="Show in the log").click()
    expect(lines(shown)).to_have_count(1)
    shown.get_by_label("Only the lines of one task").fill("")
    expect(lines(shown)).not_to_have_count(1)
    # By keyboard: to the first line, and from it to its task.
    shown.get_by_role("listbox", name="Lines of the log").press("Home")
    loud.page.keyboard.press("Enter")
    expect(detail.locator(".ipf-detail-title")).to_contain_text("speak")
    loud.page.keyboard.press("Escape")
    expect(detail).to_be_hidden()
    gate.open()
    loud.wait_cell(blocked)
    assert loud.errors == []


def test_a_run_is_taken_along_as_files(loud: LabPage) -> None:
    shown = view(loud, 1)
    expect_state(loud, 1, "succeeded")
    for item, ending in (("Timeline as SVG", ".svg"), ("Timeline as PNG", ".png"), ("JSON (the log)", ".json")):
        with loud.page.expect_download() as download:
            choose(shown, "Export", item)
        path = download.value.path()
        assert download.value.suggested_filename.endswith(ending)
        content = path.read_bytes()
        if ending == ".svg":
            assert ET.fromstring(content).tag.endswith("svg")
        elif ending == ".png":
            assert content.startswith(b"\x89PNG")
        expect(shown.locator(".ipf-said")).to_contain_text(download.value.suggested_filename)
    assert loud.errors == []


def test_code_from_the_pane_gets_at_the_future(loud: LabPage) -> None:
    shown = view(loud, 1)
    expect_state(loud, 1, "succeeded")
    shown.get_by_role("tab", name="Table").click()
    shown.get_by_role("row").filter(has_text="complain").click()
    loud.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown.locator(".ipf-detail").get_by_role("button", name="Copy as code").click()
    expect(shown.locator(".ipf-detail").get_by_role("button", name="Copied")).to_be_visible()
    code = loud.call("async () => await navigator.clipboard.readText()")
    write = (
        "([index, code]) => window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel"
        ".setSource(code)"
    )
    loud.call(write, [3, code + "print(type(future.exception()).__name__)"])
    loud.run_cell(3)
    assert loud.outputs(3)[0]["text"] == "ValueError\n"


def test_an_ended_run_is_run_again_from_its_view(page: LabPage) -> None:
    page.server.write_notebook("again.ipynb", [LOAD, "%%flow twice\n@task\ndef one():\n    return 1\none()\n"])
    page.open_notebook("again.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    expect_state(page, 1, "succeeded")
    shown = view(page, 1)
    shown.locator(".ipf-label").first.click()
    expect(shown.locator(".ipf-detail-title")).to_be_visible()
    shown.get_by_role("button", name="Rerun", exact=True).click()
    # The pane was about a task of the run before.
    expect(shown.locator(".ipf-detail")).to_be_hidden()
    expect_state(page, 1, "succeeded")
    assert page.errors == []


def test_a_saved_run_shows_what_was_kept_and_offers_only_that(lab_page: LabPage) -> None:
    lab_page.server.write_notebook("kept.ipynb", [LOAD, LOUD, "%flow wait"])
    lab_page.open_notebook("kept.ipynb")
    for cell in range(3):
        lab_page.run_cell(cell)
    expect_state(lab_page, 1, "succeeded")
    lab_page.save()
    lab_page.server.shutdown_kernels()
    lab_page.open_notebook("kept.ipynb", kernel=False, trusted=True)
    shown = view(lab_page, 1)
    shown.get_by_role("tab", name="Log").click()
    expect(lines(shown).filter(has_text="line 0").first).to_be_visible()
    shown.get_by_role("tab", name="Table").click()
    row = shown.get_by_role("row").filter(has_text="complain")
    expect(row.get_by_role("button", name="Retry")).to_be_hidden()
    row.click()
    expect(shown.locator(".ipf-detail .ipf-traceback")).to_contain_text("ValueError: not today")
    shown.get_by_role("button", name="Export", exact=True).click()
    expect(shown.get_by_role("menuitem", name="Timeline as SVG")).to_have_attribute("aria-disabled", "true")
    with lab_page.page.expect_download() as download:
        shown.get_by_role("menuitem", name="JSON (what this page has)").click()
    assert download.value.suggested_filename == "loud.json"
    assert lab_page.errors == []
