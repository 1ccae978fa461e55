"""The views by keyboard alone, in little room, without motion, and as a screen reader hears them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from ipyflow.views.exports import Source, export
from tests.browser.harness import LabPage
from tests.browser.test_axe import TABS, choose
from tests.browser.test_run_view import FLOW, LOAD, expect_state, view
from tests.views.golden import load

CONTROLS = "button:visible:not([aria-disabled=true]), select:visible, input:visible"
# What has the focus: a short name, and whether a ring of two pixels or more says so.
FOCUS = """() => {
    const at = document.activeElement, style = getComputedStyle(at);
    const words = at.getAttribute('aria-label') ?? at.textContent;
    return {
        inside: at.closest('.ipf') !== null,
        name: `${at.tagName} ${at.className?.baseVal ?? at.className} ${words}`,
        ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    };
}"""
LISTEN = """() => {
    window.heard = [];
    const said = node => node.closest('[role=status], [role=alert], [aria-live=polite], [aria-live=assertive]');
    new MutationObserver(changes => {
        const regions = new Set(changes.map(({ target }) => said(target.parentElement ?? target)).filter(Boolean));
        for (const region of regions) {
            const text = region.textContent.trim();
            if (text !== '') window.heard.push([region.className, text]);
        }
    }).observe(document.querySelector('.jp-Notebook'), { subtree: true, childList: true, characterData: true });
}"""
MOVING = """() => document.getAnimations().filter(
    one => one.playState === 'running' && one.effect.target.closest('.ipf') !== null).length"""
CELLS = "() => window.jupyterapp.shell.currentWidget.content.model.cells.length"


@pytest.fixture
def show(chromium: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Opens a run of the fixtures as a page of its own."""
    opened: list[Page] = []

    def open_page(run: str, width: int = 1000) -> Page:
        path = tmp_path / f"{run}.html"
        export(Source(load(run)), path)
        page = chromium.new_context(viewport={"width": width, "height": 800}).new_page()
        opened.append(page)
        page.goto(path.as_uri())
        expect(page.get_by_role("tab", name="Timeline")).to_be_visible()
        return page

    yield open_page
    for page in opened:
        page.context.close()


def can_be_clicked(within: Locator, place: str) -> list[str]:
    """The controls that something covers, or that lie outside."""
    controls = within.locator(CONTROLS)
    bad = []
    for i in range(controls.count()):
        try:
            controls.nth(i).click(trial=True, timeout=10_000)
        except Exception as error:
            bad.append(f"{place}: {controls.nth(i).evaluate('e => e.outerHTML.slice(0, 120)')}: {error}")
    return bad


@pytest.mark.parametrize("width", [400, 760, 1600])
@pytest.mark.parametrize("run", ["failure", "pipeline_running", "events-live", "workers"])
def test_everything_can_be_reached_in_any_width(show: Callable[..., Page], run: str, width: int) -> None:
    page = show(run, width)
    root = page.locator("section.ipf")
    bad = []
    for tab in TABS:
        choose(root, tab)
        bad += can_be_clicked(root, f"{tab} at {width}")
    choose(root, "Table")
    root.get_by_role("row").nth(2).click()
    expect(root.locator(".ipf-detail-title")).to_be_visible()
    bad += can_be_clicked(root.locator(".ipf-detail"), f"pane at {width}")
    page.keyboard.press("Escape")
    root.get_by_role("button", name="Replay", exact=True).click()
    bad += can_be_clicked(root.locator(".ipf-replay"), f"replay at {width}")
    assert bad == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than its window"


@pytest.mark.parametrize("run", ["pipeline_running", "events-live"])
def test_the_focus_is_seen_wherever_it_goes_and_is_never_caught(show: Callable[..., Page], run: str) -> None:
    page = show(run)
    for tab in TABS:
        choose(page.locator("section.ipf"), tab)
        page.locator(".ipf-fold").focus()
        steps = []
        for _ in range(60):
            page.keyboard.press("Tab")
            at = page.evaluate(FOCUS)
            if not at["inside"]:
                break
            steps.append(at["name"])
            assert at["ring"], f"{tab}: no ring around {at['name']}"
        else:
            raise AssertionError(f"{tab}: the focus does not come out: {steps}")
        assert any("ipf-tab" in step for step in steps)
        assert any("ipf-focusable" in step for step in steps), f"{tab}: its picture is not reached: {steps}"


def test_nothing_moves_by_itself_where_motion_is_reduced(show: Callable[..., Page]) -> None:
    page = show("pipeline_running")
    choose(page.locator("section.ipf"), "Graph")
    page.wait_for_function(f"() => ({MOVING})() > 0")  # else the rest would say nothing
    page.emulate_media(reduced_motion="reduce")
    for tab in TABS:
        choose(page.locator("section.ipf"), tab)
        assert page.evaluate(MOVING) == 0, tab


def test_what_is_said_is_said_once(lab_page: LabPage) -> None:
    page = lab_page
    page.server.write_notebook("heard.ipynb", [LOAD, FLOW])
    page.open_notebook("heard.ipynb")
    page.run_cell(0)
    page.page.evaluate(LISTEN)
    page.run_cell(1)
    expect_state(page, 1, "succeeded")
    heard = [text for region, text in page.page.evaluate("() => window.heard") if "ipf-pill" in region]
    assert heard[-1] == "succeeded"
    assert len(heard) == len(set(heard)), heard
    others = [text for region, text in page.page.evaluate("() => window.heard") if "ipf-pill" not in region]
    assert len(others) == len(set(others)), others


def test_single_keys_stay_in_the_view(lab_page: LabPage) -> None:
    page = lab_page
    page.server.write_notebook("keys.ipynb", [LOAD, FLOW, "1"])
    page.open_notebook("keys.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    expect_state(page, 1, "succeeded")
    before = page.page.evaluate(CELLS)
    for tab in TABS:
        choose(view(page, 1), tab)
        picture = view(page, 1).locator(".ipf-focusable").first
        picture.focus()
        # In a notebook these add, cut and delete cells, and change what they are.
        for key in ("a", "b", "x", "d", "d", "m", "Enter", "Escape", "ArrowDown", "ArrowUp"):
            page.page.keyboard.press(key)
        assert page.page.evaluate(CELLS) == before, tab
        expect(page.page.locator(".jp-Notebook.jp-mod-editMode")).to_have_count(0)
    assert page.errors == []
