"""Who ran what: the rows of workers, lost workers, and several runs on one scale."""

from __future__ import annotations

import re

import pytest

import ipyflow as fl
from ipyflow.model import records as r
from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.testing import engine
from ipyflow.views.html import SIZE, static_html
from ipyflow.views.payload import payload
from ipyflow.views.presenter import StaticPresenter
from ipyflow.views.rows import rows
from ipyflow.views.svg import num
from ipyflow.views.timeline_svg import timeline_svg
from ipyflow.views.timelines_svg import timelines_svg
from ipyflow.views.words import instant
from ipyflow.views.workers import WorkerRow, place, worker_rows
from tests.views.build import Log
from tests.views.golden import GOLDEN, load
from tests.views.test_pictures import parsed, words


def worker_names(state: RunState) -> list[str]:
    return [row.worker for row in worker_rows(state, instant(state))]


def named(name: str) -> WorkerRow:
    state = load("workers")
    return next(row for row in worker_rows(state, instant(state)) if row.worker.endswith(name))


def at_once(*times: tuple[float, float], executor: str = "dask") -> WorkerRow:
    log = Log()
    for begin, end in times:
        log.run(begin, begin, end, "work", worker="w", executor=executor)
    state = log.state()
    (row,) = worker_rows(state, instant(state))
    return row


def test_workers_stand_in_the_order_of_their_names_hosts_first() -> None:
    assert worker_names(load("workers")) == [
        "10.0.0.7 worker-0", "10.0.0.8 worker-1", "process-1", "process-2", "process-10", "thread-1",
    ]  # fmt: skip


def test_workers_are_called_by_their_names_and_hosts() -> None:
    assert place("10.0.0.7 worker-3") == ("worker-3", "10.0.0.7")
    assert [place(name) for name in ("process-2", "Thread-1 (work)", "", "odd ")] == [
        ("process-2", ""), ("Thread-1 (work)", ""), ("", ""), ("odd ", ""),
    ]  # fmt: skip


def test_what_is_tried_again_is_at_both_workers() -> None:
    log = Log()
    task = log.task(0, "work", executor="processes")
    log.start(1, task, "process-1").add(r.AttemptFailed, 20, task, 1, "WorkerLost", "work#1: …", "")
    log.queue(20, task).start(30, task, "process-2", 2).done(50, task)
    first, second = worker_rows(log.state(), 1000.05)
    assert [(s.look, s.failed, s.lost) for s in first.stretches] == [(State.FAILED, "WorkerLost", True)]
    assert [(s.look, s.failed, s.lost) for s in second.stretches] == [(State.SUCCEEDED, "", False)]


def test_a_worker_has_a_line_for_each_task_that_it_runs_at_once() -> None:
    assert named("process-1").lines == 1
    assert named("worker-0").lines == 2
    assert at_once((0, 10), (4, 15), (7, 20), (16, 30)).lines == 3


def test_what_begins_a_little_before_the_end_of_another_shares_its_line() -> None:
    assert at_once((0, 100), (98, 200)).lines == 1
    assert at_once((0, 100), (90, 200)).lines == 2
    assert at_once((0, 10), (0.1, 500), (300, 1000)).lines == 2
    assert at_once(*((i / 10, 1 + i / 10) for i in range(3))).lines == 3  # of short ones it is a part of them


def test_a_process_has_one_line_whatever_is_heard_first() -> None:
    assert at_once((0, 100), (60, 200), executor="processes").lines == 1


def test_there_are_no_more_than_six_lines() -> None:
    assert at_once(*((i, 100 + i) for i in range(40))).lines == 6


def test_what_runs_while_a_body_waits_is_drawn_over_it() -> None:
    log = Log()
    parent = log.task(0, "parent")
    log.start(1, parent, "thread-1").block(2, parent)
    child = log.run(2, 3, 20, "child", parent, worker="thread-1")
    log.unblock(21, parent, child).done(25, parent)
    (row,) = worker_rows(log.state(), 1000.025)
    assert row.lines == 1
    assert [(s.task.name, s.look) for s in row.stretches] == [
        ("parent", State.BLOCKED), ("parent", State.SUCCEEDED), ("child", State.SUCCEEDED), ("parent", State.SUCCEEDED),
    ]  # fmt: skip


def test_a_lost_worker_is_marked_and_one_that_was_only_told_of_it_is_not() -> None:
    lost = {place(row.worker)[0]: sum(s.lost for s in row.stretches) for row in worker_rows(load("workers"), 1000.522)}
    assert lost == {"worker-0": 0, "worker-1": 1, "process-1": 0, "process-2": 1, "process-10": 0, "thread-1": 0}
    said = words(timeline_svg(load("workers"), by="worker"))
    assert said.count("✗ WorkerLost") == 2
    assert {"process-10", "worker-0", "10.0.0.7", "3 tasks", "1 task"} <= set(said)


