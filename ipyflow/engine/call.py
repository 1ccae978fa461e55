"""One attempt of one task: what runs, where, and the few lines in which its state changes.

Owns: the function's arguments and context until the attempt ends. Called by: an executor's worker (``run``), the
scheduler, and whoever cancels. Guarantees: an attempt starts at most once and its outcome is decided once; a body that
comes back after it was cancelled or timed out changes nothing but the record of its return. A retry is a new call for
the same future.

Two tokens decide who may do what: whoever takes ``unstarted`` starts the call or sees that nobody does, whoever
takes ``unended`` decides its outcome. Taking one is deleting an attribute, which succeeds for one thread only, with
and without the interpreter lock, and costs a tenth of a lock. The plain way (start, value) takes tokens and no lock;
every other change is made under the engine's lock ``changing``, never held while other code runs.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeAlias

from ipyflow.engine import blocking, output
from ipyflow.engine.context import current_call, scope
from ipyflow.engine.describe import packed
from ipyflow.engine.future import Future
from ipyflow.engine.limits import Limit, gates_of
from ipyflow.engine.output import Fork
from ipyflow.engine.plan import Plan
from ipyflow.model import records as r
from ipyflow.model.ports import Executor, Timer
from ipyflow.model.status import State
from ipyflow.model.texts import HUGE, NUMBERS

if TYPE_CHECKING:
    from ipyflow.engine.caching import Wish
    from ipyflow.engine.earlier import Earlier
    from ipyflow.engine.options import Definition
    from ipyflow.engine.remote import Host
    from ipyflow.engine.resuming import Resumed
    from ipyflow.engine.scheduler import Engine

OUTPUT_LIMIT = 200_000
"""Characters a task may write into its log; the rest is counted, not kept."""

Returned: TypeAlias = tuple[tuple[Any, ...], dict[str, Any]]
"""The arguments of a call that has ended, for the next."""

# Member access on an Enum class costs more than a global: these are read several times a task.
_WAITING, _RUNNING, _BLOCKED, _SUCCEEDED = State.WAITING, State.RUNNING, State.BLOCKED, State.SUCCEEDED
_Task = asyncio.Task


class Call:
    """An attempt; see the module.

    Every attribute has a slot. Without, an attribute set late would turn the instance's inline values into a dict, and
    in CPython 3.11 what another thread sets in that moment is lost. Those of ``_RARELY`` are set only when they differ
    from the default there: most calls are plain.
    """

    __slots__ = (
        "args", "attempt", "before", "began", "context", "defer_key", "depth", "earlier", "engine", "executor",
        "future", "gates", "given", "handle", "ident", "into", "kwargs", "label_group", "last", "lent", "origin",
        "partial", "permits", "returned", "spared", "stopped", "task", "timer", "unended", "unread", "unstarted",
        "waits", "wake", "wish", "worker", "written",
    )  # fmt: skip

    engine: Engine
    future: Future[Any]
    task: Definition
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    executor: Executor
    context: Context
    label_group: str | None
    unstarted: bool
    unended: bool
    attempt: int
    before: int
    """Attempts made before somebody asked for a retry: the task's own retries begin afresh then."""
    began: float | None
    """When the first attempt began, for policies that look at the time."""
    earlier: Earlier | Resumed | None
    """What an attempt before has submitted, where the body is run again on request; or another process, of which the
    run goes on with one.
    """
    defer_key: Hashable
    """What it has in common with the calls of which one is to run; ``None`` of a task without ``defer=``."""
    depth: int
    """How many calls are nested below this one on its thread."""
    ident: int
    """The thread that runs the body."""
    worker: str
    stopped: bool
    wish: Wish | None
    """What it wants of the cache; ``None`` of a task without ``cache=``."""
    wake: Callable[[], None] | None
    """How to wake the body from a wait of ours."""
    timer: Timer | None
    handle: Any
    """Of an ``async def``, its asyncio task; of a body elsewhere, its :class:`~ipyflow.engine.remote.Host`."""
    gates: tuple[Limit, ...]
    """Limits of the groups it runs in, the innermost first: it and what its body submits need a permit of each.
    Before them stands the limit of what is below it, if it has one: of that it needs none itself."""
    given: dict[int, bytes] | None
    """Fingerprints of what its children were given, where the texts leave something out."""
    permits: tuple[Limit, ...]
    """Permits it has: of its task's own limit, then of its gates, in this order."""
    spared: bool
    """True for a finaliser: it runs although what it belongs to was cancelled."""
    lent: tuple[Limit, ...]
    """Permits that others may have while the body waits."""
    waits: int
    """Waits of ours that the body stands in: one on a thread, any number in the coroutines of an ``async`` body."""
    unread: dict[int, None] | None
    """Children that nobody has read yet."""
    written: int
    partial: dict[str, str] | None
    into: Future[Any] | None
    """The future that its body returned: it ends as that one does."""
    origin: Returned | None
    """The arguments as they were submitted, where ``resolve=`` has replaced futures in them."""
    returned: Returned | None
    """The arguments of a call that ended badly: what a retry starts from."""
    last: BaseException | None
    """What the attempt before ended with."""

    def __init__(
        self, engine: Engine, future: Future[Any], task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any],
        executor: Executor, context: Context, label_group: str | None,
    ) -> None:  # fmt: skip
        self.engine = engine
        self.future = future
        self.task = task
        self.args = args
        self.kwargs = kwargs
        self.executor = executor
        self.context = context
        self.label_group = label_group
        self.unstarted = self.unended = True
        self.attempt = 1
        self.ident = 0
        self.stopped = False
        self.unread = self.partial = self.earlier = self.given = None
        self.gates = self.permits = ()

    is_body = True
    """True for what may be run again, and asks for its children again then."""
    is_entry = False
    """True for an entry of a pipeline, which looks itself at what the body returns."""

    def __getattr__(self, name: str) -> Any:
        """What was not set yet: the default."""
        try:
            return _RARELY[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def label(self) -> str:
        """``name#id``."""
        return self.future.label

    @property
    def remote(self) -> Host:
        """The engine's side of it, where the body runs elsewhere."""
        return self.handle or self.engine.host(self)

    @property
    def has_children(self) -> bool:
        """Whether it, or an attempt that is run again with it, has ever submitted something."""
        return self.unread is not None or self.earlier is not None

    @property
    def level(self) -> int:
        """How many unfinished tasks it is below."""
        live, above, level = self.future.run.live, self.future.parent_id, 0
        while (parent := live.get(above)) is not None:
            above, level = parent.parent_id, level + 1
        return level

    def take_start(self) -> bool:
        """True for one caller only: it starts the call, or sees that nobody does."""
        try:
            del self.unstarted
        except AttributeError:
            return False
        return True

    def take_end(self) -> bool:
        """True for one caller only: it decides the outcome."""
        try:
            del self.unended
        except AttributeError:
            return False
        return True

    def successor(self, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], executor: Executor) -> Call:
        """The next attempt of the same future, of this task or of a newer one by its name."""
        kind = self.kind_for(task)
        context = self.context.copy() if self.context else copy_context()
        following = kind(self.engine, self.future, task, args, kwargs, executor, context, self.label_group)
        size = task.options.max_parallelism
        following.gates = gates_of(self.future.id, self.label, size, self.gates) if size or self.gates else ()
        return following

    def kind_for(self, task: Definition) -> type[Call]:
        """The kind of call for an attempt of ``task``."""
        return AsyncCall if task.is_async else Call

    # Running.

    def run(self, worker: str) -> Call | None:
        """Run the body on this thread, unless the call was taken or stopped before.

        Returns:
            Another call that became ready through it and should be run by the same worker next.
        """
        # Token, record and state written out rather than called: this is the hot path, and so is succeed().
        try:
            del self.unstarted
        except AttributeError:
            return None
        engine, future = self.engine, self.future
        future.run.append_row((r.STARTED, engine.now(), future.id, worker, self.attempt))
        future.state = _RUNNING
        self.worker = worker
        self.ident = get_ident()
        if not self.task.simple:
            engine.begin_timeout(self)
        if type(sys.stdout) is not Fork or type(sys.stderr) is not Fork:
            output.install()
        try:
            value = self.context.run(self._body)
        except BaseException as error:
            return engine.attempt_failed(self, error)
        try:
            return self.succeed(value)
        except BaseException as error:  # a value whose very type raises when it is looked at, Ctrl-C while it is kept
            if not hasattr(self, "unended"):
                raise
            return engine.attempt_failed(self, error)

    def _body(self) -> Any:
        scope.set(self)
        return self.task.fn(*self.args, **self.kwargs)

    def succeed(self, value: Any) -> Call | None:
        """The body returned ``value``."""
        if self.partial:
            self.flush_output()
        engine, future = self.engine, self.future
        type_name: str | None = None
        text: Any = value
        if type(value) not in NUMBERS or (type(value) is int and not -HUGE < value < HUGE):
            if (self.unread or issubclass(type(value), _GOES_ON)) and engine.body_returned(self, value):
                return None
            type_name, text = type(value).__name__, packed(value)
            if engine.memory is not None:
                engine.keep_outcome(future, value)
        elif self.unread and engine.body_returned(self, value):
            return None
        if value is None and not self.task.simple and self.task.options.recurrent:
            return engine.recurs(self)
        if not self.task.simple and self.wish is not None:
            engine.keep(self, value)
        try:
            del self.unended
        except AttributeError:
            engine.returned_late(self)
            return None
        run = future.run
        future._when = time = engine.now()
        run.append_row((r.FINISHED, time, future.id, "succeeded", type_name, text, None))
        future._value = value
        future.state = _SUCCEEDED
        future._call = None
        future._settled = True
        if self.permits or not self.task.simple:
            engine.release(self)
        self.args, self.kwargs, self.context = (), _NOTHING, _EMPTY
        follow = future.run_callbacks() if future._callbacks or future._side is not None else None
        live = run.live
        live.pop(future.id, None)  # whoever settled an attempt before may have done it already
        if not live:
            run.close_if_done()
        return follow

    @contextmanager
    def over_another(self) -> Iterator[None]:
        """Run inside the submit of another body: that one stands still, so others may have its permits meanwhile."""
        below = current_call()
        if below is None or below.ident != get_ident() or not below.permits:
            yield
            return
        below.begin_wait((self.future.id,))
        try:
            yield
        finally:
            blocking.go_on(below)

    def tell_paused(self, paused: bool) -> None:
        """It was told to start nothing more below it, or to go on; a body shows by itself what it does."""

    # Waiting in the body.

    def begin_wait(self, on: tuple[int, ...]) -> None:
        """The body begins to wait for the futures ``on``: its permits are free meanwhile."""
        self.waits += 1
        if self.waits > 1:
            return
        with self.engine.changing:
            if self.future.state is _RUNNING and self.future._call is self:
                self.future.state = _BLOCKED
                self.future.run.append_row((r.BLOCKED, self.engine.now(), self.future.id, on))
            # Taken away under the lock: whoever ends the call meanwhile must not give them back a second time.
            self.lent, self.permits = self.permits, ()
        for permit in self.lent:
            permit.leave()

    def end_wait(self) -> None:
        """The body goes on; it has its permits back."""
        self.waits -= 1
        if self.waits:
            return
        with self.engine.changing:
            if self.future.state is _BLOCKED and self.future._call is self:
                self.future.state = _RUNNING
                self.future.run.append_row((r.UNBLOCKED, self.engine.now(), self.future.id))

    def keep(self, permit: Limit) -> bool:
        """Hold a permit it was given; False when the call counts no more and the permit should go to another."""
        with self.engine.changing:
            wanted = self.future._call is self and hasattr(self, "unended")
            if wanted:
                self.permits += (permit,)
        return wanted

    # Permits: a call stands in the queue of a limit or a rate.

    def wants_permit(self) -> bool:
        """True while the call waits to be started."""
        return self.future._call is self and self.future.state is _WAITING

    def permit_granted(self, permit: Limit | None) -> bool:
        """The limit, or the rate (``None``), that it queued for lets it through; False when it was stopped."""
        return self.engine.permit_granted(self, permit)

    # Output.

    def write(self, stream: str, text: str) -> None:
        """File what the body wrote, a record per line; an unfinished line is kept back."""
        partial = self.partial
        if partial is None:
            partial = self.partial = {}
        text = partial.pop(stream, "") + text
        head, newline, rest = text.rpartition("\n")
        if rest:
            partial[stream] = rest
            if len(rest) > 4096:
                head, newline, partial[stream] = text, "", ""
        if newline or head:
            self._file(stream, head + newline)

    def flush_output(self) -> None:
        """File unfinished lines."""
        partial, self.partial = self.partial, None
        for stream, text in (partial or {}).items():
            if text:
                self._file(stream, text)

    def _file(self, stream: str, text: str) -> None:
        room = OUTPUT_LIMIT - self.written
        if room < 0:
            return  # and it was said
        self.written += len(text)
        if len(text) > room:
            text = text[:room] + f"\n… (no more of {self.label} is kept: {OUTPUT_LIMIT} characters is the limit)\n"
        self.future.run.append(r.Output(self.engine.now(), self.future.id, stream, text))

    def drop(self) -> None:
        """Let go of what the body needed; the future may live on for long."""
        self.args, self.kwargs, self.context = (), _NOTHING, _EMPTY


