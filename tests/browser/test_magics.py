"""The magics as a person writes them in JupyterLab: a task is defined, run and looked at, with Tab for what it can."""

from playwright.sync_api import Locator, expect

from tests.browser.harness import LabPage
from tests.browser.test_run_view import expect_state, view

CELLS = [
    "%load_ext ipyflow\nimport time",
    '%%task load(name: str, pause=0.2) -> str --retries 2 --limit 3\ntime.sleep(pause)\nreturn f"{name} loaded"',
    'found = load.map(["users", "orders", "prices"])\nfound.results()',
    "%flow sh",
    "%flow explain lo",
    "%%task load(name) --retires 2\nreturn name",
    'load("again", pause=0)',
]


def completed(page: LabPage, index: int, more: str = "") -> tuple[Locator, Locator]:
    """Write more at the end of a cell and press Tab: the cell's text, and what is offered."""
    text = page.cell(index).locator(".cm-content")
    text.click()
    page.page.keyboard.press("End")
    page.page.keyboard.type(more)
    page.page.keyboard.press("Tab")
    offers = page.page.locator(".jp-Completer-item .jp-Completer-match")
    expect(offers.first).to_be_visible()
    return text, offers


def test_a_task_is_defined_run_and_looked_at(lab_page: LabPage) -> None:
    page = lab_page
    page.server.write_notebook("magics.ipynb", CELLS)
    page.open_notebook("magics.ipynb")
    for index in range(3):
        page.run_cell(index)

    # The line is coloured; defining shows nothing, and what a plain cell submits gets a view by itself.
    for part, said in (
        ("-magic", "%%task"),
        ("-name", "load"),
        ("-option", "->--retries--limit"),
        ("-value", "0.2str23"),
    ):
        coloured = page.cell(1).locator(f".ipf-magic{part}")
        assert "".join(coloured.all_inner_texts()) == said
    assert page.outputs(1) == []
    expect_state(page, 2, "succeeded")
    expect(view(page, 2).locator(".ipf-head")).to_contain_text("3 succeeded")

    # Tab: a command, an option, its value; then the line is run.
    text, offers = completed(page, 3)
    expect(offers).to_have_text(["show"])
    page.page.keyboard.press("Enter")
    expect(text).to_have_text("%flow show")
    completed(page, 3, " --")
    page.page.keyboard.press("Enter")
    expect(text).to_have_text("%flow show --view")
    _, offers = completed(page, 3, " gr")
    page.screenshot("completion")
    page.page.keyboard.press("Enter")
    expect(text).to_have_text("%flow show --view graph")
    page.run_cell(3)
    expect(view(page, 3).get_by_role("tab", name="Graph")).to_have_attribute("aria-selected", "true")

    # A task by its name and number; runs of other days may have names that begin so, too.
    text, offers = completed(page, 4)
    offers = offers.filter(has_text="#")
    expect(offers).to_have_count(3)
    assert sorted(offers.all_inner_texts()) == ["load#1", "load#2", "load#3"]
    offers.first.click()
    page.run_cell(4)
    expect(page.cell(4).locator(".jp-OutputArea-output")).to_contain_text("load#1 succeeded")

    # A line that is wrong says what it should be, and the task that had the name is still there.
    page.run_cell(5)
    error = page.cell(5).locator(".jp-OutputArea-output")
    expect(error).to_contain_text("UsageError: %%task has no option --retires; did you mean --retries?")
    page.run_cell(6)
    assert page.outputs(6)[0]["data"]["text/plain"] == "'again loaded'"
    assert page.errors == []
