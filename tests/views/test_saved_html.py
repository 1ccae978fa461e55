"""What the saved HTML says besides its pictures: the critical path, the last lines of output."""

from __future__ import annotations

import re

import pytest

from ipyflow.model import records as r
from ipyflow.views.html import SIZE, static_html
from ipyflow.views.log_html import last_lines
from ipyflow.views.path_svg import path_of
from ipyflow.views.path_words import path_words
from ipyflow.views.timeline_svg import timeline_svg
from tests.views.build import Log
from tests.views.golden import GOLDEN, fan_out, load
from tests.views.test_saved_kept import loud


def test_the_path_is_told_in_its_order_with_what_each_took() -> None:
    assert path_words(load("sequential")) == "load_user#2 102 ms → load_product#3 79 ms → create_order#4 52 ms"
    assert "Critical path: load_user#2 102 ms → create_order#4 52 ms<" in static_html(load("parallel"))


def test_a_long_wait_for_workers_is_said_and_a_long_path_is_cut() -> None:
    words = path_words(load("fan_out"))
    assert words.startswith("score#51 24 ms → summarise#52 14 ms; 157 ms of waiting for workers")
    log = Log()
    ids: list[int] = []
    for i in range(30):
        task = log.task(10 * i, "link", refs=ids[-1:])
        log.wait(10 * i, task, on=ids[-1:]).queue(10 * i, task)
        log.start(10 * i, task).done(10 * i + (10 if i % 7 == 6 else 9.99), task)
        ids.append(task)
    words = path_words(log.close(300).state())
    assert words.startswith("30 tasks in 300 ms, the longest of them link#1 10 ms → link#7 ")
    assert words.count("→") == 4


def test_of_a_run_that_goes_on_or_of_one_task_there_is_no_path() -> None:
    log = Log()
    log.run(0, 1, 9, "alone")
    for state in (load("running"), load("plan"), log.close(10).state()):
        assert (path_words(state), path_of(state)) == ("", {})
        assert "ritical path" not in static_html(state)
        assert "critical path" not in timeline_svg(state)


@pytest.mark.parametrize("name", ["parallel", "nested", "pipeline"])
def test_the_picture_has_a_line_around_each_stretch_that_can_be_seen(name: str) -> None:
    state = load(name)
    drawn = timeline_svg(state)
    lines = re.findall(r'<rect x="([^"]+)" y="[^"]+" width="([^"]+)" height="16" rx="3" fill="none"', drawn)
    length = (state.closed or 0) - state.opened
    wide = [s for found in path_of(state).values() for s in found if s.end - s.begin > 0.01 * length]
    assert len(wide) <= len(lines) <= sum(len(found) for found in path_of(state).values())
    assert drawn.count("critical path") == 1


def test_the_last_lines_say_who_wrote_them_and_where() -> None:
    log = Log()
    task = log.task(0, "load_user")
    for at, stream, text in ((1, "stdout", "one\n"), (2, "stderr", "two <b>\x1b[31m!\n"), (3, "stdout", "a\nb\n")):
        log.add(r.Output, at, task, stream, text)
    made = last_lines(log.state(), 40, 4000)
    assert "Output <small>(4 lines)" in made
    assert "<pre>load_user#1: one\nload_user#1 stderr: two &lt;b&gt;!\nload_user#1: a\nload_user#1: b</pre>" in made
    few = last_lines(log.state(), 2, 4000)
    assert "the last 2 of 4 lines" in few
    assert "<pre>load_user#1: a\nload_user#1: b</pre>" in few
    assert last_lines(log.state(), 40, 5) == ""


def test_of_much_output_and_many_failures_the_end_is_there_and_it_stays_small() -> None:
    for state in (loud(150, 3000, 40).state(), loud(3, 5000).state()):
        made = static_html(state)
        assert len(made) < SIZE
        last = state.output[-1][3].strip()
        assert last in made
        assert f"of {len(state.output):,} lines" in made


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_nothing_that_a_task_wrote_is_markup(name: str) -> None:
    log = GOLDEN[name]()
    state = log.state()
    for id_ in list(state.tasks)[:3]:
        state.output.append((state.opened, id_, "stdout", "<script>alert(1)</script></pre></details>\u202e\n"))
    made = static_html(state)
    assert "<script" not in made
    assert "\u202e" not in made
    assert made.count("<details") == made.count("</details>")
    assert made.count("<pre>") == made.count("</pre>")


def test_a_large_run_has_its_path_in_words_too() -> None:
    assert "Critical path: score#" in static_html(fan_out(3000).state())