_GOES_ON = (Future, Plan)
"""What a body may return to go on as it."""
_EMPTY = Context()
_NOTHING: dict[str, Any] = {}


_RARELY: dict[str, Any] = {
    "before": 0, "began": None, "defer_key": None, "depth": 0, "handle": None, "into": None, "last": None, "lent": (),
    "origin": None, "returned": None, "spared": False, "timer": None, "waits": 0, "wake": None, "wish": None,
    "worker": "", "written": 0,
}  # fmt: skip


class AsyncCall(Call):
    """An attempt of an ``async def``: its body is an asyncio task on the engine's loop."""

    __slots__ = ()

    def run(self, worker: str) -> Call | None:
        """Start the body as a task of the running loop."""
        if self.take_start():
            engine, future = self.engine, self.future
            future.run.append_row((r.STARTED, engine.now(), future.id, worker, self.attempt))
            future.state = _RUNNING
            self.worker = worker
            if not self.task.simple:
                engine.begin_timeout(self)
            if type(sys.stdout) is not Fork or type(sys.stderr) is not Fork:
                output.install()
            self.handle = _Task(self._drive(), loop=engine.loop.loop, name=future.task.name, context=self.context)
        return None

    async def _drive(self) -> None:
        scope.set(self)
        try:
            value = await self.task.fn(*self.args, **self.kwargs)
        except BaseException as error:
            follow = self.engine.attempt_failed(self, error)
        else:
            try:
                follow = self.succeed(value)
            except Exception as error:
                if not hasattr(self, "unended"):
                    raise
                follow = self.engine.attempt_failed(self, error)
        self.engine.dispatch(follow)
