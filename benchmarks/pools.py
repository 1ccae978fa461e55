"""Pools of processes side by side: ``python -m benchmarks.pools [--json] [--only POOL,...]``.

Each figure is taken in a process of its own. What is not installed (``pip install loky pebble``) is left out.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import IO, Any

import psutil  # type: ignore[import-untyped]

from benchmarks import pool_bodies as bodies

WORKERS = 4
PATIENCE = 60.0
"""Seconds after which a measurement counts as hanging."""
REPEATS = 3


class Pool:
    """A pool of the standard library; the others do the same by their own names."""

    def __init__(self, method: str) -> None:
        self.pool: Any = ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context(method))

    def submit(self, body: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = self.pool.submit(body, *args)
        return future

    def kill(self, future: Future[Any], pid: int) -> str:
        """Stop one running body; how that is done."""
        if future.cancel():
            return "cancel()"
        os.kill(pid, signal.SIGKILL)
        return "kill -9 of its worker; cancel() does nothing"

    def close(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)


class Loky(Pool):
    def __init__(self) -> None:
        self.pool = importlib.import_module("loky").ProcessPoolExecutor(WORKERS)

    def close(self) -> None:
        self.pool.shutdown(wait=False, kill_workers=True)


class Pebble(Pool):
    def __init__(self, method: str) -> None:
        context = multiprocessing.get_context(method)
        self.pool = importlib.import_module("pebble").ProcessPool(max_workers=WORKERS, context=context)

    def submit(self, body: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = self.pool.schedule(body, args=args)
        return future

    def close(self) -> None:
        self.pool.stop()


class Ours(Pool):
    def __init__(self) -> None:
        self.fl = importlib.import_module("ipyflow")
        self.fl.configure(processes=WORKERS)
        self.tasks: dict[Any, Any] = {}

    def submit(self, body: Callable[..., Any], *args: Any) -> Future[Any]:
        if body not in self.tasks:
            self.tasks[body] = self.fl.task(body, executor="processes")
        future: Future[Any] = self.tasks[body].submit(*args)
        return future

    def close(self) -> None:
        self.fl.shutdown(cancel=True)


POOLS: dict[str, tuple[str, Callable[[], Pool]]] = {
    "stdlib spawn": ("concurrent.futures", lambda: Pool("spawn")),
    "stdlib forkserver": ("concurrent.futures", lambda: Pool("forkserver")),
    "loky": ("loky", Loky),
    "pebble fork": ("pebble", lambda: Pebble("fork")),
    "pebble spawn": ("pebble", lambda: Pebble("spawn")),
    "ours": ("ipyflow.executors.processes", Ours),
}


def all_here(pool: Pool) -> list[int]:
    """Wait until every worker has run something; their process ids."""
    with tempfile.TemporaryDirectory() as folder:
        futures = [pool.submit(bodies.meet, folder, WORKERS) for _ in range(WORKERS)]
        return [future.result(30) for future in futures]


@contextlib.contextmanager
def busy(pool: Pool, seconds: float, count: int = WORKERS) -> Iterator[tuple[list[Future[Any]], list[int]]]:
    """Bodies that stay for ``seconds``, all of which have begun; their futures and process ids."""
    with tempfile.TemporaryDirectory() as folder:
        names = [str(number) for number in range(count)]
        futures = [pool.submit(bodies.stay, folder, name, seconds) for name in names]
        yield futures, [int(appears(Path(folder) / name)) for name in names]


def appears(path: Path) -> str:
    deadline = time.monotonic() + 20
    while not path.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{path.name} did not begin")
        time.sleep(0.0005)
    return path.read_text(encoding="utf-8")


def outcome(future: Future[Any]) -> str:
    try:
        future.result(20)
    except BaseException as error:
        return type(error).__name__
    return "ok"


# What is measured. Each gets a function that makes the pool, for the making is part of some.


def start(make: Callable[[], Pool]) -> dict[str, float]:
    begin = time.perf_counter()
    pool = make()
    all_here(pool)
    taken = time.perf_counter() - begin
    times = []
    for number in range(100):
        begin = time.perf_counter()
        pool.submit(bodies.same, number).result()
        times.append(time.perf_counter() - begin)
    return {"ms": taken * 1e3, "one_us": statistics.median(times) * 1e6}


def trivial(make: Callable[[], Pool]) -> dict[str, float]:
    pool = make()
    all_here(pool)
    found = {}
    for count in (1_000, 10_000):
        times = []
        for _ in range(REPEATS):
            begin = time.perf_counter()
            futures = [pool.submit(bodies.same, number) for number in range(count)]
            wait(futures)
            times.append(time.perf_counter() - begin)
            assert [future.result() for future in futures] == list(range(count))
        found[f"us_{count}"] = statistics.median(times) / count * 1e6
    return found


def kill_one(make: Callable[[], Pool]) -> dict[str, Any]:
    pool = make()
    all_here(pool)
    with busy(pool, 2.0) as (futures, pids):
        begin = time.perf_counter()
        how = pool.kill(futures[1], pids[1])
        try:
            again = (pool.submit(time.perf_counter).result(20) - begin) * 1e3
            told = f"after {again:.0f} ms"
        except BaseException as error:
            told = f"never: {type(error).__name__}"
        return {"how": how, "killed": outcome(futures[1]), "others": _same(futures, 1), "again": told}


def _same(futures: list[Future[Any]], without: int) -> str:
    said = {outcome(future) for number, future in enumerate(futures) if number != without}
    return "go on" if said == {"ok"} else ", ".join(sorted(said))


def crash(make: Callable[[], Pool], how: str) -> dict[str, Any]:
    pool = make()
    all_here(pool)
    with tempfile.TemporaryDirectory() as folder:
        futures = [pool.submit(bodies.stay, folder, str(number), 1.5) for number in range(3)]
        lost = pool.submit(bodies.leave, folder, "lost", how)
        try:
            lost.result(20)
            text = "ok"
        except BaseException as error:
            text = type(error).__name__
        others = _same(futures, -1)
        try:
            afterwards = "works" if pool.submit(bodies.same, 1).result(20) == 1 else "wrong"
        except BaseException as error:
            afterwards = type(error).__name__
    return {"error": text, "others": others, "pool": afterwards}


def large(make: Callable[[], Pool]) -> dict[str, float]:
    pool = make()
    all_here(pool)
    value = bodies.array()
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        assert [f.result() for f in [pool.submit(bodies.look, value) for _ in range(16)]] == [2.0] * 16
        times.append(time.perf_counter() - begin)
    back = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        assert len(pool.submit(bodies.array).result()) == len(value)
        back.append(time.perf_counter() - begin)
    return {"to_ms": statistics.median(times) * 1e3, "back_ms": statistics.median(back) * 1e3}


def memory(make: Callable[[], Pool]) -> dict[str, float]:
    pool = make()
    pids = all_here(pool)
    time.sleep(0.5)
    assert pool.submit(bodies.same, 1).result() == 1
    told = [psutil.Process(pid).memory_full_info() for pid in pids]
    return {
        "rss_mb": statistics.median(one.rss for one in told) / 1e6,
        "own_mb": statistics.median(one.uss for one in told) / 1e6,
    }


def orphans(make: Callable[[], Pool]) -> dict[str, Any]:
    """The figures are taken by :func:`measure_orphans`, which kills this process."""
    pool = make()
    workers = all_here(pool)
    with busy(pool, 60.0, count=2) as (_, pids):
        print(json.dumps([pids, [pid for pid in workers if pid not in pids]]), flush=True)
        time.sleep(60)
    return {}


def interrupt(make: Callable[[], Pool]) -> dict[str, str]:
    pool = make()
    all_here(pool)
    with busy(pool, 1.5) as (futures, _):
        with contextlib.suppress(KeyboardInterrupt):
            os.killpg(0, signal.SIGINT)
            time.sleep(1)
        try:
            afterwards = "works" if pool.submit(bodies.same, 1).result(20) == 1 else "wrong"
        except BaseException as error:
            afterwards = type(error).__name__
        return {"tasks": _same(futures, -1), "pool": afterwards}


MEASURES: dict[str, Callable[[Callable[[], Pool]], dict[str, Any]]] = {
    "start": start,
    "trivial": trivial,
    "kill_one": kill_one,
    "exit": lambda make: crash(make, "exit"),
    "killed": lambda make: crash(make, "kill"),
    "large": large,
    "memory": memory,
    "orphans": orphans,
    "interrupt": interrupt,
}

ROWS: list[tuple[str, str, Callable[[dict[str, Any]], str]]] = [
    ("from nothing to a result of each of 4 workers", "start", lambda m: f"{m['ms']:.0f} ms"),
    ("one trivial task, submitted and waited for", "start", lambda m: f"{m['one_us']:.0f} us"),
    ("a trivial task of 1,000", "trivial", lambda m: f"{m['us_1000']:.0f} us"),
    ("a trivial task of 10,000", "trivial", lambda m: f"{m['us_10000']:.0f} us"),
    ("one running task of 4 is stopped by", "kill_one", lambda m: m["how"]),
    ("- its future", "kill_one", lambda m: m["killed"]),
    ("- the other three", "kill_one", lambda m: m["others"]),
    ("- another task runs in its place", "kill_one", lambda m: m["again"]),
    ("a task calls os._exit: its future", "exit", lambda m: m["error"]),
    ("- three other tasks", "exit", lambda m: m["others"]),
    ("- the pool afterwards", "exit", lambda m: m["pool"]),
    ("a worker is killed with SIGKILL: its future", "killed", lambda m: m["error"]),
    ("- three other tasks", "killed", lambda m: m["others"]),
    ("- the pool afterwards", "killed", lambda m: m["pool"]),
    ("a 50 MB array to each of 16 tasks", "large", lambda m: f"{m['to_ms']:.0f} ms"),
    ("a 50 MB array as a result", "large", lambda m: f"{m['back_ms']:.0f} ms"),
    ("memory of an idle worker: resident, its own", "memory", lambda m: f"{m['rss_mb']:.0f} MB, {m['own_mb']:.0f} MB"),
    ("5 s after kill -9 of the parent: workers alive", "orphans", lambda m: m["alive"]),
    ("SIGINT to the process group: 4 tasks", "interrupt", lambda m: m["tasks"]),
    ("- the pool afterwards", "interrupt", lambda m: m["pool"]),
]


def measured(name: str, what: str) -> dict[str, Any]:
    """A measurement in a process, and a session, of its own.

    It writes into files: workers that outlive it would keep a pipe open.
    """
    command = [sys.executable, "-m", "benchmarks.pools", "--measure", name, what]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, start_new_session=True)
        try:
            if what == "orphans":
                return measure_orphans(process, out)
            process.wait(PATIENCE)
            told = _last_line(out)
            found: dict[str, Any] = json.loads(told) if told else {"failed": _last_line(err)[:100] or "no answer"}
            return found
        except subprocess.TimeoutExpired:
            return {"failed": "hangs"}
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _last_line(file: IO[str]) -> str:
    file.seek(0)
    return file.read().strip().rpartition("\n")[2]


def measure_orphans(process: subprocess.Popen[bytes], out: IO[str]) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while not (line := _last_line(out)) and time.monotonic() < deadline:
        time.sleep(0.1)
    groups = [[psutil.Process(pid) for pid in pids] for pids in json.loads(line)]
    process.kill()
    process.wait()
    time.sleep(5)
    alive = [sum(_is_alive(child) for child in group) for group in groups]
    for child in (*groups[0], *groups[1]):
        if _is_alive(child):
            child.kill()
    told = zip(alive, groups, ("at work", "idle"), strict=True)
    return {"alive": ", ".join(f"{count} of {len(group)} {kind}" for count, group, kind in told)}


def _is_alive(child: psutil.Process) -> bool:
    return bool(child.is_running() and child.status() != psutil.STATUS_ZOMBIE)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pools", description="Pools of processes side by side.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only", help=f"pools, with commas: {', '.join(POOLS)}")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        name, what = given.measure
        print(json.dumps(MEASURES[what](POOLS[name][1])), flush=True)
        os._exit(0)  # a pool that cannot end itself is no part of the figure
    names = given.only.split(",") if given.only else list(POOLS)
    names = [name for name in names if importlib.util.find_spec(POOLS[name][0]) is not None]
    found: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in names}
    for what in MEASURES:
        for name in names:
            print(f"{name}: {what} ...", file=sys.stderr, flush=True)
            found[name][what] = measured(name, what)
    if given.json:
        print(json.dumps(found, indent=1))
        return
    print(f"| | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for text, what, written in ROWS:
        cells = [_written(found[name][what], written) for name in names]
        print(f"| {text} | {' | '.join(cells)} |")


def _written(told: dict[str, Any], written: Callable[[dict[str, Any]], str]) -> str:
    return str(told["failed"]) if "failed" in told else written(told)


if __name__ == "__main__":
    main()
