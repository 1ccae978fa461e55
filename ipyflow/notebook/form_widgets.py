"""The fields of a form as ipywidgets: an input each, what it means, and what is wrong with it."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

try:
    import ipywidgets as w
except ImportError as error:
    raise ImportError("a form is drawn with ipywidgets, which is not here: pip install ipywidgets") from error

from ipyflow.forms.fields import Field, part
from ipyflow.forms.texts import typed, wanted
from ipyflow.views.words import block, shown

NOTHING = object()
"""Nothing was typed."""
SLIDER = 1_000
"""Whole numbers between bounds up to so far apart are chosen with a slider."""


class Control:
    """One field.

    Args:
        field: what is asked for.
        changed: called when a person has changed something.
        submit: called when they press Enter.
    """

    wide = False

    def __init__(self, field: Field, changed: Callable[[], None], submit: Callable[[], None]) -> None:
        self.field, self._changed, self._submit = field, changed, submit
        self.touched = False
        self._filling = False
        self.said = w.HTML()
        self.input = self.make()
        self.input.observe(self._heard, "value")
        self.input.on_msg(self._enter)
        self.element = w.VBox([self.input, self.said])
        self.element.add_class("ipyflow-form-field")
        if self.wide:
            self.element.add_class("ipyflow-form-wide")
        self.show({})

    def make(self) -> Any:
        """The input."""
        raise NotImplementedError

    def raw(self) -> Any:
        """What was typed, or :data:`NOTHING`."""
        raise NotImplementedError

    def set(self, value: Any) -> None:
        """Put a value into the input; ``None`` empties it."""
        raise NotImplementedError

    def fill(self, value: Any) -> None:
        """Put a value there as if the form had been made with it."""
        self._filling = True
        try:
            self.set(value)
        finally:
            self._filling = self.touched = False

    def show(self, errors: Mapping[str, str]) -> None:
        """Say what is wrong with it; nothing, and it says what it means."""
        text = "; ".join(f"{path}: {said}" if path else said for path, said in errors.items())
        (self.element.add_class if text else self.element.remove_class)("ipyflow-form-is-wrong")
        self.said.value = _said(text, wrong=True) if text else _said(self.field.doc)

    def focus(self) -> None:
        """Have the keyboard go there."""
        self.input.focus()

    @property
    def label(self) -> str:
        """The label, with a mark where a value is needed."""
        return shown(self.field.label) + (" *" if self.field.required and not self.field.optional else "")

    def _heard(self, change: Any) -> None:
        if not self._filling:
            self.touched = True
            self._changed()

    def _enter(self, _: Any, content: Any, __: Any) -> None:
        if isinstance(content, dict) and content.get("event") == "submit":
            self._submit()

    def _made(self, kind: Any, **traits: Any) -> Any:
        """An input with the label above it."""
        hint = self.field.doc or wanted(self.field)
        return kind(description=self.label, tooltip=shown(hint), style={"description_width": "auto"}, **traits)


class TextControl(Control):
    """Numbers, texts, paths, lists and Python values: all that is typed.

    A value whose text nobody has changed is handed on as it is, also where no text would give it again.
    """

    def make(self) -> Any:
        """The input."""
        kind = {"text": w.Textarea, "secret": w.Password}.get(self.field.kind, w.Text)
        self._given: Any = NOTHING
        self._text = ""
        hint = "" if self.field.kind in ("str", "text") else wanted(self.field)
        if self.field.kind == "secret" and self.field.has_default:
            hint = "as it is set"
        return self._made(kind, placeholder=shown(hint))

    @property
    def wide(self) -> bool:  # type: ignore[override]
        """A text of many lines takes a line."""
        return self.field.kind == "text"

    def set(self, value: Any) -> None:
        """As text."""
        self._given, self._text = value, typed(self.field, value)
        self.input.value = self._text

    def raw(self) -> Any:
        """The text; nothing where it is empty and has no meaning so."""
        text = self.input.value
        if self._given is not NOTHING and text == self._text and (self._given is not None or self.field.optional):
            return self._given
        if text or (self.field.kind in ("str", "text") and self.field.has_default and not self.field.optional):
            return text
        return None if self.field.optional else NOTHING


class CheckControl(Control):
    """Yes or no."""

    def make(self) -> Any:
        """The input."""
        return w.Checkbox(description=shown(self.field.label), indent=False, tooltip=shown(self.field.doc))

    def set(self, value: Any) -> None:
        """Checked or not."""
        self.input.value = bool(value)

    def raw(self) -> Any:
        """Whether it is checked."""
        return bool(self.input.value)


class ChoiceControl(Control):
    """One of a few values; ``none`` where that is one, a dash where nothing is chosen yet."""

    def make(self) -> Any:
        """The input."""
        field = self.field
        choices = field.choices if field.choices is not None else (("yes", True), ("no", False))
        if field.optional and not any(value is None for _, value in choices):
            choices = (("none", None), *choices)
        if not field.has_default and not field.optional:
            choices = (("–", NOTHING), *choices)
        self._values = [value for _, value in choices]
        options = [(shown(label), place) for place, (label, _) in enumerate(choices)]
        return self._made(w.Dropdown, options=options, value=0)

    def set(self, value: Any) -> None:
        """Choose it."""
        alike = [n for n, one in enumerate(self._values) if one is value or (type(one) is type(value) and one == value)]
        self.input.value = alike[0] if alike else 0

    def raw(self) -> Any:
        """The value chosen."""
        return self._values[self.input.value]


class ManyControl(Control):
    """Several of a few values."""

    wide = False

    def make(self) -> Any:
        """The input."""
        self._values = [value for _, value in _item(self.field).choices or ()]
        options = [(shown(label), place) for place, (label, _) in enumerate(_item(self.field).choices or ())]
        return self._made(w.SelectMultiple, options=options, rows=min(max(len(options), 2), 6))

    def set(self, value: Any) -> None:
        """Choose them."""
        self.input.value = tuple(place for place, one in enumerate(self._values) if one in (value or ()))

    def raw(self) -> Any:
        """The values chosen, in the order in which they stand."""
        return [self._values[place] for place in sorted(self.input.value)]


class PickControl(Control):
    """A date, a time, or both."""

    def make(self) -> Any:
        """The input."""
        zoned = getattr(self.field.default, "tzinfo", None) is not None
        both = w.DatetimePicker if zoned else w.NaiveDatetimePicker
        return self._made({"date": w.DatePicker, "time": w.TimePicker}.get(self.field.kind, both))

    def set(self, value: Any) -> None:
        """Pick it."""
        self.input.value = value

    def raw(self) -> Any:
        """What was picked."""
        if self.input.value is None:
            return None if self.field.optional else NOTHING
        return self.input.value


class SliderControl(Control):
    """A whole number between two bounds."""

    def make(self) -> Any:
        """The input."""
        field = self.field
        bounds = {"min": int(field.low or 0), "max": int(field.high or 0), "step": int(field.step or 1)}
        return self._made(w.IntSlider, **bounds)

    def set(self, value: Any) -> None:
        """Move it there."""
        self.input.value = value

    def raw(self) -> Any:
        """Where it stands."""
        return self.input.value


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
            mine = {path: text for path, text in errors.items() if path == name or path.startswith(f"{name}.")}
            below = {path[len(name) + 1 :]: text for path, text in mine.items()}
            if isinstance(one, ModelControl | RowsControl):
                one.show(below, everywhere)
            else:
                one.show(below if everywhere or one.touched else {})

    def first_wrong(self, errors: Mapping[str, str]) -> Any:
        """The first field with an error."""
        names = {path.split(".")[0] for path in errors}
        return next((one for name, one in self.each.items() if name in names), None)


class ModelControl:
    """A model: its fields below one another, behind a box to check where it need not be given."""

    def __init__(self, field: Field, changed: Callable[[], None], submit: Callable[[], None]) -> None:
        self.field, self._changed = field, changed
        self.inner = Controls(field.fields or (), changed, submit)
        self.said = w.HTML()
        self._given = w.Checkbox(value=True, description=f"give {shown(field.label)}", indent=False)
        self._given.observe(self._toggled, "value")
        self._title = w.HTML(f"<b>{html.escape(shown(field.label))}</b>")
        self.element = w.VBox([self._given if field.optional else self._title, self.inner.element, self.said])
        for name in ("ipyflow-form-field", "ipyflow-form-wide", "ipyflow-form-part"):
            self.element.add_class(name)
        self.show({})

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
        self.said.value = _said(own, wrong=True) if own else _said(self.field.doc) if self.field.doc else ""

    def focus(self) -> None:
        """Have the keyboard go to its first field."""
        first = next(iter(self.inner.each.values()), None)
        if first is not None:
            first.focus()

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
            mine = {path: text for path, text in errors.items() if path.split(".")[0] == str(place)}
            row.show({path.partition(".")[2]: text for path, text in mine.items()}, everywhere)
        own = errors.get("", "")
        self.said.value = _said(own, wrong=True) if own else _said(self.field.doc) if self.field.doc else ""

    def focus(self) -> None:
        """Have the keyboard go to its first row."""
        (self._rows[0] if self._rows else self._add).focus()

    def _row(self) -> ModelControl:
        return ModelControl(_item(self.field), self._changed, self._submit)

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
            row._title.value = f"<b>{html.escape(shown(self.field.label))} {place + 1}</b>"
            away = w.Button(description="Remove", tooltip=f"Remove {shown(self.field.label)} {place + 1}")
            away.on_click(lambda _, row=row: self._taken(row))
            boxes.append(w.VBox([row.element, away]))
        self._box.children = boxes


def _item(field: Field) -> Field:
    assert field.item is not None
    return field.item


def _said(text: str, wrong: bool = False) -> str:
    """Foreign text, safe in a page."""
    words = html.escape(block(text, 500))
    if not wrong:
        return f'<div class="ipyflow-form-said">{words}</div>'
    return f'<div class="ipyflow-form-said ipyflow-form-wrong" role="alert">✗ {words}</div>'
