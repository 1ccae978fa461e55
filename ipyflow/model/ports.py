"""What the engine needs from others, as protocols: a clock, executors, something that shows runs.

Executors and stores implement these; the engine is handed the implementations by ``ipyflow.session``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from os import PathLike
from typing import Any, Protocol

from ipyflow.model.records import Record
from ipyflow.model.wire import Message, Outcome, Package, Parcel


class Timer(Protocol):
    """A call that was planned and can be called off."""

    def cancel(self) -> None:
        """Call it off; no effect when it has been made already."""


class Clock(Protocol):
    """Where the engine's time comes from. Times are seconds from any fixed instant."""

    def now(self) -> float:
        """The time in seconds; never runs backwards."""

    def wall(self) -> float:
        """The same instant in seconds since the epoch."""

    def call_later(self, delay: float, callback: Callable[[], object]) -> Timer:
        """Plan ``callback`` in ``delay`` seconds, on a thread that the clock chooses."""


class Hearing(threading.Thread):
    """The thread on which an executor hears its workers, and tells the engine: nothing may wait for a task there."""

    def __init__(self, target: Callable[[], object], name: str) -> None:
        super().__init__(target=target, name=name, daemon=True)


class Remote(Protocol):
    """The engine's side of an attempt whose body runs elsewhere: what an executor tells it, on a thread of its own."""

    @property
    def label(self) -> str:
        """``name#id``, for messages."""

    @property
    def kept(self) -> Sequence[Any]:
        """Values that travel by reference beside the package, in the order in which it names them."""

    def package(self) -> Package:
        """What to send to a worker; once.

        Raises:
            NotPicklable: say so through :meth:`failed`.
        """

    def forget_body(self) -> None:
        """It is not going to be started: let go of what was to be sent."""

    def begin(self, worker: str) -> bool:
        """The body is about to start at ``worker``; False when it was stopped before and must not start."""

    def heard(self, message: Message, reply: Callable[[Message], None]) -> None:
        """The body says or asks something; ``reply`` may be called later, from any thread."""

    def late(self) -> Callable[[str, str], None]:
        """What files output, by its stream, that comes when the body has ended."""

    def ended(self, outcome: Outcome, kept: Any = None) -> None:
        """The body has ended; ``kept`` is its value where that stays at the worker."""

    def failed(self, error: BaseException) -> None:
        """It cannot be started at all."""

    def lost(self, why: str, began: bool = True) -> None:
        """The worker has gone under the body, whether by itself or because :meth:`Executor.cancel` has stopped it.

        Where it is known that the body had not begun, it is started elsewhere.
        """


class Work(Protocol):
    """One attempt of one task, as an executor sees it."""

    @property
    def label(self) -> str:
        """``name#id``, for messages."""

    @property
    def executor(self) -> Executor:
        """Where it runs."""

    @property
    def level(self) -> int:
        """How many unfinished tasks it is below."""

    @property
    def remote(self) -> Remote:
        """For an executor whose workers are elsewhere: what it uses in the place of :meth:`run`."""

    def run(self, worker: str) -> Work | None:
        """Run the body here and report the outcome, unless somebody else has taken the work or it was stopped.

        Work that is ``async def`` must be run on the loop's thread; it only starts there and ends by itself.
        Returns work that became ready through it, which the caller should run next.
        """

    def over_another(self) -> AbstractContextManager[None]:
        """For a place that runs work inside of what submits it: the body below on this thread stands still."""


class Executor(Protocol):
    """A place where work runs. ``dispatch`` never blocks; every work it accepts is run or cancelled once."""

    name: str
    remote: bool
    """True where bodies run elsewhere: then it is a :class:`RemoteExecutor`."""
    keeps: bool
    """True where values may stay at its workers."""

    def dispatch(self, work: Work) -> None:
        """Take the work; from any thread."""

    def follow(self, work: Work) -> Work | None:
        """Take work that became ready while this thread ends other work; may hand it back to be run at once."""

    def cancel(self, work: Work) -> None:
        """Stop the running body if the place can; the engine has released its waiters already."""

    def abandon(self, work: Work) -> None:
        """The engine waits for the running body no longer: its slot counts as free."""

    def returned(self, work: Work) -> None:
        """A body that was abandoned has returned after all; may come before ``abandon``."""

    def blocked(self, work: Work) -> None:
        """The running body begins to wait for other tasks: another may take its slot."""

    def unblocked(self, work: Work) -> None:
        """The running body goes on after a wait."""

    def crowded(self) -> bool:
        """True when a wait had better run its child on the waiting thread however deep that goes."""

    def mend(self) -> None:
        """A ``dispatch`` was interrupted at any point: see that the work that is there goes on."""

    def forget(self) -> None:
        """In a forked child: what it has is the parent's."""

    def shutdown(self, wait: bool) -> None:
        """Take no more work and let the workers go; ``wait`` for those that run."""


