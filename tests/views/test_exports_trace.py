"""The trace, against what the trace event format asks of each kind of event."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ipyflow.model.run import RunState
from ipyflow.views import trace as made
from ipyflow.views.trace import trace
from tests.views.build import Log
from tests.views.golden import GOLDEN, HOSTILE, fan_out, load

Event = dict[str, Any]

EVERY = {"ph": str, "pid": int, "tid": int, "name": str}
# "Trace Event Format": the keys of each phase besides those, with their types.
KEYS: dict[str, dict[str, Any]] = {
    "M": {"args": dict},
    "X": {"ts": (int, float), "dur": (int, float), "cat": str, "args": dict},
    "b": {"ts": (int, float), "cat": str, "id": str, "args": dict},
    "e": {"ts": (int, float), "cat": str, "id": str},
    "s": {"ts": (int, float), "cat": str, "id": int},
    "f": {"ts": (int, float), "cat": str, "id": int, "bp": str},
    "C": {"ts": (int, float), "args": dict},
    "i": {"ts": (int, float), "cat": str, "s": str, "args": dict},
}
NAMED = {"process_name": str, "thread_name": str, "thread_sort_index": int}


def read(state: RunState, now: float | None = None) -> list[Event]:
    data = json.loads(trace(state, now=now))
    assert set(data) == {"displayTimeUnit", "otherData", "traceEvents"}
    found: list[Event] = data["traceEvents"]
    check(found)
    return found


def check(found: list[Event]) -> None:
    named = {(e["pid"], e["tid"]) for e in found if e["name"] == "thread_name"}
    processes = {e["pid"] for e in found if e["name"] == "process_name"}
    for event in found:
        keys = EVERY | KEYS[event["ph"]]
        assert set(event) == set(keys), event
        for key, kind in keys.items():
            assert isinstance(event[key], kind), event
            assert not isinstance(event[key], bool)
        assert event.get("ts", 0) >= 0
        assert event["pid"] in processes
        if event["ph"] in "Xsf":
            assert (event["pid"], event["tid"]) in named, event
        if event["ph"] == "M":
            ((key, value),) = event["args"].items()
            assert isinstance(value, NAMED[event["name"]])
            assert value != ""
        if event["ph"] == "C":
            assert all(isinstance(n, int) and n >= 0 for n in event["args"].values()), event
    nest(found)
    arrows(found)
    opened: Counter[tuple[Any, ...]] = Counter()
    for event in sorted((e for e in found if e["ph"] in "be"), key=lambda e: (e["ts"], e["ph"] == "b")):
        key = (event["cat"], event["id"], event["name"], event["pid"])
        opened[key] += 1 if event["ph"] == "b" else -1
        assert opened[key] >= -1  # an end and a begin at the same instant
    assert not any(opened.values())


def ns(event: Event, key: str = "ts") -> int:
    return round(event[key] * 1000)


def on_threads(found: list[Event]) -> dict[tuple[int, int], list[tuple[int, int, Event]]]:
    out = defaultdict(list)
    for event in found:
        if event["ph"] == "X":
            out[event["pid"], event["tid"]].append((ns(event), ns(event) + ns(event, "dur"), event))
    return out


def nest(found: list[Event]) -> None:
    """Slices of one thread hold each other or follow each other, and a blocked one is inside of its task's."""
    for slices in on_threads(found).values():
        around: list[tuple[int, int, Event]] = []
        for begin, end, event in slices:
            while around and around[-1][1] <= begin:
                around.pop()
            assert end > begin
            assert not around or (around[-1][0] <= begin and end <= around[-1][1]), (around[-1], event)
            if event["name"] == "blocked" and event["cat"] == "blocked":
                assert around[-1][2]["args"]["task"] == event["args"]["task"]
            around.append((begin, end, event))
        assert [s[0] for s in slices] == sorted(s[0] for s in slices)


def arrows(found: list[Event]) -> None:
    """An arrow has two ends, in this order, each inside a slice of its thread."""
    ends: dict[int, list[Event]] = defaultdict(list)
    threads = on_threads(found)
    for event in found:
        if event["ph"] in "sf":
            ends[event["id"]].append(event)
            around = [s for s in threads[event["pid"], event["tid"]] if s[0] <= ns(event) < s[1]]
            assert around, event
    for pair in ends.values():
        assert [e["ph"] for e in pair] == ["s", "f"]
        assert pair[0]["ts"] <= pair[1]["ts"]


def tasks_of(found: list[Event]) -> Counter[int]:
    return Counter(e["args"]["task"] for e in found if e["ph"] == "X" and e["cat"] == "task")


@pytest.mark.parametrize("name", GOLDEN)
def test_a_trace_is_well_formed(name: str) -> None:
    state = load(name)
    for now in (None, state.last + 7):
        found = read(state, now)
        bodies = {id_: len(task.attempts) for id_, task in state.tasks.items() if task.attempts}
        assert tasks_of(found) == Counter(bodies)


def test_a_task_that_is_tried_again_has_a_slice_for_each_attempt() -> None:
    tried = [e for e in read(load("retries")) if e["ph"] == "X" and e["cat"] == "task"]
    again = next(e["args"]["task"] for e in tried if e["args"]["attempt"] == 2)
    of_task = sorted((e for e in tried if e["args"]["task"] == again), key=lambda e: e["ts"])
    assert [e["args"]["attempt"] for e in of_task] == [1, 2, 3]
    assert [e["args"]["state"] for e in of_task[:2]] == ["failed", "failed"]
    assert ":" in of_task[0]["args"]["error"]


