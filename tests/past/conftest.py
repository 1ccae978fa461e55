"""A history of its own for each test; runs of other kernels in it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ipyflow as fl

PROGRAM = """
import os, sys, threading
import ipyflow as fl

@fl.task
def load(x):
    print("loading", x)
    if x == 3:
        raise ValueError("no <b>three</b>")
    return x

@fl.task
def stand(x, begun):
    begun.set()
    threading.Event().wait()

@fl.flow
def nightly(n):
    return [load(i) for i in range(n)]

@fl.flow
def stands():
    fl.session._session.store().flush()
    print("stands", file=sys.__stdout__, flush=True)
    threading.Event().wait()

@fl.flow
def dies(n):
    nightly(n)
    begun = threading.Event()
    stood = [stand.submit(i, begun) for i in range(5)]
    begun.wait()
    fl.session._session.store().flush()
    os.kill(os.getpid(), 9)
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    """The file that this kernel and others keep their runs in."""
    fl.shutdown(cancel=True)
    path = tmp_path / "history.sqlite"
    with fl.configure(database=path, threads=4):
        yield path
    fl.shutdown(cancel=True)


@pytest.fixture
def elsewhere(database: Path, tmp_path: Path) -> Callable[[str], None]:
    """Run statements in a kernel of its own, which ends with them."""

    def run(statements: str) -> None:
        file = tmp_path / "program.py"
        begin = f"fl.configure(database={str(database)!r}, threads=2)"
        file.write_text(f"{PROGRAM}\n{begin}\n{statements}\nfl.shutdown()\n")
        subprocess.run([sys.executable, str(file)], capture_output=True, timeout=60)

    return run
