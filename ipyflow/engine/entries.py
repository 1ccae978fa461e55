"""Entries: the tasks that a conductor submits below a node, and of whose end it hears.

Called by: the flows layer, from any thread. Guarantees: what a node that was stopped still submits is cancelled at
once, finalisers excepted; an entry's end reaches its owner once for each time it ends.
"""

from __future__ import annotations

from typing import Any, Protocol

from ipyflow.engine import admission, caching, deferring, endings
from ipyflow.engine.call import AsyncCall, Call
from ipyflow.engine.context import scope
from ipyflow.engine.describe import short
from ipyflow.engine.earlier import UNKNOWN
from ipyflow.engine.future import Future
from ipyflow.engine.limits import Limit, gates_of
from ipyflow.engine.marks import RESUMED, keep_mark_for_ever, mark_of
from ipyflow.engine.nodes import Node, skip
from ipyflow.engine.options import Definition
from ipyflow.engine.references import written_arguments
from ipyflow.engine.resuming import Resumed, record_done
from ipyflow.errors import PipelineInvalid
from ipyflow.model import records as r
from ipyflow.model.ports import Executor
from ipyflow.model.status import State


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


class _Entry:
    """What the calls of entries have in common."""

    __slots__ = ()
    is_entry = True
    node: Node
    owner: EntryOwner
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
        following.node, following.owner = self.node, self.owner
        following.keeper, following.state_in = self.keeper, self.state_in
        if self.spared:
            following.spared = True
        return following  # type: ignore[no-any-return]

    def kind_for(self, task: Definition) -> type[Call]:
        """The kind of call for an attempt of ``task``."""
        return _entry_kind(task, self.keeper)


class EntryCall(_Entry, Call):
    """A call of an entry: its conductor looks at what the body returns."""

    __slots__ = ("keeper", "node", "owner", "state_in")


class AsyncEntryCall(_Entry, AsyncCall):
    """The same, of an ``async def``."""

    __slots__ = ("keeper", "node", "owner", "state_in")


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
    future, memory = call.future, call.engine.memory
    call.keeper.state_out = state
    if memory is not None and memory.keeps_results and future.run.kind in RESUMED:
        memory.keep_outcome(state, future.run.id, -future.id)  # beside the result, which has the number itself
    future.run.append(r.Noted(call.engine.now(), future.id, "state", short(state)))
    return result


def _entry_kind(task: Definition, keeper: StateKeeper | None) -> type[Call]:
    if task.options.with_state and keeper is not None:
        return AsyncStatefulCall if task.is_async else StatefulCall
    return AsyncEntryCall if task.is_async else EntryCall


_NONE: list[Future[Any]] = []


