"""Two runs beside each other, below `%flow compare`: in every theme, by keyboard, narrow, and without a kernel."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.actions.desk import Desk, View, focused, press
from tests.browser.test_axe import THEMES, check, wear

TWICE = """fl.configure(database=":memory:")

@task
def grade(n):
    time.sleep(0.02 if n else 0.1)
    return n

@fl.flow
def exam(n):
    fl.wait([grade.submit(i) for i in range(n)])

exam.submit(8).run.wait()

@task
def grade(n):
    time.sleep(0.3 if n == 0 else 0.08)
    if n == 3:
        raise ValueError("<b>three</b> is no grade")
    return n

exam.submit(9).run.wait()
"""


TAB = """before => {
    const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.id;
    const runs = { kernel, before, after: null, name: 'exam' };
    return window.jupyterapp.commands.execute('ipyflow:compare-runs', runs).then(() => null);
}"""


@pytest.fixture
def compared(desk: Desk) -> View:
    """A flow has run twice, the second time with another task: it is slower, and one of its tasks fails."""
    assert desk.do(TWICE) == ""
    return desk.run("%flow compare exam")


def test_it_says_what_changed_most_first_and_opens_task_by_task(compared: View, desk: Desk) -> None:
    root = compared.root
    expect(root).to_have_attribute("aria-label", re.compile(r"Compared: exam: \w{6}-\d+ before, \w{6}-\d+ after"))
    rows = root.get_by_role("table", name="What changed").locator(".ipf-vs-row")
    expect(rows.first).to_contain_text("newly failing")
    expect(rows.first).to_contain_text("ValueError: <b>three</b> is no grade")
    expect(rows.nth(1)).to_contain_text("grade ×7")
    expect(root.get_by_role("list", name="When each was at work").get_by_role("listitem")).to_have_count(10)
    # By keyboard: one kind of change alone, then its tasks one by one.
    chips = root.get_by_role("group", name="Only one kind of change").get_by_role("button")
    chips.filter(has_text="slower").focus()
    press(desk.page, "Enter")
    expect(rows).to_have_count(1)
    assert focused(desk.page)["name"] == "7slower"
    several = rows.get_by_role("button", name="grade ×7")
    several.focus()
    press(desk.page, "Space")
    expect(several).to_have_attribute("aria-expanded", "true")
    told = root.locator(".ipf-vs-more").get_by_role("listitem")
    expect(told).to_have_count(7)
    expect(told.first).to_contain_text("(0)")
    expect(root.get_by_role("group", name="Changed lines of grade")).to_contain_text("added:")
    compared.screenshot("open")


def test_its_runs_and_tasks_can_be_opened_while_there_is_a_kernel(compared: View, desk: Desk) -> None:
    failing = compared.root.locator('.ipf-vs-row[data-kind="failing"]')
    failing.get_by_role("button", name=re.compile(r"#\d+, after$")).click()
    tab = desk.page.page.locator(".ipf-lab-tab section.ipf")
    expect(tab.locator(".ipf-detail")).to_contain_text("<b>three</b> is no grade")
    desk.page.call("() => window.jupyterapp.commands.execute('application:close').then(() => null)")
    expect(tab).to_have_count(0)
    (key,) = re.findall(r"before, (\S+) after", str(compared.root.get_attribute("aria-label")))
    compared.root.get_by_role("button", name=f"Open {key}").click()
    expect(tab.locator(".ipf-head")).to_contain_text("exam")
    desk.page.call("() => window.jupyterapp.commands.execute('application:close').then(() => null)")
    # In a tab of its own nothing of it is cut off.
    desk.page.call(TAB, key)
    whole = tab.locator(".ipf-compare")
    expect(whole).to_contain_text("Code of grade changed")
    assert whole.evaluate("part => part.scrollHeight - part.clientHeight") == 0
    tab.locator(".ipf-vs-code").scroll_into_view_if_needed()
    expect(tab.locator(".ipf-vs-code pre")).to_be_in_viewport()
    desk.page.call("() => window.jupyterapp.commands.execute('application:close').then(() => null)")


def test_it_can_be_read_in_every_theme_and_where_it_is_narrow(compared: View, desk: Desk) -> None:
    compared.button("grade ×7").click()
    for theme in reversed(THEMES):  # the light one last
        wear(desk.page, theme)
        compared.screenshot(theme.partition(" ")[2])
        assert check(desk.page.page, theme) == []
    wide = "part => part.scrollWidth - part.clientWidth"
    for width in (760, 400):
        compared.root.evaluate("(view, width) => { view.style.width = `${width}px` }", width)
        compared.screenshot(str(width))
        assert compared.root.locator(".ipf-compare").evaluate(wide) == 0
        assert check(desk.page.page, str(width)) == []


def test_it_stays_in_the_file_and_needs_no_kernel(compared: View, desk: Desk) -> None:
    (output,) = desk.page.outputs(compared.cell)
    assert list(output["data"]) == [
        "application/vnd.ipyflow-parallel.compare+json", "text/plain", "text/html",
    ]  # fmt: skip
    assert "&lt;b&gt;three&lt;/b&gt;" in output["data"]["text/html"]
    words = compared.root.inner_text()
    desk.page.save()
    desk.page.page.reload()
    again = desk.page.cell(compared.cell).locator("section.ipf")
    expect(again).to_contain_text("newly failing")
    assert again.inner_text() == words
