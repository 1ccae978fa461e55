"""Running the body of a task in a worker.

Called by: the worker's main loop, a cluster's worker, the pool of another library. Guarantees: whatever the body does
short of ending the process comes back as an outcome; its output is sent while it runs, or collected where there is no
way to send it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

from ipyflow.engine import crossing, default, output
from ipyflow.engine.describe import message, packed, traceback_text, trim
from ipyflow.engine.future import Future
from ipyflow.engine.plan import Plan
from ipyflow.engine.references import find
from ipyflow.errors import NotPicklable
from ipyflow.model.wire import Message, Outcome, Package, Parcel
from ipyflow.wire import pickling
from ipyflow.wire.failures import portable
from ipyflow.worker.guest import Guest, GuestCall, Here, Link, context_of


class Collected:
    """The link of a body that cannot reach the engine: keeps what it prints, refuses the rest."""

    def __init__(self) -> None:
        self.output: list[tuple[str, str]] = []

    def send(self, message: Message) -> None:
        """Keep output; anything that wants an answer cannot be."""
        if message[0] == "output":
            self.output.append((message[1], message[2]))
        elif message[0] in ("submit", "ask", "watch", "wait"):
            raise RuntimeError(
                "an executor of another library gives its tasks no way back to the engine, so they cannot submit or "
                "wait for others: use executor='processes' or 'threads'"
            )

    def pack(self, value: Any) -> Parcel:
        """Bytes only: that is what the other library carries."""
        return pickling.pack(value, apart=False)

    def unpack(self, parcel: Parcel) -> Any:
        """The value in a parcel."""
        return pickling.unpack(parcel)


def install(fork: bool = True) -> None:
    """Make this process a worker: what is submitted in it goes to the body's engine, what is printed to its log.

    Args:
        fork: send what is printed as messages; not where whoever has started the process reads its descriptors.
    """
    default.install(Here())  # type: ignore[arg-type]
    if fork:
        output.install()


def begin(package: Package, link: Link) -> Guest:
    """The guest of a body that is about to run; the link hands on to its ``receive``."""
    return Guest(package.head, link)


def run(package: Package, guest: Guest, stays: Callable[[Any], bool] | None = None) -> tuple[Outcome, Any]:
    """Run a body.

    Args:
        package: the call.
        guest: from :func:`begin`.
        stays: says of a value whether it is to stay here, where the call allows that.

    Returns:
        How it ended; and the value, where it stays.
    """
    try:
        return _run(package, guest, stays)
    finally:
        guest.over = True


def _run(package: Package, guest: Guest, stays: Callable[[Any], bool] | None) -> tuple[Outcome, Any]:
    head = package.head
    _log_as_there(head.log_level)
    try:
        task, args, kwargs = crossing.across(guest, guest.link.unpack, package.body)
        call = guest.call = GuestCall(guest, head, task)
        call.stopped = guest.stopped  # it may have come just before the call was there
        value = context_of(call).run(task.fn, *args, **kwargs)
    except BaseException as error:
        guest.outbox.flush()
        return _failed(guest, error), None
    guest.outbox.flush()
    if stays is not None and head.keep and _may_stay(value) and stays(value):
        return Outcome("kept", None, type(value).__name__, packed(value)), value
    try:
        return Outcome("value", crossing.across(guest, guest.link.pack, value)), None
    except BaseException:
        return _failed(guest, crossing.across(guest, pickling.refused_value, value)), None


def _may_stay(value: Any) -> bool:
    """Not what the task would go on as, nor what holds futures."""
    return not isinstance(value, (Plan, Future)) and not find(value)


def _failed(guest: Guest, error: BaseException) -> Outcome:
    trace = _trace(error)
    for leave_out in (False, True):
        try:
            travelling = portable(error, pickling.dumps) if leave_out else error
            # Some classes of errors can be pickled and not be made again.
            crossing.across(guest, guest.link.unpack, crossing.across(guest, guest.link.pack, travelling))
            return Outcome("error", crossing.across(guest, guest.link.pack, travelling), trace=trace)
        except BaseException:
            continue
    text = f"{type(error).__name__}: {message(error)} (an exception of this class cannot be pickled and made again)"
    return Outcome("error", guest.link.pack(NotPicklable(text)), trace=trace)


def _trace(error: BaseException) -> str:
    """The traceback from the first line on that is the user's."""
    error = error.with_traceback(trim(error.__traceback__))
    return traceback_text(error)


class _Handler(logging.StreamHandler[Any]):
    """Writes to whatever ``sys.stderr`` is when something is logged."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        """The stream of now."""
        return sys.stderr

    def __repr__(self) -> str:
        return "<handler of a worker>"


def _log_as_there(level: int | None) -> None:
    """Log what the engine's process would log, in the task's log."""
    root = logging.getLogger()
    if level is None or any(not isinstance(handler, _Handler) for handler in root.handlers):
        return
    if not root.handlers:
        handler = _Handler()
        handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
        root.addHandler(handler)
    root.setLevel(level)
