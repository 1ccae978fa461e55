"""What views of a large run cost: ``python -m benchmarks.views [tasks]``; times of this machine, the best of three.

The run is made up: tasks of three names on sixteen workers, all submitted at once, one of a thousand fails, each has
written a line.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from ipyflow.engine.log import CHUNK, Log
from ipyflow.model import records as r
from ipyflow.model.collector import collector_at_rest
from ipyflow.model.run import RunState, fold
from ipyflow.views.critical import critical_path
from ipyflow.views.html import static_html
from ipyflow.views.live import LiveView
from ipyflow.views.log_lines import log_lines
from ipyflow.views.replay import replayed
from ipyflow.views.rows import COLUMNS, rows
from ipyflow.views.saved import saved_payload
from ipyflow.views.window import window

TASKS, WORKERS, NAMES = 100_000, 16, 3
T = TypeVar("T")


def made_up(tasks: int) -> Log:
    """The log of a run."""
    chance = random.Random(1)
    free = [1000.001] * WORKERS
    records: list[r.Record] = []
    for i in range(2, tasks + 2):
        submitted, worker = 1000 + i * 2e-6, i % WORKERS
        begin = max(free[worker], submitted)
        end = begin + chance.random() * 0.004
        free[worker] = end + 1e-5
        name = f"work_{i % NAMES}"
        records.append(r.Submitted(submitted, i, 1, name, "__main__", "threads", f"{i}", (), None, None, None))
        records.append(r.Started(begin, i, f"thread-{worker}", 1))
        records.append(r.Output(begin, i, "stdout", f"line {i} of what was written\n"))
        bad = i % 1000 == 0
        records.append(
            r.Finished(end, i, "failed", "ValueError", "bad", "Traceback")
            if bad
            else r.Finished(end, i, "succeeded", "int", str(i), None)
        )
    records.sort(key=lambda record: record.time)
    log, end = Log(), max(free) + 0.001
    log.append(r.Opened(1000.0, 1, "large", "flow", 1.7e9))
    log.append(r.Submitted(1000.0, 1, 0, "large", "__main__", "threads", "", (), None, None, None))
    log.append(r.Started(1000.0, 1, "thread-0", 1))
    for record in records:
        log.append(record)
    log.append(r.Finished(end, 1, "succeeded", "NoneType", "None", None))
    log.append(r.Closed(end, "succeeded"))
    while log.seal(CHUNK):
        pass
    return log


def timed(what: str, body: Callable[[], T]) -> T:
    """Do it three times and print the best."""
    best = float("inf")
    for _ in range(3):
        begin = time.perf_counter()
        value = body()
        best = min(best, time.perf_counter() - begin)
    print(f"{what:44} {1000 * best:8.1f} ms")
    return value


def folded(log: Log) -> RunState:
    """Read a log as a run does when a page comes."""
    with collector_at_rest(len(log)):
        return fold(log.read()[1])


def main() -> None:
    """Print the table."""
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else TASKS
    log = made_up(tasks)
    print(f"{tasks:,} tasks, {len(log):,} records")
    state = timed("read the log and fold it", lambda: folded(log))
    length = (state.closed or 0.0) - state.opened
    message = timed("the first message to a page", lambda: LiveView().snapshot(state, 1))
    timed("the same as JSON", lambda: json.dumps(message))
    for column in COLUMNS:
        timed(f"rows by {column}", lambda column=column: rows(state, sort=(column, False)))  # type: ignore[misc]
    timed("rows with two words", lambda: rows(state, text="work_1 99"))
    timed("the last lines of the log", lambda: log_lines(state, tail=True))
    timed("those with two words", lambda: log_lines(state, tail=True, text="line 99"))
    timed("a window over the whole run", lambda: window(state, 0, length))
    timed("over a hundredth of it", lambda: window(state, 0.5 * length, 0.51 * length))
    timed("critical path", lambda: critical_path(state))
    records = log.read()[1]
    timed("the run as it was halfway", lambda: replayed(records, length / 2))
    timed("the run as it was at the end", lambda: replayed(records, length))
    timed("saved payload", lambda: saved_payload(state))
    timed("static HTML", lambda: static_html(state))


if __name__ == "__main__":
    main()
