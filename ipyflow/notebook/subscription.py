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

from ipyflow.engine.run import Run
from ipyflow.notebook import questions
from ipyflow.notebook.facts import AnyRun
from ipyflow.notebook.feed import Publisher, Viewer
from ipyflow.notebook.library import resume
from ipyflow.notebook.richer import Richer
from ipyflow.notebook.steering import WISHES, Steering
from ipyflow.views.detail import detail

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
    bundle: Callable[[AnyRun], dict[str, Any]]
    placing: Callable[[], AbstractContextManager[None]]
    went_over: Callable[[AnyRun, Run], None]


class Subscription:
    """A page, or the pages of one widget, that watch a run.

    Args:
        run: the run.
        desk: what all subscriptions share.
        send: sends a message to the page; called from any thread.
    """

    def __init__(self, run: AnyRun, desk: Desk, send: Send) -> None:
        self.run, self._desk, self._send = run, desk, send
        self.viewer = Viewer(send)
        desk.publisher.watch(run, self.viewer)

    def close(self) -> None:
        """Tell the page nothing more."""
        self._desk.publisher.leave(self.run, self.viewer)

    def go_over(self, run: AnyRun) -> None:
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
        elif kind in WISHES:
            self._command(lambda: self._say(self._wished(message)))

    def _command(self, call: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                call()
            except Exception as error:
                self._say(f"{type(error).__name__}: {error}")

        threading.Thread(target=guarded, name="ipyflow-command", daemon=True).start()

    def _say(self, text: str) -> None:
        if text:
            self._send({"type": "said", "text": text})

    def _wished(self, message: dict[str, Any]) -> str:
        run = self.run
        if isinstance(run, Run):
            return Steering(run, self._desk, self._send)(message)
        if message["type"] != "resume":
            return f"{run.name} is a run of the past: only its picture is here"
        future = resume(run.key, self._desk.placing)
        self._desk.went_over(run, future.run)
        return f"{run.name} goes on, as run {future.run.id}"

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

    def _detail(self, task: int) -> dict[str, Any]:
        with self.run.reading() as state:
            made = detail(state, task)
        return self._desk.richer.enrich(made, self.run.find(task) if isinstance(self.run, Run) else None)
