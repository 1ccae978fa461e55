"""A very small process that outlives this one by a moment, to end the workers and all that their tasks have started.

A worker ends itself when this process is gone, as soon as the thread of it that listens gets its turn. Where a body
never lets it, or has started processes of its own, somebody else has to: the guard is told of each worker and, when the
pipe to it closes, kills their groups.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading

_CODE = """
import os, signal, sys
groups = set()
for line in sys.stdin:
    group = int(line)
    groups.add(group) if group > 0 else groups.discard(-group)
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""


class Guard:
    """See the module."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._popen = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _CODE], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, text=True, bufsize=1,
        )  # fmt: skip

    def watch(self, group: int) -> None:
        """Kill this group if nobody else can any more."""
        self._tell(group)

    def forget(self, group: int) -> None:
        """It is gone, or about to be: its number may soon be somebody else's."""
        self._tell(-group)

    def _tell(self, group: int) -> None:
        pipe = self._popen.stdin
        assert pipe is not None
        with self._lock, contextlib.suppress(OSError, ValueError):
            pipe.write(f"{group}\n")
            pipe.flush()

    def leave(self) -> None:
        """In a forked child: let go of the pipe, or the guard would wait for this process too."""
        pipe = self._popen.stdin
        assert pipe is not None
        with contextlib.suppress(OSError):
            pipe.close()

    def close(self) -> None:
        """No worker is left."""
        self.leave()
        self._popen.wait()
