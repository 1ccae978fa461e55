"""The ``%flow`` line magic: list runs, show, wait for, cancel, explain, retry and export them."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from IPython.core.error import UsageError

from ipyflow import session
from ipyflow.engine.future import Future
from ipyflow.engine.run import Run
from ipyflow.notebook.cells import Cells
from ipyflow.notebook.display import Display
from ipyflow.notebook.header import VIEWS
from ipyflow.views.exports import FORMATS
from ipyflow.views.words import counted, counts_in_words, duration, instant, shown

LATER = {
    "history": "runs are not kept across kernels yet",
    "compare": "runs cannot be compared yet",
    "config": "write ipyflow.configure(...)",
    "pause": "write run.pause()",
    "resume": "write run.resume()",
}


class Commands:
    """What ``%flow`` knows to do.

    Args:
        display: shows runs.
        cells: knows whether cells show their runs by themselves.
    """

    def __init__(self, display: Display, cells: Cells) -> None:
        self._display, self._cells = display, cells
        self._known: dict[str, Callable[[list[str]], None]] = {
            "list": self.list_runs, "show": self.show, "wait": self.wait, "cancel": self.cancel,
            "explain": self.explain, "retry": self.retry, "auto": self.auto,
            "export": self.export,
        }  # fmt: skip

    def __call__(self, line: str) -> None:
        """Do what the line says.

        Raises:
            UsageError: it says nothing that can be done; the message says what can.
        """
        words = line.split()
        command = words[0] if words else "list"
        if command in LATER:
            raise UsageError(f"%flow {command} is not there yet: {LATER[command]}")
        if command not in self._known:
            near = difflib.get_close_matches(command, self._known, 1)
            hint = f"did you mean %flow {near[0]}?" if near else f"there are {', '.join(self._known)}"
            raise UsageError(f"%flow {command} is not known: {hint}")
        self._known[command](words[1:])

    def list_runs(self, words: list[str]) -> None:
        """``%flow``: the runs, newest first."""
        found = session.runs()
        if not found:
            print("no runs yet: write a %%flow cell, or submit a task")
        for run in found[:20]:
            with run.reading() as state:
                took = duration(instant(state, run.engine.now()) - state.opened)
                counts = counts_in_words(state.counts)
            print(f"{run.id:>4}  {shown(run.name, 40):<40}  {run.state.value:<10} {took:>10}  {counts}")
        if len(found) > 20:
            print(f"… and {counted(len(found) - 20, 'older run')}")

    def show(self, words: list[str]) -> None:
        """``%flow show [NAME|ID] [--view V]``."""
        view = "timeline"
        if "--view" in words:
            at = words.index("--view")
            view = words[at + 1] if at + 1 < len(words) else ""
            if view not in VIEWS[:-1]:
                raise UsageError(f"--view {view}: choose one of {', '.join(VIEWS[:-1])}")
            words = words[:at] + words[at + 2 :]
        target = _target(words)
        self._cells.show_once(target.run if isinstance(target, Future) else target, view)

    def wait(self, words: list[str]) -> None:
        """``%flow wait [NAME|ID]``: until it, or all, has ended; the saved pictures are up to date then."""
        targets = [_target(words)] if words else [run for run in session.runs() if not run.closed]
        for target in targets:
            run = target.run if isinstance(target, Future) else target
            run.wait()
            print(f"{shown(run.name, 60)}: {run.state.value}")
        self._display.republish(every=True)

    def cancel(self, words: list[str]) -> None:
        """``%flow cancel [NAME|ID|all]``."""
        going = [run for run in session.runs() if not run.closed]
        if not words and len(going) > 1:
            names = ", ".join(f"{shown(run.name, 40)} ({run.id})" for run in going)
            raise UsageError(f"{len(going)} runs go on: {names}. Name one, or write %flow cancel all")
        targets: list[Run | Future[Any]] = [_target(words)] if words and words != ["all"] else [*going]
        for target in targets:
            what = target.label if isinstance(target, Future) else shown(target.name, 60)
            print(f"{what}: {'told to stop' if target.cancel() else 'has ended'}")
        if not targets:
            print("nothing runs")

    def explain(self, words: list[str]) -> None:
        """``%flow explain [NAME|ID]``."""
        print(_target(words).explain())

    def retry(self, words: list[str]) -> None:
        """``%flow retry NAME|ID``: what failed or was cancelled, with the code of now."""
        if not words:
            raise UsageError("%flow retry needs the name or number of a run, or name#number of a task")
        target = _target(words)
        if isinstance(target, Run) and not target.failed:
            raise UsageError(f"nothing of {shown(target.name, 60)} has failed")
        try:
            target.retry()
        except RuntimeError as error:
            raise UsageError(str(error)) from None

    def export(self, words: list[str]) -> None:
        """``%flow export [NAME|ID] PATH``: the run as a file, of the kind that the path ends in."""
        if not words or words[-1] in FORMATS:
            name = FORMATS[words[-1]] if words else FORMATS["html"]
            raise UsageError(f"%flow export needs a path, such as run{name.endings[0]}")
        target = _target(words[:-1])
        run = target.run if isinstance(target, Future) else target
        try:
            print(f"{shown(run.name, 60)}: written to {run.export(words[-1])}")
        except (ValueError, ImportError, OSError) as error:
            raise UsageError(str(error)) from None

    def auto(self, words: list[str]) -> None:
        """``%flow auto on|off``: whether cells show the runs they start."""
        if words not in (["on"], ["off"]):
            now = "on" if self._cells.auto else "off"
            raise UsageError(f"%flow auto {' '.join(words)}: write on or off; it is {now}")
        self._cells.auto = words == ["on"]


def _target(words: list[str]) -> Run | Future[Any]:
    """The run, or the task, that a person means; without a word the newest run."""
    found = session.runs()
    if len(words) > 1:
        raise UsageError(f"one name or number, please: {' '.join(words)}")
    if not words:
        if not found:
            raise UsageError("there is no run yet")
        return found[0]
    word = words[0]
    for run in found:
        if run.name == word or str(run.id) == word:
            return run
    name, mark, number = word.rpartition("#")
    for run in found if mark and number.isdigit() else ():
        future = run.find(int(number))
        if future is not None and name in ("", future.task.name):
            return future
    names = ", ".join(f"{shown(run.name, 40)} ({run.id})" for run in found[:8])
    raise UsageError(f"no run goes by {word}; there are {names or 'none'}")
