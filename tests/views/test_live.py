from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ipyflow.model.run import RunState, fold
from ipyflow.views.interest import Interest, interesting
from ipyflow.views.lanes import BINS, Lanes, lanes
from ipyflow.views.live import LiveView
from ipyflow.views.payload import payload
from tests.views.build import Log
from tests.views.golden import GOLDEN, fan_out, load


class Page:
    """Keeps what it is sent, as a page does."""

    def __init__(self, limit: int = 2000) -> None:
        self.view = LiveView(limit)
        self.state = RunState()
        self.seq = 0
        self.has: dict[str, Any] = {}
        self.messages: list[dict[str, Any]] = []

    def look(self, now: float | None = None) -> None:
        changed = set(self.state.changed)
        self.state.changed.clear()
        self.seq += 1
        self.take(self.view.message(self.state, changed, self.seq, now))

    def take(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        assert message["seq"] == self.seq
        if message["type"] == "snapshot":
            self.has = message["payload"]
            self.tasks = {r["id"]: r for r in self.has["tasks"]}
            return
        self.tasks.update((r["id"], r) for r in message["tasks"])
        self.has["run"] = message["run"]
        for part in ("edges", "graph", "lanes", "workflows"):
            if message[part] is not None:
                self.has[part] = message[part]


def unplaced(drawn: dict[str, Any]) -> dict[str, Any]:
    """A graph without its places: what a reader knows stays where it is, so they depend on how the run came about."""
    return {
        "nodes": [{key: value for key, value in node.items() if key not in ("x", "y")} for node in drawn["nodes"]],
        "edges": [{key: value for key, value in edge.items() if key != "points"} for edge in drawn["edges"]],
        "open": drawn["open"],
    }


def test_what_a_page_was_sent_adds_up_to_the_payload() -> None:
    for name, make in GOLDEN.items():
        log = make()
        log.state()
        for step in (1, 3, 7):
            page = Page()
            for i in range(0, len(log.records), step):
                fold(log.records[i : i + step], page.state)
                page.look()
            while page.view.behind:
                page.look(page.state.last + 10)
            whole = payload(load(name))
            assert list(page.tasks.values()) == whole["tasks"]
            for part in ("edges", "lanes", "workflows"):
                assert page.has[part] == whole[part], (name, step, part)
            assert unplaced(page.has["graph"]) == unplaced(whole["graph"]), (name, step)
            assert page.messages[0]["type"] == "snapshot"
            assert all(m["type"] == "delta" for m in page.messages[1:])


def test_only_rows_that_changed_are_sent() -> None:
    page = Page()
    log = fan_out(50)
    log.state()
    fold(log.records[:60], page.state)
    page.look()
    fold(log.records[60:62], page.state)
    page.look()
    assert {r["id"] for r in page.messages[-1]["tasks"]} == {r.task for r in log.records[60:62]}  # type: ignore[union-attr]
    page.look()
    assert page.messages[-1]["tasks"] == []


def test_a_run_that_outgrows_its_rows_begins_anew_with_lanes_and_no_row_is_left_unfinished() -> None:
    page = Page(limit=100)
    log = fan_out(600, 40)
    log.state()
    for i in range(0, len(log.records), 50):
        fold(log.records[i : i + 50], page.state)
        page.look()
    kinds = [m["type"] for m in page.messages]
    assert kinds.count("snapshot") == 2
    assert page.has["run"]["aggregated"]
    assert page.has["lanes"] == lanes(page.state)
    assert all(r["state"] in ("succeeded", "failed") for r in page.tasks.values())
    assert page.has["graph"] == payload(page.state, limit=100)["graph"]


def test_the_graph_of_a_large_run_is_not_made_again_at_each_message() -> None:
    page = Page()
    log = fan_out(1500, 40)
    log.state()
    for i in range(0, len(log.records), 100):
        fold(log.records[i : i + 100], page.state)
        page.look()
    layouts = sum(1 for m in page.messages if m["type"] == "delta" and m["edges"] is not None)
    assert 1 < layouts < len(page.messages) / 4


# -- lanes and the choice of tasks --


def naive(state: RunState, name: str, which: tuple[str, ...]) -> list[float]:
    """Average numbers by adding up every overlap."""
    until = (state.closed or state.last) - state.opened
    width = until / BINS
    out = [0.0] * BINS
    for task in state.tasks.values():
        if task.name != name:
            continue
        ends = [span.time for span in task.spans[1:]] + [until + state.opened]
        for span, end in zip(task.spans, ends, strict=True):
            if span.state.value in which:
                a, b = span.time - state.opened, end - state.opened
                for k in range(BINS):
                    out[k] += max(0.0, min(b, (k + 1) * width) - max(a, k * width)) / width
    return out


def test_lanes_hold_the_mean_number_of_tasks_in_each_bin() -> None:
    for state in (fan_out(300).state(), load("nested"), load("running"), load("blocked")):
        for lane in lanes(state):
            ran, stood = naive(state, lane["name"], ("running", "cancelling")), naive(state, lane["name"], ("blocked",))
            for k, (a, b, _) in enumerate(lane["bins"]):
                # The bins inside are finer than those drawn, not infinitely fine.
                assert abs(a - ran[k]) < 0.02 * max(1, max(ran)), (lane["name"], k)
                assert abs(b - stood[k]) < 0.02 * max(1, max(stood)), (lane["name"], k)
    score = lanes(fan_out(300).state())[1]
    assert (score["count"], score["counts"], sum(b[2] for b in score["bins"])) == (
        300,
        {"succeeded": 283, "failed": 17},
        17,
    )
    assert score["shortest"] <= score["median"] <= score["longest"]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.sampled_from(sorted(GOLDEN)))
