"""Random flows whose tasks are cached, deferred and recurrent, steered at random by several threads while they run."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import ipyflow as fl
from ipyflow.errors import TaskCancelled, TaskTimeout
from ipyflow.model.run import check_invariants
from ipyflow.testing import Lab, engine
from tests.stress.storms import LONG, limits_watched, nothing_is_lost, picture, switching

FEW = 4
"""Different arguments: so that most calls are equal to others."""


class Unlucky(Exception):
    pass


def value(x: int) -> list[int]:
    return [x, x * x]


def nap() -> None:
    time.sleep(random.random() * 0.001)


@fl.task(cache=True)
def kept(x: int) -> list[int]:
    nap()
    return value(x)


@fl.task(cache=True)
async def kept_coroutine(x: int) -> list[int]:
    return value(x)


@fl.task(cache=True, executor="inline")
def kept_inline(x: int) -> list[int]:
    return value(x)


@fl.task(cache=fl.Cache(max_age=0.002), limit=2)
def limited(x: int) -> list[int]:
    nap()
    return value(x)


@fl.task(cache=True, retries=fl.Retry(2, backoff=(0, 0.0005)), rate="2000/s")
def unlucky(x: int) -> list[int]:
    if random.random() < 0.5:
        raise Unlucky
    return value(x)


@fl.task(cache=True, timeout=0.002)
def overtime(x: int) -> list[int]:
    time.sleep(random.random() * 0.004)
    return value(x)


@fl.task(cache=True, memo=True)
def both(x: int) -> list[int]:
    nap()
    return value(x)


@fl.task(cache=True)
def waits(before: Any, x: int) -> list[int]:
    return value(x)


@fl.task(defer=True, delay=0.0005)
def newest(x: int) -> list[int]:
    return value(x)


@fl.task(defer=fl.Defer("x"), cache=fl.Cache(params=("x", "more")))
def newest_kept(x: int, more: Any = None) -> list[int]:
    nap()
    return value(x)


@fl.task(recurrent=True, delay=0.0003)
def recurs(x: int) -> list[int] | None:
    return None if random.random() < 0.6 else value(x)


@fl.task(recurrent=True, cache=True, retries=1)
def recurs_kept(x: int) -> list[int] | None:
    if random.random() < 0.1:
        raise Unlucky
    return None if random.random() < 0.3 else value(x)


@fl.task(cache=True, max_parallelism=1)
def nested(x: int) -> list[int]:
    """Equal calls below calls that are equal: each level asks for those of the next."""
    children = [kept.submit(x), limited.submit(x), kept_coroutine.submit(x)]
    return max(child.result() for child in children)


TASKS = (
    kept, kept_coroutine, kept_inline, limited, unlucky, overtime, both, newest, newest_kept, recurs, recurs_kept,
    nested,
)  # fmt: skip


@fl.flow
def weathered(seed: int, count: int) -> int:
    rng = random.Random(seed)
    futures: list[tuple[Any, int]] = []
    for _ in range(count):
        x, task = rng.randrange(FEW), rng.choice(TASKS)
        if futures and rng.random() < 0.2:
            before = rng.choice(futures)[0]
            task = rng.choice((waits, newest_kept))
            futures.append((waits.submit(before, x) if task is waits else newest_kept.submit(x, before), x))
        else:
            futures.append((task.submit(x), x))
    wrong = 0
    for future, x in futures:
        try:
            wrong += future.result() != value(x)
        except (Unlucky, TaskTimeout, TaskCancelled):
            pass
    return wrong


def steer(runs: list[Any], seed: int, stop: threading.Event, errors: list[BaseException]) -> None:
    rng = random.Random(seed)
    while not stop.is_set():
        run = rng.choice(runs)
        some = [*list(run.live.values()), *run.futures[-20:]] if rng.random() < 0.7 else list(run.failed.values())
        try:
            if some:
                future = rng.choice(some)
                if future is not run.root:
                    getattr(future, rng.choice(("cancel", "retry", "retry", "pause", "resume", "resume")))()
            if rng.random() < 0.05:
                getattr(run, rng.choice(("pause", "resume", "retry")))()
        except RuntimeError as error:
            if "cannot be retried" not in str(error):
                errors.append(error)
        except BaseException as error:
            errors.append(error)
        time.sleep(rng.random() * 0.001)


def weather(seed: int, database: Any) -> None:
    """A few random flows in one engine under random acts: each ends with right values, and nothing is lost."""
    rng = random.Random(seed)
    threads = rng.choice([1, 2, 4, 8])
    where = f"seed {seed}, {threads} threads, {database}"
    errors: list[BaseException] = []
    stop = threading.Event()
    with (
        switching(rng.choice([1e-6, 1e-4, 5e-3])),
        limits_watched() as limits,
        engine(threads=threads, database=database) as lab,
    ):
        roots = [weathered.submit(rng.randrange(1 << 30), rng.randrange(5, 40)) for _ in range(rng.randrange(1, 5))]
        runs = [root.run for root in roots]
        crew = [
            threading.Thread(target=steer, args=(runs, rng.randrange(1 << 30), stop, errors), daemon=True)
            for _ in range(rng.randrange(3))
        ]
        for one in crew:
            one.start()
        if crew:
            time.sleep(rng.random() * 0.03)
        stop.set()
        for one in crew:
            one.join(LONG)
            assert not one.is_alive(), f"{where}: a steering thread hangs"
        assert not errors, f"{where}: {errors!r}"
        for root in roots:
            ended(root, runs, where)
        nothing_is_lost(lab, limits, threads, where)
        flights_landed(lab, where)
        for run in runs:
            check_invariants(run.snapshot())


def ended(root: Any, runs: list[Any], where: str) -> None:
    """Let all go on wherever they are paused, until this one has ended with nothing wrong."""
    run, deadline = root.run, time.monotonic() + LONG
    while not (root.done() and run.closed):
        for other in runs:  # it may wait for an equal call there
            for id in list(other.paused):
                other.engine.resume(other, id)
        try:
            root.exception(0.005)
        except (TimeoutError, TaskCancelled):
            time.sleep(0.001)
        assert time.monotonic() < deadline, f"{where} hangs: {root!r}\n{picture(root)}"
    assert root.result() == 0, where


def flights_landed(lab: Lab, where: str) -> None:
    """Nothing is remembered of calls that have ended."""
    left: list[Any] = [*lab.engine.flights._leading.values(), *lab.engine.deferred.values()]
    assert not left, f"{where}: {left}"
