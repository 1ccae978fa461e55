"""One worker process, from the engine's side.

Owns: the process, the channel to it, the pipes of what is written to its descriptors. Called by: the executor; starting
and reaping on its thread only. Guarantees: it is killed with all that its tasks have started, and never once somebody
else may have its number.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from ipyflow.executors.processes.guard import Guard
from ipyflow.model.ports import Work
from ipyflow.model.wire import Package
from ipyflow.wire.channel import Channel
from ipyflow.wire.tally import Tally

_CODE = "import json, sys; sys.path[:] = json.load(sys.stdin); import ipyflow.worker.main as worker; worker.main()"
_CHUNK = 1 << 16


class Process:
    """A worker process; see the module."""

    def __init__(self, number: int, guard: Guard, is_full: Callable[[Process], None]) -> None:
        self._guard, self._is_full = guard, is_full
        self.number, self.label = number, f"process-{number}"
        self.work: Work | None = None
        """What it runs, or is about to; changed under the executor's lock."""
        self.last: Callable[[str, str], None] | None = None
        """Where output goes that comes when it has no work: to the log of what it ran before."""
        self.words = ""
        """What it has written without any work."""
        self.is_ready = False
        self.is_alive = True
        self._path = [entry for entry in sys.path if isinstance(entry, str)]
        self._reaping = threading.Lock()
        self._sent = 0
        self._begun = Tally()
        mine, theirs = socket.socketpair()
        handed_over = (theirs.fileno(), self._begun.fd)
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-c", _CODE, *map(str, handed_over), str(os.getpid())],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=handed_over,
                start_new_session=True, bufsize=0,
            )  # fmt: skip
        except BaseException:
            mine.close()
            self._begun.close()
            raise
        finally:
            theirs.close()
        guard.watch(self._popen.pid)
        assert self._popen.stdin is not None
        with contextlib.suppress(OSError), self._popen.stdin as stdin:
            stdin.write(json.dumps(self._path).encode())
        self.channel = Channel(mine)
        self.ending = os.pidfd_open(self._popen.pid) if hasattr(os, "pidfd_open") else None
        """Readable when it has ended, where the platform has that."""
        self.pipes: dict[Any, str] = {self._popen.stdout: "stdout", self._popen.stderr: "stderr"}
        self._decoders = {stream: codecs.getincrementaldecoder("utf-8")("replace") for stream in self.pipes.values()}
        for pipe in self.pipes:
            os.set_blocking(pipe.fileno(), False)

    @property
    def pid(self) -> int:
        """Its number."""
        return self._popen.pid

    def send(self, message: Any) -> None:
        """Send a message, without waiting for whoever does not listen; where it is dead, that is about to be heard."""
        try:
            if not self.channel.post(message):
                self._is_full(self)
        except OSError:
            self.kill()  # so that the end of what it has is heard, whatever the matter is

    def run(self, package: Package) -> None:
        """Send it a call."""
        self._sent += 1
        self.send(("run", package))

    @property
    def has_begun(self) -> bool:
        """Whether it has begun with the body that it was sent last."""
        return self._begun.count == self._sent

    def flush(self) -> bool:
        """Send what is left; True when nothing is."""
        try:
            return self.channel.flush()
        except OSError:
            self.kill()
            return True

    def send_path(self, path: list[str]) -> None:
        """Have it import from where this process does."""
        if path != self._path:
            self._path = [entry for entry in path if isinstance(entry, str)]
            self.send(("path", self._path))

    def read(self, pipe: Any) -> str | None:
        """What came through a pipe; ``None`` when no more will."""
        if pipe not in self.pipes:
            return None
        try:
            data = os.read(pipe.fileno(), _CHUNK)
        except BlockingIOError:
            return ""
        except OSError:
            return None
        return self._decoders[self.pipes[pipe]].decode(data) if data else None

    def has(self, pipe: Any) -> bool:
        """Whether there is more in a pipe."""
        return pipe in self.pipes and _is_readable(pipe)

    def is_fit(self) -> bool:
        """Whether it can be given work: it has not ended, and nothing it has said is still to be heard."""
        return self.is_alive and not self.speaks() and (self.ending is None or not _is_readable(self.ending))

    def speaks(self) -> bool:
        """Whether something it has said is still to be heard."""
        return _is_readable(self.channel)

    def kill(self) -> None:
        """End it, and what its tasks have started in its group."""
        with self._reaping:
            if self._popen.returncode is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._popen.pid, signal.SIGKILL)

    @property
    def files(self) -> list[Any]:
        """All that can be heard of it."""
        return [self.channel, *([self.ending] if self.ending is not None else []), *self.pipes]

    def end(self) -> str:
        """It has hung up: see that it is gone; says in words how it went."""
        self.is_alive = False
        self.kill()  # what its tasks have started is still there; how it ended itself is decided already
        self._guard.forget(self._popen.pid)  # behind that: were we killed in between, nobody would do it
        with self._reaping:
            code = self._popen.wait()
        return said(code)

    def close(self) -> None:
        """Nobody listens to it any more."""
        self.channel.close()
        self._begun.close()
        if self.ending is not None:
            os.close(self.ending)
        for pipe in self.pipes:
            pipe.close()
        self.pipes = {}


def _is_readable(file: Any) -> bool:
    poll = select.poll()  # not select(): a process may have thousands of files open
    try:
        poll.register(file, select.POLLIN)
    except (OSError, ValueError):  # closed
        return False
    return bool(poll.poll(0))


def said(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if -code == signal.SIGKILL:
        return f"was killed ({name}), as happens when the machine runs out of memory"
    return f"died of {name}"
