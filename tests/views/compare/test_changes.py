"""What changed from one run to the other, and in which order it is told."""

from __future__ import annotations

import json

import pytest

from ipyflow.model import records as r
from ipyflow.model.run import RunState
from ipyflow.views.compare.facts import Given
from ipyflow.views.compare.lanes import MOST, SINGLE, STRETCHES
from ipyflow.views.compare.shown import compared
from tests.views.build import Log
from tests.views.compare.runs import both, nightly
from tests.views.compare.test_matching import RUNS
from tests.views.golden import load


def kinds(one: RunState, other: RunState) -> list[tuple[str, str, str]]:
    return [(row.kind, row.name, str(len(row.changes))) for row in both(one, other).facts.rows]


def test_slower_and_faster_need_ten_percent_and_ten_milliseconds() -> None:
    before = {"tiny": 1, "small": 100, "slower": 100, "faster": 200, "large": 1000}
    after = {"tiny": 9, "small": 109, "slower": 115, "faster": 100, "large": 1090}
    found = both(nightly(before, run=1), nightly(after, run=2))
    assert [change.args for change in found.of("slower")] == ["'slower'"]
    assert [change.args for change in found.of("faster")] == ["'faster'"]
    assert {change.name for change in found.of("same")} == {"nightly", "load", "total"}


def test_a_body_that_waits_for_others_is_not_slower_because_they_are() -> None:
    found = both(nightly({"a": 100}, run=1), nightly({"a": 900}, run=2))
    assert [(change.kind, change.name) for change in found] == [("slower", "load")]
    assert repr(next(iter(found))) == "<load('a'): slower, 100 ms → 900 ms>"
    assert "most of the difference in load" in str(found)


def test_failures_stand_first_then_what_changed_most() -> None:
    one = nightly({"a": 50, "b": 100, "c": 100, "d": 500}, run=1)
    other = nightly({"a": 50, "b": 120, "c": 20, "e": 500, "f": 800}, run=2, fails="a")
    told = kinds(one, other)
    assert [kind for kind, _, _ in told] == ["failing"] * 3 + ["new", "faster", "slower", "same"]
    assert "load('f')" in str(both(one, other))
    assert "'e'" not in str(both(one, other))  # it stands where d stood, and took as long


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ({"fails": "a"}, {}, "mended"),
        ({}, {"cached": "a"}, "cached"),
        ({"cached": "a"}, {}, "computed"),
        ({}, {"sums": "13"}, "result"),
    ],
    ids=["mended", "cached", "computed", "result"],
)
def test_kinds_of_change(one: dict[str, str], other: dict[str, str], kind: str) -> None:
    found = both(nightly({"a": 50}, run=1, **one), nightly({"a": 50}, run=2, **other))  # type: ignore[arg-type]
    assert kind in {change.kind for change in found}
    assert found.of(kind)


def test_other_failures_and_other_ends_are_told_and_equal_ones_are_not() -> None:
    def run(type_: str, state: str) -> RunState:
        log = Log()
        one, other = log.task(0, "load"), log.task(0, "save")
        log.start(1, one).fail(2, one, type_).start(1, other).end(3, other, state)
        return log.close(4, "failed").state()

    assert kinds(run("KeyError", "succeeded"), run("KeyError", "succeeded")) == [
        ("same", "load", "1"),
        ("same", "save", "1"),
    ]
    told = kinds(run("KeyError", "succeeded"), run("OSError", "cancelled"))
    assert told == [("otherwise", "load", "1"), ("otherwise", "save", "1")]
    assert "KeyError: no such user → OSError: no such user" in str(
        both(run("KeyError", "cancelled"), run("OSError", "cancelled"))
    )


def test_what_goes_on_is_left_out() -> None:
    going = Log("nightly")
    root = going.task(0, "nightly", args="1")
    going.start(1, root)
    found = both(nightly({"a": 10}, run=1), going.state())
    assert [change.name for change in found.of("unfinished")] == ["nightly"]
    assert "The run after goes on" in str(found)
    assert json.loads(json.dumps(found.to_json()))["after"]["ended"] is False


