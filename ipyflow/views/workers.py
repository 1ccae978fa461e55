"""Who ran what: the attempts of a run by the worker that ran them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ipyflow.model.run import RunState, Span, TaskState
from ipyflow.model.status import FAILURE_STATES, FINAL_STATES, State
from ipyflow.views.containers import contains

HERE = frozenset({"threads", "loop", "inline", "pipeline", "prompt", ""})
"""What stands as executor at tasks whose bodies run in this process, or that have none."""
SINGLE = frozenset({"threads", "processes"})
"""Where a worker runs one body at a time: what looks like two is one told to go on before an end was heard."""
LINES = 6
"""What one worker runs at once stands on so many lines at most."""
SLACK = 0.015
"""A part of the run's length by which two stretches may overlap and share a line: beginnings and ends are heard from
afar, and not always in their order."""
LOST = "WorkerLost"
RETRY = "retry after "


def failed_with(after: Span) -> str:
    """What an attempt failed with, where another one came: said by the wait for that one, or by the end before it.

    Example:
        >>> failed_with(Span(0.0, State.WAITING, "retry after OSError"))
        'OSError'
    """
    return after.note if after.state in FAILURE_STATES else after.note.partition(RETRY)[2]


"""What the fold notes where an attempt has failed, with the type of its exception behind it."""


@dataclass(slots=True)
class Stretch:
    """A stretch of a task's body at one worker.

    ``failed`` is the type of the exception that ended the attempt here; ``lost`` says that the worker died under it.
    """

    task: TaskState
    worker: str
    begin: float
    end: float
    look: State
    failed: str = ""
    lost: bool = False
    line: int = 0


@dataclass(slots=True)
class WorkerRow:
    """A worker, how many tasks it ran and when; ``lines`` is how many it ran at once."""

    worker: str
    tasks: int = 0
    lines: int = 1
    stretches: list[Stretch] = field(default_factory=list)


def place(worker: str) -> tuple[str, str]:
    """Take apart what a worker is called: its name, and the host where that is another one.

    Example:
        >>> place("10.0.0.7 worker-3"), place("process-2")
        (('worker-3', '10.0.0.7'), ('process-2', ''))
    """
    host, _, name = worker.partition(" ")
    # Threads of Python are called "Thread-1 (function)".
    return (name, host) if name and not name.startswith("(") else (worker, "")


def is_elsewhere(task: TaskState) -> bool:
    """Whether the body of a task runs in another process, or on another machine."""
    return task.executor not in HERE


def outcome(task: TaskState, i: int) -> State:
    """The state whose colour a running stretch has: what the attempt ended in, or ``running`` while it goes on."""
    for span in task.spans[i + 1 :]:
        if span.state in FINAL_STATES:
            return span.state
        if span.state is State.WAITING:
            return State.FAILED if failed_with(span) else State.SUCCEEDED
        if span.state is State.CANCELLING:
            return State.CANCELLED
    return State.RUNNING


def stretches(task: TaskState, until: float) -> list[Stretch]:
    """The stretches in which a worker had the body of a task, in order.

    Args:
        task: any task.
        until: the end of the time axis, on the engine's clock.
    """
    out: list[Stretch] = []
    if contains(task):
        return out
    worker = ""
    for i, span in enumerate(task.spans):
        if span.state not in (State.RUNNING, State.BLOCKED, State.CANCELLING):
            continue
        if span.state is State.RUNNING:
            worker = span.note
        following = task.spans[i + 1] if i + 1 < len(task.spans) else None
        look = outcome(task, i) if span.state is State.RUNNING else span.state
        failed = ""
        if following is not None and (said := failed_with(following)):
            failed = said
        elif following is not None and following.state in FAILURE_STATES:
            failed = task.type
        end = until if following is None else following.time
        out.append(Stretch(task, worker, span.time, end, look, failed, _is_lost(task, failed, end)))
    return out


def _is_lost(task: TaskState, failed: str, end: float) -> bool:
    """A body that waits for another task may raise what that one failed with: then its own worker is alive."""
    others = failed == LOST and end == task.ended and not task.text.startswith(f"{task.name}#{task.id}:")
    return failed == LOST and is_elsewhere(task) and not others


def worker_rows(state: RunState, until: float) -> list[WorkerRow]:
    """A row for each worker, in the order of their names.

    Args:
        state: the run.
        until: the end of the time axis, on the engine's clock.

    Example:
        >>> worker_rows(RunState(), 0)
        []
    """
    rows: dict[str, WorkerRow] = {}
    for task in state.tasks.values():
        by: set[str] = set()
        for stretch in stretches(task, until):
            rows.setdefault(stretch.worker, WorkerRow(stretch.worker)).stretches.append(stretch)
            by.add(stretch.worker)
        for worker in by:
            rows[worker].tasks += 1
    for row in rows.values():
        row.lines = put_on_lines(row.stretches, SLACK * (until - state.opened))
    return sorted(rows.values(), key=lambda row: natural(row.worker))


def put_on_lines(found: list[Stretch], slack: float) -> int:
    """Give stretches that lie over each other lines of their own, and say how many lines there are.

    A body that waits keeps its line, and what its worker runs meanwhile may take it: that is drawn over it.

    Args:
        found: what one worker ran; sorted here.
        slack: seconds by which they may overlap all the same, where that is no more than half of one.
    """
    found.sort(key=lambda s: (s.begin, s.task.id))
    ends: list[float] = []
    last: dict[int, int] = {}
    for stretch in found:
        if stretch.look is State.BLOCKED or stretch.task.executor in SINGLE:
            stretch.line = last.get(stretch.task.id, 0)
            continue
        line = last.get(stretch.task.id, -1)
        free = stretch.begin + min(slack, (stretch.end - stretch.begin) / 2)
        if line < 0 or ends[line] > free:
            line = next((i for i, end in enumerate(ends) if end <= free), len(ends))
        if line == LINES:
            line = min(range(LINES), key=ends.__getitem__)
        if line == len(ends):
            ends.append(0.0)
        ends[line] = max(ends[line], stretch.end)
        stretch.line = last[stretch.task.id] = line
    found.sort(key=lambda s: s.look is not State.BLOCKED)
    return max(len(ends), 1)


def natural(words: str) -> list[tuple[bool, int, str]]:
    """A key that sorts ``process-2`` before ``process-10``, and numbers before letters, as the page does."""
    parts = [part for part in re.split(r"(\d+)", words) if part]
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def ran_elsewhere(tasks: Iterable[TaskState]) -> bool:
    """Whether a body of these has run in another process or on another machine."""
    return any(task.worker and is_elsewhere(task) for task in tasks)