@settings(max_examples=60, deadline=None)
def test_lanes_and_choice_kept_up_to_date_equal_those_made_at_once(steps: list[int], name: str) -> None:
    log = GOLDEN[name]()
    log.state()
    state, kept, choice = RunState(), Lanes(), Interest(10)
    i = 0
    for step in [*steps, len(log.records)]:
        fold(log.records[i : i + step], state)
        kept.update(state, state.changed)
        choice.update(state, state.changed)
        state.changed.clear()
        i += step
    assert choice.pick() == interesting(state, 10)
    for mine, fresh in zip(kept.view(state), lanes(state), strict=True):
        assert {k: v for k, v in mine.items() if k != "bins"} == {k: v for k, v in fresh.items() if k != "bins"}
        for a, b in zip(mine["bins"], fresh["bins"], strict=True):
            assert all(abs(x - y) <= 0.011 for x, y in zip(a, b, strict=True))


def test_a_task_that_is_tried_again_leaves_no_trace_in_the_sums() -> None:
    from ipyflow.model import records as r

    log = Log()
    task = log.task(0, "load")
    log.start(1, task).fail(10, task).add(r.Reset, 20, task, "retry").start(21, task).done(30, task)
    state, kept = RunState(), Lanes()
    for record in log.records:
        state.apply(record)
        kept.update(state, state.changed)
    assert kept.view(state) == lanes(state)
    assert lanes(state)[0]["counts"] == {"succeeded": 1}


def test_names_beyond_the_most_share_a_lane() -> None:
    log = Log()
    for i in range(30):
        log.run(i, i + 0.1, i + 0.9, f"name_{i}")
    made = lanes(log.state(), most=8)
    assert (len(made), made[-1]["name"], made[-1]["count"]) == (8, "(23 other names)", 23)


def test_failed_then_unfinished_then_longest_tasks_are_worth_a_look() -> None:
    log = Log()
    for i in range(20):
        log.run(i, i + 1, i + 2 + i, "done")
    bad = log.task(30, "bad")
    log.start(30, bad).fail(31, bad)
    idle = log.task(32, "idle")
    busy = log.task(33, "busy")
    log.start(34, busy)
    state = log.state()
    assert interesting(state, 1) == [bad]
    assert interesting(state, 2) == [bad, busy]
    assert interesting(state, 3) == [bad, idle, busy]
    assert interesting(state, 5) == [19, 20, bad, idle, busy]
    assert interesting(state, 99) == list(state.tasks)
