"""The handle of a task that was submitted: a ``concurrent.futures.Future`` one can also await.

Owns: the outcome and who waits for it. Called by: any thread. Guarantees: the outcome is set once (until a
retry), waiters and callbacks registered before or after hear of it exactly once, and never under a lock of ours.

A plain future of the standard library makes a condition and a lock each time; nearly no future needs them. Here they
come into being when the standard library asks (``wait``, ``as_completed``). The exactly-once of callbacks rests
on ``list.append`` and ``list.pop`` being atomic, which holds with and without the interpreter lock.
"""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from ipyflow.engine import awaiting, blocking, crossing, debugging
from ipyflow.engine.context import current_call
from ipyflow.engine.kept import Kept
from ipyflow.errors import FormError, TaskCancelled
from ipyflow.model import records as r
from ipyflow.model.status import FINAL_STATES, State

if TYPE_CHECKING:
    from ipyflow.engine.call import Call
    from ipyflow.engine.options import Definition
    from ipyflow.engine.run import Run

T = TypeVar("T")
_making = threading.Lock()


def after_fork() -> None:
    """In a forked child: whoever held the lock is not here."""
    global _making
    _making = threading.Lock()


class _Waiters(list[Any]):
    """The waiters of the standard library, which count what they hear: each hears of a future once, retried or not."""

    def __init__(self, side: _StandardSide) -> None:
        super().__init__()
        self._side = side
        self._told: list[Any] = []

    def append(self, waiter: Any) -> None:
        """One more; it has seen the outcome already, if there is one."""
        if self._side.done:
            self._told.append(waiter)
        super().append(waiter)

    def remove(self, waiter: Any) -> None:
        """One goes."""
        super().remove(waiter)
        if waiter in self._told:
            self._told.remove(waiter)

    def untold(self) -> list[Any]:
        """Those that have to be told, now that there is an outcome."""
        new = [waiter for waiter in self if waiter not in self._told]
        self._told += new
        return new


class _StandardSide:
    """What ``concurrent.futures.wait`` and friends look for in a future, made when they look.

    They look at the state of many futures under the conditions of all, and count on none to change meanwhile: so what
    they are shown as done is what was told, which happens under the condition, and not what has just happened.
    """

    def __init__(self) -> None:
        self.condition = threading.Condition()
        self.waiters = _Waiters(self)
        self.done = False
        """The outcome was told to those who wait; nobody is told twice."""

    def notify(self, future: Future[Any]) -> None:
        """Tell those who wait, if there is something they have not been told."""
        with self.condition:
            if self.done or not future._settled:
                return
            self.done = True
            for waiter in self.waiters.untold():
                if future.cancelled():
                    waiter.add_cancelled(future)
                elif future._error is not None:
                    waiter.add_exception(future)
                else:
                    waiter.add_result(future)
            self.condition.notify_all()

    def catch_up(self, future: Future[Any]) -> None:
        """The future has ended and nobody was told, for nobody asked; or it was retried since."""
        with self.condition:
            if not future._settled:
                self.done = False
        self.notify(future)


