"""What is said of workflows: what they wait for from outside, what became of them, and each thing only once."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

import pytest

from ipyflow.flows.workflow import graph, inside
from ipyflow.model import records as r
from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.views import flow_state
from ipyflow.views.explain import explain, explain_run
from ipyflow.views.flow_svg import flow_svg
from ipyflow.views.html import SIZE, static_html, task_html
from ipyflow.views.palette import LOOKS, WARNING
from ipyflow.views.payload import row
from ipyflow.views.tallies import shown_flows
from ipyflow.views.text import text_tree
from ipyflow.views.timeline_svg import timeline_svg
from ipyflow.views.ways import STEP, ways
from tests.views.build import Flow, Log, trace
from tests.views.flows import CHAIN
from tests.views.golden import load
from tests.views.test_pictures import Reader, words

ASKS = ["StartEvent > write > InputRequiredEvent", "HumanResponseEvent > publish > StopEvent"]


def drawn(state: RunState) -> str:
    return flow_svg(state, shown_flows(state)[0])


def stalled(flow: Flow, why: str, at: float = 50) -> RunState:
    flow.log.fail(at, flow.task, "ipyflow.errors.WorkflowStalled", why, f"ipyflow.errors.WorkflowStalled: {why}\n")
    return flow.log.close(at + 1, "failed").state()


# -- what comes from outside --


def asks(questions: int = 1, answers: int = 0) -> RunState:
    log = Log("Publish", 40, "workflow")
    flow = log.workflow("Publish", ASKS)
    flow.step(1, 2, "write", [flow.send(0, "StartEvent")])
    for i in range(questions):
        flow.publish(3 + i, "InputRequiredEvent", f"prefix='Rain in Bergen. Publish {i}?'", 2)
    for i in range(answers):
        flow.send(20 + i, "HumanResponseEvent", "answer='yes'")
    log.wait(1003, flow.task, flow_state.OUTSIDE)
    return log.state()


def test_the_reasons_are_those_of_the_engine() -> None:
    assert flow_state.OUTSIDE == inside.OUTSIDE
    assert flow_state.STEPS == graph.WAITS_FOR


def test_a_workflow_that_waits_for_an_answer_says_what_it_asked_and_how_to_answer() -> None:
    state = asks()
    said = (
        "Publish#1 waits for an event from outside: publish takes HumanResponseEvent. "
        "It asked: InputRequiredEvent(prefix='Rain in Bergen. Publish 0?') 11.0 s ago. "
        "Answer with future.send_event(HumanResponseEvent(...))."
    )
    now = state.last + 10
    assert explain(state, 1, now=now) == said
    assert explain_run(state, now=now).splitlines().count(said) == 1
    assert said in Reader(static_html(state, now=now)).text
    assert "publish  not run yet · waits for HumanResponseEvent" in text_tree(state)
    assert {"waits for HumanResponseEvent", "is waited for"} <= set(words(drawn(state)))
    assert LOOKS[State.BLOCKED].color in drawn(state)


@pytest.mark.parametrize(("end", "hint"), [("timed_out", " With timeout=None it would wait on."), ("cancelled", "")])
def test_a_workflow_that_nobody_answered_says_so_when_it_has_ended(end: str, hint: str) -> None:
    log = Log("Publish", 40, "workflow")
    flow = log.workflow("Publish", ASKS)
    flow.step(1, 2, "write", [flow.send(0, "StartEvent")])
    flow.publish(3, "InputRequiredEvent", "prefix='ok?'", 2)
    log.wait(4, flow.task, flow_state.OUTSIDE).end(1003, flow.task, end, "WorkflowTimeoutError", "too late")
    said = explain(log.close(1004, end).state(), 1).splitlines()
    assert "\n".join(said[1:]) == (
        "It was waiting for an event from outside: publish takes HumanResponseEvent. "
        f"It had asked: InputRequiredEvent(prefix='ok?') 1.00 s before.{hint}"
    )


@pytest.mark.parametrize(("questions", "answers", "told"), [(3, 2, ["2"]), (3, 1, ["1", "2"]), (2, 2, [])])
def test_questions_that_were_answered_are_not_told(questions: int, answers: int, told: list[str]) -> None:
    said = explain(asks(questions, answers), 1)
    assert re.findall(r"Publish (\d)\?", said) == told
    assert ("Answer with" if told else "Send one with") in said


def test_a_question_that_no_step_can_take_the_answer_of() -> None:
    log = Log()
    flow = log.workflow("Deaf", ["StartEvent > write > InputRequiredEvent", "write > StopEvent"])
    flow.publish(3, "InputRequiredEvent", "", 0)
    log.wait(4, flow.task, flow_state.OUTSIDE)
    said = explain(log.state(), 1)
    assert said.endswith("But no step takes an answer: give a step a parameter of the answer's type.")


def test_a_body_that_waits_says_what_it_asked_whatever_it_is_called() -> None:
    log = Log()
    flow = log.workflow("Asks", ["StartEvent > ask > StopEvent"])
    task = flow.take(0.2, "ask", flow.send(0, "StartEvent"))
    flow.publish(1, "Progress", "done=0.5", task)
    flow.awaits(2, task, "HumanResponseEvent").publish(2.1, "Question", "text='ok?'", task)
    state = log.state()
    assert explain(state, task, now=state.last + 1).splitlines()[0] == (
        "ask#2 waits for a HumanResponseEvent (for 1.00 s). It asked: Question(text='ok?') 1.00 s ago. "
        "Answer with future.send_event(HumanResponseEvent(...))."
    )


def test_a_workflow_whose_turn_has_not_come_says_why() -> None:
    log = Log()
    flow = log.workflow("Slow", [CHAIN])
    log.wait(1, flow.task, "limit num_concurrent_runs of Slow (1 at once)")
    state = log.state()
    said = "Slow#1 waits for its turn (for 2.00 s): limit num_concurrent_runs of Slow (1 at once)."
    assert explain(state, 1, now=state.last + 2) == said
    assert said in explain_run(state, now=state.last + 2)


def test_a_workflow_below_a_paused_one_says_who_is_paused() -> None:
    log = Log()
    flow = log.workflow("Inner", [CHAIN])
    log.wait(1, flow.task, "Outer#1 is paused")
    assert explain(log.state(), 1) == "Inner#1 waits (for 0 µs): Outer#1 is paused, until .resume() is called on it."


# -- what became of it --


def ended(state: str, at: float = 30) -> RunState:
    """Three events for one worker: one run was cut off, two wait when the workflow ends; a join has two of three."""
    log = Log("Slow", 41, "workflow")
    flow = log.workflow("Slow", [CHAIN], workers={"step_two": 1})
    first = flow.take(0.2, "start", flow.send(0.1, "StartEvent"))
    queries = [flow.send(1, "StepTwoEvent", f"query='Query {i + 1}'", first) for i in range(3)]
    held = [flow.send(1, "StepThreeEvent", f"result='Query {i + 1}'", first) for i in range(2)]
    log.done(1.1, first)
    task = flow.take(2, "step_two", queries[0])
    for needs, event in zip((2, 1), held, strict=True):
        flow.hold(3, "step_three", event, {"StepThreeEvent": needs})
        flow.take(3, "step_three", event)
    for last in (*range(task + 1, task + 3),):
        log.done(4, last)
    log.end(at, task, "cancelled", "TaskCancelled", "Slow#1 was cancelled")
    log.end(at, flow.task, state, "WorkflowCancelled", "Slow#1 was cancelled").close(at + 1, state)
    return log.state()


@pytest.mark.parametrize("state", ["cancelled", "timed_out", "succeeded"])
def test_after_the_end_nothing_is_said_to_go_on(state: str) -> None:
    run = ended(state)
    told = [*text_tree(run).splitlines(), *words(drawn(run)), *explain(run, 1).splitlines()]
    told += [word for word in Reader(static_html(run)).text.splitlines() if "font" not in word]
    for word in told:
        assert not re.search(r"\brunning\b|\bnot run yet\b|\bneeds\b|\bwaits\b|/1\b|so far", word), word
    assert "   step_two    ran once · 1 cancelled · 2 left waiting" in text_tree(run)
    assert "   step_three  ran twice · had 2 of 3 · needed 1 StepThreeEvent" in text_tree(run)


def test_what_was_left_is_told_of_a_run_that_was_stopped_and_not_of_one_that_succeeded() -> None:
    left = "2 events were left waiting for a worker of step_two."
    assert left in explain(ended("cancelled"), 1).splitlines()
    assert left not in explain(ended("succeeded"), 1)
    assert "had 2 of 3" in words(drawn(ended("cancelled")))
    assert WARNING not in drawn(ended("cancelled"))
    assert WARNING in drawn(ended("timed_out"))


def test_what_a_join_has_kept_is_told_of_a_run_that_ended_well() -> None:
    state = ended("succeeded")
    assert (
        explain(state, 1).splitlines()[-1]
        == "step_three had 2 StepThreeEvent left, which waited for 1 more StepThreeEvent."
    )
    assert "left, which" not in Reader(static_html(state)).text


def test_the_end_and_questions_are_among_the_events_that_are_counted() -> None:
    assert "⇄ ConcurrentFlow#1: 8 events" in text_tree(load("events"))
    assert "(3 steps, 8 events)" in Reader(static_html(load("events"))).text
    assert "(4 steps, 7 events so far)" in Reader(static_html(load("events-human"))).text


def test_runs_that_were_cancelled_are_counted_and_are_no_success() -> None:
    log = Log()
    flow = log.workflow("First", ["StartEvent > start > Query > ask > StopEvent"])
    start = flow.take(0.2, "start", flow.send(0, "StartEvent"))
    tasks = [flow.take(2, "ask", flow.send(1, "Query", by=start)) for _ in range(3)]
    log.done(3, start).done(9, tasks[0])
    for task in tasks[1:]:
        log.end(10, task, "cancelled", "TaskCancelled", "the workflow has its result")
    log.done(11, flow.task).close(12)
    assert "ask    ran 3 times · 2 cancelled" in text_tree(log.state())
    assert "ran 3 times · 2 cancelled" in words(drawn(log.state()))
    only = words(drawn(ended("cancelled")))
    assert only.count(LOOKS[State.CANCELLED].mark) == 1
    assert only.count(LOOKS[State.SUCCEEDED].mark) == 2


# -- a stall --

WHY = "Stuck#1 has stalled: step_three waits in collect_events for 1 more StepThreeEvent (2 of 3 came). Send it"


def stuck(why: str = WHY) -> RunState:
    log = Log("Stuck", 42, "workflow")
    flow = log.workflow("Stuck", [CHAIN])
    first = flow.take(0.2, "start", flow.send(0.1, "StartEvent"))
    queries = [flow.send(1, "StepTwoEvent", f"query='Query {i + 1}'", first) for i in range(3)]
    log.done(1.1, first)
    for i, query in enumerate(queries):
        got = flow.step(2 + i, 2.5 + i, "step_two", [query], [("StepThreeEvent", f"result='{i}'")] if i else [])
        for event in got:
            task = flow.take(3 + i, "step_three", event)
            flow.hold(3.2 + i, "step_three", event, {"StepThreeEvent": 3 - i})
            log.done(3.3 + i, task)
    return stalled(flow, why)


def test_a_stall_says_for_each_join_what_had_come_and_who_might_have_given_the_rest() -> None:
    (said,) = explain(stuck(), 1).splitlines()[1:]
    assert said == (
        "step_three waited for 1 more StepThreeEvent: 2 of 3 had arrived (StepThreeEvent(result='1') and "
        "StepThreeEvent(result='2')); no running step could have produced it. "
        "StepThreeEvent comes from step_two, which ran 3 times and gave 2."
    )


def joined(way: Iterable[str], join: str, needs: dict[str, int], events: Iterable[tuple[str, str]]) -> RunState:
    log = Log("Stuck", 43, "workflow")
    flow = log.workflow("Stuck", way)
    for i, (type_, text) in enumerate(events):
        flow.hold(2 + i, "report", flow.send(1, type_, text), needs, join)
    return stalled(flow, "Stuck#1 has stalled: report waits")


def test_a_stall_of_several_parameters_and_of_lists() -> None:
    said = explain(
        joined(
            ["StartEvent > load > Digest >& report",
             "StartEvent > set > Settings >& report > StopEvent", "Date >& report"],
            "Digest + Settings + Date", {"Settings": 1, "Date": 1}, [("Digest", "pages=3")],
        ), 1,
    )  # fmt: skip
    assert said.splitlines()[1] == (
        "report waited for 1 Settings and 1 Date: 1 of 3 had arrived (Digest(pages=3)); no running step could have "
        "produced them. Settings comes from set, which was not run. No step gives Date."
    )
    pages = [("Page", f"number={i}") for i in range(5)]
    said = explain(joined(["StartEvent > load >> Page >> report > StopEvent"], "", {"Page": 1}, pages), 1)
    assert said.splitlines()[1] == (
        "report waited for 1 more Page: 5 of 6 had arrived (Page(number=0), Page(number=1), Page(number=2) and 2 more)"
        "; no running step could have produced it. Page comes from load, which was not run."
    )
    said = explain(joined(["StartEvent > load >> Page >> report > StopEvent"], "", {}, pages[:1]), 1)
    assert said.splitlines()[1] == "report waited for the rest of a list: 1 Page had arrived (Page(number=0))."


def test_the_saved_html_says_the_words_of_a_stall_once_and_whole() -> None:
    why = f"{WHY} {'or collect fewer ' * 20}end."
    state = stuck(why)
    for page in (Reader(static_html(state)), Reader(task_html(state, 1))):
        assert page.text.count(why) == 1
        assert page.text.count("Send it") == 1
        assert "pre" not in page.tags
    assert "step_three waited for" not in Reader(static_html(state)).text
    assert "white-space:pre-wrap" in static_html(state)
    assert explain_run(state).count("step_three") == 1


def test_what_stood_in_the_way_is_marked_in_the_picture() -> None:
    made = drawn(stuck())
    assert "had 2 of 3 · needed 1 StepThreeEvent" in words(made)
    assert f'stroke="{WARNING}"' in made
    assert "…" not in words(made)


# -- failures, and several workflows --


def handled(rescued: bool) -> RunState:
    log = Log("Digest", 44, "workflow")
    flow = log.workflow("Digest", ["StartEvent > ask > StopEvent", "StepFailedEvent > rescue > StopEvent"])
    task = flow.take(0.2, "ask", flow.send(0, "StartEvent"))
    log.fail(3, task, "ConnectionError", "nobody answers", trace("ConnectionError", "nobody answers"))
    if rescued:
        flow.step(4, 5, "rescue", [flow.send(3, "StepFailedEvent", "", task, ("rescue",))])
        return log.done(6, flow.task).close(7).state()
    return log.fail(4, flow.task, "ConnectionError", "nobody answers", "").close(7, "failed").state()


def test_the_traceback_of_a_failure_that_was_handled_is_closed() -> None:
    made = static_html(handled(rescued=True))
    assert "handled by" in made
    assert made.count("<details open>") == 1, "the workflow alone"
    assert static_html(handled(rescued=False)).count("<details open>") == 2


def test_a_step_whose_failures_were_handled_is_no_failure_in_the_picture() -> None:
    log = Log("Digest", 44, "workflow")
    flow = log.workflow("Digest", ["StartEvent > ask > StopEvent", "StepFailedEvent > rescue > StopEvent"])
    for i in range(2):
        task = flow.take(i, "ask", flow.send(i, "StartEvent"))
        log.fail(3, task) if i else log.done(3, task)
    for end, mark in (("succeeded", State.SUCCEEDED), ("failed", State.FAILED)):
        log.end(4, flow.task, end)
        made = drawn(log.state())
        log.records.pop()
        assert words(made).count(LOOKS[mark].mark) == 1
        assert "ran twice · 1 failed" in words(made)


def test_of_several_workflows_the_first_is_open_and_what_failed() -> None:
    log = Log("desk", 45)
    flows = [log.workflow(name, [CHAIN], at=i) for i, name in enumerate(("Forecast", "Greeting", "Round", "Last"))]
    for flow in flows[:2]:
        log.done(10, flow.task)
    log.fail(11, flows[2].task, "ValueError", "no", trace("ValueError", "no"))
    made = static_html(log.state())
    opened = re.findall(r"<details( open)?><summary>(?:<span[^>]*>.</span> )?Workflow <b>(\w+)", made)
    assert opened == [(" open", "Forecast"), ("", "Greeting"), (" open", "Round"), ("", "Last")]


def test_where_pictures_take_much_room_the_table_still_has_its_rows() -> None:
    log = Log("desk", 46)
    for i in range(4):
        flow = log.workflow(f"Flow{i}", [CHAIN, "start > Other > side > More > step_three"], at=10 * i)
        for k, name in enumerate(("start", "step_two", "step_three", "side", "start", "step_two")):
            flow.step(10 * i + k, 10 * i + k + 0.5, name, [flow.send(10 * i, "StartEvent")])
    state = log.state()
    made = static_html(state)
    assert made.count("<tr>") == len(state.tasks) + 1
    assert len(made) < SIZE


# -- what is quiet --


def test_what_is_usual_is_not_said_and_steps_are_low() -> None:
    log = Log()
    log.workflow("Flow", [CHAIN], workers={"step_two": 1, "step_three": 9})
    flow = shown_flows(log.state())[0]
    said = words(flow_svg(log.state(), flow, live=False))
    assert {"1 at a time", "up to 9 at once"} <= set(said)
    assert not [word for word in said if "4" in word]
    assert {place.h for place in ways(flow).places if place.kind == STEP} == {46}


def test_a_start_event_of_no_class_of_its_own_is_not_named() -> None:
    for given, shown in (
        ("StartEvent()", ""),
        ("StartEvent(city='Bergen')", "city='Bergen'"),
        ("Trip(to='Rome')",) * 2,
    ):
        log = Log()
        flow = log.workflow("Round", [CHAIN])
        log.records = [e._replace(args=given) if isinstance(e, r.Submitted) else e for e in log.records]
        state = log.state()
        assert row(state.tasks[flow.task], state)["args"] == shown
        assert f"⇄ Round{f'({shown})' if shown else ''}" in text_tree(state)


def test_what_takes_no_time_has_a_tick_and_a_workflow_at_work_is_said_to_run() -> None:
    log = Log()
    flow = log.workflow("Flow", [CHAIN])
    for i in range(3):
        flow.step(100 * i + 1, 100 * i + 1.2, "start", [flow.send(0, "StartEvent")])
    flow.take(1000, "step_two", flow.send(900, "StepTwoEvent"))
    log.records.append(r.Output(1100.0, 5, "stdout", "x"))
    made = timeline_svg(log.state())
    assert made.count(f'fill="{LOOKS[State.SUCCEEDED].color}"') == 4  # three ticks, and the legend
    assert words(made).count("running") == 3  # the workflow, its step, the legend


# -- loops --


def test_loops_run_outside_of_what_stands_between_and_do_not_lie_on_each_other() -> None:
    chain = "StartEvent > a > A > b > B > c > C > d > StopEvent"
    log = Log()
    log.workflow("Loops", [chain, "d > A", "d > B", "d > C", "c > B", "b > A"])
    found = ways(shown_flows(log.state())[0])
    lines = {(way.source.removeprefix("step:"), way.target.removeprefix("event:")): way.points for way in found.ways}
    assert [len(lines[pair]) for pair in (("b", "A"), ("c", "B"), ("d", "C"))] == [2, 2, 2]
    around = [lines["d", "A"], lines["d", "B"]]
    assert {len(line) for line in around} == {4}
    assert len({line[1][0] for line in around}) == 2
    for one, other in itertools.combinations([way.points for way in found.ways], 2):
        upright = [{(p[0], q[0]) for p, q in itertools.pairwise(line) if p[0] == q[0]} for line in (one, other)]
        if one in around and other in around:
            assert not upright[0] & upright[1]


def test_a_chain_is_straight_and_a_fork_stands_in_the_middle() -> None:
    log = Log()
    log.workflow(
        "Forks",
        [f"StartEvent > plan > {w} > do_{w.lower()} > {w}Done >& write" for w in ("Wind", "Rain", "Sun")]
        + ["write > StopEvent", "HumanResponseEvent > answered > Wind"],
    )
    found = ways(shown_flows(log.state())[0])
    middle = {place.name: place.x + place.w // 2 for place in found.places}
    for name in ("Wind", "Rain", "Sun"):
        assert middle[f"do_{name.lower()}"] == middle[f"{name}Done"]
    for name in ("Rain", "Sun"):
        assert middle[name] == middle[f"do_{name.lower()}"]
    assert middle["StartEvent"] == middle["plan"]
    assert middle["write"] == middle["StopEvent"]
    assert abs(middle["write"] - sorted(middle[f"{name}Done"] for name in ("Wind", "Rain", "Sun"))[1]) <= 5
