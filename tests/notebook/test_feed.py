"""The publisher with a page that only listens."""

import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.notebook.feed import Publisher, Viewer


class Page:
    """Keeps what it was sent, and reads deltas as the front end does."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.times: list[float] = []
        self._inbox: queue.Queue[dict[str, Any]] = queue.Queue()
        self.viewer = Viewer(self._take)
        self.state = ""
        self.tasks: dict[int, str] = {}

    def _take(self, message: dict[str, Any]) -> None:
        self.times.append(time.monotonic())
        self.messages.append(message)
        self._inbox.put(message)

    def read(self, timeout: float = 10) -> dict[str, Any]:
        """The next message."""
        message = self._inbox.get(timeout=timeout)
        if message["type"] == "snapshot":
            self.tasks.clear()
        body = message.get("payload", message)
        for row in body.get("tasks", ()):
            self.tasks[row["id"]] = row["state"]
        self.state = body["run"]["state"] if "run" in body else self.state
        return message

    def read_until(self, state: str) -> None:
        """Read until the run is in a state."""
        while self.state != state:
            self.read()

    @property
    def numbers(self) -> list[int]:
        return [message["seq"] for message in self.messages if "seq" in message]


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    yield made
    made.stop()
    fl.shutdown(cancel=True)


def watch(publisher: Publisher, run: fl.Run) -> Page:
    page = Page()
    publisher.watch(run, page.viewer)
    page.viewer.asked()
    publisher.wake(run)
    return page


def settled(publisher: Publisher) -> None:
    """Wait until the publisher has done all that was posted before."""
    done = threading.Event()
    publisher.post(done.set)
    assert done.wait(5)


def test_a_page_is_told_from_snapshot_to_end_without_a_gap(publisher: Publisher) -> None:
    gates = [threading.Event() for _ in range(5)]

    @fl.task
    def step(n: int) -> int:
        gates[n].wait()
        return n

    @fl.flow
    def steps() -> int:
        return sum(step(n) for n in range(5))

    future = steps.submit()
    page = watch(publisher, future.run)
    assert page.read()["type"] == "snapshot"
    for gate in gates:
        gate.set()
        page.read()
    page.read_until("succeeded")
    assert future.result() == 10
    assert set(page.tasks.values()) == {"succeeded"}
    assert len(page.tasks) == 6
    assert page.numbers == list(range(1, len(page.numbers) + 1))


def test_nothing_is_sent_when_nothing_changes(publisher: Publisher) -> None:
    gate, started = threading.Event(), threading.Event()

    @fl.flow
    def still() -> None:
        started.set()
        gate.wait()

    run = still.submit().run
    page = watch(publisher, run)
    started.wait()
    while page.tasks.get(next(iter(page.tasks), 0)) != "running":
        page.read()
    with pytest.raises(queue.Empty):
        page.read(timeout=0.5)
    gate.set()
    page.read_until("succeeded")


@pytest.mark.parametrize(("tasks", "most"), [(50, 20), (400, 10)])
def test_messages_do_not_grow_with_the_number_of_tasks(publisher: Publisher, tasks: int, most: int) -> None:
    @fl.task
    def nap(n: int) -> None:
        time.sleep(0.005)

    @fl.flow
    def many() -> None:
        nap.map(range(tasks)).results()

    with fl.configure(threads=2):
        page = watch(publisher, many.submit().run)
        page.read_until("succeeded")
    lasted = page.times[-1] - page.times[0]
    # The first and the last message stand outside the rhythm.
    assert len(page.times) <= most * lasted + 3


def test_an_ended_run_is_sent_once_to_a_page_that_comes_later(publisher: Publisher) -> None:
    @fl.flow
    def quick() -> int:
        return 1

    future = quick.submit()
    future.run.wait()
    page = watch(publisher, future.run)
    page.read_until("succeeded")
    settled(publisher)
    sent = len(page.messages)
    page.viewer.asked()
    publisher.wake(future.run)
    assert page.read()["type"] == "snapshot"
    assert len(page.messages) == sent + 1


def test_a_retried_run_is_told_on(publisher: Publisher) -> None:
    broken = True

    @fl.flow
    def flaky() -> str:
        if broken:
            raise ValueError("not yet")
        return "well"

    future = flaky.submit()
    future.run.engine.on_reopen.append(publisher.wake)
    page = watch(publisher, future.run)
    page.read_until("failed")
    future.exception()
    broken = False
    future.retry()
    page.read_until("succeeded")


def test_a_page_is_told_that_a_run_is_paused_and_that_it_goes_on(publisher: Publisher) -> None:
    gate = threading.Event()

    @fl.flow
    def still() -> None:
        gate.wait()

    run = still.submit().run
    page = watch(publisher, run)
    assert page.read()["payload"]["run"]["paused"] is False
    for act, paused in ((run.pause, True), (run.resume, False)):
        act()
        # No record speaks of it: it is told for itself.
        message = page.read()
        while message["run"]["paused"] is not paused:
            message = page.read()
    gate.set()
    page.read_until("succeeded")


def test_a_page_that_says_nothing_gets_snapshots_now_and_then(publisher: Publisher) -> None:
    gate = threading.Event()

    @fl.flow
    def still() -> None:
        gate.wait()

    page = Page()
    publisher.watch(still.submit().run, page.viewer)
    while sum(message["type"] == "snapshot" for message in page.messages) < 3:
        page.read()
    gate.set()
    page.read_until("succeeded")


def test_a_large_runs_rows_are_answered(publisher: Publisher) -> None:
    @fl.task
    def f(n: int) -> int:
        return n

    @fl.flow
    def many() -> None:
        f.map(range(30)).results()

    future = many.submit()
    future.run.wait()
    page = Page()
    asked = {"type": "rows", "request": 4, "offset": 5, "limit": 10, "sort": ["id", False], "states": None, "text": "f"}
    publisher.answer_rows(future.run, page.viewer, asked)
    answer = page.read()
    assert (answer["type"], answer["total"], answer["request"], len(answer["tasks"])) == ("rows", 30, 4, 10)


def test_a_fast_run_is_not_slowed_by_looking_too_often(publisher: Publisher) -> None:
    @fl.task
    def f(n: int) -> int:
        return n

    @fl.flow
    def many() -> int:
        return sum(f.map(range(10_000)).results())

    future = many.submit()
    page = watch(publisher, future.run)
    page.read_until("succeeded")
    assert len(page.messages) < 40
