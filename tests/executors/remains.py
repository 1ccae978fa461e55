"""What an engine may leave behind: processes, file descriptors, shared memory, files. It may leave nothing."""

from __future__ import annotations

import gc
import os
import tempfile
import threading

import psutil

from tests.executors.gates import alive, eventually

SHARED = "/dev/shm"


class Remains:
    """What is there now, to compare with later."""

    def __init__(self) -> None:
        gc.collect()
        self.descriptors = _descriptors()
        self.files = _files()
        self.processes = {child.pid for child in psutil.Process().children(recursive=True)}
        self.threads = set(threading.enumerate())

    def nothing_new(self, within: float = 10.0) -> None:
        """Wait until all that came since is gone.

        Raises:
            AssertionError: something stays; says what.
        """
        found: dict[str, object] = {}

        def gone() -> bool:
            gc.collect()
            found.clear()
            processes = {child.pid: child for child in psutil.Process().children(recursive=True)}
            found["processes"] = [_told(p) for pid, p in processes.items() if pid not in self.processes and alive(pid)]
            found["files"] = sorted(_files() - self.files)
            now = _descriptors()
            found["descriptors"] = {fd: now[fd] for fd in now if fd not in self.descriptors}
            found["threads"] = [t.name for t in threading.enumerate() if t not in self.threads]
            return not any(found.values())

        try:
            eventually(gone, within=within)
        except AssertionError:
            raise AssertionError(f"left behind: {found}") from None


def _told(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())[:120]}"
    except psutil.NoSuchProcess:
        return f"{process.pid}"


def _descriptors() -> dict[int, str]:
    found = {}
    for fd in os.listdir("/proc/self/fd"):
        try:
            found[int(fd)] = f"{os.readlink(f'/proc/self/fd/{fd}')} of {os.fstat(int(fd)).st_size} bytes"
        except OSError:
            pass  # the one that listed them
    return found


def _files() -> set[str]:
    found = set()
    for folder in (SHARED, tempfile.gettempdir()):
        if os.path.isdir(folder):
            found |= {os.path.join(folder, name) for name in os.listdir(folder) if "ipyflow" in name}
    return found
