"""What axe-core finds in the views: nothing that is more than minor, in any tab and any theme, running or failed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from ipyflow.views.exports import Source, export
from ipyflow.views.html import static_html
from tests.browser.harness import LabPage
from tests.browser.test_run_view import ASYNC, FLOW, LOAD, expect_state, view
from tests.views.golden import fan_out, load

AXE = Path(__file__).parent.parent.parent / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
TABS = ("Timeline", "Graph", "Table", "Log")
THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")
# How a reader has set up the system, as playwright calls it.
MEDIA: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "contrast": {"color_scheme": "light", "contrast": "more"},
    "forced-dark": {"color_scheme": "dark", "forced_colors": "active"},
    "forced-light": {"color_scheme": "light", "forced_colors": "active"},
}
# Only what is ours; the headings of a notebook around it are the reader's.
RUN = """async () => {
    const found = await axe.run({ include: [['.ipf']] }, { resultTypes: ['violations'] });
    return { violations: found.violations.flatMap(({ id, impact, nodes }) => nodes.map(
        node => `${impact} ${id}: ${node.target.join(' ')}: ${node.failureSummary.split('\\n').slice(1).join(';')}`)) };
}"""


def check(page: Page, place: str) -> list[str]:
    """Ask axe about all that is ours on the page as it is now; empty where it finds nothing that is more than minor."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"() => {{ {AXE.read_text('utf-8')} }}")
    found = page.wait_for_function(RUN, timeout=60_000).json_value()["violations"]
    return [f"{place}: {line}" for line in found if not line.startswith("minor")]


def choose(root: Locator, tab: str) -> None:
    root.get_by_role("tab", name=tab).click()
    expect(root.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")


def check_all(page: Page, root: Locator, place: str) -> list[str]:
    """Every tab of one run, then its pane, its menu and its replay."""
    found = []
    for tab in TABS:
        choose(root, tab)
        found += check(page, f"{place}, {tab}")
    root.get_by_role("button", name="Export").click()
    expect(root.get_by_role("menu")).to_be_visible()
    found += check(page, f"{place}, menu of exports")
    page.keyboard.press("Escape")
    choose(root, "Table")
    root.get_by_role("row").nth(2).click()
    pane = root.locator(".ipf-detail")
    expect(pane.locator(".ipf-detail-title")).to_be_visible()
    found += check(page, f"{place}, pane")
    choose(root, "Timeline")
    found += check(page, f"{place}, chosen in the timeline")
    choose(root, "Graph")
    found += check(page, f"{place}, chosen in the graph")
    choose(root, "Timeline")
    root.get_by_role("button", name="Replay", exact=True).click()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(root.get_by_role("slider", name="Instant of the run")).to_be_visible()
    found += check(page, f"{place}, replay")
    page.keyboard.press("Escape")
    pane.focus()
    page.keyboard.press("Escape")
    expect(pane).to_be_hidden()
    return found


@pytest.mark.parametrize(
    ("run", "media"),
    [
        *((run, media) for run in ("failure", "events-live") for media in MEDIA),
        *((run, "light") for run in ("pipeline_running", "workers", "events-human", "large")),
        ("large", "forced-dark"),
    ],
)
def test_a_page_of_its_own(chromium: Browser, tmp_path: Path, run: str, media: str) -> None:
    path = tmp_path / "run.html"
    export(Source(fan_out(2500, 50).state() if run == "large" else load(run)), path)
    # The page forbids itself to run what it did not bring: axe comes from outside.
    context = chromium.new_context(viewport={"width": 1100, "height": 800}, reduced_motion="reduce", bypass_csp=True)
    try:
        page = context.new_page()
        page.emulate_media(**MEDIA[media])
        page.goto(path.as_uri())
        assert check_all(page, page.locator(".ipf").first, f"{run}, {media}") == []
    finally:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("run", ["failure", "events-fan", "pipeline", "workers"])
def test_the_saved_picture(chromium: Browser, run: str, scheme: str) -> None:
    context = chromium.new_context(color_scheme="dark" if scheme == "dark" else "light")
    try:
        page = context.new_page()
        ground = "background: #0d1117; color: #e6edf3" if scheme == "dark" else "background: #fff; color: #1f2328"
        picture = static_html(load(run)) + static_html(load(run), inline=True)
        page.set_content(f"<html lang='en'><body style='{ground}'><main class='ipf'>{picture}</main></body></html>")
        assert check(page, f"saved {run}, {scheme}") == []
    finally:
        context.close()


@pytest.fixture
def themed(lab_page: LabPage, request: pytest.FixtureRequest) -> Iterator[LabPage]:
    """JupyterLab, to be put into a theme by `wear`; at the end in the light one, for the server remembers it."""
    yield lab_page
    wear(lab_page, THEMES[0])


def wear(page: LabPage, theme: str) -> None:
    change = "name => window.jupyterapp.commands.execute('apputils:change-theme', { theme: name })"
    page.call(change, theme)
    page.page.wait_for_selector(f'body[data-jp-theme-name="{theme}"]', state="attached")
    page.page.wait_for_selector("#jupyterlab-splash", state="detached")


@pytest.mark.parametrize("theme", THEMES)
def test_in_jupyterlab(themed: LabPage, theme: str) -> None:
    page = themed
    page.page.emulate_media(reduced_motion="reduce")
    page.server.write_notebook("axe.ipynb", [LOAD, FLOW, ASYNC])
    page.open_notebook("axe.ipynb")
    wear(page, theme)
    for cell in range(3):
        page.run_cell(cell)
    expect_state(page, 1, "succeeded")
    expect_state(page, 2, "running")
    page.call("() => window.jupyterapp.commands.execute('ipyflow:show-runs').then(() => null)")
    expect(page.page.locator("#ipyflow-parallel-runs .ipf-lab-run")).to_have_count(2)
    found = []
    for cell in (1, 2):
        found += check_all(page.page, page.cell(cell).locator("section.ipf"), f"cell {cell}, {theme}")
    page.screenshot()
    view(page, 2).get_by_role("button", name="Fold the run").click()
    found += check(page.page, f"folded, {theme}")
    view(page, 2).get_by_role("button", name="Unfold the run").click()
    view(page, 2).locator(".ipf-pop-out").click()
    expect(page.page.locator(".ipf-lab-tab .ipf-pill").first).to_be_visible()
    found += check(page.page, f"tab, {theme}")
    assert found == []
    assert page.errors == []
