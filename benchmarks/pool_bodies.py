"""What the tasks of ``benchmarks.pools`` and W9 do: a module of its own, for workers import it by name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np

MEGABYTES = 50


def same(x: int) -> int:
    return x


def meet(folder: str, count: int) -> int:
    """Wait until ``count`` tasks stand here; the worker's process id."""
    (Path(folder) / str(os.getpid())).touch()
    deadline = time.monotonic() + 30
    while len(os.listdir(folder)) < count:
        if time.monotonic() > deadline:
            raise TimeoutError("the others did not come")
        time.sleep(0.001)
    return os.getpid()


def stay(folder: str, name: str, seconds: float) -> str:
    """Say that it has begun and from which process, stay, give the name back."""
    path = Path(folder) / f".{name}"
    path.write_text(str(os.getpid()), encoding="utf-8")
    path.rename(Path(folder) / name)
    time.sleep(seconds)
    return name


def leave(folder: str, name: str, how: str) -> None:
    stay(folder, name, 0.3)
    if how == "exit":
        os._exit(3)
    os.kill(os.getpid(), signal.SIGKILL)


def look(array: Any) -> float:
    return float(array[0] + array[-1])


def array() -> Any:
    return np.ones(MEGABYTES * 125_000)


def spin(seconds: float) -> int:
    """Python code that takes ``seconds`` of processor time."""
    end, count = time.process_time() + seconds, 0
    while time.process_time() < end:
        count += 1
    return count > 0
