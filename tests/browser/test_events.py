"""Event-driven workflows under cells, as a person sees and answers them in JupyterLab. Gates hold their steps."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, expect

from tests.browser.harness import LabPage

LOAD = """%load_ext ipyflow
import asyncio, threading
from ipyflow import Context, Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent, Workflow, step

gates = {name: threading.Event() for name in ("Query 1", "Query 2", "Query 3")}

async def opened(name):
    await asyncio.to_thread(gates[name].wait)
"""
CONCURRENT = """class StepTwoEvent(Event):
    query: str

class StepThreeEvent(Event):
    result: str

class ConcurrentFlow(Workflow):
    @step
    async def start(self, ctx: Context, ev: StartEvent) -> StepTwoEvent:
        ctx.send_event(StepTwoEvent(query="Query 1"))
        ctx.send_event(StepTwoEvent(query="Query 2"))
        ctx.send_event(StepTwoEvent(query="Query 3"))

    @step(num_workers=4)
    async def step_two(self, ctx: Context, ev: StepTwoEvent) -> StepThreeEvent:
        print("Running query ", ev.query)
        await opened(ev.query)
        return StepThreeEvent(result=ev.query)

    @step
    async def step_three(self, ctx: Context, ev: StepThreeEvent) -> StopEvent:
        # wait until we receive 3 events
        result = ctx.collect_events(ev, [StepThreeEvent] * 3)
        if result is None:
            return None

        # do something with all 3 results together
        print(result)
        return StopEvent(result="Done")
"""
SEVERAL_TYPES = """class StepAEvent(Event):
    query: str

class StepBEvent(Event):
    query: str

class StepCEvent(Event):
    query: str

class StepACompleteEvent(Event):
    result: str

class StepBCompleteEvent(Event):
    result: str

class StepCCompleteEvent(Event):
    result: str

class ConcurrentFlow(Workflow):
    @step
    async def start(
        self, ctx: Context, ev: StartEvent
    ) -> StepAEvent | StepBEvent | StepCEvent:
        ctx.send_event(StepAEvent(query="Query 1"))
        ctx.send_event(StepBEvent(query="Query 2"))
        ctx.send_event(StepCEvent(query="Query 3"))

    @step
    async def step_a(self, ctx: Context, ev: StepAEvent) -> StepACompleteEvent:
        print("Doing something A-ish")
        return StepACompleteEvent(result=ev.query)

    @step
    async def step_b(self, ctx: Context, ev: StepBEvent) -> StepBCompleteEvent:
        print("Doing something B-ish")
        return StepBCompleteEvent(result=ev.query)

    @step
    async def step_c(self, ctx: Context, ev: StepCEvent) -> StepCCompleteEvent:
        print("Doing something C-ish")
        await opened(ev.query)
        return StepCCompleteEvent(result=ev.query)

    @step
    async def step_three(
        self,
        ctx: Context,
        ev: StepACompleteEvent | StepBCompleteEvent | StepCCompleteEvent,
    ) -> StopEvent:
        print("Received event ", ev.result)

        # wait until we receive 3 events
        if (
            ctx.collect_events(
                ev,
                [StepCCompleteEvent, StepACompleteEvent, StepBCompleteEvent],
            )
            is None
        ):
            return None

        # do something with all 3 results together
        return StopEvent(result="Done")
"""
STALLS = """class Lost(Event):
    why: str

class Part(Event):
    n: int

class Stalls(Workflow):
    @step
    async def cut(self, ctx: Context, ev: StartEvent) -> Part:
        ctx.send_event(Lost(why="of a class that no step takes"))
        ctx.send_event(Part(n=1))
        ctx.send_event(Part(n=2))

    @step
    async def glue(self, ctx: Context, ev: Part) -> StopEvent:
        parts = ctx.collect_events(ev, [Part] * 3)
        return None if parts is None else StopEvent(result=len(parts))
"""
HUMAN = """class Asks(Workflow):
    @step
    async def ask(self, ev: StartEvent) -> InputRequiredEvent:
        return InputRequiredEvent(prefix="Which city?")

    @step
    async def book(self, ev: HumanResponseEvent) -> StopEvent:
        return StopEvent(result=f"booked {ev.response}")

class Waits(Workflow):
    @step
    async def ask_city(self, ctx: Context, ev: StartEvent) -> StopEvent:
        answer = await ctx.wait_for_event(HumanResponseEvent, requirements={"user": "ada"})
        return StopEvent(result=f"booked {answer.response}")
