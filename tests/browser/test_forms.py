"""A form that starts a flow, as a person uses it: with and without our extension, by mouse and by keyboard."""

from playwright.sync_api import Locator, expect

from tests.browser.actions.desk import EXECUTE
from tests.browser.conftest import change_theme
from tests.browser.harness import LabPage
from tests.browser.test_axe import AXE, RUN

LOAD = """%load_ext ipyflow
import threading
from typing import Annotated, Literal
from pydantic import BaseModel, Field
from ipyflow import flow, task

gate = threading.Event()

class Shelf(BaseModel):
    room: str = "cellar"
    board: Annotated[int, Field(ge=1)] = 1

@task
def fetch(n):
    if n == 13:
        raise LookupError("nobody has it")
    return n

@flow
def collect(name: str, pages: int = 3, kind: Literal["book", "map"] = "book", new: bool = False, shelf=Shelf()):
    '''Collect <b>pages</b>.

    Args:
        pages: how many there are.
    '''
    if pages == 1:
        gate.set()
    return [name, kind, new, shelf.board, *fetch.map(range(pages)).results()]
"""
# Its cell, edited: nothing is unlucky any more.
MENDED = """@task
def fetch(n):
    return n
"""
FORM = "form = collect.form(name='atlas')\nform"
# JupyterLab asks for the subshell of a page's widgets when it has drawn them; what is said before waits for the cell.
IN_SUBSHELL = """() => {
    const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
    return [...kernel._comms.values()].every(comm => comm.subshellId);
}"""


def form_of(page: LabPage, cell: int = 1) -> Locator:
    return page.cell(cell).locator(".ipyflow-form")


def field(form: Locator, label: str) -> Locator:
    """The input; not a row of the run's view, which names what the flow was started with."""
    return form.get_by_label(label, exact=True)


def button(form: Locator, name: str) -> Locator:
    return form.get_by_role("button", name=name, exact=True)


def launches(form: Locator) -> Locator:
    return form.locator(".ipyflow-form-launch")


def expect_state(form: Locator, state: str) -> None:
    expect(form.locator(".ipf-head .ipf-pill")).to_have_attribute("data-state", state)


def narrow(page: LabPage) -> None:
    page.call("async () => window.jupyterapp.shell.collapseLeft()")


def begin(page: LabPage, name: str, *cells: str) -> Locator:
    page.server.write_notebook(name, [LOAD, FORM, *cells])
    page.open_notebook(name)
    page.run_cell(0)
    page.run_cell(1)
    form = form_of(page)
    expect(button(form, "Start")).to_be_visible()
    return form