class Future(concurrent.futures.Future[T]):
    """The handle of a submitted task.

    It blocks with :meth:`result`, can be awaited on any event loop, and is accepted wherever a
    ``concurrent.futures.Future`` is. Passed to another task it is a reference. Made by ``task.submit``.

    Attributes:
        id: a number, unique in this process; rises in the order of submission.
        task: the task it was made by.
        run: the run it belongs to.
        state: the :class:`~ipyflow.model.status.State` it is in.

    Example:
        >>> import ipyflow as fl
        >>> @fl.task
        ... def double(x):
        ...     return 2 * x
        >>> double.submit(21).result()
        42
    """

    # Slots, although the base class has a dict: see Call for why no attribute may come late. Here none does.
    __slots__ = (
        "_call", "_callbacks", "_detached", "_error", "_read", "_settled", "_side", "_tb", "_unread", "_value", "_when",
        "id", "parent_id", "run", "state", "task",
    )  # fmt: skip

    def __init__(self, id: int, task: Definition, run: Run, parent_id: int) -> None:
        # The base class is not initialised on purpose: see the module's docstring.
        self.id = id
        self.task: Any = task
        self.run = run
        self.parent_id = parent_id
        self.state = State.QUEUED
        self._call: Call | None = None
        self._settled = self._read = self._detached = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._tb: TracebackType | None = None
        self._when = 0.0
        self._callbacks: list[Callable[[Any], object]] | None = None
        self._side: _StandardSide | None = None
        self._unread: dict[int, None] | None = None

    # What the standard library reads.

    @property
    def _standard(self) -> _StandardSide:
        side = self._side
        if side is None:
            with _making:
                if self._side is None:
                    self._side = _StandardSide()
                side = self._side
        return side

    @property
    def _condition(self) -> threading.Condition:  # type: ignore[override]
        side = self._standard
        # Behind that it is in place, and before the condition is held: whoever ends the future meanwhile sees it.
        if side.done is not self._settled:
            side.catch_up(self)
        return side.condition

    @property
    def _waiters(self) -> list[Any]:  # type: ignore[override]
        return self._standard.waiters

    @property
    def _state(self) -> str:  # type: ignore[override]
        if not self._settled or (self._side is not None and not self._side.done):
            return "PENDING" if self.state in (State.QUEUED, State.WAITING) else "RUNNING"
        return "CANCELLED_AND_NOTIFIED" if self.cancelled() else "FINISHED"

    # Asking.

    def done(self) -> bool:
        """True when there is an outcome: a value, an exception, or cancelled."""
        return self._settled

    def cancelled(self) -> bool:
        """True when it was cancelled (its body may still be on its way out: state ``cancelling``)."""
        stopped = self.state in (State.CANCELLED, State.CANCELLING)
        return stopped and self._settled and isinstance(self._error, TaskCancelled)

    def running(self) -> bool:
        """True while a body runs."""
        return self.state in (State.RUNNING, State.BLOCKED, State.CANCELLING)

    def result(self, timeout: float | None = None) -> T:
        """The value; waits for it if need be.

        Args:
            timeout: seconds to wait at most; ``None`` waits without end.

        Raises:
            Exception: the task's own exception, with its own traceback.
            TaskCancelled: it was cancelled.
            TimeoutError: no outcome within ``timeout``; the task goes on.
            WouldDeadlock: called on the thread of the engine's loop; write ``await future``.
        """
        __tracebackhide__ = True
        if not self._settled:
            blocking.wait_one(self, timeout)
        return self._outcome()

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """The exception, or ``None`` if it succeeded; waits as :meth:`result` does.

        Raises:
            TaskCancelled: it was cancelled.
            TimeoutError: no outcome within ``timeout``; the task goes on.
        """
        __tracebackhide__ = True
        if not self._settled:
            blocking.wait_one(self, timeout)
        self._taken()
        if self.cancelled():
            self._outcome()
        return self._error

    def poll(self, timeout: float | None = None, default: Any = None) -> Any:
        """The value if there is one within ``timeout`` seconds (at once by default), else ``default``.

        Raises:
            Exception: the task's own exception, if it failed.
        """
        if not self._settled:
            if not timeout:
                return default
            try:
                blocking.wait_one(self, timeout)
            except TimeoutError:
                return default
        return self._outcome()

    def __await__(self) -> Generator[Any, None, T]:
        while not self._settled:
            yield from awaiting.await_one(self)
        if type(self._value) is Kept:
            yield from awaiting.await_kept(self._value)
        return self._outcome()

    def _outcome(self) -> T:
        __tracebackhide__ = True
        error, tb, value = self._error, self._tb, self._value
        if not self._settled:  # looked at after they were read: somebody has just retried it
            return self.result()
        self._taken()
        if error is None:
            if type(value) is Kept:
                return value.value()  # type: ignore[no-any-return]
            return value  # type: ignore[no-any-return]
        try:
            # Each raise adds this frame to the traceback: begin from the original every time.
            raise error.with_traceback(tb)
        finally:
            self = error = None  # type: ignore[assignment]  # or the traceback and the future hold each other

    def _taken(self) -> None:
        """Somebody has looked at the outcome."""
        self._consume()
        call = current_call()
        if call is not None and call.future is not self:
            self.run.append_row((r.READ, self.run.engine.now(), self.id, call.future.id))

    def _consume(self) -> None:
        if not self._read:
            self._read = True
            if self._unread is not None:
                self._unread.pop(self.id, None)
            if self._error is not None:
                self.run.unobserved.pop(self.id, None)

    # Steering.

    def cancel(self) -> bool:
        """Stop the task and everything it started.

        A task that has not started never will; an ``async`` body gets ``CancelledError``; a body on a thread sees
        ``current().cancelled`` and is shown as *cancelling* until it returns. Waiters get ``TaskCancelled`` at once.

        Returns:
            True when it was not final and now is or will be cancelled.
        """
        done = self.run.engine.cancel(self)
        if done:
            self._consume()  # whoever cancels it does not forget it
        return done

    def pause(self) -> bool:
        """Start nothing more of it and of what is below it; what runs goes on. :meth:`resume` lets it go on.

        For a pipeline: no new entries are started. For a flow: what it submits waits.

        Returns:
            True when it had not ended.
        """
        if self.is_final():
            return False
        self.run.engine.pause(self.run, self.id)
        return True

    def resume(self) -> bool:
        """Let what :meth:`pause` held back go on.

        Returns:
            True when it was paused.
        """
        paused = self.id in self.run.paused
        if paused:
            self.run.engine.resume(self.run, self.id)
        return paused

    def answer(self, value: Any = True) -> bool:
        """Of a prompt: give the answer, as a person would in the view.

        Args:
            value: of the prompt's ``model``, or what makes one; ``True`` for a prompt without. ``False`` says no there.

        Returns:
            True when it counts; False when somebody was quicker, or the prompt has ended otherwise.

        Raises:
            FormError: the answer is not of the kind that was asked for; the prompt waits on.
            RuntimeError: this is no prompt, or it has not asked yet.
        """
        try:
            return self.run.engine.answer(self, value)
        except (FormError, RuntimeError) as error:
            raise error.with_traceback(None) from None  # what is wrong is in its words, not in frames of ours

    def dismiss(self) -> bool:
        """Of a prompt: say no. Whoever waits for it gets ``PromptDismissed``.

        Returns:
            True when it counts; False when somebody was quicker, or the prompt has ended otherwise.

        Raises:
            RuntimeError: this is no prompt, or it has not asked yet.
        """
        return self.run.engine.dismiss(self)

    def detach(self) -> Future[T]:
        """Say that nobody means to read this future; it is no leak then. Its failure is still shown."""
        if not self._detached:
            self._detached = True
            if self._unread is not None and self.id in self._unread:
                self._unread.pop(self.id, None)
            self.run.append(r.Noted(self.run.engine.now(), self.id, "detached", "nobody means to read it"))
        return self

    def retry(self) -> Future[T]:
        """Run an ended task again, with the code its name stands for now; the same future, reset.

        Waiters wait again, and dependants that failed because of it go on. What a flow submits again, with the same
        plain arguments, it finds done. What ``cache=`` has found is made anew, and kept. Of a flow, a pipeline or a
        group that has not failed, what failed below it is run again.

        Raises:
            RuntimeError: the task has not ended, or it succeeded, and nothing failed below it.

        Example:
            >>> import ipyflow as fl
            >>> divisor = [0]
            >>> @fl.task
            ... def divide(x):
            ...     return x / divisor[0]
            >>> future = divide.submit(6)
            >>> type(future.exception()).__name__
            'ZeroDivisionError'
            >>> divisor[0] = 2
            >>> future.retry().result()
            3.0
        """
        self.run.engine.retry(self)
        return self

    # Looking.

    @property
    def parent(self) -> Future[Any] | None:
        """The future of the task that submitted this one, while somebody holds it."""
        return self.run.find(self.parent_id)

    @property
    def children(self) -> list[Future[Any]]:
        """The futures this task submitted, as far as somebody holds them."""
        return [f for f in self.run.futures if f.parent_id == self.id]

    @property
    def logs(self) -> str:
        """All that the task wrote: prints, logging, warnings, ``current().log``."""
        return "".join(text for _, task, _, text in self.run.snapshot().output if task == self.id)

    @property
    def traceback(self) -> str | None:
        """The traceback as text, if it failed."""
        task = self.run.snapshot().tasks.get(self.id)
        return task.traceback if task is not None else None

    def explain(self) -> str:
        """In words, where it stands, and why it does not move if it does not."""
        return self.run.engine.presenter.explain(self)

    def post_mortem(self) -> None:
        """Open the debugger in the task's own frames: IPython's in a notebook or a terminal of it, else Python's.

        They are kept as long as the future is held; those of a task in another process are gone, and the message says
        what it said there. In a notebook ``%flow debug NAME`` does the same. See ``docs/debugging.md``.

        Raises:
            RuntimeError: there are no frames to look into; the message says why.
        """
        debugging.post_mortem(self)

    @property
    def label(self) -> str:
        """``name#id``."""
        return f"{self.task.name}#{self.id}"

    def __repr__(self) -> str:
        extra = ""
        if self._settled and self._error is not None and not self.cancelled():
            extra = f" {type(self._error).__name__}"
        elif self.run.engine.is_asked(self):
            extra = " for an answer: future.answer(...)"
        return f"<Future {self.label} {self.state}{extra}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self.run.engine.presenter.mimebundle(self)

    # Being settled.

    def add_done_callback(self, fn: Callable[[Future[T]], object]) -> None:
        """Call ``fn(self)`` once there is an outcome, on the thread that brings it; errors in it are logged."""

        def guarded(future: Future[T]) -> None:
            try:
                fn(future)
            except (
                BaseException
            ):  # an exit or an interrupt too: it must not end the worker, or the waiters after it starve
                concurrent.futures._base.LOGGER.exception("exception calling callback for %r", future)

        self.when_settled(guarded)

    def when_settled(self, callback: Callable[[Any], object]) -> None:
        """As :meth:`add_done_callback`, for the engine.

        ``callback`` must not raise. It returns ``None``, or a call that became ready and that its executor handed back.
        """
        callbacks = self._callbacks
        if callbacks is None:
            with _making:
                callbacks = self._callbacks
                if callbacks is None:
                    callbacks = self._callbacks = []
        callbacks.append(callback)
        if self._settled:
            self.run.engine.dispatch(self.run_callbacks())

    def forget_callback(self, callback: Callable[[Any], object]) -> bool:
        """Take a callback back; False when it has been called."""
        try:
            (self._callbacks or []).remove(callback)
        except ValueError:
            return False
        return True

    def run_callbacks(self) -> Call | None:
        """Call what was registered, each once. Called by the engine after the outcome is set.

        Returns:
            A call that became ready through it and should be run next by this thread; the others were dispatched.
        """
        if self._side is not None:
            self._side.notify(self)
        follow: Call | None = None
        callbacks = self._callbacks
        # Not once somebody has started it again: what is left then waits for the next outcome.
        while callbacks and self._settled:
            try:
                callback = callbacks.pop(0)
            except IndexError:
                break
            ready: Any = callback(self)
            if ready is not None:
                if follow is None:
                    follow = ready
                else:
                    ready.executor.dispatch(ready)
        return follow

    def peek(self) -> BaseException | None:
        """The exception so far, without counting as a look at it; ``None`` if there is none."""
        return self._error

    def set_result(self, result: T) -> None:
        """Not for our futures: the task's body gives the outcome."""
        raise RuntimeError("the outcome of a Future comes from its task; use concurrent.futures.Future for a promise")

    def set_exception(self, exception: BaseException | None) -> None:
        """Not for our futures: the task's body gives the outcome."""
        raise RuntimeError("the outcome of a Future comes from its task; use concurrent.futures.Future for a promise")

    def set_running_or_notify_cancel(self) -> bool:
        """Not for our futures: the engine starts the body."""
        raise RuntimeError("a Future of ipyflow is run by its engine")

    def is_final(self) -> bool:
        """True when nothing of it runs any more."""
        return self.state in FINAL_STATES

    def __reduce__(self) -> Any:
        side = crossing.border.get()
        if side is not None:
            return side.future_out(self)
        raise TypeError(f"{self!r} is a handle of this process and cannot be pickled; pass its .result() instead")
