"""The state of a run, and the one fold that makes it from the run's records.

Every view, table, picture, export and explanation is a function of :class:`RunState`. The fold reads no clock
and touches nothing outside: folding a prefix and then the rest gives what folding the whole gives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ipyflow.model import records as r
from ipyflow.model.events import WorkflowState
from ipyflow.model.status import FINAL_STATES, TRANSITIONS, State

_STATES = {state.value: state for state in State}
_PLANNED, _QUEUED, _RUNNING, _BLOCKED = State.PLANNED, State.QUEUED, State.RUNNING, State.BLOCKED
_SUCCEEDED = State.SUCCEEDED


class InvalidRecord(ValueError):
    """A record that cannot follow those before it; the message holds the task's whole story."""


@dataclass(slots=True)
class Attempt:
    """One try at running a task's body. Times in seconds on the engine's clock."""

    number: int
    worker: str
    started: float
    ended: float | None = None
    type: str = ""
    text: str = ""
    traceback: str | None = None

    @property
    def failed(self) -> bool:
        """Whether it ended with an exception; ``type`` is ``NoneType`` where it gave ``None`` and was run again."""
        return self.type not in ("", "NoneType")


@dataclass(slots=True)
class Span:
    """A stretch of a task's life in one state, from ``time`` to the next span's time, waiting for the tasks ``on``."""

    time: float
    state: State
    note: str = ""
    on: tuple[int, ...] = ()


@dataclass(slots=True)
class Question:
    """What a prompt asks a person, and the answer, once there is one. Times in seconds on the engine's clock."""

    asked: float
    title: str
    text: str
    form: str
    actions: tuple[str, ...]
    answered: float | None = None
    by: str = ""
    action: str = ""
    answer: str = ""


@dataclass(slots=True)
class Revision:
    """Code that took the place of other code: from attempt ``attempt`` on the task ran ``after``."""

    time: float
    attempt: int
    before: str
    after: str


@dataclass(slots=True)
class Reuse:
    """Where a value comes from that a task has without running: see :class:`~ipyflow.model.records.Reused`."""

    how: str
    run: str
    task: int
    made: float


@dataclass(slots=True)
class TaskState:
    """All that the records say about one task."""

    id: int
    parent: int
    name: str
    module: str
    executor: str
    args: str
    refs: tuple[int, ...]
    group: str | None
    submitted: float
    state: State
    role: str | None = None
    branch: int | None = None
    takes: tuple[int, ...] = ()
    """The events that a step of a workflow is run for."""
    planned: bool = False
    """True from the plan of its pipeline until it is submitted."""
    reason: str = ""
    waiting_on: tuple[int, ...] = ()
    started: float | None = None
    ended: float | None = None
    worker: str = ""
    type: str = ""
    text: str = ""
    traceback: str | None = None
    into: int = r.NO_TASK
    progress: tuple[int, int | None, str] | None = None
    attempts: list[Attempt] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    read_by: list[int] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    question: Question | None = None
    revisions: list[Revision] | None = None
    reused: Reuse | None = None

    def story(self) -> str:
        """The task's life in one line, for error messages."""
        return f"{self.name}#{self.id}: " + " -> ".join(f"{s.state}@{s.time:.6f}" for s in self.spans)


