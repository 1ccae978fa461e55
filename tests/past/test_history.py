"""`history()`: what is listed, in which words, what is deleted, and what is said of what cannot be."""

import datetime
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import HistoryUnavailable
from ipyflow.past.finding import exactly, found
from ipyflow.past.history import SHOWN, History
from ipyflow.past.times import instant
from ipyflow.views.history import history_html, history_text


@fl.flow
def order(n: int) -> int:
    return n


@fl.flow(name="load[1]")
def load(n: int) -> int:
    return n


@fl.task
def weigh(x: int) -> int:
    raise ValueError(f"{x} is 100% too_heavy")


@fl.flow
def ship(n: int) -> int:
    return weigh(n)


def names(**conditions: Any) -> list[str]:
    return [run.name for run in fl.history(**conditions)]


def some() -> None:
    order(1)
    load(2)
    with pytest.raises(ValueError, match="too_heavy"):
        ship(3)


def test_the_newest_stands_first_and_conditions_choose(database: Path) -> None:
    some()
    assert names() == ["ship", "load[1]", "order"]
    assert [run.name for run in fl.history("o*")] == ["order"]
    assert names(state="failed") == ["ship"]
    assert names(text="weigh") == names(text="100% too_") == ["ship"]
    assert names(text="%") == ["ship"]
    assert names(text="_ooo") == []
    assert names(since="1h") == names(until="today") == ["ship", "load[1]", "order"]
    assert names(since=datetime.timedelta(hours=-1)) == names(until="1h") == []
    assert names(limit=1) == ["ship"]
    assert [run.name for run in fl.history()[1:]] == ["load[1]", "order"]


def test_a_list_shows_itself(database: Path) -> None:
    some()
    listed = fl.history(limit=2)
    lines = repr(listed).splitlines()
    assert lines[0].split() == ["key", "name", "state", "began", "took", "tasks"]
    assert lines[1].split()[:4] == [listed[0].key, "ship", "✗", "failed"]
    assert lines[1].endswith("2 tasks: 2 failed")
    assert lines[-1] == "… and older ones"
    html = listed._repr_mimebundle_()["text/html"]
    assert html.count("<tr>") == 3
    assert "… and older ones" in html
    assert repr(fl.history("nothing")) == "no run in the history fits"
    with pytest.raises(LookupError, match="no run in the history goes by 3"):
        fl.history().open(3)  # type: ignore[arg-type]
    with pytest.raises(IndexError, match="no run in the history fits"):
        fl.history("nothing")[0]
    assert repr(fl.history(limit=None)).count("\n") == 3
    many = History(listed._store, list(listed) * 150, {})
    assert (len(many), len(repr(many).splitlines())) == (300, SHOWN + 2)


def test_runs_of_other_kernels_are_there_and_go_by_key_beginning_or_name(
    database: Path, elsewhere: Callable[[str], None]
) -> None:
    elsewhere("nightly(2)\nnightly(1)")
    order(1)
    first, second = fl.history("nightly")[::-1]
    assert (first.name, first.line.tasks, second.line.tasks) == ("nightly", 3, 2)
    kernel = first.key.partition("-")[0]
    assert fl.history().open(first.key).key == first.key
    assert fl.history().open("nightly").key == second.key
    with pytest.raises(LookupError, match=rf"several runs begin with {kernel[:4]}: .*give more of the key"):
        fl.history().open(kernel[:4])
    third = fl.history("order")[0]
    assert fl.history().open(third.key.partition("-")[0]).key == third.key
    with pytest.raises(LookupError, match="no run in the history goes by 'nobody'"):
        fl.history().open("nobody")


def test_a_name_is_no_pattern_where_one_run_is_meant(database: Path) -> None:
    load(1)
    run = found("load[1]")
    assert run is not None and run.name == "load[1]"  # noqa: PT018
    assert found("l*") is None
    assert [one.key for one in fl.history("load[1]")] == [run.key]
    assert exactly("a?[b]*") == "a[?][[]b][*]"


def test_what_is_named_or_meets_the_conditions_is_deleted(database: Path) -> None:
    some()
    with pytest.raises(ValueError, match="that would delete all there is: say which"):
        fl.history(limit=1).delete()
    with pytest.raises(LookupError):
        fl.history().delete("order", "nobody")
    assert len(fl.history()) == 3
    assert fl.history().delete("order", fl.history("ship")[0]) == 2
    assert names() == ["load[1]"]
    order(1)
    assert fl.history(until="0s", limit=1).delete() == 2
    assert names() == []


def test_what_goes_on_is_not_deleted(database: Path) -> None:
    gate = threading.Event()

    @fl.flow
    def stands() -> None:
        gate.wait(10)

    order(1)
    future = stands.submit()
    assert fl.history(until="0s").delete() == 1
    assert names(state="running") == ["stands"]
    gate.set()
    future.result()
    future.run.wait()
    assert names() == names(state="succeeded") == ["stands"]


