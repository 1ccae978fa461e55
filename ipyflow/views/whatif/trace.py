"""Read from a run what each task did, and because of what: the trace that is played again.

A task that a body submitted begins when that body comes to it again; an entry of a pipeline when the one before it has
ended, a step of a workflow when its events are there, and what a notebook submitted as long after what came before as
it did. A body is cut where it submitted something, sent an event or waited. What cannot be told from the log takes the
time that it took: a delay, a wait for an answer, a wait that ran out. The time until a person retried a task is left
out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate, pairwise

from ipyflow.model import records as r
from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FINAL_STATES, State
from ipyflow.views.containers import contains
from ipyflow.views.whatif import acts as a
from ipyflow.views.whatif.body import LIMIT, RATE, SLACK, Body, brief
from ipyflow.views.whatif.pools import Pools, pool_of
from ipyflow.views.whatif.slots import branch_slots


def trace(state: RunState, reads: Iterable[r.Read] = ()) -> a.Trace:
    """Read the trace of an ended run.

    Args:
        state: the run.
        reads: which task looked at the outcome of which other one, and when: it would wait if that was not there.

    Example:
        >>> trace(RunState()).ids
        []
    """
    return Reader(state, reads).read()


class Reader:
    """Reads one run."""

    def __init__(self, state: RunState, reads: Iterable[r.Read]) -> None:
        self.state = state
        done = [task for task in state.tasks.values() if task.ended is not None and task.state is not State.SKIPPED]
        self.tasks = {task.id: task for task in done}
        self.count = len(done)
        self.number = {task.id: i for i, task in enumerate(done)}
        self.out = a.Trace(list(self.tasks), signals=2 * self.count)
        self.pools = Pools(done)
        self.marks: dict[int, list[tuple[float, int]]] = defaultdict(list)
        """By task, when its body gave which signal; ``~signal`` where it would have waited for it."""
        self.below: dict[int, list[TaskState]] = defaultdict(list)
        for task in done:
            if task.parent in self.tasks:
                self.below[task.parent].append(task)
        self.looked: set[tuple[int, int]] = set()
        """Who looked at the outcome of whom: who was given that as a reference, and waits in its body for it."""
        for time, id_, by in reads:
            if by in self.tasks and id_ in self.tasks and by != id_:
                self.marks[by].append((time, ~self.number[id_]))
                self.looked.add((by, id_))
        self.events: dict[tuple[int, int], int] = {}
        """By workflow and event, the signal that it was sent."""
        self.takes: dict[int, list[str]] = defaultdict(list)
        self.leaves: dict[int, list[str]] = defaultdict(list)
        """By task, the permits of branches and steps that it takes at its beginning, and those that it gives back."""
        self._over: dict[int, tuple[str, ...]] = {}

    def read(self) -> a.Trace:
        """All of it."""
        out = self.out
        out.pools, out.handing, out.work = self.pools.peaks, self.pools.handing, self.pools.work
        out.busiest = self.pools.busiest
        out.measured = max((task.ended or 0.0 for task in self.tasks.values()), default=0.0) - self.state.opened
        out.measured = max(out.measured, 0.0)
        out.person = _until_retried(self.tasks.values())
        for task in self.tasks.values():
            for span in task.spans:
                if span.state is State.WAITING and span.note:
                    self._note_limit(span.note)
        for task in self.tasks.values():
            if contains(task):
                self._container(task)
        begins = self._begins()
        for task in self.tasks.values():
            own = self._of_container(task) if contains(task) else Body(self, task).script()
            out.scripts.append([*begins[task.id], *own])
        return out

    # What exists.

    def _note_limit(self, note: str) -> None:
        found = LIMIT.fullmatch(note)
        if found is not None:
            self.out.limits[found[1]] = int(found[2])
            return
        found = RATE.fullmatch(note)
        if found is not None:
            self.out.rates[found[1]] = (int(found[2]), float(found[3]))

    def _container(self, task: TaskState) -> None:
        """Find the permits that branches of a group and steps of a workflow hold, and the events that steps send."""
        flow = self.state.workflows.get(task.id)
        if flow is not None:
            workers = {name: number for name, number, _ in flow.steps}
            for event in flow.events.values():
                self.events[task.id, event.id] = signal = self.out.signals
                self.out.signals += 1
                if event.by in self.tasks:
                    self.marks[event.by].append((event.time, signal))
                else:
                    self.marks[task.id].append((event.time, signal))
            for step in self.below[task.id]:
                if step.takes and step.name in workers:
                    key = f"worker of {step.name} in {task.name}#{task.id}"
                    self.out.limits[key] = max(workers[step.name], 1)
                    self.takes[step.id].append(key)
                    self.leaves[step.id].append(key)
        elif task.role == "group":
            size, ends = branch_slots(self.below[task.id])
            key = f"branch slot of {task.name}#{task.id}"
            for first, last in ends if size else ():
                self.out.limits[key] = size
                self.takes[first].append(key)
                self.leaves[last].append(key)

    def limits(self, task: TaskState) -> tuple[str, ...]:
        """The limits a body is under: its own, then those of what it is below, the innermost first."""
        own = (task.name,) if task.name in self.out.limits else ()
        return own + self._gates(task.parent)

    def _gates(self, parent: int) -> tuple[str, ...]:
        if not self.out.limits or parent not in self.tasks:
            return ()
        if parent not in self._over:
            above = self.tasks[parent]
            label = f"{above.name}#{above.id}"
            here = (label,) if label in self.out.limits else ()
            self._over[parent] = here + self._gates(above.parent)
        return self._over[parent]

    # Because of what a task begins.

    def _begins(self) -> dict[int, list[a.Act]]:
        """What every task waits for before anything else, with the pause that followed."""
        out: dict[int, list[a.Act]] = {}
        loose: list[TaskState] = []
        for task in self.tasks.values():
            above = self.tasks.get(task.parent)
            if above is None:
                loose.append(task)
            elif not contains(above):
                signal = self.count + self.number[task.id]
                self.marks[above.id].append((task.submitted, signal))
                out[task.id] = [(a.NEEDS, (signal,), 1)]
        for id_ in self.tasks:
            if id_ in self.below and contains(self.tasks[id_]):
                self._begin_below(self.tasks[id_], out)
        self._begin_loose(loose, out)
        for marks in self.marks.values():
            marks.sort()
        return out

    def _begin_below(self, above: TaskState, out: dict[int, list[a.Act]]) -> None:
        begun = (a.NEEDS, (self.count + self.number[above.id],), 1)
        before: dict[int | None, TaskState] = {}
        for task in sorted(self.below[above.id], key=lambda one: (one.submitted, one.id)):
            previous = before.get(task.branch)
            sent = [self.events[above.id, id_] for id_ in task.takes if (above.id, id_) in self.events]
            if sent:
                flow = self.state.workflows[above.id]
                until = task.submitted + SLACK
                sent = [self.events[above.id, id_] for id_ in task.takes
                        if id_ in flow.events and flow.events[id_].time <= until]  # fmt: skip
                out[task.id] = [(a.NEEDS, tuple(sent), len(sent))]
            elif task.role == "merge":
                ends = tuple(self.number[one.id] for one in self.below[above.id] if one is not task)
                out[task.id] = [(a.NEEDS, ends, len(ends))]
            elif previous is not None and above.role != "workflow":
                gap = brief(pool_of(task), task.submitted - (previous.ended or task.submitted))
                out[task.id] = [(a.NEEDS, (self.number[previous.id],), 1), (a.PAUSE, gap)]
            else:
                gap = 0.0 if self.takes[task.id] else task.submitted - above.submitted
                out[task.id] = [begun, (a.PAUSE, gap)]
            before[task.branch] = task

    def _begin_loose(self, loose: list[TaskState], out: dict[int, list[a.Act]]) -> None:
        """What was submitted from outside: the log does not say what the notebook waited for.

        Where nothing was under way, it is taken to have waited for what ended last.
        """
        loose.sort(key=lambda one: (one.submitted, one.id))
        latest = list(accumulate(((one.ended or 0.0, one.id) for one in loose), max))
        for i, task in enumerate(loose):
            if i == 0:
                out[task.id] = [(a.PAUSE, task.submitted - self.state.opened)]
                continue
            ended, id_ = latest[i - 1]
            before = loose[i - 1]
            if ended <= task.submitted:
                out[task.id] = [(a.NEEDS, (self.number[id_],), 1), (a.PAUSE, task.submitted - ended)]
            else:
                signal = self.count + self.number[before.id]
                out[task.id] = [(a.NEEDS, (signal,), 1), (a.PAUSE, task.submitted - before.submitted)]

    # What a task does.

    def _of_container(self, task: TaskState) -> list[a.Act]:
        me = self.number[task.id]
        script: list[a.Act] = [(a.TAKE, name) for name in self.takes[task.id]]
        script.append((a.GIVE, self.count + me))
        at = task.submitted
        for time, signal in self.marks.get(task.id, ()):
            if signal < 0:
                continue
            script += [(a.PAUSE, time - at), (a.GIVE, signal)]
            at = max(at, time)
        below = self.below.get(task.id, ())
        if below:
            ends = tuple(self.number[one.id] for one in below)
            script += [(a.NEEDS, ends, len(ends))]
            last = max(one.ended or 0.0 for one in below)
            script.append((a.PAUSE, (task.ended or last) - last))
        else:
            script.append((a.PAUSE, (task.ended or at) - at))
        script += [(a.GIVE, me)]
        return script + [(a.LEAVE, name) for name in self.leaves[task.id]]


def _until_retried(tasks: Iterable[TaskState]) -> float:
    """Seconds in which one task or more had ended, and began again later: only a person has them begin again."""
    seconds = until = 0.0
    gaps = ((one.time, two.time) for task in tasks for one, two in pairwise(task.spans) if one.state in FINAL_STATES)
    for since, again in sorted(gaps):
        seconds += max(again - max(since, until), 0.0)
        until = max(until, again)
    return seconds
