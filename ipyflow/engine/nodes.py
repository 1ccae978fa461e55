"""Tasks without a body, whose outcome others bring: a pipeline, a group of branches.

A *node* is a task like any other (it has a future, records, a parent), but nothing runs it: it waits until its
conductor ends it. Called by: the flows layer, from any thread. Guarantees: a node ends once, until it is reopened;
one that was told to stop ends when what is below it has, finalisers included.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Any, Protocol

from ipyflow.engine import endings
from ipyflow.engine.call import Call
from ipyflow.engine.describe import message, short, traceback_text
from ipyflow.engine.future import Future
from ipyflow.engine.limits import Limit
from ipyflow.engine.options import Definition, Options
from ipyflow.errors import TaskCancelled
from ipyflow.model import records as r
from ipyflow.model.status import RESTARTABLE_STATES, State

if TYPE_CHECKING:
    from ipyflow.engine.past import Past
    from ipyflow.engine.run import Run
    from ipyflow.engine.scheduler import Engine
    from ipyflow.model.run import TaskState

_ref = weakref.ref


class Conductor(Protocol):
    """Brings the outcome of a node.

    Attributes:
        node: the node; set before anybody else can find it.
    """

    node: Node

    def again(self) -> None:
        """The node has ended badly, and somebody asks for a retry."""

    def told_to_stop(self) -> None:
        """The node was told to stop. What is below it will be, right after; here, where its kind ``stops_below``."""


class Kind:
    """What a node is, in the place of the task that others have: its name and nothing to run."""

    module = ""
    options = Options(on_leak="ignore")
    executor_name = endings.NODE
    is_flow = is_async = is_local = False
    simple = True
    role: str | None = None
    own_limit = None

    def __init__(self, name: str, stopped_as: type[TaskCancelled] = TaskCancelled, stops_below: bool = False) -> None:
        self.name = name
        self.stopped_as, self.stops_below = stopped_as, stops_below
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

    __slots__ = ("above", "conductor", "ending", "reason")

    above: Node | None
    """The node it stands in, of the same pipeline."""
    conductor: Conductor
    ending: bool
    """True once its conductor has decided how it ends: nobody can cancel it any more."""
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
    engine: Engine, conductor: Conductor, name: str | Kind, args: str, reason: str, *, run: Run, parent: Call | None,
    above: Node | None, role: str, context: Context, gates: tuple[Limit, ...] = (), id: int | None = None,
    refs: tuple[int, ...] = (), group: str | None = None, branch: int | None = None,
    handle: type[Future[Any]] = Future,
) -> Node:  # fmt: skip
    """Open a node: submitted, and waiting from the start.

    Args:
        engine: the engine.
        conductor: brings its outcome.
        name: its name in views, or all that is to be said of its kind.
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
        handle: the class of its future.
    """
    id = next(engine._ids) if id is None else id
    kind = name if isinstance(name, Kind) else Kind(name)
    future = handle(id, kind, run, r.NO_TASK if parent is None else parent.future.id)
    node = Node(engine, future, kind, (), {}, engine.executors["inline"], context, group)
    node.above, node.conductor, node.reason, node.gates = above, conductor, reason, gates
    node.ending = False
    future._call = conductor.node = node
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
        (r.SUBMITTED, now, id, future.parent_id, kind.name, "", kind.executor_name, args, refs, group, role, branch)
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
    ready = endings.end_with_value(node.engine, node, value)
    return end_stopped(node) if node.stopped else ready


def end_known(node: Node, value: Any, past: Past, was: TaskState) -> None:
    """End a node that was just opened with the value that it had in another process."""
    engine, future = node.engine, node.future
    text, made = short(value), past.made(was)
    with engine.changing:
        if node.stopped or not node.take_end():
            return
        future.state = State.CACHED
        future._when = time = engine.now()
        future.run.append(r.Reused(time, future.id, "resumed", past.key, was.id, made))
        future.run.append(r.Finished(time, future.id, "cached", type(value).__name__, text, None))
    future._value = value
    engine.dispatch(engine.settled(node, future))


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
        kind = future.task.stopped_as.__name__
        future.run.append(r.Finished(time, future.id, "cancelled", kind, text, None))
    future._error, future._tb = future.task.stopped_as(text), None
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
        run.append(r.Reset(engine.now(), future.id, why))
        run.append_row((r.WAITING, engine.now(), future.id, node.reason, ()))
    if run.closed:
        run.reopen()
    endings.wake_dependants(future)
    return True


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
