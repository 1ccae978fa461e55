"""The launch form in a notebook: fields, the button, the call they stand for, what was started, and the run's view."""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as w

from ipyflow.errors import FormError
from ipyflow.forms.fields import Field
from ipyflow.notebook.form_groups import Controls
from ipyflow.notebook.link import keep_frontend_subshell
from ipyflow.views.words import block, counted, shown

_STYLE = Path(__file__).with_name("form.css")


class Panel:
    """The widgets.

    Args:
        check: reads what was typed, and gives the call that it stands for; raises ``FormError``.
        start: starts it.
        choose: shows a launch, by its place in the list that :meth:`show_launches` was given.
    """

    def __init__(
        self, check: Callable[[Mapping[str, Any]], str], start: Callable[[Mapping[str, Any]], object],
        choose: Callable[[int], object],
    ) -> None:  # fmt: skip
        self._check, self._start, self._choose = check, start, choose
        self._everywhere = False
        """Whether errors are said at all fields: somebody has pressed the button."""
        self._filling = False
        self._head, self._status, self._call = w.HTML(), w.HTML(), w.HTML()
        self._button = w.Button(description="Start", button_style="primary")
        self._button.on_click(lambda _: self.press())
        self._body, self._launches, self._view = w.VBox(), w.VBox(), w.VBox()
        foot = w.HBox([self._button, self._status])
        style = w.HTML(f"<style>{_css()}</style>")
        for one, name in ((style, "style"), (self._body, "body"), (foot, "foot"), (self._launches, "launches")):
            one.add_class(f"ipyflow-form-{name}")
        self.widget = w.VBox([style, self._head, self._body, foot, self._call, self._launches, self._view])
        self.widget.add_class("ipyflow-form")
        _keep_subshell(self.widget)

    def draw(self, title: str, about: str, fields: Sequence[Field], values: Mapping[str, Any]) -> None:
        """Draw the fields, filled with values and else with their defaults."""
        self._head.value = (
            f'<div class="ipyflow-form-title">{html.escape(shown(title))}</div>'
            f'<div class="ipyflow-form-about">{html.escape(shown(about))}</div>'
        )
        needed = any(field.required and not field.optional for field in fields)
        self._needed = "* has to be given" if needed else ""
        self._filling = True
        self.controls = Controls(fields, self.changed, self.press)
        self.fill(values)
        _keep_subshell(self.controls.element)
        self._body.children = (self.controls.element,)

    def fill(self, values: Mapping[str, Any]) -> None:
        """Put values into the fields, and their defaults into the others."""
        self._everywhere, self._filling = False, True
        try:
            self.controls.fill(values)
        finally:
            self._filling = False
        self.say("")
        self.changed()

    def changed(self) -> None:
        """Say what is wrong with what was touched; or the call that the fields stand for."""
        if self._filling:
            return
        try:
            call = self._check(self.controls.raw())
        except FormError as error:
            self._tell(error)
            return
        self.controls.show({})
        if self._everywhere:
            self.say("")
        self._call.value = f'<div class="ipyflow-form-call">{html.escape(shown(call))}</div>'

    def press(self) -> None:
        """The button, or Enter in a field."""
        self.say("")
        try:
            self._start(self.controls.raw())
        except FormError as error:
            self._everywhere = True
            self._tell(error)
            self.controls.focus(error.errors)
        except Exception as error:  # whatever the engine or the flow's options refuse: the person is here
            self.say(f"not started: {type(error).__name__}: {error}", wrong=True)

    def say(self, text: str, wrong: bool = False) -> None:
        """Say something beside the button; nothing, and it says what the mark at labels means."""
        text = text or self._needed
        kind = "ipyflow-form-wrong" if wrong else ""
        words = html.escape(block(text, 600))
        self._status.value = f'<div role="status" class="ipyflow-form-said {kind}">{words}</div>' if text else ""

    def show_view(self, widget: Any) -> None:
        """Have a run's live view below."""
        self._view.children = () if widget is None else (widget,)

    def show_launches(self, lines: Sequence[tuple[str, bool]]) -> None:
        """List what was started, each in a line; one may be the one on show."""
        rows = list(self._launches.children)
        if len(rows) != len(lines):
            rows = [*rows[: len(lines)], *(self._row(place) for place in range(len(rows), len(lines)))]
        for row, (text, on_show) in zip(rows, lines, strict=True):
            row.description = text
            (row.add_class if on_show else row.remove_class)("ipyflow-form-on-show")
        if len(rows) != len(self._launches.children):
            self._launches.children = rows

    def _row(self, place: int) -> Any:
        row = w.Button(tooltip="Fill the form with this and show its run")
        row.add_class("ipyflow-form-launch")
        row.on_click(lambda _: self._choose(place))
        _keep_subshell(row)
        return row

    def _tell(self, error: FormError) -> None:
        self._call.value = ""
        self.controls.show(error.errors, self._everywhere)
        if self._everywhere:
            rest = [text for path, text in error.errors.items() if path.split(".")[0] not in self.controls.each]
            fields = counted(len(error.errors) - len(rest), "field")
            self.say("; ".join(rest) or f"{fields} above to look at again", wrong=True)


def _keep_subshell(widget: Any) -> None:
    """Have clicks heard while a cell blocks, as those in the run's view are."""
    for one in _below(widget):
        keep_frontend_subshell(one.comm)


def _below(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _below(child)


@functools.cache
def _css() -> str:
    return _STYLE.read_text(encoding="utf-8")
