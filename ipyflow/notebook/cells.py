"""What happens around each cell: its own run for what it submits at top level, its view, pictures kept up to date.

A cell gets a view by itself (``%flow auto on``) of each run it started, unless that run is one task that has ended and
whose outcome somebody has read: the blocking call ``f(x)`` says by its value all there is to say. At most three views
under one cell. A run that is still going on after a moment is shown while the cell runs, others when it ends.
"""

from __future__ import annotations

import sys
import threading
from contextvars import Context, ContextVar, copy_context
from typing import Any

from ipyflow.engine.run import Run
from ipyflow.engine.scheduler import Engine
from ipyflow.notebook.assignments import Assignments
from ipyflow.notebook.display import Display
from ipyflow.notebook.facts import AnyRun
from ipyflow.notebook.feed import Publisher
from ipyflow.views.words import counted, shown

MOST_VIEWS = 3
EARLY = 0.3
"""Seconds after which a run that goes on is shown under the cell that still runs."""


class Cells:
    """The hooks around cells.

    Args:
        shell: the interactive shell.
        display: shows runs.
        publisher: its thread shows runs while a cell blocks.
    """

    def __init__(self, shell: Any, display: Display, publisher: Publisher) -> None:
        self._shell, self._display, self._publisher = shell, display, publisher
        self._assignments = Assignments(shell)
        self.auto = True
        self.raw: str | None = None
        self.loading = False
        """The cell that loads the extension has begun without us, if it is a cell that does."""
        self._stored = True
        self._depth = 0
        self._opened: list[Run] = []
        self._shown: set[int] = set()
        self._engine: Engine | None = None
        self._lock = threading.Lock()
        display.on_shown_anew.append(lambda run: self._shown.add(run.id))

    # The engine's side.

    def attach(self, engine: Engine) -> None:
        """Listen to an engine."""
        self._engine = engine
        engine.top_name = self._top_name
        engine.where = self._assignments.where
        engine.on_run.append(self._on_run)
        engine.on_reopen.append(self._display.reopened)

    def detach(self) -> None:
        """Listen no more."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.top_name = lambda: ("script", "script")
            engine.where = lambda name: None
            engine.on_run.remove(self._on_run)
            engine.on_reopen.remove(self._display.reopened)

    @property
    def _inside(self) -> bool:
        return self._depth > 0 or self.loading

    def _top_name(self) -> tuple[str, str]:
        return (f"Cell In[{self.number}]", "cell") if self._inside else ("script", "script")

    @property
    def number(self) -> int:
        """The number of the cell that runs: newer IPythons have counted on before the cell begins, older have not."""
        history = self._shell.history_manager
        stored = len(history.input_hist_parsed) - 1 if history is not None and self._stored else 0
        return stored or int(self._shell.execution_count)

    def _on_run(self, run: Run) -> None:
        if not self._inside or self._display.is_placing():
            return
        self._opened.append(run)
        if self.auto and self._display.in_kernel and len(self._opened) <= MOST_VIEWS and self._routed():
            # In the context of the cell, outputs from another thread go under that cell.
            context: Context = copy_context()
            self._publisher.later(EARLY, lambda: context.run(self._show_early, run))

    def _routed(self) -> bool:
        return isinstance(getattr(self._shell.display_pub, "_parent_header", None), ContextVar)

    def _show_early(self, run: Run) -> None:
        if self._inside and not run.closed and run in self._opened:
            self.show_once(run)

    # The shell's side.

    def before(self, info: Any = None) -> None:
        """``pre_run_cell``."""
        self._depth += 1
        self.loading = False
        if self._depth == 1:
            self.raw = getattr(info, "raw_cell", None)
            self._stored = getattr(info, "store_history", False)
            self._opened, self._shown = [], set()
            self._end_scope()  # what was submitted between the cells, from other threads

    def after(self, result: Any = None) -> None:
        """``post_run_cell``."""
        self._depth = max(0, self._depth - 1)
        self.loading = False
        if self._depth:
            return
        self.raw = None
        self._end_scope()
        if self.auto and self._display.in_kernel:
            self._show_opened()
        self._display.republish()
        for bring_up_to_date in list(self._display.on_cell_ended):
            bring_up_to_date()
        if _interrupted(result):
            self._say_what_goes_on()

    def _end_scope(self) -> None:
        if self._engine is not None and self._engine.ambient is not None:
            self._engine.end_scope(self._engine.ambient)

    def show_once(self, run: AnyRun, view: str = "timeline") -> None:
        """Show a run unless this cell has shown it."""
        with self._lock:
            if run.id in self._shown:
                return
            self._shown.add(run.id)
            if view != "none":
                self._display.show(run, view)

    def _show_opened(self) -> None:
        wanted = [run for run in self._opened if run.id not in self._shown and not _told(run)]
        room = max(0, MOST_VIEWS - len(self._shown))
        for run in wanted[:room]:
            self.show_once(run)
        if wanted[room:]:
            print(f"ipyflow: this cell started {counted(len(wanted[room:]), 'more run')}; %flow lists them")

    def _say_what_goes_on(self) -> None:
        if self._engine is None:
            return
        going = [run for run in self._engine.runs if not run.closed]
        if going:
            names = ", ".join(shown(run.name, 40) for run in going[-3:])
            tasks = counted(sum(len(run.live) for run in going), "task")
            print(
                f"ipyflow: the wait was interrupted, the work goes on: {tasks} of {names}. "
                "`%flow cancel` stops it, `%flow wait` waits for it",
                file=sys.stderr,
            )


def _interrupted(result: Any) -> bool:
    """Whether Ctrl-C ended the cell: in one of its statements, or while IPython compiled the next one."""
    errors = (getattr(result, name, None) for name in ("error_in_exec", "error_before_exec"))
    return any(isinstance(error, KeyboardInterrupt) for error in errors)


def _told(run: Run) -> bool:
    """Whether the run is a single call whose end the cell has seen."""
    if not run.closed:
        return False
    futures = run.futures
    with run.reading() as state:
        single = len(state.tasks) == 1
    return single and all(future._read for future in futures)
