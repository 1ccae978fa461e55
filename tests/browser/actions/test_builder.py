"""The builder as a person uses it: by mouse, by keyboard, and in a file without a kernel."""

from playwright.sync_api import Locator, expect

from tests.browser.actions.desk import Desk, View, focused, press
from tests.browser.harness import LabPage
from tests.browser.test_axe import check

TASKS = """
from ipyflow import in_parallel, task
from pathlib import Path

@task
def read(path: str, size: int = 3) -> list:
    "Reads a file."
    return list(range(size))

@task
def total(numbers) -> float:
    return float(sum(numbers))

@task
def scale(value: float, by: float) -> float:
    return value * by

@task
def mean(values):
    return sum(values) / len(values)

@task
def heal(error, value=0):
    return value

for name in ("load_user", "load_product", "check_payment", "score", "held", "after"):
    globals().pop(name, None)
"""


def expect_code(view: View, *lines: str) -> None:
    expect(view.root.locator(".ipb-line")).to_have_text(list(lines))


def card(view: View, name: str) -> Locator:
    return view.root.locator(".ipb-picture [data-id]").filter(has_text=name).first


def task(view: View, name: str) -> Locator:
    return view.root.locator(".ipb-item").filter(has_text=name).first


def field(view: View, name: str) -> Locator:
    return view.root.locator(f".ipb-row:has(.ipb-label:text-is('{name}')) input")


def test_a_pipeline_put_together_by_mouse_runs_and_becomes_a_cell(desk: Desk) -> None:
    desk.do(TASKS)
    view = desk.run("b = fl.Builder(name='report')\nb")
    expect(view.root.locator(".ipb-item").first).to_contain_text("read")

    # A click adds, a drag puts it where one wants it.
    task(view, "read").click()
    expect(card(view, "read")).to_have_attribute("aria-pressed", "true")
    expect(view.root.locator(".ipb-state")).to_contain_text("1 to mend")
    expect(view.root.locator(".ipb-card .ipb-problem")).to_contain_text("path needs a value")
    task(view, "mean").drag_to(view.root.locator(".ipb-gap.ipb-last"))
    expect(view.root.locator(".ipb-card")).to_have_count(2)
    task(view, "In parallel").drag_to(card(view, "mean"), target_position={"x": 60, "y": 2})
    expect(view.root.locator(".ipb-branch")).to_have_count(2)
    desk.page.screenshot("mouse-block", of=view.root)
    task(view, "total").drag_to(view.root.locator(".ipb-branch .ipb-fill").first)
    task(view, "scale").click()  # behind what is chosen
    expect(view.root.locator(".ipb-branch").first.locator(".ipb-card")).to_have_count(2)
    task(view, "mean").drag_to(view.root.locator(".ipb-branch .ipb-fill"))
    expect(view.root.locator(".ipb-branch").nth(1).locator(".ipb-card")).to_have_count(1)

    # Arguments: text without quotes is offered with them.
    card(view, "read").click()
    field(view, "path").fill("a.csv")
    view.button("use 'a.csv'").click()
    field(view, "size").fill("5")
    card(view, "scale").click()
    field(view, "by").fill("10")
    field(view, "by").press("Tab")
    card(view, "in parallel").click()
    field(view, "At once").fill("2")
    expect(view.root.locator(".ipb-state")).to_contain_text("ready to run")
    expect_code(
        view,
        "report = (",
        "read.send('a.csv', 5)",
        ".continue_with(in_parallel([",
        "total.send().continue_with(scale, 10),",
        "mean.send(),",
        "], max_parallelism=2))",
        ".continue_with(mean)",
        ")",
    )
    desk.page.screenshot("mouse", of=view.root)

    # A card is dragged to another place; that is taken back.
    card(view, "mean").drag_to(view.root.locator(".ipb-branch").first.locator(".ipb-gap").last)
    expect(view.root.locator(".ipb-branch").first.locator(".ipb-card")).to_have_count(3)
    view.button("Undo").click()
    expect(view.root.locator(".ipb-branch").first.locator(".ipb-card")).to_have_count(2)

    # Run: the view of the run stands under it.
    view.button("Run").click()
    run = View(desk.page, view.cell, desk.page.cell(view.cell).locator("section.ipf:not(.ipb)"))
    run.expect_state("succeeded")
    assert desk.do("print(fl.runs()[-1].root.result())") == "51.0\n"

    # What stands there now can be written to a cell, and is then a pipeline as any other.
    view.button("Write to a cell").click()
    below = desk.page.cell(view.cell + 1)
    expect(below.locator(".cm-content")).to_contain_text("report = (")
    desk.page.run_cell(view.cell + 1)
    assert desk.do("print(report.describe() == b.pipeline().describe())") == "True\n"