def enter(
    node: Node, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], owner: EntryOwner,
    keeper: StateKeeper | None, gates: tuple[Limit, ...], refs: tuple[int, ...], id: int | None, group: str | None,
    role: str | None, branch: int | None, state: Any = None, spared: bool = False, refused: Exception | None = None,
    kind: type[Call] | None = None, text: str | None = None, permits: tuple[Limit, ...] = (), anew: bool = False,
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
        kind: the class of its call, where it is one of its own.
        text: its arguments in words, where they hold no futures; without, they are looked through.
        permits: the limit of its own, of which it has the permit already.
        anew: it runs whatever another process has done, with which its run goes on.

    Returns:
        The call, if nothing holds it back: the caller has it run.
    """
    engine, future_of_node, options = node.engine, node.future, task.options
    run = future_of_node.run
    known: Resumed | None = None
    if node.earlier is not None and refused is None and not anew:
        taken = _taken(node, task, args, kwargs, owner, keeper, refs, id, group, role, branch, state)
        if isinstance(taken, Future):
            owner.current = taken
            return endings.listen(taken, owner.entry_done)
        known = taken
    if options.memo and refused is None:
        try:
            return _enter_memoised(node, task, args, kwargs, owner, id)
        except TypeError as error:  # an argument that cannot be hashed: the entry's failure, like any other
            refused = error
    defer_key = None
    if options.defer is not False and refused is None:
        try:
            defer_key = deferring.key_of(task, args, kwargs)
        except TypeError as error:
            refused = error
    if id is None:
        id = next(engine._ids)
    future: Future[Any] = Future(id, task, run, future_of_node.id)
    future._read = True  # its conductor reads it
    future._callbacks = [owner.entry_done]
    executor, context = engine.executors[options.executor], node.context.copy()
    if kind is None:
        kind = _entry_kind(task, keeper) if options.with_state or task.is_async else EntryCall
    call: Any = kind(engine, future, task, args, kwargs, executor, context, group)
    call.node, call.owner, call.keeper, call.gates, call.state_in = node, owner, keeper, gates, state
    if not task.simple:
        call.gates = gates_of(id, future.label, options.max_parallelism, gates)
    if defer_key is not None:
        call.defer_key = defer_key
    call.permits = permits
    if spared:
        call.spared = True
    if options.cache is not None and refused is None:
        try:
            call.wish = caching.wish_of(task, args, kwargs)
        except TypeError as error:
            refused = error
    future._call = call
    written, found = written_arguments(args, kwargs) if text is None else (text, _NONE)
    if role is None and not task.simple:
        role = task.role
    if text is None and engine.memory is not None and (type(written) is str or task.is_local or role is not None):
        keep_mark_for_ever(node, id, task, mark_of(task, written, args, kwargs), args, kwargs)
    if found:
        refs = (*refs, *[f.id for f in found])
    run.append_row(
        (
            r.SUBMITTED, engine.now(), id, future_of_node.id, task.name, task.module, task.executor_name, written, refs,
            group, role, branch,
        )
    )  # fmt: skip
    if known is not None:
        known.begins(call)
    # Behind the record: whoever finds it here may record its end.
    owner.current = future
    run.live[id] = future
    if not id & 1023:
        run.tidy()
    if refused is not None:
        return endings.try_end(engine, call, State.FAILED, refused)[1]
    # Looked at after it is in place: whoever stops the node either sees the entry or is seen here.
    if not spared and (node.stopped or (node.above is not None and node.is_stopped())):
        endings.cancel_one(engine, future, f"{future_of_node.label} was told to stop before")
        return None
    if task.simple and not gates and not run.paused and (permits or task.own_limit is None):
        return call  # type: ignore[no-any-return]
    return admission.admit(engine, call, found)


class _Aside:
    """Takes the state of an entry that was found done and is run again, which is past its place in the pipeline."""

    __slots__ = ("_keeper", "state_out")

    def __init__(self, keeper: StateKeeper) -> None:
        self._keeper = keeper
        self.state_out: Any = None

    def fresh_state(self, state: Any) -> Any:
        """As the pipeline has it."""
        return self._keeper.fresh_state(state)


def _taken(
    node: Node, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], owner: EntryOwner,
    keeper: StateKeeper | None, refs: tuple[int, ...], id: int | None, group: str | None, role: str | None,
    branch: int | None, state: Any,
) -> Future[Any] | Resumed | None:  # fmt: skip
    """What another process has done of an entry: its future, done; else what is known below it, if anything."""
    resumed: Any = node.earlier
    role = role or task.role
    if task.options.memo or not (places := resumed.find(node, task, args, kwargs, group, role, branch)):
        return None  # with memo it is looked for where it is submitted
    stateful = task.options.with_state and keeper is not None
    for past, was in places:
        value = past.value_of(was)
        after = past.state_behind(was) if stateful and value is not UNKNOWN else None
        if value is UNKNOWN or after is UNKNOWN:
            continue
        engine, run = node.engine, node.future.run
        future: Future[Any] = Future(next(engine._ids) if id is None else id, task, run, node.future.id)
        future._read = True
        text, found = written_arguments(args, kwargs)
        keep_mark_for_ever(node, future.id, task, mark_of(task, text, args, kwargs), args, kwargs)
        record_done(future, value, past, was, text, (*refs, *[f.id for f in found]), group, role, branch)
        for each, there in places:
            each.begun_as[future.id] = there.id
        aside = None if keeper is None else _Aside(keeper)
        context = node.context.copy()
        call: Any = _entry_kind(task, aside)(
            engine, future, task, (), {}, engine.executors[task.options.executor], context, group
        )
        call.node, call.owner, call.keeper, call.state_in = node, owner, aside, state
        call.gates = gates_of(future.id, future.label, task.options.max_parallelism, node.gates)
        call.take_start()
        call.take_end()
        call.returned = (args, kwargs)
        future._call = call
        if stateful:
            assert keeper is not None
            keeper.state_out = after
        return future
    return Resumed(places)


def _enter_memoised(
    node: Node, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], owner: EntryOwner, id: int | None
) -> Call | None:
    """An equal call may have been made in this run already; its future may have ended long ago."""

    def submit() -> Future[Any]:
        scope.set(node)
        return admission.memoised(node.engine, node.future.run, task, args, kwargs)

    future = node.context.copy().run(submit)
    future._consume()
    if id is not None:
        skip(node.future.run, node.engine.now(), id, f"{future.label} gives its value (memo)")
    owner.current = future
    return endings.listen(future, owner.entry_done)
