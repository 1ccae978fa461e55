"""All that travels, on Dask workers that are killed at random: ``python -m tests.stress.dask_mixed_storm [SEED]``.

Bodies that wait for children, large arguments, values that stay, much output, cancelling. Everything says
``retries=``, so all of it must be right in the end, and nothing may hang.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import threading
import time
from typing import Any

import distributed
import numpy as np

import ipyflow as fl
from ipyflow.errors import WorkerLost
from ipyflow.testing import engine

stubborn: Any = fl.task(executor="dask", retries=fl.Retry(limit=100, when=WorkerLost, backoff=(0, 0)))


@stubborn
def leaf(x: int) -> int:
    time.sleep(0.002)
    return x


@stubborn
def tree(n: int) -> int:
    parts = [tree.submit(n - 1), tree.submit(n - 1)] if n else [leaf.submit(1)]
    return sum(part.result() for part in parts)


@stubborn
def large(array: np.ndarray, n: int) -> int:
    print("x" * 30_000)
    return int(array[n]) + n


@stubborn
def stays(n: int) -> np.ndarray:
    return np.full(20_000 + n, n)


def storm(seed: int, scale: int) -> tuple[int, list[str]]:
    """Run it; how many workers were killed, and what was wrong."""
    rng, over, struck, killed = random.Random(seed), threading.Event(), threading.Event(), 0
    options: dict[str, Any] = {"n_workers": 3, "threads_per_worker": 2, "processes": True}
    options |= {"dashboard_address": None, "scheduler_kwargs": {"dashboard_address": ":0"}}
    with (
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
        engine(dask=client) as lab,
    ):

        def kill() -> None:
            nonlocal killed
            while not over.wait(rng.uniform(0.2, 0.8)):
                workers = list(cluster.scheduler.workers.values())
                if len(workers) > 1:  # a cluster that is killed while it starts gives up
                    with contextlib.suppress(ProcessLookupError):  # the scheduler has not missed it yet
                        os.kill(rng.choice(workers).pid, 9)
                        killed += 1
                        struck.set()

        leaf(1)
        killer = threading.Thread(target=kill)
        killer.start()
        try:
            array = np.arange(300_000)
            trees = [tree.submit(3) for _ in range(scale)]
            larges = [large.submit(array, n) for n in range(20 * scale)]
            stay = [stays.submit(n) for n in range(6 * scale)]
            leaves = leaf.map(range(100 * scale))
            dropped = [leaf.submit(n) for n in range(30 * scale)]
            for future in dropped:
                future.cancel()
            pending = fl.wait([*trees, *larges, *stay, *leaves, *dropped], timeout=100).not_done
            struck.wait(10)  # a quick machine is done before the first: what stays there is hit all the same
        finally:
            over.set()
            killer.join()
        wrong = [f"not done: {future!r}" for future in pending]
        if not wrong:
            wrong += [f"{f!r}" for f in trees if f.result() != 8]
            wrong += [f"{f!r}" for n, f in enumerate(larges) if f.result() != 2 * n or f.logs.count("x") < 30_000]
            wrong += [f"{f!r}" for n, f in enumerate(leaves) if f.result() != n]
            wrong += [f"{f!r}" for n, f in enumerate(stay) if not _right(f, n)]
        lab.settled(30)
        return killed, wrong


def _right(future: Any, n: int) -> bool:
    """What has stayed may have gone with its worker, and then must say so."""
    try:
        return bool((future.result() == n).all())
    except WorkerLost:
        return True


if __name__ == "__main__":
    print(storm(int(sys.argv[1]) if len(sys.argv) > 1 else 0, 10))
