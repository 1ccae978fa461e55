"""What one task with a body did: its spans, turned into acts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ipyflow.model.run import Span, TaskState
from ipyflow.model.status import FINAL_STATES, State
from ipyflow.views.waits import SLOT
from ipyflow.views.whatif import acts as a
from ipyflow.views.whatif.pools import pool_of
from ipyflow.views.whatif.workers import HANDS_ON

if TYPE_CHECKING:
    from ipyflow.views.whatif.trace import Reader

AHEAD = 64
"""Outcomes that were read next, among which a wait for whoever is first is taken to have looked."""
MOMENT = 0.001
"""Seconds that a worker needs at most to go on with what has become ready."""
SLACK = 1e-4
"""Seconds by which what came first may have the later time: it was noted on another thread."""
LIMIT = re.compile(r"limit (.+) \((\d+) at once\)", re.DOTALL)
RATE = re.compile(r"rate (.+) (\d+)/([\d.e+-]+)s", re.DOTALL)
"""How the reasons of waits for a permit and for a token read: the name, and how many."""
_AT_WORK = frozenset({State.RUNNING, State.CANCELLING})


class Body:
    """One task with a body.

    Args:
        reader: what is known of the run.
        task: the task.
    """

    def __init__(self, reader: Reader, task: TaskState) -> None:
        self.reader, self.task = reader, task
        self.pool = pool_of(task)
        self.limits = reader.limits(task)
        self.marks = reader.marks.get(task.id, [])
        self.next = 0
        """Of the marks, the first that is not written yet."""
        self.at_work = False
        self.ended = False
        me = reader.number[task.id]
        self.end = (a.GIVE, me)
        self.out: list[a.Act] = [(a.TAKE, name) for name in reader.takes[task.id]]
        self.out.append((a.GIVE, reader.count + me))
        given = [id_ for id_ in task.refs if id_ in reader.tasks and (task.id, id_) not in reader.looked]
        begun = task.submitted if task.started is None else task.started
        ends = tuple(reader.number[id_] for id_ in given if _ended(reader.tasks[id_], begun + SLACK) is not None)
        self.out += [(a.NEEDS, ends, len(ends))] if ends else []

    def script(self) -> list[a.Act]:
        """All that it did, from its submission on."""
        task, spans = self.task, self.task.spans
        for i, span in enumerate(spans):
            until = spans[i + 1].time if i + 1 < len(spans) else span.time
            if span.state in _AT_WORK and (self.at_work or span.state is State.RUNNING):
                self._at_work(span, until, spans[i - 1] if i else None)
            elif span.state is State.BLOCKED:
                self._blocked(span, until)
            elif span.state in FINAL_STATES:
                self._leave()
                if not self.ended:
                    self.ended = True
                    self.out.append(self.end)
                # The time until somebody retried it is that person's, and is left out.
            elif span.state is not State.QUEUED:
                self._leave()
                self._waiting(span, until)
        at = task.ended or 0.0
        for time, signal in self.marks[self.next :]:
            if signal >= 0:
                self.out += [(a.PAUSE, time - at), (a.GIVE, signal)]
                at = max(at, time)
        return self.out + [(a.LEAVE, name) for name in self.reader.leaves[task.id]]

    def _at_work(self, span: Span, until: float, before: Span | None) -> None:
        pool = self.pool
        if not self.at_work:
            self.out += [(a.TAKE, name) for name in self.limits]
            queued = before.time if before is not None and before.state is State.QUEUED else span.time
            self.out += [(a.SLOT, pool), (a.HAND, pool)] if pool else []
            self.out += [] if pool or self.limits else [(a.PAUSE, span.time - queued)]
        self.at_work = True
        at = span.time
        while self.next < len(self.marks) and self.marks[self.next][0] <= until:
            time, signal = self.marks[self.next]
            self.next += 1
            self.out.append((a.RUN, time - at))
            self.out += [(a.GIVE, signal)] if signal >= 0 else self._would_wait(~signal)
            at = max(at, time)
        self.out.append((a.RUN, until - at))

    def _would_wait(self, signal: int) -> list[a.Act]:
        """The body looks at an outcome, which was there; it might not be."""
        waits: list[a.Act] = [*self._lend((signal,)), (a.NEEDS, (signal,), 1), *self._have_back()]
        return [(a.SKIP, (signal,), 1, len(waits)), *waits]

    def _lend(self, signals: tuple[int, ...]) -> list[a.Act]:
        """Others may run and have the permits."""
        worker: list[a.Act] = [(a.LEND, self.pool, signals)] if self.pool else []
        return worker + [(a.LEAVE, name) for name in self.limits]

    def _have_back(self) -> list[a.Act]:
        permits: list[a.Act] = [(a.RETAKE, name) for name in self.limits]
        return permits + ([(a.RESUME, self.pool)] if self.pool else [])

    def _blocked(self, span: Span, until: float) -> None:
        waits = self._wait(span, until)
        needs = next((act for act in waits if act[0] == a.NEEDS), None)
        waits = [*self._lend(needs[1] if needs is not None else ()), *waits, *self._have_back()]
        self.out += [(a.SKIP, needs[1], needs[2], len(waits)), *waits] if needs is not None else waits

    def _leave(self) -> None:
        """The body has ended, or an attempt of it."""
        if self.at_work:
            self.out += [(a.FREE, self.pool)] if self.pool else []
            self.out += [(a.LEAVE, name) for name in self.limits]
        self.at_work = False

    def _waiting(self, span: Span, until: float) -> None:
        if LIMIT.fullmatch(span.note):
            return  # it comes of the permits by itself
        if found := RATE.fullmatch(span.note):
            self.out.append((a.RATE, found[1]))
            return
        if span.note.startswith(SLOT) and self.reader.takes[self.task.id]:
            return
        self.out += self._wait(span, until)

    def _wait(self, span: Span, until: float) -> list[a.Act]:
        """For other tasks, an event, or as long as it was."""
        reader = self.reader
        mine = self.marks
        while self.next < len(mine) and mine[self.next][0] < until:  # from another thread of the body
            self.out += [(a.GIVE, mine[self.next][1])] if mine[self.next][1] >= 0 else []
            self.next += 1
        signals = [reader.number[id_] for id_ in span.on if id_ in reader.number]
        ends = [_ended(reader.tasks[id_], until + SLACK) for id_ in span.on if id_ in reader.tasks]
        known = [end for end in ends if end is not None]
        if not signals and self.task.takes:
            flow = reader.state.workflows.get(self.task.parent)
            for id_ in self.task.takes if flow is not None else ():
                event = flow.events.get(id_) if flow is not None else None
                if event is not None and span.time < event.time <= until + SLACK:
                    signals.append(reader.events[self.task.parent, id_])
                    known.append(event.time)
        if not span.on and not signals:
            signals, known = self._read_next(span.time, until)
        if not known:
            return [(a.PAUSE, until - span.time)]
        # With limits a part of what follows was a wait for the permits.
        after = 0.0 if self.limits else brief(self.pool, until - max(span.time, max(known)), span.state)
        return [(a.NEEDS, tuple(signals), len(known)), (a.PAUSE, after)]

    def _read_next(self, since: float, until: float) -> tuple[list[int], list[float]]:
        """A wait for whoever is first does not say of whom: of those, then, whose outcomes the body read afterwards."""
        reader = self.reader
        signals: list[int] = []
        known: list[float] = []
        for _, signal in self.marks[self.next :]:
            if signal >= 0 or len(signals) == AHEAD:
                break
            ended = reader.tasks[reader.out.ids[~signal]].ended or 0.0
            if ended > since:
                signals.append(~signal)
                known += [ended] if ended <= until + SLACK else []
        return signals, known


def brief(pool: str, pause: float, state: State = State.WAITING) -> float:
    """A pause before a task begins, left out where it is the moment in which a worker goes on with it."""
    return 0.0 if pool in HANDS_ON and state is State.WAITING and pause < MOMENT else pause


def _ended(task: TaskState, until: float) -> float | None:
    """When a task ended, as far as an instant: it may have been tried again since."""
    if task.ended is not None and task.ended <= until:
        return task.ended
    return next((span.time for span in reversed(task.spans) if span.time <= until and span.state in FINAL_STATES), None)