def test_waiting_for_a_worker_is_told_apart_from_working() -> None:
    def run(waits: float) -> RunState:
        log = Log()
        log.run(0, 1, 101, "load", args="1")
        log.run(0, waits, waits + 100, "load", args="2")
        return log.close(waits + 101).state()

    found = both(run(1), run(401))
    assert list(found) == []
    assert "They waited 402 ms for a worker" in str(found)
    assert "Its tasks ran" not in str(found)


def test_changed_code_is_told_once_with_its_difference_and_nothing_is_said_where_it_is_not_known() -> None:
    one, other = nightly({"a": 50, "b": 50}, run=1), nightly({"a": 90, "b": 90}, run=2)
    before = {"__main__:load": "def load(x):\n    return read(x)\n", "__main__:total": "def total(xs): ..."}
    after = {
        "shop:load": "def load(x):\n    sleep(1)\n    return read(x)\n\n",
        "__main__:total": "def total(xs): ...  ",
    }
    found = both(one, other, (before, after))
    assert [(code.name, [mark for mark, _ in code.lines]) for code in found.facts.code] == [("load", [" ", "+", " "])]
    assert "+     sleep(1)" in str(found)
    assert "its code changed" in str(found)
    assert "Of their code nothing is said" in str(both(one, other))
    assert "Of their code" not in str(both(one, other, (before, before)))


def test_what_tasks_say_is_shown_and_never_obeyed() -> None:
    one = nightly({"<img src=x onerror=alert(1)>": 50, "a": 10}, run=1)
    other = nightly({"<img src=x onerror=alert(1)>": 50, "a": 80, "\x1b[31m": 10}, run=2, fails="a")
    found = both(one, other, ({"m:load": "</pre><script>"}, {"m:load": "</pre><script>1"}))
    html = found._repr_mimebundle_()["text/html"]
    assert "<img src=x" not in html
    assert "<script" not in html
    assert "&lt;b&gt;no&lt;/b&gt;" in html
    assert "\x1b" not in str(found)
    assert "\x1b" not in html
    hostile = both(load("hostile"), load("fan_out"))
    page = hostile._repr_mimebundle_()
    assert "<script" not in page["text/html"]
    assert "\x1b" not in page["text/plain"]
    json.dumps(hostile.to_json()).encode()


@pytest.mark.parametrize("name", RUNS)
def test_a_run_beside_itself_has_not_changed(name: str) -> None:
    state = load(name)
    found = both(state, load(name))
    assert list(found) == []
    assert found.facts.counts.total() == len(state.tasks)
    assert len(found.to_json()["lanes"]) <= MOST


@pytest.mark.parametrize("name", RUNS)
def test_any_two_runs_can_be_compared(name: str) -> None:
    one, other = load(name), load(RUNS[RUNS.index(name) - 1])
    found = both(one, other)
    data = found.to_json()
    json.dumps(data).encode()
    assert sum(data["counts"].values()) == sum(len(row.changes) for row in found.facts.rows)
    ends = (data["before"]["seconds"], data["after"]["seconds"])
    for lane in data["lanes"]:
        for side, end in zip(("before", "after"), ends, strict=True):
            assert all(0 <= begin <= stop <= end + 1e-6 for begin, stop, _ in lane[side]), lane
    assert found._repr_mimebundle_()["text/html"].count("<div") == found._repr_mimebundle_()["text/html"].count("</div")


def test_many_tasks_stay_few_rows_and_small_pages() -> None:
    def run(tasks: int, took: float) -> RunState:
        log = Log("wide")
        root = log.task(0, "wide", args=str(tasks))
        log.start(0, root)
        for i in range(tasks):
            name = f"part_{i % 40}"
            log.run(1 + i, 2 + i, 2 + i + took * (1 + i % 3), name, root, args=str(i))
        log.done(10 * tasks, root).close(10 * tasks + 1)
        return log.state()

    found = both(run(4_000, 20), run(4_000, 60))
    data = found.to_json()
    assert len(data["rows"]) == 40
    assert all(len(row["changes"]) <= 50 for row in data["rows"])
    assert len(data["lanes"]) == MOST
    assert data["lanes_more"] == 41 - MOST
    assert all(len(lane[side]) <= STRETCHES for lane in data["lanes"] for side in ("before", "after"))
    assert len(found._repr_mimebundle_()["text/html"]) < 70_000
    assert len(str(found).splitlines()) < 170


