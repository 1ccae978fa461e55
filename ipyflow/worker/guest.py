"""The engine as a body in a worker sees it: what is submitted here goes to the real one, and is answered from there.

Owns: the questions that wait for an answer, the futures that the body holds. Called by: the body's threads, and whoever
hears the other end (``receive``). Guarantees: a wait in the body is a wait of its task, as in a thread of the engine's
own process: its slot is free meanwhile.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from contextvars import Context, copy_context
from threading import get_ident
from types import SimpleNamespace
from typing import Any, Protocol

from ipyflow.engine import crossing
from ipyflow.engine.context import Group, current_call, scope
from ipyflow.engine.plan import Plan
from ipyflow.errors import RemoteTraceback, WouldDeadlock
from ipyflow.model import records as r
from ipyflow.model.ports import Hearing
from ipyflow.model.wire import Head, Message, Outcome, Parcel
from ipyflow.wire import pickling
from ipyflow.worker.futures import GuestFuture
from ipyflow.worker.outbox import Outbox


class Link(Protocol):
    """The way to the engine."""

    def send(self, message: Message) -> None:
        """Send a message; from any thread."""

    def pack(self, value: Any) -> Parcel:
        """Pickle a value for the way there."""

    def unpack(self, parcel: Parcel) -> Any:
        """What came from there."""


class _Place:
    """Stands for the executor of a body: the engine's own is told of waits by messages."""

    name, remote, keeps = "worker", False, False

    def blocked(self, work: Any) -> None:
        """The engine was told."""

    def unblocked(self, work: Any) -> None:
        """The engine was told."""


class GuestRun:
    """The run of the body's task, as far as it is known here."""

    def __init__(self, guest: Guest, id: int, name: str) -> None:
        self.engine, self.id, self.name = guest, id, name
        self.unobserved: dict[int, Any] = {}

    def append_row(self, row: tuple[Any, ...]) -> None:
        """A record: that a future was read."""
        if row[0] == r.READ:
            self.engine.tell(("read", row[2]))

    def append(self, record: Any) -> None:
        """A record: progress, or a note."""
        if isinstance(record, r.Progress):
            self.engine.tell(("progress", record.done, record.total, record.label))

    def __repr__(self) -> str:
        return f"<Run {self.id} {self.name}, seen from a worker>"


class GuestCall:
    """The attempt whose body runs here; what ``current()``, prints and waits look at."""

    is_entry = False
    wake: Callable[[], None] | None = None
    lent: tuple[Any, ...] = ()

    def __init__(self, guest: Guest, head: Head, task: Any) -> None:
        self.engine, self.task, self.attempt, self.label_group = guest, task, head.attempt, head.group
        self.future = GuestFuture(guest, head.id, head.name)
        self.executor = _Place()
        self.ident = get_ident()
        self.stopped = guest.stopped
        self._waits = 0
        self._lock = threading.Lock()

    @property
    def label(self) -> str:
        """``name#id``."""
        return self.future.label

    def write(self, stream: str, text: str) -> None:
        """What the body prints."""
        self.engine.outbox.write(stream, text)

    def begin_wait(self, on: tuple[int, ...]) -> None:
        """The body begins to wait."""
        with self._lock:
            self._waits += 1
            first = self._waits == 1
        if first:
            self.engine.outbox.flush()
            self.engine.tell(("wait", on))

    @property
    def waits(self) -> int:
        """Waits that it stands in."""
        return self._waits

    def end_wait(self) -> None:
        """The body would go on: when its permits are back, it does."""
        with self._lock:
            self._waits -= 1
            last = self._waits == 0
        if last:
            self.engine.ask_back(lambda seq: ("resume", seq))


