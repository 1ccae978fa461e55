"""What a person can do with the graph of the tasks."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.actions.desk import Desk, View

STEPS = """%%flow tidings --view graph
from ipyflow import Event, StartEvent, StopEvent, Workflow, step

class Read(Event):
    text: str

class News(Workflow):
    @step
    async def fetch(self, event: StartEvent) -> Read:
        return Read(text="good")

    @step
    async def tell(self, event: Read) -> StopEvent:
        return StopEvent(result=event.text)

await News().run()
"""


def boxes(view: View) -> Locator:
    return view.root.locator(".ipf-node")


def box(view: View, name: str) -> Locator:
    return boxes(view).filter(has_text=name)


def camera(view: View) -> tuple[float, float, float]:
    """Where the picture stands, and how large it is drawn."""
    transform = view.root.locator(".ipf-svg > g").get_attribute("transform") or ""
    found = re.match(r"translate\(([-\d.e]+) ([-\d.e]+)\) scale\(([\d.e-]+)\)", transform)
    assert found is not None, transform
    x, y, k = map(float, found.groups())
    return x, y, k


def wait_camera(view: View, condition: str, *of: float) -> tuple[float, float, float]:
    code = f"""([view, of]) => {{
        const parts = view.querySelector('.ipf-svg > g').getAttribute('transform').match(/[-\\d.e]+(?=[ )])/g);
        const [x, y, k] = parts.map(Number);
        return {condition};
    }}"""
    view.page.page.wait_for_function(code, arg=[view.root.element_handle(), list(of)])
    return camera(view)


def settled(view: View) -> None:
    """Wait until the picture and every box in it stand still."""
    code = """async view => {
        const moved = () => [...view.querySelectorAll('.ipf-svg > g, .ipf-node')];
        const place = () => moved().map(one => one.getAttribute('transform')).join();
        for (let before = ''; before !== place(); ) {
            before = place();
            for (let frame = 0; frame < 5; frame++) await new Promise(requestAnimationFrame);
        }
    }"""
    view.root.evaluate(code)


def out_of_sight(view: View, name: str) -> int:
    """How many boxes of this name are not wholly within the picture's frame."""
    code = """(boxes, frame) => {
        const { left, top, right, bottom } = frame.getBoundingClientRect();
        return boxes.map(one => one.querySelector('.ipf-front').getBoundingClientRect()).filter(
            one => one.left < left || one.top < top || one.right > right || one.bottom > bottom).length;
    }"""
    return int(box(view, name).evaluate_all(code, view.root.locator(".ipf-ground").element_handle()))


def test_equal_tasks_are_one_box_that_opens_and_closes(desk: Desk) -> None:
    view = desk.order("--view graph")
    scores = box(view, "score")
    expect(scores).to_have_count(1)
    expect(scores).to_contain_text("×6")
    many = boxes(view).count()
    # A click says what is in it, a click in that list opens one of them.
    scores.locator(".ipf-node-name").click()
    expect(view.detail).to_contain_text("score ×6")
    view.screenshot("stack")
    view.detail.get_by_role("button").filter(has_text="#").first.click()
    expect(view.detail.locator(".ipf-detail-title")).to_have_text(re.compile(r"^score #\d+$"))
    view.button("Close the details").click()
    # The button at its foot shows them one by one, and that of any of them draws them as one again.
    scores.locator(".ipf-handle-opens").click()
    # They are brought into sight; what is not is not drawn.
    expect(scores).to_have_count(6)
    settled(view)
    expect(scores).to_have_count(6)
    assert out_of_sight(view, "score") == 0
    view.screenshot("open")
    view.button("Show all").click()
    expect(boxes(view)).to_have_count(many + 5)
    scores.first.locator(".ipf-handle-closes").click()
    expect(scores).to_have_count(1)
    scores.locator(".ipf-node-name").dblclick()
    expect(scores).to_have_count(6)
    # What is open on one view of a run is closed on the other.
    twin = desk.run("%flow show")
    twin.tab("Graph")
    expect(box(twin, "score")).to_have_count(1)
    view.button("Close all that was opened, and open what was folded").click()
    expect(scores).to_have_count(1)
    expect(view.button("Close all that was opened, and open what was folded")).to_be_hidden()


