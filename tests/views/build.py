"""Logs written by hand: a run told in a few lines, with the times given, for tests and golden files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ipyflow.model import records as r
from ipyflow.model.run import RunState, fold

ZERO = 1000.0
WALL = 1_795_304_000.25
FRAME = '  File "{file}", line {line}, in {name}\n    {code}\n'


def trace(type_: str, text: str, name: str = "load_user", code: str = "raise ValueError(text)") -> str:
    frame = FRAME.format(file="<cell 3>", line=7, name=name, code=code)
    return f"Traceback (most recent call last):\n{frame}{type_}: {text}\n"


class Log:
    """Collects records; times are milliseconds since the run was opened. Methods give the log, ``task`` the id."""

    def __init__(self, name: str = "process_order", run: int = 3, kind: str = "flow") -> None:
        self.records: list[r.Record] = [r.Opened(ZERO, run, name, kind, WALL)]
        self._next = 1

    def task(
        self, at: float, name: str, parent: int = 0, *, args: str = "", refs: Iterable[int] = (),
        group: str | None = None, module: str = "__main__", executor: str = "threads",
        role: str | None = None, branch: int | None = None,
    ) -> int:  # fmt: skip
        task, self._next = self._next, self._next + 1
        self.records.append(
            r.Submitted(_s(at), task, parent, name, module, executor, args, tuple(refs), group, role, branch)
        )
        return task

    def plan(
        self, at: float, name: str, parent: int = 0, *, args: str = "", refs: Iterable[int] = (),
        group: str | None = None, executor: str = "threads", role: str | None = None, branch: int | None = None,
    ) -> int:  # fmt: skip
        """A task that its pipeline may come to."""
        task, self._next = self._next, self._next + 1
        self.records.append(
            r.Planned(_s(at), task, parent, name, "__main__", executor, args, tuple(refs), group, role, branch)
        )
        return task

    def come_to(self, at: float, task: int, refs: Iterable[int] | None = None) -> Log:
        """The pipeline comes to a task of its plan; ``refs`` when it was handed something else than was planned."""
        planned = next(p for p in reversed(self.records) if isinstance(p, r.Planned) and p.task == task)
        submitted = r.Submitted(_s(at), *planned[1:])
        return self._add(submitted if refs is None else submitted._replace(refs=tuple(refs)))

    def step(
        self, begin: float, end: float, task: int, text: str = "None", worker: str = "thread-1",
        refs: Iterable[int] | None = None,
    ) -> Log:  # fmt: skip
        """A task of a plan is submitted, runs and succeeds."""
        self.come_to(begin, task, refs)
        return self.start(begin + 0.2, task, worker).done(end, task, text, "NoneType" if text == "None" else "dict")

    def pipeline(self, outline: str, parent: int = 0, at: float = 0, name: str = "pipeline") -> int:
        """The task that stands for a whole pipeline."""
        task = self.task(at, name, parent, args=outline, executor="pipeline", role="pipeline")
        self.wait(at, task, "its entries")
        return task

    def branches(self, at: float, group: int, done: int, of: int) -> Log:
        return self._add(r.Progress(_s(at), group, done, of, "branches"))

    def wait(self, at: float, task: int, reason: str = "its arguments", on: Iterable[int] = ()) -> Log:
        return self._add(r.Waiting(_s(at), task, reason, tuple(on)))

    def queue(self, at: float, task: int) -> Log:
        return self._add(r.Queued(_s(at), task))

    def start(self, at: float, task: int, worker: str = "thread-1", attempt: int = 1) -> Log:
        return self._add(r.Started(_s(at), task, worker, attempt))

    def block(self, at: float, task: int, *on: int) -> Log:
        return self._add(r.Blocked(_s(at), task, on))

    def unblock(self, at: float, task: int, *read: int) -> Log:
        self._add(r.Unblocked(_s(at), task))
        for other in read:
            self._add(r.Read(_s(at), other, task))
        return self

    def read(self, at: float, task: int, by: int) -> Log:
        return self._add(r.Read(_s(at), task, by))

    def done(self, at: float, task: int, text: str = "None", type_: str = "NoneType") -> Log:
        return self._add(r.Finished(_s(at), task, "succeeded", type_, text, None))

    def fail(self, at: float, task: int, type_: str = "ValueError", text: str = "no such user", tb: str = "") -> Log:
        return self._add(r.Finished(_s(at), task, "failed", type_, text, tb or trace(type_, text)))

    def end(self, at: float, task: int, state: str, type_: str = "", text: str = "") -> Log:
        return self._add(r.Finished(_s(at), task, state, type_, text, None))

    def add(self, kind: type, at: float, *fields: object) -> Log:
        return self._add(kind(_s(at), *fields))

    def close(self, at: float, state: str = "succeeded") -> Log:
        return self._add(r.Closed(_s(at), state))

    def run(self, submitted: float, start: float, end: float, name: str, parent: int = 0, **more: object) -> int:
        """A task that is queued, runs and succeeds. The records must still come in the order of time: see state()."""
        worker = str(more.pop("worker", "thread-1"))
        text = str(more.pop("text", "None"))
        task = self.task(submitted, name, parent, **more)  # type: ignore[arg-type]
        self.start(start, task, worker).done(end, task, text, "dict" if text != "None" else "NoneType")
        return task

    def workflow(self, name: str, ways: Iterable[str], parent: int = 0, at: float = 0, **more: Any) -> Flow:
        """A workflow begins; see :class:`Flow`."""
        return Flow(self, name, ways, parent, at, **more)

    def state(self) -> RunState:
        self.records.sort(key=lambda record: record.time)
        return fold(self.records)

    def _add(self, record: r.Record) -> Log:
        self.records.append(record)
        return self


class Flow:
    """A workflow in a log: its task, its routes, its events.

    ``ways`` are chains such as ``StartEvent > start > Part >> join > StopEvent``: names that begin with a capital are
    events, ``>>`` is a list, ``>&`` one of several parameters. ``workers`` are those of each step, 4 where not said;
    ``handlers`` are steps that take failures; ``kinds`` are those of events that the usual names do not tell.
    """

    KINDS: ClassVar[dict[str, str]] = {
        "StartEvent": "start", "StopEvent": "stop", "InputRequiredEvent": "ask", "HumanResponseEvent": "answer",
        "StepFailedEvent": "failed",
    }  # fmt: skip
    FORMS: ClassVar[dict[str, str]] = {">": "", ">>": "list", ">&": "part"}

    def __init__(
        self, log: Log, name: str, ways: Iterable[str], parent: int = 0, at: float = 0, *,
        workers: dict[str, int] | None = None, handlers: Iterable[str] = (), kinds: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.log = log
        self.task = log.task(at, name, parent, executor="pipeline", role="workflow")
        log.wait(at, self.task, "its steps")
        steps: dict[str, int] = {}
        events: dict[str, str] = {}
        edges: dict[tuple[str, str, str], None] = {}
        for way in ways:
            names = way.split()
            for one in names[::2]:
                if one[0].isupper():
                    events[one] = {**self.KINDS, **(kinds or {})}.get(one, "")
                else:
                    steps[one] = (workers or {}).get(one, 4)
            for i in range(0, len(names) - 2, 2):
                a, b = names[i], names[i + 2]
                edges[self.key(a), self.key(b), self.FORMS[names[i + 1]]] = None
        told = tuple((step, number, "catch_error" if step in handlers else "") for step, number in steps.items())
        log.add(r.Routes, at, self.task, told, tuple(events.items()), tuple(edges))
        self.edges = tuple(edges)
        self.handlers = handlers
        self._by: dict[int, int] = {}
        self._held: dict[tuple[str, str], list[int]] = {}

    @staticmethod
    def key(name: str) -> str:
        return f"{'event' if name[0].isupper() else 'step'}:{name}"

    def send(self, at: float, type_: str, text: str = "", by: int = 0, to: Iterable[str] | None = None) -> int:
        """An event is sent, to all steps that take it where ``to`` does not say; gives its number."""
        if to is None:
            to = [b.removeprefix("step:") for a, b, _ in self.edges if a == self.key(type_)]
        event = len(self._by) + 1
        self._by[event] = by
        self.log.add(r.EventSent, at, self.task, event, by, type_, text, tuple(to))
        return event

    def take(self, at: float, step: str, *events: int, worker: str = "loop", attempt: int = 1) -> int:
        """A step is run for events; gives its task."""
        refs = dict.fromkeys(self._by[event] for event in events if self._by[event])
        task = self.log.task(at, step, self.task, executor="loop", refs=refs, role="step")
        self.log.add(r.EventsTaken, at, task, events)
        self.log.start(at + 0.1, task, worker, attempt)
        return task

    def hold(self, at: float, step: str, event: int, needs: dict[str, int] | None = None, join: str = "") -> Flow:
        """An event waits in a join."""
        held = self._held.setdefault((step, join), [])
        held.append(event)
        self.log.add(r.EventHeld, at, self.task, event, step, join, len(held), tuple((needs or {}).items()))
        return self

    def fill(self, at: float, step: str, join: str = "") -> list[int]:
        """A join lets its events go on together."""
        events = self._held.pop((step, join), [])
        self.log.add(r.JoinFilled, at, self.task, step, join, tuple(events))
        return events

    def awaits(self, at: float, task: int, type_: str, text: str = "") -> Flow:
        """The body of a step waits for an event."""
        self.log.block(at, task).add(r.EventAwaited, at, task, type_, text)
        return self

    def publish(self, at: float, type_: str, text: str = "", by: int = 0) -> Flow:
        """An event is written to the stream."""
        self.log.add(r.EventPublished, at, self.task, by, type_, text)
        return self

    def step(
        self, begin: float, end: float, name: str, events: Iterable[int], gives: Iterable[tuple[str, str]] = (),
        worker: str = "loop",
    ) -> list[int]:  # fmt: skip
        """A step is run, gives events and succeeds; gives their numbers."""
        task = self.take(begin, name, *events, worker=worker)
        out = [self.send(end - 0.1, type_, text, task) for type_, text in gives]
        self.log.done(end, task)
        return out


def _s(milliseconds: float) -> float:
    return round(ZERO + milliseconds / 1000, 6)
