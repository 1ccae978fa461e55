"""An adopted executor whose workers are in other processes: calls go there as bytes, and their ends come back so.

Owns: which call is which future of the executor. Called by: any thread; hears of ends on a thread of its own, for the
executor's may not be held up. Guarantees: each call that was handed over ends once, however the executor ends it.

There is no way back while a body runs: what it prints comes with its end, it cannot submit or wait for other tasks,
and it cannot be stopped.
"""

from __future__ import annotations

import concurrent.futures
import itertools
import logging
import pickle
import queue
import threading
from collections.abc import Callable

from ipyflow.errors import NotPicklable, WorkerLost
from ipyflow.model.ports import Hearing, Remote, Work
from ipyflow.model.wire import Message, Outcome, Parcel
from ipyflow.worker import foreign

_Future = concurrent.futures.Future[foreign.Sent]


class Flight:
    """A call that was handed over."""

    def __init__(self, work: Work, host: Remote) -> None:
        self.work, self.host = work, host
        self.number = 0
        self.begun: bool | None = None
        self.lock = threading.Lock()


class There:
    """The way to the workers; see the module.

    Args:
        pool: the executor.
        name: of its class.
        tells: its futures say when their call starts.
    """

    def __init__(self, pool: concurrent.futures.Executor, name: str, tells: bool) -> None:
        self.pool, self.name, self.tells = pool, name, tells
        self._lock = threading.Lock()
        self._queue: dict[Work, None] = {}
        """Calls that are kept back, in their order."""
        self._out = 0
        """Calls that are with the executor."""
        self._at: dict[Work, _Future] = {}
        self._numbers: set[int] = set()
        self._ends: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_over = False

    def dispatch(self, work: Work) -> None:
        """Hand a call over, or keep it until a worker is free.

        What an executor has taken, it may count as running before a worker has it, and then neither cancels it nor says
        when it really starts; so it is given no more than it has workers, where it tells how many that are.
        """
        with self._lock:
            most = getattr(self.pool, "_max_workers", None)
            if isinstance(most, int) and self._out >= most > 0:
                self._queue[work] = None
                return
            self._out += 1
        self._hand_over(work)

    def _hand_over(self, work: Work | None) -> None:
        """Hand over this call; another from the queue, where that cannot be."""
        try:
            while work is not None and not self._is_taken(work):
                work = self._next()
        except BaseException:  # Ctrl-C: whoever submits has it mended, see ``Executor.mend``
            with self._lock:
                self._out -= 1
            raise

    def _next(self) -> Work | None:
        """A call is no longer with the executor: the next may go there."""
        with self._lock:
            work = next(iter(self._queue), None)
            if work is None:
                self._out -= 1
            else:
                del self._queue[work]
            return work

    def _is_taken(self, work: Work) -> bool:
        """Hand a call over; False where the executor does not take it."""
        host = work.remote
        try:
            package = host.package()
            if not package.body.data:  # it was not to be pickled when it was submitted: now it is
                package = host.package()
        except Exception as error:
            self._fail(host, error)
            return False
        flight = Flight(work, host)
        try:
            future = self.pool.submit(foreign.run_package, pickle.dumps(package.head), package.body.data)
        except Exception as error:
            self._fail(host, refusal(self.name, host.label, error))
            return False
        with self._lock:
            self._at[work] = future
        self._listen(flight, future)
        return True

    def _fail(self, host: Remote, error: Exception) -> None:
        self._tell(lambda: host.failed(error))

    def _tell(self, end: Callable[[], None]) -> None:
        """Have the thread do something; start it, if it is the first."""
        with self._lock:
            if self._thread is None:
                self._thread = Hearing(self._hear, f"ipyflow-{self.name}")
                self._thread.start()
            self._ends.put(end)
            if self._is_over:  # a body that nobody waits for has returned at last
                self._ends.put(None)

    def _listen(self, flight: Flight, future: _Future) -> None:
        """Hear of the start and of the end of a call."""
        if self.tells:
            start = future.set_running_or_notify_cancel

            def started() -> bool:
                goes_on = start()
                if goes_on:
                    self._begin(flight)
                return goes_on

            # The executor calls it when the call leaves its queue: nothing else says when that is.
            future.set_running_or_notify_cancel = started  # type: ignore[method-assign]
            if future.running():
                self._begin(flight)
        else:
            self._begin(flight)

        def over(ended: _Future) -> None:
            if self.tells:  # on the executor's own thread: a worker is free just now
                self._hand_over(self._next())
            self._tell(lambda: self._ended(flight, ended))

        future.add_done_callback(over)

    def _begin(self, flight: Flight) -> bool:
        """The body starts, as far as one knows; False when it was stopped before."""
        with flight.lock:
            if flight.begun is None:
                label = self.name
                if self.tells:
                    with self._lock:
                        flight.number = next(n for n in itertools.count(1) if n not in self._numbers)
                        self._numbers.add(flight.number)
                    label = f"{self.name}-{flight.number}"
                flight.begun = flight.host.begin(label)
            return flight.begun

    def cancel(self, work: Work) -> None:
        """Take it out of the queue, ours or the executor's."""
        with self._lock:
            self._queue.pop(work, 0)
            future = self._at.get(work)
        if future is not None:
            future.cancel()

    def abandon(self, work: Work) -> None:
        """Say that the body goes on, if it does."""
        future = self._at.get(work)
        if future is not None and not future.done():
            text = f"{self.name} has no way to stop a body that runs: it goes on until it returns"
            work.remote.heard(("noted", "abandoned", text), _no_answer)

    def forget(self) -> None:
        """In a forked child."""
        self._lock, self._thread = threading.Lock(), None
        self._queue, self._at = {}, {}

    def end(self) -> None:
        """Hear of nothing more, but of what still runs."""
        with self._lock:
            self._is_over = True
            self._ends.put(None)

    # On the thread.

    def _hear(self) -> None:
        while True:
            end = self._ends.get()
            if end is None:
                with self._lock:
                    if self._ends.empty():
                        self._thread = None
                        return
                continue
            try:
                end()
            except Exception:  # of a callback: the others are still to be heard
                logging.getLogger(__name__).exception("the thread that hears %s goes on after an error", self.name)

    def _ended(self, flight: Flight, future: _Future) -> None:
        """A call has ended, or the executor has given it up."""
        host = flight.host
        with self._lock:
            self._at.pop(flight.work, None)
            self._numbers.discard(flight.number)
        if not self.tells:
            self._hand_over(self._next())
        if future.cancelled() and not flight.begun:
            host.failed(given_up(self.name, host.label, "cancelled"))
            return
        if not self._begin(flight):
            return
        if future.cancelled():
            host.lost(f"{self.name} has cancelled it")
            return
        error = future.exception()
        if error is None:
            told, data = future.result()
            outcome: Outcome = pickle.loads(told)
            host.ended(outcome._replace(parcel=None if data is None else Parcel(data)))
        elif isinstance(error, concurrent.futures.BrokenExecutor):
            host.lost(
                f"a worker of its {self.name} has died, and with it all that was in the pool ({error}): give the "
                "tasks a new one, or executor='processes', where a worker dies alone"
            )
        else:
            host.lost(f"{self.name} could not run it, or bring back how it ended: {type(error).__name__}: {error}")


def refusal(name: str, label: str, error: Exception) -> Exception:
    """Why an executor did not take a call."""
    if isinstance(error, NotPicklable):
        return error
    if isinstance(error, concurrent.futures.BrokenExecutor):
        why: Exception = WorkerLost(f"{label}: its {name} is broken ({error}): give the task a new one")
    else:
        text = f"{name} does not take {label} ({type(error).__name__}: {error}): is it shut down? Give the task another"
        why = RuntimeError(text)
    why.__cause__ = error
    return why


def _no_answer(message: Message) -> None:
    """Nothing was asked."""


def given_up(name: str, label: str, why: object) -> WorkerLost:
    """What becomes of a call that an executor gives up before it began."""
    return WorkerLost(f"{label}: its {name} has given it up before it began ({why}); submit it elsewhere")
