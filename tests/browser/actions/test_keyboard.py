"""The same without a pointer: every action has its keys (docs/seeing.md), and none of them acts on the notebook."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.actions.desk import REST, Desk, View
from tests.browser.harness import LabPage

CELLS = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"


def press(page: LabPage, *keys: str) -> None:
    for key in keys:
        page.page.keyboard.press(key)


def tab_to(view: View, goal: Locator, most: int = 40, key: str = "Tab") -> None:
    """Press Tab until the focus is on `goal`."""
    for _ in range(most):
        press(view.page, key)
        if goal.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"{most} times {key} do not lead to {goal}")


def enter(view: View) -> None:
    """From the cell into its view, to the button that comes first."""
    view.page.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCell.node.focus()")
    tab_to(view, view.root.locator(".ipf-fold"))


def on(view: View, selector: str) -> Locator:
    found = view.root.locator(selector)
    expect(found).to_be_focused()
    return found


def rests_on(view: View, tree: Locator) -> str:
    """What is said of the part that the arrows have come to."""
    part = tree.get_attribute("aria-activedescendant")
    return view.root.locator(f"[id='{part}']").get_attribute("aria-label") or "" if part else ""


def to_tab(view: View, name: str) -> None:
    """Along the tabs with arrows, from wherever the focus is before them."""
    tab_to(view, view.root.locator("[role=tab][tabindex='0']"))
    press(view.page, "Home")
    for _ in range(["Timeline", "Graph", "Table", "Log"].index(name)):
        press(view.page, "ArrowRight")
    expect(view.root.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
    expect(view.root.get_by_role("tab", name=name)).to_be_focused()


def test_the_timeline_and_the_replay(desk: Desk) -> None:
    view = desk.order()
    page, cells = view.page, desk.page.page.evaluate(CELLS)
    whole = view.stretch()
    enter(view)
    press(page, "Enter")
    expect(view.root.get_by_role("tab").first).to_be_hidden()
    press(page, "Space")
    expect(view.root.get_by_role("tab").first).to_be_visible()
    to_tab(view, "Timeline")
    press(page, "End")
    expect(view.root.get_by_role("tab", name="Log")).to_have_attribute("aria-selected", "true")
    press(page, "ArrowRight")
    expect(view.root.get_by_role("tab", name="Timeline")).to_have_attribute("aria-selected", "true")
    tree = view.root.locator(".ipf-scroll[role=tree]")
    tab_to(view, tree)
    press(page, "+", "+")
    near = view.wait_stretch("to - from < 0.5 * of[0]", whole[1])
    press(page, "ArrowRight")
    moved = view.wait_stretch("from > of[0]", near[0] + 1e-4)
    press(page, "ArrowLeft", "ArrowLeft")
    view.wait_stretch("from < of[0]", moved[0] - 1e-4)
    press(page, "-")
    view.wait_stretch("to - from > of[0]", 1.2 * (near[1] - near[0]))
    press(page, "0")
    view.wait_stretch("Math.abs(to - of[0]) < 1e-3", whole[1])
    words = view.root.locator(".ipf-time-words")
    press(page, "b")
    expect(words).to_contain_text("ran")
    before = words.inner_text()
    press(page, "ArrowRight", "Shift+ArrowRight")
    expect(words).not_to_have_text(before)
    press(page, "Enter")
    view.wait_stretch("to - from < 0.4 * of[0]", whole[1])
    expect(tree).to_be_focused()
    press(page, "b", "Escape")
    expect(words).to_be_hidden()
    press(page, "c")
    expect(words).to_contain_text("tasks decided")
    press(page, "?")
    expect(view.root.locator(".ipf-time-keys")).to_be_visible()
    view.screenshot("keys")
    press(page, "?", "c", "0")
    for keys, name in (
        ("ArrowDown", "order"),
        ("End", "after"),
        ("Home", "order"),
        ("PageDown", "after"),
        ("PageUp", "order"),
        ("ArrowDown", "load_user"),
    ):
        press(page, keys)
        assert name in rests_on(view, tree)
    expect(view.root.locator(".ipf-card[data-open]")).to_contain_text("load_user")
    press(page, "Enter")
    expect(view.detail.locator(".ipf-detail-title")).to_contain_text("load_user")
    tab_to(view, view.button("Copy as code"))
    press(page, "Escape")
    expect(view.detail).to_be_hidden()
    expect(tree).to_be_focused()
    replay = view.button("Replay")
    tab_to(view, replay)
    press(page, "Enter")
    tab_to(view, view.root.get_by_role("slider", name="Instant of the run"))
    slider = view.root.get_by_role("slider")
    for _ in range(30):
        press(page, "ArrowLeft")
        if re.search(r"of .*, load_product #\d+ succeeded", slider.get_attribute("aria-valuetext") or ""):
            break
    else:
        raise AssertionError("the arrows do not come to the end of load_product")
    press(page, "Home")
    expect(view.number("succeeded")).to_be_hidden()
    press(page, "Space")
    expect(view.button("Stop")).to_be_visible()
    press(page, "Space", "Escape")
    view.expect_state("succeeded")
    expect(replay).to_be_focused()
    assert page.page.evaluate(CELLS) == cells


def test_the_graph(desk: Desk) -> None:
    view = desk.order()
    page = view.page
    enter(view)
    to_tab(view, "Graph")
    ground = view.root.locator(".ipf-ground")
    tab_to(view, ground)
    scores = view.root.locator(".ipf-node").filter(has_text="score")

    def rest_on(name: str) -> None:
        for _ in range(12):
            if name in rests_on(view, ground):
                return
            press(page, "ArrowDown")
        raise AssertionError(f"the arrows do not lead to {name}")

    press(page, "ArrowLeft", "ArrowLeft", "ArrowLeft")  # against the way the data takes
    rest_on("score")
    press(page, "+")
    expect(scores).to_have_count(6)
    press(page, "-")
    expect(scores).to_have_count(1)
    press(page, "Space")
    expect(scores).to_have_count(6)
    press(page, "Space")
    expect(scores).to_have_count(1)
    press(page, "Enter")
    expect(view.detail).to_contain_text("score ×6")
    press(page, "Escape", "0", "c")
    expect(view.root.locator(".ipf-node.ipf-critical").filter(has_text="check_payment")).to_have_count(1)
    press(page, "c", "/")
    page.page.keyboard.type("check_pay")
    expect(view.root.locator(".ipf-find-said")).to_have_text("1 of 1")
    press(page, "Enter", "Escape")
    expect(ground).to_be_focused()
    press(page, "Enter")
    expect(view.detail.locator(".ipf-exception")).to_contain_text("Ada may not spend 40")
    press(page, "Escape")
    expect(ground).to_be_focused()


def test_the_table_and_the_log(desk: Desk) -> None:
    view = desk.order()
    page = view.page
    enter(view)
    to_tab(view, "Table")
    search = view.root.get_by_role("searchbox", name="Filter the rows by text")
    tab_to(view, search)
    page.page.keyboard.type("score")
    expect(view.rows).to_have_count(6)
    press(page, "ArrowDown")
    on(view, ".ipf-grid")
    for key, row in (("End", 5), ("Home", 0), ("PageDown", 5), ("PageUp", 0), ("ArrowDown", 1), ("ArrowUp", 0)):
        press(page, key)
        expect(view.root.locator(".ipf-tr.ipf-focus")).to_have_attribute("data-index", str(row))
    press(page, "ArrowDown", "Enter")
    expect(view.detail.locator(".ipf-detail-title")).to_contain_text("score")
    press(page, "Escape")
    on(view, ".ipf-grid")
    tab_to(view, view.button("Show all"), key="Shift+Tab")
    press(page, "Enter")
    expect(view.rows).to_have_count(11)
    on(view, ".ipf-grid")
    ran = view.root.get_by_role("columnheader").filter(has_text="Ran").get_by_role("button")
    tab_to(view, ran)
    press(page, "Enter")
    expect(view.root.locator(".ipf-th.ipf-c-ran")).to_have_attribute("aria-sort", "descending")
    expect(ran).to_be_focused()
    failed = view.root.get_by_role("button", name="Only failed")
    tab_to(view, failed, key="Shift+Tab")
    press(page, "Space")
    expect(view.rows).to_have_count(1)
    expect(failed).to_be_focused()
    press(page, "Space")
    view.root.locator("[role=tab][tabindex='0']").focus()
    press(page, "ArrowRight")
    lines = view.root.get_by_role("listbox", name="Lines of the log")
    expect(view.lines).to_have_count(2)
    tab_to(view, view.button("Only prints"))
    press(page, "Enter")
    expect(view.lines).to_have_count(1)
    press(page, "Enter")
    expect(view.lines).to_have_count(2)
    tab_to(view, lines)
    for key, line in (("ArrowDown", 0), ("ArrowDown", 1), ("Home", 0), ("End", 1), ("PageUp", 0), ("PageDown", 1)):
        press(page, key)
        expect(view.lines.nth(line)).to_have_attribute("aria-selected", "true")
    press(page, "Enter")
    expect(view.detail.locator(".ipf-detail-title")).to_contain_text("load_product")


def test_cancel_retry_and_export(desk: Desk) -> None:
    desk.do("sound = False")
    view = desk.run(REST)
    expect(view.number("running")).to_have_text("25")
    page, cells = view.page, desk.page.page.evaluate(CELLS)
    enter(view)
    pause = view.button("Pause")
    tab_to(view, pause)
    press(page, "Enter")
    expect(view.pill).to_have_text("running, paused")
    expect(view.button("Resume")).to_be_focused()
    press(page, "Enter")
    expect(view.pill).to_have_text("running")
    tab_to(view, view.button("Cancel", view.head))
    press(page, "Enter")
    # Before many are cancelled one is asked, and the answer that changes nothing has the focus.
    expect(view.button("Keep running")).to_be_focused()
    press(page, "Enter")
    expect(view.button("Cancel", view.head)).to_be_focused()
    press(page, "Enter", "Shift+Tab", "Enter")
    view.expect_state("cancelled")
    desk.clear()
    view = desk.order("--view table")
    enter(view)
    retry = view.root.get_by_role("button", name=re.compile("Retry check_payment"))
    tab_to(view, retry)
    desk.do("sound = True")
    press(page, "Enter")
    expect(view.number("failed")).to_be_hidden()
    # The button has gone: the focus stays in the table.
    on(view, ".ipf-grid")
    tab_to(view, view.button("Export"), key="Shift+Tab")
    press(page, "Enter")
    menu = view.root.get_by_role("menu").filter(visible=True)
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    press(page, "Escape")
    expect(view.button("Export")).to_be_focused()
    press(page, "ArrowDown", "ArrowDown", "End")
    expect(menu.get_by_role("menuitem").last).to_be_focused()
    press(page, "j")
    expect(menu.get_by_role("menuitem", name="JSON (the log)")).to_be_focused()
    with page.page.expect_download() as coming:
        press(page, "Enter")
    assert coming.value.suggested_filename.endswith(".json")
    expect(view.button("Export")).to_be_focused()
    tab_to(view, view.button("Rerun"), key="Shift+Tab")
    press(page, "Enter")
    view.expect_state("succeeded")
    desk.do("sound = False")
    desk.clear()
    # A run that goes on is followed with F.
    view = desk.held("keys")
    tree = view.root.locator(".ipf-scroll[role=tree]")
    tree.focus()
    press(page, "+", "+")
    expect(view.button("Follow the run")).to_have_attribute("aria-pressed", "false")
    press(page, "f")
    expect(view.button("Follow the run")).to_have_attribute("aria-pressed", "true")
    desk.let_go("keys")
    view.expect_state("succeeded")
    assert page.page.evaluate(CELLS) == cells
