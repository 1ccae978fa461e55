from __future__ import annotations

import json
from typing import Any

import pytest

from ipyflow.model import records as r
from ipyflow.views.kept import kept
from ipyflow.views.saved import KEPT_LEAST, SAVED_SIZE, expand, saved_payload
from tests.views.build import Log, trace
from tests.views.golden import fan_out, load


def size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":")))


def loud(failing: int, lines: int, well: int = 0, deep: int = 20) -> Log:
    """Tasks that fail with long tracebacks, tasks that print a lot."""
    log = Log()
    for i in range(failing):
        task = log.task(i, f"bad_{i}")
        long = trace("ValueError", f"no {i}").replace(
            '  File "', '  File "lib.py", line 1, in f\n' * deep + '  File "', 1
        )
        log.start(i, task).fail(i + 0.5, task, "ValueError", f"no {i}", long)
    for i in range(well):
        log.run(2 * i, 2 * i, 2 * i + 1, "well", args=f"{i}")
    talker = log.task(0, "talker")
    log.start(0, talker)
    for i in range(lines):
        log.add(r.Output, 1 + i, talker, "stdout", f"line {i} of the run, with a few words in it\n")
    log.done(lines + 1, talker).close(max(lines + 1, 2 * well, failing) + 1)
    return log


def test_a_saved_file_has_the_tracebacks_and_the_last_lines() -> None:
    made = saved_payload(loud(2, 5).state())
    assert sorted(made["kept"]["tracebacks"]) == ["1", "2"]
    assert made["kept"]["tracebacks"]["2"].endswith("ValueError: no 1\n")
    assert [line[4] for line in made["kept"]["log"]] == [
        f"line {i} of the run, with a few words in it" for i in range(5)
    ]
    assert made["kept"]["log"][0][:4] == [0.001, 3, "talker#3", "stdout"]
    assert made["kept"]["lines"] == 5
    assert expand(made)["kept"] == made["kept"]
    assert expand(expand(made)) == expand(made)


def test_where_nothing_failed_and_nothing_was_said_a_page_need_not_ask() -> None:
    assert saved_payload(load("sequential"))["kept"] == {"tracebacks": {}, "log": [], "lines": 0}


def test_of_a_long_log_the_end_is_there_and_how_many_lines_there_were() -> None:
    made = saved_payload(loud(0, 5000).state())
    assert made["kept"]["lines"] == 5000
    assert made["kept"]["log"][-1][4].startswith("line 4999 ")
    assert 6000 < size(made["kept"]["log"]) <= 8000


def test_a_failure_that_others_only_passed_on_comes_behind_its_origin() -> None:
    state = load("failure")
    whole = kept(state, 20_000, list(state.tasks))
    ids = list(whole["tracebacks"])
    first = state.tasks[int(ids[0])]
    assert sorted(ids, key=int) != ids
    assert first.ended == min(task.ended or 0 for task in state.tasks.values() if task.state == "failed")
    few = kept(state, 250, list(state.tasks))
    assert list(few["tracebacks"]) == ids[:1]


@pytest.mark.parametrize(("failing", "lines", "well"), [(60, 3000, 0), (150, 3000, 40), (30, 1000, 3000), (3000, 9, 0)])
def test_it_stays_under_its_size_and_keeps_some_of_both(failing: int, lines: int, well: int) -> None:
    made = saved_payload(loud(failing, lines, well).state())
    assert size(made) < SAVED_SIZE
    assert made["kept"]["tracebacks"]
    assert set(made["kept"]["tracebacks"]) <= {str(task["id"]) for task in made["tasks"]}
    assert size(made["kept"]) > KEPT_LEAST * 0.8


def test_one_traceback_that_is_too_long_is_cut_in_the_middle() -> None:
    made = saved_payload(loud(1, 0, deep=5000).state())
    text = made["kept"]["tracebacks"]["1"]
    assert len(text) < 4100
    assert "characters left out" in text
    assert text.endswith("ValueError: no 0\n")


def test_the_critical_path_names_only_rows_that_are_there() -> None:
    made = saved_payload(fan_out(400).state())
    assert made["run"]["critical"]
    assert set(made["run"]["critical"]) <= {task["id"] for task in made["tasks"]}
    assert {node["name"]: node.get("critical") for node in made["graph"]["nodes"]} == {
        "score": 1,
        "summarise": 1,
        "score_all": None,
    }


def test_text_that_no_encoder_takes_can_be_saved() -> None:
    log = Log()
    task = log.task(0, "odd\ud800")
    log.start(0, task).add(r.Output, 1, task, "stdout", "half \udc80\n")
    log.fail(2, task, "ValueError", "\ud800", "Traceback (most recent call last):\n\ud800").close(3)
    json.dumps(saved_payload(log.state()), ensure_ascii=False).encode("utf-8")
