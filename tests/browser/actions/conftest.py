"""One notebook for each module of tests, on JupyterLab with our extension; each test has cells of its own in it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.actions.desk import LOAD, Desk
from tests.browser.conftest import FAILED
from tests.browser.harness import LabPage, LabServer


@pytest.fixture(scope="module")
def notebook(extended_lab: LabServer, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[LabPage]:
    name = request.module.__name__.rpartition(".")[2]
    context = chromium.new_context(
        viewport={"width": 1400, "height": 900},
        base_url=extended_lab.url,
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = LabPage(extended_lab, context.new_page(), name)
    extended_lab.write_notebook(f"{name}.ipynb", [LOAD])
    page.open_notebook(f"{name}.ipynb")
    page.run_cell(0)
    try:
        yield page
    finally:
        context.close()
        extended_lab.shutdown_kernels()


@pytest.fixture
def desk(notebook: LabPage, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """At the end the page must have raised nothing, and asked for nothing outside this machine."""
    notebook.name = re.sub(r"\W+", "-", request.node.name).strip("-")
    yield Desk(notebook)
    if request.node.stash.get(FAILED, False):
        notebook.screenshot("FAILED")
    errors, blocked = list(notebook.errors), list(notebook.blocked)
    notebook.console.clear()
    notebook.blocked.clear()
    notebook.page.mouse.move(0, 0)
    Desk(notebook).clear()
    assert errors == []
    assert blocked == [], "the page asked for addresses outside this machine"