def test_each_host_is_a_process_and_each_worker_a_thread() -> None:
    found = read(load("workers"))
    processes = [e["args"]["name"] for e in found if e["name"] == "process_name"]
    assert processes == ["render", "10.0.0.7", "10.0.0.8"]
    threads = [e["args"]["name"] for e in found if e["name"] == "thread_name"]
    assert threads == ["worker-0", "worker-0 (2)", "worker-1", "worker-1 (2)", *threads[4:]]
    assert threads[4:] == ["process-1", "process-2", "process-10", "thread-1"]


def test_arrows_go_through_groups_and_pipelines_to_what_runs() -> None:
    state = load("pipeline")
    found = read(state)
    threads = on_threads(found)

    def at(event: Event) -> int:
        slices = threads[event["pid"], event["tid"]]
        inner = [e for b, t, e in slices if b <= ns(event) < t]
        return int(inner[-1]["args"]["task"])

    ends: dict[int, list[int]] = defaultdict(list)
    for event in found:
        if event["ph"] in "sf":
            ends[event["id"]].append(at(event))
    pairs = {tuple(pair) for pair in ends.values()}
    joined = {task.id: [state.tasks[ref] for ref in task.refs] for task in state.tasks.values() if task.attempts}
    for task, sources in joined.items():
        for source in sources:
            if source.role == "group":
                last = [t.id for t in state.tasks.values() if t.parent == source.id and t.attempts]
                assert any((one, task) in pairs for one in last), (source.name, task)
            elif source.attempts:
                assert (source.id, task) in pairs


def test_counters_say_how_many_ran_at_each_instant() -> None:
    state = fan_out(60, 4).state()
    found = [e for e in read(state) if e["ph"] == "C"]
    assert [e["ts"] for e in found] == sorted(e["ts"] for e in found)
    for event in found:
        at = state.opened + event["ts"] / 1e6 + 1e-7
        lasting = [[s for s in task.spans if s.time <= at][-1:] for task in state.tasks.values()]
        standing = Counter(str(span.state) for spans in lasting for span in spans)
        assert event["args"] == {name: standing[name] for name in ("running", "blocked", "queued", "waiting")}
    assert found[-1]["args"] == {"running": 0, "blocked": 0, "queued": 0, "waiting": 0}


def test_counters_of_a_large_run_are_as_many_as_a_picture_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "SAMPLES", 50)
    found = [e for e in read(fan_out(400, 8).state()) if e["ph"] == "C"]
    assert 25 <= len(found) <= 52
    assert found[-1]["args"]["running"] == 0


def test_foreign_text_is_shown_not_obeyed() -> None:
    text = trace(load("hostile"))
    assert text.isascii()
    assert not set("\x1b\x07\x00") & set(text)
    assert "\\ud800" not in text.replace("\\\\ud800", "")
    assert any(HOSTILE in e["args"].get("error", "") for e in json.loads(text)["traceEvents"] if "args" in e)


def test_what_a_thread_runs_while_it_waits_lies_inside_and_what_the_loop_runs_does_not() -> None:
    log = Log()
    outer = log.task(0, "outer")
    inner = log.task(1, "inner", outer)
    log.start(0, outer).block(1, outer, inner).start(2, inner).done(8, inner).unblock(9, outer)
    log.block(9.2, outer).unblock(9.6, outer).done(10, outer)
    for name in ("a", "b", "c"):
        task = log.task(0, name, executor="loop")
        log.start(0, task, "loop").done(5, task)
    threads = on_threads(read(log.state()))
    depth = {tuple(e["name"] for _, _, e in slices) for slices in threads.values()}
    assert depth == {("outer", "blocked", "inner", "blocked"), ("a",), ("b",), ("c",)}


WHEN = st.integers(0, 30)


@given(st.lists(st.tuples(WHEN, WHEN, st.sampled_from(["w", "10.0.0.7 w", "loop"]), st.booleans(), WHEN), max_size=12))
@example([(1, 5, "w", False, 4), (3, 2, "w", False, 0)])  # what runs in a wait takes as long as the wait
@example([(1, 4, "w", True, 3), (3, 1, "w", True, 0), (4, 0, "w", True, 0)])  # what would be cut holds another
def test_a_trace_is_well_formed_however_attempts_overlap(found: list[tuple[int, int, str, bool, int]]) -> None:
    log = Log()
    for begin, length, worker, single, wait in found:
        task = log.task(begin, "f", executor="loop" if worker == "loop" else "processes" if single else "threads")
        log.start(begin, task, worker)
        if wait < length:
            log.block(begin + wait / 2, task).unblock(begin + wait, task)
        log.done(begin + length, task)
    events = read(log.state())
    assert sum(tasks_of(events).values()) == len(found)


def test_bodies_one_after_the_other_on_one_worker_share_its_thread() -> None:
    log = Log()
    for i in range(5):
        log.run(i, i, i + 1.2, "f", executor="processes", worker="process-1")
    for slices in (threads := on_threads(read(log.state()))).values():
        assert all(a[1] <= b[0] for a, b in pairwise(slices))
    assert len(threads) == 1
