"""What tasks are called and called with, print, raise and return is foreign text: it is shown and not obeyed."""

import json

import pytest
from playwright.sync_api import Dialog, Locator, expect

from tests.browser.actions.desk import LOAD, Desk, View
from tests.browser.harness import LabPage

MIME = "application/vnd.ipyflow-parallel.run+json"
# Markup, script, a way out of attributes, a terminal's escapes, a change of direction, a formula.
BAD = "<img src=x onerror=\"window.__hit='{0}'\">\"'`${{7*7}}</script><script>window.__hit='{0}'</script>"
SOURCE = """%%flow hostile --view table
import sys

BAD = {bad!r}

class Odd:
    def __init__(self, text):
        self.text = text
    def __repr__(self):
        return self.text

class Rich(Odd):
    def _repr_html_(self):
        return ("<b>rich</b><script>parent.__hit = 'rich'; top.__hit = 'rich'</script>"
                "<img src='http://192.0.2.1/pixel.png' onerror=\\"parent.__hit='rich image'\\">"
                "<iframe src='javascript:parent.__hit=1'></iframe><form action='http://192.0.2.1/'><button>go</button></form>"
                "<meta http-equiv='refresh' content='0; url=http://192.0.2.1/'><link rel=stylesheet href='http://192.0.2.1/a.css'>"
                "<a href='http://192.0.2.1/' target=_top>out</a>")

def bad(where):
    return BAD.format(where)

@task(name=bad("name"))
def first(value):
    print(bad("printed"))
    print("\\x1b[31mred\\x1b[0m \\x1b]0;title\\x07 \\x1b[2J\\u202egnp.exe \\u2028end", file=sys.stderr)
    fl.current().log(bad("logged"))
    return Rich(bad("result"))

@task(name=bad("failing"))
def second(value):
    raise type(bad("type"), (Exception,), {{}})(bad("message") + "\\x1b[31m red \\x1b[0m")

one = first.submit(bad("argument"))
two = second.submit({{bad("key"): bad("value")}})
one.result(), two.exception()
[one, two]
"""


def watch_dialogs(page: LabPage) -> list[str]:
    """What a script would have said aloud."""
    said: list[str] = []

    def heard(dialog: Dialog) -> None:
        if dialog.type != "beforeunload":  # JupyterLab's own, of a notebook that was not saved
            said.append(dialog.message)
        dialog.accept()

    page.page.on("dialog", heard)
    return said


def quiet(page: LabPage, dialogs: list[str]) -> None:
    """Nothing of it was done."""
    assert page.page.evaluate("() => window.__hit ?? null") is None
    assert dialogs == []
    injected = "() => document.querySelectorAll(\"img[src='x'], [onerror]\").length"
    assert page.page.evaluate(injected) == 0
    assert page.errors == []
    assert page.blocked == []


def no_escapes(where: Locator) -> None:
    text = where.evaluate("one => one.textContent")
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("world", ["lab_page", "page"])
def test_whatever_tasks_say_is_text(world: str, request: pytest.FixtureRequest) -> None:
    page: LabPage = request.getfixturevalue(world)
    dialogs = watch_dialogs(page)
    page.server.write_notebook("hostile.ipynb", [LOAD])
    page.open_notebook("hostile.ipynb")
    page.run_cell(0)
    desk = Desk(page)
    view = desk.run(SOURCE.format(bad=BAD))
    view.expect_state("succeeded")
    view.in_sight()
    name = BAD.format("name")
    expect(view.rows.nth(1).locator(".ipf-c-name")).to_contain_text(name)
    expect(view.root.locator(".ipf-tr .ipf-c-args").filter(has_text="<img src=x onerror=")).to_have_count(2)
    page.screenshot("table")
    failing = view.rows.filter(has_text=BAD.format("failing"))
    failing.click()
    for where in ("type", "message"):
        expect(view.detail.locator(".ipf-exception")).to_contain_text(BAD.format(where))
    expect(view.detail.locator(".ipf-traceback")).to_contain_text(BAD.format("message"))
    no_escapes(view.detail)
    page.screenshot("detail")
    view.rows.nth(1).click()
    frame = view.detail.locator("iframe").content_frame
    expect(frame.locator("b")).to_have_text("rich")
    expect(view.detail).to_contain_text(BAD.format("printed"))
    page.screenshot("rich")
    frame.get_by_role("link", name="out").click()
    frame.get_by_role("button", name="go").click()
    view.tab("Log")
    for where in ("printed", "logged"):
        expect(view.lines.filter(has_text=BAD.format(where))).to_have_count(1)
    expect(view.lines.filter(has_text="\\u202egnp.exe")).to_have_count(1)
    no_escapes(view.root.get_by_role("listbox", name="Lines of the log"))
    page.screenshot("log")
    view.tab("Graph")
    expect(view.root.locator(".ipf-node").filter(has_text="<img")).not_to_have_count(0)
    view.tab("Timeline")
    view.root.locator(".ipf-label-task").nth(1).hover()
    expect(view.root.locator(".ipf-card[data-open]")).to_contain_text("<img")
    page.screenshot("card")
    quiet(page, dialogs)
    if world == "lab_page":
        around(page, view)
    page.save()
    page.server.shutdown_kernels()
    # Saved, and opened as what came from somewhere: a picture, and none of our code looks at it.
    page.open_notebook("hostile.ipynb", kernel=False)
    picture = page.cell(1).locator("img").first
    expect(picture).to_be_visible()
    expect(page.cell(1).locator(".ipf")).to_have_count(0)
    expect(page.cell(1)).to_contain_text(BAD.format("message")[:40])
    page.screenshot("untrusted")
    quiet(page, dialogs)


