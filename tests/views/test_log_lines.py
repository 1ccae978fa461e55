from __future__ import annotations

from typing import Any

from ipyflow.model import records as r
from ipyflow.views.log_lines import LONGEST, MOST, log_lines, settled, shortened
from tests.views.build import Log


def run() -> Any:
    log = Log()
    first, second = log.task(0, "load_user"), log.task(0, "send_mail")
    said = [
        (1, first, "stdout", "loading 17\n"),
        (2, second, "stdout", "to ada@example.org\n"),
        (3, first, "stderr", "Slow Answer\n"),
        (4, second, "log", "sent\n"),
        (5, first, "warning", "UserWarning: old\n"),
    ]
    for at, task, stream, text in said:
        log.add(r.Output, at, task, stream, text)
    return log.state()


def texts(**asked: Any) -> list[str]:
    return [line[4] for line in log_lines(run(), **asked)["lines"]]


def test_lines_come_in_order_with_the_task_that_wrote_them() -> None:
    answer = log_lines(run())
    assert answer["total"] == 5
    assert answer["lines"][0] == [0.001, 1, "load_user#1", "stdout", "loading 17"]
    assert [line[0] for line in answer["lines"]] == [0.001, 0.002, 0.003, 0.004, 0.005]


def test_a_task_a_stream_and_words_each_leave_some_out() -> None:
    assert texts(task=2) == ["to ada@example.org", "sent"]
    assert texts(streams=["stderr", "warning"]) == ["Slow Answer", "UserWarning: old"]
    assert texts(streams=[]) == []
    assert texts(text="answer SLOW") == ["Slow Answer"]
    assert texts(text="send_mail sent") == ["sent"]
    assert texts(text="nobody") == []


def test_pages_from_the_front_and_from_the_end() -> None:
    assert texts(offset=1, limit=2) == ["to ada@example.org", "Slow Answer"]
    assert texts(tail=True, limit=2) == ["sent", "UserWarning: old"]
    assert texts(tail=True, offset=2, limit=2) == ["to ada@example.org", "Slow Answer"]
    assert log_lines(run(), tail=True, limit=2)["offset"] == 3
    assert log_lines(run(), tail=True, offset=4, limit=2)["offset"] == 0
    assert (texts(tail=True, offset=4, limit=2), texts(tail=True, offset=9)) == (["loading 17"], [])
    assert log_lines(run(), limit=10**9, offset=-5)["offset"] == 0
    assert (texts(offset=99), texts(limit=-1)) == ([], [])


def test_in_a_replay_only_what_was_written_by_then() -> None:
    answer = log_lines(run(), until=0.003)
    assert (answer["total"], answer["lines"][-1][4]) == (3, "Slow Answer")
    assert texts(until=0.003, tail=True, limit=1) == ["Slow Answer"]


def test_an_answer_is_never_larger_than_it_may_be() -> None:
    log = Log()
    task = log.task(0, "loud")
    for i in range(MOST + 10):
        log.add(r.Output, 1 + i, task, "stdout", "x" * (LONGEST * 3 if i == 0 else 1) + "\n")
    answer = log_lines(log.state(), limit=10**6)
    assert (answer["total"], len(answer["lines"])) == (MOST + 10, MOST)
    assert LONGEST < len(answer["lines"][0][4]) < LONGEST + 60
    assert "8,000 characters left out" in answer["lines"][0][4]


def test_what_was_written_over_is_gone_and_broken_text_can_be_sent() -> None:
    assert settled("a\r\nb\r\n") == "a\nb"
    assert settled("one\n\n") == "one\n"
    assert shortened("abc", 3) == "abc"
    log = Log()
    task = log.task(0, "odd\ud800")
    log.add(r.Output, 1, task, "stdout", "half \udc80\n")
    assert log_lines(log.state())["lines"][0][2:] == ["odd\ufffd#1", "stdout", "half \ufffd"]


def test_of_a_task_that_the_log_has_dropped_the_number_stays() -> None:
    state = run()
    del state.tasks[1]
    assert log_lines(state)["lines"][0][2] == "#1"