@dataclass
class RunState:
    """All that the records of one run say. Fold with :meth:`apply` or :func:`fold`."""

    id: int = 0
    key: str = field(default="", compare=False)
    """By what it is known in the history, where it is: no record says that, whoever reads the log does."""
    name: str = ""
    kind: str = ""
    state: State = State.RUNNING
    opened: float = 0.0
    wall: float = 0.0
    closed: float | None = None
    last: float = 0.0
    seq: int = 0
    tasks: dict[int, TaskState] = field(default_factory=dict)
    counts: Counter[State] = field(default_factory=Counter)
    output: list[tuple[float, int, str, str]] = field(default_factory=list)
    notes: list[tuple[float, int, str, str]] = field(default_factory=list)
    workflows: dict[int, WorkflowState] = field(default_factory=dict)
    """By the task of the workflow."""
    forgotten: Counter[str] = field(default_factory=Counter)
    """Ended tasks that a log with a limit no longer holds, by name; they still count in ``counts``."""
    asked: dict[int, None] = field(default_factory=dict)
    """The prompts that wait for their answer."""
    changed: set[int] = field(default_factory=set, compare=False)
    """Ids of the tasks touched since somebody last cleared this set: for viewers that send differences."""

    def apply(self, record: r.Record) -> None:
        """Fold one more record.

        Raises:
            InvalidRecord: the record cannot follow those before it.
        """
        self.seq += 1
        if record.time > self.last:
            self.last = record.time
        _FOLD[type(record)](self, record)

    def drop_ended(self) -> None:
        """Forget the tasks that succeeded, down to their counts. Failed ones stay: somebody may retry them."""
        for task in [t for t in self.tasks.values() if t.state in (State.SUCCEEDED, State.CACHED, State.SKIPPED)]:
            del self.tasks[task.id]
            self.forgotten[task.name] += 1
            self.changed.discard(task.id)
        self.output.clear()

    # The handlers below are reached only through apply().

    def _opened(self, e: r.Opened) -> None:
        self.id, self.name, self.kind = e.run, e.name, e.kind
        self.opened, self.wall = e.time, e.wall

    def _submitted(self, e: r.Submitted) -> None:
        task = self.tasks.get(e.task)
        if task is None:
            self._enter(e, _QUEUED)
        elif task.planned and task.state in (State.PLANNED, State.WAITING):
            task.planned = False
            self._move(e.task, State.QUEUED, e.time)
            task.parent, task.name, task.module, task.executor = e.parent, e.name, e.module, e.executor
            task.args, task.refs, task.group, task.role, task.branch = e.args, e.refs, e.group, e.role, e.branch
        else:
            raise InvalidRecord(f"task {e.task} was submitted twice: {task.story()}")
        self._reopen()

    def _planned(self, e: r.Planned) -> None:
        if e.task in self.tasks:
            task = self._move(e.task, State.PLANNED, e.time)
            task.ended, task.text = None, ""
        else:
            self._enter(e, State.PLANNED)
        self.tasks[e.task].planned = True
        self._reopen()

    def _enter(self, e: r.Submitted | r.Planned, state: State) -> None:
        time, id, parent, name, module, executor, args, refs, group, role, branch = e
        self.tasks[id] = TaskState(
            id, parent, name, module, executor, args, refs, group, time, state, role, branch, spans=[Span(time, state)]
        )
        self.counts[state] += 1
        self.changed.add(id)

    def _waiting(self, e: r.Waiting) -> None:
        task = self._move(e.task, State.WAITING, e.time, e.reason)
        task.reason, task.waiting_on = e.reason, e.on
        task.spans[-1].on = e.on

    def _queued(self, e: r.Queued) -> None:
        self._move(e.task, State.QUEUED, e.time)

    def _started(self, e: r.Started) -> None:
        time, id, worker, attempt = e
        task = self._move(id, _RUNNING, time, worker)
        task.worker = worker
        if task.started is None:
            task.started = time
        task.attempts.append(Attempt(attempt, worker, time))

    def _blocked(self, e: r.Blocked) -> None:
        task = self._task(e.task)
        if task.state is State.RUNNING:
            self._move(e.task, State.BLOCKED, e.time).waiting_on = e.on
            task.spans[-1].on = e.on

    def _unblocked(self, e: r.Unblocked) -> None:
        task = self._task(e.task)
        if task.state is State.BLOCKED:
            self._move(e.task, State.RUNNING, e.time, task.worker)

    def _read(self, e: r.Read) -> None:
        task = self.tasks.get(e.task)
        if task is not None and e.by not in task.read_by:
            task.read_by.append(e.by)
            self.changed.add(e.task)

    def _output(self, e: r.Output) -> None:
        self.output.append((e.time, e.task, e.stream, e.text))

    def _progress(self, e: r.Progress) -> None:
        self._task(e.task).progress = (e.done, e.total, e.label)
        self.changed.add(e.task)

    def _attempt_failed(self, e: r.AttemptFailed) -> None:
        task = self._move(e.task, State.WAITING, e.time, f"retry after {e.type}")
        task.reason = "retry"
        self._end_attempt(task, e.time, e.type, e.text, e.traceback)

    def _continued(self, e: r.Continued) -> None:
        was = self._task(e.task)
        returned = bool(was.attempts) and was.attempts[-1].ended is None
        reason = "the future it returned" if returned else "the newer call in its place"
        task = self._move(e.task, State.WAITING, e.time, reason)
        task.reason, task.waiting_on, task.into = reason, (e.into,), e.into
        task.spans[-1].on = task.waiting_on

    def _cancelling(self, e: r.Cancelling) -> None:
        self._move(e.task, State.CANCELLING, e.time, e.why).reason = e.why

    def _finished(self, e: r.Finished) -> None:
        time, id, now, type, text, traceback = e
        state = _STATES[now]
        task = self._move(id, state, time)
        task.type, task.text, task.traceback, task.ended = type, text, traceback, time
        if self.asked:
            self.asked.pop(id, None)
        if not task.attempts:
            return
        if state is _SUCCEEDED:
            type = text = ""
        self._end_attempt(task, time, type, text, traceback)

    def _reset(self, e: r.Reset) -> None:
        was = self._task(e.task)
        was.spans[-1].note = was.type  # what it failed with is said of that attempt; the task's own is that of the last
        task = self._move(e.task, State.QUEUED, e.time, e.why)
        task.ended, task.type, task.text, task.traceback, task.into = None, "", "", None, r.NO_TASK
        task.reused = None
        self._reopen()

    def _reopen(self) -> None:
        if self.closed is not None:
            self.closed, self.state = None, State.RUNNING

    def _noted(self, e: r.Noted) -> None:
        self.notes.append((e.time, e.task, e.kind, e.text))
        if e.task in self.tasks:
            self.tasks[e.task].notes.append((e.kind, e.text))
            self.changed.add(e.task)

    def _closed(self, e: r.Closed) -> None:
        self.closed, self.state = e.time, State(e.state)

    def _asked(self, e: r.Asked) -> None:
        self.asked[e.task] = None
        self._task(e.task).question = Question(e.time, e.title, e.text, e.form, e.actions)
        self.changed.add(e.task)

    def _answered(self, e: r.Answered) -> None:
        question = self._task(e.task).question
        if question is None:
            raise InvalidRecord(f"an answer to what task {e.task} has not asked")
        self.asked.pop(e.task, None)
        question.answered, question.by, question.action, question.answer = e.time, e.by, e.action, e.text
        self.changed.add(e.task)

    def _revised(self, e: r.Revised) -> None:
        task = self._task(e.task)
        revision = Revision(e.time, len(task.attempts) + 1, e.before, e.after)
        task.revisions = [*(task.revisions or ()), revision]
        self.changed.add(e.task)

    def _reused(self, e: r.Reused) -> None:
        self._task(e.task).reused = Reuse(e.how, e.run, e.source, e.made)
        self.changed.add(e.task)

    def _recurred(self, e: r.Recurred) -> None:
        task = self._move(e.task, State.WAITING, e.time, "it gave None")
        task.reason, task.into = "it gave None", r.NO_TASK
        self._end_attempt(task, e.time, "NoneType", "None", None)

    # Of workflows: what happens to their events is theirs.

    def _workflow(self, id: int) -> WorkflowState:
        self._task(id)
        found = self.workflows.get(id)
        if found is None:
            found = self.workflows[id] = WorkflowState(id)
        self.changed.add(id)
        return found

    def _routes(self, e: r.Routes) -> None:
        self._workflow(e.task).routes(e)

    def _event_sent(self, e: r.EventSent) -> None:
        by = self.tasks.get(e.by)
        self._workflow(e.task).event_sent(e, None if by is None else by.name)

    def _events_taken(self, e: r.EventsTaken) -> None:
        task = self._task(e.task)
        task.takes += e.events
        workflow = self._workflow(task.parent)
        first = workflow.events.get(e.events[0]) if e.events else None
        before = () if first is None else first.taken_by
        workflow.events_taken(e, task.name, {id: self.tasks[id].name for id in before if id in self.tasks})

    def _event_held(self, e: r.EventHeld) -> None:
        workflow = self._workflow(e.task)
        event = workflow.events.get(e.event)
        taken = event is not None and any(self.tasks[id].name == e.step for id in event.taken_by if id in self.tasks)
        workflow.event_held(e, taken)

    def _join_filled(self, e: r.JoinFilled) -> None:
        self._workflow(e.task).join_filled(e)

    def _event_awaited(self, e: r.EventAwaited) -> None:
        task = self._task(e.task)
        self._workflow(task.parent).awaited[e.task] = (e.time, e.type, e.text)
        self.changed.add(e.task)

    def _event_published(self, e: r.EventPublished) -> None:
        self._workflow(e.task).event_published(e)

    def _task(self, id: int) -> TaskState:
        try:
            return self.tasks[id]
        except KeyError:
            raise InvalidRecord(f"a record speaks of task {id} before it was submitted") from None

    def _move(self, id: int, state: State, time: float, note: str = "") -> TaskState:
        # Every record but a task's first comes here: no call and no look-up more than needed.
        task = self.tasks.get(id) or self._task(id)
        before, counts = task.state, self.counts
        if state not in TRANSITIONS[before]:
            raise InvalidRecord(f"{before} -> {state} cannot happen. {task.story()}")
        counts[before] -= 1
        counts[state] += 1
        if before is _PLANNED:
            task.submitted = time  # its story begins when something happens to it
            task.spans.clear()
        if self.workflows and state is not _BLOCKED and task.parent in self.workflows:
            self.workflows[task.parent].awaited.pop(id, None)
        task.state, task.reason, task.waiting_on = state, "", ()
        task.spans.append(Span(time, state, note))
        self.changed.add(id)
        return task

    @staticmethod
    def _end_attempt(task: TaskState, time: float, type: str, text: str, traceback: str | None) -> None:
        last = task.attempts[-1] if task.attempts else None
        if last is not None and last.ended is None:
            last.ended, last.type, last.text, last.traceback = time, type, text, traceback


