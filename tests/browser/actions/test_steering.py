"""What a person can do to a run: cancel, pause, retry, rerun; and to its view: fold it, open it in a tab."""

import re

from playwright.sync_api import expect

from tests.browser.actions.desk import REST, Desk

CHAIN = """%%flow chain --view table
@task(wait=True)
def then(before):
    return 1

then.submit(then.submit(held.submit("chain"))).result()
"""

TWINS = """%%flow twins --view table
@task(cache=fl.Cache(version=1))
def rate(city):
    gates["rate"].wait()
    return len(city)

global rates
rates = [rate.submit("Oslo") for _ in range(2)]
"""


def test_one_is_cancelled_and_before_many_one_is_asked(desk: Desk) -> None:
    view = desk.run(REST)
    expect(view.number("running")).to_have_text("25")
    row = view.rows.filter(has_text="rest").first
    row.get_by_role("button", name=re.compile("Cancel rest")).click()
    expect(view.number("cancelled")).to_have_text("1")
    expect(row.get_by_role("button", name=re.compile("Retry rest"))).to_be_visible()
    cancel, asked = view.button("Cancel", view.head), view.root.get_by_role("alertdialog")
    cancel.click()
    expect(asked).to_contain_text("Cancel 25 unfinished tasks?")
    view.screenshot("asked")
    asked.get_by_role("button", name="Keep running").click()
    expect(asked).to_be_hidden()
    view.expect_state("running")
    cancel.click()
    asked.get_by_role("button", name="Cancel them").click()
    view.expect_state("cancelled")
    expect(view.number("cancelled")).to_have_text("26")
    expect(cancel).to_be_hidden()


def test_a_paused_run_starts_nothing_new(desk: Desk) -> None:
    view = desk.run(CHAIN)
    expect(view.number("waiting")).to_have_text("2")
    view.button("Pause").click()
    expect(view.pill).to_have_text("running, paused")
    desk.let_go("chain")
    expect(view.rows.nth(1)).to_contain_text("succeeded")
    row = view.rows.filter(has_text="then").first
    row.click()
    expect(view.detail).to_contain_text("the run is paused")
    view.screenshot("paused")
    view.button("Resume").click()
    view.expect_state("succeeded")
    expect(view.rows.filter(has_text="succeeded")).to_have_count(4)


def test_what_failed_is_retried_with_the_code_of_now_and_all_is_run_anew(desk: Desk) -> None:
    desk.do("sound = False")
    view = desk.order("--view table")
    twin = desk.run("%flow show")
    twin.tab("Table")
    row = view.rows.filter(has_text="check_payment")
    row.get_by_role("button", name=re.compile("Retry")).click()
    expect(row).to_contain_text("2×")
    expect(row).to_contain_text("ValueError")
    desk.do("sound = True")
    row.click()
    view.detail.get_by_role("button", name=re.compile("Retry")).click()
    expect(row).to_contain_text("'paid'")
    expect(row).to_contain_text("3×")
    expect(view.detail).to_contain_text("Tries")
    expect(view.number("failed")).to_be_hidden()
    expect(twin.rows.filter(has_text="check_payment")).to_contain_text("'paid'")
    first = int(row.inner_text().split()[0])
    view.screenshot("retried")
    # The same view, and the other one, go over to the new run.
    view.button("Rerun").click()
    for one in (view, twin):
        again = one.rows.filter(has_text="check_payment")
        expect(again).not_to_contain_text(f"{first}check_payment")
        one.expect_state("succeeded")
        expect(again).to_contain_text("'paid'")
        expect(again).not_to_contain_text("3×")
        assert int(again.inner_text().split()[0]) > first
    expect(view.detail).to_be_hidden()
    desk.do("sound = False")


def test_a_view_is_folded_to_a_line_and_comes_back_as_it_was(desk: Desk) -> None:
    view = desk.order("--view table")
    search = view.root.get_by_role("searchbox", name="Filter the rows by text")
    search.fill("score")
    expect(view.rows).to_have_count(6)
    view.button("Fold the run").click()
    expect(view.root.get_by_role("tab").first).to_be_hidden()
    box = view.root.bounding_box()
    assert box is not None
    assert box["height"] < 60
    view.screenshot("folded")
    view.button("Unfold the run").click()
    expect(view.rows).to_have_count(6)
    expect(search).to_have_value("score")
    view.button("Fold the run").click()
    # A number leads to its tasks also from there.
    view.number("failed").click()
    expect(view.rows).to_have_count(1)


def test_a_run_in_a_tab_of_its_own_is_the_same_run(desk: Desk) -> None:
    view = desk.held("apart")
    view.button("Open in a tab of its own").click()
    tab = view.page.page.locator(".ipf-lab-tab")
    expect(tab.locator(".ipf-head .ipf-pill")).to_have_attribute("data-state", "running")
    tab.get_by_role("tab", name="Table").click()
    expect(tab.locator(".ipf-tr").filter(has_text="held")).to_have_count(3)
    # Each has its own eyes: the tab of one is not the tab of the other.
    view.page.screenshot("tab")
    view.page.page.locator(".lm-TabBar-tabLabel", has_text=".ipynb").click()
    expect(view.root.get_by_role("tab", name="Timeline")).to_have_attribute("aria-selected", "true")
    desk.let_go("apart")
    view.expect_state("succeeded")
    view.page.page.locator(".lm-TabBar-tabLabel", has_text="apart").click()
    expect(tab.locator(".ipf-head .ipf-pill")).to_have_attribute("data-state", "succeeded")
    view.page.page.evaluate(
        "() => { for (const one of window.jupyterapp.shell.widgets('main'))"
        " if (one.id.startsWith('ipyflow-run')) one.close() }"
    )
    expect(tab).to_have_count(0)


def test_a_value_that_was_there_already_is_made_anew(desk: Desk) -> None:
    view = desk.run(TWINS)
    desk.let_go("rate")
    row = view.rows.filter(has_text="cached")
    row.click()
    again = view.detail.get_by_role("button", name=re.compile("Run anew rate"))
    expect(again).to_have_attribute("title", re.compile("all the same"))
    view.screenshot("cached")
    again.click()
    expect(row).to_have_count(0)
    expect(view.rows.filter(has_text="succeeded")).to_have_count(3)
    expect(again).to_be_hidden()
