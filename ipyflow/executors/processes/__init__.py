"""``executor="processes"``: bodies in processes of our own.

``pool`` decides, ``ears`` hears, ``process`` is one worker, ``guard`` ends them all when this process is gone.
"""

from __future__ import annotations

import socket
import sys

from ipyflow.errors import ExecutorUnavailable
from ipyflow.executors.processes.pool import Later, ProcessExecutor
from ipyflow.machine import cores


def make(size: int | None, call_later: Later) -> ProcessExecutor:
    """The executor of this machine.

    Args:
        size: bodies that run at once; ``None`` for the number of cores that this process may use.
        call_later: plans a call, in seconds.

    Raises:
        ExecutorUnavailable: the platform has no sockets that hand over files.
    """
    if not hasattr(socket, "send_fds") or sys.platform == "win32":
        raise ExecutorUnavailable(
            'executor="processes" needs Linux or macOS: here, give a concurrent.futures.ProcessPoolExecutor, '
            'or executor="dask"'
        )
    return ProcessExecutor(size or cores(), call_later)
