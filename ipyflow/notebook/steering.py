"""What a page has done to a run that it watches: each wish gives a line for the reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ipyflow.engine.future import Future
from ipyflow.engine.run import Run
from ipyflow.errors import FormError
from ipyflow.model.status import FAILURE_STATES
from ipyflow.notebook import awaited
from ipyflow.notebook.rerun_form import rerun_with
from ipyflow.views.words import counted

if TYPE_CHECKING:
    from ipyflow.notebook.subscription import Desk

WISHES = ("cancel", "retry", "pause", "resume", "rerun", "answer_prompt", "send_event")
"""Messages that want something done."""


class Steering:
    """Does what a page wants of a run of this kernel.

    Args:
        run: the run.
        desk: what all subscriptions share.
        send: sends a message to the page.
    """

    def __init__(self, run: Run, desk: Desk, send: Callable[[dict[str, Any]], None]) -> None:
        self._run, self._desk, self._send = run, desk, send

    def __call__(self, message: dict[str, Any]) -> str:
        """Do what a message says; gives a line for the reader, empty where the page was told otherwise."""
        kind, task = message["type"], message.get("task")
        if kind == "answer_prompt":
            return self._answer_prompt(message)
        if kind == "send_event":
            return self._send_event(message)
        if kind == "retry" and message.get("below"):
            return self._retry_below(int(task))  # type: ignore[arg-type]
        if kind == "rerun":
            values = message.get("values")
            return self._rerun() if values is None else self._rerun_with(values)
        wishes: dict[str, Callable[[int | None], str]] = {
            "cancel": self._cancel, "retry": self._retry, "pause": self._pause, "resume": self._resume,
        }  # fmt: skip
        return wishes[kind](task)

    def _cancel(self, task: int | None) -> str:
        if task is None:
            return f"{self._run.name} is told to stop" if self._run.cancel() else f"nothing of {self._run.name} runs"
        future = self._run.find(task)
        if future is None:
            return self._missing(task)
        return f"{future.label} is told to stop" if future.cancel() else f"{future.label} has ended: {future.state}"

    def _retry(self, task: int | None) -> str:
        run = self._run
        if task is None:
            if not run.failed:
                return f"nothing of {run.name} has failed"
            count = run.engine.retry_run(run)
            if not count:
                return f"nothing of {run.name} is run again: what failed was handled"
            return f"{counted(count, 'task')} of {run.name} {'runs' if count == 1 else 'run'} again"
        future = run.find(task)
        if future is None:
            return f"nobody holds the future of task {task}: submit it again"
        future.retry()
        above = future.parent
        if above is None or above.state not in FAILURE_STATES:
            return f"{future.label} runs again"
        return f"{future.label} runs again; {above.label} has failed: press Retry above to go on with it"

    def _retry_below(self, task: int) -> str:
        count = self._run.engine.retry_below(self._run, task)
        with self._run.reading() as state:
            known = state.tasks.get(task)
            label = f"task {task}" if known is None else f"{known.name}#{task}"
        run = "runs" if count == 1 else "run"
        return f"{counted(count, 'task')} below {label} {run} again" if count else f"nothing below {label} has failed"

    def _rerun(self) -> str:
        if not self._run.closed:
            return f"{self._run.name} has not ended: cancel it first, or wait"
        with self._desk.placing():
            future = self._run.rerun()
        return self._shows(future)

    def _rerun_with(self, values: dict[str, Any]) -> str:
        """The form with other parameters is sent. What is wrong in it is said at its fields, and it stays open."""
        if not self._run.closed:
            return self._rerun()
        try:
            with self._desk.placing():
                future = rerun_with(self._run, values)
        except FormError as error:
            self._send({"type": "rerun_errors", "errors": error.errors})
            return ""
        return self._shows(future)

    def _shows(self, future: Future[Any]) -> str:
        """All that showed this run shows the one of ``future`` from now on."""
        self._desk.went_over(self._run, future.run)
        return f"{future.run.name} runs anew, as run {future.run.id}"

    def _send_event(self, message: dict[str, Any]) -> str:
        """The form of an event that a step waits for is sent."""
        task = int(message["task"])
        try:
            return f"{awaited.send(self._run, task, message.get('values') or {})} is sent"
        except FormError as error:
            self._send({"type": "prompt_errors", "task": task, "errors": error.errors})
            return ""

    def _answer_prompt(self, message: dict[str, Any]) -> str:
        """The form of a prompt is sent. What is wrong in it is said at its fields, and it stays open."""
        task, action = int(message["task"]), str(message.get("action"))
        future = self._run.find(task)
        if future is None:
            return self._missing(task)
        try:
            counts = self._run.engine.press(future, action, message.get("values") or {})
        except FormError as error:
            self._send({"type": "prompt_errors", "task": task, "errors": error.errors})
            return ""
        self._desk.publisher.wake(self._run)
        return f"{future.label}: {action}" if counts else f"{future.label} has its answer already: {future.state}"

    def _pause(self, task: int | None) -> str:
        run = self._run
        if task is None:
            if run.closed:
                return f"{run.name} has ended"
            run.pause()
            self._desk.publisher.wake(run)
            return f"{run.name} starts nothing new; what runs goes on"
        future = run.find(task)
        if future is None:
            return self._missing(task)
        if not future.pause():
            return f"{future.label} has ended: {future.state}"
        return f"{future.label} starts nothing new; what runs goes on"

    def _resume(self, task: int | None) -> str:
        run = self._run
        if task is None:
            if run.closed:
                return f"{run.name} has ended"
            # A run of one pipeline is paused too when that pipeline is.
            if run.root is not None:
                run.root.resume()
            run.resume()
            self._desk.publisher.wake(run)
            return f"{run.name} goes on"
        future = run.find(task)
        if future is None:
            return self._missing(task)
        return f"{future.label} goes on" if future.resume() else f"{future.label} is not paused"

    def _missing(self, task: int) -> str:
        """Why there is no future for a task of this run."""
        with self._run.reading() as state:
            known = state.tasks.get(task)
            if known is not None and known.planned:
                return f"{known.name}#{task} is only planned: its pipeline has not come to it"
        return f"task {task} has ended, and nobody holds its future"
