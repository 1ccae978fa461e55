"""W12: W1 with a live view of the run open, beside W1 without.

The notebook's own publisher serves a page that turns each message into JSON and throws it away.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import ipyflow as fl
from benchmarks import stage
from benchmarks.report import Plan, Row, compared
from benchmarks.timing import paired
from benchmarks.w01_submit import submit_all
from ipyflow.notebook.feed import Publisher, Viewer

TASKS, TICK, MOST_MESSAGES = 10_000, 0.1, 20
PHASES = 5
"""W1 takes less than a tick, so it is done at each fifth of one; the costs are of all together."""


def measure(plan: Plan) -> list[Row]:
    messages: list[float] = []
    pairs = paired(lambda: work(messages), reference, plan.pairs)
    return [
        compared("W12", f"submit {TASKS:,} tasks with a live view open, over without", pairs, 1.1),
        Row("W12", "messages a second to the page", max(messages), MOST_MESSAGES, "/s"),
    ]


def work(messages: list[float]) -> float:
    return statistics.mean(_once(phase, lambda: watched(fl.runs()[0], messages)) for phase in range(PHASES))


def reference() -> float:
    return statistics.mean(_once(phase, nullcontext) for phase in range(PHASES))


def _once(phase: int, view: Callable[[], AbstractContextManager[None]]) -> float:
    with stage.engine(), view():
        time.sleep(TICK * (phase + 0.5) / PHASES)
        return submit_all(TASKS)


@contextmanager
def watched(run: fl.Run, messages: list[float]) -> Iterator[None]:
    """A page watches ``run``; how many messages a second it got is added to ``messages``."""
    publisher, open_, sent = Publisher(), threading.Event(), 0

    def send(message: dict[str, Any]) -> None:
        nonlocal sent
        json.dumps(message)
        sent += 1
        open_.set()

    viewer = Viewer(send)
    viewer.asked()
    begin = time.perf_counter()
    publisher.watch(run, viewer)
    assert open_.wait(10)
    try:
        yield
    finally:
        messages.append(sent / (time.perf_counter() - begin))
        publisher.stop()
