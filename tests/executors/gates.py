"""Gates and marks that every executor understands: they are files, so a body in any process may stand at them.

Passed to a body, or named in it, they travel as their paths.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

SOON = 30.0
"""Seconds within which anything that should happen does: workers are started meanwhile, on a machine that is busy."""
NAP = 0.002

TELL_WHEN_WAITING = """
def tell_when_waiting(path):
    import sys, threading, time
    from ipyflow.engine.resting import rest

    thread = threading.get_ident()

    def sleeps():
        frame = sys._current_frames()[thread]
        return rest.__code__ in (frame.f_code, frame.f_back and frame.f_back.f_code)

    def look():
        while not sleeps():
            time.sleep(0.001)
        open(path, "w").close()

    threading.Thread(target=look, daemon=True).start()
"""
"""For a cell: ``tell_when_waiting(path)`` makes the file once the thread that called it sleeps in a wait of ours.

Whatever a cell does before its wait is too early to interrupt the wait: IPython has yet to compile that statement.
"""


class Marks:
    """Lines that bodies add to a file, each in one write."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def add(self, text: object) -> int:
        """Add a line; returns how many there are then, this one included."""
        with open(self.path, "ab", buffering=0) as file:
            file.write(f"{text}\n".encode())
        return len(self.all())

    def all(self) -> list[str]:
        """The lines so far."""
        try:
            with open(self.path, encoding="utf-8") as file:
                return file.read().split("\n")[:-1]
        except FileNotFoundError:
            return []


class Gate:
    """A body calls ``stand()``; the test waits until it is there (``reached()``) and lets it through (``open()``)."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._stood, self._opened = Marks(folder / "stood"), str(folder / "opened")

    def stand(self) -> int:
        """Stand here until the gate is open; returns the process that stood."""
        self._stood.add(os.getpid())
        end = time.monotonic() + SOON
        while not self.is_open():
            if time.monotonic() > end:
                raise AssertionError("nobody opened the gate")
            time.sleep(NAP)
        return os.getpid()

    async def stand_async(self) -> int:
        """The same for a coroutine."""
        self._stood.add(os.getpid())
        while not self.is_open():
            await asyncio.sleep(NAP)
        return os.getpid()

    def reached(self, count: int = 1) -> list[int]:
        """Wait until ``count`` bodies have come; the processes they are in."""
        eventually(lambda: len(self.who()) >= count, lambda: f"{len(self.who())} of {count} came to the gate")
        return self.who()

    def who(self) -> list[int]:
        """The processes of those that came so far."""
        return [int(line) for line in self._stood.all()]

    def open(self) -> None:
        """Let everybody through, those who come later too."""
        with open(self._opened, "w"):
            pass

    def is_open(self) -> bool:
        """True once it was opened."""
        return os.path.exists(self._opened)


def stand(gate: Gate) -> int:
    """A body that stands at ``gate``."""
    return gate.stand()


async def stand_async(gate: Gate) -> int:
    """The same for a coroutine."""
    return await gate.stand_async()


def eventually(condition: Callable[[], object], what: Callable[[], str] | None = None, within: float = SOON) -> None:
    """Wait for something that no event tells of."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, what() if what is not None else f"{condition} never came true"
        time.sleep(NAP)


def alive(pid: int) -> bool:
    """True while the process runs; a dead one that nobody has waited for does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