def test_work_and_waits_that_take_turns_are_drawn_to_their_end() -> None:
    def run(number: int) -> RunState:
        log = Log("steps", number)
        root = log.task(0, "steps")
        log.start(0, root)
        for i in range(150):
            at = 10.0 * i
            part = log.task(at + 1, "part", root, args=str(i))
            log.start(at + 1, part, "thread-2").block(at + 2, root, part)
            log.done(at + 9, part).unblock(at + 9, root, part)
        return log.done(1500, root).close(1501).state()

    lane = both(run(1), run(2)).to_json()["lanes"][0]
    for side in ("before", "after"):
        assert len(lane[side]) <= STRETCHES
        assert lane[side][-1][1] == 1.5, "the end is there"
        blocked = sum(end - begin for begin, end, look in lane[side] if look == "blocked")
        assert blocked > 1.2, "what it did most of the time"


def test_few_tasks_have_a_lane_each_and_begin_where_they_began() -> None:
    found = both(nightly({"a": 50, "b": 60}, run=1), nightly({"a": 80, "b": 60}, run=2))
    data = found.to_json()
    assert len(data["lanes"]) == 4 <= SINGLE
    lane = next(lane for lane in data["lanes"] if lane["args"] == "'a'")
    assert lane["before"] == [[0.001, 0.002, "queued"], [0.002, 0.052, "succeeded"]]
    assert lane["after"][-1] == [0.002, 0.082, "succeeded"]
    assert lane["kind"] == "slower"


def test_a_task_from_the_cache_says_from_which_run_and_runs_have_their_keys() -> None:
    data = both(nightly({"a": 50}, run=1), nightly({"a": 50}, run=2, cached="a")).to_json()
    (row,) = [row for row in data["rows"] if row["kind"] == "cached"]
    assert row["changes"][0]["said"] == "from run a3f9c1-1"
    assert (data["before"]["key"], data["after"]["key"]) == ("a3f9c1-1", "a3f9c1-2")
    assert row["changes"][0]["after"] == [2, "cached", None]


def test_tries_that_came_on_top_are_told() -> None:
    def run(tries: int) -> RunState:
        log = Log()
        task = log.task(0, "load")
        for i in range(1, tries):
            log.start(i * 10, task, attempt=i).add(r.AttemptFailed, i * 10 + 5, task, i, "OSError", "no", "")
            log.queue(i * 10 + 5, task)
        log.start(100, task, attempt=tries).done(150, task)
        return log.close(200).state()

    found = both(run(1), run(3))
    assert [change.kind for change in found] == ["retried"]
    assert "2 failed tries instead of 0" in str(found)
    assert list(both(run(3), run(1))) == []


def test_a_task_that_comes_again_has_not_failed() -> None:
    def run(times: int) -> RunState:
        log = Log()
        task = log.task(0, "poll")
        for i in range(1, times):
            log.start(i * 10, task, attempt=i).add(r.Recurred, i * 10 + 1, task, i).queue(i * 10 + 1, task)
        return log.start(100, task, attempt=times).done(110, task).close(200).state()

    assert list(both(run(1), run(4))) == []


def test_an_unknown_kind_names_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no kind of change 'fast'; there are failing, .*faster"):
        compared(Given(RunState()), Given(RunState())).of("fast")


def test_two_empty_runs_can_be_compared() -> None:
    found = compared(Given(RunState(name="a")), Given(RunState(name="b")))
    assert list(found) == []
    assert "All 0 tasks as before" in str(found)
    assert "<img" not in found._repr_mimebundle_()["text/html"]
