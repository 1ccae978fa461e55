"""Plugins: in a Dask scheduler, what keeps it from running a task of ours a second time; in a worker, from a Ctrl-C.

Called by: the scheduler and the workers, on their loops. Guarantees: a task that was sent to a worker is sent to no
other once that worker is gone, and a value that was lost is not computed anew; both end in an error, and ``retries=``
decides. Other tasks of the scheduler are left alone.

By itself Dask runs a task again when its worker goes: up to ``allowed-failures`` times when the worker died in the
middle of it, any number of times when the worker was sent away or had the value of a task that had ended.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
from typing import Any

from distributed.diagnostics.plugin import SchedulerPlugin, WorkerPlugin

_PR_SET_PDEATHSIG = 1
NAME = "ipyflow"
MARK = "-ipyflow"
"""The keys of our tasks end in it."""
GONE = "ipyflow-gone"
"""The topic under which the addresses of workers that have gone are told."""


def is_ours(key: Any) -> bool:
    """Whether the key is that of a task of ours."""
    return type(key) is str and key.endswith(MARK)


def leave(topic: str, dask_scheduler: Any) -> None:
    """An engine has gone: nobody asks again for the last of what its bodies have said."""
    dask_scheduler._broker.truncate(topic)


def refuse(keys: list[str], dask_scheduler: Any) -> None:
    """Tasks are cancelled: those that are still on their way here are not to be taken."""
    plugin = dask_scheduler.plugins.get(NAME)
    if plugin is not None:
        plugin.refused.update(key for key in keys if key not in dask_scheduler.tasks)


class OnceOnly(SchedulerPlugin):
    """See the module."""

    name = NAME
    idempotent = True

    def __init__(self) -> None:
        self.refused: set[str] = set()

    async def start(self, scheduler: Any) -> None:
        """The scheduler has taken it on."""
        self.scheduler = scheduler

    def update_graph(self, scheduler: Any, *, tasks: Any, **_: Any) -> None:
        """New tasks: the first worker that dies under one is one too many."""
        for key in tasks:
            if is_ours(key):
                scheduler.tasks[key].suspicious = scheduler.allowed_failures
                if key in self.refused:
                    self.refused.discard(key)
                    scheduler.tasks[key].has_lost_dependencies = True  # so it is forgotten before it begins

    def transition(self, key: Any, start: str, finish: str, *_: Any, **__: Any) -> None:
        """A task goes from one state to the next."""
        if start == "processing" and finish in ("memory", "released", "waiting") and is_ours(key):
            task = self.scheduler.tasks[key]
            if finish == "memory":
                task.run_spec = None  # as for data that was brought there: it cannot be made again
            elif task.who_wants:
                task.has_lost_dependencies = True  # so it is forgotten, and the client told so, instead of run again

    def remove_worker(self, scheduler: Any, worker: str, **_: Any) -> None:
        """A worker has gone."""
        scheduler.log_event(GONE, worker)


class Undisturbed(WorkerPlugin):
    """A Ctrl-C that is meant for the engine's process goes to all of its group: workers in it take no notice.

    Those that are its children end with it, even if their bodies let nobody look whether it is there.
    """

    name = "ipyflow-undisturbed"

    def __init__(self) -> None:
        self._host, self._group, self._process = socket.gethostname(), os.getpgid(0), os.getpid()

    def setup(self, worker: Any) -> None:
        """The worker has started, or has been there before."""
        ours = (socket.gethostname(), os.getpgid(0)) == (self._host, self._group)
        if ours and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if ours and os.getppid() == self._process and sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
