"""See it fail, edit the cell, press Retry, watch it finish; and the same flow again with other parameters."""

import re

from playwright.sync_api import expect

from tests.browser.actions.desk import INSERT, Desk
from tests.browser.test_axe import check

PRICE = """@task
def price(n):
    if n == 57:
        {line}
    return n
"""
BROKEN = PRICE.format(line='raise ValueError("no price for 57")')
MENDED = PRICE.format(line="return 0\n    # the others are as they were")
# Its own code says how often it was run.
SHOP = """%%flow shop(n=100) --view table
flow_runs.append(1)
last = held.submit("shop")
prices = price.map(range(n))
fl.wait([last, *prices])
sum(p.result() for p in prices)
"""
BELOW = """%%flow halves --view table
@flow
def half(xs):
    prices = price.map(xs)
    fl.wait(prices)
    return sum(p.exception() is None for p in prices)

half.submit([56, 57, 58]).result()
"""
ORDER = """
@flow
def order(user: int, goods: list[str], fast: bool = False, where=object()):
    return f"{user} {goods} {fast} {type(where).__name__}"
order.submit(7, ["tea"]).run
"""


EDIT = """async ([index, source]) => {
    window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel.setSource(source);
}"""


def test_one_of_a_hundred_is_mended_while_the_flow_goes_on(desk: Desk) -> None:
    desk.do("flow_runs = []")
    cell = int(desk.page.call(INSERT, BROKEN))
    desk.page.run_cell(cell)
    view = desk.run(SHOP)
    expect(view.number("failed")).to_have_text("1")
    search = view.root.get_by_role("searchbox", name="Filter the rows by text")
    search.fill("no price for 57")
    expect(view.rows).to_have_count(1)
    desk.page.call(EDIT, [cell, MENDED])
    desk.page.run_cell(cell)
    retry = view.button("Retry", view.head)
    retry.click()
    expect(view.number("failed")).to_be_hidden()
    expect(retry).to_be_hidden()
    view.expect_state("running")
    desk.let_go("shop")
    view.expect_state("succeeded")
    assert desk.do("print(len(flow_runs), fl.runs()[0].result())").strip() == f"1 {sum(range(100)) - 57}"
    expect(view.number("succeeded")).to_have_text("102")
    search.fill("price 57")
    mended = view.rows.filter(has_text="2×")
    expect(mended).to_have_count(1)
    expect(mended.locator(".ipf-edited")).to_have_text("changed code")
    mended.click()
    expect(view.detail).to_contain_text("From try 2 on")
    removed, added = view.detail.locator(".ipf-removed"), view.detail.locator(".ipf-added")
    expect(removed).to_have_text(re.compile(r'raise ValueError\("no price for 57"\)'))
    expect(added.first).to_have_text(re.compile("return 0"))
    expect(view.detail.locator(".ipf-code-tag")).to_have_text(["old code", "new code"])
    view.screenshot("changed-code")
    assert check(view.page.page, "changed code") == []
    search.fill("")
    for tab in ("Timeline", "Graph"):
        view.tab(tab)
        if tab == "Graph":
            expect(view.root.locator(".ipf-node-edited[d]")).to_have_count(1)
        view.screenshot(f"changed-code-{tab}")


def test_what_failed_below_a_flow_is_run_again_though_it_has_succeeded(desk: Desk) -> None:
    desk.do(BROKEN)
    view = desk.run(BELOW)
    view.expect_state("succeeded")
    expect(view.number("failed")).to_have_text("1")
    view.rows.filter(has_text="halves").first.click()
    desk.do(MENDED)
    below = view.button("Retry all below", view.detail)
    expect(below).to_be_visible()
    view.screenshot("below")
    below.click()
    expect(view.number("failed")).to_be_hidden()
    expect(below).to_be_hidden()
    expect(view.said).to_have_text(re.compile("1 task below halves#"))


def test_a_run_is_begun_anew_with_other_parameters(desk: Desk) -> None:
    view = desk.run(ORDER)
    view.expect_state("succeeded")
    view.tab("Table")
    open_ = view.button("Rerun with other parameters …")
    open_.click()
    form = view.root.get_by_role("region", name="Rerun with other parameters")
    user = form.get_by_label("user", exact=True)
    expect(user).to_be_focused()
    expect(user).to_have_value("7")
    view.screenshot("form")
    user.fill("many")
    user.press("Enter")
    expect(form).to_contain_text("number")
    expect(user).to_have_attribute("aria-invalid", "true")
    view.screenshot("form-wrong")
    assert check(view.page.page, "form") == []
    user.fill("8")
    form.get_by_label("fast").check()
    user.press("Enter")
    expect(form).to_be_hidden()
    expect(view.rows.filter(has_text="order")).to_contain_text("8 ['tea'] True object")
    # Escape closes it, and gives the focus back.
    open_.click()
    expect(user).to_have_value("8")
    user.press("Escape")
    expect(form).to_be_hidden()
    expect(open_).to_be_focused()
