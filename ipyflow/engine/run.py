"""A run: tasks that belong together, their log, and the handle to look at and steer them.

Owns: the log, which of its tasks are unfinished, which failures nobody has looked at. Called by: any thread.
Guarantees: a run is closed once, after every task in it has ended; a retry opens it again. ``live`` is a dict because
setting and popping a key are atomic, with and without the interpreter lock.
"""

from __future__ import annotations

import concurrent.futures
import threading
import weakref
from collections.abc import Callable
from time import process_time
from typing import TYPE_CHECKING, Any

from ipyflow.engine.blocking import refuse_on_loop, wait_all
from ipyflow.engine.log import CHUNK, Log
from ipyflow.engine.recorded import Recorded
from ipyflow.engine.sources import source_of
from ipyflow.errors import HistoryUnavailable
from ipyflow.model import records as r
from ipyflow.model.ports import Presenter
from ipyflow.model.status import FAILURE_STATES, State

if TYPE_CHECKING:
    from ipyflow.engine.beginning import Beginning
    from ipyflow.engine.call import Call
    from ipyflow.engine.earlier import Children
    from ipyflow.engine.future import Future
    from ipyflow.engine.scheduler import Engine


class Run(Recorded):
    """The handle of a run.

    A flow called outside any task starts one; the plain tasks submitted at top level share one for each notebook
    cell, or for the script.

    Attributes:
        id: a number, unique in this process.
        name: of the flow, or of the cell.
        kind: ``flow``, ``pipeline``, ``workflow``, ``cell``, ``script`` or ``executor``.
        root: the future of the flow or the pipeline; ``None`` for a cell, a script or an executor.
    """

    records: Log

    def __init__(self, engine: Engine, id: int, name: str, kind: str, log_limit: int | None) -> None:
        self.engine = engine
        super().__init__(id, name, kind, Log(log_limit))
        self.root: Future[Any] | None = None
        self.beginning: Beginning | None = None
        """How it began, where that is known and still kept; see the engine's ``can_begin_anew``."""
        self.append = self.records.append
        self.append_row = self.records.append_row
        self.live: dict[int, Future[Any]] = {}
        self.failed: dict[int, Future[Any]] = {}
        self.unobserved: dict[int, Future[Any]] = {}
        self.dependants: dict[int, list[Callable[[], object]]] = {}
        """By task that failed: lets go on what failed because of it, called when it is retried."""
        self.children: weakref.ref[Children] | None = None
        """What was below each task when a body was last run again, as long as that goes on."""
        self.memo: dict[Any, Future[Any]] = {}
        self.paused: set[int] = set()
        """Tasks of which, and below which, nothing more is started; with ``NO_TASK`` the whole run."""
        self.held: list[Call] = []
        self.open = kind in ("cell", "script", "executor")
        """True while more may be submitted at top level: the cell or the script goes on, the executor is not shut."""
        self.closed = False
        """True when the log says that it has ended."""
        self._closing = False
        self.leaks: list[int] = []
        self.refs: list[weakref.ref[Future[Any]]] = []
        self._refs_limit = 1024
        self._packing = False
        self._lock = threading.Lock()
        self._end: concurrent.futures.Future[Any] | None = None
        self._cpu_before = process_time()
        self.append(r.Opened(engine.now(), id, name, kind, engine.wall()))

    # For the engine.

    def tidy(self) -> None:
        """Once in a thousand tasks: forget the futures nobody holds, pack the log's past."""
        self.records.tidy()
        if len(self.refs) > self._refs_limit:
            with self._lock:
                # In place, and only the front: other threads append meanwhile.
                known = len(self.refs)
                self.refs[:known] = [ref for ref in self.refs[:known] if ref() is not None]
                self._refs_limit = max(1024, 2 * len(self.refs))

    def close_if_done(self) -> None:
        """Close the run if nothing of it is left to run; called whenever the last live task may have ended."""
        if self.open:
            self._pack_from(4 * CHUNK)
        if self.live or self.open or (self.root is not None and not self.root.is_final()):
            return
        with self._lock:
            if self.closed or self._closing or self.live or self.open:
                return
            self._closing = True
        try:
            self.engine.before_close(self)
        finally:
            self._closing = False  # whatever it raises: or nobody could close the run any more
        with self._lock:
            if self.closed or self.live:  # a task was retried, or submitted by a thread that a body left behind
                return
            self.closed = True
            if self.live:  # from just now: whoever put it there may not have seen that the run is closed
                self.closed = False
                return
            self.cpu = process_time() - self._cpu_before
            self.append(r.Closed(self.engine.now(), self.state.value))
            end = self._end
        self.engine.run_closed(self)
        if end is not None:
            self._settle_end(end)
        self._pack_from(CHUNK)

    def _pack_from(self, records: int) -> None:
        """Have the loop pack the log if so many records are unpacked: a small run need not wake it."""
        if not self._packing and len(self.records.tail) >= records:
            self._packing = True
            self.engine.loop.post(self._pack)

    def _pack(self) -> None:
        """On the loop, while nothing of the run is at work: pack its log, chunk by chunk."""
        if not self.live and self.records.seal(CHUNK if self.open else 0):
            self.engine.loop.post(self._pack)
        else:
            self._packing = False

    def reopen(self) -> None:
        """A task of a closed run is run again."""
        with self._lock:
            if self.closed:
                self.closed = False
                self._end = None
        for listener in list(self.engine.on_reopen):
            listener(self)
        if not self.live:  # it was cancelled in between, and found the run closed
            self.close_if_done()

    def find(self, id: int) -> Future[Any] | None:
        """The future with this id, while somebody holds it."""
        future = self.live.get(id) or self.failed.get(id)
        return future or next((f for f in self.futures if f.id == id), None)

    # For people.

    @property
    def presenter(self) -> Presenter:
        """Shows it."""
        return self.engine.presenter

    @property
    def key(self) -> str:
        """By what it is known in the history, in this kernel and in others; empty where nothing is kept."""
        memory = self.engine.memory
        return "" if memory is None else memory.key_of(self.id)

    @property
    def sizes(self) -> dict[str, int]:
        """How many bodies run at once on each executor, where that is known."""
        executors = list(self.engine.executors.items())
        found = {name: getattr(executor, "size", None) for name, executor in executors}
        return {name: size for name, size in found.items() if isinstance(size, int)}

    @property
    def source(self) -> str:
        """The source of the cell that is the flow; empty where it is none, or nothing is kept."""
        return self._kept_code()[0]

    def sources(self) -> dict[str, str]:
        """The source of its tasks by ``module:name``: as kept, and of futures that somebody holds."""
        held = {f"{future.task.module}:{future.task.name}": future.task for future in self.futures}
        kept = self._kept_code()[1]
        fns = {name: getattr(task, "fn", None) for name, task in held.items() if name not in kept}
        found = {name: source_of(fn) for name, fn in fns.items() if callable(fn)}
        return kept | {name: source for name, source in found.items() if source}

    def _kept_code(self) -> tuple[str, dict[str, str]]:
        memory = self.engine.memory
        try:
            return ("", {}) if memory is None else memory.code_of(self.id)
        except HistoryUnavailable:  # the store has said so; what is asked of the run here can be told without
            return "", {}

    def now(self) -> float:
        """The time on the clock of its records."""
        return self.engine.now()

    @property
    def futures(self) -> list[Future[Any]]:
        """The futures of this run that somebody still holds, in order of submission."""
        with self._lock:
            known = [ref() for ref in self.refs]
        held = {future.id: future for future in known if future is not None}
        # Entries of pipelines have no reference there: nearly nobody ever holds one that has ended well.
        held |= self.live | self.failed
        return [held[id] for id in sorted(held)]

    @property
    def prompts(self) -> list[Future[Any]]:
        """The prompts that wait for an answer, in order of submission."""
        return [future for future in self.engine.open_prompts() if future.run is self]

    @property
    def state(self) -> State:
        """``running`` until every task has ended; then the flow's state, or ``failed`` if any task of a cell failed."""
        if not self.closed:
            return State.RUNNING
        if self.root is not None:
            return self.root.state
        return State.FAILED if any(f.state in FAILURE_STATES for f in list(self.failed.values())) else State.SUCCEEDED

    def as_future(self) -> concurrent.futures.Future[Any]:
        """A plain future that is done when the run has ended, with what :meth:`result` gives."""
        with self._lock:
            end = self._end
            if end is None:
                end = self._end = concurrent.futures.Future()
                if not self.closed:
                    return end
            elif end.done() or not self.closed:
                return end
        self._settle_end(end)
        return end

    def _settle_end(self, end: concurrent.futures.Future[Any]) -> None:
        try:
            error = self.root.peek() if self.root is not None else None
            if error is not None:
                end.set_exception(error)
            else:
                end.set_result(self.root._value if self.root is not None else None)
        except concurrent.futures.InvalidStateError:
            pass  # two threads came to settle it

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until every task of the run has ended, those that nobody reads included.

        A cell's or a script's own run is open until the cell or the script ends; then this waits for the
        tasks submitted so far.

        Args:
            timeout: seconds to wait at most.

        Returns:
            True when it has ended, False after ``timeout``.
        """
        handles = list(self.live.values()) if self.open else [self.as_future()]
        pending = [handle for handle in handles if not handle.done()]
        if pending:
            refuse_on_loop(pending)
            wait_all(pending, timeout)
        return all(handle.done() for handle in handles)

    def result(self, timeout: float | None = None) -> Any:
        """The flow's value, as of its future; ``None`` for the run of a cell or a script."""
        if self.root is not None:
            return self.root.result(timeout)
        self.wait(timeout)
        return None

    def cancel(self) -> bool:
        """Cancel every unfinished task of the run.

        Returns:
            True when there was one.
        """
        return self.engine.cancel_run(self)

    def is_paused(self) -> bool:
        """True while the run, or a task of it that has not ended, starts nothing more."""
        return any(id == r.NO_TASK or id in self.live for id in list(self.paused))

    def pause(self) -> None:
        """Start no more tasks of this run; those that run go on."""
        self.engine.pause(self)

    def resume(self) -> None:
        """Start what :meth:`pause` held back."""
        self.engine.resume(self)

    def retry(self) -> None:
        """Run again everything that failed or was cancelled, with the code of now.

        What has succeeded stays. A flow whose own code had raised is run again too: what it submits again, with the
        same plain arguments, it finds done.
        """
        self.engine.retry_run(self)

    def rerun(self, **changes: Any) -> Future[Any]:
        """Start the whole anew, with the same arguments and the code of now: a run of its own, beside this one.

        Args:
            changes: arguments of the flow that are to be others, by name.

        Returns:
            The future of the new flow, pipeline or workflow; its run is ``future.run``.

        Raises:
            TypeError: the flow has no such parameter; nothing was started.
            RuntimeError: a cell, a script or an executor has no beginning to go back to, and of older runs the
                arguments are no longer kept (those of the ten newest are).

        Example:
            >>> import ipyflow as fl
            >>> @fl.flow
            ... def double(x):
            ...     return 2 * x
            >>> run = double.submit(4).run
            >>> run.rerun().result(), run.rerun(x=5).result()
            (8, 10)
        """
        if self.beginning is None:
            why = "its arguments are no longer kept" if self.root is not None else "it was no flow that began it"
            how = "run the cell again" if self.kind == "cell" else "submit it again"
            raise RuntimeError(f"{self.name} cannot be run anew, for {why}: {how}")
        return self.beginning.again(changes)

    def __repr__(self) -> str:
        return f"<Run {self.id} {self.name} {self.state}, {len(self.live)} unfinished>"