def test_zoom_pan_and_show_all(desk: Desk) -> None:
    view = desk.order("--view graph")
    page = view.page.page
    expect(box(view, "score")).to_be_visible()
    settled(view)
    x, _, k = camera(view)
    view.button("Zoom in").click()
    near = wait_camera(view, "k > 1.2 * of[0]", k)
    ground = view.root.locator(".ipf-ground").bounding_box()
    assert ground is not None
    middle = ground["x"] + ground["width"] / 2, ground["y"] + ground["height"] - 12
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 30, middle[1] - 10, steps=3)
    page.mouse.move(middle[0] + 60, middle[1] - 30, steps=3)
    page.mouse.up()
    wait_camera(view, "Math.abs(x - of[0] - 60) < 1 && Math.abs(y - of[1] + 30) < 1", near[0], near[1])
    expect(view.detail).to_be_hidden()
    page.keyboard.down("Control")
    page.mouse.wheel(0, 300)
    page.keyboard.up("Control")
    wait_camera(view, "k < of[0]", near[2])
    view.button("Show all").click()
    wait_camera(view, "Math.abs(k - of[0]) < 0.01 && Math.abs(x - of[1]) < 2", k, x)


def test_find_hover_the_critical_path_and_what_marks_mean(desk: Desk) -> None:
    view = desk.order("--view graph")
    view.button("Find tasks (/)").click()
    field = view.root.get_by_role("searchbox", name="Find tasks in the graph by name")
    field.fill("load")
    expect(view.root.locator(".ipf-find-said")).to_have_text("1 of 3")
    expect(view.root.locator(".ipf-node.ipf-found")).to_have_count(3)  # what was called with them too
    field.press("Enter")
    expect(view.root.locator(".ipf-find-said")).to_have_text("2 of 3")
    view.screenshot("found")
    view.button("Close the search").click()
    expect(view.root.locator(".ipf-found")).to_have_count(0)
    box(view, "check_payment").locator(".ipf-node-name").hover()
    card = view.root.locator(".ipf-card[data-open]")
    expect(card).to_contain_text("Ada may not spend 40")
    lit = view.root.locator(".ipf-edge.ipf-lit")
    expect(lit).to_have_count(3)  # from both that it waited for, and to the flow
    view.page.page.mouse.move(0, 0)
    view.button("Critical path").click()
    for name in ("load_product", "check_payment"):
        expect(view.root.locator(".ipf-node.ipf-critical").filter(has_text=name)).to_have_count(1)
    expect(view.root.locator(".ipf-node.ipf-critical").filter(has_text="score")).to_have_count(0)
    view.screenshot("critical")
    view.button("What the marks mean").click()
    expect(view.root.locator(".ipf-graph-legend")).to_contain_text("critical", ignore_case=True)
    view.screenshot("legend")
    view.button("What the marks mean").click()
    box(view, "check_payment").locator(".ipf-node-name").click()
    expect(view.detail.locator(".ipf-exception")).to_contain_text("Ada may not spend 40")


def test_a_workflow_shows_its_events_its_steps_and_its_tasks(desk: Desk) -> None:
    view = desk.run(STEPS)
    view.expect_state("succeeded")
    steps = view.root.get_by_role("option")
    expect(steps.filter(has_text="fetch")).to_be_visible()
    view.screenshot("events")
    steps.filter(has_text="Read").first.click()
    expect(view.detail).to_contain_text("text='good'")
    view.button("Tasks", view.root.get_by_role("group", name="Graph of")).click()
    expect(box(view, "tell")).to_be_visible()
    box(view, "tell").locator(".ipf-node-name").click()
    expect(view.detail.locator(".ipf-detail-title")).to_contain_text("tell")
    view.button("Events").click()
    expect(steps.filter(has_text="Read").first).to_be_visible()
