"""A group under way: its branches, how many of them at once, and what comes of them.

Owns: which branches have started, their values, errors and changes of the state. Called by: the thread on which
the chain comes to it, then those on which branches end. Guarantees: branches start in entry order, at most ``at_once``
are started and unfinished, and no more tasks run below it; it ends once, when all that was started has ended.

A branch holds a slot from its start to its end. The group itself stands in the queue for slots, once at most: so a
hundred thousand branches cost nothing before their turn.
"""

from __future__ import annotations

import threading
from typing import Any

from ipyflow.engine import endings, leaks
from ipyflow.engine.call import Call
from ipyflow.engine.conducted import Node, end_badly, end_stopped, end_well, enter, failure_in, open_node, reopen
from ipyflow.engine.describe import message
from ipyflow.engine.future import Future
from ipyflow.engine.limits import Limit
from ipyflow.errors import GroupError, PipelineInvalid, StateConflictWarning, TaskCancelled
from ipyflow.flows.pipelines import state as states
from ipyflow.flows.pipelines.chain import Chain
from ipyflow.flows.pipelines.entries import Group
from ipyflow.flows.pipelines.plan import Planner, head, skip_all
from ipyflow.model import records as r

NAMED = 5
"""Failures that the message of a ``GroupError`` names."""
_GAP = 0.05
"""Seconds between two records of how far it is."""


