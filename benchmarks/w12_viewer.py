"""W12: W1 with a live view of the run open, beside W1 without.

The view does what the notebook's publisher does: ten times a second it folds what is new, makes the message for
the page and writes it as JSON.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import ipyflow as fl
from benchmarks import stage
from benchmarks.report import Plan, Row, compared
from benchmarks.timing import paired
from benchmarks.w01_submit import submit_all
from ipyflow.views.live import LiveView

TASKS, TICK, MOST_MESSAGES = 10_000, 0.1, 20


def measure(plan: Plan) -> list[Row]:
    messages: list[float] = []
    pairs = paired(lambda: work(messages), reference, plan.pairs + 2)
    return [
        compared("W12", f"submit {TASKS:,} tasks with a live view open, over without", pairs, 1.1),
        Row("W12", "messages a second to the page", max(messages), MOST_MESSAGES, "/s"),
    ]


def work(messages: list[float]) -> float:
    with stage.engine(), watched(fl.runs()[0], messages):
        return submit_all(TASKS)


def reference() -> float:
    with stage.engine():
        return submit_all(TASKS)


@contextmanager
def watched(run: fl.Run, messages: list[float]) -> Iterator[None]:
    """A page watches ``run``; the messages it got in a second are added to ``messages``."""
    view, over, sent = LiveView(), threading.Event(), 0
    json.dumps(view.snapshot(run.snapshot(), 1))

    def publish() -> None:
        nonlocal sent
        while not over.wait(TICK):
            state = run.snapshot()
            changed, state.changed = state.changed, set()
            json.dumps(view.message(state, changed, sent + 2, run.engine.now()))
            sent += 1

    thread = threading.Thread(target=publish)
    begin = time.perf_counter()
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        messages.append(sent / (time.perf_counter() - begin))
