"""One JupyterLab and one Chromium for all browser tests, a fresh tab and fresh kernels for each.

Playwright keeps an asyncio loop running in the main thread while its fixture lives: no `asyncio.run` in these tests,
and the fixture ends with this folder, not with the session.
"""

import os
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.harness import ARTIFACTS, LabPage, LabServer, chromium_browser, lab_server
from tests.kernels import PYTHON

# As long as a click waits for its button. What is expected is a state, never a time: the machine may be busy.
expect.set_options(timeout=30_000)

FAILED = pytest.StashKey[bool]()
# Each process of tests has servers of its own.
LOG_OF = os.environ.get("PYTEST_XDIST_WORKER", "all")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="package")
def lab(own_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """JupyterLab as it is where our extension is not installed: what is live is a widget."""
    folder, log = tmp_path_factory.mktemp("lab"), ARTIFACTS / f"jupyterlab-{LOG_OF}.log"
    with lab_server(folder, os.environ, log, python=PYTHON) as server:
        yield server


@pytest.fixture(scope="package")
def extended_lab(own_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """JupyterLab with our extension."""
    folder, log = tmp_path_factory.mktemp("extended-lab"), ARTIFACTS / f"jupyterlab-extended-{LOG_OF}.log"
    with lab_server(folder, os.environ, log, extended=True, python=PYTHON) as server:
        yield server


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with chromium_browser() as browser:
        yield browser


@pytest.fixture
def page(lab: LabServer, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[LabPage]:
    """A tab of its own. It must not have asked for anything outside this machine when the test ends."""
    yield from open_tab(lab, chromium, request)


@pytest.fixture
def lab_page(extended_lab: LabServer, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[LabPage]:
    """The same, where our extension is installed."""
    yield from open_tab(extended_lab, chromium, request)


def open_tab(lab: LabServer, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[LabPage]:
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, base_url=lab.url)
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    tab = LabPage(lab, context.new_page(), name)
    try:
        yield tab
        if request.node.stash.get(FAILED, False):
            tab.screenshot("FAILED")
    finally:
        context.close()
        lab.shutdown_kernels()
    assert tab.blocked == [], "the page asked for addresses outside this machine"


@pytest.fixture
def dark(page: LabPage) -> Iterator[Callable[[], None]]:
    """Changes to the dark theme; at the end back, for the server remembers it."""
    yield lambda: change_theme(page, "Dark")
    change_theme(page, "Light")


@pytest.fixture
def lab_dark(lab_page: LabPage) -> Iterator[Callable[[], None]]:
    """The same, where our extension is installed."""
    yield lambda: change_theme(lab_page, "Dark")
    change_theme(lab_page, "Light")


def change_theme(page: LabPage, theme: str) -> None:
    change = "name => window.jupyterapp.commands.execute('apputils:change-theme', { theme: name })"
    page.call(change, f"JupyterLab {theme}")
    light = "true" if theme == "Light" else "false"
    page.page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")
    page.page.wait_for_selector("#jupyterlab-splash", state="detached")