"""
CHILD = """class Inner(Workflow):
    @step
    async def dig(self, ev: StartEvent) -> StopEvent:
        await opened("Query 1")
        return StopEvent(result="gold")

class Outer(Workflow):
    inner: Inner

    @step
    async def send_down(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=await self.inner.run())
"""


def view(page: LabPage, cell: int) -> Locator:
    """The live view under a cell."""
    return page.cell(cell).locator(".ipf")


def picture(page: LabPage, cell: int) -> Locator:
    """Open the picture of the workflow under a cell."""
    view(page, cell).get_by_role("tab", name="Graph").click()
    expect(view(page, cell).get_by_role("button", name="Events", exact=True)).to_have_attribute("aria-pressed", "true")
    return view(page, cell).get_by_role("listbox", name="Picture of the workflow")


def node(page: LabPage, cell: int, said: str) -> Locator:
    """A step or an event type of the picture by a pattern of what is said of it to those who listen."""
    return view(page, cell).get_by_role("option", name=re.compile(said))


def counts(page: LabPage, cell: int) -> Locator:
    """The numbers on the edges, in the order of the edges."""
    return view(page, cell).locator(".ipf-way-label text")


def edges(page: LabPage, cell: int, taken: bool) -> Locator:
    return view(page, cell).locator("path.ipf-way.ipf-taken" if taken else "path.ipf-way.ipf-untaken")


def detail(page: LabPage, cell: int) -> Locator:
    return view(page, cell).locator(".ipf-detail")


def expect_state(page: LabPage, cell: int, state: str) -> None:
    pill = view(page, cell).locator(".ipf-head .ipf-pill")
    expect(pill).to_have_attribute("data-state", state)


def test_a_join_fills_event_by_event_and_each_event_leads_back_to_the_start(page: LabPage) -> None:
    run = "flow = ConcurrentFlow().run()"
    cells = [LOAD, CONCURRENT, run, "gates['Query 2'].set()", "gates['Query 1'].set()", "gates['Query 3'].set()"]
    page.server.write_notebook("join.ipynb", [*cells, "flow.result()"])
    page.open_notebook("join.ipynb")
    for cell in (0, 1, 2):
        page.run_cell(cell)
    picture(page, 2)
    # Three events, one after the other through a step with four workers.
    expect(node(page, 2, "^step_two, step, running, 3 of 4 running")).to_be_visible()
    expect(node(page, 2, "^step_three, step, 4 workers, takes StepThreeEvent, gives StopEvent")).to_be_visible()
    expect(counts(page, 2)).to_have_text(["×3", "×3"])
    page.screenshot("running", of=view(page, 2))
    page.run_cell(3)
    expect(node(page, 2, "^step_three, step, waiting, 1 of 3, 1 done, needs 2 StepThreeEvent")).to_be_visible()
    page.run_cell(4)
    expect(node(page, 2, "^step_three, step, waiting, 2 of 3, 2 done, needs 1 StepThreeEvent")).to_be_visible()
    expect(view(page, 2)).to_contain_text("2 of 3")
    page.screenshot("join", of=view(page, 2))
    # From an event that waits in the join back to the start.
    node(page, 2, "^StepThreeEvent, event, 2 events").click()
    events = detail(page, 2).locator(".ipf-event-line")
    expect(events).to_have_text(
        [re.compile(r"result='Query 1'.*held in a join"), re.compile(r"result='Query 2'.*held")]
    )
    page.screenshot("events", of=view(page, 2))
    events.first.click()
    expect(detail(page, 2)).to_contain_text("needs 1 StepThreeEvent")
    came = detail(page, 2).locator(".ipf-part-before li")
    names = [r"StartEvent #1", r"start #2", r"StepTwoEvent #\d.*'Query 1'", r"step_two #\d", r"StepThreeEvent #\d"]
    expect(came).to_have_text([re.compile(name) for name in names])
    page.screenshot("lineage", of=view(page, 2))
    came.nth(2).get_by_role("button").click()
    expect(detail(page, 2).locator(".ipf-detail-title")).to_contain_text("StepTwoEvent #")
    detail(page, 2).locator(".ipf-part-after").get_by_role("button", name="step_two").click()
    expect(detail(page, 2).locator(".ipf-part-given")).to_contain_text("query='Query 1'")
    expect(detail(page, 2).locator(".ipf-part-gave")).to_contain_text("result='Query 1'")
    expect(detail(page, 2)).to_contain_text("Running query  Query 1")
    page.screenshot("run-of-a-step", of=view(page, 2))
    # By keyboard to the step that holds it.
    ground = view(page, 2).get_by_role("listbox")
    ground.press("Escape")
    ground.focus()
    ground.press("ArrowDown")
    ground.press("Enter")
    expect(detail(page, 2)).to_contain_text("2 of 3 · needs 1 StepThreeEvent")
    page.screenshot("step", of=view(page, 2))
    # The rest comes, and the join lets all go on.
    page.run_cell(5)
    expect_state(page, 2, "succeeded")
    expect(counts(page, 2)).to_have_text(["×3"] * 4)
    expect(edges(page, 2, taken=True)).to_have_count(6)
    expect(node(page, 2, "^StopEvent, event, stop, 1 event")).to_be_visible()
    expect(node(page, 2, "^step_three, step, succeeded, 3 done")).to_be_visible()
    ground.press("Escape")
    page.screenshot("ended", of=view(page, 2))
    view(page, 2).get_by_role("button", name="Tasks", exact=True).click()
    expect(view(page, 2).get_by_role("option", name=re.compile("^step_two #"))).to_have_count(3)
    page.screenshot("tasks", of=view(page, 2))
    page.run_cell(6)
    assert page.outputs(6)[0]["data"]["text/plain"] == "'Done'"
    assert page.errors == []


def test_events_of_several_types_meet_in_one_join(page: LabPage) -> None:
    run = "flow = ConcurrentFlow().run()"
    page.server.write_notebook("several.ipynb", [LOAD, SEVERAL_TYPES, run, "gates['Query 3'].set()"])
    page.open_notebook("several.ipynb")
    page.page.emulate_media(reduced_motion="reduce")  # the pictures are not taken on the way
    for cell in (0, 1, 2):
        page.run_cell(cell)
    picture(page, 2)
    needs = "2 of 3, 2 done, needs 1 StepCCompleteEvent"
    expect(node(page, 2, f"^step_three, step, waiting, {needs}")).to_be_visible()
    expect(edges(page, 2, taken=True)).to_have_count(11)
    page.screenshot("waiting", of=view(page, 2))
    view(page, 2).evaluate("element => { element.parentElement.style.width = '400px' }")
    page.screenshot("narrow", of=view(page, 2))
    view(page, 2).evaluate("element => { element.parentElement.style.width = '' }")
    page.run_cell(3)
    expect_state(page, 2, "succeeded")
    expect(edges(page, 2, taken=True)).to_have_count(14)
    expect(edges(page, 2, taken=False)).to_have_count(14)
    page.screenshot("ended", of=view(page, 2))
    assert page.errors == []


def test_a_stalled_workflow_says_what_it_waits_for_and_what_nobody_takes(page: LabPage) -> None:
    run = "import warnings\nwarnings.simplefilter('ignore')\nflow = Stalls().run()\nrepr(flow.exception())"
    page.server.write_notebook("stalled.ipynb", [LOAD, STALLS, run])
    page.open_notebook("stalled.ipynb")
    for cell in (0, 1, 2):
        page.run_cell(cell)
    expect_state(page, 2, "failed")
    picture(page, 2)
    foot = view(page, 2).locator(".ipf-flow-foot")
    expect(foot).to_contain_text("WorkflowStalled")
    expect(foot).to_contain_text("1 unhandled: Lost")
    expect(node(page, 2, "^glue, step, waiting, 2 of 3, .*needs 1 Part")).to_be_visible()
    expect(node(page, 2, "^Lost, event, 1 event, 1 unhandled")).to_be_visible()
    page.screenshot("picture", of=view(page, 2))
    node(page, 2, "^Lost, event").click()
    detail(page, 2).locator("button.ipf-event-line").click()
    expect(detail(page, 2)).to_contain_text("No step of Stalls takes Lost")
    expect(detail(page, 2).locator(".ipf-part-before")).to_contain_text("cut #2")
    page.screenshot("unhandled", of=view(page, 2))
    foot.get_by_title("About the workflow").click()
    expect(detail(page, 2).locator(".ipf-exception")).to_contain_text("glue")
    page.screenshot("reason", of=view(page, 2))
    assert page.errors == []


def test_an_answer_from_another_cell_lets_a_workflow_go_on(page: LabPage) -> None:
    asks = "asks = Asks(timeout=None).run()\nstream = iter(asks.stream_events())\nnext(stream).prefix"
    cells = [LOAD, HUMAN, asks, "asks.send_event(HumanResponseEvent(response='Rome'))", "asks.result()"]
    waits = "waits = Waits(timeout=None).run()\nwaits.run"
    page.server.write_notebook("human.ipynb", [*cells, waits, "waits.result()"])
    page.open_notebook("human.ipynb")
    for cell in (0, 1, 2):
        page.run_cell(cell)
    picture(page, 2)
    foot = view(page, 2).locator(".ipf-flow-foot")
    expect(foot).to_contain_text("InputRequiredEvent: waits for an answer")
    expect(node(page, 2, "^book, step, 4 workers")).to_be_visible()
    page.screenshot("asked", of=view(page, 2))
    page.run_cell(3)
    expect_state(page, 2, "succeeded")
    expect(node(page, 2, "^HumanResponseEvent, event, from outside, 1 event")).to_be_visible()
    page.screenshot("answered", of=view(page, 2))
    page.run_cell(4)
    assert page.outputs(4)[0]["data"]["text/plain"] == "'booked Rome'"
    # A body that waits in the middle.
    page.run_cell(5)
    picture(page, 5)
    expect(node(page, 5, "^ask_city, step, blocked, 1 of 4 running, waits for HumanResponseEvent")).to_be_visible()
    expect(view(page, 5).locator(".ipf-flow-foot")).to_contain_text("ask_city waits for HumanResponseEvent")
    node(page, 5, "^ask_city").click()
    expect(detail(page, 5)).to_contain_text("user='ada'")
    page.screenshot("body-waits", of=view(page, 5))
    # It is answered in the view, by a form of what the wait does not say itself.
    asked = view(page, 5).get_by_role("region", name=re.compile("answer from outside"))
    asked.get_by_role("button", name=re.compile("^Answer the step ask_city")).click()
    response = asked.get_by_label("response")
    expect(response).to_be_focused()
    page.page.keyboard.press("Enter")
    expect(asked).to_contain_text("needs a value")
    page.page.keyboard.type("Oslo")
    page.screenshot("body-asked", of=view(page, 5))
    page.page.keyboard.press("Enter")
    expect_state(page, 5, "succeeded")
    page.screenshot("body-went-on", of=view(page, 5))
    page.run_cell(6)
    assert page.outputs(6)[0]["data"]["text/plain"] == "'booked Oslo'"
    assert page.errors == []


def test_a_workflow_below_a_workflow_has_a_picture_of_its_own(page: LabPage) -> None:
    run = "flow = Outer().run()"
    page.server.write_notebook("child.ipynb", [LOAD, CHILD, run, "gates['Query 1'].set()"])
    page.open_notebook("child.ipynb")
    for cell in (0, 1, 2):
        page.run_cell(cell)
    picture(page, 2)
    expect(node(page, 2, r"^send_down, step, .*runs Inner #\d")).to_be_visible()
    page.screenshot("outer", of=view(page, 2))
    node(page, 2, "^send_down").click()
    detail(page, 2).get_by_role("button", name=re.compile("Inner #")).click()
    expect(node(page, 2, "^dig, step, running, 1 of 4 running")).to_be_visible()
    expect(view(page, 2).get_by_role("combobox", name="Workflow").locator(":checked")).to_have_text(
        re.compile("^Inner #.* in send_down")
    )
    page.screenshot("inner", of=view(page, 2))
    page.run_cell(3)
    expect_state(page, 2, "succeeded")
    assert page.errors == []


def test_the_picture_in_the_dark_theme(page: LabPage, dark: Callable[[], None]) -> None:
    run = "flow = ConcurrentFlow().run()"
    page.server.write_notebook("dark_events.ipynb", [LOAD, SEVERAL_TYPES, run, "gates['Query 3'].set()"])
    page.open_notebook("dark_events.ipynb")
    page.page.emulate_media(reduced_motion="reduce")
    dark()
    for cell in (0, 1, 2):
        page.run_cell(cell)
    picture(page, 2)
    step = node(page, 2, "^step_three, step, waiting, 2 of 3, 2 done, needs 1 StepCCompleteEvent")
    expect(step).to_be_visible()
    page.screenshot("waiting", of=view(page, 2))
    step.hover()
    expect(page.page.locator(".ipf-card[data-open]")).to_contain_text("2 of 3 · needs 1 StepCCompleteEvent")
    page.screenshot("card")
    step.click()
    expect(detail(page, 2)).to_contain_text("2 of 3 · needs 1 StepCCompleteEvent")
    page.screenshot("step", of=view(page, 2))
    page.run_cell(3)
    expect_state(page, 2, "succeeded")
    page.screenshot("ended", of=view(page, 2))
    assert page.errors == []