def test_all_of_it_by_keyboard(desk: Desk) -> None:
    desk.do(TASKS)
    desk.do("p = read.send('a', 4).continue_with(in_parallel([total.send(), mean.send()])).continue_with(mean)")
    view = desk.run("fl.Builder(p)")
    cells = desk.page.page.locator(".jp-Notebook .jp-Cell").count()
    start = view.root.locator(".ipb-start")
    start.focus()
    press(desk.page, "ArrowDown")
    assert focused(desk.page)["name"] == "step 1 of 3: read('a', 4)"
    press(desk.page, "a")  # the menu of what may stand behind it
    menu = view.root.get_by_role("menu")
    expect(menu).to_be_visible()
    press(desk.page, "i", "ArrowDown", "Enter")  # In parallel, If it fails
    expect(card(view, "if it fails")).to_be_visible()
    expect(view.root.locator(".ipb-state")).to_contain_text("1 to mend")
    expect(card(view, "if it fails")).to_be_focused()
    press(desk.page, "Enter")
    assert focused(desk.page)["role"] == "select"
    press(desk.page, "h", "Tab", "Tab")
    expect(card(view, "heal")).to_be_visible()
    field(view, "value").focus()
    desk.page.page.keyboard.type("7")
    press(desk.page, "Escape")
    expect(view.root.locator(".ipb-code")).to_contain_text(".exceptionally(heal, 7)")
    assert focused(desk.page)["name"] == "if it fails 2 of 4: heal(error, 7)"

    press(desk.page, "Alt+ArrowDown")  # into the first branch
    expect(view.root.locator(".ipb-branch").first).to_contain_text("heal")
    press(desk.page, "Alt+ArrowDown", "Alt+ArrowDown")
    expect(view.root.locator(".ipb-branch").nth(1)).to_contain_text("heal")
    expect(view.root.locator(".ipb-said")).to_contain_text("moved heal")
    press(desk.page, "Control+z", "Control+z", "Control+z")
    expect(view.root.locator(".ipb-branch").filter(has_text="heal")).to_have_count(0)
    press(desk.page, "Control+Shift+z")
    expect(view.root.locator(".ipb-branch").first).to_contain_text("heal")
    card(view, "heal").focus()
    press(desk.page, "Delete")
    expect(view.root.locator(".ipb-card").filter(has_text="heal")).to_have_count(0)
    expect(view.root.locator(":focus")).to_have_count(1)
    assert "total" in focused(desk.page)["name"] or "branch" in focused(desk.page)["name"]
    press(desk.page, "ArrowRight", "Control+d")
    expect(view.root.locator(".ipb-card").filter(has_text="mean")).to_have_count(3)
    # None of it was a command of the notebook.
    assert desk.page.page.locator(".jp-Notebook .jp-Cell").count() == cells
    press(desk.page, "Control+z")
    expect(view.root.locator(".ipb-state")).to_contain_text("ready to run")


def test_narrow_wrong_and_foreign(desk: Desk) -> None:
    """Names and texts of others are text; what is wrong is said; axe finds nothing, at any width and in the dark."""
    desk.do(TASKS)
    desk.do("evil = task(name='<img src=x onerror=alert(1)>')(lambda x: x)")
    view = desk.run("b = fl.Builder(name='odd')\nb")
    for at, step in enumerate(("evil", "nobody", "heal")):
        role = "exceptionally" if step == "heal" else "then"
        args = "'<b>bold</b>'" if step == "evil" else ""
        edit = {"do": "add", "to": 0, "at": at, "task": step, "role": role, "arguments": args}
        desk.do(f"b.edit({edit!r})")
    desk.do("b.edit({'do': 'add', 'to': 0, 'at': 1, 'kind': 'group'})")
    expect(view.root.locator(".ipb-state")).to_contain_text("3 to mend")
    expect(view.root.locator(".ipb-code")).to_contain_text("evil.send('<b>bold</b>')")
    assert view.root.locator(".ipb b", has_text="bold").count() == 0
    view.root.locator(".ipb-state").click()
    expect(view.root.locator(".ipb-branch-head[aria-pressed=true]")).to_have_count(1)
    found = []
    for width in (900, 400):
        view.root.evaluate("(root, width) => { root.style.width = `${width}px`; }", width)
        assert view.root.evaluate("root => root.scrollWidth <= root.clientWidth")
        for name in ("odd", "evil", "in parallel", "nobody"):
            card(view, name).click()
        found += check(desk.page.page, f"builder at {width}")
        desk.page.screenshot(f"{width}", of=view.root)
    assert found == []


def test_a_saved_builder_is_its_picture_and_its_code(desk: Desk, notebook: LabPage) -> None:
    desk.do(TASKS)
    desk.do("p = read.send('a', 4).continue_with(total)")
    view = desk.run("fl.Builder(p, name='kept')")
    card(view, "read").click()
    # What its arguments raise when they are evaluated is said, and nothing has started.
    field(view, "size").fill("len(1)")
    expect(view.root.locator(".ipb-code")).to_contain_text("len(1)")
    view.button("Run").click()
    expect(view.root.get_by_role("alert")).to_contain_text("TypeError: object of type 'int' has no len()")
    field(view, "size").fill("6")
    field(view, "size").press("Enter")
    expect(view.root.locator(".ipb-code")).to_contain_text("read.send('a', 6)")
    # The saved form follows, under the live one and hidden by it.
    notebook.page.wait_for_function(
        "index => JSON.stringify(window.jupyterapp.shell.currentWidget.content.widgets[index].model.outputs.toJSON())"
        ".includes('read.send(&#x27;a&#x27;, 6)')",
        arg=view.cell,
    )
    outputs = notebook.outputs(view.cell)
    assert [sorted(output["data"]) for output in outputs] == [
        ["application/vnd.jupyter.widget-view+json", "text/html", "text/plain"],
        ["text/html", "text/plain"],
        ["text/html", "text/plain"],
    ]
    expect(notebook.cell(view.cell).locator(".ipyflow-builder")).to_be_hidden()
    assert "<svg" in outputs[1]["data"]["text/html"] or "data:image/svg" in outputs[1]["data"]["text/html"]
    # Where the widget is gone it is what is seen.
    view.root.evaluate("root => root.remove()")
    expect(notebook.cell(view.cell).locator(".ipyflow-builder")).to_be_visible()
    notebook.screenshot("saved", of=notebook.cell(view.cell))
