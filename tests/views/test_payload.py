from __future__ import annotations

import json
from typing import Any

import pytest

from ipyflow.model.run import Revision
from ipyflow.views.containers import CONTAINERS
from ipyflow.views.detail import detail
from ipyflow.views.explain import explain
from ipyflow.views.palette import EDITED
from ipyflow.views.payload import payload, row, thinned
from ipyflow.views.revisions import LINES, UNKNOWN, changed_lines
from ipyflow.views.rows import COLUMNS, rows
from ipyflow.views.saved import SAVED_SIZE, expand, saved_payload
from ipyflow.views.text import text_tree
from ipyflow.views.timeline_svg import timeline_svg
from tests.views.build import WALL, Log
from tests.views.golden import GOLDEN, fan_out, load

ROW = {
    "id": int, "parent": int, "name": str, "module": str, "group": (str, type(None)), "role": (str, type(None)),
    "branch": (int, type(None)), "executor": str, "state": str, "reason": str, "on": list, "worker": str, "args": str,
    "attempts": int, "submitted": float,
    "started": (float, type(None)), "ended": (float, type(None)), "spans": list, "type": str, "text": str,
    "progress": (list, type(None)), "notes": list, "takes": list,
    "revised": list, "reused": (list, type(None)),
}  # fmt: skip
RUN = {
    "id": int, "key": str, "name": str, "kind": str, "state": str, "wall": float, "now": float,
    "closed": (float, type(None)),
    "total": int, "counts": dict, "aggregated": bool, "critical": list, "notes": list,
}  # fmt: skip
NODE = {
    "key": str, "task": (int, type(None)), "tasks": list, "name": str, "module": str, "group": (str, type(None)),
    "role": (str, type(None)), "count": int, "x": int, "y": int, "w": int, "h": int,
}  # fmt: skip
EDGE = {"from": str, "to": str, "kind": str, "count": int, "points": list}
LANE = {
    "name": str, "module": str, "role": (str, type(None)), "count": int, "counts": dict, "first": (float, type(None)),
    "last": float,
    "shortest": (float, type(None)), "median": (float, type(None)), "longest": (float, type(None)), "bins": list,
}  # fmt: skip


def shaped(value: dict[str, Any], shape: dict[str, Any]) -> None:
    assert set(value) == set(shape)
    for key, kind in shape.items():
        assert isinstance(value[key], kind), (key, value[key])


