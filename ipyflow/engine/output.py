"""What tasks print: ``sys.stdout`` and ``sys.stderr`` with a fork in the road.

A write from inside a task's body goes to the task's own log, any other goes on to the real stream. Notebook
kernels send a thread's output to whatever cell happens to run, so the engine files it itself. A warning is known by
its form. The streams are wrapped when the first task starts, and again if somebody has replaced them since; a
replaced stream stays in charge of all that is not a task's.

Not caught: what C code or a child process writes to the file descriptor, and threads that a body starts without
handing its context on.
"""

from __future__ import annotations

import io
import re
import sys
import threading
from typing import Any, TextIO

from ipyflow.engine.context import current_call, scope

_installing = threading.Lock()
# How `warnings` writes one, all in one write: the place, the class, the words.
_WARNING = re.compile(r"[^\n]+:\d+: \w*Warning: ")


def kind(stream: str, text: str) -> str:
    """The stream that a piece of output is filed under: a warning is one of its own, whoever wrote it."""
    return "warning" if stream == "stderr" and _WARNING.match(text) else stream


class Fork(io.TextIOBase):
    """A text stream that sends what a task writes to the task's log, all else to ``real``."""

    def __init__(self, real: TextIO, stream: str) -> None:
        self.real, self.stream = real, stream

    def write(self, text: str) -> int:
        """Write to the task that runs here, or to the real stream."""
        call = current_call()
        if call is None:
            return self.real.write(text)
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        call.write(kind(self.stream, text), text)
        if call.task.options.stdout == "cell":
            self.real.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the real stream, unless a task writes."""
        if current_call() is None:
            self.real.flush()

    def writable(self) -> bool:
        """Always."""
        return True

    def fileno(self) -> int:
        """The real stream's: what a child process is given writes there."""
        return self.real.fileno()

    def isatty(self) -> bool:
        """The real stream's."""
        return self.real.isatty()

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """The real stream's."""
        return getattr(self.real, "errors", None)

    @property
    def newlines(self) -> Any:  # type: ignore[override]
        """The real stream's."""
        return getattr(self.real, "newlines", None)

    @property
    def closed(self) -> bool:
        """The real stream's."""
        return bool(getattr(self.real, "closed", False))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The real stream's."""
        return getattr(self.real, "encoding", "utf-8") or "utf-8"

    def close(self) -> None:
        """Never closes the real stream: it is not ours."""


def install() -> None:
    """Put a fork before the streams that are there now."""
    with _installing:
        if type(sys.stdout) is not Fork and sys.stdout is not None:
            sys.stdout = Fork(sys.stdout, "stdout")
        if type(sys.stderr) is not Fork and sys.stderr is not None:
            sys.stderr = Fork(sys.stderr, "stderr")


def show(stream: str, text: str) -> None:
    """Write to the real ``stdout`` or ``stderr``, as if no task were running."""
    target: Any = getattr(sys, stream)
    (target.real if type(target) is Fork else target).write(text)


def after_fork() -> None:
    """In a forked child: whoever held the lock is not here, and what it prints is nobody's task."""
    global _installing
    _installing = threading.Lock()
    scope.set(None)
    uninstall()


def uninstall() -> None:
    """Take the forks away where they are still in place."""
    with _installing:
        if type(sys.stdout) is Fork:
            sys.stdout = sys.stdout.real
        if type(sys.stderr) is Fork:
            sys.stderr = sys.stderr.real
