"""``flow.form()``: a form from a signature that starts the flow, shows its runs and keeps those it has started.

Owns: the launches of one form, and the outputs it stands in. Called by: code, the threads that hear a page's messages,
the publisher's thread (states of launches). Guarantees: nothing starts with a value that is wrong; code that was edited
since is what runs, and where its parameters are others the form shows those first.
"""

from __future__ import annotations

import difflib
import inspect
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from IPython.core.getipython import get_ipython

from ipyflow.engine.future import Future
from ipyflow.engine.run import Run
from ipyflow.flows.tasks import Task
from ipyflow.forms.fields import Field
from ipyflow.forms.reading import read_fields
from ipyflow.forms.signature import as_call, of_callable
from ipyflow.forms.texts import as_code, is_default
from ipyflow.notebook import form_text
from ipyflow.notebook.display import INSTEAD_OF_WIDGET, WIDGET_MIME, Display, display_of
from ipyflow.notebook.form_panel import Panel
from ipyflow.notebook.launches import Launch, Launches
from ipyflow.views.words import clip


class LaunchForm:
    """A form that starts a task or a flow, as ``flow.form()`` gives it; see ``docs/forms.md``.

    Args:
        task: what it starts.
        preset: values that stand in it at first.

    Attributes:
        task: what it starts.
        fields: what it asks for.

    Raises:
        TypeError: a value for a parameter that is not there.
        FormError: a value that cannot be.

    Example:
        >>> import ipyflow as fl
        >>> @fl.flow
        ... def train(rate: float, epochs: int = 10):
        ...     return rate * epochs
        >>> form = train.form(rate=0.5)
        >>> form
        train
          rate    0.5
          epochs  10
          .start() starts it, .start(name=value) with other values, .ask() asks
        >>> form.start(epochs=4).result()
        2.0
        >>> form.launches[0].values
        {'rate': 0.5, 'epochs': 4}
    """

    def __init__(self, task: Task[Any, Any], preset: Mapping[str, Any]) -> None:
        self.task = task
        self.fields = of_callable(task.fn)
        self._launches = Launches(self._tell_launches, self._launched)
        self._check_names(preset)
        self._preset = read_fields([field for field in self.fields if field.name in preset], preset)
        self._on_show: Run | None = None
        self._panel: Panel | None = None
        self._texts: list[str] = []
        self._told_last: dict[str, Any] | None = None
        self._kept_last: dict[str, Any] | None = None
        """What was written at the end of a cell: what comes between the cells, headless runners drop."""
        self._places: list[str] = []
        self._shell = get_ipython()
        self._lock = threading.RLock()

    def start(self, /, **values: Any) -> Future[Any]:
        """Start it as the button does, with these values in the place of those in the form.

        Raises:
            TypeError: there is no such parameter.
            FormError: a value is missing or cannot be; nothing is started.
        """
        __tracebackhide__ = True  # what is wrong is in the reader's line
        with self._lock:
            self._renew()
            self._check_names(values)
            raw = {**self.typed(), **values}
        return self._start(raw)

    def ask(self) -> Future[Any]:
        """Ask for the values on the terminal, and start it."""
        self._renew()
        return self._start(form_text.ask(self.fields, self.typed()))

    def typed(self) -> dict[str, Any]:
        """What stands in the form, as it was typed; without what was not."""
        return dict(self._preset) if self._panel is None else self._panel.controls.raw()

    @property
    def launches(self) -> list[Launch]:
        """What it has started, the oldest first."""
        return list(self._launches.all)

    @property
    def widget(self) -> Any:
        """The form as one ipywidget, for a place in a layout of yours."""
        with self._lock:
            if self._panel is None:
                panel = Panel(lambda raw: self._as_code(self._values(raw)), self._pressed, self._chosen)
                self._draw(panel, self._preset)
                self._panel = panel
                self._tell_launches()
            return self._panel.widget

    def _check_names(self, values: Mapping[str, Any]) -> None:
        known = [field.name for field in self.fields]
        for name in values:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"did you mean {near[0]}=?" if near else f"there are {', '.join(known) or 'none'}"
                raise TypeError(f"{self.task.name} has no parameter {name}: {hint}")

    def _renew(self) -> bool:
        """Take the task as it is now, its cell may have been edited; whether it has other parameters."""
        self.task = self.task.latest()
        fields = of_callable(self.task.fn)
        if [field.to_json() for field in fields] == [field.to_json() for field in self.fields]:
            self.fields = fields
            return False
        raw, alike = self.typed(), {(field.name, field.kind) for field in fields}
        self._preset = {
            one.name: raw[one.name] for one in self.fields if (one.name, one.kind) in alike and one.name in raw
        }
        self.fields = fields
        if self._panel is not None:
            self._draw(self._panel, self._preset)
        return True

    def _values(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Checked; where any Python value may stand, the name of one of the notebook's variables stands for it."""
        __tracebackhide__ = True
        names = {} if self._shell is None else self._shell.user_ns
        named = {
            field.name: names[raw[field.name].strip()]
            for field in self.fields
            if field.kind == "value" and isinstance(raw.get(field.name), str) and raw[field.name].strip() in names
        }
        return read_fields(self.fields, {**raw, **named})

    def _call(self, values: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments, without those that the function has by itself."""
        parameters, fields = inspect.signature(self.task.fn).parameters, {field.name: field for field in self.fields}
        given = {
            name: value
            for name, value in values.items()
            if not (parameters[name].default is fields[name].default and is_default(fields[name], value))
        }
        return as_call(self.task.fn, given)

    def _as_code(self, values: Mapping[str, Any]) -> str:
        args, kwargs = self._call(values)
        told = [clip(as_code(one), 60) for one in args] + [
            f"{name}={clip(as_code(one), 60)}" for name, one in kwargs.items()
        ]
        return clip(f"{getattr(self.task.fn, '__name__', self.task.name)}.submit({', '.join(told)})", 400)

    def _start(self, raw: Mapping[str, Any]) -> Future[Any]:
        __tracebackhide__ = True
        # Without the lock: validators, and the body of an inline flow, are the user's.
        values = self._values(raw)
        args, kwargs = self._call(values)
        task = self.task
        if not task.is_flow:  # a run of its own, as a flow has one
            task = task.with_options()
            task.is_flow = True
        display = self._display()
        with display.placing() if display is not None and self._panel is not None else nullcontext():
            future = task.submit(*args, **kwargs)
        self._launched(Launch(time.time(), values, future, future.run))
        return future

    # What comes from the page.

    def _pressed(self, raw: Mapping[str, Any]) -> None:
        with self._lock:
            if hasattr(self._shell, "kernel") and self._display() is None:
                raise RuntimeError("the extension that shows runs is not loaded: %load_ext ipyflow")
            if self._renew():
                raise RuntimeError(f"{self.task.name} has other parameters now: look at them, then press Start again")
        self._start(raw)

    def _chosen(self, place: int) -> None:
        with self._lock:
            launch = self._launches.newest()[place]
            if self._panel is not None:
                names = {field.name for field in self.fields}
                self._panel.fill({name: value for name, value in launch.values.items() if name in names})
            self._show(launch.run)

    # What was started.

    def _launched(self, launch: Launch) -> None:
        self._launches.add(launch, self._display())
        self._show(launch.run)

    def _show(self, run: Run) -> None:
        with self._lock:
            self._on_show = run
            display = self._display()
            if display is not None and self._panel is not None:
                self._panel.show_view(display.fill(self._places, run))
        self._tell_launches()

    def _tell_launches(self) -> None:
        with self._lock:
            launches, display = self._launches.newest(), self._display()
            if self._panel is not None:
                self._panel.show_launches([(one.line(self.fields), one.run is self._on_show) for one in launches])
            if display is None or not self._texts or (saved := self._saved()) == self._told_last:
                return
            self._told_last = saved
            for place in self._texts:
                display.rewrite(place, saved)

    def _cell_ended(self) -> None:
        with self._lock:
            display, saved = self._display(), self._saved()
            if display is None or saved == self._kept_last:
                return
            self._kept_last = self._told_last = saved
            for place in self._texts:
                display.rewrite(place, saved)

    # How it shows itself.

    def _display(self) -> Display | None:
        display = display_of(self._shell)
        return display if display is not None and display.in_kernel else None

    def _draw(self, panel: Panel, values: Mapping[str, Any]) -> None:
        panel.draw(self.task.name, self._about(), self.fields, values)

    def _about(self) -> str:
        return " ".join((inspect.getdoc(self.task.fn) or "").partition("\n\n")[0].split())

    def _told(self) -> tuple[str, str, Sequence[Field], dict[str, Any], list[str]]:
        lines = [launch.line(self.fields) for launch in self._launches.newest()]
        return self.task.name, self._about(), self.fields, self.typed(), lines

    def __repr__(self) -> str:
        return form_text.text_form(*self._told())

    def _saved(self) -> dict[str, Any]:
        """What the saved file shows."""
        text = form_text.html_form(*self._told())
        return {"text/html": f'<div class="ipyflow-of-form">{INSTEAD_OF_WIDGET}{text}</div>', "text/plain": repr(self)}

    def _ipython_display_(self) -> None:
        if not hasattr(self._shell, "kernel"):
            raise NotImplementedError  # IPython prints the text, as it does with anything
        display = self._display()
        if display is None:
            raise RuntimeError("a form shows the runs it starts, by the extension: run %load_ext ipyflow first")
        with self._lock:
            model = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
            display.reserve({WIDGET_MIME: model, "text/html": "", "text/plain": ""})
            self._texts.append(display.reserve(self._saved()))
            self._places.append(display.reserve())
            if self._cell_ended not in display.on_cell_ended:
                display.on_cell_ended.append(self._cell_ended)
            if self._on_show is not None:
                self._show(self._on_show)
