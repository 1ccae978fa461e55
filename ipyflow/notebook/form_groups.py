"""Several fields of a form: which input each has, those of a model, and models one below the other."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as w

from ipyflow.forms.fields import Field, part
from ipyflow.notebook.form_widgets import (
    NOTHING,
    CheckControl,
    ChoiceControl,
    ManyControl,
    PickControl,
    SliderControl,
    TextControl,
    item_of,
    said,
)  # fmt: skip
from ipyflow.views.words import shown

SLIDER = 1_000
"""Whole numbers between bounds up to so far apart are chosen with a slider."""


def control(field: Field, changed: Callable[[], None], submit: Callable[[], None]) -> Any:
    """The control for a field, filled with its default."""
    made = _kind(field)(field, changed, submit)
    made.fill(field.default)
    return made


def _kind(field: Field) -> Any:
    if field.kind == "bool":
        return CheckControl if not field.optional else ChoiceControl
    if field.kind in ("date", "time", "datetime"):
        return PickControl
    if field.kind == "choice":
        return ChoiceControl
    if field.kind == "model":
        return ModelControl
    if field.item is not None and not field.optional and field.item.kind in ("choice", "model"):
        return ManyControl if field.item.kind == "choice" else RowsControl
    low, high, default = field.low, field.high, field.default
    if field.kind == "int" and isinstance(default, int) and low is not None and high is not None:
        return SliderControl if low <= default <= high and high - low <= SLIDER and not field.optional else TextControl
    return TextControl


class Controls:
    """Several fields in a grid: those of a form, or of a model in it."""

    def __init__(self, fields: Sequence[Field], changed: Callable[[], None], submit: Callable[[], None]) -> None:
        self.each = {field.name: control(field, changed, submit) for field in fields}
        self.element = w.VBox([one.element for one in self.each.values()])
        self.element.add_class("ipyflow-form-grid")

    def raw(self) -> dict[str, Any]:
        """What was typed, without what was not."""
        found = {name: one.raw() for name, one in self.each.items()}
        return {name: value for name, value in found.items() if value is not NOTHING}

    def fill(self, values: Any) -> None:
        """Put values there; a field that has none gets its default."""
        for name, one in self.each.items():
            has = name in values if isinstance(values, Mapping) else hasattr(values, name)
            one.fill(part(values, name) if has else one.field.default)

    def show(self, errors: Mapping[str, str], everywhere: bool = True) -> None:
        """Say what is wrong at each field, or only at those that somebody has touched."""
        for name, one in self.each.items():
            below = _below(errors, name)
            if isinstance(one, ModelControl | RowsControl):
                one.show(below, everywhere)
            else:
                one.show(below if everywhere or one.touched else {})

    def focus(self, errors: Mapping[str, str]) -> None:
        """Have the keyboard go to the first field with an error."""
        names = {path.split(".")[0] for path in errors}
        wrong = next((name for name in self.each if name in names), None)
        if wrong is not None:
            self.each[wrong].focus(_below(errors, wrong))


class ModelControl:
    """A model: its fields below one another, behind a box to check where it need not be given."""

    def __init__(self, field: Field, changed: Callable[[], None], submit: Callable[[], None]) -> None:
        self.field, self._changed = field, changed
        self.inner = Controls(field.fields or (), changed, submit)
        self.said = w.HTML()
        self._given = w.Checkbox(value=True, description=f"give {shown(field.label)}", indent=False)
        self._given.observe(self._toggled, "value")
        self._title = w.HTML()
        self.name(shown(field.label))
        self.element = w.VBox([self._given if field.optional else self._title, self.inner.element, self.said])
        for name in ("ipyflow-form-field", "ipyflow-form-wide", "ipyflow-form-part"):
            self.element.add_class(name)
        self.show({})

    def name(self, name: str) -> None:
        """Head it with this."""
        self._title.value = f"<b>{html.escape(name)}</b>"

    def raw(self) -> Any:
        """What was typed into its fields."""
        return self.inner.raw() if self._given.value else None

    def fill(self, value: Any) -> None:
        """Put its parts into the fields."""
        self._given.value = value is not None or not self.field.optional
        self.inner.fill({} if value is None else value)

    def show(self, errors: Mapping[str, str], everywhere: bool = True) -> None:
        """Say what is wrong with its fields, and with all of it."""
        self.inner.show(errors, everywhere)
        own = errors.get("", "")
        self.said.value = said(own, wrong=True) if own else said(self.field.doc) if self.field.doc else ""

    def focus(self, errors: Mapping[str, str]) -> None:
        """Have the keyboard go to the first of its fields that is wrong."""
        self.inner.focus(errors)

    def _toggled(self, _: Any) -> None:
        self.inner.element.layout.display = "" if self._given.value else "none"
        self._changed()


class RowsControl:
    """A list of models: one below the other, to add and to take away."""

    def __init__(self, field: Field, changed: Callable[[], None], submit: Callable[[], None]) -> None:
        self.field, self._changed, self._submit = field, changed, submit
        self._rows: list[ModelControl] = []
        self._add = w.Button(description=f"Add to {shown(field.label)}")
        self._add.on_click(lambda _: self._added())
        self._box, self.said = w.VBox(), w.HTML()
        self._title = w.HTML(f"<b>{html.escape(shown(field.label))}</b>")
        self.element = w.VBox([self._title, self._box, self._add, self.said])
        self.element.add_class("ipyflow-form-wide")
        self.show({})

    def raw(self) -> Any:
        """What was typed into each."""
        return [row.raw() for row in self._rows]

    def fill(self, value: Any) -> None:
        """A row for each."""
        self._rows = []
        for one in value or ():
            row = self._row()
            row.fill(one)
            self._rows.append(row)
        self._draw()

    def show(self, errors: Mapping[str, str], everywhere: bool = True) -> None:
        """Say what is wrong with each, and with the list."""
        for place, row in enumerate(self._rows):
            row.show(_below(errors, str(place)), everywhere)
        own = errors.get("", "")
        self.said.value = said(own, wrong=True) if own else said(self.field.doc) if self.field.doc else ""

    def focus(self, errors: Mapping[str, str]) -> None:
        """Have the keyboard go to the first row that is wrong."""
        wrong = [place for place in range(len(self._rows)) if _below(errors, str(place))]
        if wrong:
            self._rows[wrong[0]].focus(_below(errors, str(wrong[0])))

    def _row(self) -> ModelControl:
        return ModelControl(item_of(self.field), self._changed, self._submit)

    def _added(self) -> None:
        self._rows.append(self._row())
        self._draw()
        self._changed()

    def _taken(self, row: ModelControl) -> None:
        self._rows.remove(row)
        self._draw()
        self._changed()

    def _draw(self) -> None:
        boxes = []
        for place, row in enumerate(self._rows):
            name = f"{shown(self.field.label)} {place + 1}"
            away = w.Button(description=f"Remove {name}")
            away.on_click(lambda _, row=row: self._taken(row))
            row.name(name)
            boxes.append(w.VBox([row.element, away]))
        self._box.children = boxes


def _below(errors: Mapping[str, str], name: str) -> dict[str, str]:
    """The errors of a field, by the paths inside it."""
    mine = (path for path in errors if path == name or path.startswith(f"{name}."))
    return {path[len(name) + 1 :]: errors[path] for path in mine}