class RemoteExecutor(Executor, Protocol):
    """A place in another process or on another machine."""

    def pack(self, value: Any) -> Parcel:
        """Pickle ``value`` for the way there."""

    def unpack(self, parcel: Parcel) -> Any:
        """What came from there."""

    def refused(self, fn: Any, args: Any, kwargs: Any, where: Callable[[str], str | None]) -> Any:
        """The exception that says why a call cannot be pickled."""

    def refused_value(self, value: Any) -> Any:
        """The exception that says why a value cannot be pickled."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value that was kept: ``task`` of the run with the key ``run`` made it, ``made`` seconds since the epoch."""

    value: Any
    run: str
    task: int
    made: float


class Memory(Protocol):
    """What outlives the process. No method raises because something cannot be kept: that is said once, as a warning."""

    keeps_results: bool
    """Whether the values of a run's tasks are kept, so that it can go on after its kernel died."""

    def key_of(self, run: int) -> str:
        """By what a run of this engine is known in the history; empty where nothing is kept."""

    def look_up(self, key: str, max_age: float | None, then: Callable[[Found | None], object]) -> None:
        """Look for a value; ``then`` is called with it or ``None``, once, on another thread. Seconds of age at most."""

    def keep(self, key: str, value: Any, run: int, task: int) -> None:
        """Keep a value for whoever looks for it: it is pickled here and now, and written soon."""

    def keep_outcome(self, value: Any, run: int, task: int) -> None:
        """Keep the value of a task for the case that its run must go on in another kernel."""

    def keep_beginning(self, run: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Keep what a run's first call was given."""

    def keep_mark(self, run: int, task: int, mark: bytes) -> None:
        """Keep what tells a call from others of the same name and text."""

    def keep_source(self, run: int, text: str) -> None:
        """Keep the source of the cell that is the flow of a run."""

    def keep_resumed(self, run: int, key: str) -> None:
        """Keep that a run goes on with another one, known by its key in the history."""

    def code_of(self, run: int) -> tuple[str, dict[str, str]]:
        """The source of the cell that is the flow of a run, and those of its tasks, by ``module:name``; once written.

        Raises:
            HistoryUnavailable: they cannot be read.
        """


class Presenter(Protocol):
    """How runs and futures show themselves; the engine only passes the question on."""

    def mimebundle(self, handle: Any) -> dict[str, Any]:
        """All the forms in which ``handle`` (a run or a future) can be displayed."""

    def explain(self, handle: Any) -> str:
        """In words, where ``handle`` stands and why."""

    def export(self, run: Any, target: str | PathLike[str]) -> str | bytes:
        """Give ``run`` in a format, or write it to a path that ends in one; returns text, bytes or the path."""

    def exported(self, run: Any, name: str) -> dict[str, Any]:
        """Give ``run`` in a format as a page is answered: a name for the file, its type and what is in it."""

    def spans(self, run: Any) -> list[Any]:
        """Give ``run`` as spans of OpenTelemetry's SDK."""

    def lint(self, run: Any) -> Any:
        """What could be better in ``run``, as an object that displays itself."""

    def picture(self, run: Any, kind: str, beside: Sequence[Any] = (), by: str = "task") -> Any:
        """An object that displays the ``timeline``, ``graph`` or ``table`` of ``run``.

        A timeline may have other runs beside it, and a row ``by`` each ``task`` or ``worker``.
        """

    def what_if(self, run: Any, workers: Iterable[int] | None) -> Any:
        """An object that displays how long ``run`` would have taken with other numbers of workers."""

    def compare(self, before: Any, after: Any, sources: Sequence[Mapping[str, str]]) -> Any:
        """Two runs beside each other, as an object that displays itself.

        ``sources`` are the sources of their tasks by ``module:name``, as far as they are known.
        """

    def plan(self, records: Sequence[Record], form: str) -> Any:
        """What is planned, before it runs: as ``mimebundle``, or as text in ``dot`` or ``mermaid``."""