_FOLD: dict[type[Any], Callable[[RunState, Any], None]] = {
    r.Opened: RunState._opened,
    r.Submitted: RunState._submitted,
    r.Waiting: RunState._waiting,
    r.Queued: RunState._queued,
    r.Started: RunState._started,
    r.Blocked: RunState._blocked,
    r.Unblocked: RunState._unblocked,
    r.Read: RunState._read,
    r.Output: RunState._output,
    r.Progress: RunState._progress,
    r.AttemptFailed: RunState._attempt_failed,
    r.Continued: RunState._continued,
    r.Cancelling: RunState._cancelling,
    r.Finished: RunState._finished,
    r.Reset: RunState._reset,
    r.Noted: RunState._noted,
    r.Closed: RunState._closed,
    r.Planned: RunState._planned,
    r.Routes: RunState._routes,
    r.EventSent: RunState._event_sent,
    r.EventsTaken: RunState._events_taken,
    r.EventHeld: RunState._event_held,
    r.JoinFilled: RunState._join_filled,
    r.EventAwaited: RunState._event_awaited,
    r.EventPublished: RunState._event_published,
    r.Asked: RunState._asked,
    r.Answered: RunState._answered,
    r.Revised: RunState._revised,
    r.Reused: RunState._reused,
    r.Recurred: RunState._recurred,
}


