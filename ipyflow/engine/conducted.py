"""Tasks without a body, whose outcome others bring, and the entries below them: what pipelines are made of.

A *node* is a task like any other (it has a future, records, a parent), but nothing runs it: it waits until its
conductor ends it. An *entry* is a task that a conductor submits below a node and whose end it hears of. Called by: the
flows layer, from any thread. Guarantees: what a node that was stopped still submits is cancelled at once, finalisers
excepted; an entry's end reaches its listener once for each time it ends.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Any, Protocol

from ipyflow.engine import admission, endings
from ipyflow.engine.call import AsyncCall, Call
from ipyflow.engine.context import scope
from ipyflow.engine.describe import message, short, traceback_text
from ipyflow.engine.future import Future
from ipyflow.engine.limits import Limit
from ipyflow.engine.options import Definition, Options
from ipyflow.engine.references import written_arguments
from ipyflow.errors import PipelineInvalid, TaskCancelled
from ipyflow.model import records as r
from ipyflow.model.ports import Executor
from ipyflow.model.status import RESTARTABLE_STATES, State

if TYPE_CHECKING:
    from ipyflow.engine.run import Run
    from ipyflow.engine.scheduler import Engine

_ref = weakref.ref


class Conductor(Protocol):
    """Brings the outcome of a node."""

    def again(self) -> None:
        """The node has ended badly, and somebody asks for a retry."""


class EntryOwner(Protocol):
    """Whose entry it is.

    Attributes:
        current: the entry under way; set before it can end.
    """

    current: Future[Any] | None

    def entry_done(self, future: Future[Any]) -> Any:
        """The entry has ended; returns what ``Future.when_settled`` asks for."""


class StateKeeper(Protocol):
    """Has the state of a pipeline.

    Attributes:
        state_out: takes the state that a task of ``with_state=True`` has returned.
    """

    state_out: Any

    def fresh_state(self, state: Any) -> Any:
        """``state`` as one more attempt of the entry may have it."""


class Kind:
    """What a node is, in the place of the task that others have: its name and nothing to run."""

    module = ""
    options = Options(on_leak="ignore")
    executor_name = endings.NODE
    is_flow = is_async = False
    simple = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.fn: Callable[..., Any] = _no_body

    def latest(self) -> Definition:
        """There is no newer one."""
        return self

    def waits_for(self, args: tuple[Any, ...], kwargs: dict[str, Any], names: bool | frozenset[str]) -> Any:
        """It has no arguments."""
        return ()

    def changed(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], names: bool | frozenset[str], by: Callable[[Any], Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """It has no arguments."""
        return args, kwargs

    def __repr__(self) -> str:
        return f"<{self.name}>"


def _no_body() -> None:
    """Never called."""


class Node(Call):
    """The call of a node."""

    __slots__ = ("above", "conductor", "reason")

    above: Node | None
    """The node it stands in, of the same pipeline."""
    conductor: Conductor
    reason: str
    """What it waits for, in words."""

    def is_stopped(self) -> bool:
        """True once it, or one it stands in, was told to stop."""
        node: Node | None = self
        while node is not None:
            if node.stopped:
                return True
            node = node.above
        return False

    def drop(self) -> None:
        """It needs its context for entries that are retried; there is nothing else to let go of."""

    def tell_paused(self, paused: bool) -> None:
        """Record what it waits for now."""
        reason, future = "paused" if paused else self.reason, self.future
        with self.engine.changing:
            if future.state is State.WAITING and future._call is self:
                future.run.append_row((r.WAITING, self.engine.now(), future.id, reason, ()))


def open_node(
    engine: Engine, conductor: Conductor, name: str, args: str, reason: str, *, run: Run, parent: Call | None,
    above: Node | None, role: str, context: Context, gates: tuple[Limit, ...] = (), id: int | None = None,
    refs: tuple[int, ...] = (), group: str | None = None, branch: int | None = None,
) -> Node:  # fmt: skip
    """Open a node: submitted, and waiting from the start.

    Args:
        engine: the engine.
        conductor: brings its outcome.
        name: its name in views.
        args: what it stands for, in words.
        reason: what it waits for, in words.
        run: the run it goes into.
        parent: the task it is a child of.
        above: the node it stands in; without one it is a child that its parent should read.
        role: one of the roles of :data:`ipyflow.model.records.ROLES`.
        context: what its entries run in copies of.
        gates: limits that all below it need permits of.
        id: the number it was planned under.
        refs: the tasks whose outcome it was given.
        group: the label of the group around it.
        branch: the branch of ``above`` it is in.
    """
    id = next(engine._ids) if id is None else id
    kind = Kind(name)
    future: Future[Any] = Future(id, kind, run, r.NO_TASK if parent is None else parent.future.id)
    node = Node(engine, future, kind, (), {}, engine.executors["inline"], context, group)
    node.above, node.conductor, node.reason, node.gates = above, conductor, reason, gates
    future._call = node
    if above is not None:
        future._read = True
    elif parent is not None:
        if parent.unread is None:
            parent.unread = {}
        future._unread = parent.unread
        parent.unread[id] = None
    node.take_start()
    now = engine.now()
    run.append_row(
        (r.SUBMITTED, now, id, future.parent_id, name, "", kind.executor_name, args, refs, group, role, branch)
    )
    run.append_row((r.WAITING, now, id, reason, ()))
    future.state = State.WAITING
    run.live[id] = future
    if run.closed:
        run.reopen()
    run.refs.append(_ref(future))
    return node


def end_well(node: Node, value: Any) -> Call | None:
    """End a node with a value; with its cancelling, where it was told to stop.

    Returns:
        A call that became ready through it and should be run next by this thread. So do all that end nodes.
    """
    if node.stopped:
        return end_stopped(node)
    return endings.end_with_value(node.engine, node, value)


def end_badly(node: Node, error: BaseException) -> Call | None:
    """End a node with an error; with its cancelling, where it was told to stop and ``error`` is that."""
    if node.stopped and isinstance(error, TaskCancelled):
        return end_stopped(node)
    return endings.try_end(node.engine, node, State.FAILED, error)[1]


def end_stopped(node: Node) -> Call | None:
    """End a node that was told to stop."""
    engine, future = node.engine, node.future
    with engine.changing:
        if not node.take_end():
            return None
        future.state = State.CANCELLED
        future._when = time = engine.now()
        text = message(future._error) if future._error is not None else f"{future.label} was cancelled"
        future.run.append(r.Finished(time, future.id, "cancelled", "TaskCancelled", text, None))
    future._error, future._tb = TaskCancelled(text), None
    future.run.failed[future.id] = future
    return engine.settled(node, future, ((), {}))


def reopen(node: Node, why: str) -> bool:
    """Let a node that has ended badly wait again; False when it has not ended so."""
    engine, future = node.engine, node.future
    run = future.run
    with engine.changing:
        if future.state not in RESTARTABLE_STATES or node.returned is None:
            return False
        node.returned = None
        node.unended, node.stopped = True, False
        endings.reset(future, node)
        future.state = State.WAITING
        closed = run.closed
        if not closed:
            _record_reset(node, why)
    if closed:
        run.reopen()
        _record_reset(node, why)
    endings.wake_dependants(future)
    return True


def _record_reset(node: Node, why: str) -> None:
    future, now = node.future, node.engine.now()
    future.run.append(r.Reset(now, future.id, why))
    future.run.append_row((r.WAITING, now, future.id, node.reason, ()))


# Entries.


class _Entry:
    """What the calls of entries have in common."""

    __slots__ = ()
    is_entry = True
    node: Node
    keeper: StateKeeper | None
    state_in: Any
    """The state that each attempt is given; an attempt with others behind it gets a copy."""

    def successor(
        self: Any, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], executor: Executor
    ) -> Call:
        """The next attempt is an entry too, of the same pipeline."""
        if self.keeper is not None and task.options.with_state and args:
            args = (self.keeper.fresh_state(self.state_in), *args[1:])
        following: Any = Call.successor(self, task, args, kwargs, executor)
        following.node, following.keeper, following.state_in = self.node, self.keeper, self.state_in
        if self.spared:
            following.spared = True
        return following  # type: ignore[no-any-return]

    def kind_for(self, task: Definition) -> type[Call]:
        """The kind of call for an attempt of ``task``."""
        return _entry_kind(task, self.keeper)


class EntryCall(_Entry, Call):
    """A call of an entry: its conductor looks at what the body returns."""

    __slots__ = ("keeper", "node", "state_in")


class AsyncEntryCall(_Entry, AsyncCall):
    """The same, of an ``async def``."""

    __slots__ = ("keeper", "node", "state_in")


class StatefulCall(EntryCall):
    """A call of an entry that takes the state and gives it back beside its result."""

    __slots__ = ()

    def succeed(self, value: Any) -> Call | None:
        """Part state and result."""
        return Call.succeed(self, _without_state(self, value))


class AsyncStatefulCall(AsyncEntryCall):
    """The same, of an ``async def``."""

    __slots__ = ()

    def succeed(self, value: Any) -> Call | None:
        """Part state and result."""
        return Call.succeed(self, _without_state(self, value))


def _without_state(call: Any, value: Any) -> Any:
    if call.stopped or call.future._call is not call:
        return value  # it was given up: nobody looks at what it returns
    if type(value) is not tuple or len(value) != 2:
        what = f"a tuple of {len(value)}" if type(value) is tuple else short(value)
        raise PipelineInvalid(
            f"{call.label} has with_state=True and must return (state, result); it returned {what}: "
            "write `return state, result`"
        )
    state, result = value
    future = call.future
    call.keeper.state_out = state
    future.run.append(r.Noted(call.engine.now(), future.id, "state", short(state)))
    return result


def _entry_kind(task: Definition, keeper: StateKeeper | None) -> type[Call]:
    if task.options.with_state and keeper is not None:
        return AsyncStatefulCall if task.is_async else StatefulCall
    return AsyncEntryCall if task.is_async else EntryCall


def enter(
    node: Node, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], owner: EntryOwner,
    keeper: StateKeeper | None, gates: tuple[Limit, ...], refs: tuple[int, ...], id: int | None, group: str | None,
    role: str | None, branch: int | None, state: Any = None, spared: bool = False, refused: Exception | None = None,
) -> Call | None:  # fmt: skip
    """Submit an entry below ``node``.

    Args:
        node: what it belongs to.
        task: what to run.
        args: its positional arguments, the state included.
        kwargs: its keyword arguments.
        owner: hears of its end, each time it ends.
        keeper: takes the state that it returns; ``None`` where nobody wants it, as of a finaliser.
        gates: the limits that it needs permits of.
        refs: the tasks whose outcome it is given.
        id: the number it was planned under; ``None`` for a new one.
        group: the label of the group around it.
        role: one of the roles of :data:`ipyflow.model.records.ROLES`, if any.
        branch: the branch it is in.
        state: the state, which is the first of ``args`` or was copied for that, where its task takes it.
        spared: it runs although ``node`` was told to stop.
        refused: what is wrong with it; it fails with this instead of running.

    Returns:
        The call, if nothing holds it back: the caller has it run.
    """
    engine, future_of_node, options = node.engine, node.future, task.options
    run = future_of_node.run
    if options.memo and refused is None:
        return _enter_memoised(node, task, args, kwargs, owner)
    if id is None:
        id = next(engine._ids)
    future: Future[Any] = Future(id, task, run, future_of_node.id)
    future._read = True  # its conductor reads it
    future._callbacks = [owner.entry_done]
    owner.current = future
    executor, context = engine.executors[options.executor], node.context.copy()
    kind = _entry_kind(task, keeper) if options.with_state or task.is_async else EntryCall
    call: Any = kind(engine, future, task, args, kwargs, executor, context, group)
    call.node, call.keeper, call.gates, call.state_in = node, keeper, gates, state
    if spared:
        call.spared = True
    future._call = call
    text, found = written_arguments(args, kwargs)
    if found:
        refs = (*refs, *[f.id for f in found])
    run.append_row(
        (
            r.SUBMITTED, engine.now(), id, future_of_node.id, task.name, task.module, task.executor_name, text, refs,
            group, role, branch,
        )
    )  # fmt: skip
    run.live[id] = future
    if not id & 1023:
        run.tidy()
    if refused is not None:
        return endings.try_end(engine, call, State.FAILED, refused)[1]
    # Looked at after it is in place: whoever stops the node either sees the entry or is seen here.
    if not spared and (node.stopped or (node.above is not None and node.is_stopped())):
        endings.cancel_one(engine, future, f"{future_of_node.label} was told to stop before")
        return None
    if task.simple and not gates and not run.paused:
        return call  # type: ignore[no-any-return]
    return admission.admit(engine, call, found)


def _enter_memoised(
    node: Node, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], owner: EntryOwner
) -> Call | None:
    """An equal call may have been made in this run already; its future may have ended long ago."""

    def submit() -> Future[Any]:
        scope.set(node)
        return admission.memoised(node.engine, node.future.run, task, args, kwargs)

    future = node.context.copy().run(submit)
    future._consume()
    owner.current = future
    return endings.listen(future, owner.entry_done)


def skip(run: Run, now: float, id: int, why: str) -> None:
    """Record that a planned task was passed over."""
    run.append(r.Finished(now, id, "skipped", "", why, None))


def failure_in(error: BaseException, place: str) -> Exception:
    """An error of a branch as its group reports it: noted with its place; exits and interrupts are wrapped."""
    if not isinstance(error, Exception):
        wrapped = RuntimeError(f"{type(error).__name__}: {message(error)}\n{traceback_text(error)}".rstrip())
        wrapped.__cause__ = error
        error = wrapped
    endings.add_note(error, place)
    return error
