"""Kernels that are killed at random moments of a busy run, one after the other: each goes on with the run before.

python -m tests.stress.kernel_deaths FOLDER --kills 200 --seed 1

A kernel opens the database, goes on with the run that was lost with the kernel before (or begins the next), and is
killed by SIGKILL somewhere within SPAN seconds. Every body writes into a file of its own when it begins and ends: so
what really happened is known. Behind each death is looked at:

- the database opens and is sound; the newest run can be read, and all that it says has ended had ended;
- what is missing in it: the age of the oldest end that it does not have;
- the next kernel runs nothing again that the database had as done; and each run comes to the right result.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

import ipyflow as fl
from ipyflow.model.status import State
from ipyflow.past.run import PastRun

SPAN = 2.5
"""Seconds within which a kernel is killed."""
SOON = 60.0
PARTS, LEAVES, QUICK = 8, 24, 150
CELL = """
import asyncio, os, time
import warnings
import numpy as np
import ipyflow as fl
from ipyflow.errors import MemoryWarning

warnings.simplefilter("error", MemoryWarning)
fl.configure(database=DATABASE, keep_results=True, threads=4)
seen = os.open(SEEN, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def say(*words):
    os.write(seen, (" ".join(map(str, words)) + "\\n").encode())

def begins(*where):
    say("begin", NUMBER, time.time(), *where)

def ends(*where):
    say("end", NUMBER, time.time(), *where)

@fl.task
def quick(turn, part, n):
    begins("quick", turn, part, n)
    ends("quick", turn, part, n)
    return n

@fl.task
def table(turn, part, n):
    begins("table", turn, part, n)
    time.sleep(0.03 * (n % 7))
    made = np.full(200_000 if n % 10 == 0 else 10, n)
    ends("table", turn, part, n)
    return made

@fl.task
async def text(turn, part, n):
    begins("text", turn, part, n)
    await asyncio.sleep(0.1 * (n % 8))
    ends("text", turn, part, n)
    return {"text": "x" * n, "n": n}

@fl.flow
def part(turn, k):
    tables = table.map([turn] * LEAVES, [k] * LEAVES, range(LEAVES))
    texts = text.map([turn] * LEAVES, [k] * LEAVES, range(LEAVES))
    many = quick.map([turn] * QUICK, [k] * QUICK, range(QUICK))
    return sum(int(one[0]) for one in tables.results()) + sum(t["n"] for t in texts.results()) + sum(many.results())

@fl.flow
def busy(turn):
    return [part(turn, k) for k in range(PARTS)]

say("going", NUMBER)
while True:
    lost = [run for run in fl.history("busy", limit=1) if run.lost]
    turns = len(fl.history("busy", state="succeeded", limit=None))
    if lost:
        try:
            future = fl.resume(lost[0].key)
        except RuntimeError as error:
            if "before anything of it was written" not in str(error):
                raise
            future = busy.submit(turns)
    else:
        future = busy.submit(turns)
    say("result", NUMBER, time.time(), future.result())
    fl.history()  # which writes all that happened
"""
WANTED = [2 * sum(range(LEAVES)) + sum(range(QUICK))] * PARTS


@dataclass
class Account:
    """What was seen."""

    kills: int = 0
    resumed: int = 0
    results: int = 0
    missing: list[float] = field(default_factory=list)
    """Of each death, the age of the oldest end that the database does not have; 0 where it has all."""
    again: int = 0
    """Bodies that were run again because their end was not written yet."""
    reused: int = 0
    bodies: int = 0
    faults: list[str] = field(default_factory=list)

    def say(self) -> str:
        """In words."""
        oldest = sorted(self.missing) or [0.0]
        return (
            f"{self.kills} kills, {self.resumed} runs gone on with, {self.results} results right, "
            f"{self.bodies} bodies ended, {self.reused} results reused, {self.again} run again that were not written "
            f"yet; missing at most {oldest[-1]:.2f} s, mostly {statistics.median(oldest):.2f} s; "
            f"faults {len(self.faults)}"
        )


Where = tuple[str, ...]
"""A body: its task, its turn, its part, its number."""


class Lane:
    """Kernels that go on with each other's run, one after the other, on a database of their own."""

    def __init__(self, folder: Path, seed: int, account: Account) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.database, self.seen = folder / "runs.sqlite", folder / "seen.txt"
        self.random, self.account = random.Random(seed), account
        self.number = 0
        self.done: set[Where] = set()
        """What the database has had as done, behind all deaths so far."""
        self.read: set[str] = set()
        """The runs that are read and had ended."""

    def kill_one(self) -> None:
        """Start a kernel, kill it, and look."""
        self.number += 1
        manager = KernelManager()
        manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=SOON)
            names = f"DATABASE, SEEN, NUMBER = {str(self.database)!r}, {str(self.seen)!r}, {self.number}\n"
            client.execute(f"{names}PARTS, LEAVES, QUICK = {PARTS}, {LEAVES}, {QUICK}\n{CELL}")
            self._until_going(client)
            time.sleep(self.random.uniform(0, SPAN))
            killed = time.time()
            os.kill(manager.provisioner.pid, signal.SIGKILL)  # type: ignore[union-attr]
            manager.provisioner.process.wait()  # type: ignore[union-attr]
            while client.iopub_channel.msg_ready():
                message = client.get_iopub_msg()
                if message["msg_type"] in ("error", "stream"):
                    said = message["content"].get("evalue") or message["content"].get("text")
                    self._fault(f"the kernel said {said}")
        finally:
            client.stop_channels()
            with contextlib.suppress(Exception):
                manager.cleanup_resources()
        self.account.kills += 1
        self._look(killed)

    def _until_going(self, client: Any) -> None:
        end = time.monotonic() + SOON
        while not (self.seen.exists() and f"going {self.number}\n" in self.seen.read_text()):
            assert time.monotonic() < end, "the kernel never began"
            time.sleep(0.005)

    def _fault(self, words: str) -> None:
        self.account.faults.append(f"{self.database.parent.name}, kernel {self.number}: {words}")

    def _look(self, killed: float) -> None:
        lines = [line.split(" ") for line in self.seen.read_text().splitlines()]
        mine = [line for line in lines if line[1] == str(self.number)]
        # A new turn begins from nothing: its names are others.
        again = {tuple(line[3:]) for line in mine if line[0] == "begin"} & self.done
        for where in sorted(again)[:5]:
            self._fault(f"{' '.join(where)} was done, and was run again")
        ended = {tuple(line[3:]): float(line[2]) for line in mine if line[0] == "end"}
        before = {tuple(line[3:]) for line in lines if line[0] == "end" and int(line[1]) < self.number}
        self.account.again += len({tuple(line[3:]) for line in mine if line[0] == "begin"} & before - again)
        self.account.bodies += sum(line[0] == "end" for line in mine)
        for line in mine:
            if line[0] == "result":
                self.account.results += 1
                if line[3:] != str(WANTED).split(" "):
                    self._fault(f"a result is {' '.join(line[3:])}")
        with sqlite3.connect(self.database) as connection:
            sound = connection.execute("PRAGMA integrity_check").fetchone()[0]
        connection.close()
        if sound != "ok":
            self._fault(f"the database is not sound: {sound}")
        with fl.configure(database=self.database):
            for run in fl.history("busy", limit=None):
                if run.key not in self.read:  # so it is of the kernel that has just died
                    self.read.add(run.key)
                    self._look_at(run)
        ever = {tuple(line[3:]) for line in lines if line[0] == "end"}
        for where in sorted(self.done - ever)[:5]:
            self._fault(f"{' '.join(where)} is said to be done and never ended")
        missing = [when for where, when in ended.items() if where not in self.done]
        self.account.missing.append(killed - min(missing) if missing else 0.0)

    def _look_at(self, run: PastRun) -> None:
        tasks = run.snapshot().tasks.values()
        self.account.resumed += run.resumes != ""
        self.account.reused += sum(task.reused is not None for task in tasks)
        well = [task for task in tasks if task.state in (State.SUCCEEDED, State.CACHED)]
        self.done = self.done | {(t.name, *t.args.split(", ")) for t in well if t.name in ("quick", "table", "text")}
        if run.state == "failed" and not run.lost:
            self._fault(
                f"run {run.key} failed: {[(t.name, t.type, t.text) for t in tasks if t.state == State.FAILED][:3]}"
            )


def die(folder: Path, kills: int, seed: int, lanes: int = 1) -> Account:
    """Kill so many kernels, in so many lanes beside each other."""
    account = Account()
    made = [Lane(folder / f"lane-{n}", seed * 1_000 + n, account) for n in range(lanes)]
    looks = threading.Lock()
    for lane in made:
        look = lane._look

        def alone(killed: float, look: Any = look) -> None:
            with looks:  # there is one history for the process that looks
                look(killed)

        lane._look = alone  # type: ignore[method-assign]

    def go(lane: Lane, count: int) -> None:
        try:
            for _ in range(count):
                lane.kill_one()
        except BaseException as error:
            account.faults.append(f"{lane.database.parent.name}: {type(error).__name__}: {error}")
            raise

    threads = [
        threading.Thread(target=go, args=(lane, kills // lanes + (n < kills % lanes))) for n, lane in enumerate(made)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return account


def main() -> int:
    """Say what was seen; 1 where there was a fault."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=1)
    given = parser.parse_args()
    account = die(given.folder, given.kills, given.seed, given.lanes)
    print("\n".join([*account.faults, account.say()]))
    return 1 if account.faults else 0


if __name__ == "__main__":
    sys.exit(main())