def fold(records: Iterable[r.Record], state: RunState | None = None) -> RunState:
    """Fold ``records`` into ``state`` (a new one by default) and return it."""
    state = RunState() if state is None else state
    for record in records:
        state.apply(record)
    return state


def check_invariants(state: RunState) -> None:
    """Raise ``AssertionError`` with the story of the first task that breaks a rule of the model."""
    assert sum(state.counts.values()) == len(state.tasks) + sum(state.forgotten.values()), (
        "the counts by state do not add up to the tasks"
    )
    for name in State if not state.forgotten else ():
        real = sum(1 for t in state.tasks.values() if t.state is name)
        assert state.counts[name] == real, f"counted {state.counts[name]} tasks as {name}, there are {real}"
    for task in state.tasks.values():
        story = task.story()
        assert (task.ended is not None) == (task.state in FINAL_STATES), f"ended and state disagree: {story}"
        assert task.spans[-1].state is task.state, f"the last span is not the state: {story}"
        times = [s.time for s in task.spans]
        assert times == sorted(times), f"time runs backwards: {story}"
        for before, after in zip(task.spans, task.spans[1:], strict=False):
            assert after.state in TRANSITIONS[before.state], f"{before.state} -> {after.state}: {story}"
        assert task.parent == r.NO_TASK or task.parent < task.id, f"younger than its parent: {story}"
        if state.closed is not None:
            assert task.state in FINAL_STATES, f"the run is closed but the task is not: {story}"
            assert (task.ended or 0.0) <= state.closed, f"ended after its run: {story}"
