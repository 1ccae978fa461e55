"""The pictures in the docs, of runs that any reader could start. They go to ``test-artifacts/img``; with
``IPYFLOW_DOCS_IMG=1`` to ``docs/img`` as well."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from ipyflow.views.exports import Source, export
from tests.browser import demo
from tests.browser.actions.desk import EXECUTE, INSERT
from tests.browser.actions.test_edit_and_retry import EDIT
from tests.browser.harness import ARTIFACTS, INPUT, Gate, LabPage, LabServer
from tests.browser.test_axe import choose, wear
from tests.browser.test_history import history, restart
from tests.browser.test_lab import command, panel, runs
from tests.browser.test_run_view import expect_state
from tests.notebooks.test_docs import BLOCK
from tests.views.golden import fan_out

IMG = ARTIFACTS / "img"
DOCS = Path(__file__).parent.parent.parent / "docs" / "img"
THEMES = {"": "JupyterLab Light", "-dark": "JupyterLab Dark"}
ASKED = os.environ.get("IPYFLOW_DOCS_IMG") == "1"
# Pages that have a picture for the light theme only.
NOT_BY_NIGHT = {
    f"{name}-dark"
    for name in (
        *(
            "builder",
            "changed-table",
            "changed-timeline",
            "completion",
            "debugger",
            "form",
            "hints",
            "pipeline",
            "pipeline-graph",
        ),
        *("prompt", "prompt-panel", "replay", "rerun", "saved", "workers"),
    )
}
HOLD = """import threading
held = threading.Event()

@task
def count_words(text):
    held.wait()
    return len(text.split())