class GroupRun:
    """A group under way; see the module.

    Args:
        chain: the chain that has come to it.
        group: what to run.
        ids: the numbers under which it and its branches were planned.
    """

    def __init__(self, chain: Chain, group: Group, ids: Any) -> None:
        self.chain, self.group = chain, group
        self.ids = ids and ids[1]
        self.count = len(group.branches)
        above = chain.node
        self.node: Node = open_node(
            above.engine, self, group.name, group.text, "its branches", run=above.future.run, parent=above,
            above=above, role="group", context=above.context.copy(), gates=chain.gates, id=ids and ids[0],
            refs=chain.refs, group=chain.group, branch=chain.branch,
        )  # fmt: skip
        self.engine = above.engine
        self.label = self.node.future.label
        self.slots = self.tokens = None
        if group.at_once is not None:
            self.slots = Limit(f"branch slot of {self.label}", group.at_once)
            self.tokens = Limit(self.label, group.at_once)
            self.node.gates = (self.tokens, *chain.gates)
        self.args, self.kwargs, self.base = chain.args, chain.kwargs, chain.state
        self.results: list[Any] = [None] * self.count if group.ordered else []
        self.errors: dict[int, BaseException] = {}
        self.changes: list[tuple[int, Any]] = []
        self.failed: dict[int, Chain] = {}
        self.active: dict[int, Chain] = {}
        self.ready: list[Call] = []
        self.next = self.running = self.done = 0
        self.halted = self.ending = self.told = False
        self.shown = 0.0
        self.current: Future[Any] | None = None
        self.state_out: Any = None
        self.lock = threading.Lock()

    def begin(self) -> Call | None:
        """Start the first branches; returns a call to be run next, as all here do."""
        future = self.node.future
        future._callbacks = [self.chain.entry_done]
        self.chain.current = future
        if self.chain.is_stopped():
            endings.cancel_one(self.engine, future, f"{self.chain.node.future.label} was told to stop before")
        self._progress(True)
        self.running = 1
        return self._both(self._start(False), self._one_less())

    # Starting branches.

    def _start(self, has_slot: bool) -> Call | None:
        """Start branches while there are slots; only one thread is here at a time, for the group queues once."""
        ready: Call | None = None
        slots = self.slots
        while self.next < self.count and not self._is_stopped():
            if slots is not None and not has_slot and not slots.try_enter():
                self._tell_waiting()
                if not slots.enter(self):
                    return ready
            has_slot = False
            with self.lock:
                self.running += 1
            place, self.next = self.next, self.next + 1
            ready = self._both(ready, self._begin_branch(place))
        if has_slot and slots is not None:
            slots.leave()
        return ready

    def _begin_branch(self, place: int) -> Call | None:
        group, branch = self.group, self.group.branches[place]
        ids = None if self.ids is None else self.ids[place]
        chain = Chain(
            self, self.node.gates, place, group.label(place) or self.chain.group, branch.entries, ids, self.args,
            self.kwargs, self.chain.refs, None,
        )  # fmt: skip
        if group.fail_fast:
            self.active[place] = chain
        try:
            chain.state = states.copied(self.base)
        except Exception as error:
            chain.error = PipelineInvalid(
                f"the state, of type {type(self.base).__name__}, cannot be copied for the branches of {self.label} "
                f"({type(error).__name__}: {error}): pass what cannot be copied as an argument, not as state"
            )
            return self.chain_ended(chain)
        return chain.go_on()

    def _tell_waiting(self) -> None:
        """Record, once, what the branches that were planned wait for."""
        if self.ids is None or self.told:
            return
        self.told = True
        assert self.slots is not None
        reason = f"branch slot of {self.label} ({self.slots.size} at once)"
        for place in range(self.next, self.count):
            self.node.future.run.append_row((r.WAITING, self.engine.now(), head(self.ids[place]), reason, ()))

    def wants_permit(self) -> bool:
        """For the queue of the slots."""
        return self.next < self.count and not self._is_stopped()

    def permit_granted(self, permit: Limit | None) -> bool:
        """A slot is free: the next branch has it."""
        with self.lock:
            if not self.wants_permit():
                return False
            self.running += 1
        ready = self._both(self._start(True), self._one_less())
        if ready is not None:
            self.ready.append(ready)  # for the branch whose end has freed the slot
        return True

    def _is_stopped(self) -> bool:
        return self.halted or self.node.is_stopped()

    def _both(self, one: Call | None, other: Call | None) -> Call | None:
        """The calls that became ready: one to be run by whoever asks, another on its way."""
        if one is not None and other is not None:
            self.engine.dispatch(one)
            return other
        return other if one is None else one

    # For the chains of its branches.

    def open_group(self, chain: Chain, group: Group, ids: Any) -> Call | None:
        """A group in a branch."""
        return GroupRun(chain, group, ids).begin()

    def chain_ended(self, chain: Chain) -> Call | None:
        """A branch has ended."""
        place, error = chain.branch, chain.error
        assert place is not None
        changed: Any = None
        if error is None and chain.is_stopped():
            error = TaskCancelled(f"branch {place} of {self.label} was cancelled")
        if error is None:
            try:
                changed = self._changed(chain.final_state())
            except Exception as raised:
                error = raised
                endings.add_note(error, f"while the state of branch {place} of {self.label} was compared")
        with self.lock:
            if chain.over:
                return None
            chain.over = True
            self.active.pop(place, None)
            self.done += 1
            if error is None:
                self._keep(place, chain.value, changed)
            else:
                self.errors[place] = error
                self.failed[place] = chain
            halt = error is not None and self.group.fail_fast and not self.halted
            self.halted = self.halted or halt
        if error is not None:
            chain.wait_for_retry()
        if halt:
            self._cancel_others()
        self._progress()
        ready: Call | None = None
        if self.slots is not None and chain.has_slot:
            chain.has_slot = False
            self.slots.leave()
            while self.ready:
                ready = self._both(ready, self.ready.pop())
        return self._both(ready, self._one_less())

    def _changed(self, after: Any) -> Any:
        """What is kept of a branch's state: all of it for ``merge_state``, else what it changed, if anything."""
        if self.group.merge is not None:
            return (after,)
        return None if after is self.base else states.changes(self.base, after) or None

    def _keep(self, place: int, value: Any, changed: Any) -> None:
        if self.group.ordered:
            self.results[place] = value
        else:
            self.results.append(value)
        if changed is not None:
            self.changes.append((place, changed))

    def _cancel_others(self) -> None:
        for other in list(self.active.values()):
            other.halted = True
            if other.current is not None:
                self.engine.cancel(other.current, f"another branch of {self.label} failed")

    def _progress(self, always: bool = False) -> None:
        now = self.engine.now()
        if always or self.count <= 20 or now - self.shown >= _GAP:
            self.shown = now
            self.node.future.run.append(r.Progress(now, self.node.future.id, self.done, self.count, "branches"))

    # Ending.

    def _one_less(self) -> Call | None:
        with self.lock:
            self.running -= 1
            if self.running or self.ending:
                return None
            self.ending = True
        return self._end()

    def _end(self) -> Call | None:
        self._progress(True)
        if self.ids is not None:
            why = f"{self.label} was told to stop"
            for place in range(self.next, self.count):
                for entry, id in zip(self.group.branches[place].entries, self.ids[place], strict=True):
                    skip_all(self.node.future.run, self.engine.now(), entry, id, why)
        if self.node.is_stopped():
            if not self.node.stopped:
                endings.cancel_one(self.engine, self.node.future, f"{self.chain.node.future.label} was told to stop")
            return end_stopped(self.node)
        self.changes.sort(key=lambda change: change[0])
        if self.group.merge is not None and self.changes:
            return self._submit_merge()
        try:
            self._merge()
        except Exception as error:
            endings.add_note(error, f"while the states of the branches of {self.label} were merged")
            return end_badly(self.node, error)
        return self._end_with_results()

    def _merge(self) -> None:
        self.chain.state, clashes = states.merged(self.base, self.changes)
        for text in clashes:
            self.node.future.run.append(r.Noted(self.engine.now(), self.node.future.id, "conflict", text))
        if clashes:
            more = f" (and {len(clashes) - 1} more)" if len(clashes) > 1 else ""
            leaks.warn(
                StateConflictWarning(
                    f"{self.label}: {clashes[0]}{more}. Say which is right with merge_state=, "
                    "or let each branch change a part of its own"
                )
            )

    def _submit_merge(self) -> Call | None:
        args = (self.base, [after for _, (after,) in self.changes])
        gates = self.chain.gates
        return enter(self.node, self.group.merge, args, {}, self, keeps_state=False, gates=gates, refs=(), role="merge")

    def entry_done(self, future: Future[Any]) -> Any:
        """The states are merged, by the task that was given for it."""
        if not future._settled:
            future.when_settled(self.entry_done)
            return None
        if future._error is not None:
            ready = end_badly(self.node, future._error)
        else:
            self.chain.state = future._value
            ready = self._end_with_results()
        return None if ready is None else ready.executor.follow(ready)

    def _end_with_results(self) -> Call | None:
        if not self.errors:
            return end_well(self.node, self.results)
        stopped = [place for place, chain in self.failed.items() if chain.halted]
        places = sorted(set(self.errors) - set(stopped))
        failures = {place: failure_in(self.errors[place], f"in branch {place} of {self.label}") for place in places}
        if self.group.return_exceptions:
            for place, error in failures.items():
                if self.group.ordered:
                    self.results[place] = error
                else:
                    self.results.append(error)
            return end_well(self.node, self.results)
        named = [f"[{place}] {type(error).__name__}: {message(error)}" for place, error in failures.items()]
        more = f"; and {len(named) - NAMED} more" if len(named) > NAMED else ""
        text = f"{len(named)} of {self.count} branches of {self.label} failed: {'; '.join(named[:NAMED])}{more}"
        stopped += range(self.next, self.count)
        if stopped:
            text += f"; cancelled: {', '.join(map(str, sorted(stopped)[:20]))}"
        return end_badly(self.node, GroupError(text, list(failures.values())))

    # Again.

    def revive(self, chain: Chain) -> bool:
        """The entry that a branch failed of is run again."""
        with self.lock:
            if self.ending and not self.node.future.is_final():
                return False  # it is just about to end
        if self.node.future.is_final() and not self._reopen():
            return False
        with self.lock:
            assert chain.branch is not None
            self.running += 1
            self.done -= 1
            self.failed.pop(chain.branch, None)
            self.errors.pop(chain.branch, None)
        return True

    def again(self) -> None:
        """Run again what failed, and start what was not started."""
        if not self._reopen():
            return
        with self.lock:
            self.running += 1
        for chain in list(self.failed.values()):
            chain.again()
        self.engine.dispatch(self._both(self._start(False), self._one_less()))

    def _reopen(self) -> bool:
        if not reopen(self.node, "a task in it is run again"):
            return False
        with self.lock:
            self.ending = self.halted = self.told = False
        if self.ids is not None:
            plan = Planner(self.node.future.run.append, lambda: next(self.engine._ids), self.engine.now())
            for place in range(self.next, self.count):
                plan.write(
                    self.group.branches[place].entries, self.node.future.id, self.chain.refs, place,
                    self.group.label(place), self.ids[place],
                )  # fmt: skip
        return True
