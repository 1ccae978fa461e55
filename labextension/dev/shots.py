"""Pictures of the dev page: ``python dev/shots.py [name ...]`` after ``npm run dev``; they go to ``test-artifacts/views``.

Each shot is ``name: (query, width, height, what to do first)``. A query ``log=pipeline_running&until=0.2``
shows the run of a log in ``tests/fixtures/runs`` as it stood then, ``payload=plan`` an example payload.
"""

import json
import pathlib
import sys
from typing import Any
from urllib.parse import parse_qs

from playwright.sync_api import Page, sync_playwright

from ipyflow.model.records import from_json
from ipyflow.model.run import fold
from ipyflow.views.detail import detail
from ipyflow.views.payload import payload

HERE = pathlib.Path(__file__).parent
FIXTURES = HERE.parent.parent / "tests" / "fixtures"
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


def open_named(page: Page, name: str) -> None:
    page.locator(".ipf-label").filter(has=page.get_by_text(name, exact=True)).first.click()


def open_table_row(page: Page, row: int = 3) -> None:
    page.locator(".ipf-tr").nth(row).click()


def open_node(page: Page, row: int = 1) -> None:
    page.locator(".ipf-node").nth(row).click()


def workers(page: Page) -> None:
    page.get_by_role("button", name="A row for each worker").click()


def hover_bar(page: Page, row: int) -> None:
    workers(page)
    page.wait_for_timeout(200)
    box = page.locator(".ipf-label").nth(row).bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] + 290, box["y"] + 15)


def zoom(page: Page) -> None:
    for _ in range(5):
        page.get_by_role("button", name="Zoom in").click()


def cancel(page: Page) -> None:
    page.get_by_role("button", name="Cancel", exact=True).click()


def show_tasks(page: Page) -> None:
    page.get_by_role("button", name="Tasks", exact=True).click()


def open_flow(page: Page, key: str) -> None:
    page.locator(f'.ipf-node[data-key="{key}"]').click()


def open_event(page: Page, type: str) -> None:
    open_flow(page, f"event:{type}")
    page.locator("button.ipf-event-line").first.click()


