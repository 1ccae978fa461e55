"""How smooth a run of 100,000 tasks is in a real JupyterLab: ``python labextension/dev/lab.py`` from the checkout.

Prints the time from a cell's start to the first picture of a run that has ended, frames a second while the timeline
moves, and what the page keeps in memory, JupyterLab's own objects among it. There is no GPU: all is drawn in software.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from perf import FRAMES, PAN, ZOOM  # noqa: E402

from tests.browser.harness import LabPage, chromium_browser, lab_server  # noqa: E402

RUN = """%load_ext ipyflow
import time
import ipyflow as fl

@fl.task
def step(n):
    time.sleep(0.0002 * (n % 5))
    return n
"""
FLOW = """%%flow large --view none
done, _ = fl.wait(step.map(range(100_000)))
len(done)
"""
FIRST = """before => { window.first = null; const began = performance.now();
  const look = () => { const seen = document.querySelectorAll('.ipf-label-lane').length > before;
    if (seen) window.first = performance.now() - began; else requestAnimationFrame(look) }; look() }"""

# How many frames showed another picture than the one before.
MOVES = """() => { window.moves = 0; const mine = window.looking = {}; let before = '';
  const look = () => { if (window.looking !== mine) return;
    const now = [...document.querySelectorAll('.ipf-axis-mark')].map(one => one.style.transform).join();
    if (now !== before) { window.moves++; before = now } requestAnimationFrame(look) }; look() }"""


def measure(page: LabPage) -> None:
    """Print the figures of one run, shown twice."""
    page.server.write_notebook("large.ipynb", [RUN, FLOW, "%flow wait", "%flow show", "%flow show"])
    page.open_notebook("large.ipynb")
    for cell in (0, 1, 2):
        page.run_cell(cell, timeout=120)
    first(page, 3, "that nobody has looked at")
    view = page.cell(3).locator("section.ipf")
    view.evaluate("view => view.scrollIntoView({ block: 'end' })")
    for times in (1, 12):
        for _ in range(times):
            view.get_by_role("button", name="Zoom in").click()
        for name, how in (("pan", PAN), ("zoom", ZOOM)):
            box = view.locator(".ipf-bars").bounding_box()
            assert box is not None
            page.page.evaluate(how, [box["x"] + 300, box["y"] + 60])
            page.page.evaluate(MOVES)
            frames = page.page.evaluate(FRAMES, 3)
            say(f"{name} at {1.6**times:.0f}x", frames, page.page.evaluate("moves"))
    first(page, 4, "once more")
    session = page.page.context.new_cdp_session(page.page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    print(f"heap of the page {metrics['JSHeapUsedSize'] / 1e6:.0f} MB")


def first(page: LabPage, cell: int, which: str) -> None:
    """Run a cell that shows a run, and print how long its first picture took."""
    page.page.evaluate(FIRST, page.page.locator(".ipf-label-lane").count())
    page.run_cell(cell)
    page.page.wait_for_function("() => window.first !== null")
    print(f"first picture of a run {which}: {page.page.evaluate('first'):.0f} ms after the cell was started")


def say(what: str, frames: dict[str, Any], moves: int) -> None:
    """Print what was measured of one motion."""
    slow = f"99 of 100 within {frames['p99']:.0f} ms, the worst {frames['worst']:.0f} ms"
    print(f"{what}: {frames['fps']:.1f} frames a second, the picture moved in {moves} of them, {slow}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        server = lab_server(place / "lab", os.environ, place / "lab.log", extended=True)
        with server as lab, chromium_browser() as browser:
            context = browser.new_context(viewport={"width": 1400, "height": 900})
            measure(LabPage(lab, context.new_page(), "perf"))
            context.close()
