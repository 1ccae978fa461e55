"""What holds on every ipykernel, JupyterLab and Python that we support, with our extension and without it.

Here it is seen on what is installed; `make matrix` runs this file in each combination (scripts/matrix.py) and makes
the table of docs/matrix.md from the properties that are recorded. One notebook on one kernel serves all the tests of a
combination. Nothing is timed: cells block, and tasks go on, until there is a file of a certain name.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.harness import LabPage, LabServer
from tests.kernels import PYTHON

pytestmark = [pytest.mark.kernel]

KERNELS = os.environ.get("IPYFLOW_MATRIX_KERNELS", "").split() or [""]
LOAD = """%load_ext ipyflow
import asyncio, time
from pathlib import Path
import ipykernel, ipyflow
from ipyflow import task

stopped = []

def until(name):
    while not Path(name).exists():
        time.sleep(0.01)

def block(name):
    Path(name + "-began").touch()
    until(name + "-ends")

print(ipykernel.__version__)
print(ipyflow.__file__)
"""
NAP = """%%flow nap
@task
def nap(n):
    until("nap-goes-on")
    return n

sum(f.result() for f in nap.map(range(4)))
"""
TALK = """%%flow talk -o talked
@task
def from_thread():
    until("talk-goes-on")
    print("said on a thread")

@task
async def from_coroutine():
    while not Path("talk-goes-on").exists():
        await asyncio.sleep(0.01)
    print("said by a coroutine")

futures = [from_thread.submit(), from_coroutine.submit()]
for future in futures:
    future.result()
futures
"""
LISTEN = """%%flow listen --view table
@task
async def forever(n):
    Path(f"listens-{n}").touch()
    try:
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        stopped.append(time.time())
        raise