def open_unhandled(page: Page) -> None:
    page.locator(".ipf-flow-foot .ipf-warned").click()
    page.locator("button.ipf-event-line").first.click()


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
    "pipeline-timeline": ("log=pipeline", 1100, 520, nothing),
    "pipeline-timeline-dark": ("log=pipeline&theme=dark", 1100, 520, lambda p: hover_row(p, 7)),
    "pipeline-graph": ("log=pipeline&tab=graph", 1300, 520, nothing),
    "pipeline-graph-dark": ("log=pipeline&tab=graph&theme=dark", 1300, 520, nothing),
    "pipeline-table": ("log=pipeline&tab=table", 1400, 520, nothing),
    "pipeline-detail": ("log=pipeline", 1100, 520, lambda p: open_named(p, "aggregate")),
    "pipeline-skipped": ("log=pipeline", 1100, 520, lambda p: open_named(p, "recover")),
    "pipeline-halfway": ("log=pipeline&until=0.1", 1100, 520, nothing),
    "pipeline-halfway-graph": ("log=pipeline&until=0.1&tab=graph", 1300, 520, nothing),
    "pipeline-running": ("log=pipeline_running", 1100, 560, lambda p: hover_row(p, 9)),
    "pipeline-running-group": ("log=pipeline_running", 1100, 560, lambda p: hover_row(p, 2)),
    "pipeline-running-400": ("log=pipeline_running", 400, 560, nothing),
    "pipeline-running-graph": ("log=pipeline_running&tab=graph", 1300, 520, nothing),
    "pipeline-running-table": ("log=pipeline_running&tab=table", 1400, 620, nothing),
    "pipeline-table-detail": ("log=pipeline&tab=table", 900, 560, lambda p: open_table_row(p, 7)),
    "pipeline-table-400": ("log=pipeline&tab=table", 400, 560, nothing),
    "pipeline-running-slot": ("log=pipeline_running", 1100, 560, lambda p: open_row(p, 9)),
    "pipeline-running-pipeline": ("log=pipeline_running&theme=dark", 1100, 560, lambda p: open_row(p, 0)),
    "pipeline-paused": ("log=pipeline_paused", 1100, 400, lambda p: open_row(p, 0)),
    "pipeline-wide": ("payload=pipeline_wide", 1100, 560, nothing),
    "pipeline-wide-graph": ("payload=pipeline_wide&tab=graph", 1300, 520, nothing),
    "pipeline-stages-graph": ("payload=pipeline_stages&tab=graph", 1300, 520, nothing),
    "pipeline-aggregated": ("payload=pipeline_aggregated", 1100, 560, nothing),
    "pipeline-aggregated-graph": ("payload=pipeline_aggregated&tab=graph", 1300, 520, nothing),
    "events": ("log=events&tab=graph", 1100, 720, nothing),
    "events-dark": ("log=events&tab=graph&theme=dark", 1100, 720, nothing),
    "events-early": ("log=events&tab=graph&until=0.002", 1100, 720, nothing),
    "events-tasks": ("log=events&tab=graph", 1100, 720, show_tasks),
    "events-timeline": ("log=events", 1100, 520, nothing),
    "events-table": ("log=events&tab=table", 1100, 520, nothing),
    "events-live": ("log=events-live&tab=graph", 1100, 720, nothing),
    "events-live-step": ("log=events-live&tab=graph", 1100, 720, lambda p: open_flow(p, "step:step_three")),
    "events-live-event": ("log=events-live&tab=graph", 1100, 720, lambda p: open_flow(p, "event:StepThreeEvent")),
    "events-live-400": ("log=events-live&tab=graph", 400, 760, nothing),
    "events-live-400-dark": ("log=events-live&tab=graph&theme=dark", 400, 760, nothing),
    "events-live-400-event": ("log=events-live&tab=graph", 400, 760, lambda p: open_event(p, "StepThreeEvent")),
    "events-lineage": ("log=events&tab=graph", 1100, 720, lambda p: open_event(p, "StopEvent")),
    "events-lineage-dark": ("log=events&tab=graph&theme=dark", 1100, 720, lambda p: open_event(p, "StepThreeEvent")),
    "events-stalled": ("log=events-stalled&tab=graph", 1100, 720, nothing),
    "events-stalled-unhandled": ("log=events-stalled&tab=graph", 1100, 720, open_unhandled),
    "events-stalled-whole": ("log=events-stalled&tab=graph", 1100, 720, lambda p: p.locator(".ipf-foot-state").click()),
    "events-human": ("log=events-human&tab=graph", 1100, 720, nothing),
    "events-human-dark": ("log=events-human&tab=graph&theme=dark", 1100, 720, lambda p: open_flow(p, "step:ask_city")),
    "events-fan": ("log=events-fan&tab=graph", 1400, 760, nothing),
    "events-fan-dark": ("log=events-fan&tab=graph&theme=dark", 1400, 760, lambda p: open_flow(p, "step:summarise")),
    "events-fan-list": ("log=events-fan&tab=graph", 1400, 760, lambda p: open_flow(p, "event:Summary")),
    "events-fan-400": ("log=events-fan&tab=graph", 400, 760, nothing),
    "events-child": ("log=events-child&tab=graph", 900, 720, nothing),
    "events-child-400": ("log=events-child&tab=graph", 400, 760, nothing),
    "workers": ("log=workers", 1100, 520, workers),
    "workers-dark": ("log=workers&theme=dark", 900, 520, lambda p: hover_bar(p, 1)),
    "workers-tasks": ("log=workers", 1100, 560, lambda p: hover_row(p, 5)),
    "workers-table": ("log=workers&tab=table", 1400, 620, nothing),
    "pipeline-plan": ("log=plan&tab=graph", 1300, 520, nothing),
}


def given(query: str) -> dict[str, Any] | None:
    """The payload and the details of a run in a log, for a query that names one."""
    asked = parse_qs(query)
    if "payload" in asked:
        return {
            "payload": json.loads((FIXTURES / "payloads" / f"{asked['payload'][0]}.json").read_text()),
            "details": {},
        }
    if "log" not in asked:
        return None
    until = float(asked.get("until", ["1e9"])[0])
    lines = (FIXTURES / "runs" / f"{asked['log'][0]}.jsonl").read_text().splitlines()
    records = [from_json(json.loads(line)) for line in lines if line.startswith("[")]
    state = fold([record for record in records if record.time - records[0].time <= until])
    now = records[0].time + until if until < 1e9 else None
    return {"payload": payload(state, now=now), "details": {id: detail(state, id) for id in state.tasks}}


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
            run = given(query)
            if run is not None:
                page.add_init_script(f"window.given = {json.dumps(run)}")
                query = f"run=given&{query}"
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