class Guest:
    """Stands for the engine; see the module."""

    def __init__(self, head: Head, link: Link) -> None:
        self.link = link
        self.loop: Any = SimpleNamespace(ident=-1, here=lambda: False, loop=None)
        self.run = GuestRun(self, head.run_id, head.run_name)
        self.outbox = Outbox(lambda stream, text: self.tell(("output", stream, text)))
        self._seqs = itertools.count(1)
        self._questions: dict[int, _Question] = {}
        self._watched: dict[int, list[GuestFuture]] = {}
        self._lock = threading.Lock()
        self.call: GuestCall | None = None
        self.stopped = False
        self.over = False

    def now(self) -> float:
        """The time here; records are stamped where they are kept."""
        return time.monotonic()

    def tell(self, message: Message) -> None:
        """Send a message, if there is still anybody to hear it."""
        if not self.over:
            self.link.send(message)

    def ask_back(self, message: Callable[[int], Message]) -> Any:
        """Send a question and wait for the answer.

        Returns:
            The answer; with it the outcome, if it was asked for the state of a future that has one.

        Raises:
            Exception: what answering it raised there.
        """
        if isinstance(threading.current_thread(), Hearing):
            raise WouldDeadlock("a callback in a worker cannot ask the engine: let the body do it, after a wait")
        seq = next(self._seqs)
        question = self._questions[seq] = _Question()
        if self.over:
            raise RuntimeError("the task has ended: what it left running cannot reach the engine any more")
        self.link.send(message(seq))
        question.come.acquire()
        ok, parcel, outcome = question.answer
        answer = crossing.across(self, self.link.unpack, parcel)
        if not ok:
            raise answer
        return answer if outcome is None else (answer, outcome)

    def receive(self, message: Message) -> None:
        """The engine says something."""
        match message:
            case ("reply", seq, ok, parcel, outcome):
                question = self._questions.pop(seq, None)
                if question is not None:
                    question.answer = (ok, parcel, outcome)
                    question.come.release()
            case ("settled", id, outcome):
                with self._lock:
                    watched = self._watched.pop(id, [])
                for future in watched:
                    self.settle(future, outcome)
            case ("stop",):
                self.stopped = True
                call = self.call
                if call is not None:
                    call.stopped = True
                    if call.wake is not None:
                        call.wake()

    # What is asked of an engine.

    def submit(self, task: Any, args: tuple[Any, ...], kwargs: dict[str, Any], launch: bool = True) -> GuestFuture:
        """Have the engine run a child."""
        return self._submit((task, args, kwargs))

    def submit_plan(self, plan: Plan) -> GuestFuture:
        """Have the engine run a pipeline."""
        return self._submit(plan)

    def _submit(self, what: Any) -> GuestFuture:
        here = scope.get()
        label = here.label if type(here) is Group else None
        try:
            parcel = crossing.across(self, self.link.pack, what)
        except Exception:
            if isinstance(what, Plan):
                raise
            task, args, kwargs = what
            raise pickling.refused_child(task.fn, args, kwargs) from None
        id, name = self.ask_back(lambda seq: ("submit", seq, parcel, label))
        return GuestFuture(self, id, name)

    def dispatch(self, call: None) -> None:
        """Nothing is ever ready here."""

    def is_asked(self, future: GuestFuture) -> bool:
        """Whether a future is a prompt that can be answered here: that is done where the engine is."""
        return False

    def ask(self, future: GuestFuture, what: str, *args: Any) -> Any:
        """Ask of a future, or do something with it."""
        return self.ask_back(lambda seq: ("ask", seq, future.id, what, args))

    def watch(self, future: GuestFuture) -> None:
        """Be told when it is settled."""
        with self._lock:
            watched = self._watched.setdefault(future.id, [])
            watched.append(future)
            first = len(watched) == 1
        if first:
            self.tell(("watch", future.id))

    def settle(self, future: GuestFuture, outcome: Outcome) -> None:
        """A future has its outcome."""
        assert outcome.parcel is not None
        value = crossing.across(self, self.link.unpack, outcome.parcel)
        if outcome.kind == "error":
            value.__cause__ = RemoteTraceback(outcome.trace)
            future.settle(None, value)
        else:
            future.settle(value, None)

    # The border, on this side.

    def future_out(self, future: Any) -> crossing.Reduced:
        """A reference."""
        return crossing.future_in, (future.id, "", "", False, None, None)

    def future_in(self, id: int, name: str, state: str, settled: bool, value: Any, error: Any) -> GuestFuture:
        """A handle of this side, with the outcome where it came along."""
        future = GuestFuture(self, id, name)
        if settled:
            future.settle(value, error)
        return future

    def task_out(self, task: Any, remake: crossing.Reduced) -> crossing.Reduced:
        """By its number, if it came from there; else by value."""
        if task._is_guest:
            return crossing.task_in, (task._key, dict(task._changes), _nothing, ())
        return crossing.task_in, (None, {}, *remake)

    def task_in(self, key: int | None, changes: dict[str, Any], remake: crossing.Reduced) -> Any:
        """A task like the one there."""
        make, args = remake
        task = make(*args)
        task._key, task._is_guest = key, key is not None
        return task

    def kept_out(self, kept: Any) -> crossing.Reduced:
        """Workers keep nothing of the sort."""
        raise RuntimeError("a value that stays elsewhere cannot be sent back")

    values: tuple[Any, ...] = ()
    """What was brought beside the package, by place."""

    def kept_in(self, place: int) -> Any:
        """The value that was brought there otherwise."""
        return self.values[place]


class _Question:
    """A question that waits for its answer."""

    __slots__ = ("answer", "come")

    def __init__(self) -> None:
        self.come = threading.Lock()
        self.come.acquire()
        self.answer: tuple[bool, Any, Outcome | None]


def _nothing() -> None:
    """What is never called: the engine knows the task by its number."""


class Here:
    """The default engine of a worker process: hands on to the guest of whichever body asks."""

    is_guest = True

    @staticmethod
    def _guest() -> Guest:
        call = current_call()
        if call is None:
            raise RuntimeError(
                "in a worker, only the body of a task can submit: in a thread of its own making, "
                "run it in contextvars.copy_context()"
            )
        return call.engine  # type: ignore[return-value]

    def submit(self, task: Any, args: tuple[Any, ...], kwargs: dict[str, Any], launch: bool = True) -> GuestFuture:
        """Submit a child of the body that asks."""
        return self._guest().submit(task, args, kwargs)

    def submit_plan(self, plan: Plan) -> GuestFuture:
        """Submit a pipeline below the body that asks."""
        return self._guest().submit_plan(plan)

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(
            f"this cannot be done in a worker (it needs the engine's {name}): do it in a flow on threads, "
            "and submit from there what is to run in workers"
        )


def context_of(call: GuestCall) -> Context:
    """The context in which the body of ``call`` runs."""
    context = copy_context()  # of a cluster's worker, with what that has set
    context.run(scope.set, call)  # type: ignore[arg-type]
    return context
