"""The live link: a widget for each run on show, and what its pages ask for. Messages: ``docs/protocol.md``.

Handlers of messages from a page run on whatever thread the kernel gives them: they only hand the wish on. Commands
run on a thread of their own, because they may call the user's code (callbacks of a future, the ``repr`` of a value).
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ipyflow.engine.run import Run
from ipyflow.notebook.feed import Publisher, Viewer
from ipyflow.notebook.richer import Richer
from ipyflow.views.detail import detail
from ipyflow.views.payload import payload

STATIC = Path(__file__).parent / "static"

# The saved picture stands below the view and shows only where the view does not (see docs/notebook.md).
HIDE_PICTURE = """
.jp-OutputArea-child:has(.ipf) + .jp-OutputArea-child:has(.ipyflow-of-view) { display: none; }
"""


@functools.cache
def widget_class() -> Any:
    """The widget that carries the front end to the page; made when first needed, for importing ipywidgets takes long.

    Raises:
        ImportError: anywidget is not installed.
        FileNotFoundError: the front end is not built.
    """
    import anywidget
    import traitlets

    class RunWidget(anywidget.AnyWidget):
        _esm = (STATIC / "widget.js").read_text(encoding="utf-8")
        _css = (STATIC / "widget.css").read_text(encoding="utf-8") + HIDE_PICTURE
        payload = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
        view = traitlets.Unicode("timeline").tag(sync=True)

    return RunWidget


def keep_frontend_subshell(comm: Any) -> None:
    """Have the page's messages handled where the page sends them.

    ipykernel 7.4 sends them to the thread that spoke last instead, which is the one that a running cell blocks.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default


class Link:
    """Connects a widget with a run.

    Args:
        run: the run.
        view: the tab that is open at first.
        publisher: tells the pages.
        richer: makes rich forms of values and tracebacks.
    """

    def __init__(self, run: Run, view: str, publisher: Publisher, richer: Richer) -> None:
        self.run, self.publisher, self.richer = run, publisher, richer
        with run.reading() as state:
            first = payload(state, limit=200, now=run.engine.now())
        self.widget = widget_class()(payload=first, view=view)
        keep_frontend_subshell(self.widget.comm)
        self.viewer = Viewer(self._send)
        self.widget.on_msg(self._received)
        publisher.watch(run, self.viewer)

    def _send(self, message: dict[str, Any]) -> None:
        if self.widget.comm is not None:
            self.widget.send(message)

    def ended(self) -> None:
        """Give the widget the end of the run, for pages that are loaded later."""
        with self.run.reading() as state:
            self.widget.payload = payload(state, limit=200)

    def close(self) -> None:
        """Take the view away from its pages."""
        self.publisher.leave(self.run, self.viewer)
        self.widget.close()

    def _received(self, _: Any, message: Any, __: Any) -> None:
        kind: Any = message.get("type") if isinstance(message, dict) else None
        task: Any = message.get("task") if isinstance(message, dict) else None
        if kind in ("ready", "resync"):
            self.viewer.asked()
            self.publisher.wake(self.run)
        elif kind == "rows":
            self.publisher.answer_rows(self.run, self.viewer, message)
        elif kind == "detail":
            self._command(lambda: self._send({"type": "detail", "task": task, "detail": self._detail(task)}))
        elif kind == "cancel":
            self._command(lambda: self._say(self._cancel(task)))
        elif kind == "retry":
            self._command(lambda: self._say(self._retry(task)))
        elif kind == "pause":
            self._command(lambda: self._say(self._pause(task)))
        elif kind == "resume":
            self._command(lambda: self._say(self._resume(task)))

    def _command(self, call: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                call()
            except Exception as error:
                self._say(f"{type(error).__name__}: {error}")

        threading.Thread(target=guarded, name="ipyflow-command", daemon=True).start()

    def _say(self, text: str) -> None:
        self._send({"type": "said", "text": text})

    def _cancel(self, task: int | None) -> str:
        if task is None:
            return f"{self.run.name} is told to stop" if self.run.cancel() else f"nothing of {self.run.name} runs"
        future = self.run.find(task)
        if future is None:
            return self._missing(task)
        return f"{future.label} is told to stop" if future.cancel() else f"{future.label} has ended: {future.state}"

    def _retry(self, task: int) -> str:
        future = self.run.find(task)
        if future is None:
            return f"nobody holds the future of task {task}: submit it again"
        future.retry()
        return f"{future.label} runs again"

    def _pause(self, task: int | None) -> str:
        if task is None:
            if self.run.closed:
                return f"{self.run.name} has ended"
            self.run.pause()
            self.publisher.wake(self.run)
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
            self.publisher.wake(self.run)
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
        return self.richer.enrich(made, self.run.find(task))
