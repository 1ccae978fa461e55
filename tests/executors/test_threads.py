"""The pool of threads while it is shut down."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from ipyflow.executors import threads
from ipyflow.executors.threads import ThreadExecutor

SOON = 10


class Body:
    """Work that says that it ran."""

    def __init__(self) -> None:
        self.ran = threading.Event()

    def run(self, worker: str) -> None:
        self.ran.set()


class TellingLock:
    """A lock that says when somebody has to wait for it."""

    def __init__(self, waiting: threading.Event) -> None:
        self._lock, self._waiting = threading.Lock(), waiting

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            self._waiting.set()
            self._lock.acquire()

    def __exit__(self, *raised: object) -> None:
        self._lock.release()


def never(seconds: float, call: Callable[[], object]) -> None:
    raise AssertionError("nothing is stuck here")


def test_a_pool_is_shut_down_while_it_starts_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, body = ThreadExecutor(2, never), Body()
    starting, go, met = threading.Event(), threading.Event(), threading.Event()
    start, errors = threads._Worker.start, []
    monkeypatch.setattr(pool, "_lock", TellingLock(met))

    def slow_start(self: Any) -> None:
        starting.set()
        assert go.wait(SOON)
        start(self)

    def shut_down() -> None:
        try:
            pool.shutdown(wait=True)
        except BaseException as error:
            errors.append(error)
        met.set()

    monkeypatch.setattr(threads._Worker, "start", slow_start)
    submitting = threading.Thread(target=pool.dispatch, args=(body,))
    submitting.start()
    assert starting.wait(SOON)
    stopping = threading.Thread(target=shut_down)
    stopping.start()
    assert met.wait(SOON), "it has come to the worker that is not there yet, or past it"
    go.set()
    for thread in (submitting, stopping):
        thread.join(SOON)
        assert not thread.is_alive()
    assert errors == []
    assert body.ran.is_set()
    assert pool._workers == set()


def test_a_machine_that_gives_no_threads_is_said_and_shuts_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any) -> None:
        raise RuntimeError("can't start new thread")

    pool = ThreadExecutor(2, never)
    monkeypatch.setattr(threads._Worker, "start", refuse)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        pool.dispatch(Body())
    pool.shutdown(wait=True)
    assert pool._workers == set()
