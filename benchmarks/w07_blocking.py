"""W7: tasks that block on the tasks they submit, on four workers; beside a thread for each task (a pool deadlocks)."""

from __future__ import annotations

import threading
from collections.abc import Callable

import ipyflow as fl
from benchmarks import stage
from benchmarks.report import Plan, Row, compared
from benchmarks.timing import paired, timed

DEPTH, FIB, FIB_VALUE, FIB_TASKS = 200, 15, 610, 1973
MOST_THREADS = 40


@fl.task
def down(depth: int) -> int:
    return 0 if depth == 0 else 1 + down.submit(depth - 1).result()


@fl.task
def fib(n: int) -> int:
    if n < 2:
        return n
    a, b = fib.submit(n - 1), fib.submit(n - 2)
    return a.result() + b.result()


def measure(plan: Plan) -> list[Row]:
    rows = []
    for text, tasks, work, reference in (
        (f"blocking waits to depth {DEPTH}", DEPTH + 1, work_down, reference_down),
        (f"fib({FIB}) by blocking waits", FIB_TASKS, work_fib, reference_fib),
    ):
        pairs = paired(lambda w=work, t=tasks: w() / t, lambda r=reference, t=tasks: r() / t, plan.pairs)  # type: ignore[misc]
        rows.append(compared("W7", text, pairs, 0.05))
        rows.append(Row("W7", f"{text}: threads of the engine", most_threads(work), MOST_THREADS, "threads"))
    return rows


def work_down() -> float:
    return _ours(lambda: down.submit(DEPTH).result(), DEPTH)


def work_fib() -> float:
    return _ours(lambda: fib.submit(FIB).result(), FIB_VALUE)


def _ours(body: Callable[[], int], expected: int) -> float:
    with stage.engine():
        seconds, value = timed(body)
    assert value == expected
    return seconds


def reference_down() -> float:
    def body(depth: int) -> int:
        return 0 if depth == 0 else 1 + _Threaded(body, depth - 1).result()

    return _bare(body, DEPTH, DEPTH)


def reference_fib() -> float:
    def body(n: int) -> int:
        if n < 2:
            return n
        a, b = _Threaded(body, n - 1), _Threaded(body, n - 2)
        return a.result() + b.result()

    return _bare(body, FIB, FIB_VALUE)


def _bare(body: Callable[[int], int], argument: int, expected: int) -> float:
    seconds, value = timed(lambda: _Threaded(body, argument).result())
    assert value == expected
    return seconds


class _Threaded:
    """A call on a thread of its own."""

    def __init__(self, fn: Callable[[int], int], argument: int) -> None:
        self._value = 0

        def run() -> None:
            self._value = fn(argument)

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def result(self) -> int:
        self._thread.join()
        return self._value


def most_threads(work: Callable[[], float]) -> int:
    """The most threads of the engine alive at one time while ``work`` runs."""
    before, most, over = threading.active_count(), 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.0005):
            most = max(most, threading.active_count() - before - 1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        over.set()
        watcher.join()
    return most
