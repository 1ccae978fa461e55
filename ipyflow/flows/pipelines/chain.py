"""A chain: the entries of a pipeline, or of a branch, one after the other.

Owns: where it stands, what it hands on, the state. Called by: the thread that starts it, and then by each
thread on which one of its entries ends: one at a time. Guarantees: at most one entry of a chain is under way;
its owner hears of its end once; chains of any length, and pipelines that take the place of an entry again and
again, need no stack, and no memory but the log.
"""

from __future__ import annotations

from typing import Any, Protocol

from ipyflow.engine import endings
from ipyflow.engine.call import Call
from ipyflow.engine.entries import enter
from ipyflow.engine.future import Future
from ipyflow.engine.limits import Limit
from ipyflow.engine.nodes import Node, skip
from ipyflow.engine.plan import Plan
from ipyflow.errors import PipelineInvalid
from ipyflow.flows.pipelines.arguments import clash
from ipyflow.flows.pipelines.entries import FINALISER, HANDLER, Entry, Group, Step
from ipyflow.flows.pipelines.frames import SAME, Frame, Outcome
from ipyflow.flows.pipelines.plan import Ids, Planner, skip_all
from ipyflow.flows.pipelines.resuming import copied, restore
from ipyflow.flows.pipelines.state import copied_if_possible
from ipyflow.model.status import RESTARTABLE_STATES, State

_NONE: dict[str, Any] = {}


class Owner(Protocol):
    """What a chain belongs to: the pipeline, or a group of branches."""

    node: Node

    def chain_ended(self, chain: Chain) -> Call | None:
        """The chain has a value or an error; returns a call to be run next, as all here do."""

    def revive(self, chain: Chain) -> bool:
        """What the chain failed of is run again: wait for it once more; False when nobody does."""

    def open_group(self, chain: Chain, group: Group, ids: Any) -> Call | None:
        """The chain has come to a group, which is an entry like any other for it."""


