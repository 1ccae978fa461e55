"""What a person can do with the table, the log, and the pane about a task."""

import re

from playwright.sync_api import expect

from tests.browser.actions.desk import Desk, View

NOISY = """%%flow noisy --view log
@task
def talk(n):
    for i in range(n):
        print(f"line {i}")
        gates[f"line {i}"].wait()

talk.submit(200).result()
"""
WAITS = """%%flow why --view table
@task(wait=True)
def second(first):
    return first

second.submit(held.submit("why")).result()
"""


def ids(view: View) -> list[int]:
    """The numbers of the rows, from the first to the last on the page."""
    code = """rows => rows.sort((a, b) => a.dataset.index - b.dataset.index)
        .map(row => Number(row.querySelector('.ipf-c-id').textContent))"""
    found: list[int] = view.rows.evaluate_all(code)
    return found


def heading(view: View, label: str) -> None:
    view.root.get_by_role("columnheader").filter(has_text=label).get_by_role("button").click()


def test_sort_filter_and_search_the_table(desk: Desk) -> None:
    view = desk.order("--view table")
    expect(view.rows).to_have_count(11)
    first = ids(view)
    assert first == sorted(first)
    heading(view, "#")
    expect(view.root.get_by_role("columnheader").first).to_have_attribute("aria-sort", "descending")
    expect(view.rows.first).to_be_visible()
    assert ids(view) == first[::-1]
    heading(view, "Ran")
    expect(view.root.locator(".ipf-th.ipf-c-ran")).to_have_attribute("aria-sort", "descending")
    # The flow ran longest; of its tasks the one that waited for the others.
    assert ids(view)[:2] == [first[0], int(view.rows.filter(has_text="check_payment").inner_text().split()[0])]
    search = view.root.get_by_role("searchbox", name="Filter the rows by text")
    search.fill("score")
    expect(view.rows).to_have_count(6)
    expect(view.root.locator(".ipf-found")).to_have_text("6 of 11 tasks")
    search.fill("may not spend")
    expect(view.rows).to_have_count(1)
    view.screenshot("found")
    search.fill("nothing like it")
    expect(view.root.locator(".ipf-empty")).to_have_text("No task passes the filter.")
    view.button("Show all").click()
    expect(view.rows).to_have_count(11)
    chips = view.root.get_by_role("group", name="Filter the rows by state")
    chips.get_by_role("button", name="Only failed").click()
    expect(view.rows).to_have_count(1)
    chips.get_by_role("button", name="Only succeeded").click()
    expect(view.rows).to_have_count(11)
    chips.get_by_role("button", name="Only failed").click()
    expect(view.rows).to_have_count(10)
    # The numbers in the head lead here too, and a second click back.
    view.tab("Timeline")
    view.number("failed").click()
    expect(view.rows).to_have_count(1)
    view.number("failed").click()
    expect(view.rows).to_have_count(11)


def test_the_log_is_filtered_by_words_stream_and_task_and_copied(desk: Desk) -> None:
    view = desk.order("--view log")
    expect(view.lines).to_have_count(2)
    expect(view.lines.first).to_contain_text("load_user")
    expect(view.lines.first).to_contain_text("looks for user 7")
    expect(view.lines.nth(1)).to_contain_text("product 3 is rare")
    view.screenshot("log")
    view.button("Only log messages").click()
    expect(view.lines).to_have_count(1)
    expect(view.lines).to_contain_text("rare")
    view.button("Only log messages").click()
    words = view.root.get_by_role("searchbox", name="Only the lines with these words")
    words.fill("user")
    expect(view.lines).to_have_count(1)
    words.fill("nobody")
    expect(view.root.locator(".ipf-log-empty")).to_have_text("No line passes the filter.")
    words.fill("")
    expect(view.lines).to_have_count(2)
    task = view.root.get_by_role("combobox", name="Only the lines of one task")
    task.fill("load_product")
    expect(view.lines).to_have_count(1)
    task.fill("")
    expect(view.lines).to_have_count(2)
    view.button("Copy all shown lines").click()
    expect(view.said).to_have_text("Copied 2 lines.")
    copied = view.page.page.evaluate("() => navigator.clipboard.readText()")
    assert re.fullmatch(r"\S+ +load_user #\d+ +looks for user 7\n\S+ +load_product #\d+ +product 3 is rare\n", copied)
    view.lines.first.get_by_text("load_user").click()
    expect(view.detail.locator(".ipf-detail-title")).to_contain_text("load_user")
    view.root.locator(".ipf-log-chosen").click()
    expect(view.lines).to_have_count(1)


