"""What the workers of other libraries' executors run: functions that any pickler finds by name, and bytes.

Called by: a worker of an executor that was adopted, wherever it is. Guarantees: whatever the body does short of ending
the process comes back as bytes; what it prints comes with them.
"""

from __future__ import annotations

import os
import pickle
import secrets
import socket
from threading import get_ident

from ipyflow.model.wire import Head, Package, Parcel
from ipyflow.worker import body

Place = tuple[str, int, str]
Sent = tuple[bytes, bytes | None]
"""How a body ended, pickled; and the pickle of its value, or of its error."""

TOKEN = secrets.token_hex(8)
"""Of this interpreter, beside the number of its process: one process may have several."""
_installed: int | None = None
"""The process that was made a worker; a forked one is another."""


def here() -> Place:
    """Names this interpreter."""
    return socket.gethostname(), os.getpid(), TOKEN


def look_around() -> tuple[Place, int]:
    """Where an executor runs what it is given: the interpreter, and the thread."""
    return here(), get_ident()


def run_package(head: bytes, data: bytes) -> Sent:
    """Run a call.

    Args:
        head: what is to be known of it, pickled.
        data: function, arguments and keyword arguments, pickled.
    """
    global _installed
    if _installed != os.getpid():
        body.install()
        _installed = os.getpid()
    link = body.Collected()
    known: Head = pickle.loads(head)
    package = Package(known, Parcel(data))
    outcome, _ = body.run(package, body.begin(package, link))
    parcel = outcome.parcel
    told = outcome._replace(parcel=None, output=tuple(link.output))
    return pickle.dumps(told), None if parcel is None else parcel.data