def test_a_lost_run_is_no_running_one(elsewhere: Callable[[str], None]) -> None:
    elsewhere("dies(1)")
    assert names(state="running") == []
    assert names(state="lost", limit=1) == ["dies"]
    assert "† lost" in repr(fl.history(state="lost"))
    assert "of 8 tasks done" in repr(fl.history(state="lost"))
    assert fl.history("dies").delete() == 1


def test_disk_use_is_told_by_what_it_is_for(database: Path) -> None:
    some()
    disk = fl.history().disk
    assert disk["logs"] > 0
    assert disk["file"] >= database.stat().st_size


def test_where_nothing_is_kept_it_says_how_it_would_be() -> None:
    with fl.configure(database=None), pytest.raises(RuntimeError, match=r"configure\(database='default'\) keeps one"):
        fl.history()
    fl.shutdown()


def test_a_database_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "h.sqlite").write_text("no database at all, by no means, and long enough to look like something " * 40)
    with fl.configure(database=tmp_path / "h.sqlite"), pytest.raises(HistoryUnavailable, match=r"h\.sqlite"):
        fl.history()
    fl.shutdown()


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"state": "skipped"}, ValueError, "a state of tasks; of runs there are running, succeeded"),
        ({"state": "ended"}, ValueError, "of runs there are"),
        ({"since": "soon"}, ValueError, "'soon' is no instant: give one as in '2h'"),
        ({"since": 3}, TypeError, "3 is no instant"),
        ({"limit": 0}, ValueError, "give 1 or more, or None for all"),
        ({"limit": True}, TypeError, "give a whole number"),
        ({"name": 3}, TypeError, "give a text, or None for any"),
    ],
)
def test_what_cannot_be_is_said(database: Path, given: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        fl.history(**given)


NOW = datetime.datetime(2026, 11, 20, 12, 30)


@pytest.mark.parametrize(
    ("when", "end", "expected"),
    [
        ("2h", False, "2026-11-20 10:30"),
        ("90 min ago", False, "2026-11-20 11:00"),
        ("1.5d", False, "2026-11-19 00:30"),
        ("today", False, "2026-11-20 00:00"),
        ("yesterday", True, "2026-11-20 00:00"),
        ("2026-11-03", False, "2026-11-03 00:00"),
        ("2026-11-03", True, "2026-11-04 00:00"),
        ("2026-11-03 14:00", True, "2026-11-03 14:00"),
        (datetime.date(2026, 1, 2), False, "2026-01-02 00:00"),
        (datetime.datetime(2026, 1, 2, 3), True, "2026-01-02 03:00"),
        (datetime.timedelta(days=1), False, "2026-11-19 12:30"),
    ],
)
def test_an_instant_is_what_a_person_means(when: Any, end: bool, expected: str) -> None:
    at = datetime.datetime.fromtimestamp(instant(when, end, NOW))
    assert f"{at:%Y-%m-%d %H:%M}" == expected


def test_a_zone_counts_and_longer_ago_than_there_is_time_is_always() -> None:
    zoned = datetime.datetime(2026, 11, 20, tzinfo=datetime.timezone(datetime.timedelta(hours=5)))
    assert instant(zoned) == instant("2026-11-19T19:00+00:00")
    assert instant("99999999999w", now=NOW) <= 0


@dataclass
class Row:
    key: str = "a3f9c1-3"
    name: str = "<img src=x onerror=alert(1)>\x1b[31m"
    kind: str = "<cell>"
    state: str = "succeeded"
    lost: bool = False
    opened: float = NOW.timestamp()
    seconds: float = 75.0
    tasks: int = 3
    ended: int = 3
    failed: int = 0
    cached: int = 2
    resumes: str = "<b>"
    notebook: str = ""


def test_foreign_text_stays_text() -> None:
    html = history_html([Row()], NOW)
    assert "<img" not in html and "<cell>" not in html and "<b>" not in html  # noqa: PT018
    text = history_text([Row()], NOW)
    assert "\x1b" not in text
    assert text.endswith("✓ succeeded  today 12:30  1 min 15 s  3 tasks: 2 cached, resumes <b>")


def test_a_state_of_a_newer_version_and_other_years_are_shown() -> None:
    text = history_text([Row(state="dreaming", opened=datetime.datetime(2024, 2, 29, 7, 5).timestamp())], NOW)
    assert "dreaming" in text
    assert "29 Feb 2024 07:05" in text
    assert "dreaming" in history_html([Row(state="dreaming")], NOW)


def test_of_several_notebooks_each_row_says_its_own() -> None:
    rows = [Row(notebook="/home/ada/a <b>.ipynb"), Row(notebook="C:\\Users\\ada\\b.ipynb"), Row()]
    text = history_text(rows, NOW)
    assert text.splitlines()[0].endswith("  notebook")
    assert [line.split("  ")[-1] for line in text.splitlines()[1:3]] == ["a <b>.ipynb", "b.ipynb"]
    html = history_html(rows, NOW)
    assert "<td>a &lt;b&gt;.ipynb</td>" in html
    assert "ada" not in html
    assert "notebook" not in history_text(rows[:1] * 2, NOW) + history_html(rows[:1], NOW).partition("</style>")[2]