def test_a_form_is_filled_in_corrected_started_and_shows_its_runs(lab_page: LabPage) -> None:
    page, form = lab_page, begin(lab_page, "form.ipynb", "import ipyflow\nipyflow.Builder()")
    try:
        change_theme(page, "Dark")
        expect(form).to_contain_text("Collect <b>pages</b>.")
        expect(form).to_contain_text("how many there are.")
        pages, board = field(form, "pages"), field(form, "board")
        pages.fill("many")
        expect(form.get_by_role("alert")).to_have_text("✗ a whole number, please, not 'many'")
        field(form, "name *").fill("")
        board.fill("0")
        button(form, "Start").click()
        expect(form.get_by_role("alert")).to_have_text(
            ["✗ needs a value", "✗ a whole number, please, not 'many'", "✗ 1 or more, please, not '0'"]
        )
        expect(form.get_by_role("status")).to_have_text("3 fields above to look at again")
        expect(field(form, "name *")).to_be_focused()
        expect(launches(form)).to_have_count(0)
        page.screenshot("wrong")
        page.page.evaluate(f"() => {{ {AXE.read_text('utf-8')} }}")
        run = RUN.replace(".ipf", ".ipyflow-form")
        assert page.page.wait_for_function(run, timeout=60_000).json_value()["violations"] == []

        # By keyboard alone.
        page.page.keyboard.type("globe")
        page.page.keyboard.press("Tab")
        page.page.keyboard.press("ControlOrMeta+a")
        page.page.keyboard.type("14")
        expect(form.get_by_role("alert")).to_have_count(1)
        for _ in range(4):
            page.page.keyboard.press("Tab")
        expect(board).to_be_focused()
        page.page.keyboard.press("ControlOrMeta+a")
        page.page.keyboard.type("2")
        expect(form.locator(".ipyflow-form-call")).to_have_text(
            "collect.submit(name='globe', pages=14, shelf=Shelf(room='cellar', board=2))"
        )
        page.page.keyboard.press("Enter")
        expect_state(form, "failed")
        expect(launches(form)).to_have_count(1)
        expect(launches(form).first).to_contain_text("✗ failed")

        pages.fill("2")
        field(form, "kind").select_option(label="map")
        field(form, "new").check()
        button(form, "Start").click()
        expect_state(form, "succeeded")
        expect(launches(form)).to_have_count(2)
        expect(launches(form).first).to_contain_text("✓ succeeded")
        value = page.call(EXECUTE, "print(form.launches[-1].future.result())")
        assert value == "['globe', 'map', True, 2, 0, 1]\n"
        page.screenshot("started", of=page.cell(1))
        expect(form.locator("section.ipf")).to_have_count(1)
        expect(page.cell(1).locator(".ipyflow-of-form").filter(visible=True)).to_have_count(0)  # beside the form

        button(form, "Rerun").click()  # in the view
        expect(launches(form)).to_have_count(3)
        expect(launches(form).first).to_contain_text("pages=2, kind='map'")

        launches(form).nth(2).click()
        expect_state(form, "failed")
        page.call(EXECUTE, MENDED)
        form.get_by_role("button", name="Retry", exact=False).first.click()
        expect(launches(form).nth(2)).to_contain_text("✓ succeeded")
        expect(pages).to_have_value("14")
        expect(field(form, "kind")).to_have_value("book")
        expect(field(form, "new")).not_to_be_checked()

        page.run_cell(2)  # what hides a widget without its kernel hides neither of the two
        expect(page.cell(2).locator(".ipb")).to_be_visible()
        expect(button(form, "Start")).to_be_visible()
        assert page.errors == []
    finally:
        change_theme(page, "Light")


def test_without_our_extension_on_a_narrow_page_over_a_reload_and_in_the_saved_file(page: LabPage) -> None:
    page.page.set_viewport_size({"width": 400, "height": 900})
    form = begin(page, "narrow.ipynb", "gate.wait()")
    narrow(page)
    button(form, "Start").click()
    expect_state(form, "succeeded")
    wide = form.evaluate("form => [...form.querySelectorAll('*')].some(one => one.scrollWidth > form.clientWidth + 4)")
    page.screenshot("narrow")
    assert not wide, "something stands out of a narrow page"

    page.save()
    page.reload()
    narrow(page)
    form = form_of(page)
    field(form, "pages").fill("1")
    page.page.wait_for_function(IN_SUBSHELL)
    blocked = page.start_cell(2)  # a cell that blocks: the click is heard all the same
    expect(page.cell(2).locator(".jp-InputPrompt")).to_have_text("[*]:")
    button(form, "Start").click()
    expect(launches(form)).to_have_count(2)
    expect_state(form, "succeeded")
    expect(form.locator(".ipf-head")).to_contain_text("2 succeeded")
    page.wait_cell(blocked)

    page.run_cell(1)
    button(form_of(page), "Start").click()
    expect_state(form_of(page), "succeeded")
    expect(launches(form_of(page)).first).to_contain_text("✓ succeeded")
    page.save()
    page.server.shutdown_kernels()
    page.open_notebook("narrow.ipynb", kernel=False, trusted=True)
    saved = page.cell(1).locator(".jp-OutputArea")
    expect(saved).to_contain_text("atlas")
    expect(saved).to_contain_text("✓ succeeded")
    expect(saved.get_by_role("img", name="Timeline of collect")).to_be_visible()
    expect(saved.get_by_text("model not found")).to_be_hidden()
    page.screenshot("saved")
    assert page.errors == []
