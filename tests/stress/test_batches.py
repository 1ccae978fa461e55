"""Batches while several threads wait for their items in all ways, cancel them and run them again."""

import concurrent.futures as standard
import random
import threading
import time
from collections.abc import Callable

import pytest

import ipyflow as fl
from ipyflow.errors import TaskCancelled
from ipyflow.testing import engine

MEANT = (ValueError, TaskCancelled, RuntimeError, TimeoutError)
"""What may come of it: items that fail or are cancelled, retries that cannot be, waits that were too short."""


def acts(futures: fl.FutureList, rng: random.Random, seen: list) -> dict[str, Callable[[], object]]:
    def any_of_them() -> fl.Future:
        return rng.choice(futures)

    def retry() -> None:
        future = any_of_them()
        if future.done():
            future.retry()

    return {
        "cancel one": lambda: any_of_them().cancel(),
        "cancel all": lambda: rng.random() < 0.1 and futures.cancel(),
        "retry": retry,
        "callback": lambda: any_of_them().add_done_callback(seen.append),
        "wait": lambda: futures.wait(0.01),
        "as_completed": lambda: list(futures.as_completed(10)),
        "select": lambda: fl.select(futures, 10),
        "results": lambda: futures.results(10),
        "standard wait": lambda: standard.wait(futures, 0.01),
        "standard as_completed": lambda: list(standard.as_completed(futures, 10)),
        "progress": lambda: futures.progress,
    }


def storm(place: str, seed: int) -> None:
    rng = random.Random(seed)
    count = rng.randint(1, 150)
    bad = {x for x in range(count) if rng.random() < 0.05}

    def body(x: int) -> int:
        if x in bad:
            raise ValueError(x)
        if x % 50 == 7:
            time.sleep(0.001)
        return x

    with engine(threads=3, processes=2) as lab:
        task = fl.task(executor=place, retries=rng.choice([0, 0, 1]))(body)
        futures = task.map(range(count), batch=rng.choice([1, 3, 7, 50, "auto"]), ordered=rng.random() < 0.5)
        seen: list[fl.Future] = []
        wrong: list[BaseException] = []

        def steer(number: int) -> None:
            own = random.Random(f"{seed}/{number}")
            for _ in range(8):
                try:
                    own.choice(list(acts(futures, own, seen).values()))()
                except MEANT:
                    pass
                except BaseException as error:
                    wrong.append(error)

        threads = [threading.Thread(target=steer, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads)
        assert wrong == []
        assert not fl.wait(futures, 30).not_done
        for x, future in enumerate(futures):
            if future.cancelled():
                continue
            error = future.exception()
            if error is None:
                assert future.result() == x
                assert x not in bad
            else:
                assert isinstance(error, ValueError)
                assert x in bad
        lab.settled()


@pytest.mark.filterwarnings("ignore::ipyflow.errors.IpyflowWarning")
@pytest.mark.parametrize(("place", "seeds"), [("threads", 200), ("inline", 50), ("processes", 15)])
def test_batches_in_a_storm(place: str, seeds: int) -> None:
    for seed in range(seeds):
        storm(place, seed)
