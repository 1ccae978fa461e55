"""What a person can ask of an ended run: how long with more workers, or fewer."""

import re

from playwright.sync_api import expect

from tests.browser.actions.desk import Desk
from tests.browser.test_axe import THEMES, check, wear


def test_an_ended_run_is_played_again_beside_its_timeline(desk: Desk) -> None:
    view = desk.held("later", 4)
    what_if = view.button("What if")
    expect(what_if).to_have_attribute("title", re.compile("known when the run has ended"))
    expect(what_if).to_have_attribute("aria-disabled", "true")
    view = desk.order()
    pane = view.root.get_by_role("region", name="What if", exact=True)
    view.button("What if").click()
    rows = pane.locator("tbody tr")
    expect(rows.filter(has_text="as it ran")).to_have_count(1)
    expect(rows.last).to_contain_text("best")
    expect(pane).to_contain_text("the longest chain takes")
    # A number of one's own, and one that is none.
    number = pane.get_by_role("spinbutton", name="Another number of workers")
    number.fill("37")
    number.press("Enter")
    expect(rows.filter(has=view.page.page.get_by_role("rowheader", name="37", exact=True))).to_have_count(1)
    view.screenshot("what-if")
    for theme in reversed(THEMES):  # the light one last
        wear(view.page, theme)
        if "Contrast" in theme:
            view.screenshot("contrast")
        assert check(view.page.page, theme) == []
    # The chain leads to its tasks.
    link = pane.get_by_role("list", name="The longest chain").get_by_role("button").last
    name = link.inner_text()
    link.click()
    expect(view.detail).to_contain_text(name.split(" ")[-1])
    # By keyboard: it closes, the picture has the focus again, and a key opens it.
    view.page.page.keyboard.press("Escape")
    expect(pane).to_be_hidden()
    tree = view.root.get_by_role("tree", name="Timeline of the tasks")
    expect(tree).to_be_focused()
    view.page.page.keyboard.press("Escape")
    expect(view.detail).to_be_hidden()
    view.page.page.keyboard.press("w")
    expect(pane).to_be_focused()
    # Where it is narrow it stands below, and all of it can be reached.
    view.page.page.set_viewport_size({"width": 760, "height": 900})
    view.in_sight()
    expect(pane).to_be_in_viewport(ratio=0.5)
    number.click()
    view.screenshot("narrow")
    view.page.page.set_viewport_size({"width": 1400, "height": 900})