"""
HTML = "() => window.jupyterapp.shell.currentWidget.content.widgets[2].model.outputs.get(0).data['text/html']"


SALES, WORDS, FORECAST = (demo.CELLS.index(cell.rstrip()) for cell in (demo.SALES, demo.WORDS, demo.FORECAST))


def shown(page: LabPage, cell: int) -> Locator:
    """The run under a cell, without the badge beside it."""
    return page.cell(cell).locator("section.ipf")


def pack(path: Path, to: Path) -> None:
    """A picture with the colours that it needs, which is a third of what the browser writes."""
    from PIL import Image  # of the extra `dev`, only here

    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(255, Image.Quantize.MAXCOVERAGE, kmeans=2)
        few.save(to / path.name, optimize=True)


def keep(name: str, of: Locator) -> None:
    IMG.mkdir(parents=True, exist_ok=True)
    path = IMG / f"{name}.png"
    of.page.mouse.move(0, 0)
    of.screenshot(path=path)
    if ASKED and name not in NOT_BY_NIGHT:
        pack(path, DOCS)


# Other tests look at the dark theme: this costs half a minute, and is only for the pictures.
@pytest.fixture(params=THEMES if ASKED else [""], ids=["light", "dark"] if ASKED else ["light"])
def sharp(extended_lab: LabServer, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[tuple[LabPage, str]]:
    """A tab with fine pixels, as wide as a laptop's, in one of the themes; and what its pictures' names end in."""
    context = chromium.new_context(
        viewport={"width": 1180, "height": 860}, device_scale_factor=1.5, reduced_motion="reduce"
    )
    page = LabPage(extended_lab, context.new_page(), "docs")
    try:
        page.server.write_notebook("report.ipynb", demo.CELLS)
        page.open_notebook("report.ipynb")
        wear(page, THEMES[request.param])
        page.call("() => { window.jupyterapp.shell.collapseLeft() }")
        for cell in (0, 1):
            page.run_cell(cell)
        yield page, request.param
    finally:
        wear(page, THEMES[""])
        context.close()
        extended_lab.shutdown_kernels()
    assert page.blocked == []
    assert page.errors == []


def test_a_form(sharp: tuple[LabPage, str]) -> None:
    page, end = sharp
    page.page.set_viewport_size({"width": 1180, "height": 1200})
    define, show = BLOCK.findall((DOCS.parent / "forms.md").read_text(encoding="utf-8"))[:2]
    for source in (define, show):
        index = page.call(INSERT, source.rstrip())
        page.run_cell(index)
    form = page.cell(index).locator(".ipyflow-form")
    start = form.get_by_role("button", name="Start", exact=True)
    for count, layers in enumerate(("64, 32", "128, 64, 32"), 1):
        form.get_by_label("layers", exact=True).fill(layers)
        start.click()
        expect(form.locator(".ipyflow-form-launch")).to_have_count(count)
        expect(form.locator(".ipyflow-form-launch").first).to_contain_text("✓ succeeded")
        expect(form.locator(".ipf-head .ipf-pill")).to_have_attribute("data-state", "succeeded")
    start.evaluate("button => button.blur()")
    keep(f"form{end}", form)


def test_a_builder(sharp: tuple[LabPage, str]) -> None:
    page, end = sharp
    page.page.set_viewport_size({"width": 1180, "height": 1300})
    index = page.call(INSERT, BLOCK.findall((DOCS.parent / "builder.md").read_text(encoding="utf-8"))[0].rstrip())
    page.run_cell(index)
    builder = page.cell(index).locator(".ipb")
    steps = [
        (0, 0, "load", "'a.csv', 500"), (0, 1, "", ""), (3, 0, "total", ""), (4, 0, "total", ""), (4, 1, "scale", "3"),
        (0, 2, "sum_of", ""),
    ]  # fmt: skip
    for to, at, task, arguments in steps:
        what = {"task": task, "arguments": arguments} if task else {"kind": "group"}
        page.call(EXECUTE, f"builder.edit({ {'do': 'add', 'to': to, 'at': at, **what}!r})")
    page.call(EXECUTE, "builder.edit({'do': 'option', 'id': 2, 'name': 'max_parallelism', 'value': 2})")
    builder.locator("[data-id='7']").click()
    expect(builder.locator(".ipb-code")).to_contain_text("sum_of")
    keep(f"builder{end}", builder)


def test_a_prompt(sharp: tuple[LabPage, str]) -> None:
    page, end = sharp
    for source in BLOCK.findall((DOCS.parent / "prompts.md").read_text(encoding="utf-8"))[:2]:
        index = page.call(INSERT, source.rstrip())
        page.run_cell(index)
    view = shown(page, index)
    view.get_by_label("city").fill("Rome")
    keep(f"prompt{end}", view)
    page.call("() => window.jupyterapp.commands.execute('ipyflow:show-runs').then(() => null)")
    panel = page.page.locator("#ipyflow-parallel-runs")
    panel.get_by_label("city").fill("Rome")
    page.page.set_viewport_size({"width": 1180, "height": 500})
    keep(f"prompt-panel{end}", panel)
    page.call(EXECUTE, "_flow.cancel()")


def insert(page: LabPage, source: str) -> int:
    """A new cell at the end, run to its end."""
    index = int(page.call(INSERT, source.rstrip()))
    page.run_cell(index)
    return index


def test_a_comparison(sharp: tuple[LabPage, str]) -> None:
    page, end = sharp
    page.page.set_viewport_size({"width": 1180, "height": 1300})
    index = insert(page, BLOCK.findall((DOCS.parent / "compare.md").read_text(encoding="utf-8"))[0])
    compared = page.cell(index).locator("section.ipf", has=page.page.locator(".ipf-compare"))
    expect(compared).to_contain_text("Code of load changed")
    keep(f"compare{end}", compared)


def remembers(page: LabPage, name: str) -> str:
    """The kernel has a history of its own from now on; gives the way to it."""
    database = str(page.server.root / name)
    page.call(EXECUTE, f"import ipyflow as fl\nfl.configure(database={database!r})")
    return database


def test_what_the_cache_found(sharp: tuple[LabPage, str]) -> None:
    page, end = sharp
    page.page.set_viewport_size({"width": 1180, "height": 760})
    remembers(page, f"cached{end}.sqlite")
    insert(page, demo.QUARTER_TASKS)
    first = insert(page, demo.QUARTER)
    expect_state(page, first, "succeeded")
    shown(page, first).locator(".ipf-fold").click()
    index = insert(page, demo.QUARTER_NEXT)
    expect_state(page, index, "succeeded")
    run = shown(page, index)
    run.get_by_role("treeitem").filter(has_text="'Lima', 'August'").click()
    expect(run.locator(".ipf-part-source")).to_contain_text("Open run")
    page.cell(first).evaluate("cell => cell.scrollIntoView()")
    keep(f"cached{end}", page.page.locator("#main"))


def test_what_ran_before(sharp: tuple[LabPage, str]) -> None:
    page, end = sharp
    page.page.set_viewport_size({"width": 1180, "height": 690})
    database, gate = remembers(page, f"past{end}.sqlite"), Gate(page.server)
    page.call(EXECUTE, demo.NIGHTLY + demo.EARLIER)
    fit = demo.YEAR_TASKS.format(gate=f"if sales['city'] in ('Cairo', 'Turin'): {gate.code}")
    page.call(EXECUTE, fit)
    index = insert(page, demo.YEAR)
    run = shown(page, index)
    expect(run.locator(".ipf-head")).to_contain_text("10 succeeded")
    restart(page)
    remembers(page, f"past{end}.sqlite")
    page.call(EXECUTE, demo.AGO.format(database=database))
    for cell in (0, 1):
        page.run_cell(cell)
    page.call(EXECUTE, fit)
    run.get_by_role("button", name="Show it from the history").click()
    expect(run.locator(".ipf-resume")).to_be_visible()
    keep(f"lost{end}", run)
    page.call(EXECUTE, demo.NIGHTLY + "nightly('Oslo', 'Rome', 'Quito')")
    command(page, "ipyflow:show-runs")
    expect(runs(page)).to_have_count(1)
    expect(history(page)).to_have_count(4)
    page.page.set_viewport_size({"width": 1180, "height": 640})
    keep(f"history{end}", panel(page))
    page.page.set_viewport_size({"width": 1180, "height": 760})
    gate.open()
    run.locator(".ipf-resume").click()
    expect_state(page, index, "succeeded")
    page.call("() => { window.jupyterapp.shell.collapseRight() }")
    if ASKED:  # what was said of it has gone again
        expect(run.locator(".ipf-said.ipf-open")).to_have_count(0)
    keep(f"resumed{end}", run)


def test_edit_and_retry(sharp: tuple[LabPage, str]) -> None:
    page, end = sharp
    page.page.set_viewport_size({"width": 1180, "height": 800})
    insert(page, demo.WEEK_TASKS)
    cell, week = insert(page, demo.PER_DAY), insert(page, demo.WEEK)
    run = shown(page, week)
    expect_state(page, week, "failed")
    page.call(EDIT, [cell, demo.PER_DAY_MENDED.rstrip()])
    page.run_cell(cell)
    run.locator(".ipf-head").get_by_role("button", name="Retry", exact=True).click()
    expect_state(page, week, "succeeded")
    if ASKED:  # what was said of the retry has gone again
        expect(run.locator(".ipf-said.ipf-open")).to_have_count(0)
    keep(f"changed-timeline{end}", run)
    run.get_by_role("treeitem").filter(has_text="per_day(<download#3>)").click()
    expect(run.locator(".ipf-detail .ipf-added").first).to_be_visible()
    page.cell(cell).evaluate("cell => cell.scrollIntoView()")
    keep(f"mend{end}", page.page.locator("#main"))
    page.page.keyboard.press("Escape")
    choose(run, "Table")
    keep(f"changed-table{end}", run)
    choose(run, "Timeline")
    run.get_by_role("button", name="Rerun with other parameters").click()
    keep(f"rerun{end}", run)


def test_a_task_cell_hints_and_the_debugger(sharp: tuple[LabPage, str]) -> None:
    page, end = sharp
    insert(page, demo.WEEK_TASKS)
    cell = insert(page, demo.PER_DAY)
    page.page.set_viewport_size({"width": 1180, "height": 420})
    page.cell(cell).evaluate("cell => cell.scrollIntoView()")
    page.cell(cell).locator(".cm-line").first.click()
    page.page.keyboard.press("End")
    page.page.keyboard.type(" --")
    page.page.keyboard.press("Tab")
    expect(page.page.locator(".jp-Completer-item").first).to_be_visible()
    keep(f"completion{end}", page.page.locator(".jp-NotebookPanel-notebook"))
    page.page.keyboard.press("Escape")
    page.page.set_viewport_size({"width": 1180, "height": 860})
    index = insert(page, demo.IN_TURN)
    run = shown(page, index)
    expect_state(page, index, "succeeded")
    run.get_by_role("button", name="2 hints").click()
    keep(f"hints{end}", run)
    index = insert(page, demo.WEEK)
    run = shown(page, index)
    expect_state(page, index, "failed")
    choose(run, "Table")
    failed = run.get_by_role("row").filter(has=page.page.get_by_text("per_day", exact=True))
    failed.filter(has_text="ZeroDivisionError").click()
    run.get_by_role("button", name="Open in %debug").click()
    asked = page.page.locator(INPUT)
    asked.fill("p sales")
    asked.press("Enter")
    debugger = page.cell(index + 1)
    expect(debugger).to_contain_text("{'city': 'Lima'")
    expect(asked).to_be_visible()
    expect(debugger.locator(".jp-Stdin-input")).to_have_count(1)  # what was typed stands as text now
    keep(f"debugger{end}", debugger)
    asked.fill("q")
    asked.press("Enter")
    expect(debugger.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))  # the cell has ended


def test_a_flow(sharp: tuple[LabPage, str]) -> None:
    page, end = sharp
    page.run_cell(SALES)
    run = shown(page, SALES)
    expect(run.locator(".ipf-head")).to_contain_text("1 failed")
    keep(f"timeline-live{end}", run)
    expect_state(page, SALES, "succeeded")
    keep(f"timeline{end}", run)
    run.get_by_role("button", name="A row for each worker").click()
    keep(f"workers{end}", run)
    run.get_by_role("button", name="A row for each task").click()
    run.get_by_role("button", name="What if", exact=True).click()
    expect(run.get_by_role("region", name="What if", exact=True)).to_contain_text("the longest chain takes")
    keep(f"what-if{end}", run)
    run.get_by_role("button", name="Close what if").click()
    for tab in ("Graph", "Table", "Log"):
        choose(run, tab)
        keep(f"{tab.lower()}{end}", run)
    choose(run, "Table")
    run.get_by_role("row").filter(has_text="a price of").click()
    expect(run.locator(".ipf-traceback")).to_contain_text("a price of -40.00")
    keep(f"detail{end}", run)
    page.page.keyboard.press("Escape")
    choose(run, "Timeline")
    run.get_by_role("button", name="Replay", exact=True).click()
    run.get_by_role("slider", name="Instant of the run").fill("0.4")
    keep(f"replay{end}", run)
    page.page.keyboard.press("Escape")


def test_a_pipeline_and_a_workflow(sharp: tuple[LabPage, str]) -> None:
    page, end = sharp
    for cell in range(SALES + 1, FORECAST + 1):
        page.run_cell(cell)
    expect_state(page, WORDS, "succeeded")
    expect_state(page, FORECAST, "succeeded")
    keep(f"pipeline{end}", shown(page, WORDS))
    choose(shown(page, WORDS), "Graph")
    keep(f"pipeline-graph{end}", shown(page, WORDS))
    keep(f"workflow{end}", shown(page, FORECAST))


def test_jupyterlab(sharp: tuple[LabPage, str]) -> None:
    page, end = sharp
    page.run_cell(SALES)
    expect_state(page, SALES, "succeeded")
    page.run_cell(WORDS - 1)
    page.call(EXECUTE, HOLD)  # the second run is live for as long as it takes to draw it
    page.run_cell(WORDS)
    page.call("() => window.jupyterapp.commands.execute('ipyflow:show-runs').then(() => null)")
    expect(page.page.locator("#ipyflow-parallel-runs .ipf-lab-run")).to_have_count(2)
    expect_state(page, WORDS, "running")
    page.cell(SALES).evaluate("cell => cell.scrollIntoView()")
    keep(f"jupyterlab{end}", page.page.locator("#main"))
    page.call(EXECUTE, "held.set()")
    expect_state(page, WORDS, "succeeded")


def test_the_saved_picture(sharp: tuple[LabPage, str], chromium: Browser) -> None:
    page, end = sharp
    page.run_cell(SALES)
    expect_state(page, SALES, "succeeded")
    page.run_cell(0)  # the end of a cell brings pictures up to date
    html = page.page.evaluate(HTML)
    context = chromium.new_context(
        viewport={"width": 900, "height": 900},
        device_scale_factor=1.5,
        color_scheme="dark" if end else "light",
    )
    try:
        plain = context.new_page()
        ground = "background: #0d1117; color: #e6edf3" if end else "background: #fff; color: #1f2328"
        plain.set_content(f"<body style='margin: 12px; font: 14px sans-serif; {ground}'>{html}</body>")
        expect(plain.locator("img, svg").first).to_be_visible()
        keep(f"saved{end}", plain.locator("body"))
    finally:
        context.close()


def test_a_large_run(chromium: Browser, tmp_path: Path) -> None:
    path = tmp_path / "large.html"
    export(Source(fan_out(6000, 90).state()), path)
    context = chromium.new_context(viewport={"width": 1004, "height": 640}, device_scale_factor=1.5)
    try:
        plain = context.new_page()
        plain.goto(path.as_uri())
        expect(plain.get_by_text("of 6,002 tasks")).to_be_visible()
        keep("large", plain.locator("section.ipf"))
    finally:
        context.close()
