"""Tasks on a Dask cluster whose workers are killed one after the other: ``python -m tests.stress.dask_storm [COUNT]``.

Half of the tasks say ``retries=``: their results must all be right, each loss must be on record. The other half do not:
none of their bodies may begin twice, and what is lost must say so.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import distributed

import ipyflow as fl
from ipyflow.errors import WorkerLost
from ipyflow.model import records as r
from ipyflow.testing import engine


def body(marks: str, x: int) -> int:
    """Say that it has begun, work a little, give a result that can be checked."""
    file = os.open(marks, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, b"%d\n" % x)
    os.close(file)
    time.sleep(0.002)
    return x * x


@dataclass
class Storm:
    """What a storm came to."""

    count: int
    seconds: float
    killed: int
    right: int
    lost: int
    """Tasks without retries that ended in ``WorkerLost``."""
    losses: int
    """Attempts of the others that did."""
    twice: list[int]
    """Tasks without retries whose body began more than once."""
    unrecorded: int
    """Bodies that began once more than there is an attempt on record for them."""
    wrong: list[str]


def storm(count: int, workers: int = 4, every: float = 1.0) -> Storm:
    """Run ``count`` tasks while a worker is killed every so many seconds."""
    options: dict[str, Any] = {"n_workers": workers, "threads_per_worker": 1, "processes": True}
    options |= {"dashboard_address": None, "scheduler_kwargs": {"dashboard_address": ":0"}}
    over = threading.Event()
    with (
        TemporaryDirectory() as folder,
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
        engine(dask=client) as lab,
    ):
        marks = str(Path(folder) / "marks")
        again = fl.task(executor="dask", retries=fl.Retry(limit=20, when=WorkerLost, backoff=(0, 0)))(body)
        once = fl.task(executor="dask")(body)
        fl.task(executor="dask")(len)("warm")
        killed = [0]

        def kill() -> None:
            rng = random.Random(0)
            while not over.wait(every):
                running = list(cluster.scheduler.workers.values())
                if len(running) > 1:  # a cluster that is killed while it starts gives up
                    with contextlib.suppress(ProcessLookupError):  # the scheduler has not missed it yet
                        os.kill(rng.choice(running).pid, 9)
                        killed[0] += 1

        killer = threading.Thread(target=kill)
        begin = time.monotonic()
        killer.start()
        try:
            futures = [(again if x % 2 else once).submit(marks, x) for x in range(count)]
            done = fl.wait(futures, timeout=60 + count / 50)
            seconds = time.monotonic() - begin
        finally:
            over.set()
            killer.join()
        wrong = [repr(future) for future in done.not_done]
        right = lost = 0
        for x, future in enumerate(futures):
            error = future.exception(0) if future.done() else None
            if error is None and future.done() and future.result(0) == x * x:
                right += 1
            elif isinstance(error, WorkerLost) and x % 2 == 0:
                lost += 1
            else:
                wrong.append(f"{future!r}: {error!r}")
        begun = Counter(int(line) for line in Path(marks).read_text().split())
        failed = [record for record in lab.records if isinstance(record, r.AttemptFailed)]
        attempts = Counter(record.task for record in failed)
        wrong += [f"{record}" for record in failed if record.type != "WorkerLost"]
        unrecorded = sum(begun[x] > 1 + attempts[future.id] for x, future in enumerate(futures))
        twice = [x for x in range(0, count, 2) if begun[x] > 1]
        return Storm(count, seconds, killed[0], right, lost, len(failed), twice, unrecorded, wrong)


def main() -> None:
    """The full size."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    result = storm(count)
    print(result)
    if result.twice or result.unrecorded or result.wrong or result.right + result.lost != count:
        sys.exit(1)


if __name__ == "__main__":
    main()
