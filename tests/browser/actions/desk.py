"""A notebook that one module of tests shares, and the view of a run as a person has it in front of them."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.harness import LabPage

LOAD = """%load_ext ipyflow
import threading, time, warnings
from collections import defaultdict
import ipyflow as fl
from ipyflow import flow, task

gates = defaultdict(threading.Event)
sound = False

@task
def load_user(n):
    print(f"looks for user {n}")
    time.sleep(0.1)
    return {"id": n, "name": "Ada"}

@task
def load_product(n):
    fl.current().log(f"product {n} is rare")
    time.sleep(0.2)
    return {"id": n, "price": 40}

@task
def check_payment(user, product):
    name, price = user.result()["name"], product.result()["price"]
    time.sleep(0.1)
    if not sound and price > 30:
        raise ValueError(f"{name} may not spend {price}")
    return "paid"

@task
def score(n):
    time.sleep(0.01 * (n + 1))
    return n * n

@task
def held(name, n=0):
    print(f"{name} {n} began")
    gates[name].wait()
    print(f"{name} {n} ended")
    return n

@task
def after(values):
    return sum(values.results())
"""
# Eleven tasks with the flow itself: one fails, one logs, one prints, six look alike and are one box in the graph.
ORDER = """%%flow order{options}
user, product = load_user.submit(7), load_product.submit(3)
scores = score.map(range(6))
paid = check_payment.submit(user, product)
total = after.submit(scores)
scores, total.result(), paid.exception() is None
"""
# Holds its tasks until `gates["name"].set()`.
HELD = """%%flow {name}{options}
held.map(["{name}"] * {n}, range({n})).results()
"""

# Twenty-five tasks that can be cancelled at once.
REST = """%%flow sleepers --view table
import asyncio

@task
async def rest(n):
    await asyncio.sleep(600)

