"""An attempt whose body runs elsewhere: in a worker process, on a cluster, in the pool of another library.

Owns: what the worker may ask for on behalf of the body. Called by: the executor, on a thread of its own. Guarantees:
what cannot travel is refused when it is submitted; children that the body submits are children like any other; a
worker that dies takes the attempt with it and nothing else; nothing is answered once the attempt has ended.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ipyflow.engine import crossing, endings, output
from ipyflow.engine.bells import Again
from ipyflow.engine.context import Group, scope
from ipyflow.engine.describe import traceback_text, with_source
from ipyflow.engine.future import Future
from ipyflow.engine.kept import Kept
from ipyflow.engine.limits import Limit
from ipyflow.engine.options import Definition
from ipyflow.engine.plan import Plan
from ipyflow.errors import NotPicklable, RemoteTraceback, WorkerLost
from ipyflow.model import records as r
from ipyflow.model.ports import RemoteExecutor
from ipyflow.model.status import State
from ipyflow.model.wire import Head, Message, Outcome, Package, Parcel

if TYPE_CHECKING:
    from ipyflow.engine.call import Call
    from ipyflow.engine.scheduler import Engine

Reply = Callable[[Message], None]
_ASKED = ("cancel", "retry", "pause", "resume", "detach", "explain")
"""What a body may do with a future of its own, by name."""


class Host:
    """The engine's side of an attempt that runs elsewhere; see the module."""

    def __init__(self, engine: Engine, executor: RemoteExecutor) -> None:
        self.engine, self.executor = engine, executor
        self.call: Call
        self._body: Parcel | None = None
        self._futures: dict[int, Future[Any]] = {}
        self._tasks: dict[int, Any] = {}
        self.kept: list[Kept] = []
        """Values that travel by reference, in the order in which the body's pickle names them."""
        self._open = True

    @property
    def label(self) -> str:
        """``name#id``."""
        return self.call.label

    # Going there.

    def prepare(self, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Pickle a call that is being submitted.

        Raises:
            NotPicklable: names what cannot travel.
        """
        __tracebackhide__ = True
        self._body = self._packed_call(task, args, kwargs)

    def _packed_call(self, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Parcel:
        __tracebackhide__ = True
        self.kept = []
        where = self.engine.where
        return self._packed((task, args, kwargs), lambda: self.executor.refused(task.fn, args, kwargs, where))

    def forget_body(self) -> None:
        """Pickle the arguments anew when the call is started: they are not final yet, or it never will be."""
        self._body = None

    def package(self) -> Package:
        """The call, to be sent to a worker; once.

        Raises:
            NotPicklable: names what cannot travel.
        """
        call = self.call
        body, self._body = self._body, None
        if body is None:
            body = self._packed_call(call.task, call.args, call.kwargs)
        run, root = call.future.run, logging.getLogger()
        level = root.getEffectiveLevel() if root.handlers else None
        stays = not call.is_entry and getattr(call.task, "values_stay", True)
        head = Head(call.future.id, call.task.name, call.attempt, run.id, run.name, call.label_group, level, stays)
        return Package(head, body)

    def _packed(self, value: Any, why: Callable[[], NotPicklable]) -> Parcel:
        __tracebackhide__ = True
        try:
            return crossing.across(self, self.executor.pack, value)  # type: ignore[no-any-return]
        except (KeyboardInterrupt, NotPicklable):
            raise
        except BaseException:
            raise crossing.across(self, why) from None  # what pickling said is in it

    def _parcel(self, value: Any) -> Parcel:
        return self._packed(value, lambda: self.executor.refused_value(value))

    def begin(self, worker: str) -> bool:
        """The body is about to start at ``worker``; False when it was stopped before."""
        call = self.call
        if not call.take_start():
            return False
        future = call.future
        future.run.append_row((r.STARTED, self.engine.now(), future.id, worker, call.attempt))
        future.state = State.RUNNING
        call.worker = worker
        self.engine.begin_timeout(call)
        return True

    # Ending.

    def ended(self, outcome: Outcome, kept: Kept | None = None) -> None:
        """The body has returned or raised.

        Args:
            outcome: how.
            kept: its value, where that stays at the worker.
        """
        call = self.call
        for stream, text in outcome.output:
            call.write(stream, text)
        try:
            if kept is not None:
                self._end_kept(kept)
            elif outcome.kind == "value":
                assert outcome.parcel is not None
                self.engine.dispatch(call.succeed(crossing.across(self, self.executor.unpack, outcome.parcel)))
            else:
                self._raised(self._error_in(outcome))
        except Exception as error:
            if not hasattr(call, "unended"):
                raise
            self._raised(error)
        self._close()
        call.handle = None  # the value is not to live as long as a cycle does

    def _error_in(self, outcome: Outcome) -> BaseException:
        try:
            assert outcome.parcel is not None
            error = crossing.across(self, self.executor.unpack, outcome.parcel)
        except Exception as second:
            error = NotPicklable(
                f"what {self.label} raised cannot be unpickled here: {type(second).__name__}: {second}"
            )
        error.__cause__ = RemoteTraceback(with_source(outcome.trace))
        return error  # type: ignore[no-any-return]

    def _end_kept(self, kept: Kept) -> None:
        call = self.call
        call.flush_output()
        if not hasattr(call, "unended"):
            self.engine.returned_late(call)
        elif not self.engine.body_returned(call, kept):
            self.engine.dispatch(endings.end_with_value(self.engine, call, kept))

    def _raised(self, error: BaseException) -> None:
        self.engine.dispatch(self.engine.attempt_failed(self.call, error))

    def failed(self, error: BaseException) -> None:
        """It cannot be started at all."""
        self._close()
        if self.begin("nowhere"):
            self._raised(error)
        self.call.handle = None

    def lost(self, why: str, began: bool = True) -> None:
        """The worker has died under the body; where that was meant, the body has just come to its end.

        Args:
            why: in words, behind the task's name.
            began: False where it is known that the body had not begun: it is started elsewhere.
        """
        self._close()
        error = WorkerLost(f"{self.label}: {why}")
        if began:
            self._raised(error)
        else:
            endings.never_began(self.engine, self.call, error)
        self.call.handle = None

    def late(self) -> Callable[[str, str], None]:
        """Files what the body has left running prints, when it has ended itself; keeps nothing else of it."""
        run, id, now = self.call.future.run, self.call.future.id, self.engine.now
        return lambda stream, text: run.append(r.Output(now(), id, stream, text))

    def _close(self) -> None:
        self._open = False
        self._futures, self._tasks, self.kept = {}, {}, []

    # While the body runs.

    def heard(self, message: Message, reply: Reply) -> None:
        """The body says or asks something.

        Args:
            message: see :data:`ipyflow.model.wire.Message`.
            reply: sends a message to the worker.
        """
        call = self.call
        run, engine = call.future.run, self.engine
        match message:
            case ("output", stream, text):
                self._write(stream, text)
            case ("progress", done, total, label):
                run.append(r.Progress(engine.now(), call.future.id, done, total, label))
            case ("noted", what, text):
                run.append(r.Noted(engine.now(), call.future.id, what, text))
            case ("submit", seq, parcel, group) if self._open:
                self._submit(seq, parcel, group, reply)
            case ("ask", seq, id, what, args) if self._open:
                self._answer(seq, reply, lambda: self._asked(id, what, args), id if what == "state" else None)
            case ("watch", id) if self._open:
                self._watch(id, reply)
            case ("read", id) if self._open:
                self._find(id)._consume()
                run.append_row((r.READ, engine.now(), id, call.future.id))
            case ("wait", ids):
                call.begin_wait(tuple(ids))
                self.executor.blocked(call)
            case ("resume", seq):
                self._take_back(list(call.lent), lambda: self._resumed(seq, reply))

    def _write(self, stream: str, text: str) -> None:
        self.call.write(output.kind(stream, text), text)
        if self.call.task.options.stdout == "cell" and stream in ("stdout", "stderr"):
            self.call.context.copy().run(output.show, stream, text)

    def _answer(self, seq: int, reply: Reply, act: Callable[[], Any], of: int | None = None) -> None:
        """Answer a question; where it was one for the state of the future ``of``, with the outcome if there is one."""
        outcome: Outcome | None = None
        try:
            if of is not None and (future := self._find(of))._settled:
                outcome = self._outcome(future)
            ok, parcel = True, self._parcel(act())
        except BaseException as error:
            ok, parcel = False, self._error_parcel(error)
        if self._open:
            reply(("reply", seq, ok, parcel, outcome))

    def _error_parcel(self, error: BaseException) -> Parcel:
        try:
            return self._parcel(error)
        except NotPicklable:
            return self._parcel(RuntimeError(f"{type(error).__name__}: {error}"))

    def _submit(self, seq: int, parcel: Parcel, group: str | None, reply: Reply) -> None:
        try:
            what = crossing.across(self, self.executor.unpack, parcel)
        except BaseException as error:
            reply(("reply", seq, False, self._error_parcel(error), None))
            return
        call, context = self.call, self.call.context.copy()
        runs_here = isinstance(what, Plan) or self.engine.executors[what[0].options.executor].name == "inline"

        def submit() -> tuple[int, str]:
            scope.set(Group(call, group) if group is not None else call)
            future = what.submit() if isinstance(what, Plan) else self.engine.submit(*what)
            return self._named(future)

        if runs_here:  # the child's body, which may ask on its part: not on the thread that hears it
            threading.Thread(target=self._answer, args=(seq, reply, lambda: context.run(submit)), daemon=True).start()
        else:
            self._answer(seq, reply, lambda: context.run(submit))

    def _named(self, future: Future[Any]) -> tuple[int, str]:
        """What the worker makes a handle of; it may ask for the future from now on."""
        self._futures[future.id] = future
        return future.id, future.task.name

    def _asked(self, id: int, what: str, args: tuple[Any, ...]) -> Any:
        future = self._find(id)
        if what in ("state", "logs", "traceback"):
            return getattr(future, what)
        if what == "parent":
            return None if future.parent is None else self._named(future.parent)
        if what == "children":
            return [self._named(child) for child in future.children]
        if what in _ASKED:
            answer = getattr(future, what)(*args)
            return None if isinstance(answer, Future) else answer
        raise RuntimeError(f"a worker asks for {what!r} of {future.label}, which is not known")

    def _watch(self, id: int, reply: Reply) -> None:
        try:
            future = self._find(id)
        except RuntimeError as error:
            reply(("settled", id, Outcome("error", self._error_parcel(error))))
        else:
            future.when_settled(lambda future: self._tell(future, reply))

    def _tell(self, future: Future[Any], reply: Reply) -> None:
        if self._open:
            reply(("settled", future.id, self._outcome(future)))

    def _outcome(self, future: Future[Any]) -> Outcome:
        error, value = future._error, future._value
        if error is None:
            try:
                return Outcome("value", self._parcel(value.value() if isinstance(value, Kept) else value))
            except Exception as second:
                error = second
        return Outcome("error", self._error_parcel(error), trace=traceback_text(error))

    def _find(self, id: int) -> Future[Any]:
        found = self._futures.get(id) or self.call.future.run.find(id)
        if found is None:
            raise RuntimeError(f"{self.label} asks for the future {id}, which nobody holds any more")
        return found

    # Waiting: the permits of a body that waits are lent, and it goes on when it has them back.

    def _take_back(self, lent: list[Limit], go_on: Callable[[], None]) -> None:
        """As ``blocking.go_on``, without a thread that sleeps."""
        call = self.call
        call.lent = ()
        while lent and not call.stopped:
            permit = lent.pop(0)

            def granted(permit: Limit = permit) -> None:
                if not call.keep(permit):
                    permit.leave()
                self._take_back(lent, go_on)

            if not permit.enter(Again(granted), first=True):
                return
            if not call.keep(permit):
                permit.leave()
        go_on()

    def _resumed(self, seq: int, reply: Reply) -> None:
        call = self.call
        if call.waits:
            call.end_wait()
            self.executor.unblocked(call)
        if self._open:
            reply(("reply", seq, True, self._parcel(None), None))

    # The border, on this side.

    def future_out(self, future: Future[Any]) -> crossing.Reduced:
        """A reference, with the outcome if there is one."""
        self._futures[future.id] = future
        settled = future._settled
        state, value, error = future.state.value, future._value, future._error
        if isinstance(value, Kept) and value.is_tried():
            try:
                value = value.value()
            except Exception as gone:
                value, error = None, gone
        return crossing.future_in, (future.id, future.task.name, state, settled, value, error)

    def future_in(self, id: int, name: str, state: str, settled: bool, value: Any, error: Any) -> Future[Any]:
        """The future itself."""
        return self._find(id)

    def task_out(self, task: Any, remake: crossing.Reduced) -> crossing.Reduced:
        """By value, and a number by which this very task is found again."""
        if task._key is None:
            task._key = next(crossing.keys)
        self._tasks[task._key] = task
        # Its options stay here: a worker that submits it names it by its number.
        make, (fn, given, is_flow) = task._by_value()
        given = {name: value for name, value in given.items() if name in ("name", "stdout")}
        return crossing.task_in, (task._key, {}, make, (fn, given, is_flow))

    def task_in(self, key: int | None, changes: dict[str, Any], remake: crossing.Reduced) -> Any:
        """The task that was sent there; one that was made there, by value."""
        known = self._tasks.get(key) if key is not None else None
        if known is None:
            make, args = remake
            made = make(*args)
            made._is_copy = True  # it keeps its options, whatever else goes by its name
            return made
        known = known.latest()
        return known.with_options(**changes) if changes else known

    def kept_out(self, kept: Kept) -> crossing.Reduced:
        """Its place among those that travel beside the pickle."""
        self.kept.append(kept)
        return crossing.kept_in, (len(self.kept) - 1,)

    def kept_in(self, place: int) -> Any:
        """Workers send none."""
        raise RuntimeError("a worker has sent a reference to a value that it keeps")
