"""What could be better in a run, in its view; and the debugger in a new cell, from the details of what failed."""

import re

from playwright.sync_api import expect

from tests.browser.actions.desk import Desk, focused, press
from tests.browser.harness import INPUT
from tests.browser.test_axe import check

IN_TURN = """%%flow in_turn
user = load_user(17)
product = load_product(7)
[score(n) for n in range(6)], user, product
"""
FAILS = """%%flow ledger
@task
def divide(amount):
    shares = amount - 7
    return amount / shares

fl.wait([divide.submit(n) for n in (3, 7)])
"""


def test_a_run_that_has_ended_gives_hints_that_lead_to_its_tasks(desk: Desk) -> None:
    view = desk.run(IN_TURN)
    view.expect_state("succeeded")
    button = view.button("2 hints")
    expect(button).to_have_attribute("aria-expanded", "false")
    view.screenshot("closed")
    button.click()
    hints = view.root.get_by_role("region", name="Hints")
    expect(hints.get_by_role("listitem")).to_have_count(2)
    expect(hints).to_contain_text(re.compile(r"waits for load_user#\d+ and load_product#\d+ one after another"))
    expect(hints).to_contain_text("score.map(items).results()")
    view.screenshot("open")
    assert check(desk.page.page, "hints") == []
    link = hints.get_by_role("button", name=re.compile("load_product#"))
    name = link.inner_text()
    link.click()
    expect(view.detail).to_contain_text(name.partition("#")[2])
    hints.get_by_role("button", name="and 2 more, in the table").click()
    expect(view.rows).to_have_count(6)
    # By keyboard: out of the list, and in again.
    press(desk.page, "Shift+Tab", "Escape")
    button.focus()
    press(desk.page, "Enter")
    expect(hints).to_be_visible()
    assert focused(desk.page)["name"].startswith("load_user#") or "score#" in focused(desk.page)["name"]
    press(desk.page, "Escape")
    expect(hints).to_be_hidden()
    assert focused(desk.page)["name"] == "2 hints"
    # In a narrow view nothing is cut off.
    view.tab("Timeline")
    press(desk.page, "Escape")
    button.click()
    view.root.evaluate("view => { view.style.width = '400px'; }")
    view.in_sight()
    view.screenshot("narrow")
    wide = "(part => part.scrollWidth - part.clientWidth)"
    assert [view.root.evaluate(wide), hints.evaluate(wide), view.head.evaluate(wide)] == [0, 0, 0]


def test_what_failed_opens_in_the_debugger_in_a_cell_of_its_own(desk: Desk) -> None:
    view = desk.run(FAILS)
    view.expect_state("succeeded")
    view.tab("Table")
    view.rows.filter(has_text="ZeroDivisionError").click()
    view.button("Open in %debug", view.detail).click()
    asked = desk.page.page.locator(INPUT)
    cell = desk.page.cell(view.cell + 1)
    expect(cell).to_contain_text("%flow debug divide#")
    expect(asked).to_be_visible()
    expect(cell).to_contain_text("return amount / shares")
    asked.fill("p amount, shares")
    asked.press("Enter")
    expect(cell).to_contain_text("(7, 0)")
    desk.page.screenshot("debugger")
    asked.fill("q")
    asked.press("Enter")
    expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))  # the cell has ended
    view.rows.filter(has_text="succeeded").filter(has_text="divide").click()
    expect(view.button("Open in %debug", view.detail)).to_be_hidden()
