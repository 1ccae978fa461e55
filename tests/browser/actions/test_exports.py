"""Every item of the export menu gives a file that its own reader takes."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from playwright.sync_api import expect

from ipyflow.model.run import RunState, fold
from ipyflow.model.status import State
from ipyflow.views.log_json import read_log
from tests.browser.actions.desk import Desk, View
from tests.views.test_exports_trace import check as check_trace

# How many pixels an image has, and of how many colours.
COLOURS = """async bytes => {
    const blob = new Blob([Uint8Array.from(atob(bytes), one => one.charCodeAt(0))], { type: 'image/png' });
    const image = await createImageBitmap(blob), canvas = new OffscreenCanvas(image.width, image.height);
    const g = canvas.getContext('2d');
    g.drawImage(image, 0, 0);
    const { data } = g.getImageData(0, 0, image.width, image.height);
    return { width: image.width, height: image.height, colours: new Set(new Uint32Array(data.buffer)).size };
}"""
TASKS = ("load_user", "load_product", "score", "check_payment", "after")


@pytest.fixture
def view(desk: Desk) -> View:
    return desk.order()


@pytest.fixture
def chosen(view: View, tmp_path: Path) -> Callable[[str], Path]:
    """Chooses an item of the menu and gives the file that comes of it."""

    def choose(item: str) -> Path:
        menu = view.open_menu("Export")
        with view.page.page.expect_download() as coming:
            menu.get_by_role("menuitem", name=item, exact=True).click()
        path = tmp_path / coming.value.suggested_filename
        coming.value.save_as(path)
        expect(view.said).to_have_text(f"Saved {path.name}.")
        expect(menu).to_be_hidden()
        return path

    return choose


def test_drawings_and_images(view: View, chosen: Callable[[str], Path]) -> None:
    for what in ("Timeline", "Graph"):
        drawing = chosen(f"{what} as SVG")
        assert drawing.suffix == ".svg"
        root = ElementTree.fromstring(drawing.read_text("utf-8"))
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        said = " ".join(root.itertext())
        assert all(task in said for task in TASKS)
        image = chosen(f"{what} as PNG")
        assert image.name == drawing.name.replace(".svg", ".png")
        assert image.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        seen = view.page.call(COLOURS, base64.b64encode(image.read_bytes()).decode())
        assert (seen["width"], seen["height"]) == (2 * size(root, "width"), 2 * size(root, "height"))
        assert seen["colours"] > 20, "nothing is drawn in it"


def size(root: Any, side: str) -> int:
    return round(float(root.get(side)))


def test_a_page_of_its_own(view: View, chosen: Callable[[str], Path]) -> None:
    path = chosen("Web page (interactive, one file)")
    assert path.suffix == ".html"
    page = view.page.page.context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    for tab in ("Timeline", "Graph", "Table", "Log"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_text("load_user").first).to_be_visible()
    page.get_by_role("tab", name="Table").click()
    page.locator(".ipf-tr", has_text="check_payment").click()
    expect(page.locator(".ipf-traceback")).to_contain_text("raise ValueError")
    page.close()
    assert complaints == []
    assert asked == [path.as_uri()]


def test_files_for_programs(view: View, chosen: Callable[[str], Path]) -> None:
    log = chosen("JSON (the log)").read_text("utf-8")
    state = fold(read_log(log))
    assert {task.name for task in state.tasks.values()} == {*TASKS, "order"}
    assert [task.name for task in state.tasks.values() if task.state is State.FAILED] == ["check_payment"]
    trace = json.loads(chosen("Trace for Perfetto or Chrome").read_text("utf-8"))
    check_trace(trace["traceEvents"])
    assert sum(one["ph"] == "X" and one["cat"] == "task" for one in trace["traceEvents"]) >= len(state.tasks)
    check_spans(json.loads(chosen("OpenTelemetry JSON").read_text("utf-8")), state)
    check_dot(chosen("DOT (Graphviz)").read_text("utf-8"))
    check_mermaid(chosen("Mermaid").read_text("utf-8"))


def check_spans(data: Any, state: RunState) -> None:
    """What the OTLP JSON encoding asks of spans, and that each has its parent."""
    (resource,) = data["resourceSpans"]
    assert resource["resource"]["attributes"]
    spans = [span for scope in resource["scopeSpans"] for span in scope["spans"]]
    assert len(spans) == len(state.tasks) + 1
    ids = {span["spanId"] for span in spans}
    assert len({span["traceId"] for span in spans}) == 1
    for span in spans:
        assert re.fullmatch(r"[0-9a-f]{32}", span["traceId"], re.IGNORECASE)
        assert re.fullmatch(r"[0-9a-f]{16}", span["spanId"], re.IGNORECASE)
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
    assert [span["name"] for span in spans if span.get("parentSpanId", "") not in ids] == [spans[0]["name"]]


def statements(text: str) -> Iterator[str]:
    for line in text.splitlines()[1:]:
        if line.strip():
            yield line.strip()


def check_dot(text: str) -> None:
    """The part of the grammar that is written: attributes, nodes, edges, clusters, all in quotes."""
    quoted = r'"(?:[^"\\]|\\.)*"'
    attributes = rf"\[(?:[\w]+=(?:{quoted}|[\w.]+),? ?)*\]"
    forms = [
        rf"(?:{quoted}|[\w]+) ?{attributes}?;?",
        rf"(?:{quoted}|\w+) -> (?:{quoted}|\w+) ?(?:{attributes})?;?",
        rf"\w+=(?:{quoted}|[\w.]+);?",
        rf"subgraph (?:{quoted}|\w+) \{{",
        r"\}",
    ]
    assert text.startswith("digraph ")
    for statement in statements(text):
        assert any(re.fullmatch(form, statement) for form in forms), statement
    assert text.count("{") == text.count("}")
    assert text.count("->") >= 4
    assert all(task in text for task in TASKS)


def check_mermaid(text: str) -> None:
    assert text.startswith("flowchart LR\n")
    forms = [
        r'\w+[\[({>]+"[^"]*"[\])}]+(?::::\w+)?',
        r'\w+ (?:==>|-\.-)(?:\|"[^"]*"\|)? \w+',
        r'subgraph \w+\["[^"]*"\]',
        r"end",
        r"(?:classDef|class|linkStyle|style|direction) .+",
    ]
    for statement in statements(text):
        assert any(re.fullmatch(form, statement) for form in forms), statement
    assert all(task in text for task in TASKS)
