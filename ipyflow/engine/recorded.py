"""A run as it can be read: its log, the fold of it, and every form in which it shows itself.

A run of this process is one, and so is a run of the past. Owns: the fold, kept up to date. Called by: any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

from ipyflow.model import records as r
from ipyflow.model.collector import collector_at_rest
from ipyflow.model.ports import Presenter
from ipyflow.model.run import RunState
from ipyflow.model.status import State

if TYPE_CHECKING:
    from ipyflow.engine.future import Future


class Records(Protocol):
    """A log, as far as it is read here."""

    @property
    def forgotten(self) -> int:
        """How many records were dropped."""

    def read(self, since: int = 0) -> tuple[int, list[r.Record]]:
        """The records from place ``since`` on, and the place after the last of them."""

    def state(self) -> RunState:
        """A fresh fold of the whole log."""

    def __len__(self) -> int: ...


class Recorded:
    """What a run of now and one of the past have in common: a log to read, and views of it.

    Attributes:
        id: a number, unique in this process.
        name: of the flow, or of the cell.
        kind: ``flow``, ``pipeline``, ``workflow``, ``cell``, ``script`` or ``executor``.
    """

    records: Records
    resumes: str = ""
    """The key of the run that goes on, or went on, in this one; empty where it began anew."""
    cpu: float | None = None
    """Seconds that its process has computed from the run's beginning to its end, where that is known."""

    def __init__(self, id: int, name: str, kind: str, records: Records) -> None:
        self.id, self.name, self.kind = id, name, kind
        self.records = records
        self._folding = threading.Lock()
        self._state: RunState | None = None
        self._seen = 0

    # What each kind of run says for itself.

    @property
    def presenter(self) -> Presenter:
        """Shows it."""
        raise NotImplementedError

    @property
    def state(self) -> State:
        """``running`` until every task has ended; then the flow's state, or ``failed`` if any task of a cell failed."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """By what it is known in the history, in this kernel and in others; empty where nothing is kept."""
        raise NotImplementedError

    @property
    def source(self) -> str:
        """The source of the cell that was the flow; empty where it was none, or nobody knows."""
        return ""

    def sources(self) -> dict[str, str]:
        """The source of its tasks by ``module:name``, as far as it is known."""
        return {}

    def about(self) -> dict[str, Any]:
        """What is known of it besides its log: for a file that holds all of it."""
        return {"key": self.key, "resumes": self.resumes, "source": self.source, "sources": self.sources()}

    @property
    def futures(self) -> Sequence[Future[Any]]:
        """The futures of its tasks that somebody still holds, in order of submission."""
        return []

    @property
    def sizes(self) -> dict[str, int]:
        """How many bodies run at once on each executor, where that is known."""
        return {}

    def now(self) -> float:
        """The time on the clock of its records."""
        raise NotImplementedError

    # Reading.

    @property
    def log(self) -> list[r.Record]:
        """The records so far; a place in this list is a sequence number (unless ``log_limit`` has dropped some)."""
        return self.records.read()[1]

    def snapshot(self) -> RunState:
        """The fold of the log so far. Shared and kept up to date: read it, do not change it."""
        with self._folding, collector_at_rest(len(self.records) - self._seen):
            if self._state is None or self._seen < self.records.forgotten:
                self._state = self.records.state()
                self._state.key = self.key
                self._seen = self._state.seq
            self._seen, news = self.records.read(self._seen)
            for record in news:
                self._state.apply(record)
            return self._state

    @contextmanager
    def reading(self) -> Iterator[RunState]:
        """The fold of the log so far, held still while the block reads it: for views that go through all of it.

        Do not call :meth:`snapshot`, or what does (``future.logs``, ``future.traceback``), inside.
        """
        self.snapshot()
        with self._folding:
            assert self._state is not None
            yield self._state

    def explain(self) -> str:
        """In words, where the run stands, and why it does not move if it does not."""
        return self.presenter.explain(self)

    @overload
    def export(self, path_or_format: Literal["png", "graph.png"]) -> bytes: ...  # type: ignore[overload-overlap]

    @overload
    def export(self, path_or_format: str | PathLike[str]) -> str: ...

    def export(self, path_or_format: str | PathLike[str]) -> str | bytes:
        """The run in a format, or written to a path that ends in one.

        ``"html"`` is a page of its own with every view; ``"svg"``, ``"graph.svg"``, ``"png"`` and ``"graph.png"`` are
        pictures; ``"json"`` is the log, ``"trace"`` opens in ui.perfetto.dev, ``"otel"`` are OpenTelemetry's spans;
        ``"dot"``, ``"mermaid"`` and ``"text"`` draw the graph and the tree elsewhere. ``docs/exports.md`` has them all.

        Args:
            path_or_format: a format, or a path: ``"run.html"``, ``"run.svg"``, ``"run.graph.svg"``, ``"run.json"``,
                ``"run.trace.json"``, ``"run.otlp.json"``, ``"run.dot"``, ``"run.mmd"``, ``"run.txt"``, ...

        Returns:
            The text; the bytes of a PNG; or the path that was written.

        Raises:
            ValueError: an unknown format; the message lists those there are.
            ImportError: PNG and OpenTelemetry need packages of their own; the message says how to get them.

        Example:
            >>> import ipyflow as fl
            >>> @fl.flow
            ... def double(x):
            ...     return 2 * x
            >>> future = double.submit(4)
            >>> future.result()
            8
            >>> future.run.wait()
            True
            >>> print(future.run.export("mermaid").splitlines()[0])
            flowchart LR
        """
        return self.presenter.export(self, path_or_format)

    def what_if(self, workers: Iterable[int] | None = None) -> Any:
        """How long this run would have taken with other numbers of workers, as an object that displays itself.

        The run, which has to have ended, is played again from its log: each body takes as long as it did, waits for
        what it waited for, and who is ready first gets the next free worker. Limits, rates and delays stay.

        Args:
            workers: how many, as ``[2, 8, 1000]``; by default 1, 2, 4, 8, 16, and as many as there were.

        Raises:
            ValueError: the run goes on, nothing ran in it, its log no longer holds all of it, or a number is below 1.
            TypeError: a number of workers is no whole number.

        Example:
            >>> import time
            >>> import ipyflow as fl
            >>> @fl.task
            ... def nap():
            ...     time.sleep(0.01)
            >>> @fl.flow
            ... def eight():
            ...     [future.result() for future in [nap.submit() for _ in range(8)]]
            >>> future = eight.submit()
            >>> future.run.wait()
            True
            >>> played = future.run.what_if([1, 8])
            >>> played[8].seconds <= played[1].seconds
            True
        """
        return self.presenter.what_if(self, workers)

    def spans(self) -> list[Any]:
        """The run as spans of OpenTelemetry's SDK, for an exporter of yours: ``exporter.export(run.spans())``.

        Raises:
            ImportError: the SDK is not installed; the message says how to get it.
        """
        return self.presenter.spans(self)

    def lint(self) -> Any:
        """What could be better, now that the run has ended: leaks, needless waits, pools or tasks too small, and more.

        Returns:
            A sequence of findings that displays itself; each has ``kind``, ``text``, ``advice``, ``tasks``, ``lines``
            and, where that can be told, ``saves`` in seconds. See ``docs/debugging.md``.

        Example:
            >>> import ipyflow as fl
            >>> @fl.flow
            ... def double(x):
            ...     return 2 * x
            >>> run = double.submit(4).run
            >>> run.wait()
            True
            >>> run.lint()
            double: no hints
        """
        return self.presenter.lint(self)

    def timeline(self, *beside: Recorded | Future[Any], by: str = "task") -> Any:
        """The timeline as an object that displays itself.

        Args:
            beside: more runs, or futures of them: all are drawn from their beginnings, on one scale of time.
            by: a row for each ``"task"``, or for each ``"worker"`` that ran some.

        Raises:
            ValueError: ``by`` is neither.
        """
        return self.presenter.picture(self, "timeline", beside, by)

    def graph(self) -> Any:
        """The graph as an object that displays itself."""
        return self.presenter.picture(self, "graph")

    def table(self) -> Any:
        """The table of tasks as an object that displays itself."""
        return self.presenter.picture(self, "table")

    def graphviz(self) -> Any:
        """The graph as a ``graphviz.Digraph``, with a cluster for each pipeline and group, to be changed and added to.

        Needs the package ``graphviz``; ``dot`` itself only to draw it. A node is called by its key: ``"17"`` is task
        17, ``"17+"`` it and those that are equal to it.

        Example:
            >>> import ipyflow as fl
            >>> @fl.task
            ... def double(x):
            ...     return 2 * x
            >>> future = double.submit(4)
            >>> future.result()
            8
            >>> drawn = future.run.graphviz()
            >>> drawn.node(str(future.id), fillcolor="gold")
            >>> "fillcolor=gold" in drawn.source
            True
        """
        return self.presenter.picture(self, "graphviz")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self.presenter.mimebundle(self)
