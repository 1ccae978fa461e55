"""Logs written by hand: a run told in a few lines, with the times given, for tests and golden files."""

from __future__ import annotations

from collections.abc import Iterable

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

    def state(self) -> RunState:
        self.records.sort(key=lambda record: record.time)
        return fold(self.records)

    def _add(self, record: r.Record) -> Log:
        self.records.append(record)
        return self


def _s(milliseconds: float) -> float:
    return round(ZERO + milliseconds / 1000, 6)
