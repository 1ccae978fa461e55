"""What a person can do with the timeline."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.actions.desk import Desk, View


def at(view: View, part: float, y: float = 20) -> tuple[float, float]:
    """A point on the page: so far along the bars, so many pixels below their head."""
    box = view.root.locator(".ipf-bars").bounding_box()
    scroll = view.root.locator(".ipf-scroll").bounding_box()
    assert box is not None
    assert scroll is not None
    return box["x"] + part * box["width"], scroll["y"] + y


def drag(view: View, begin: float, end: float) -> None:
    mouse = view.page.page.mouse
    mouse.move(*at(view, begin))
    mouse.down()
    mouse.move(*at(view, (begin + end) / 2))
    mouse.move(*at(view, end))
    mouse.up()


def label(view: View, name: str) -> Locator:
    return view.root.get_by_role("treeitem", name=re.compile(name)).first


def test_zoom_to_the_pointer_and_by_buttons_pan_and_show_all(desk: Desk) -> None:
    view = desk.order()
    page = view.page.page
    whole = view.stretch()
    assert whole[0] == pytest.approx(0, abs=1e-3)
    length = whole[1] - whole[0]
    # The wheel with Ctrl: what is under the pointer stays there.
    under = whole[0] + 0.25 * length
    page.mouse.move(*at(view, 0.25))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    near = view.wait_stretch("to - from < 0.6 * of[0]", length)
    assert near[0] + 0.25 * (near[1] - near[0]) == pytest.approx(under, abs=0.02 * length)
    view.screenshot("near")
    # Dragging moves it: what was under the pointer comes along.
    drag(view, 0.7, 0.5)
    moved = view.wait_stretch("from > of[0]", near[0] + 1e-4)
    assert moved[0] - near[0] == pytest.approx(0.2 * (near[1] - near[0]), rel=0.1)
    assert moved[1] - moved[0] == pytest.approx(near[1] - near[0], rel=0.02)
    expect(view.detail).to_be_hidden()
    # A wheel that goes sideways too.
    page.keyboard.down("Shift")
    page.mouse.wheel(0, -40)
    page.keyboard.up("Shift")
    view.wait_stretch("from < of[0]", moved[0] - 1e-4)
    view.button("Show all").click()
    view.wait_stretch("Math.abs(to - of[0]) < 1e-3", whole[1])
    view.button("Zoom in").click()
    view.wait_stretch("to - from < 0.8 * of[0]", length)
    view.button("Zoom out").click()
    view.wait_stretch("Math.abs(to - of[0]) < 1e-3", whole[1])


def test_a_stretch_is_marked_measured_and_zoomed_to(desk: Desk) -> None:
    view = desk.order()
    page = view.page.page
    whole = view.stretch()
    words = view.root.locator(".ipf-time-words")
    page.keyboard.down("Shift")
    drag(view, 0.2, 0.5)
    page.keyboard.up("Shift")
    expect(words).to_have_text(re.compile(r"^\d+ ms from \+\d+ ms · \d+ tasks ran$"))
    view.screenshot("marked")
    length = int(words.inner_text().split()[0]) / 1000
    assert length == pytest.approx(0.3 * (whole[1] - whole[0]), rel=0.05)
    view.button("Zoom in", view.root.locator(".ipf-time-foot")).click()
    near = view.wait_stretch("to - from < 0.4 * of[0]", whole[1])
    assert near[1] - near[0] == pytest.approx(length, rel=0.05)
    expect(words).to_be_hidden()
    # The button marks without Shift, once.
    view.button("Mark a stretch").click()
    drag(view, 0.3, 0.6)
    expect(words).to_be_visible()
    expect(view.button("Mark a stretch")).to_have_attribute("aria-pressed", "false")
    view.button("Clear").click()
    expect(words).to_be_hidden()
    page.mouse.dblclick(*at(view, 0.97, 300))  # below the rows: a click on a bar opens its task
    view.wait_stretch("Math.abs(to - of[0]) < 1e-3", whole[1])


def test_rows_by_worker_the_card_of_a_task_and_the_critical_path(desk: Desk) -> None:
    view = desk.order()
    label(view, "check_payment").hover()
    card = view.root.locator(".ipf-card[data-open]")
    expect(card).to_contain_text("ValueError: Ada may not spend 40")
    view.page.screenshot("card")
    view.page.page.mouse.move(0, 0)
    expect(card).to_have_count(0)
    view.button("A row for each worker").click()
    expect(view.root.locator(".ipf-label-worker").first).to_contain_text("thread-")
    expect(view.root.locator(".ipf-label-task")).to_have_count(0)
    view.screenshot("workers")
    view.button("A row for each task").click()
    expect(view.root.locator(".ipf-label-task")).not_to_have_count(0)
    view.button("Critical path").click()
    expect(view.button("Critical path")).to_have_attribute("aria-pressed", "true")
    expect(view.root.locator(".ipf-time-words")).to_have_text(re.compile(r"^[23] tasks decided \d+ ms of \d+ ms$"))
    view.screenshot("critical")
    label(view, "check_payment").click()
    expect(view.detail.locator(".ipf-exception")).to_contain_text("Ada may not spend 40")


def test_the_end_of_a_live_run_is_followed_until_one_looks_back(desk: Desk) -> None:
    view = desk.held("follow")
    follow = view.button("Follow the run")
    expect(follow).to_be_hidden()
    view.button("Zoom in").click()
    expect(follow).to_have_attribute("aria-pressed", "false")
    follow.click()
    expect(follow).to_have_attribute("aria-pressed", "true")
    before = view.stretch()
    # It moves along with the clock, as long as it was.
    later = view.wait_stretch("from > of[0]", before[0] + 0.2)
    assert later[1] - later[0] == pytest.approx(before[1] - before[0], rel=0.05)
    drag(view, 0.4, 0.6)
    expect(follow).to_have_attribute("aria-pressed", "false")
    stands = view.stretch()
    clock = view.root.locator(".ipf-clock").inner_text()
    expect(view.root.locator(".ipf-clock")).not_to_have_text(clock)
    assert view.stretch() == pytest.approx(stands)
    follow.click()
    expect(follow).to_have_attribute("aria-pressed", "true")
    view.wait_stretch("to > of[0]", stands[1] + 0.1)
    view.button("Show all").click()
    expect(follow).to_be_hidden()
    desk.let_go("follow")
    view.expect_state("succeeded")


def test_the_past_is_replayed_in_every_tab(desk: Desk) -> None:
    view = desk.order()
    page = view.page.page
    view.button("Replay").click()
    slider = view.root.get_by_role("slider", name="Instant of the run")
    box = slider.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.35 * box["width"], box["y"] + box["height"] / 2)
    view.expect_state("running")
    expect(view.number("succeeded")).not_to_have_text("10")
    view.screenshot("past")
    view.tab("Table")
    expect(view.rows.filter(has_text="check_payment")).not_to_contain_text("ValueError")
    view.screenshot("past-table")
    view.tab("Graph")
    node = view.root.locator(".ipf-node").filter(has_text="check_payment")
    expect(node).not_to_have_attribute("data-state", "failed")
    view.tab("Log")
    expect(view.lines.filter(has_text="looks for user 7")).to_have_count(1)
    # Nothing is done to the past.
    view.tab("Timeline")
    for _ in range(40):
        if re.match(r"check_payment #\d+ failed", view.root.locator(".ipf-replay-what").inner_text()):
            break
        view.button("To the next change").click()
    else:
        raise AssertionError("the failure is no change that one comes to")
    view.tab("Table")
    expect(view.rows.filter(has_text="check_payment")).to_contain_text("ValueError")
    view.button("To the change before").click()
    expect(view.rows.filter(has_text="check_payment")).not_to_contain_text("ValueError")
    view.button("Play").click()
    expect(view.button("Stop")).to_be_visible()
    view.button("Stop").click()
    view.button("Now").click()
    view.expect_state("succeeded")
    expect(view.rows.filter(has_text="check_payment")).to_contain_text("ValueError")


def test_the_past_of_a_run_that_goes_on_stands_still(desk: Desk) -> None:
    view = desk.held("past", options="--view table")
    expect(view.rows.filter(has_text="running")).not_to_have_count(0)
    view.button("Replay").click()
    view.root.get_by_role("slider").focus()
    view.page.page.keyboard.press("Home")
    cancel = view.button("Cancel", view.head)
    expect(cancel).to_be_hidden()
    expect(view.root.locator(".ipf-tr:visible").get_by_role("button")).to_have_count(0)
    desk.let_go("past")
    expect(view.button("Live").or_(view.button("Now"))).to_be_visible()
    assert view.pill.get_attribute("data-state") != "succeeded"
    view.button("Live").or_(view.button("Now")).click()
    view.expect_state("succeeded")