class Chain:
    """Entries under way; see the module.

    Args:
        owner: hears of the end.
        gates: limits that its entries need permits of.
        branch: its place in the owner, if that is a group.
        group: the label of its entries.
        entries: what it consists of.
        ids: the numbers under which they were planned.
        args: positional arguments for the first entry, in front of its own.
        kwargs: keyword arguments for the first entry; its own win.
        refs: the tasks whose outcome the first is given.
        state: the state it starts with.
    """

    __slots__ = (
        "anew", "anew_before", "args", "below", "branch", "current", "entries", "error", "gates", "group", "halted",
        "has_slot", "ids", "kept", "kwargs", "node", "outcome", "over", "owner", "place", "refs", "saved", "state",
        "state_out", "value", "way_out",
    )  # fmt: skip

    anew: bool
    """In a run that goes on with one of another process: an entry was not found done, so the finaliser runs again."""
    anew_before: bool
    """The same of what stood here before a pipeline took the place of its last entry."""
    current: Future[Any] | None
    """Its entry under way; the engine sets it."""
    outcome: Outcome | None
    """What stands aside while the finaliser runs."""
    error: BaseException | None
    """What the next handler gets."""
    halted: bool
    """Told to stop alone, by the group it is a branch of."""
    has_slot: bool
    """It holds a branch slot of its group; one that goes on after a retry does without. Its tasks need permits."""
    kept: Any
    """The state in the end, where a pipeline of its own took the place of the last entry."""
    over: bool
    """Its owner has heard of its end."""
    saved: tuple[Chain, Future[Any] | None] | None
    """A copy from before it failed or was stopped, and the entry that failed: where a retry goes on."""
    way_out: bool
    """The finaliser itself failed."""

    def __init__(
        self, owner: Owner, gates: tuple[Limit, ...], branch: int | None, group: str | None,
        entries: tuple[Entry, ...], ids: Ids | None, args: tuple[Any, ...], kwargs: dict[str, Any],
        refs: tuple[int, ...], state: Any,
    ) -> None:  # fmt: skip
        self.owner, self.node, self.gates, self.branch, self.group = owner, owner.node, gates, branch, group
        self.entries, self.ids, self.place = entries, ids, 0
        self.args, self.kwargs, self.refs, self.state = args, kwargs, refs, state
        self.kept = self.state_out = SAME
        self.below: tuple[Frame, ...] = ()
        self.value: Any = None
        self.error = self.outcome = None
        self.current = self.saved = None
        self.over = self.halted = self.way_out = self.anew = self.anew_before = False
        self.has_slot = True

    def final_state(self) -> Any:
        """The state behind the last entry."""
        return self.state if self.kept is SAME else self.kept

    @staticmethod
    def fresh_state(state: Any) -> Any:
        """The state for one attempt of several: what a failed one did to its copy is not seen by the next."""
        return copied_if_possible(state)

    def is_stopped(self) -> bool:
        """True once it is to start nothing more but finalisers."""
        node = self.node
        return self.halted or node.stopped or (node.above is not None and node.is_stopped())

    # Going on.

    def go_on(self) -> Call | None:
        """Start the next entry, or end; returns a call to be run next."""
        try:
            return self._advance()
        except Exception as error:  # nothing of ours should raise, but a chain that stands still would be worse
            self.error = error
            return self.owner.chain_ended(self)

    def _advance(self) -> Call | None:
        while True:
            entries, failed = self.entries, self.error is not None
            stopped = self.is_stopped() and not self._finalising()
            if stopped:
                self.save()
            while self.place < len(entries):
                entry = entries[self.place]
                if entry.plain and not failed and not stopped:
                    return self._enter_plain(entry)
                role = entry.role
                if role == FINALISER:
                    self.outcome = Outcome(self.value, self.args, self.error)
                    return self._enter(entry, True)
                if not stopped and (role == HANDLER) == failed:
                    return self._enter(entry, self._finalising())
                self._pass_over(entry, stopped)
                self.place += 1
            if not self.below:
                return self.owner.chain_ended(self)
            self._go_back()

    def _enter_plain(self, entry: Any) -> Call | None:
        """As :meth:`_enter`, for a plain step: nearly all are."""
        args, ids = self.args, self.ids
        if entry.args:
            args += entry.args
        if self.kwargs:
            return self._enter(entry, self._finalising())
        ready = enter(
            self.node, entry.task, args, _NONE, self, self, self.gates, self.refs,
            None if ids is None else ids[self.place], self.group, None, self.branch, self.state,
            bool(self.below) and self._finalising(),
        )  # fmt: skip
        if self.halted and self.current is not None and not self._finalising():
            self.node.engine.cancel(self.current)  # halted just before it could be found
        return ready

    def _finalising(self) -> bool:
        if self.outcome is not None:
            return True
        return bool(self.below) and any(frame.outcome is not None for frame in self.below)

    def _enter(self, entry: Entry, spared: bool) -> Call | None:
        ids = None if self.ids is None else self.ids[self.place]
        if isinstance(entry, Group):
            return self.owner.open_group(self, entry, ids)
        task, role = entry.task, entry.role
        args, kwargs = self._arguments(entry)
        refused = clash(entry, args, kwargs, len(self.args)) if kwargs and args else None
        if task.options.with_state:
            args = (self.state if task.options.retries is None else self.fresh_state(self.state), *args)
        keeper, refs = (self, self.refs) if role != FINALISER else (None, ())
        ready = enter(
            self.node, task, args, kwargs, self, keeper, self.gates, refs, ids, self.group, role, self.branch,
            self.state, spared, refused, anew=role == HANDLER or (role == FINALISER and self.anew),
        )  # fmt: skip
        if self.halted and not spared and self.current is not None:
            self.node.engine.cancel(self.current)  # halted just before it could be found
        return ready

    def _arguments(self, step: Step) -> tuple[tuple[Any, ...], dict[str, Any]]:
        role = step.role
        if role is not None:
            return step.args if role == FINALISER else (self.error, *step.args), step.kwargs
        args = self.args + step.args if step.args else self.args
        return args, {**self.kwargs, **step.kwargs} if self.kwargs else step.kwargs

    def _pass_over(self, entry: Entry, stopped: bool) -> None:
        run, now = self.node.future.run, self.node.engine.now()
        if stopped:
            why = f"{self.node.future.label} was told to stop"
        elif self.error is None:
            why = "nothing failed before it"
        else:
            future = self.saved[1] if self.saved is not None else None
            why = f"{future.label if future is not None else 'something'} failed before it"
        if self.ids is not None and self.ids[self.place] is not None:
            skip_all(run, now, entry, self.ids[self.place], why)
        elif not stopped:  # else nobody has heard of it
            id = self.planner().one(entry, self.node.future.id, self.refs, self.branch, self.group, None)
            skip(run, now, id, why)

    def planner(self) -> Planner:
        """Writes plans into the log of its run."""
        engine = self.node.engine
        return Planner(self.node.future.run.append_row, lambda: next(engine._ids), engine.now())

    # An entry has ended.

    def entry_done(self, future: Future[Any]) -> Any:
        """Hear of the end of the entry under way."""
        error, value = future._error, future._value
        if not future._settled:  # looked at after they were read: somebody has just retried it
            future.when_settled(self.entry_done)
            return None
        self.current = None
        if self.node.future.run.resumes:
            self._tell_anew(future)
        if error is not None:
            self._failed(error, future)
        else:
            if self.state_out is not SAME:
                self.state, self.state_out = self.state_out, SAME
            entry = self.entries[self.place]
            if issubclass(type(value), Plan):
                self._give_place(value, future, entry)
            else:
                self._took(value, future.task.options.fruitful, entry)
            self.refs = (future.id,)
        ready = self.go_on()
        return None if ready is None else ready.executor.follow(ready)

    def _tell_anew(self, future: Future[Any]) -> None:
        """An entry has ended: see whether it was run here. A group says so itself."""
        makes_more = future._error is None and issubclass(type(future._value), Plan)
        if not makes_more and future.state is not State.CACHED and isinstance(self.entries[self.place], Step):
            self.anew = True

    def _took(self, value: Any, fruitful: bool, entry: Entry) -> None:
        if self.outcome is not None:
            self._restore_outcome()
        else:
            self.error = self.saved = None
            self.kwargs = _NONE
            if fruitful:
                self.value = value
                self.args = value if type(value) is tuple else (value,)
            else:
                self.value, self.args = None, ()
        self.place += 1
        if entry.pauses:
            self._pause()

    def _restore_outcome(self) -> None:
        assert self.outcome is not None
        (self.value, self.args, self.error), self.outcome = self.outcome, None

    def _pause(self) -> None:
        top = self.node
        while top.above is not None:
            top = top.above
        top.future.pause()

    def _failed(self, error: BaseException, future: Future[Any]) -> None:
        self.saved = (copied(self), future)
        self.refs = (future.id,)
        self.place += 1
        if self.error is not None:
            _follows(error, self.error)  # it was handling that one
        self._leave_with(error)

    def _leave_with(self, error: BaseException) -> None:
        """``error`` is what the next handler gets; of a finaliser, it replaces the outcome."""
        if self.outcome is not None:
            earlier = self.outcome.error or self.node.future._error
            self._restore_outcome()
            self.way_out = True
            if earlier is not None:
                _follows(error, earlier)
        self.error = error

    # Pipelines that entries return.

    def _give_place(self, pipeline: Any, future: Future[Any], entry: Entry) -> None:
        """The entry returned a pipeline, which takes its place."""
        try:
            pipeline.check()
        except PipelineInvalid as error:
            self._failed(error, future)
            return
        fruitful = future.task.options.fruitful
        rest = self.place + 1 < len(self.entries) or self.outcome is not None
        inline, initial = pipeline.is_inline, pipeline.initial
        args, kwargs = self._arguments(entry) if inline and isinstance(entry, Step) else ((), _NONE)
        state = self.state if inline else None
        if rest or not fruitful or entry.pauses:
            back = SAME if inline else self.state
            frame = Frame(self.entries, self.place, self.ids, back, self.kept, self.outcome, fruitful, self.anew)
            self.below = (*self.below, frame)
            self.kept, self.outcome = SAME, None
        elif not inline and self.kept is SAME:
            self.kept = self.state
        if initial is not None:
            args, kwargs, state = initial.over(args, kwargs, state)
        self.anew, self.anew_before = False, self.anew or self.anew_before
        self.entries, self.ids, self.place = pipeline.entries, None, 0
        self.args, self.kwargs, self.state = args, kwargs, state
        self.error = self.saved = None

    def _go_back(self) -> None:
        """A pipeline that took an entry's place has ended: go on behind that entry."""
        frame, self.below = self.below[-1], self.below[:-1]
        self.state = self.final_state() if frame.state is SAME else frame.state
        self.entries, self.ids, self.place, self.kept = frame.entries, frame.ids, frame.place, frame.kept
        entry = self.entries[self.place]
        self.anew = self.anew or frame.anew
        self.outcome = frame.outcome
        if self.error is not None:
            self.place += 1
            self._leave_with(self.error)
            return
        if self.saved is not None:  # it was stopped on its way: there is no value to go on with
            self.place += 1
            return
        args = self.args  # of a pipeline whose last entry hands nothing on, nothing
        self._took(self.value, frame.fruitful, entry)
        if frame.outcome is None and frame.fruitful:
            self.args = args

    # Again.

    def save(self) -> None:
        """It was stopped: a retry goes on from here."""
        if self.saved is None:
            self.saved = (copied(self), None)

    def wait_for_retry(self) -> None:
        """It ended badly: go on when the entry that failed is retried."""
        if self.saved is not None and self.saved[1] is not None:
            future = self.saved[1]
            endings.waits_for_retry(future, lambda: self._resume(future))
            self.look_again()

    def look_again(self) -> None:
        """Go on if the entry that failed was started again before anybody waited for that."""
        future = None if self.saved is None else self.saved[1]
        if future is not None and (not future._settled or future.state in (State.SUCCEEDED, State.CACHED)):
            self._resume(future)

    def _resume(self, future: Future[Any]) -> None:
        """The entry that failed is run again."""
        if self.saved is None or self.saved[1] is not future or not self.owner.revive(self):
            return
        before, _ = self.saved
        restore(self, before, entered=True, afresh=False)
        self.current = future
        future.when_settled(self.entry_done)

    def again(self) -> None:
        """Run again the entry it ended at."""
        if self.saved is None:
            return
        before, future = self.saved
        if future is not None and future.state in RESTARTABLE_STATES:
            try:
                self.node.engine.retry(future)
            except RuntimeError:
                pass  # somebody else has just started it, or it is just about to end: it tells this chain itself
        elif self.owner.revive(self):
            restore(self, before, entered=future is not None, afresh=True)
            self.node.engine.dispatch(self.go_on())


def _follows(error: BaseException, earlier: BaseException) -> None:
    """``error`` was raised while ``earlier`` was dealt with, as in an ``except`` or a ``finally`` of Python."""
    if error is not earlier and error.__context__ is None:
        error.__context__ = earlier
