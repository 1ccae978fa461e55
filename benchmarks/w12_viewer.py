"""W12: W1 with a live view of the run open, beside W1 without; the same at a pace that lasts.

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
PACE, SECONDS, PACED_PAIRS = 2_000, 3.0, 3
"""Tasks a second, for how long, and how often at most."""


def measure(plan: Plan) -> list[Row]:
    messages: list[float] = []
    pairs = paired(lambda: work(messages), reference, plan.pairs)
    return [
        compared("W12", f"submit {TASKS:,} tasks with a live view open, over without", pairs, 1.1),
        Row("W12", "messages a second to the page", max(messages), MOST_MESSAGES, "/s"),
        *_measure_paced(min(plan.pairs, PACED_PAIRS)),
    ]


def _measure_paced(count: int) -> list[Row]:
    messages: list[float] = []
    shares: list[float] = []

    def seen() -> float:
        cost, share = _paced(lambda: watched(fl.runs()[0], messages))
        shares.append(share)
        return cost

    pairs = paired(seen, lambda: _paced(nullcontext)[0], count)
    share, sent = statistics.median(shares), statistics.median(messages)
    return [
        compared(
            "W12", f"{PACE:,} tasks a second with a live view open, over without", pairs, 1.1, "the publisher aside"
        ),
        Row("W12", "the publisher meanwhile, of a core", 100 * share, None, " %", note=f"{sent:.0f} messages/s"),
    ]


def _paced(view: Callable[[], AbstractContextManager[None]]) -> tuple[float, float]:
    """Seconds of CPU for each task at a steady pace, without those of the publisher; and what that took of a core."""
    number, at_once = round(PACE * SECONDS), PACE // 100
    with stage.engine(), view():
        begin, cpu, publisher = time.perf_counter(), time.process_time(), _publisher()
        futures = []
        for i in range(0, number, at_once):
            futures += [stage.same.submit(k) for k in range(i, i + at_once)]
            time.sleep(max(0.0, begin + (i + at_once) / PACE - time.perf_counter()))
        fl.wait(futures)
        took, publisher = time.perf_counter() - begin, _publisher() - publisher
        return (time.process_time() - cpu - publisher) / number, publisher / took


def _publisher() -> float:
    """Seconds of CPU that the publisher's thread has taken; 0 where the system cannot say."""
    clock_of = getattr(time, "pthread_getcpuclockid", None)
    threads = [one.ident for one in threading.enumerate() if one.name == "ipyflow-publisher" and one.ident is not None]
    return sum(time.clock_gettime(clock_of(ident)) for ident in threads) if clock_of else 0.0


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