futures = [rest.submit(n) for n in range(25)]
await asyncio.gather(*futures, return_exceptions=True)
"""

INSERT = """async source => {
    const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
    notebook.activeCellIndex = notebook.widgets.length - 1;
    await app.commands.execute('notebook:insert-cell-below');
    notebook.activeCell.model.sharedModel.setSource(source);
    return notebook.activeCellIndex;
}"""
CLEAR = """async () => {
    const notebook = window.jupyterapp.shell.currentWidget.content, cells = notebook.model.sharedModel;
    if (cells.cells.length > 1) cells.deleteCellRange(1, cells.cells.length);
}"""
EXECUTE = """async code => {
    const { kernel } = window.jupyterapp.shell.currentWidget.context.sessionContext.session;
    const future = kernel.requestExecute({ code, store_history: false }), printed = [];
    future.onIOPub = ({ header, content }) => {
        if (header.msg_type === 'stream') printed.push(content.text);
        if (header.msg_type === 'error') printed.push(content.evalue);
    };
    await future.done;
    return printed.join('');
}"""
# The marks of the axis say which stretch of time is on show: seconds at its left and right end.
STRETCH = """view => {
    const units = { s: 1, ms: 1e-3, µs: 1e-6, min: 60 };
    const marks = [...view.querySelectorAll('.ipf-axis-mark')].filter(one => one.style.display !== 'none').map(one => {
        const [number, unit] = one.textContent.replace('−', '-').split(' ');
        return [Number(number) * (units[unit] ?? 1), Number(/translateX\\(([-\\d.e]+)px/.exec(one.style.transform)[1])];
    });
    if (marks.length < 2) return null;
    const [[t0, x0], [t1, x1]] = [marks[0], marks[marks.length - 1]], rate = (t1 - t0) / (x1 - x0);
    const width = view.querySelector('.ipf-axis-area').clientWidth;
    return [t0 - x0 * rate, t0 + (width - x0) * rate];
}"""


@dataclass
class View:
    """The view under a cell."""

    page: LabPage
    cell: int
    root: Locator

    @property
    def pill(self) -> Locator:
        return self.root.locator(".ipf-head .ipf-pill")

    @property
    def head(self) -> Locator:
        return self.root.locator(".ipf-head")

    @property
    def detail(self) -> Locator:
        return self.root.locator(".ipf-detail")

    @property
    def said(self) -> Locator:
        return self.root.locator(".ipf-said")

    @property
    def rows(self) -> Locator:
        """Those of the table."""
        return self.root.locator(".ipf-tr")

    @property
    def lines(self) -> Locator:
        """Those of the log."""
        return self.root.get_by_role("option")

    def in_sight(self) -> None:
        """Scroll so that all of it can be reached with the mouse."""
        self.root.evaluate("view => view.scrollIntoView({ block: 'end' })")

    def expect_state(self, state: str, seconds: float = 30) -> None:
        expect(self.pill).to_have_attribute("data-state", state, timeout=seconds * 1000)

    def button(self, name: str, of: Locator | None = None) -> Locator:
        return (of or self.root).get_by_role("button", name=name, exact=True)

    def tab(self, name: str) -> None:
        tab = self.root.get_by_role("tab", name=name, exact=True)
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")

    def number(self, state: str) -> Locator:
        """How many tasks are in a state, in the head."""
        return self.root.locator(f".ipf-number[data-state={state}] b")

    def open_menu(self, button: str) -> Locator:
        self.button(button).click()
        return self.root.get_by_role("menu").filter(visible=True)

    def stretch(self) -> tuple[float, float]:
        """The seconds of the run at the left and the right end of the timeline."""
        found = self.root.evaluate(STRETCH)
        assert found is not None, "the axis has no two marks"
        return found[0], found[1]

    def wait_stretch(self, condition: str, *of: float) -> tuple[float, float]:
        """Wait until `condition`, JavaScript over `from`, `to` and `of`, holds of the stretch on show."""
        code = (
            f"([view, of]) => {{ const found = ({STRETCH})(view); if (found === null) return false;"
            f" const [from, to] = found; return {condition} }}"
        )
        self.page.page.wait_for_function(code, arg=[self.root.element_handle(), list(of)])
        return self.stretch()

    def screenshot(self, label: str) -> None:
        self.page.screenshot(label, of=self.root)


@dataclass
class Desk:
    """A notebook with one kernel, for as many runs as one likes."""

    page: LabPage

    def run(self, source: str, wait: bool = True) -> View:
        """Run a new cell at the end and give the view under it."""
        index, call = self._start(source)
        if wait:
            self.page.wait_cell(call)
        root = self.page.cell(index).locator("section.ipf")
        root.wait_for()
        view = View(self.page, index, root)
        view.in_sight()
        return view

    def order(self, options: str = "") -> View:
        """A run that has ended: eleven tasks of which one failed."""
        view = self.run(ORDER.format(options=options and f" {options}"))
        view.expect_state("succeeded")
        view.in_sight()
        return view

    def held(self, name: str, n: int = 3, options: str = "") -> View:
        """A run that goes on until :meth:`let_go`."""
        view = self.run(HELD.format(name=name, n=n, options=options and f" {options}"))
        view.expect_state("running")
        view.in_sight()
        return view

    def let_go(self, name: str) -> None:
        self.do(f"gates[{name!r}].set()")

    def do(self, source: str) -> str:
        """Run code without a cell, so that nothing moves, and give what it printed."""
        printed: str = self.page.call(EXECUTE, source)
        return printed

    def clear(self) -> None:
        """Take all cells but the first away, and with them their views."""
        self.page.call(CLEAR)

    def _start(self, source: str) -> tuple[int, int]:
        index = int(self.page.call(INSERT, source))
        return index, self.page.start_cell(index)


def press(page: LabPage, *keys: str) -> None:
    """Press keys one after the other, on whatever has the focus."""
    for key in keys:
        page.page.keyboard.press(key)


def focused(page: LabPage) -> Any:
    """What has the focus: its role, its name, its classes."""
    code = """() => { const one = document.activeElement;
        return { role: one.getAttribute('role') ?? one.tagName.toLowerCase(), classes: one.className,
                 name: one.getAttribute('aria-label') ?? one.textContent.trim() } }"""
    return page.page.evaluate(code)
