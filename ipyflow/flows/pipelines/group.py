"""A group under way: its branches, how many of them at once, and what comes of them.

Owns: which branches have started, their values, errors and changes of the state. Called by: the thread on which
the chain comes to it, then those on which branches end. Guarantees: branches start in entry order, at most ``at_once``
are started and unfinished, and no more tasks run below it; it ends once, when all that was started has ended.

A branch holds a slot from its start to its end. The group itself stands in the queue for slots, once at most: so a
hundred thousand branches cost nothing before their turn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ipyflow.engine import endings
from ipyflow.engine.call import Call
from ipyflow.engine.describe import message
from ipyflow.engine.entries import enter
from ipyflow.engine.future import Future
from ipyflow.engine.limits import Limit
from ipyflow.engine.nodes import Node, end_badly, end_stopped, end_well, failure_in, open_node, reopen
from ipyflow.engine.plan import Plan
from ipyflow.engine.resuming import Resumed
from ipyflow.engine.turns import Turns
from ipyflow.errors import GroupError, PipelineInvalid, TaskCancelled
from ipyflow.flows.pipelines import state as states
from ipyflow.flows.pipelines.chain import Chain
from ipyflow.flows.pipelines.entries import Group, Step
from ipyflow.flows.pipelines.merge import Merge
from ipyflow.flows.pipelines.plan import Planner, head, skip_all
from ipyflow.model import records as r
from ipyflow.model.status import State

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
        if above.earlier is not None:
            places = above.earlier.find_node(group.name, group.text, chain.group, "group", chain.branch)
            if places:
                Resumed(places).begins(self.node)
        self.engine = above.engine
        self.label = self.node.future.label
        self.slots: Limit | None = None
        if group.at_once is not None:
            self.slots = Limit(f"branch slot of {self.label}", group.at_once)
            self.node.gates = (Limit(self.label, group.at_once), *chain.gates)
        self.args, self.kwargs, self.base = chain.args, chain.kwargs, chain.state
        self.plain = self.base is None and not self.kwargs and not group.fail_fast and group.merge is None
        """True where a branch of one plain step needs no chain, until something else than a value comes of it."""
        self.merge = Merge(self)
        self.results: list[Any] = [None] * self.count if group.ordered else []
        self.errors: dict[int, BaseException] = {}
        self.failed: dict[int, Chain] = {}
        self.active: dict[int, Chain] = {}
        self.ready: list[Call] = []
        self.next = 0
        """Branches that were started; only the thread that starts them changes it."""
        self.ended = 0
        """Branches that have ended, since they were last retried."""
        self.starting = True
        """True while a thread starts branches."""
        self.queued = False
        """True while the group stands in the queue for slots."""
        self.halted = self.ending = self.told = False
        self.shown = 0.0
        self.lock = threading.Lock()

    def begin(self) -> Call | None:
        """Start the first branches; returns a call to be run next, as all here do."""
        future = self.node.future
        future._callbacks = [self.chain.entry_done]
        self.chain.current = future
        if self.chain.is_stopped():
            endings.cancel_one(self.engine, future, f"{self.chain.node.future.label} was told to stop before")
        self._progress(self.engine.now())
        return self._start(False)

    # Starting branches.

    def _start(self, has_slot: bool) -> Call | None:
        """Start branches while there are slots; one thread at a time, for the group queues for them once."""
        ready: Call | None = None
        slots = self.slots
        while self.next < self.count and not self._is_stopped():
            if slots is not None and not has_slot and not slots.try_enter():
                self._tell_waiting()
                with self.lock:
                    self.starting, self.queued = False, True
                if not slots.enter(self):
                    return ready
                with self.lock:
                    self.queued = False
                    over = self.ending
                    self.starting = not over
                has_slot = True
                if over:  # it was told to stop, and has ended, before the slot came
                    break
                continue
            has_slot = False
            place, self.next = self.next, self.next + 1
            ready = self._both(ready, self._begin_branch(place))
        if has_slot and slots is not None:
            slots.leave()
        with self.lock:
            self.starting = False
            last = self._is_last()
        return self._both(ready, self._end()) if last else ready

    def _begin_branch(self, place: int) -> Call | None:
        branch = self.group.branches[place]
        ids = None if self.ids is None else self.ids[place]
        step = branch.last
        if self.plain and branch.size == 1 and step is not None and step.plain and not step.pauses:
            assert isinstance(step, Step)
            args = self.args + step.args if self.args else step.args
            group = self.group.label(place) if self.group.stages > 1 else self.chain.group
            return enter(
                self.node, step.task, args, step.kwargs, _Lone(self, place), None, self.node.gates, self.chain.refs,
                ids and ids[0], group, None, place,
            )  # fmt: skip
        chain = self._chain(place, ids)
        if self.group.fail_fast:
            self.active[place] = chain
        try:
            chain.state = states.copied(self.base)
        except Exception as error:
            chain.error = PipelineInvalid(
                f"the state, of type {type(self.base).__name__}, cannot be copied for the branches of {self.label} "
                f"({type(error).__name__}: {message(error)}): pass what cannot be copied as an argument, not as state"
            )
        return chain.go_on()

    def _chain(self, place: int, ids: Any) -> Chain:
        group, chain = self.group, self.chain
        entries, label = group.branches[place].entries, group.label(place) or chain.group
        return Chain(self, self.node.gates, place, label, entries, ids, self.args, self.kwargs, chain.refs, None)

    def _tell_waiting(self) -> None:
        """Record, once, what the branches that were planned wait for."""
        if self.ids is None or self.told:
            return
        self.told = True
        assert self.slots is not None
        reason = f"{self.slots.name} ({self.slots.size} at once)"
        for place in range(self.next, self.count):
            self.node.future.run.append_row((r.WAITING, self.engine.now(), head(self.ids[place]), reason, ()))

    def wants_permit(self) -> bool:
        """For the queue of the slots."""
        return self.next < self.count and not self._is_stopped()

    def permit_granted(self, permit: Limit | None) -> bool:
        """A slot is free: the next branch has it."""
        with self.lock:
            self.queued = False
            if self.ending or not self.wants_permit():
                return False
            self.starting = True
        ready = self._start(True)
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

    # For its branches.

    def open_group(self, chain: Chain, group: Group, ids: Any) -> Call | None:
        """A group in a branch."""
        return in_turn(GroupRun(chain, group, ids).begin)

    def chain_ended(self, chain: Chain) -> Call | None:
        """A branch has ended."""
        place, error, changed = chain.branch, chain.error, None
        assert place is not None
        if chain.anew or chain.anew_before:
            self.chain.anew = True
        if error is None and chain.saved is not None:  # it was stopped before its last entry
            error = TaskCancelled(f"branch {place} of {self.label} was cancelled")
        if error is None:
            try:
                changed = self.merge.changed(chain.final_state())
            except Exception as raised:
                error = raised
                endings.add_note(error, f"while the state of branch {place} of {self.label} was compared")
        if error is None:
            if chain.over:
                return None
            chain.over = True
            return self.succeeded(place, chain.value, changed, self.engine.now(), chain.has_slot)
        with self.lock:
            if chain.over:
                return None
            chain.over = True
            self.active.pop(place, None)
            self.errors[place] = error
            self.failed[place] = chain
            halt = self.group.fail_fast and not self.halted
            self.halted = self.halted or halt
            has_slot, chain.has_slot = chain.has_slot, False  # before a retry may find it
        chain.wait_for_retry()
        if halt:
            self._cancel_others()
        return self._one_more(self.engine.now(), has_slot)

    def lone_ended(self, place: int, future: Future[Any]) -> Call | None:
        """A branch of one step has ended."""
        error, value = future._error, future._value
        if error is None and future._settled and not issubclass(type(value), Plan):
            if future.state is not State.CACHED:
                self.chain.anew = True
            value = value if future.task.options.fruitful else None
            return self.succeeded(place, value, None, future._when, True)
        chain = self._chain(place, None if self.ids is None else self.ids[place])
        chain.current = future
        ready: Call | None = chain.entry_done(future)
        return ready

    def succeeded(self, place: int, value: Any, changed: Any, now: float, has_slot: bool) -> Call | None:
        """A branch has ended with a value."""
        if self.group.ordered:
            self.results[place] = value
        else:
            self.results.append(value)
        if self.group.fail_fast:
            self.active.pop(place, None)
        if changed is not None:
            self.merge.add(place, changed)
        return self._one_more(now, has_slot)

    def _one_more(self, now: float, has_slot: bool) -> Call | None:
        """One more branch has ended."""
        ready: Call | None = None
        if self.slots is not None and has_slot:
            self.slots.leave()
            while self.ready:
                try:
                    ready = self._both(ready, self.ready.pop())
                except IndexError:
                    break  # another branch that ended has it
        with self.lock:
            self.ended += 1
            last = self._is_last()
            # What it stands in was told to stop, and retried since: it left off starting branches meanwhile.
            goes_on = not (last or self.starting or self.ending or self.queued) and self.wants_permit()
            self.starting = self.starting or goes_on
        if goes_on:
            ready = self._both(ready, self._start(False))
        if now - self.shown >= _GAP or self.count <= 20:
            self._progress(now)
        return self._both(ready, self._end()) if last else ready

    def _cancel_others(self) -> None:
        for other in list(self.active.values()):
            other.halted = True
            if other.current is not None:
                self.engine.cancel(other.current, f"another branch of {self.label} failed")

    def _progress(self, now: float) -> None:
        self.shown = now
        self.node.future.run.append(r.Progress(now, self.node.future.id, self.ended, self.count, "branches"))

    # Ending.

    def _is_last(self) -> bool:
        """True for one caller: nothing runs, and nothing more is to start. Under the lock."""
        if self.starting or self.ending or self.ended < self.next:
            return False
        if self.next < self.count and not self._is_stopped():
            return False  # it has its turn in the queue
        self.ending = True
        return True

    def _end(self) -> Call | None:
        node, now = self.node, self.engine.now()
        self._progress(now)
        if self.ids is not None:
            for place in range(self.next, self.count):
                for entry, id in zip(self.group.branches[place].entries, self.ids[place], strict=True):
                    skip_all(node.future.run, now, entry, id, f"{self.label} was told to stop")
        if node.is_stopped():
            if not node.stopped:
                endings.cancel_one(self.engine, node.future, f"{self.chain.node.future.label} was told to stop")
            return end_stopped(node)
        return self.merge.begin()

    def merged(self, state: Any) -> Call | None:
        """The state behind the group is known: end with the values, or the failures."""
        self.chain.state = state
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
        if not failures:
            cancelled = ", ".join(map(str, sorted(stopped)[:20]))
            return end_badly(self.node, TaskCancelled(f"branches of {self.label} were cancelled: {cancelled}"))
        named = [f"[{place}] {type(error).__name__}: {message(error)[:200]}" for place, error in failures.items()]
        more = f"; and {len(named) - NAMED} more" if len(named) > NAMED else ""
        text = f"{len(named)} of {self.count} branches of {self.label} failed: {'; '.join(named[:NAMED])}{more}"
        stopped += range(self.next, self.count)
        if stopped:
            text += f"; cancelled: {', '.join(map(str, sorted(stopped)[:20]))}"
        ready = end_badly(self.node, GroupError(text, list(failures.values())))
        for chain in list(self.failed.values()):
            chain.look_again()
        return ready

    # Again.

    def revive(self, chain: Chain) -> bool:
        """The entry that a branch failed of is run again."""
        future, reopened = self.node.future, False
        if future.is_final():
            reopened = self._reopen()
            if not reopened and future.is_final():
                return False
        with self.lock:
            # Not where it is just about to end, or the branch goes on already.
            revived = chain.over and not self.ending
            if revived:
                assert chain.branch is not None
                chain.over = False
                self.ended -= 1
                self.failed.pop(chain.branch, None)
                self.errors.pop(chain.branch, None)
        if reopened:
            for other in [other for other in self.failed.values() if other.halted]:
                other.again()  # it was cancelled because that one failed
            self.engine.dispatch(self._start(False))  # branches that a cancel had kept from starting
        return revived

    def told_to_stop(self) -> None:
        """It ends when what is below it has: there is always something."""

    def again(self) -> None:
        """Run again what failed, and start what was not started."""
        if not self._reopen():
            return
        for chain in list(self.failed.values()):
            chain.again()
        self.engine.dispatch(self._start(False))

    def _reopen(self) -> bool:
        if not reopen(self.node, "a task in it is run again"):
            return False
        with self.lock:
            self.ending = self.halted = self.told = False
            self.starting = True  # it does not end before there is something to wait for
        if self.ids is not None:
            plan = Planner(self.node.future.run.append_row, lambda: next(self.engine._ids), self.engine.now())
            for place in range(self.next, self.count):
                plan.write(
                    self.group.branches[place].entries, self.node.future.id, self.chain.refs, place,
                    self.group.label(place), self.ids[place],
                )  # fmt: skip
        return True


_beginning: Turns[Callable[[], Call | None]] = Turns()


def in_turn(begin: Callable[[], Call | None]) -> Call | None:
    """Call ``begin`` once what this thread begins already has begun: groups in groups need no stack."""
    ready: Call | None = None
    for one in _beginning.taken(begin):
        following = one()
        if following is not None:
            if ready is not None:
                following.engine.dispatch(ready)
            ready = following
    return ready


class _Lone:
    """A branch of one step, as long as nothing but a value comes of it: then a chain takes over."""

    __slots__ = ("current", "place", "run")

    current: Future[Any] | None

    def __init__(self, run: GroupRun, place: int) -> None:
        self.run, self.place = run, place

    def entry_done(self, future: Future[Any]) -> Any:
        """Hear of the end of the step."""
        ready = self.run.lone_ended(self.place, future)
        return None if ready is None else ready.executor.follow(ready)
