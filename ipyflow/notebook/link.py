"""The link without our extension: a widget for each run on show, which carries the front end to the page."""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import Any

from ipyflow.notebook.facts import AnyRun
from ipyflow.notebook.subscription import Desk, Subscription
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


def has_subshells(kernel: Any) -> bool:
    """Whether a page has opened a subshell, so that what it says is read while a cell runs; ipykernel 6 has none."""
    manager = getattr(getattr(kernel, "shell_channel_thread", None), "manager", None)
    return manager is not None and bool(manager.list_subshell())


class Link:
    """Connects a widget with a run.

    Args:
        run: the run.
        view: the tab that is open at first.
        desk: what all subscriptions share.
    """

    def __init__(self, run: AnyRun, view: str, desk: Desk) -> None:
        with run.reading() as state:
            first = payload(state, limit=200, now=run.now())
        self.widget = widget_class()(payload=first, view=view)
        keep_frontend_subshell(self.widget.comm)
        self.subscription = Subscription(run, desk, self._send)
        self.subscription.viewer.hears = False  # until a message shows the way it comes
        self.widget.on_msg(self._received)

    @property
    def run(self) -> AnyRun:
        """The run on show."""
        return self.subscription.run

    def _received(self, _: Any, message: Any, __: Any) -> None:
        # Subshells have threads of their own; what comes to the main thread has waited for the cell that ran there.
        # ipykernel 6 has no subshells, and JupyterLab before 4.4 sends nothing to them.
        self.subscription.viewer.hears = threading.current_thread() is not threading.main_thread()
        self.subscription.received(message)

    def _send(self, message: dict[str, Any]) -> None:
        if self.widget.comm is not None:
            self.widget.send(message)

    def ended(self) -> None:
        """Give the widget the end of the run, for pages that are loaded later."""
        with self.run.reading() as state:
            self.widget.payload = payload(state, limit=200)

    def close(self) -> None:
        """Take the view away from its pages."""
        self.subscription.close()
        self.widget.close()