def around(page: LabPage, view: View) -> None:
    """What stands outside of the output: the panel, a tab."""
    page.call("() => window.jupyterapp.commands.execute('ipyflow:show-runs').then(() => null)")
    expect(page.page.locator(".ipf-lab-run")).to_have_count(1)
    view.button("Open in a tab of its own").click()
    expect(page.page.locator(".ipf-lab-tab .ipf-head .ipf-pill")).to_be_visible()
    page.page.locator(".lm-TabBar-tabLabel", has_text=".ipynb").click()
    quiet(page, [])


def test_a_file_made_by_hand_runs_nothing_trusted_or_not(lab_page: LabPage) -> None:
    page = lab_page
    dialogs = watch_dialogs(page)
    bad = BAD.format("file")
    row = {"id": 1, "name": bad, "state": "failed", "type": bad, "text": bad, "submitted": 0, "ended": 1, "args": bad}
    node = {
        "key": bad,
        "task": 1,
        "tasks": [1],
        "name": bad,
        "module": bad,
        "count": 1,
        "x": 1,
        "y": 1,
        "w": 99,
        "h": 44,
    }
    run = {"id": 1, "name": bad, "kind": bad, "state": "failed", "wall": 1.0, "now": 1, "closed": 1, "total": 1}
    whole = {
        "schema": 1,
        "seq": 1,
        "run": {**run, "counts": {"failed": 1}, "aggregated": False, "notes": [["leaked", 1, bad]], "critical": [1]},
        "tasks": [row],
        "edges": [],
        "graph": {"width": 120, "height": 60, "nodes": [node], "edges": []},
        "lanes": None,
        "workflows": [],
        "kept": {"tracebacks": {"1": bad}, "log": [[0.1, 1, bad, "stdout", bad]], "lines": 1},
    }
    broken = [
        {**whole, "tasks": None},
        {**whole, "run": None},
        [],
        bad,
        {"__proto__": {"x": 1}},
        {**whole, "schema": 99},
    ]
    outputs = [
        {"output_type": "display_data", "metadata": {}, "data": {MIME: data, "text/html": bad, "text/plain": bad}}
        for data in [whole, *broken]
    ]
    notebook = {
        "cells": [
            {"cell_type": "code", "id": "one", "execution_count": 1, "metadata": {}, "source": "1", "outputs": outputs}
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    for trusted in (False, True):
        (page.server.root / "byhand.ipynb").write_text(json.dumps(notebook))
        page.open_notebook("byhand.ipynb", kernel=False, trusted=trusted)
        view = View(page, 0, page.cell(0).locator("section.ipf").first)
        if not trusted:
            expect(page.cell(0).locator(".jp-OutputArea-output").first).to_be_attached()
            expect(page.cell(0).locator(".ipf")).to_have_count(0)
        else:
            for tab in ("Graph", "Log", "Timeline", "Table"):
                view.tab(tab)
                expect(view.root).to_contain_text(bad)
            view.rows.first.click()
            expect(view.detail.locator(".ipf-traceback")).to_have_text(bad)
            # What is no run says so in its place, and the others stand.
            expect(page.cell(0).get_by_role("alert")).to_have_count(len(broken))
        page.screenshot(f"byhand-{trusted}")
        quiet(page, dialogs)