await asyncio.gather(*[forever.submit(n) for n in range(5)], return_exceptions=True)
"""
CELLS = [
    LOAD,
    NAP,
    "block('nap')",
    TALK,
    "print('the second cell')\nblock('talk')\nprint('has ended')",
    "print([future.logs for future in talked.result()])",
    LISTEN,
    "for n in range(5):\n    until(f'listens-{n}')\nblock('listen')",
    "print(*stopped)",
    "%flow wait",
]
# Older JupyterLabs take cells that are out of sight out of the page.
SCROLL = "index => window.jupyterapp.shell.currentWidget.content.scrollToItem(index)"
# The instants of clicks on buttons, in seconds since the epoch.
WATCH_CLICKS = """() => (window.__clicks = []) && document.addEventListener('click', event => {
    if (event.target.closest('button')) window.__clicks.push((performance.timeOrigin + event.timeStamp) / 1000);
}, true)"""


@dataclass
class Place:
    """A notebook in one combination."""

    page: LabPage
    notebook: str
    kernel: str
    extension: bool
    hears: bool
    """Whether a click is heard while a cell blocks."""
    say: Callable[[str, object], None] = lambda name, value: None
    blocking: list[str] = field(default_factory=list)
    """What cells that run wait for the end of."""

    @property
    def folder(self) -> Path:
        """Where the kernel looks for files."""
        return (self.page.server.root / self.notebook).parent

    def touch(self, name: str) -> None:
        (self.folder / name).touch()

    def block(self, cell: int, name: str) -> int:
        """Start a cell that blocks until `name`-ends."""
        self.blocking.append(name)
        call = self.page.start_cell(cell)
        began = self.folder / f"{name}-began"
        deadline = time.monotonic() + 30
        while not began.exists():
            assert time.monotonic() < deadline, f"cell {cell} has not begun"
            self.page.page.wait_for_timeout(10)  # a file has no event to wait on
        return call

    def free(self, call: int, name: str) -> None:
        assert self.blocked(call)
        self.touch(f"{name}-ends")
        self.blocking.remove(name)
        self.page.wait_cell(call)

    def blocked(self, call: int) -> bool:
        return self.page.page.evaluate("index => window.__harness[index]", call) is None

    def view(self, cell: int) -> Locator:
        return self.page.cell(cell).locator(".ipf:visible")

    def expect_state(self, cell: int, state: str) -> None:
        pill = self.view(cell).locator(".ipf-head .ipf-pill")
        expect(pill).to_have_attribute("data-state", state)

    def text(self, cell: int) -> str:
        """What a cell printed."""
        return "".join(o["text"] for o in self.page.outputs(cell) if o["output_type"] == "stream")


@pytest.fixture(scope="module", params=[True, False], ids=["extension", "plain"])
def extension(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module", params=KERNELS, ids=lambda version: version or "installed")
def opened(
    request: pytest.FixtureRequest, extension: bool, chromium: Browser, kernelspec: Callable[[str], str]
) -> Iterator[Place]:
    server: LabServer = request.getfixturevalue("extended_lab" if extension else "lab")
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, base_url=server.url)
    page = LabPage(server, context.new_page(), f"matrix-{request.param}-{extension}")
    name = f"{request.param or 'installed'}/matrix.ipynb"
    server.write_notebook(name, CELLS, kernelspec(request.param) if request.param else "python3")
    page.open_notebook(name)
    page.page.evaluate(WATCH_CLICKS)
    page.run_cell(0)
    kernel, package = page.outputs(0)[-1]["text"].splitlines()
    assert kernel == (request.param or kernel)
    if sys.executable != PYTHON:
        assert package.startswith(str(Path(PYTHON).parent.parent)), "not the wheel that was installed"
    lab = tuple(int(part) for part in page.page.evaluate("() => window.jupyterapp.version").split(".")[:2])
    # Over the control channel; or over subshells, of which both sides must know.
    hears = extension or (int(kernel.split(".")[0]) >= 7 and lab >= (4, 4))
    try:
        yield Place(page, name, kernel, extension, hears)
    finally:
        context.close()
        server.shutdown_kernels()
    assert page.blocked == [], "the page asked for addresses outside this machine"


@pytest.fixture
def place(
    opened: Place, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Iterator[Place]:
    record_property("kernel", opened.kernel)
    record_property("extension", opened.extension)
    record_property("what", request.function.__name__.split("_")[1])
    opened.say = record_property
    yield opened
    if opened.blocking:  # the test has failed: the others still want the kernel
        opened.page.screenshot(f"FAILED-{opened.blocking[-1]}")
        for name in opened.blocking:
            opened.touch(f"{name}-ends")
        opened.blocking.clear()


def test_live_while_another_cell_blocks(place: Place) -> None:
    place.page.run_cell(1)
    call = place.block(2, "nap")
    place.expect_state(1, "running")
    place.touch("nap-goes-on")
    place.expect_state(1, "succeeded")
    number = place.view(1).locator(".ipf-number[aria-label*=' succeeded']")
    expect(number.locator("b")).to_have_text("5")
    place.free(call, "nap")
    expect(place.view(1)).to_have_count(1)
    expect(place.page.cell(1).locator(".ipyflow-of-view")).to_be_hidden()
    assert place.page.errors == []


def test_prints_stay_with_their_task(place: Place) -> None:
    place.page.run_cell(3)
    call = place.block(4, "talk")
    place.touch("talk-goes-on")
    place.expect_state(3, "succeeded")
    place.free(call, "talk")
    assert place.text(4) == "the second cell\nhas ended\n"
    assert place.text(3) == ""
    place.page.run_cell(5)
    assert place.text(5) == "['said on a thread\\n', 'said by a coroutine\\n']\n"
    place.view(3).get_by_role("tab", name="Log").click()
    for words in ("said on a thread", "said by a coroutine"):
        expect(place.view(3).get_by_role("option").filter(has_text=words)).to_be_visible()
    assert place.page.errors == []


def test_cancel_while_a_cell_blocks(place: Place) -> None:
    place.page.run_cell(6)
    call = place.block(7, "listen")
    place.expect_state(6, "running")
    cancel = place.view(6).locator(".ipf-head").get_by_role("button", name="Cancel", exact=True)
    # A combination that cannot says so: at the button, and after the click.
    said = expect(cancel).not_to_have_attribute if place.hears else expect(cancel).to_have_attribute
    said("title", re.compile("when the cell has ended"))
    rows = place.view(6).get_by_role("row").filter(has_text="forever")
    place.page.page.evaluate("() => window.__clicks.splice(0)")
    if place.hears:  # four tasks one by one, then the run
        for done in range(1, 5):
            rows.filter(has_text="running").first.get_by_role("button", name="Cancel").click()
            expect(rows.filter(has_text="cancelled")).to_have_count(done)
        cancel.click()
        place.expect_state(6, "cancelled")
    else:
        cancel.click()
        expect(place.view(6).locator(".ipf-said")).to_contain_text("Not heard yet")
        place.page.screenshot("not-heard", of=place.view(6))
        place.expect_state(6, "running")
    place.free(call, "listen")
    place.expect_state(6, "cancelled")
    place.page.run_cell(8)
    stopped = [float(instant) for instant in place.text(8).split()]
    assert len(stopped) == 5
    clicks = place.page.page.evaluate("() => window.__clicks")
    lag = median(1000 * (then - click) for then, click in zip(stopped, clicks, strict=False))
    place.say("result", f"yes, {lag:.0f} ms" if place.hears else "when the cell has ended")
    assert place.page.errors == []


def test_saved_file_shows_its_runs_without_a_kernel(place: Place) -> None:
    page = place.page
    page.run_cell(9)
    said = (
        "index => JSON.stringify(window.jupyterapp.shell.currentWidget.content.widgets[index].model.outputs.toJSON())"
    )
    for number, state in ((1, "succeeded"), (3, "succeeded"), (6, "cancelled")):
        page.page.wait_for_function(f"index => ({said})(index).includes('{state} · ')", arg=number)
    page.save()
    page.server.shutdown_kernels()
    for trusted in (False, True):  # what was trusted once stays so
        page.open_notebook(place.notebook, kernel=False, trusted=trusted)
        for number in (1, 3, 6):
            page.page.evaluate(SCROLL, number)
            cell = page.page.locator(f".jp-Cell[data-windowed-list-index='{number}']")
            expect(cell.locator(".ipf" if place.extension and trusted else ".ipyflow-run")).to_be_visible()
            expect(cell.get_by_text("Loading widget")).to_be_hidden()
            expect(cell.get_by_text("model not found")).to_be_hidden()
        page.screenshot(f"saved-{'trusted' if trusted else 'untrusted'}")
    assert page.errors == []
