"""How workflows are shown: the layout of their ways, the picture, the numbers, the words, the payload."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipyflow.model import records as r
from ipyflow.model.events import WorkflowState
from ipyflow.model.run import RunState, check_invariants, fold
from ipyflow.views.detail import detail
from ipyflow.views.dot import dot
from ipyflow.views.edges import CHILD, DATA, edges
from ipyflow.views.explain import explain, explain_run
from ipyflow.views.flow_svg import flow_svg
from ipyflow.views.graph_svg import graph_svg, pictures_svg
from ipyflow.views.html import SIZE, static_html
from ipyflow.views.live import LiveView
from ipyflow.views.mermaid import mermaid
from ipyflow.views.palette import EVENT, ROLES, WARNING
from ipyflow.views.payload import payload
from ipyflow.views.plans import plan
from ipyflow.views.presenter import StaticPresenter
from ipyflow.views.rows import rows
from ipyflow.views.saved import SAVED_SIZE, expand, saved_payload
from ipyflow.views.tallies import sent, shown_flows, tally, unhandled, went
from ipyflow.views.text import text_tree
from ipyflow.views.timeline_svg import timeline_svg
from ipyflow.views.ways import EVENT as EVENT_KIND
from ipyflow.views.ways import STEP, Place, Ways, ways
from ipyflow.views.workflows import workflows
from tests.views.build import Flow, Log
from tests.views.flows import CHAIN, FLOWS, fan
from tests.views.golden import load
from tests.views.test_pictures import Reader, parsed, words

NAMES = tuple(FLOWS)


def first(state: RunState) -> WorkflowState:
    return shown_flows(state)[0]


def made(name: str) -> dict[str, Any]:
    return payload(load(name))["workflows"][0]


@pytest.mark.parametrize("name", NAMES)
def test_the_golden_logs_of_workflows_are_lawful(name: str) -> None:
    state = load(name)
    check_invariants(state)
    log = FLOWS[name]()
    log.state()
    kinds = {type(record) for record in log.records}
    assert {r.Routes, r.EventSent, r.EventsTaken} <= kinds
    ids = [record.task for record in log.records if type(record) is r.Submitted]
    assert ids == sorted(ids)


# -- the layout --


def check_layout(drawn: Ways) -> None:
    boxes = [(p.x, p.y, p.x + p.w, p.y + p.h) for p in drawn.places]
    for one, other in itertools.combinations(boxes, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)
    assert all(min(a, b) >= 0 and c <= drawn.width and d <= drawn.height for a, b, c, d in boxes)
    by_key = {p.key: p for p in drawn.places}
    for way in drawn.ways:
        a, b = by_key[way.source], by_key[way.target]
        (x0, y0), (x1, y1) = way.points[0], way.points[-1]
        if a.y < b.y:
            assert a.x < x0 < a.x + a.w
            assert b.x < x1 < b.x + b.w
            assert (y0, y1) == (a.y + a.h, b.y), "from the foot to the head"
        else:
            assert _touches(way.points[0], a)
            assert _touches(way.points[-1], b)
        for place in drawn.places:
            assert not any(_through(place, p, q) for p, q in itertools.pairwise(way.points)), (way, place)
        assert all(p[0] == q[0] or p[1] == q[1] for p, q in itertools.pairwise(way.points))
        assert all(0 <= x <= drawn.width and 0 <= y <= drawn.height for x, y in way.points)


def _touches(point: tuple[int, int], place: Place) -> bool:
    x, y = point
    across, along = x in (place.x, place.x + place.w), y in (place.y, place.y + place.h)
    return (across and place.y < y < place.y + place.h) or (along and place.x < x < place.x + place.w)


def _through(place: Place, p: tuple[int, int], q: tuple[int, int]) -> bool:
    (x0, x1), (y0, y1) = sorted((p[0], q[0])), sorted((p[1], q[1]))
    return x0 < place.x + place.w and x1 > place.x and y0 < place.y + place.h and y1 > place.y


@pytest.mark.parametrize("name", NAMES)
def test_boxes_do_not_overlap_and_no_line_runs_through_one(name: str) -> None:
    for flow in load(name).workflows.values():
        check_layout(ways(flow))


_STEPS = st.sampled_from([f"step_{i}" for i in range(6)])
_EVENTS = st.sampled_from([f"Event{'x' * i}" for i in range(7)])
_EDGES = st.lists(st.tuples(_STEPS, _EVENTS, st.booleans(), st.sampled_from(["", "list", "part"])), max_size=16)


@given(_EDGES)
@settings(max_examples=150, deadline=None)
def test_any_routes_can_be_laid_out_circles_included(found: list[tuple[str, str, bool, str]]) -> None:
    steps = tuple((f"step_{i}", i + 1, "") for i in range(6))
    kinds = (("StartEvent", "start"), *((f"Event{'x' * i}", "") for i in range(7)))
    pairs = [
        (f"step:{s}", f"event:{e}", form) if gives else (f"event:{e}", f"step:{s}", form) for s, e, gives, form in found
    ]
    routes = (("event:StartEvent", "step:step_0", ""), *pairs)
    drawn = ways(WorkflowState(1, steps=steps, kinds=kinds, edges=routes))
    check_layout(drawn)
    assert {(way.source, way.target) for way in drawn.ways} == {edge[:2] for edge in routes}


def test_the_picture_of_a_workflow_stays_as_it_is_while_it_runs() -> None:
    log = fan()
    log.state()
    shapes = set()
    for cut in range(5, len(log.records), 7):
        found = payload(fold(log.records[:cut]))["workflows"]
        shapes.add(
            json.dumps(
                [[(n["key"], n["x"], n["y"], n["w"], n["h"]) for n in one["nodes"]] for one in found]
                + [[(e["from"], e["points"], e["at"]) for e in one["edges"]] for one in found]
            )
        )
    assert len(shapes) == 1


def test_steps_of_a_chain_stand_below_each_other_with_one_width() -> None:
    drawn = ways(first(load("events")))
    steps = [place for place in drawn.places if place.kind == STEP]
    assert len({(place.x, place.w) for place in steps}) == 1
    assert [place.name for place in sorted(drawn.places, key=lambda p: p.y)] == CHAIN.split(" > ")


def test_counts_stand_on_a_stretch_of_their_own() -> None:
    for name in NAMES:
        for flow in load(name).workflows.values():
            drawn = ways(flow)
            for way in drawn.ways:
                assert way.at is not None, (name, way)
                crossed = [other for other in drawn.ways if other is not way and _on(way.at, other.points)]
                assert not crossed, (name, way, crossed)


def _on(point: tuple[int, int], line: tuple[tuple[int, int], ...]) -> bool:
    x, y = point
    return any(
        min(a[0], b[0]) <= x <= max(a[0], b[0]) and min(a[1], b[1]) <= y <= max(a[1], b[1])
        for a, b in itertools.pairwise(line)
    )


def test_a_loop_leads_back_beside_the_way_there() -> None:
    flow = load("events-human").workflows[1]
    lines = {(way.source, way.target): way.points for way in ways(flow).ways}
    there = lines["event:Prices", "step:watch_prices"]
    back = lines["step:watch_prices", "event:Prices"]
    assert there[0][1] < there[-1][1]
    assert back[0][1] > back[-1][1]
    assert back[-1][0] - there[0][0] == 24


# -- the numbers --


def test_what_goes_on_in_the_middle_of_a_run() -> None:
    found = made("events-live")
    assert found["steps"]["step_two"] == {
        "running": 1, "blocked": 0, "retrying": 0, "waiting": 1, "succeeded": 2, "failed": 0, "cancelled": 0,
    }  # fmt: skip
    assert found["sent"] == {"StartEvent": 1, "StepTwoEvent": 4, "StepThreeEvent": 2}
    (join,) = found["joins"]
    assert (join["step"], join["have"], join["needs"], join["filled"]) == (
        "step_three", 2, [["StepThreeEvent", 1]], 0,
    )  # fmt: skip
    assert found["published"] == [{"time": 3.3034, "by": 7, "type": "Progress", "text": "done=0.25"}]
    counts = {(edge["from"], edge["to"]): edge["count"] for edge in found["edges"]}
    assert counts["step:start", "event:StepTwoEvent"] == 4
    assert counts["step:step_three", "event:StopEvent"] == 0
    held = [event for event in found["events"] if event["held"]]
    assert [event["id"] for event in held] == join["events"]


def test_events_are_joined_to_those_they_came_of_and_gave() -> None:
    events = {event["id"]: event for event in made("events")["events"]}
    assert [(e["type"], e["from"], e["gave"]) for e in events.values()] == [
        ("StartEvent", [], [2, 3, 4]),
        ("StepTwoEvent", [1], [6]),
        ("StepTwoEvent", [1], [5]),
        ("StepTwoEvent", [1], [7]),
        ("StepThreeEvent", [3], []),
        ("StepThreeEvent", [2], []),
        ("StepThreeEvent", [4], []),
    ]
    assert (events[7]["by"], events[7]["taken"], events[5]["taken"]) == (5, [8], [6])


def test_the_event_that_ended_a_workflow_went_to_its_end() -> None:
    state, found = load("events"), made("events")
    assert found["sent"]["StopEvent"] == 1
    assert [e["count"] for e in found["edges"] if e["to"] == "event:StopEvent"] == [1]
    assert (8, 1, DATA) in edges(state)
    assert explain(state, 8).splitlines()[1] == (
        "It was given StepThreeEvent(result='Query 3') and it ended the workflow with StopEvent(result='Done')."
    )


def test_the_end_and_a_question_are_not_unhandled_but_what_nobody_takes_is() -> None:
    log = Log()
    flow = log.workflow("Asks", ["StartEvent > ask > InputRequiredEvent", "HumanResponseEvent > hear > StopEvent"])
    task = flow.take(1, "ask", flow.send(0, "StartEvent"))
    flow.send(2, "InputRequiredEvent", by=task)
    flow.send(2, "Lost", by=task)
    flow.send(3, "StopEvent", by=task)
    state = log.state()
    assert {type_: len(found) for type_, found in unhandled(first(state)).items()} == {"Lost": 1}
    assert workflows(state)[0]["unhandled"] == {"Lost": 1}
    assert made("events-stalled")["unhandled"] == {"Lost": 1}


def test_a_question_that_was_only_published_went_to_the_person() -> None:
    found = made("events-human")
    assert found["sent"]["InputRequiredEvent"] == 1
    assert [e["count"] for e in found["edges"] if e["to"] == "event:InputRequiredEvent"] == [1]
    assert found["awaited"] == [
        {"task": 3, "step": "ask_city", "type": "HumanResponseEvent", "text": "user='ada'", "since": 0.2602}
    ]


class Told:
    """Counts what records say, one by one, knowing nothing of the fold."""

    def __init__(self, records: list[r.Record], workflow: int) -> None:
        steps = {e.task: e.name for e in records if isinstance(e, r.Submitted) and e.parent == workflow}
        sent_ = [e for e in records if isinstance(e, r.EventSent) and e.task == workflow]
        taken = [e for e in records if isinstance(e, r.EventsTaken) and e.task in steps]
        ended = {e.task for e in records if isinstance(e, r.Finished)}
        self.sent = Counter(e.type for e in sent_)
        self.went: Counter[tuple[str, str]] = Counter()
        for e in sent_:
            self.went.update((f"event:{e.type}", f"step:{step}") for step in e.to)
            if e.by:
                self.went[f"step:{steps[e.by]}", f"event:{e.type}"] += 1
        self.running = Counter(name for task, name in steps.items() if task not in ended)
        self.succeeded = Counter(steps[task] for task in ended if task in steps)
        asked = Counter(step for e in sent_ for step in e.to)
        self.waiting = asked - Counter(steps[e.task] for e in taken for _ in e.events)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20)), max_size=60), st.integers(0, 200))
@settings(max_examples=80, deadline=None)
def test_the_numbers_are_what_the_records_say(moves: list[tuple[int, int]], cut: int) -> None:
    log = Log()
    flow = log.workflow("Random", ["StartEvent > a > X > b > Y > a", "a > Y", "b > X", "b > StopEvent"])
    queue = [("a", flow.send(0, "StartEvent"))]
    running: list[tuple[int, str]] = []
    at = 1.0
    for move, pick in moves:
        at += 1
        if move == 0 and queue:
            step, event = queue.pop(pick % len(queue))
            running.append((flow.take(at, step, event), step))
        elif move in (1, 2) and running:
            task, _ = running[pick % len(running)]
            type_, step = ("X", "b") if move == 1 else ("Y", "a")
            queue.append((step, flow.send(at, type_, by=task)))
        elif move == 3 and running:
            log.done(at, running.pop(pick % len(running))[0])
    log.state()
    records = log.records[: max(cut, 4)]
    state = fold(records)
    told, found = Told(records, flow.task), first(state)
    assert went(state, found) == told.went
    assert sent(state, found) == told.sent
    steps = tally(state, [found])[flow.task]
    for name, step in steps.items():
        ran = (step.running + step.blocked, step.succeeded, step.waiting)
        assert ran == (told.running[name], told.succeeded[name], told.waiting[name])
    shown = workflows(state)[0]
    assert sum(shown["sent"].values()) == shown["total"]
    for event in shown["events"]:
        assert event["id"] == found.events[event["id"]].id
        assert all(event["id"] in other["from"] for other in shown["events"] if other["id"] in event["gave"])


# -- the payload --


def many(events: int = 1200) -> Log:
    log = Log("Many", 30, "workflow")
    flow = log.workflow("Many", [CHAIN])
    task = flow.take(0.1, "start", flow.send(0, "StartEvent"))
    sent_ = [flow.send(1, "StepTwoEvent", f"query='Query {i}', more='{'x' * 150}'", task) for i in range(events)]
    flow.send(1, "Lost", by=task, to=())
    for i, event in enumerate(sent_[: events - 5]):
        flow.step(2 + 10 * i, 12 + 10 * i, "step_two", [event])
    return log


def test_many_events_are_cut_to_those_that_want_a_look_and_the_newest() -> None:
    state = many().state()
    found = workflows(state)[0]
    assert (len(found["events"]), found["total"]) == (300, 1202)
    kept = {event["id"] for event in found["events"]}
    assert {event.id for event in unhandled(first(state))["Lost"]} <= kept
    assert {id_ for id_, event in first(state).events.items() if not event.taken_by} <= kept
    assert [event["id"] for event in found["events"]] == sorted(kept)


@pytest.mark.parametrize("events", [60, 140, 200, 1200])
def test_a_saved_payload_with_events_is_small(events: int) -> None:
    made_ = saved_payload(many(events).state())
    assert len(json.dumps(made_, separators=(",", ":"))) < SAVED_SIZE
    assert 0 < len(made_["workflows"][0]["events"]) <= 100
    assert made_["workflows"][0]["total"] == events + 2
    assert len(expand(made_)["tasks"]) >= min(events - 3, 110)
    assert made_["run"]["aggregated"] == (events > 140)


def test_many_workflows_are_cut_to_what_the_saved_file_has_room_for() -> None:
    log = Log("Nest", 31)
    for i in range(20):
        flow = log.workflow(f"Part{i}", [CHAIN, "StepFailedEvent > rescue > StepThreeEvent"], at=i)
        task = flow.take(i + 0.1, "start", flow.send(i, "StartEvent"))
        for k in range(8):
            flow.step(i + 0.3, i + 0.5, "step_two", [flow.send(i + 0.2, "StepTwoEvent", f"query='{k}'", task)])
    state = log.state()
    assert len(state.tasks) == 200
    made_ = saved_payload(state)
    assert len(json.dumps(made_, separators=(",", ":"))) < SAVED_SIZE
    assert len(made_["tasks"]) >= 110
    assert len(made_["workflows"]) >= 1
    assert len(payload(state)["workflows"]) == 8


def test_of_many_workflows_those_at_work_are_shown() -> None:
    log = Log("Nest", 31)
    outer = log.workflow("Outer", ["StartEvent > go > StopEvent"])
    task = outer.take(0.1, "go", outer.send(0, "StartEvent"))
    inner = [log.workflow("Inner", ["StartEvent > go > StopEvent"], task, at=i + 1) for i in range(12)]
    for one in inner[:10]:
        log.done(100, one.task)
    shown = [flow.id for flow in shown_flows(log.state())]
    assert {outer.task, inner[10].task, inner[11].task} < set(shown)
    assert shown == sorted(shown)
    assert len(shown) == 8


def test_workflows_are_sent_when_something_happened_in_one_but_not_at_each_message() -> None:
    log, state, view = many(400), RunState(), LiveView()
    log.state()
    told, seq = [], 0
    for i in range(0, len(log.records), 10):
        fold(log.records[i : i + 10], state)
        seq += 1
        told.append(view.message(state, set(state.changed), seq))
        state.changed.clear()
    later = [message for message in told if message["type"] == "delta"]
    assert 0 < sum(message["workflows"] is not None for message in later) < len(later) / 4
    assert view.behind
    last = view.message(state, [], seq + 1, state.last + 10)
    assert last["workflows"] == payload(state)["workflows"]
    assert not view.behind
    assert view.message(state, [], seq + 2, state.last + 20)["workflows"] is None


def test_a_step_says_what_it_was_given_and_gave() -> None:
    state = load("events")
    found = detail(state, 2)
    assert found["given"] == [[1, "StartEvent", ""]]
    assert found["gave"] == [[i + 2, "StepTwoEvent", f"query='Query {i + 1}'"] for i in range(3)]
    assert detail(state, 1)["given"] == detail(state, 1)["gave"] == []
    row = payload(state)["tasks"][2]
    assert (row["takes"], row["args"], row["role"]) == ([2], "query='Query 1'", "step")
    assert [found_["id"] for found_ in rows(state, text="query 2")["tasks"]] == [4, 6]
    assert rows(state, sort=("args", False))["tasks"][0]["args"] == "result='Query 3'"


# -- words --


def test_why_a_join_waits_and_who_may_fill_it() -> None:
    state = load("events-live")
    now = state.last + 40
    waits = (
        "step_three waits for 1 more StepThreeEvent (2 of 3 arrived, the last 40.4 s ago); step_two, which runs, may "
        "give it."
    )
    assert explain(state, 1, now=now).splitlines() == [
        "ConcurrentFlow#1 waits for its steps: step_two#7 (running for 40.4 s on loop).",
        waits,
        "1 event waits for a worker of step_two (1 at once, all at work).",
    ]
    assert explain(state, 6, now=now).splitlines()[1:] == [
        "It was given StepThreeEvent(result='Query 2').",
        waits,
    ]
    assert "step_three waits for 1 more StepThreeEvent" in explain_run(state, now=now)


def test_a_join_that_nothing_can_fill_says_so() -> None:
    log = Log()
    flow = log.workflow("Flow", [CHAIN, "Ready >& report", "Paper >& report > StopEvent"], kinds={"Paper": "answer"})
    start = flow.take(0.1, "start", flow.send(0, "StartEvent"))
    event = flow.send(1, "StepThreeEvent", by=start)
    log.done(1.2, start)
    task = flow.take(2, "step_three", event)
    flow.hold(2, "step_three", event, {"StepThreeEvent": 2})
    log.done(2.1, task)
    ready = flow.send(3, "Ready")
    flow.hold(3, "report", ready, {"Paper": 1}, "Ready + Paper")
    said = explain_run(log.state())
    assert "step_three waits for 2 more StepThreeEvent (1 of 3 arrived, the last 1.0 ms ago); " in said
    assert "nothing that runs can give it." in said
    assert "nothing that runs can give it: send it with future.send_event(Paper(...))." in said


def test_a_join_may_be_filled_by_what_waits_or_by_what_comes_of_what_runs() -> None:
    def said(running: str | None, waits: str | None) -> str:
        log = Log()
        flow = log.workflow("Flow", [CHAIN])
        held = flow.send(0, "StepThreeEvent")
        flow.hold(1, "step_three", held, {"StepThreeEvent": 1})
        if running:
            flow.take(2, running, flow.send(2, "StartEvent"))
        if waits:
            flow.send(3, waits)
        state = log.state()
        return explain(state, flow.task)

    assert "step_two, for which 1 event waits, may give it." in said(None, "StepTwoEvent")
    assert "it may come of start, which runs." in said("start", None)
    assert "nothing that runs can give it." in said(None, None)


def test_a_step_that_asks_a_person_says_how_to_answer() -> None:
    state = load("events-human")
    answer = (
        "ask_city#3 waits for a HumanResponseEvent with user='ada' (for 22.2 s). "
        "It asked: InputRequiredEvent(prefix='Is a stop in Milan fine?') 22.2 s ago. "
        "Answer with future.send_event(HumanResponseEvent(user='ada', ...))."
    )
    for said in (explain(state, 1, now=state.last + 10), explain_run(state, now=state.last + 10)):
        assert said.splitlines().count(answer) == 1
    assert explain(state, 3, now=state.last + 10).splitlines()[0] == answer
    assert "Nothing runs" not in explain_run(state)
    assert "waits for a HumanResponseEvent" in text_tree(state)
    assert [word for word in words(timeline_svg(state)) if word.startswith("waits for Human")]


def test_what_nobody_takes_is_named_with_who_sent_it() -> None:
    lost = "1 Lost event was sent by start and no step takes it."
    state = load("events-stalled")
    assert lost in explain(state, 1).splitlines()
    assert lost in explain(state, 2).splitlines()
    assert lost in explain_run(state).splitlines()
    assert f"   ! {lost}" in text_tree(state).splitlines()
    assert lost in Reader(static_html(state)).text
    assert explain_run(state).count("step_three") == 1, "the exception has said it"


def test_a_rescued_failure_names_its_rescuer() -> None:
    said = explain_run(load("events-fan"))
    assert "summarise#14 failed after 110 ms on thread-3: ValueError: page 11 is empty. rescue#22 handled it." in said
    assert "merge waits for the rest of a list (24 Summary arrived, " in said
    assert "8 events wait for a worker of summarise (8 at once, all at work)." in said
    assert "report waits for 1 Digest (1 of 2 arrived, " in said


def test_a_paused_workflow_says_so() -> None:
    log = Log()
    flow = log.workflow("Flow", [CHAIN])
    flow.take(0.1, "start", flow.send(0, "StartEvent"))
    log.wait(5, flow.task, "paused")
    assert "Flow#1 is paused (for 0 µs): no step of it starts until .resume() is called." in explain(log.state(), 1)


def test_a_blocked_step_leads_to_the_workflow_in_it() -> None:
    said = explain(load("events-child"), 1).splitlines()
    assert [line.split()[0] for line in said] == ["Nightly#1", "train_all#3", "Training#4"]


def test_the_tree_tells_steps_with_their_counts_and_joins() -> None:
    lines = text_tree(load("events-live")).splitlines()
    assert lines[-4:] == [
        "⇄ ConcurrentFlow#1: 7 events",
        "   start       ran once",
        "   step_two    1/1 running · 1 waiting",
        "   step_three  ran twice · 2 of 3 · needs 1 StepThreeEvent",
    ]
    assert "   ├─ ✓ ▫ step_two(query='Query 1')  1.50 s" in lines


# -- pictures --


def test_the_picture_says_workers_queues_joins_and_counts() -> None:
    state = load("events-live")
    said = words(flow_svg(state, first(state)))
    assert {"start", "StepTwoEvent", "1/1 running · 1 waiting", "2 of 3 · needs 1 StepThreeEvent", "×4", "×2"} <= set(
        said
    )
    made_ = flow_svg(state, first(state))
    assert made_.count('<circle cx="') - 1 == 3  # the dots of the join, beside that of the ground
    assert f'stroke="{EVENT}"' in made_


def test_before_it_runs_all_ways_are_equal_and_nothing_is_counted() -> None:
    state = load("events-fan")
    said = words(flow_svg(state, first(state), live=False))
    assert not [word for word in said if "×" in word or "running" in word or "ran" in word.split()]
    assert {"up to 8 at once", "1 at a time", "list", "+", "taken together", "a step failed"} <= set(said)
    assert "-went)" not in flow_svg(state, first(state), live=False)


def test_what_nobody_takes_is_marked_with_a_sign_and_a_word() -> None:
    state = load("events-stalled")
    made_ = flow_svg(state, first(state))
    assert "1 Lost unhandled" in words(made_)
    assert f'fill="{WARNING}"' in made_
    log = Log()
    flow = log.workflow("Flow", [CHAIN])
    flow.send(0, "StepTwoEvent", to=())
    flow.send(0, "Other")
    said = words(flow_svg(state := log.state(), first(state)))
    assert "1 Other from outside: no step takes it" in said
    assert {"1", "no step takes it"} <= set(said)


def test_long_names_are_shortened_and_stay_in_their_boxes() -> None:
    long_step, long_event = "a_step_with_a_name_" * 6, "AnEventWithALongName" * 6
    log = Log()
    flow = log.workflow("Long", [f"{long_event} > {long_step} > StopEvent"], kinds={long_event: "start"})
    task = flow.take(1, long_step, event := flow.send(0, long_event))
    flow.hold(2, long_step, event, {long_event: 27})
    flow.send(2, "L" * 90, by=task)
    state = log.state()
    drawn = ways(first(state))
    assert max(place.w for place in drawn.places) <= 264
    for word in words(flow_svg(state, first(state))):
        assert len(word) < 50
    assert any(word.endswith("…") for word in words(flow_svg(state, first(state))))


@pytest.mark.parametrize("name", NAMES)
def test_pictures_of_workflows_are_well_formed(name: str) -> None:
    state = load(name)
    for flow in state.workflows.values():
        for live, inline in itertools.product((True, False), repeat=2):
            made_ = flow_svg(state, flow, live=live, inline=inline)
            parsed(made_)
            used, defined = set(re.findall(r"url\(#([^)]+)\)", made_)), set(re.findall(r' id="([^"]+)"', made_))
            assert used <= defined
            if inline:
                assert "<style" not in made_


def test_the_saved_html_shows_the_workflow_above_the_graph() -> None:
    made_ = static_html(load("events-child"))
    assert made_.index("Workflow <b>Nightly") < made_.index("Workflow <b>Training") < made_.index("<summary>Graph")
    assert "<details><summary>Graph" in made_
    assert len(made_) < SIZE
    both = words(pictures_svg(load("events-child")))
    assert {"Nightly", "Training", "Tasks", "train_all"} <= set(both)
    assert pictures_svg(load("parallel")) == graph_svg(load("parallel"))


def test_a_workflow_that_is_too_large_to_draw_is_told_in_lines() -> None:
    log = Log("Large", 1, "workflow")
    chain = " > ".join(f"Event{i} > step_{i}" for i in range(150))
    log.workflow("Large", [f"{chain} > StopEvent"])
    state = log.state()
    made_ = static_html(state)
    assert len(made_) < SIZE
    assert "Event0 → step_0 → Event1" in Reader(made_).text
    assert len(plan(log.records, "mimebundle")["text/html"]) < SIZE
    assert len(json.dumps(saved_payload(state))) < 2 * SAVED_SIZE


def test_steps_are_rows_with_a_mark_and_the_workflow_is_a_bracket() -> None:
    for draw in (timeline_svg, graph_svg):
        made_ = draw(load("events"))
        assert ROLES["workflow"].path in made_
        assert ROLES["step"].path in made_
    found = edges(load("events"))
    assert {(2, 3, DATA), (3, 7, DATA), (8, 1, DATA), (6, 1, CHILD)} <= set(found)
    assert not [edge for edge in found if edge[:2] == (2, 1)]


# -- what foreign text may do --

BAD = "<script>alert(1)</script>"


def hostile() -> Log:
    log = Log(f"{BAD}\x1b[31m", 1, "workflow")
    event, step_ = f"E{BAD}", 's\x1b[2J"]|};--></svg>'
    flow = log.workflow("W</title><b>", [])
    log.records.pop()
    log.add(
        r.Routes, 0, flow.task, ((step_, 2, ""), ("other", 1, "catch_error")),
        ((event, "start"), ("B\u202e\ud800", "")),
        (
            (f"event:{event}", f"step:{step_}", "list"), (f"step:{step_}", "event:B\u202e\ud800", ""),
            ("event:X", "step:n", ""),
        ),
    )  # fmt: skip
    given_ = flow.send(0.1, event, f"x='{BAD}\x1b]0;'", to=(step_,))
    task = flow.take(0.2, step_, given_)
    flow.hold(0.3, step_, given_, {event: 2}, BAD)
    flow.send(0.4, f"Lost{BAD}\x1b", BAD, task, ())
    flow.publish(0.4, BAD, BAD, task)
    flow.awaits(0.5, task, f"Q{BAD}\x1b", BAD)
    return log


def test_text_from_events_is_text_everywhere() -> None:
    state = hostile().state()
    flow = first(state)
    pictures = [flow_svg(state, flow, live=live) for live in (True, False)] + [pictures_svg(state), timeline_svg(state)]
    pages = [
        static_html(state),
        static_html(state, inline=True),
        plan(hostile().records[:4], "mimebundle")["text/html"],
    ]
    for svg in pictures:
        parsed(svg)
    for page in pages:
        assert not {"script", "b><"} & set(Reader(page).tags)
    told = [explain_run(state), text_tree(state), *(explain(state, id_) for id_ in state.tasks)]
    told += [plan(hostile().records[:4], form) for form in ("dot", "mermaid")] + [dot(state), mermaid(state)]
    told.append(plan(hostile().records[:4], "mimebundle")["text/plain"])
    for text in pictures + pages + told:
        assert "\x1b" not in text
        assert "\u202e" not in text
        text.encode()
    for text in pictures + pages:
        assert "<script" not in text
    json.dumps(payload(state), ensure_ascii=False).encode()
    json.dumps(saved_payload(state), ensure_ascii=False).encode()
    json.dumps(detail(state, 2), ensure_ascii=False).encode()
    for line in mermaid(state).splitlines():
        assert "<script" not in line


# -- other languages, and before it runs --


def graph_records() -> list[r.Record]:
    log = fan()
    return [log.records[0], *(record for record in log.records[1:4])]


def test_a_workflow_before_it_runs_shows_its_ways() -> None:
    presenter = StaticPresenter()
    found = presenter.plan(graph_records(), "mimebundle")
    assert found["text/plain"].splitlines() == [
        "⇄ Digest  workflow · 6 steps · 7 events",
        "   StartEvent → split → list[Page]",
        "   Page → summarise (up to 8 at once) → Summary",
        "   list[Summary] → merge → Digest",
        "   Digest + Settings → report (1 at a time) → StopEvent",
        "   StartEvent → configure (1 at a time) → Settings",
        "   StepFailedEvent → rescue → Summary",
    ]
    assert found["text/html"].count("<img") == 1
    assert "6 steps" in found["text/html"]
    drawn = presenter.plan(graph_records(), "dot")
    assert drawn.startswith('digraph "Digest" {')
    assert 'n1 [label="summarise\\nup to 8 at once", shape=box' in drawn
    assert 'n6 [label="▶ StartEvent", shape=ellipse' in drawn
    assert 'n0 -> n7 [label="list"];' in drawn
    flowchart = presenter.plan(graph_records(), "mermaid")
    assert flowchart.startswith("flowchart TB\n")
    assert '  n6(["▶ StartEvent"])' in flowchart
    assert '  n9 -->|"together"| n3' in flowchart
    assert "×" not in drawn + flowchart
    with pytest.raises(ValueError, match="no form 'png'"):
        presenter.plan(graph_records(), "png")


def test_exports_of_a_run_hold_the_picture_of_its_workflow() -> None:
    state = load("events-stalled")
    drawn, flowchart = dot(state), mermaid(state)
    assert "subgraph cluster_w0" in drawn
    assert "⚠ Lost: no step takes it" in drawn
    assert 'label="×3"' in drawn
    assert 'subgraph w0["ConcurrentFlow"]' in flowchart
    assert '|"×3"|' in flowchart
    assert "had 2 of 3 · needed 1 StepThreeEvent" in flowchart


def test_there_are_two_kinds_of_nodes() -> None:
    kinds = {place.kind for name in NAMES for place in ways(first(load(name))).places}
    assert kinds == {STEP, EVENT_KIND}
    assert Flow.key("StartEvent") == "event:StartEvent"
