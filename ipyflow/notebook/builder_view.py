"""A :class:`ipyflow.Builder` under a cell: the widget, its saved form, and the views of the runs it starts.

Owns: the widget of each builder on show, and the outputs it stands in. Called by: code, the threads that hear a page's
messages. Guarantees: pages show what the builder says; a refused edit is told to the page that asked.
"""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import Any

from ipyflow.builder.builder import Builder
from ipyflow.engine.run import Run
from ipyflow.errors import IpyflowError
from ipyflow.notebook.display import INSTEAD_OF_WIDGET, WIDGET_MIME, Display
from ipyflow.notebook.link import keep_frontend_subshell

STATIC = Path(__file__).parent / "static"
LATER = 1.0
"""Seconds after an edit until the saved form is brought up to date."""


@functools.cache
def widget_class() -> Any:
    """The widget that carries the builder's page; made when first needed.

    Raises:
        ImportError: anywidget is not installed.
        FileNotFoundError: the front end is not built.
    """
    import anywidget
    import traitlets

    class BuilderWidget(anywidget.AnyWidget):
        _esm = (STATIC / "builder.js").read_text(encoding="utf-8")
        _css = (STATIC / "builder.css").read_text(encoding="utf-8")
        shown = traitlets.Dict().tag(sync=True)

    return BuilderWidget


class BuilderView:
    """A builder on show.

    Args:
        builder: the builder.
        display: shows runs in this shell.
    """

    def __init__(self, builder: Builder, display: Display) -> None:
        import ipywidgets

        self.builder, self._display = builder, display
        self._lock = threading.RLock()
        self._texts: list[str] = []
        self._places: list[str] = []
        self._waits = False
        self._run: Run | None = None
        self._page = widget_class()(shown=builder.to_json())
        keep_frontend_subshell(self._page.comm)
        self._page.on_msg(self._received)
        self.widget = ipywidgets.VBox([self._page], layout={"overflow": "visible"})
        keep_frontend_subshell(self.widget.comm)
        builder.on_change.append(self.refresh)

    def show(self) -> None:
        """Show it here and now."""
        with self._lock:
            self.refresh()
            model = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
            self._display.reserve({WIDGET_MIME: model, "text/html": "", "text/plain": ""})
            self._texts.append(self._display.reserve(self._saved()))
            self._places.append(self._display.reserve())
            if self._run is not None:
                self._show(self._run)

    def refresh(self) -> None:
        """Tell the pages what there is now: after an edit, and when the names of the notebook may have changed."""
        with self._lock:
            shown = self.builder.to_json()
            if shown == self._page.shown:
                return
            self._page.shown = shown
            if self._texts and not self._waits:
                self._waits = True
                self._display.later(LATER, self._save)

    def cell_ended(self) -> None:
        """Tell the pages and bring the saved form up to date: headless runners drop what comes after the cell."""
        with self._lock:
            self.refresh()
            if self._waits:
                self._save()

    def close(self) -> None:
        """Take the live form away; the saved one stays."""
        self.builder.on_change.remove(self.refresh)
        self._save()
        self._page.close()
        self.widget.close()

    def _save(self) -> None:
        with self._lock:
            self._waits = False
            for place in self._texts:
                self._display.rewrite(place, self._saved())

    def _saved(self) -> dict[str, Any]:
        saved = self.builder._repr_mimebundle_()
        return {**saved, "text/html": f'<div class="ipyflow-of-form">{INSTEAD_OF_WIDGET}{saved["text/html"]}</div>'}

    def _received(self, _: Any, message: Any, __: Any) -> None:
        seq = message.get("seq")
        try:
            made = self._do(message)
        except IpyflowError as error:
            self._page.send({"type": "refused", "seq": seq, "text": str(error)})
        except Exception as error:  # what the arguments of the pipeline raise when they are evaluated
            self._page.send({"type": "refused", "seq": seq, "text": f"{type(error).__name__}: {error}"})
        else:
            self._page.send({"type": "did", "seq": seq, "id": made})

    def _do(self, message: dict[str, Any]) -> int | None:
        kind = message.get("type")
        if kind == "edit":
            return self.builder.edit(message["edit"], str(message.get("merge", "")))
        if kind == "undo":
            self.builder.undo()
        elif kind == "redo":
            self.builder.redo()
        elif kind == "run":
            with self._display.placing():
                run = self.builder.run().run
            self._show(run)
        return None

    def _show(self, run: Run) -> None:
        with self._lock:
            self._run = run
            view = self._display.fill(self._places, run)
            self.widget.children = [self._page] if view is None else [self._page, view]
