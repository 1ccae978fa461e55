"""Where the workloads run: an engine of four threads, warmed up, and its bare counterparts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import ipyflow as fl

THREADS = 4
_WARM = 200


def bare_same(x: int) -> int:
    return x


async def bare_same_async(x: int) -> int:
    return x


same = fl.task(bare_same)
same_async: Any = fl.task(bare_same_async)


@contextmanager
def engine(threads: int = THREADS, log_limit: int | None = None) -> Iterator[None]:
    """A new engine with its threads and its loop running; it ends with the block."""
    fl.shutdown()
    with fl.configure(threads=threads, log_limit=log_limit):
        fl.wait([task.submit(0) for task in (same, same_async) for _ in range(_WARM)])
        yield


@contextmanager
def pool(threads: int = THREADS) -> Iterator[ThreadPoolExecutor]:
    """A new pool with its threads running."""
    with ThreadPoolExecutor(threads) as executor:
        wait([executor.submit(bare_same, 0) for _ in range(_WARM)])
        yield executor


@contextmanager
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs on a thread of its own."""
    made = asyncio.new_event_loop()
    thread = threading.Thread(target=made.run_forever)
    thread.start()
    for _ in range(_WARM):
        asyncio.run_coroutine_threadsafe(bare_same_async(0), made).result()
    try:
        yield made
    finally:
        made.call_soon_threadsafe(made.stop)
        thread.join()
        made.close()