def test_a_failed_attempt_says_with_what_on_its_bar() -> None:
    assert words(timeline_svg(load("retries"))).count("✗ ConnectionError") == 2
    assert "✗ WorkerLost" in words(timeline_svg(load("workers")))
    titles = [
        t.text or "" for t in parsed(timeline_svg(load("workers"), inline=True)).iter() if t.tag.endswith("title")
    ]
    assert any("2 tries, after WorkerLost" in title for title in titles)


@pytest.mark.parametrize("name", GOLDEN)
def test_every_run_can_be_drawn_by_its_workers(name: str) -> None:
    for inline in (True, False):
        svg = timeline_svg(load(name), by="worker", inline=inline)
        parsed(svg)
        assert "<script" not in svg
        used, defined = set(re.findall(r"url\(#([^)]+)\)", svg)), set(re.findall(r' id="([^"]+)"', svg))
        assert used <= defined


def test_other_rows_are_refused() -> None:
    with pytest.raises(ValueError, match='by="task" and by="worker"'):
        timeline_svg(load("parallel"), by="host")


def test_a_picture_of_many_tasks_stays_small() -> None:
    log = Log()
    for i in range(20_000):
        begin = i // 8 * 3.0
        log.run(begin, begin, begin + 2.9, "work", worker=f"process-{i % 8}", executor="processes")
    state = log.state()
    assert len(timeline_svg(state, by="worker")) < 150_000
    assert len(static_html(state)) < SIZE


def test_of_many_workers_some_are_counted() -> None:
    log = Log()
    for i in range(50):
        log.run(0, 1, 9, "work", worker=f"10.0.0.{i} worker-{i}", executor="dask")
    assert "… and 20 more workers" in words(timeline_svg(log.state(), by="worker"))


def test_several_runs_are_drawn_on_one_scale() -> None:
    svg = timelines_svg([load("parallel"), load("sequential")])
    said = words(svg)
    assert [word for word in said if word.startswith("+")].count("+156 ms") == 1
    assert "+237 ms" in said
    ends = [float(x) for x in re.findall(r'<text x="([\d.]+)" y="19" text-anchor="end"', svg)]
    left = float(re.findall(r"M([\d.]+) 26.5H", svg)[0])
    assert (ends[0] - left) / (ends[1] - left) == pytest.approx(156 / 237, rel=0.01)
    marks = re.findall(r'<text x="([\d.]+)" y="19" text-anchor="middle"[^>]*>([^<]*)', svg)
    where: dict[str, set[str]] = {}
    for x, word in marks:
        where.setdefault(word, set()).add(num(float(x)))
    assert all(len(places) == 1 for places in where.values()), "the same time stands at one place in all"


class Handle:
    """What a presenter needs of a run."""

    def __init__(self, name: str) -> None:
        self.state, self.held = load(name), 0

    def now(self) -> float:
        return 1000.0

    def reading(self) -> Handle:
        return self

    def __enter__(self) -> RunState:
        assert not self.held, "the lock of a run cannot be taken twice"
        self.held += 1
        return self.state

    def __exit__(self, *_: object) -> None:
        self.held -= 1


def test_a_run_may_stand_beside_itself() -> None:
    run, other = Handle("parallel"), Handle("workers")
    picture = StaticPresenter().picture(run, "timeline", [other, run], by="worker")
    said = words(picture.forms["image/svg+xml"])
    assert [word for word in said if word in ("process_order", "render")] == [
        "process_order",
        "render",
        "process_order",
    ]
    assert str(picture).count("process_order  ") == 2
    assert not run.held


def test_runs_are_asked_for_it_with_runs_or_futures_beside_them() -> None:
    @fl.flow
    def slow() -> int:
        return 1

    @fl.flow
    def fast() -> int:
        return 2

    with engine():
        first, second = slow.submit(), fast.submit()
        fl.wait([first, second])
        for beside in (second, second.run):
            picture = first.run.timeline(beside, by="worker")
            said = words(picture._repr_mimebundle_()["image/svg+xml"])
            assert next(word for word in said if word in ("slow", "fast")) == "slow"
            assert "thread-1" in said
        assert "slow" in words(first.run.timeline()._repr_mimebundle_()["image/svg+xml"])
        with pytest.raises(ValueError, match="no rows by 'host'"):
            first.run.timeline(by="host")


def test_the_saved_html_has_the_workers_where_they_are_elsewhere() -> None:
    html = static_html(load("workers"))
    assert "<summary>6 workers</summary>" in html
    assert "process\u201110\u00a0<small>processes</small>" in html
    assert "worker\u20110\u00a0<small>dask\u00a0·\u00a010.0.0.7</small>" in html
    assert "workers</summary>" not in static_html(load("parallel"))


def test_the_table_is_searched_by_executor() -> None:
    found = rows(load("workers"), text="dask")["tasks"]
    assert {row["executor"] for row in found} == {"dask"}
    assert rows(load("parallel"), text="threads")["total"] == 0  # it stands in no row


def test_the_page_is_told_what_a_try_failed_with() -> None:
    again = next(row for row in payload(load("workers"))["tasks"] if row["attempts"] == 2)
    assert [note for _, state, note in again["spans"] if state == "waiting"] == ["retry after WorkerLost"]
