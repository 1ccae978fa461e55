"""What a page asks of the run it watches, and what it is told. Messages: ``docs/protocol.md``.

Handlers of messages run on whatever thread the kernel gives them: they only hand the wish on. Commands and questions
run on a thread of their own, because they may call the user's code (callbacks of a future, the ``repr`` of a value).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from ipyflow.engine.future import Future
from ipyflow.engine.run import Run
from ipyflow.errors import FormError
from ipyflow.model.status import FAILURE_STATES
from ipyflow.notebook import awaited, questions
from ipyflow.notebook.feed import Publisher, Viewer
from ipyflow.notebook.rerun_form import rerun_with
from ipyflow.notebook.richer import Richer
from ipyflow.views.detail import detail
from ipyflow.views.words import counted

Send = Callable[[dict[str, Any]], None]


@dataclass
class Desk:
    """What all subscriptions share.

    Attributes:
        publisher: tells the pages.
        richer: makes rich forms of values and tracebacks.
        bundle: the static forms of a run, as a notebook file keeps them.
        placing: around the start of a run that takes the place of another one.
        went_over: told that all that showed the first run shows the second from now on.
    """

    publisher: Publisher
    richer: Richer
    bundle: Callable[[Run], dict[str, Any]]
    placing: Callable[[], AbstractContextManager[None]]
    went_over: Callable[[Run, Run], None]


class Subscription:
    """A page, or the pages of one widget, that watch a run.

    Args:
        run: the run.
        desk: what all subscriptions share.
        send: sends a message to the page; called from any thread.
    """

    def __init__(self, run: Run, desk: Desk, send: Send) -> None:
        self.run, self._desk, self._send = run, desk, send
        self.viewer = Viewer(send)
        desk.publisher.watch(run, self.viewer)

    def close(self) -> None:
        """Tell the page nothing more."""
        self._desk.publisher.leave(self.run, self.viewer)

    def go_over(self, run: Run) -> None:
        """Show another run from now on."""
        publisher = self._desk.publisher
        publisher.leave(self.run, self.viewer)
        self.run = run
        self.viewer.asked()
        publisher.watch(run, self.viewer)

    def received(self, message: Any) -> None:
        """A message from the page; what is none of ours is passed over."""
        kind: Any = message.get("type") if isinstance(message, dict) else None
        task: Any = message.get("task") if isinstance(message, dict) else None
        publisher, run = self._desk.publisher, self.run
        if kind in ("ready", "resync"):
            self.viewer.asked()
            publisher.wake(run)
        elif kind == "rows":
            publisher.answer_rows(run, self.viewer, message)
        elif kind == "expand":
            keys = [str(key) for key in message.get("nodes") or ()]
            publisher.post(lambda: self._expand(keys))
        elif kind == "ask":
            self._command(lambda: self._answer(message))
        elif kind == "detail":
            self._command(lambda: self._send({"type": "detail", "task": task, "detail": self._detail(task)}))
        elif kind == "answer_prompt":
            self._command(lambda: self._answer_prompt(message))
        elif kind == "send_event":
            self._command(lambda: self._send_event(message))
        elif kind == "retry" and message.get("below"):
            self._command(lambda: self._say(self._retry_below(task)))
        elif kind == "rerun" and message.get("values") is not None:
            self._command(lambda: self._rerun_with(message["values"]))
        elif kind in ("cancel", "retry", "pause", "resume", "rerun"):
            command = getattr(self, f"_{kind}")
            self._command(lambda: self._say(command(task)))

    def _command(self, call: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                call()
            except Exception as error:
                self._say(f"{type(error).__name__}: {error}")

        threading.Thread(target=guarded, name="ipyflow-command", daemon=True).start()

    def _say(self, text: str) -> None:
        self._send({"type": "said", "text": text})

    def _answer(self, message: dict[str, Any]) -> None:
        answer, error = None, None
        try:
            answer = questions.answer(self.run, message.get("what"), message.get("query") or {}, self._desk.bundle)
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
        self._send({"type": "answer", "request": message.get("request"), "answer": answer, "error": error})

    def _expand(self, keys: list[str]) -> None:
        self.viewer.view.expand(keys)
        self._desk.publisher.wake(self.run)

    def _cancel(self, task: int | None) -> str:
        if task is None:
            return f"{self.run.name} is told to stop" if self.run.cancel() else f"nothing of {self.run.name} runs"
        future = self.run.find(task)
        if future is None:
            return self._missing(task)
        return f"{future.label} is told to stop" if future.cancel() else f"{future.label} has ended: {future.state}"

    def _retry(self, task: int | None) -> str:
        if task is None:
            if not self.run.failed:
                return f"nothing of {self.run.name} has failed"
            count = self.run.engine.retry_run(self.run)
            if not count:
                return f"nothing of {self.run.name} is run again: what failed was handled"
            return f"{counted(count, 'task')} of {self.run.name} {'runs' if count == 1 else 'run'} again"
        future = self.run.find(task)
        if future is None:
            return f"nobody holds the future of task {task}: submit it again"
        future.retry()
        above = future.parent
        if above is None or above.state not in FAILURE_STATES:
            return f"{future.label} runs again"
        return f"{future.label} runs again; {above.label} has failed: press Retry above to go on with it"

    def _retry_below(self, task: int) -> str:
        count = self.run.engine.retry_below(self.run, task)
        label = self._label(task)
        run = "runs" if count == 1 else "run"
        return f"{counted(count, 'task')} below {label} {run} again" if count else f"nothing below {label} has failed"

    def _rerun(self, _: object) -> str:
        before = self.run
        if not before.closed:
            return f"{before.name} has not ended: cancel it first, or wait"
        with self._desk.placing():
            future = before.rerun()
        return self._shows(future)

    def _rerun_with(self, values: dict[str, Any]) -> None:
        """The form with other parameters is sent. What is wrong in it is said at its fields, and it stays open."""
        if not self.run.closed:
            self._say(self._rerun(None))
            return
        try:
            with self._desk.placing():
                future = rerun_with(self.run, values)
        except FormError as error:
            self._send({"type": "rerun_errors", "errors": error.errors})
            return
        self._say(self._shows(future))

    def _shows(self, future: Future[Any]) -> str:
        """All that showed this run shows the one of ``future`` from now on."""
        self._desk.went_over(self.run, future.run)
        return f"{future.run.name} runs anew, as run {future.run.id}"

    def _label(self, task: int) -> str:
        with self.run.reading() as state:
            known = state.tasks.get(task)
            return f"task {task}" if known is None else f"{known.name}#{task}"

    def _send_event(self, message: dict[str, Any]) -> None:
        """The form of an event that a step waits for is sent."""
        task = int(message["task"])
        try:
            self._say(f"{awaited.send(self.run, task, message.get('values') or {})} is sent")
        except FormError as error:
            self._send({"type": "prompt_errors", "task": task, "errors": error.errors})

    def _answer_prompt(self, message: dict[str, Any]) -> None:
        """The form of a prompt is sent. What is wrong in it is said at its fields, and it stays open."""
        task, action = int(message["task"]), str(message.get("action"))
        future = self.run.find(task)
        if future is None:
            self._say(self._missing(task))
            return
        try:
            counts = self.run.engine.press(future, action, message.get("values") or {})
        except FormError as error:
            self._send({"type": "prompt_errors", "task": task, "errors": error.errors})
            return
        self._desk.publisher.wake(self.run)
        self._say(f"{future.label}: {action}" if counts else f"{future.label} has its answer already: {future.state}")

    def _pause(self, task: int | None) -> str:
        if task is None:
            if self.run.closed:
                return f"{self.run.name} has ended"
            self.run.pause()
            self._desk.publisher.wake(self.run)
            return f"{self.run.name} starts nothing new; what runs goes on"
        future = self.run.find(task)
        if future is None:
            return self._missing(task)
        if not future.pause():
            return f"{future.label} has ended: {future.state}"
        return f"{future.label} starts nothing new; what runs goes on"

    def _resume(self, task: int | None) -> str:
        if task is None:
            if self.run.closed:
                return f"{self.run.name} has ended"
            # A run of one pipeline is paused too when that pipeline is.
            if self.run.root is not None:
                self.run.root.resume()
            self.run.resume()
            self._desk.publisher.wake(self.run)
            return f"{self.run.name} goes on"
        future = self.run.find(task)
        if future is None:
            return self._missing(task)
        return f"{future.label} goes on" if future.resume() else f"{future.label} is not paused"

    def _missing(self, task: int) -> str:
        """Why there is no future for a task of this run."""
        with self.run.reading() as state:
            known = state.tasks.get(task)
            if known is not None and known.planned:
                return f"{known.name}#{task} is only planned: its pipeline has not come to it"
        return f"task {task} has ended, and nobody holds its future"

    def _detail(self, task: int) -> dict[str, Any]:
        with self.run.reading() as state:
            made = detail(state, task)
        return self._desk.richer.enrich(made, self.run.find(task))
