"""The page that ``run.export("run.html")`` writes, opened from the disk: alive, alone, nothing of a run is obeyed."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request

from ipyflow.model.records import Output
from ipyflow.views.exports import Source, export
from ipyflow.views.standalone import BUILT
from tests.views.build import Log
from tests.views.golden import HOSTILE, fan_out, load

TABS = ("Timeline", "Graph", "Table", "Log")


@dataclass
class Opened:
    """A page from the disk, with all that it asked for and complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfailed", self._on_failed)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))

    def _on_failed(self, request: Request) -> None:
        """What the page's own policy stopped has not left it."""
        if request.failure == "csp":
            self.requests.remove(request.url)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def tab(self, name: str) -> None:
        tab = self.page.get_by_role("tab", name=name)
        tab.click()
        self.page.wait_for_function("tab => tab.getAttribute('aria-selected') === 'true'", arg=tab.element_handle())

    def row(self, text: str) -> Locator:
        return self.page.locator(".ipf-tr", has_text=text).first


@pytest.fixture
def show(chromium: Browser, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Writes a run as a page and opens it; at the end it must have asked for nothing and complained of nothing."""
    assert (BUILT / "standalone.js").is_file(), "the front end is not built: `make build`"
    shown: list[Opened] = []

    def open_page(source: Source, *, scheme: str = "light", width: int = 1100, scripts: bool = True) -> Opened:
        path = tmp_path / f"run-{len(shown)}.html"
        export(source, path)
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=scripts,
        )
        opened = Opened(context.new_page())
        shown.append(opened)
        opened.page.goto(path.as_uri())
        return opened

    yield open_page
    for opened in shown:
        opened.page.context.close()
        assert [url for url in opened.requests if not url.startswith("file:")] == []
        assert len(opened.requests) == 1
        assert opened.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_tab_opens_and_details_hold_the_traceback(show: Callable[..., Opened], scheme: str) -> None:
    opened = show(Source(load("failure")), scheme=scheme)
    page = opened.page
    page.get_by_text("nightly_report").first.wait_for()
    for tab in TABS:
        opened.tab(tab)
        assert page.locator("[role=alert]").count() == 0
    opened.tab("Table")
    opened.row("parse").click()
    pane = page.locator(".ipf-detail")
    pane.get_by_text("total = line['total']").first.wait_for()
    assert page.title() == "nightly_report"
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(17, 20, 23)" if scheme == "dark" else "rgb(255, 255, 255)")
    page.keyboard.press("Escape")
    pane.wait_for(state="hidden")


def test_markup_in_a_run_is_text(show: Callable[..., Opened]) -> None:
    log = Log(HOSTILE)
    bad = log.task(0, HOSTILE, args=HOSTILE, module=HOSTILE, group=f"</script>{HOSTILE}")
    log.start(1, bad, HOSTILE)
    log.add(Output, 2, bad, "stdout", f"</script><script>alert(2)</script>{HOSTILE}\u2028\n")
    log.fail(5, bad, HOSTILE, HOSTILE, f"Traceback\n  </noscript>{HOSTILE}\n")
    log.close(6, "failed")
    opened = show(Source(log.state()))
    page = opened.page
    for tab in TABS:
        opened.tab(tab)
        page.get_by_text(HOSTILE).first.wait_for()
    opened.tab("Table")
    opened.row(HOSTILE).click()
    page.locator(".ipf-detail .ipf-traceback").first.wait_for()
    assert page.locator("img, iframe, script:not([type]):not(body > script)").count() == 0
    assert page.title() == HOSTILE
    for name in ("hostile", "events-fan", "pipeline_running", "workers"):
        other = show(Source(load(name)))
        for tab in TABS:
            other.tab(tab)


def test_nothing_but_its_own_script_may_run_or_fetch(show: Callable[..., Opened]) -> None:
    opened = show(Source(load("parallel")))
    page = opened.page
    page.locator(".ipf-tab").first.wait_for()
    page.evaluate("""() => {
        const script = document.createElement('script');
        script.textContent = 'window.hacked = 1';
        document.body.append(script);
        const image = '<img src="http://127.0.0.1:9/x.png" onerror="window.hacked = 2">';
        document.body.insertAdjacentHTML('beforeend', image);
        fetch('http://127.0.0.1:9/').catch(() => { window.refused = true });
    }""")
    page.wait_for_function("window.refused")
    assert page.evaluate("window.hacked") is None
    assert len(opened.complaints) >= 2
    assert all("Content Security Policy" in text for text in opened.complaints)
    opened.complaints.clear()


def test_a_large_run_has_a_table_to_search_and_says_what_it_lacks(show: Callable[..., Opened]) -> None:
    opened = show(Source(fan_out(2500, 50).state()))
    page = opened.page
    page.get_by_text("this page holds 2,000 of 2,502 tasks").wait_for()
    opened.tab("Table")
    page.get_by_role("searchbox").or_(page.get_by_placeholder("Filter")).first.fill("doc_28")
    opened.row("doc_28").click()
    page.locator(".ipf-detail").get_by_text("doc_28 is empty").first.wait_for()
    for tab in TABS:
        opened.tab(tab)


def test_what_was_printed_is_in_its_log(show: Callable[..., Opened]) -> None:
    opened = show(Source(load("events")))
    opened.tab("Log")
    for i in (1, 2, 3):
        opened.page.get_by_text(f"Running query Query {i}").first.wait_for()


def test_without_scripts_the_still_picture_is_shown(show: Callable[..., Opened]) -> None:
    page = show(Source(load("failure")), scripts=False).page
    page.locator("summary", has_text="KeyError").first.wait_for()
    page.locator("pre", has_text="total = line").first.wait_for()
    assert page.locator(".ipf").count() == 0
    assert page.locator("noscript svg").count() >= 1


def test_a_page_replays_its_run(show: Callable[..., Opened]) -> None:
    opened = show(Source(load("failure")))
    page = opened.page
    page.get_by_role("button", name="Replay").click()
    slider = page.get_by_role("slider", name="Instant of the run")
    slider.focus()
    page.keyboard.press("Home")
    page.get_by_text("of 85 ms").wait_for()
    page.locator(".ipf-head, header, .ipf-run").get_by_text("running").first.wait_for()
    page.get_by_role("button", name="Now").click()
    page.locator(".ipf-run").get_by_text("failed").first.wait_for()


def test_a_page_gives_what_it_has_as_a_file(show: Callable[..., Opened]) -> None:
    opened = show(Source(load("parallel")))
    page = opened.page
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as found:
        page.get_by_role("menuitem", name="JSON (what this page has)").click()
    path = found.value.path()
    assert json.loads(Path(path).read_text("utf-8"))["run"]["name"] == "process_order"
