"""Kernels in the database: this one's row, its signs of life, and whether another one is still there."""

from __future__ import annotations

import functools
import importlib
import os
import platform
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

BEAT = 5.0
"""Seconds between two signs of life of a kernel in which runs go on."""
SILENT = 60.0
"""Seconds without a sign of life after which a kernel counts as gone."""


@functools.cache
def here() -> str:
    """The name of this machine; of a container that shares its name with others, with what tells them apart."""
    try:
        return f"{platform.node()} {os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return platform.node()


def register(connection: sqlite3.Connection, kernel: str) -> None:
    """Write that this kernel is there."""
    now = time.time()
    connection.execute(
        "INSERT OR IGNORE INTO kernels (id, host, pid, began, seen, notebook, python) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (kernel, here(), os.getpid(), now, now, os.environ.get("JPY_SESSION_NAME", ""), platform.python_version()),
    )


def beat(connection: sqlite3.Connection, kernel: str) -> None:
    """Write that this kernel is still there."""
    connection.execute("UPDATE kernels SET seen = ? WHERE id = ?", (time.time(), kernel))


def end(connection: sqlite3.Connection, kernel: str) -> None:
    """Write that this kernel ends; one of which nothing was kept leaves no trace."""
    connection.execute("UPDATE kernels SET ended = 1 WHERE id = ?", (kernel,))
    connection.execute(
        "DELETE FROM kernels WHERE id = ? AND NOT EXISTS (SELECT 1 FROM runs WHERE kernel = ?)", (kernel, kernel)
    )


def lives(host: str, pid: int, seen: float) -> bool:
    """Whether a kernel is still there, as far as can be told from here."""
    if host == here():
        if pid == os.getpid():
            return True
        if not _is_process(pid):
            return False
    return time.time() - seen < SILENT  # a process of that number may be another one by now


def _is_process(pid: int) -> bool:
    if sys.platform == "win32":  # there, os.kill would end it
        system = importlib.import_module("ctypes").windll.kernel32
        handle = system.OpenProcess(0x0010_0000, False, pid)  # SYNCHRONIZE
        if not handle:
            return bool(system.GetLastError() == 5)  # access denied: it is somebody else's
        try:
            return bool(system.WaitForSingleObject(handle, 0) == 258)  # WAIT_TIMEOUT: it goes on
        finally:
            system.CloseHandle(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
