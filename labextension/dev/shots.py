"""Pictures of the dev page: ``python dev/shots.py [name ...]`` after ``npm run dev``; they go to ``test-artifacts/views``.

Each shot is ``name: (query, width, height, what to do first)``.
"""

import pathlib
import sys

from playwright.sync_api import Page, sync_playwright

HERE = pathlib.Path(__file__).parent
OUT = HERE.parent.parent / "test-artifacts" / "views"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def hover_row(page: Page, row: int = 3) -> None:
    box = page.locator(".ipf-label").nth(row).bounding_box()
    assert box
    page.mouse.move(box["x"] + 60, box["y"] + 10)


def open_row(page: Page, row: int = 3) -> None:
    page.locator(".ipf-label").nth(row).click()


def open_table_row(page: Page, row: int = 3) -> None:
    page.locator(".ipf-tr").nth(row).click()


def open_node(page: Page, row: int = 1) -> None:
    page.locator(".ipf-node").nth(row).click()


def workers(page: Page) -> None:
    page.get_by_role("button", name="A row for each worker").click()


def zoom(page: Page) -> None:
    for _ in range(5):
        page.get_by_role("button", name="Zoom in").click()


def cancel(page: Page) -> None:
    page.get_by_role("button", name="Cancel", exact=True).click()


def nothing(page: Page) -> None:
    pass


SHOTS = {
    "small-timeline": ("run=small", 900, 400, nothing),
    "small-timeline-400": ("run=small", 400, 400, nothing),
    "small-timeline-dark": ("run=small&theme=dark", 900, 400, nothing),
    "small-graph": ("run=small&tab=graph", 900, 400, nothing),
    "small-graph-400": ("run=small&tab=graph", 400, 400, nothing),
    "small-table": ("run=small&tab=table", 900, 400, nothing),
    "running-timeline": ("run=small&at=0.45", 900, 400, hover_row),
    "running-graph": ("run=small&at=0.45&tab=graph", 900, 400, nothing),
    "running-table": ("run=small&at=0.45&tab=table", 1400, 400, nothing),
    "failing-timeline": ("run=failing", 1100, 520, lambda p: hover_row(p, 6)),
    "failing-detail": ("run=failing", 1100, 520, lambda p: open_row(p, 6)),
    "failing-detail-dark": ("run=failing&theme=dark", 1100, 520, lambda p: open_row(p, 2)),
    "failing-detail-400": ("run=failing", 400, 760, lambda p: open_row(p, 6)),
    "failing-graph": ("run=failing&tab=graph", 1100, 520, nothing),
    "failing-graph-dark": ("run=failing&tab=graph&theme=dark", 1100, 520, nothing),
    "failing-table": ("run=failing&tab=table", 1400, 520, nothing),
    "failing-table-400": ("run=failing&tab=table", 400, 520, nothing),
    "failing-table-detail": ("run=failing&tab=table", 1100, 520, lambda p: open_table_row(p, 4)),
    "many-timeline": ("run=many&at=1.1", 1400, 520, nothing),
    "many-workers": ("run=many", 1400, 520, workers),
    "many-workers-dark": ("run=many&theme=dark", 1400, 520, workers),
    "many-zoom": ("run=many", 900, 520, zoom),
    "many-graph": ("run=many&tab=graph&at=1.1", 900, 520, lambda p: open_node(p, 2)),
    "many-table": ("run=many&tab=table&at=1.1", 900, 520, nothing),
    "many-cancel": ("run=many&at=1.1", 900, 520, cancel),
    "big-timeline": ("run=big", 1400, 520, nothing),
    "aggregated-timeline": ("run=aggregated", 1400, 520, nothing),
    "aggregated-timeline-dark": ("run=aggregated&theme=dark", 900, 520, lambda p: hover_row(p, 1)),
    "aggregated-graph": ("run=aggregated&tab=graph", 900, 520, nothing),
    "aggregated-table": ("run=aggregated&tab=table", 1400, 520, nothing),
}


def main(names: list[str]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for name, (query, width, height, act) in SHOTS.items():
            if names and not any(name.startswith(one) for one in names):
                continue
            page = browser.new_page(viewport={"width": width + 32, "height": height}, device_scale_factor=1.5)
            page.on("console", lambda m, n=name: print(n, m.type, m.text) if m.type == "error" else None)
            page.on("pageerror", lambda e, n=name: print(n, e))
            page.goto(f"file://{HERE}/index.html?{query}&width={width}")
            page.wait_for_selector(".ipf-tabs")
            page.wait_for_timeout(250)
            act(page)
            page.wait_for_timeout(250)
            page.screenshot(path=OUT / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