def check(made: dict[str, Any], listed: int = 50) -> None:
    assert set(made) - {"kept"} == {"schema", "seq", "run", "tasks", "edges", "graph", "lanes", "workflows"}
    assert made["schema"] == 1
    shaped(made["run"], RUN)
    known = {r["id"] for r in made["tasks"]}
    for r in made["tasks"]:
        shaped(r, ROW)
        times = [span[0] for span in r["spans"]]
        assert times == sorted(times)
        assert r["spans"][-1][1] == r["state"]
    assert all(a in known and b in known and kind in ("data", "child") for a, b, kind in made["edges"])
    keys = {node["key"] for node in made["graph"]["nodes"]}
    assert len(keys) == len(made["graph"]["nodes"])
    for node in made["graph"]["nodes"]:
        assert set(node) - set(NODE) <= {"counts", "below", "branches", "opens", "closes", "critical"}
        shaped({k: v for k, v in node.items() if k in NODE}, NODE)
        assert ("below" in node) == ("branches" in node) == (node["role"] in CONTAINERS)
        assert (node["task"] is None) == (node["count"] > 1)
        assert len(node["tasks"]) == min(node["count"], listed)
        assert ("counts" in node) == (node["count"] > 1 or made["run"]["aggregated"])
        if "counts" in node:
            assert sum(node["counts"].values()) == node["count"]
    for edge in made["graph"]["edges"]:
        shaped({k: v for k, v in edge.items() if k != "critical"}, EDGE)
        assert {edge["from"], edge["to"]} <= keys
    assert sum(node["count"] for node in made["graph"]["nodes"]) == made["run"]["total"]
    assert sum(made["run"]["counts"].values()) == made["run"]["total"]
    assert (made["lanes"] is not None) == made["run"]["aggregated"]
    for lane in made["lanes"] or ():
        shaped(lane, LANE)
        assert len(lane["bins"]) == 120
        assert all(len(bin_) == 3 for bin_ in lane["bins"])
    json.dumps(made, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize("name", GOLDEN)
def test_the_payload_has_the_documented_shape(name: str) -> None:
    check(payload(load(name), seq=7))


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_files_are_what_their_builders_say(name: str) -> None:
    assert load(name) == GOLDEN[name]().state()


def test_a_row_says_what_the_records_said() -> None:
    state = load("failure")
    parsed = row(state.tasks[4], state)
    assert (parsed["state"], parsed["type"], parsed["text"]) == ("failed", "KeyError", "'total'")
    assert parsed["spans"] == [
        [0.0012, "queued", ""],
        [0.0012, "waiting", "its arguments"],
        [0.0601, "queued", ""],
        [0.0602, "running", "thread-2"],
        [0.084, "failed", ""],
    ]
    assert (parsed["submitted"], parsed["started"], parsed["ended"]) == (0.0012, 0.0602, 0.084)


def test_the_header_counts_time_from_the_opening_and_now_is_given_or_the_last_record() -> None:
    state = load("running")
    assert payload(state)["run"]["now"] == 0.49
    assert payload(state, now=state.opened + 2)["run"]["now"] == 2.0
    closed = load("parallel")
    assert payload(closed, now=closed.opened + 99)["run"]["now"] == payload(closed)["run"]["closed"] == 0.156


def test_notes_stand_at_the_task_and_at_the_run() -> None:
    made = payload(load("failure"))
    assert made["run"]["notes"] == [["leaked", 6, "notify#6 was never read"]]
    assert made["tasks"][5]["notes"] == [["leaked", "notify#6 was never read"]]


def test_a_large_run_is_aggregated() -> None:
    state = fan_out(2500, 64).state()
    made = payload(state)
    check(made)
    assert made["run"]["aggregated"]
    assert len(made["tasks"]) == 200
    assert [lane["name"] for lane in made["lanes"]] == ["score_all", "score", "summarise"]
    failed = sum(1 for task in state.tasks.values() if task.state == "failed")
    assert sum(1 for r in made["tasks"] if r["state"] == "failed") == min(failed, 200)
    check(payload(fan_out(1998).state()))
    assert not payload(fan_out(1998).state())["run"]["aggregated"]


@pytest.mark.parametrize("name", GOLDEN)
def test_a_saved_payload_expands_to_the_documented_shape(name: str) -> None:
    state = load(name)
    made = saved_payload(state)
    check(expand(made), listed=10)
    assert expand(expand(made)) == expand(made)
    live = payload(state)
    for mine, theirs in zip(expand(made)["tasks"], live["tasks"], strict=True):
        assert [span[1:2] for span in mine["spans"]] == [span[1:2] for span in theirs["spans"]]
        assert mine["state"] == theirs["state"]


@pytest.mark.parametrize("width", [48, 198, 400, 5000])
def test_a_saved_payload_is_small(width: int) -> None:
    state = fan_out(width).state()
    made = saved_payload(state)
    assert len(json.dumps(made, separators=(",", ":"))) < SAVED_SIZE
    assert made["run"]["aggregated"] == (len(state.tasks) > 200)
    check(expand(made), listed=10)


def test_a_saved_payload_is_small_with_long_texts_and_a_graph_that_does_not_fold() -> None:
    log = Log("chain")
    before: list[int] = []
    for i in range(200):
        task = log.run(
            i, i + 0.3, i + 0.9, f"a_rather_long_name_of_step_{i}", args="x" * 500, text="y" * 500, refs=before
        )
        before = [task]
    made = saved_payload(log.close(300).state())
    assert len(json.dumps(made, separators=(",", ":"))) < SAVED_SIZE


def test_long_lives_are_thinned_to_what_a_picture_can_show() -> None:
    log = Log()
    task = log.task(0, "waits_a_lot")
    log.start(0, task)
    for i in range(1000):
        log.block(i + 1, task).unblock(i + 1.9, task)
    state = log.state()
    spans = thinned(state.tasks[task], 100)
    assert len(spans) <= 100
    assert spans[0] is state.tasks[task].spans[0]
    assert spans[-1] is state.tasks[task].spans[-1]
    assert sum(span.state == "blocked" for span in spans) > 90
    assert [s.time for s in spans] == sorted(s.time for s in spans)


def test_code_that_was_changed_is_told_line_by_line() -> None:
    state = load("edited")
    assert [row(task, state)["revised"] for task in state.tasks.values()] == [[], [], [], [], [0.3], [], []]
    [[time, attempt, remark, lines]] = detail(state, 5)["revisions"]
    assert (time, attempt, remark) == (0.3, 2, "")
    assert lines == [
        [" ", "@task"], [" ", "def load(page):"], [" ", "    rows = fetch(page)"], ["-", "    return rows / 0"],
        ["+", "    if not rows:"], ["+", "        return 0"], ["+", "    return len(rows)"],
    ]  # fmt: skip
    assert "Its code was changed before attempt 2." in explain(state, 5)
    assert timeline_svg(state).count(EDITED) == 1
    assert "2 tries, after ZeroDivisionError" in timeline_svg(state)
    assert not payload(state)["run"]["notes"]
    assert [line for line in text_tree(state).splitlines() if "attempt 2, changed code" in line]
    state.tasks[5].revisions.append(Revision(1000.35, 3, "", "\x1b[31mnew"))
    assert detail(state, 5)["revisions"][1][2:] == [UNKNOWN, [[" ", "\x1b[31mnew"]]]
    assert expand(saved_payload(state))["tasks"][4]["revised"] == [0.3, 0.35]
    far = changed_lines("\n".join(map(str, range(3000))), "\n".join(str(i + (i % 9 == 0)) for i in range(3000)))
    assert len(far) == LINES + 1
    assert far[-1][0] == "@"


def test_a_value_that_was_there_says_where_it_comes_from() -> None:
    state = load("memory")
    told = {task.id: row(task, state)["reused"] for task in state.tasks.values()}
    assert told == {
        1: None, 2: ["cache", "a3f9c1-3", 7, WALL - 7200], 3: None, 4: ["flight", "c5e1f0-4", 3, WALL + 0.08],
        5: ["resumed", "b07d22-1", 4, WALL - 90], 6: None,
    }  # fmt: skip
    assert detail(state, 2)["reused"] == told[2]
    assert [one["reused"] for one in expand(saved_payload(state))["tasks"]] == list(told.values())
    assert [(one["number"], one["type"]) for one in detail(state, 6)["attempts"]] == [
        (1, "NoneType"), (2, "NoneType"), (3, ""),
    ]  # fmt: skip


def test_detail_holds_everything_about_one_task() -> None:
    state = load("retries")
    made = detail(state, 2)
    assert set(made) == {
        "id", "name", "args", "result", "html", "type", "text", "traceback", "attempts", "output", "reason", "on",
        "notes", "role", "branch", "passed_state", "given", "gave", "revisions", "question", "reused",
        "again",
    }  # fmt: skip
    assert made["result"] == "{'orders': 3}"
    assert [a["number"] for a in made["attempts"]] == [1, 2, 3]
    assert made["attempts"][0]["type"] == "ConnectionError"
    assert made["attempts"][0]["started"] == 0.0014
    blocked = load("blocked")
    assert detail(blocked, 1)["on"] == [[2, "middle", "blocked"]]
    assert detail(blocked, 4)["output"] == [[0.3, "stdout", "page 3\n"]]
    with pytest.raises(KeyError):
        detail(state, 99)


def test_rows_filter_sort_and_page() -> None:
    state = fan_out(50).state()
    made = rows(state, 0, 10, states=["failed"])
    assert (made["type"], made["total"], made["offset"], len(made["tasks"])) == ("rows", 3, 0, 3)
    assert [r["args"] for r in rows(state, text="DOC_2")["tasks"]][:2] == ["doc_2", "doc_20"]
    longest = rows(state, 1, 2, sort=("ran", False))
    assert longest["total"] == 52
    assert longest["tasks"][1]["name"] in ("summarise", "score")
    for column in COLUMNS:
        for up in (True, False):
            assert rows(state, sort=(column, up))["total"] == 52
    assert [r["id"] for r in rows(state, limit=3, sort=("nonsense", True))["tasks"]] == [1, 2, 3]
    assert rows(state, 1000, 10)["tasks"] == []
    assert [r["state"] for r in rows(state, limit=4, sort=("state", True))["tasks"]] == ["failed"] * 3 + ["succeeded"]


def test_an_empty_run_has_a_payload() -> None:
    check(payload(Log("nothing").state()))
    check(expand(saved_payload(Log("nothing").state())))
