"""The pictures in the docs, of runs that any reader could start. They go to ``test-artifacts/img``; with
``IPYFLOW_DOCS_IMG=1`` to ``docs/img`` as well."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from ipyflow.views.exports import Source, export
from tests.browser import demo
from tests.browser.actions.desk import EXECUTE, INSERT
from tests.browser.harness import ARTIFACTS, LabPage, LabServer
from tests.browser.test_axe import choose, wear
from tests.browser.test_run_view import expect_state
from tests.notebooks.test_docs import BLOCK
from tests.views.golden import fan_out

IMG = ARTIFACTS / "img"
DOCS = Path(__file__).parent.parent.parent / "docs" / "img"
THEMES = {"": "JupyterLab Light", "-dark": "JupyterLab Dark"}
ASKED = os.environ.get("IPYFLOW_DOCS_IMG") == "1"
# Pages that have a picture for the light theme only.
NOT_BY_NIGHT = {
    f"{name}-dark" for name in ("builder", "form", "pipeline", "pipeline-graph", "prompt", "replay", "saved", "workers")
}
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
        form.get_by_label("layers").fill(layers)
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
    page.call(EXECUTE, "_flow.cancel()")


def test_a_flow(sharp: tuple[LabPage, str]) -> None:
    page, end = sharp
    page.run_cell(SALES)
    run = shown(page, SALES)
    expect(run.locator(".ipf-head")).to_contain_text("1 failed", timeout=15_000)
    keep(f"timeline-live{end}", run)
    expect_state(page, SALES, "succeeded", seconds=20)
    keep(f"timeline{end}", run)
    run.get_by_role("button", name="A row for each worker").click()
    keep(f"workers{end}", run)
    run.get_by_role("button", name="A row for each task").click()
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
    expect_state(page, WORDS, "succeeded", seconds=20)
    expect_state(page, FORECAST, "succeeded", seconds=20)
    keep(f"pipeline{end}", shown(page, WORDS))
    choose(shown(page, WORDS), "Graph")
    keep(f"pipeline-graph{end}", shown(page, WORDS))
    keep(f"workflow{end}", shown(page, FORECAST))


def test_jupyterlab(sharp: tuple[LabPage, str]) -> None:
    page, end = sharp
    page.run_cell(SALES)
    expect_state(page, SALES, "succeeded", seconds=20)
    page.run_cell(WORDS - 1)
    page.run_cell(WORDS)
    page.call("() => window.jupyterapp.commands.execute('ipyflow:show-runs').then(() => null)")
    expect(page.page.locator("#ipyflow-parallel-runs .ipf-lab-run")).to_have_count(2)
    expect_state(page, WORDS, "running")
    page.cell(SALES).evaluate("cell => cell.scrollIntoView()")
    keep(f"jupyterlab{end}", page.page.locator("#main"))


def test_the_saved_picture(sharp: tuple[LabPage, str], chromium: Browser) -> None:
    page, end = sharp
    page.run_cell(SALES)
    expect_state(page, SALES, "succeeded", seconds=20)
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