def test_the_end_of_the_log_is_followed_until_one_looks_back(desk: Desk) -> None:
    view = desk.run(NOISY)
    view.expect_state("running")
    desk.do("for i in range(100): gates[f'line {i}'].set()")
    expect(view.lines.filter(has_text=re.compile(r"line 100$"))).to_be_in_viewport()
    view.lines.last.hover()
    view.page.page.mouse.wheel(0, -600)
    expect(view.lines.filter(has_text=re.compile(r"line 100$"))).not_to_be_in_viewport()
    desk.do("gates['line 100'].set()")
    end = view.root.locator(".ipf-to-end")
    expect(end).to_contain_text("1 new line")
    expect(view.lines.filter(has_text=re.compile(r"line 100$"))).not_to_be_in_viewport()
    view.screenshot("looked-back")
    end.click()
    expect(view.lines.filter(has_text=re.compile(r"line 101$"))).to_be_in_viewport()
    desk.do("for i in range(200): gates[f'line {i}'].set()")
    expect(view.lines.filter(has_text=re.compile(r"line 199$"))).to_be_in_viewport()
    view.expect_state("succeeded")


def test_the_details_say_all_and_lead_on(desk: Desk) -> None:
    view = desk.order("--view table")
    view.rows.filter(has_text="load_user").first.click()
    expect(view.detail).to_contain_text("load_user(7)")
    expect(view.detail).to_contain_text("'name': 'Ada'")
    expect(view.detail).to_contain_text("looks for user 7")
    view.screenshot("detail")
    view.button("Copy as code").click()
    expect(view.button("Copied")).to_be_visible()
    code = view.page.page.evaluate("() => navigator.clipboard.readText()")
    assert "'name': 'Ada'" in desk.do(f"{code}\nprint(future.result())") or "forgotten" in code
    view.button("Show in the log").click()
    expect(view.root.get_by_role("tab", name="Log")).to_have_attribute("aria-selected", "true")
    expect(view.lines).to_have_count(1)
    for tab, shown in (("Graph", ".ipf-node[aria-selected=true]"), ("Table", ".ipf-tr[aria-selected=true]")):
        view.open_menu("Show in …").get_by_role("menuitem", name=tab).click()
        expect(view.root.locator(shown)).to_contain_text("load_user")
    view.rows.filter(has_text="check_payment").click()
    expect(view.detail.locator(".ipf-traceback")).to_contain_text("in check_payment")
    view.button("Copy the traceback").click()
    assert "raise ValueError" in view.page.page.evaluate("() => navigator.clipboard.readText()")
    view.button("Close the details").click()
    expect(view.detail).to_be_hidden()


def test_the_details_of_a_task_that_waits_lead_to_what_it_waits_for(desk: Desk) -> None:
    view = desk.run(WAITS)
    view.rows.filter(has_text="waiting").click()
    view.screenshot("waits")
    link = view.detail.locator(".ipf-links").get_by_role("button")
    link.first.click()
    expect(view.detail.locator(".ipf-detail-state .ipf-pill")).to_have_attribute("data-state", "running")
    desk.let_go("why")
    view.expect_state("succeeded")
    expect(view.detail.locator(".ipf-detail-state .ipf-pill")).to_have_attribute("data-state", "succeeded")
