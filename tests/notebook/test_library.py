"""What pages ask of the history, and how they watch a run of the past: against a real store, without a browser."""

import contextlib
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.notebook import library
from ipyflow.notebook.feed import Publisher
from ipyflow.notebook.richer import Richer
from ipyflow.notebook.subscription import Desk, Subscription

PATIENCE = 20


@fl.task
def double(x: int) -> int:
    return 2 * x


@fl.flow
def nightly(days: int) -> int:
    return sum(future.result() for future in double.map(range(days)))


@fl.flow
def weekly() -> None:
    double.submit(None).result()  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def kept(tmp_path: Path) -> Iterator[None]:
    fl.shutdown(cancel=True)
    with fl.configure(database=tmp_path / "history.sqlite"):
        yield
        fl.shutdown(cancel=True)


def ask(what: str, **query: Any) -> dict[str, Any]:
    return library.answer(what, query, contextlib.nullcontext)


def run_some() -> None:
    nightly(2)
    with contextlib.suppress(TypeError):
        weekly()
    nightly(3)


def test_runs_are_listed_page_by_page_and_by_what_is_searched() -> None:
    run_some()
    whole = ask("history", text="", state=None, offset=0, limit=50)
    assert [(run["name"], run["state"], run["total"]) for run in whole["runs"]] == [
        ("nightly", "succeeded", 4),
        ("weekly", "failed", 2),
        ("nightly", "succeeded", 3),
    ]
    assert (whole["offset"], whole["more"]) == (0, False)
    assert [run["resumable"] for run in whole["runs"]] == [False, True, False]
    page = ask("history", text="night", state=None, offset=1, limit=1)
    assert [run["total"] for run in page["runs"]] == [3]
    assert page["more"] is False
    assert ask("history", text="", state=None, offset=0, limit=2)["more"] is True
    assert [run["name"] for run in ask("history", text="", state="failed")["runs"]] == ["weekly"]
    assert sum(ask("disk")["disk"].values()) > 0


def test_two_stand_beside_each_other_and_one_is_deleted() -> None:
    run_some()
    after, other, before = [run["key"] for run in ask("history")["runs"]]
    # A run of this kernel's list is taken as it is here, one of before its life from the store.
    assert ask("compare", before=before, after=after) == ask("compare", before=after, after=None)
    assert ask("delete", keys=[other, "000000-9"]) == {"deleted": 1}
    assert [run["key"] for run in ask("history")["runs"]] == [after, before]


def test_what_went_on_says_with_which_it_did() -> None:
    run_some()
    [failed] = ask("history", state="failed")["runs"]
    fl.shutdown()  # of the past from now on
    resumed = ask("resume", key=failed["key"])
    [run] = [run for run in fl.runs() if run.id == resumed["run"]]
    assert (run.resumes, resumed["name"]) == (failed["key"], "weekly")
    with pytest.raises(TypeError):
        run.result()
    old = next(run for run in ask("history")["runs"] if run["key"] == failed["key"])
    assert (old["resumed"], old["resumable"]) == (run.key, False)


def test_it_is_said_in_words_where_there_is_nothing() -> None:
    with pytest.raises(LookupError, match="the history has no run 000000-1"):
        library.opened("000000-1")
    with pytest.raises(ValueError, match="no question 'weather'"):
        ask("weather")
    with fl.configure(database=None), pytest.raises(RuntimeError, match="no history is kept here"):
        ask("history")


class Watcher:
    """A page that watches a run."""

    def __init__(self, run: Any) -> None:
        self.heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.publisher = Publisher()
        self.over: list[Any] = []
        desk = Desk(
            self.publisher, Richer(None), lambda run: {}, contextlib.nullcontext, lambda *runs: self.over.append(runs)
        )
        self.subscription = Subscription(run, desk, self.heard.put)
        self.subscription.viewer.asked()

    def until(self, kind: str) -> dict[str, Any]:
        while True:
            message = self.heard.get(timeout=PATIENCE)
            if message["type"] == kind:
                return message


def test_a_run_of_the_past_is_watched_and_not_steered() -> None:
    run_some()
    key = ask("history", state="failed")["runs"][0]["key"]
    fl.shutdown()
    run = library.opened(key)
    assert library.opened(key) is run
    page = Watcher(run)
    header = page.until("snapshot")["payload"]["run"]
    assert (header["key"], header["past"], header["resumable"], header["again"]) == (key, True, True, False)
    assert header["id"] < 0
    page.subscription.received({"type": "detail", "task": max(run.snapshot().tasks)})
    assert "TypeError" in page.until("detail")["detail"]["traceback"]
    page.subscription.received({"type": "ask", "request": 1, "what": "log", "query": {}})
    assert page.until("answer")["error"] is None
    for wish in ("cancel", "retry", "pause", "rerun"):
        page.subscription.received({"type": wish, "task": None})
        assert "is a run of the past" in page.until("said")["text"]
    page.subscription.received({"type": "resume", "task": None})
    assert "goes on" in page.until("said")["text"]
    [(before, after)] = page.over
    assert (before, after.resumes) == (run, key)
    with pytest.raises(TypeError):
        after.result()
    page.publisher.stop()


def test_a_value_that_was_kept_is_made_anew_while_somebody_holds_its_future() -> None:
    @fl.task(cache=True)
    def square(n: int) -> int:
        return n * n

    square(3)
    future = square.submit(3)
    assert (future.result(), str(future.state)) == (9, "cached")
    page = Watcher(future.run)
    wish = {"type": "detail", "task": future.id}
    page.subscription.received(wish)
    assert page.until("detail")["detail"]["again"] is True
    page.subscription.received({"type": "retry", "task": future.id})
    assert page.until("said")["text"] == f"{future.label} runs again"
    assert (future.result(), str(future.state)) == (9, "succeeded")
    page.subscription.received(wish)
    assert page.until("detail")["detail"]["again"] is False
    page.publisher.stop()
