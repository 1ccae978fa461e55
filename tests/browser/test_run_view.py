"""Runs under cells, as a person sees them in JupyterLab."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.harness import Gate, LabPage

LOAD = "%load_ext ipyflow\nimport asyncio, time\nfrom ipyflow import flow, task"
FLOW = """%%flow order(user=17)
@task
def load_user(n):
    time.sleep(0.4)
    return {"id": n, "name": "Ada"}

@task
def load_product(n):
    time.sleep(0.7)
    return {"id": n, "price": 40}

@task
def check_payment(user, product):
    u, p = user.result(), product.result()
    time.sleep(0.5)
    if p["price"] > 30:
        raise ValueError(f"{u['name']} may not spend {p['price']}")

@task
def send_email(user):
    time.sleep(0.3)
    return f"to {user.result()['name']}"

u, p = load_user.submit(user), load_product.submit(7)
paid, mail = check_payment.submit(u, p), send_email.submit(u)
mail.result()
"""
ASYNC = """%%flow listen --view table
@task
async def forever(n):
    await asyncio.sleep(600)

futures = [forever.submit(n) for n in range(3)]
await asyncio.gather(*futures, return_exceptions=True)
"""


def view(page: LabPage, cell: int) -> Locator:
    """The live view under a cell."""
    return page.cell(cell).locator(".ipf")


def expect_state(page: LabPage, cell: int, state: str) -> None:
    expect(view(page, cell).locator(".ipf-head .ipf-pill")).to_have_attribute("data-state", state)


def still_runs(page: LabPage, call: int) -> bool:
    """Whether a cell that was started has not ended."""
    return page.page.evaluate("index => window.__harness[index]", call) is None


def test_a_flow_cell_returns_while_its_work_runs_and_its_view_fills(page: LabPage) -> None:
    end, below = Gate(page.server), Gate(page.server)
    page.server.write_notebook("flow.ipynb", [LOAD, FLOW + end.code, below.code])
    page.open_notebook("flow.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    expect_state(page, 1, "running")
    blocked = page.start_cell(2)
    below.reached()
    # All of it while the cell below is blocked.
    end.open()
    expect_state(page, 1, "succeeded")
    page.screenshot("while-blocked")
    assert still_runs(page, blocked)
    expect(page.cell(1).locator(".ipyflow-of-view"), "the saved picture beside the live view").to_be_hidden()
    for tab in ("Graph", "Table", "Timeline"):
        view(page, 1).get_by_role("tab", name=tab).click()
        page.screenshot(tab.lower(), of=view(page, 1))
    below.open()
    page.wait_cell(blocked)
    assert page.errors == []


def test_a_failure_shows_its_state_message_and_traceback(page: LabPage) -> None:
    page.server.write_notebook("failure.ipynb", [LOAD, FLOW.replace("%%flow", "%%flow --view table")])
    page.open_notebook("failure.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    row = view(page, 1).get_by_role("row").filter(has_text="check_payment")
    expect(row).to_contain_text("failed")
    expect(row).to_contain_text("ValueError: Ada may not spend 40")
    row.click()
    detail = view(page, 1).locator(".ipf-detail")
    expect(detail.locator(".ipf-exception")).to_contain_text("Ada may not spend 40")
    expect(detail.locator(".ipf-traceback")).to_contain_text("Cell In[2], line 17, in check_payment")
    expect(view(page, 1).locator(".ipf-detail")).to_contain_text("raise ValueError")
    page.screenshot("detail", of=view(page, 1))
    assert page.errors == []


@pytest.mark.kernel
@pytest.mark.parametrize("version", ["7.2.0"])  # what is installed, and others, are in test_matrix.py
def test_a_click_cancels_async_work_while_a_cell_blocks(
    page: LabPage, kernelspec: Callable[[str], str], version: str
) -> None:
    gate = Gate(page.server)
    cells = [LOAD + "\nimport ipykernel; print(ipykernel.__version__)", ASYNC, gate.code]
    page.server.write_notebook("cancel.ipynb", cells, kernelspec(version))
    page.open_notebook("cancel.ipynb")
    page.run_cell(0)
    assert page.outputs(0)[0]["text"] == f"{version}\n"
    page.run_cell(1)
    rows = view(page, 1).get_by_role("row")
    expect(rows.filter(has_text="forever").filter(has_text="running")).to_have_count(3)
    blocked = page.start_cell(2)
    gate.reached()
    rows.filter(has_text="forever").first.click()
    view(page, 1).locator(".ipf-detail").get_by_role("button", name="Cancel").click()
    # One future.
    expect(rows.filter(has_text="forever").filter(has_text="cancelled")).to_have_count(1)
    view(page, 1).locator(".ipf-head").get_by_role("button", name="Cancel", exact=True).click()
    # The run.
    expect(rows.filter(has_text="forever").filter(has_text="cancelled")).to_have_count(3)
    expect_state(page, 1, "cancelled")
    assert still_runs(page, blocked)
    page.screenshot("cancelled", of=view(page, 1))
    gate.open()
    page.wait_cell(blocked)


def test_retry_runs_edited_code_and_the_ended_run_goes_on(page: LabPage) -> None:
    define = "@task\ndef part(n):\n    if n == 2:\n        raise ValueError('not two')\n    return n\n"
    use = "%%flow parts -o answer --view table\nfutures = part.map(range(4))\nfutures.wait()\nfutures\n"
    cells = [LOAD, define, use, define.replace("n == 2", "n == 9"), "print([f.result() for f in answer.result()])"]
    page.server.write_notebook("retry.ipynb", cells)
    page.open_notebook("retry.ipynb")
    for cell in (0, 1, 2):
        page.run_cell(cell)
    row = view(page, 2).get_by_role("row").filter(has_text="ValueError")
    expect(row).to_have_count(1)
    expect_state(page, 2, "succeeded")
    page.run_cell(3)
    row.get_by_role("button", name="Retry").click()
    expect(row).to_have_count(0)
    expect_state(page, 2, "succeeded")
    page.run_cell(4)
    assert page.outputs(4)[0]["text"] == "[0, 1, 2, 3]\n"


def test_a_reloaded_page_shows_the_run_again_and_live(page: LabPage) -> None:
    gate = Gate(page.server)
    slow = f"%%flow slow\n@task\ndef step(n):\n    {gate.code}\n    return n\n\nfor n in range(8):\n    step(n)\n"
    page.server.write_notebook("reload.ipynb", [LOAD, slow])
    page.open_notebook("reload.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    expect_state(page, 1, "running")
    page.save()
    page.reload()
    expect_state(page, 1, "running")
    expect(page.cell(1).locator(".ipyflow-of-view")).to_be_hidden()
    gate.open()
    expect_state(page, 1, "succeeded")
    page.screenshot("reloaded")
    assert page.errors == []


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "untrusted"])
def test_a_saved_file_without_a_kernel_shows_the_picture(page: LabPage, trusted: bool) -> None:
    page.server.write_notebook("saved.ipynb", [LOAD, FLOW, "%flow wait"])
    page.open_notebook("saved.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    page.run_cell(2)
    page.page.wait_for_function(
        "() => JSON.stringify(window.jupyterapp.shell.currentWidget.content.widgets[1].model.outputs.toJSON())"
        ".includes('succeeded · ')"
    )
    page.save()
    page.server.shutdown_kernels()
    page.open_notebook("saved.ipynb", kernel=False, trusted=trusted)
    picture = page.cell(1).locator(".ipyflow-of-view")
    expect(picture).to_be_visible()
    expect(picture.locator("img").first).to_be_visible()
    expect(picture).to_contain_text("Ada may not spend 40")
    # JupyterLab says so for the view where nothing hides it.
    expect(page.cell(1).get_by_text("Loading widget")).to_be_hidden()
    expect(page.cell(1).get_by_text("model not found")).to_be_hidden()
    page.screenshot()


@pytest.mark.kernel
@pytest.mark.parametrize("version", ["7.4.0", "7.2.0", "6.31.0"])
def test_a_view_fills_while_its_own_cell_blocks(page: LabPage, kernelspec: Callable[[str], str], version: str) -> None:
    gate = Gate(page.server)
    blocking = "@task\ndef nap(n):\n    time.sleep(n)\n\nfs = [nap.submit(n / 4) for n in range(8)]\n"
    until_done = "while not all(future.done() for future in fs):\n    time.sleep(0.01)\n"  # no wait of ours
    page.server.write_notebook("blocks.ipynb", [LOAD, blocking + until_done + gate.code], kernelspec(version))
    page.open_notebook("blocks.ipynb")
    page.run_cell(0)
    own = page.start_cell(1)
    if version.startswith("7"):
        # Threads know the cell they work for: its view comes while the cell still blocks.
        page.page.wait_for_function("() => document.querySelectorAll('.ipf').length === 1")
        number = view(page, 1).locator(".ipf-number[aria-label*=' succeeded']")
        expect(number.locator("b")).to_have_text("8")
        assert still_runs(page, own)
    gate.open()
    page.wait_cell(own)
    # ipykernel 6 reads no message of a page while a cell blocks: the view must fill all the same.
    expect_state(page, 1, "succeeded")
    expect(view(page, 1)).to_contain_text("Cell In[2]")
    expect(page.cell(1).locator(".ipf")).to_have_count(1)


@pytest.mark.kernel
def test_on_ipykernel_6_a_view_fills_while_the_cell_below_blocks(
    page: LabPage, kernelspec: Callable[[str], str]
) -> None:
    gate = Gate(page.server)
    page.server.write_notebook("six.ipynb", [LOAD, FLOW, gate.code], kernelspec("6.31.0"))
    page.open_notebook("six.ipynb")
    page.run_cell(0)
    page.start_cell(1)
    blocked = page.start_cell(2)
    gate.reached()
    expect_state(page, 1, "succeeded")
    assert still_runs(page, blocked)
    gate.open()
    page.wait_cell(blocked)


def test_in_the_dark_theme(page: LabPage, dark: Callable[[], None]) -> None:
    page.server.write_notebook("dark.ipynb", [LOAD, FLOW, FLOW.replace("%%flow", "%%flow --view graph")])
    page.open_notebook("dark.ipynb")
    dark()
    page.run_cell(0)
    for cell in (1, 2):
        page.run_cell(cell)
        expect_state(page, cell, "succeeded")
        page.screenshot(of=view(page, cell))
    page.screenshot("page")
    view(page, 2).get_by_role("tab", name="Table").click()
    view(page, 2).get_by_role("row").filter(has_text="check_payment").click()
    expect(view(page, 2).locator(".ipf-traceback")).to_be_visible()
    page.screenshot("detail", of=view(page, 2))
    page.save()
    page.server.shutdown_kernels()
    page.open_notebook("dark.ipynb", kernel=False, trusted=True)
    picture = page.cell(1).locator(".ipyflow-of-view")
    expect(picture).to_be_visible()
    page.screenshot("saved", of=picture)


def test_in_notebook_7(page: LabPage) -> None:
    page.server.write_notebook("seven.ipynb", [LOAD, FLOW])
    page.open_notebook("seven.ipynb", app="notebook")
    page.run_cell(0)
    page.run_cell(1)
    expect_state(page, 1, "succeeded")
    expect(page.cell(1).locator(".ipyflow-of-view")).to_be_hidden()
    page.screenshot()


def test_the_details_show_a_value_as_it_shows_itself(page: LabPage) -> None:
    rich = """%%flow rich --view table
class Table:
    def _repr_html_(self):
        return "<b>as a table</b>"

class Broken:
    def _repr_html_(self):
        raise RuntimeError("no picture")
    def __repr__(self):
        raise RuntimeError("no text")

@task
def make(kind):
    return kind()

kept = [make.submit(Table), make.submit(Broken)]
for one in kept:
    one.result()
kept
"""
    page.server.write_notebook("rich.ipynb", [LOAD, rich])
    page.open_notebook("rich.ipynb")
    page.run_cell(0)
    cell = page.run_cell(1)
    expect_state(page, 1, "succeeded")
    rows = view(page, 1).get_by_role("row").filter(has=page.page.get_by_role("gridcell", name="make", exact=True))
    rows.nth(0).click()
    frame = view(page, 1).locator(".ipf-detail iframe").content_frame
    expect(frame.locator("b")).to_have_text("as a table")
    page.screenshot(of=view(page, 1))
    rows.nth(1).click()
    expect(view(page, 1).locator(".ipf-detail")).to_contain_text("Result · Broken")
    # What the value's own display raises is nobody's business but ours.
    assert "no picture" not in cell.locator(".jp-OutputArea").inner_text()
