"""Questions to a person: answered in the view of the run, in the side panel, by mouse and by keyboard alone."""

import re

from playwright.sync_api import expect

from tests.browser.actions.desk import Desk
from tests.browser.conftest import change_theme
from tests.browser.harness import LabPage
from tests.browser.test_axe import check

ORDER = """%%flow order -o order
from pydantic import BaseModel, Field, SecretStr

class Trip(BaseModel):
    city: str = Field(description="Where to.")
    days: int = Field(3, ge=1)
    stops: list[str] = []
    key: SecretStr = SecretStr("")

trip = fl.Prompt("Where shall {who} go?", Trip, title="Trip", actions=("Book", "Leave it"))
pay = fl.Prompt("Charge {amount} EUR?", title="Payment")

def book():
    where, paid = trip.submit(who="Ada"), pay.submit(amount=12)
    first, rest = fl.select([where, paid])
    return where.result().city, where.result().days, where.result().stops, paid.result()

book()
"""
PANEL = "ipyflow:show-runs"


def test_a_form_is_filled_in_sent_corrected_and_the_flow_goes_on(desk: Desk) -> None:
    view = desk.run(ORDER)
    page = view.page.page
    asked = view.root.get_by_role("region", name=re.compile("questions wait for your answers"))
    trip = asked.get_by_role("group", name="Trip")
    expect(trip).to_contain_text("Where shall Ada go?")
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        change_theme(view.page, theme.removeprefix("JupyterLab "))
        for width in (1100, 760, 400):
            view.root.evaluate("(view, width) => { view.style.width = `${width}px` }", width)
            assert trip.evaluate("one => one.scrollWidth <= one.clientWidth"), f"{width} px is too narrow"
        assert check(page, theme) == []
        view.screenshot(theme[-5:].strip())
    view.root.evaluate("view => { view.style.width = '' }")
    # By keyboard alone: single keys are for the field, and not commands of the notebook.
    city = trip.get_by_label("city")
    city.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("0")
    page.keyboard.press("Enter")
    expect(city).to_have_attribute("aria-invalid", "true")
    expect(city).to_be_focused()
    expect(trip).to_contain_text("needs a value")
    page.keyboard.type("add dd")
    page.keyboard.press("Enter")
    days = trip.get_by_label("days")
    expect(days).to_be_focused()
    expect(trip).to_contain_text("1 or more")
    page.keyboard.type("4")
    trip.get_by_role("button", name="Add to stops").press("Enter")
    page.keyboard.type("Rome")
    trip.get_by_label("key").fill("hidden!")
    days.fill("4")
    page.keyboard.press("Enter")
    expect(trip).to_have_count(0)
    # What has the keyboard then is the next question.
    pay = view.root.get_by_role("group", name="Payment")
    expect(pay.get_by_role("button", name="Approve")).to_be_focused()
    # For a moment it takes no answer: a second Enter would be meant for the one before.
    expect(pay.get_by_role("button", name="Approve")).to_have_attribute("aria-disabled", "false")
    page.keyboard.press("Enter")
    view.expect_state("succeeded")
    expect(view.root.get_by_role("region", name=re.compile("wait"))).to_be_hidden()
    assert desk.do("print(order.result())").strip() == "('add dd', 4, ['Rome'], True)"
    assert desk.do("print('hidden' in repr(order.run.log))").strip() == "False"
    # The pane says what was asked and answered.
    view.tab("Table")
    view.rows.filter(has_text="Trip").first.click()
    expect(view.detail).to_contain_text("Where shall Ada go?")
    expect(view.detail).to_contain_text("Book, on a page")


def test_in_the_side_panel_questions_of_all_runs_are_answered(desk: Desk) -> None:
    page = desk.page.page
    first = desk.run('%%flow one -o one\nfl.Prompt("Go on with one?", title="One")()')
    second = desk.run('%%flow two -o two\nfl.Prompt("How many?", int, title="Two")()')
    desk.page.call(f"() => window.jupyterapp.commands.execute('{PANEL}')")
    panel = page.locator(".ipf-lab-panel")
    asked = panel.get_by_role("region", name="Questions")
    try:
        expect(asked.get_by_role("group")).to_have_count(2)
        assert check(page, "panel") == []
        desk.page.screenshot("panel", of=panel)
        two = asked.get_by_role("group", name="Two")
        two.get_by_role("textbox").fill("many")
        two.get_by_role("textbox").press("Enter")
        expect(two).to_contain_text("a whole number, please")
        two.get_by_role("textbox").fill("3")
        two.get_by_role("button", name="Send").click()
        second.expect_state("succeeded")
        asked.get_by_role("group", name="One").get_by_role("button", name="Dismiss").click()
        first.expect_state("failed")
        expect(asked).to_be_hidden()
        assert desk.do("print(two.result(), type(one.exception()).__name__)").strip() == "3 PromptDismissed"
    finally:
        desk.page.call("() => window.jupyterapp.shell.collapseRight()")


def test_a_view_writes_a_cell_below_its_own_and_runs_it(desk: Desk) -> None:
    view = desk.run("%%flow short\n1")
    asked = view.root.evaluate(
        """view => !view.dispatchEvent(new CustomEvent('ipyflow:cell', {
            detail: { code: 'print(6 * 7)', run: true }, bubbles: true, cancelable: true }))"""
    )
    assert asked
    below = view.page.cell(view.cell + 1)
    expect(below.locator(".jp-OutputArea-output")).to_have_text(re.compile("42"))


def test_without_the_extension_a_cell_that_waits_is_answered(page: LabPage) -> None:
    page.server.write_notebook("ask.ipynb", ["%load_ext ipyflow\nimport ipyflow as fl", "fl.Prompt('Go?')()"])
    page.open_notebook("ask.ipynb")
    page.run_cell(0)
    call = page.start_cell(1)
    page.cell(1).get_by_role("button", name="Approve").click()
    page.wait_cell(call)
    assert page.outputs(1)[-1]["data"]["text/plain"] == "True"
