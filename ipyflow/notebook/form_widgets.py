"""The fields of a form as ipywidgets: an input each, what it means, and what is wrong with it."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

try:
    import ipywidgets as w
except ImportError as error:
    raise ImportError("a form is drawn with ipywidgets, which is not here: pip install ipywidgets") from error

from ipyflow.forms.fields import Field
from ipyflow.forms.texts import typed, wanted
from ipyflow.views.words import block, shown

NOTHING = object()
"""Nothing was typed."""


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
        self.said.value = said(text, wrong=True) if text else said(self.field.doc)

    def focus(self, errors: Mapping[str, str]) -> None:
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
        self._values = [value for _, value in item_of(self.field).choices or ()]
        options = [(shown(label), place) for place, (label, _) in enumerate(item_of(self.field).choices or ())]
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


def item_of(field: Field) -> Field:
    """What a list is a list of."""
    assert field.item is not None
    return field.item


def said(text: str, wrong: bool = False) -> str:
    """Foreign text, safe in a page."""
    words = html.escape(block(text, 500))
    if not wrong:
        return f'<div class="ipyflow-form-said">{words}</div>'
    return f'<div class="ipyflow-form-said ipyflow-form-wrong" role="alert">✗ {words}</div>'
